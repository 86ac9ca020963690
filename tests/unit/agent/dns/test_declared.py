"""A device of which the policy names all that it may reach: nothing else is resolved, all that it asks is counted."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent.asked import Asked, AskedInbox, AskedRow, asked_row
from stairgate.agent.dns.decisions import HUB, PROBE, REFUSE, RESOLVE, Decider, Rules, decide
from stairgate.agent.dns.devices import profiles
from stairgate.agent.filter_channel import read_said
from stairgate.agent.limits import ASKED_ROWS, ASKED_WAITING, STATE_BYTES
from stairgate.core.records import Device, Filter, Policy, Reach
from tests.lab.policies import family_policy
from tests.unit.agent.dns.rig import AAAA, MAC, OTHER_MAC, A, Rig, profile, query, record, response

BEAR = Device("dbear", ("02:00:5e:10:00:09",), ("pmia",), "toy", ())
NAMES = Reach("dbear", ("bear.example", "time.maker.example"))
PROBE_NAME, CALLS = "connectivitycheck.gstatic.com", "epdg.epc.mnc001.mcc262.pub.3gppnetwork.org"
V4, V6 = bytes((203, 0, 113, 10)), bytes.fromhex("20010db8001000000000000000000010")
HUB4 = bytes((192, 168, 77, 2))


def with_bear(*filters: Filter, flags: tuple[str, ...] = ()) -> Policy:
    policy = family_policy()
    devices = (BEAR._replace(flags=flags), *policy.devices)
    return policy._replace(devices=tuple(sorted(devices)), reaches=(NAMES,), filters=filters)


def decided(
    name: str, level: str = "open", policy: Policy | None = None, tags: tuple[str, ...] = ()
) -> tuple[int, str]:
    """Also by the faster way, which must agree."""
    (bear,) = [each for each in profiles(policy or with_bear(), {"dbear": level}) if each.device == "dbear"]
    plain = decide(bear, Rules(), name, tags)
    assert Decider(bear, Rules(), (tags,)).decide(name, 0) == plain
    return plain.act, plain.code


@pytest.mark.parametrize(
    ("name", "act", "code"),
    [
        ("bear.example", RESOLVE, ""),
        ("eu.api.bear.example", RESOLVE, ""),
        ("time.maker.example", RESOLVE, ""),
        ("maker.example", REFUSE, "undeclared"),
        ("notbear.example", REFUSE, "undeclared"),
        ("www.example", REFUSE, "undeclared"),
        ("stairgate.home.arpa", HUB, ""),
        (PROBE_NAME, PROBE, ""),
        (CALLS, REFUSE, "undeclared"),
        ("use-application-dns.net", REFUSE, "undeclared"),
    ],
)
def test_only_what_is_declared_is_resolved(name: str, act: int, code: str) -> None:
    assert decided(name) == (act, code)


def test_while_it_is_closed_what_is_declared_is_closed_too() -> None:
    assert decided("bear.example", "closed") == (REFUSE, "closed")
    assert decided("www.example", "closed") == (REFUSE, "undeclared")


def test_what_is_refused_to_its_person_stays_so() -> None:
    policy = with_bear(Filter("pmia", (), ("ads",), ("time.maker.example",), ("www.example",), ()))
    assert decided("time.maker.example", policy=policy) == (REFUSE, "deny")
    assert decided("ads.bear.example", policy=policy, tags=("ads",)) == (REFUSE, "block:ads")
    assert decided("www.example", policy=policy) == (REFUSE, "undeclared")


def test_it_is_resolved_only_by_that_and_an_exempt_one_is_not() -> None:
    (bear,) = [each for each in profiles(with_bear(), {}) if each.device == "dbear"]
    assert (bear.flags, bear.reach) == (("resolved_only",), frozenset(NAMES.names))
    (parents,) = [each for each in profiles(with_bear(flags=("exempt",)), {}) if each.device == "dbear"]
    assert (parents.flags, parents.reach) == (("exempt",), frozenset())
    assert decided("www.example", policy=with_bear(flags=("exempt",))) == (RESOLVE, "")
    others = [each for each in profiles(with_bear(), {}) if each.device != "dbear"]
    assert not any(each.reach for each in others)


# Counting


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig()
    yield made
    made.close()


def test_every_query_is_counted_by_its_declared_name_or_its_own(rig: Rig) -> None:
    bear = profile(device="dbear", reach=frozenset(NAMES.names), flags=("resolved_only",))
    rig.hold(bear, profile(mac=OTHER_MAC, device="dphone"))
    for kind in (A, AAAA):
        for _ in range(3):
            assert rig.ask(query("spy.example", kind), MAC) is not None
    rig.ask(query("spy.example"), OTHER_MAC)
    sent = query("eu.bear.example")
    rig.ask(sent, MAC)
    rig.ask(query("stairgate.home.arpa"), MAC)
    assert set(rig.service.asked.waiting()) == {
        AskedRow("dbear", "spy.example", "refused", 6),
        AskedRow("dbear", "bear.example", "declared", 1),
    }
    assert rig.service.asked.waiting() == ()


def test_the_hubs_own_name_leads_to_the_hub_for_every_managed_device(rig: Rig) -> None:
    rig.hold(profile(device="dbear", reach=frozenset({"bear.example"})), profile(mac=OTHER_MAC), page=(HUB4,))
    for mac in (MAC, OTHER_MAC):
        asked = query("stairgate.home.arpa")
        assert rig.ask(asked, mac) == response(asked, record(A, 60, HUB4), flags=0x0000)
        none = rig.ask(query("stairgate.home.arpa", AAAA), mac)
        assert none is not None
        assert none[6:8] == b"\0\0"
        assert none[3] & 15 == 0


def test_what_waits_has_a_bound_and_loses_names_only() -> None:
    asked = Asked()
    for number in range(ASKED_WAITING + 50):
        asked.note("dbear", frozenset({"bear.example"}), f"n{number}.spy.example")
    rows: list[AskedRow] = []
    while some := asked.waiting():
        assert len(some) <= ASKED_ROWS
        rows += some
    assert sum(row.times for row in rows) == ASKED_WAITING + 50
    assert [row for row in rows if not row.where] == [AskedRow("dbear", "", "refused", 50)]


def test_the_longest_rows_fit_into_one_frame() -> None:
    asked = Asked()
    for number in range(ASKED_ROWS):
        name = f"{number:03}" + ".".join(["a" * 60, "b" * 63, "c" * 63, "d" * 61])
        for _ in range(3):
            asked.note("d" * 32, frozenset({"bear.example"}), name)
    rows = asked.waiting()
    assert (len(rows), len(rows[0].where)) == (ASKED_ROWS, 253)
    rows = tuple(row._replace(times=10**9) for row in rows)
    assert len(json.dumps({"v": 1, "state": "asked", "rows": rows})) <= STATE_BYTES


def test_what_is_no_name_is_counted_without_one() -> None:
    asked = Asked()
    asked.note("dbear", frozenset({"bear.example"}), "<b>.example")
    asked.note("dbear", frozenset({"bear.example"}), "sp ace.example")
    assert asked.waiting() == (AskedRow("dbear", "", "refused", 2),)


def test_the_channel_carries_rows_and_refuses_others() -> None:
    said = b'{"v":1,"state":"asked","rows":[["dbear","spy.example","refused",3],["dbear","","refused",1]]}'
    assert read_said(said) == [AskedRow("dbear", "spy.example", "refused", 3), AskedRow("dbear", "", "refused", 1)]
    inbox = AskedInbox()
    inbox.take(read_said(said))  # type: ignore[arg-type]
    assert len(inbox.drained()) == 2
    assert inbox.drained() == []
    for row in (["dbear", "spy.example", "refused"], ["dbear", "<b>", "refused", 1], ["", "a.example", "refused", 1],
                ["dbear", "a.example", "allowed", 1], ["dbear", "a.example", "refused", 0], 5):  # fmt: skip
        with pytest.raises((ValueError, TypeError)):
            asked_row(row)
