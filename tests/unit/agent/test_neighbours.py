"""The neighbour table: messages as the kernel sends them, and the real kernel's own table."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.agent.discovery import NEIGHBOUR, Sighting
from stairgate.agent.neighbours import Neighbours, decode_neighbour, interface_numbers
from stairgate.agent.netlink import attribute

LAN = 7
REACHABLE, STALE, DELAY, PROBE, PERMANENT = 0x02, 0x04, 0x08, 0x10, 0x80
INCOMPLETE, FAILED, NOARP, NONE = 0x01, 0x20, 0x40, 0x00
MAC = bytes.fromhex("02005e100001")
PHONE = Sighting("02:00:5e:10:00:01", "192.168.1.20", "", NEIGHBOUR)


def told(
    state: int = REACHABLE,
    family: int = socket.AF_INET,
    address: str = "192.168.1.20",
    index: int = LAN,
    mac: bytes = MAC,
) -> bytes:
    """The body of an RTM_NEWNEIGH message, with the attributes that the kernel adds."""
    body = struct.pack("=BxxxiHBB", family, index, state, 0, 1)
    body += attribute(1, socket.inet_pton(family, address)) if address else b""
    body += attribute(2, mac) if mac else b""
    return body + attribute(4, struct.pack("=I", 1)) + attribute(3, struct.pack("=IIII", 1, 2, 3, 0))


# As Linux 6.18 sent it in a router's namespace: 192.168.77.10 is at 02:00:00:00:77:0a on interface 3, reachable.
RECORDED = bytes.fromhex(
    "02000000030000000200000108000100c0a84d0a0a00020002000000770a0000"
    "08000400040000001400030000000000000000000000000001000000"
)
# And ff02::16, to which nobody answers.
GROUP = bytes.fromhex(
    "0a000000030000004000000514000100ff0200000000000000000000000000160a000200333300000016000008000400000000001400030"
    "081170000110000001100000000000000"
)


def test_recorded_messages() -> None:
    assert decode_neighbour(GROUP, frozenset({3})) is None
    assert decode_neighbour(RECORDED, frozenset({3})) == Sighting("02:00:00:00:77:0a", "192.168.77.10", "", NEIGHBOUR)


@pytest.mark.parametrize("state", [REACHABLE, STALE, DELAY, PROBE, PERMANENT])
def test_who_answers_or_did_lately_is_seen(state: int) -> None:
    assert decode_neighbour(told(state), frozenset({LAN})) == PHONE


@pytest.mark.parametrize("state", [INCOMPLETE, FAILED, NOARP, NONE])
def test_who_does_not_answer_is_not_seen(state: int) -> None:
    assert decode_neighbour(told(state), frozenset({LAN})) is None


def test_ipv6_addresses_are_seen() -> None:
    body = told(family=socket.AF_INET6, address="2001:db8:0:0::7")
    assert decode_neighbour(body, frozenset({LAN})) == PHONE._replace(address="2001:db8::7")


@pytest.mark.parametrize(
    "body",
    [
        told(index=8),
        told(mac=b""),
        told(mac=MAC[:5]),
        told(address=""),
        struct.pack("=BxxxiHBB", socket.AF_INET6, LAN, REACHABLE, 0, 1)
        + attribute(1, b"\x0a\0\0\1")
        + attribute(2, MAC),
        # A bridge's own table of ports comes in the same group.
        struct.pack("=BxxxiHBB", 7, LAN, REACHABLE, 0, 1) + attribute(2, MAC),
    ],
)
def test_what_is_none_of_the_lan_s_devices_is_not_seen(body: bytes) -> None:
    assert decode_neighbour(body, frozenset({LAN})) is None


def test_a_message_cut_anywhere_is_a_device_or_nothing() -> None:
    for length in range(len(RECORDED)):
        assert decode_neighbour(RECORDED[:length], frozenset({3})) in (
            None,
            Sighting("02:00:00:00:77:0a", "192.168.77.10", "", NEIGHBOUR),
        )


@given(st.binary(max_size=120))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    decode_neighbour(body, frozenset(range(1 << 10)))


def test_interfaces_that_are_not_there_have_no_number() -> None:
    assert interface_numbers(("lo", "br-absent")) == frozenset({socket.if_nametoindex("lo")})


def test_the_kernel_answers_and_loopback_has_no_neighbours() -> None:
    neighbours = Neighbours(("lo",))
    assert neighbours.table() == []
    assert neighbours.news() == []
    assert neighbours.fileno() > 0
    neighbours.close()
