"""Devices under a watch in a whole router in memory: what the sets hold, what is told, and what costs nothing."""

from pathlib import Path

import pytest

from stairgate.agent import gate
from stairgate.agent.asked import AskedRow
from stairgate.agent.conntrack import Flow
from stairgate.agent.limits import OBSERVED_SECONDS, TRIED_LOOK_SECONDS
from stairgate.agent.streaming import STREAM_BYTES
from stairgate.core.observed import Reached, Streamed, read_observed
from stairgate.core.records import Policy, Quiet, Reach
from tests.lab.policies import family_policy
from tests.unit.agent.rig import NOON, signed
from tests.unit.agent.router import CONSOLE, PHONE, TABLET, Router

NAMES = ("bear.example",)
ALL_DAY = ((127, 0, 0),)
DAY = int(NOON) // 86400


def watched(revision: int = 5, **lines: object) -> Policy:
    return family_policy(revision)._replace(**lines)  # type: ignore[arg-type]


def observed(router: Router) -> list[Reached | Streamed]:
    return [row for one in router.link.published if one.kind == "events" for row in read_observed(one.payload)]


@pytest.fixture
def router(tmp_path: Path) -> Router:
    made = Router(tmp_path / "agent").filtered()
    made.link.connect()
    return made


def test_a_device_with_names_is_resolved_only_and_counted_and_nobody_else_is(router: Router) -> None:
    router.receive(signed(watched(reaches=(Reach("dconsole", NAMES), Reach("dtablet", NAMES)))))
    for name in (gate.DECLARED, gate.RESOLVED_ONLY, gate.BRIDGE_RESOLVED_ONLY):
        assert set(router.kernel.elements(name)) == {CONSOLE}
    assert TABLET in router.kernel.elements(gate.EXEMPT)
    router.receive(signed(watched(6)))
    assert router.kernel.elements(gate.DECLARED) == {}


def test_other_names_begin_its_flows_anew(router: Router) -> None:
    router.receive(signed(watched(reaches=(Reach("dconsole", NAMES),))))
    router.wait(2)
    router.kernel.forgotten.clear()
    router.receive(signed(watched(6, reaches=(Reach("dconsole", ("other.example",)),))))
    router.wait(2)
    assert router.kernel.forgotten == [router.control._enforcement.numbers["dconsole"]]


def test_what_it_tried_is_told_by_name_and_by_address(router: Router) -> None:
    assert router.filter is not None
    router.receive(signed(watched(reaches=(Reach("dconsole", NAMES),))))
    router.filter.asked.take([AskedRow("dconsole", "spy.example", "refused", 2)])
    router.kernel.counted = {
        gate.TRIED4: {CONSOLE + b"\0\0" + bytes((203, 0, 113, 9)): 4, PHONE + b"\0\0" + bytes((203, 0, 113, 9)): 9},
        gate.TRIED6: {CONSOLE + b"\0\0" + bytes.fromhex("20010db8" + "00" * 11 + "09"): 1},
    }
    router.wait(TRIED_LOOK_SECONDS + OBSERVED_SECONDS)
    told = {(row.device, row.where, row.verdict, row.day, row.times) for row in observed(router)}  # type: ignore[union-attr]
    assert told == {
        ("dconsole", "spy.example", "refused", DAY, 2),
        ("dconsole", "203.0.113.9", "refused", DAY, 4),
        ("dconsole", "2001:db8::9", "refused", DAY, 1),
    }
    before = len(observed(router))
    router.wait(60)
    assert len(observed(router)) == before
    router.hello()
    router.wait(1)
    assert len(observed(router)) == 2 * before


def test_without_such_lines_nothing_is_read_or_told(router: Router) -> None:
    router.receive(signed(watched()))
    router.kernel.counted = {gate.TRIED4: {PHONE + b"\0\0" + bytes((203, 0, 113, 9)): 4}}
    router.kernel.refuse["counts"] = ["EPERM"]
    router.wait(60)
    assert observed(router) == []
    assert router.kernel.refuse["counts"] == ["EPERM"]


def test_a_kernel_that_does_not_answer_is_asked_again(router: Router) -> None:
    router.receive(signed(watched(reaches=(Reach("dconsole", NAMES),))))
    router.kernel.counted = {gate.TRIED4: {CONSOLE + b"\0\0" + bytes((203, 0, 113, 9)): 4}}
    router.kernel.refuse["counts"] = ["EINTR"]
    router.wait(2 * TRIED_LOOK_SECONDS + OBSERVED_SECONDS)
    assert [row.where for row in observed(router)] == ["203.0.113.9"]  # type: ignore[union-attr]


def test_a_stream_in_quiet_hours_is_told_with_the_next_reading(router: Router) -> None:
    router.receive(signed(watched(quiets=(Quiet("dconsole", ALL_DAY, "tell"),))))
    number = router.control._enforcement.numbers["dconsole"]
    router.wait(3)
    router.kernel.live_flows = [Flow(1, number, 0, 0)]
    router.wait(3)
    router.kernel.live_flows = [Flow(1, number, STREAM_BYTES, 900)]
    router.wait(3)
    (row,) = observed(router)
    assert isinstance(row, Streamed)
    assert (row.device, row.bytes) == ("dconsole", STREAM_BYTES)
    assert CONSOLE in router.open_now()


def test_quiet_hours_that_close_end_the_grant_and_nothing_is_told(router: Router) -> None:
    router.receive(signed(watched(quiets=(Quiet("dconsole", ALL_DAY, "close"),))))
    assert CONSOLE not in router.open_now()
    assert PHONE in router.open_now()
    router.wait(20)
    assert observed(router) == []


def test_a_grant_before_quiet_hours_ends_with_them(router: Router) -> None:
    minute = int(NOON) % 86400 // 60 + 5
    router.receive(signed(watched(quiets=(Quiet("dconsole", ((127, minute, minute + 60),), "close"),))))
    left = router.kernel.elements(gate.GRANTED)
    begins = (int(NOON) // 60 + 5) * 60 - router.clock.wall()
    assert abs((left[CONSOLE] or 0) - begins * 1000) < 1000
    # The kernel ends it; nobody need be there.
    router.clock.move(begins + 1)
    assert CONSOLE not in router.open_now()
    assert PHONE in router.open_now()
