"""Addresses of timed categories, from the filter to the meter: which are told, taken back, and forgotten."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.agent import conntrack
from stairgate.agent.addresses import Addresses
from stairgate.agent.conntrack import Flow, decode_flow
from stairgate.agent.filter_channel import Serving, read_said
from stairgate.agent.limits import STATE_BYTES, TIMED_ADDRESSES, TIMED_CATEGORIES, TIMED_ROWS, TIMED_WAITING
from stairgate.agent.netlink import attribute, nested
from stairgate.agent.timed_addresses import TimedAddresses, TimedRow
from stairgate.agent.timed_news import TimedNews
from stairgate.core.records import Budget, Device, Policy
from tests.lab.policies import family_policy
from tests.unit.agent.test_addresses import GAME, Profile
from tests.unit.agent.test_addresses import Rig as AddressRig

APP, OTHER, V6 = b"\xcb\x00\x71\x05", b"\xcb\x00\x71\x06", bytes(15) + b"\x09"
EVERY_DAY = (30,) * 7


def policy(*budgets: tuple[str, str]) -> Policy:
    """Mia and Ben share a tablet; these have budgets: (person, category)."""
    family = family_policy()
    shared = Device("dshared", ("02:00:5e:10:00:09",), ("pben", "pmia"), "tablet", ())
    lines = tuple(Budget(person, category, EVERY_DAY, 0) for person, category in budgets)
    return family._replace(budgets=lines, devices=tuple(sorted((*family.devices, shared))))


def news_of(*budgets: tuple[str, str]) -> TimedNews:
    made = TimedNews()
    made.take(policy(*budgets))
    return made


def test_an_address_is_told_once_for_devices_whose_person_has_such_a_budget() -> None:
    news = news_of(("pmia", "games"))
    for _ in range(3):
        news.answered("dphone", GAME, [APP, V6])
    news.answered("dlaptop", GAME, [OTHER])
    news.answered("dphone", ("shopping", "dedicated"), [OTHER])

    assert news.waiting(9) == (TimedRow(APP, ("games",)), TimedRow(V6, ("games",)))
    assert news.waiting(9) == ()


def test_a_total_alone_tells_nothing() -> None:
    news = news_of(("pmia", "total"))
    assert not news.is_wanted
    news.answered("dphone", GAME, [APP])

    assert news.waiting(9) == ()


def test_a_shared_device_is_of_all_its_persons_and_one_address_of_several_categories() -> None:
    news = news_of(("pben", "roblox"), ("pmia", "games"))
    news.answered("dlaptop", GAME, [APP])
    news.answered("dphone", GAME, [APP])
    news.answered("dshared", GAME, [OTHER])

    assert dict(news.waiting(9)) == {APP: ("roblox", "games"), OTHER: ("roblox", "games")}


def test_what_others_share_is_taken_back() -> None:
    news = news_of(("pmia", "games"))
    news.answered("dphone", GAME, [APP, OTHER])
    assert len(news.waiting(1)) == 1

    news.shared([APP, OTHER, V6])

    told = TimedAddresses()
    told.take([TimedRow(APP, ("games",)), *news.waiting(9)])
    assert len(told) == 0


def test_a_control_that_does_not_read_costs_a_bounded_memory_and_no_row_for_ever() -> None:
    news = news_of(("pmia", "games"))
    everything = [struct.pack("!I", number) for number in range(TIMED_WAITING + 50)]
    news.answered("dphone", GAME, everything)
    first = news.waiting(10 * TIMED_WAITING)
    assert len(first) == TIMED_WAITING

    news.answered("dphone", GAME, everything)

    assert {row.address for row in (*first, *news.waiting(10 * TIMED_WAITING))} == set(everything)


def test_what_was_told_longest_ago_is_forgotten() -> None:
    timed = TimedAddresses()
    rows = [TimedRow(struct.pack("!I", number), ("games",)) for number in range(TIMED_ADDRESSES + 5)]
    timed.take(rows[:2])
    timed.take(rows)
    timed.take(rows[:1])

    assert len(timed) == TIMED_ADDRESSES
    assert [timed.of(row.address) for row in rows[:7]].count(()) == 5
    assert timed.of(rows[0].address) == ("games",)


def test_the_recorder_tells_apps_of_their_own_and_takes_back_what_turns_out_to_be_shared() -> None:
    news = news_of(("pmia", "games"))
    profile = Profile()
    addresses = Addresses(AddressRig(profile).sets, lambda: 0.0, news)
    addresses.policy_changed([profile])
    addresses.answered(profile, "play.app.example", GAME, [APP], 60)
    addresses.answered(profile, "www.app.example", ("roblox", "games"), [OTHER], 60)
    assert news.waiting(9) == (TimedRow(APP, ("games",)),)

    addresses.answered(profile, "www.example.org", (), [APP], 60)

    assert news.waiting(9) == (TimedRow(APP, ()),)
    addresses.answered(profile, "play.app.example", GAME, [APP], 60)
    assert news.waiting(9) == ()


def test_the_largest_frame_is_within_its_bound() -> None:
    rows = [["ff" * 16, ["c" * 32] * TIMED_CATEGORIES]] * TIMED_ROWS
    content = json.dumps({"v": 1, "state": "timed", "rows": rows}).encode()

    assert len(content) <= STATE_BYTES
    assert read_said(content) == (TimedRow(b"\xff" * 16, ("c" * 32,) * TIMED_CATEGORIES),) * TIMED_ROWS


@pytest.mark.parametrize(
    "rows",
    [[["cb00", ["games"]]], [["xx007105", []]], [["cb007105", "games"]], [["cb007105", ["Games!"]]], [["cb007105"]], 5],
)
def test_what_is_no_row_is_refused(rows: object) -> None:
    with pytest.raises(ValueError, match="."):
        read_said(json.dumps({"v": 1, "state": "timed", "rows": rows}).encode())


def test_what_it_serves_is_told_as_before() -> None:
    assert read_said(b'{"v":1,"state":"serving","revision":7,"pack":"ab"}') == Serving(7, "ab")


def flow(address: bytes, part: int) -> bytes:
    """A conntrack message of a flow of device 5 to an address."""
    endpoints = nested(conntrack.CTA_TUPLE_ORIG, nested(conntrack.CTA_TUPLE_IP, attribute(part, address)))
    return bytes(4) + endpoints + attribute(conntrack.CTA_MARK, struct.pack("!I", 5 << 16))


@pytest.mark.parametrize(("part", "address"), [(2, APP), (4, V6)])
def test_where_a_flow_goes_is_read_only_on_demand(part: int, address: bytes) -> None:
    assert decode_flow(flow(address, part), 16, 0x3FF0000) == Flow(0, 5, 0, 0)
    assert decode_flow(flow(address, part), 16, 0x3FF0000, remotes=True) == Flow(0, 5, 0, 0, address)


@given(st.binary(max_size=30), st.integers(0, 5))
def test_an_address_of_any_bytes_is_one_or_none(data: bytes, part: int) -> None:
    found = decode_flow(flow(data, part), 16, 0x3FF0000, remotes=True)

    assert found is not None
    assert found.remote in (b"", data) and len(found.remote) in (0, 4, 16)
