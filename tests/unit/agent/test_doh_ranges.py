"""Encrypted resolvers as a set of nftables: merged, bounded, and never the home or half the internet."""

import socket

import pytest

from stairgate.agent.doh_ranges import render_doh
from stairgate.agent.limits import RANGES_IN_SET


def four(text: str, prefix: int = 32) -> tuple[int, int, bytes]:
    return 4, prefix, socket.inet_aton(text) + bytes(12)


def six(text: str, prefix: int = 128) -> tuple[int, int, bytes]:
    return 6, prefix, socket.inet_pton(socket.AF_INET6, text)


def test_both_families_are_replaced_as_a_whole() -> None:
    ranges = [four("203.0.113.30"), six("2001:db8:10::30"), four("198.51.100.0", 25), four("198.51.100.128", 25)]

    assert render_doh(ranges, "stairgate") == (
        "flush set inet stairgate doh4_v1\n"
        "add element inet stairgate doh4_v1 { 198.51.100.0-198.51.100.255, 203.0.113.30 }\n"
        "flush set inet stairgate doh6_v1\n"
        "add element inet stairgate doh6_v1 { 2001:db8:10::30 }\n"
    )


def test_no_range_empties_both() -> None:
    assert render_doh([], "t") == "flush set inet t doh4_v1\nflush set inet t doh6_v1\n"


@pytest.mark.parametrize(
    "refused",
    [
        four("0.0.0.0", 0),
        four("8.0.0.0", 15),
        four("192.168.77.1"),
        four("10.0.0.0", 16),
        four("198.18.0.53"),
        four("224.0.0.251"),
        four("255.255.255.255"),
        six("::", 0),
        six("2001:db8::", 31),
        six("fe80::1"),
        six("fd00::1"),
        six("ff02::1"),
        six("::1"),
    ],
)
def test_what_is_no_resolver_of_the_internet_is_left_out(refused: tuple[int, int, bytes]) -> None:
    assert "add element" not in render_doh([refused], "t")


def test_a_prefix_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="prefix: expected 0 to 32, got 33"):
        render_doh([four("203.0.113.30", 33)], "t")


def test_there_are_as_many_as_the_set_holds() -> None:
    text = render_doh(
        [four(socket.inet_ntoa((0x20000000 + 2 * index).to_bytes(4, "big"))) for index in range(9000)], "t"
    )

    assert text.splitlines()[1].count(",") + 1 == RANGES_IN_SET
