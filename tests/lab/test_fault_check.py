"""The checker of the fault table can fail: a broken promise, a loss, and a fault that never happened are told."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import fault_judge, network, sandbox, storm
from tests.lab.capture import RST, Seen
from tests.lab.fault_check import Outcome, Stage, report
from tests.lab.fault_home import FaultHome, demand
from tests.lab.fault_judge import Closed
from tests.lab.faults import ROWS, Row
from tests.lab.gate_check import MILLISECOND
from tests.lab.packets import Flow
from tests.lab.storm import Step

SINCE, UNTIL = 10_000 * MILLISECOND, 20_000 * MILLISECOND
CLOSED = Closed("phone", SINCE, UNTIL)


def seen(kind: str, after_ms: int, outgoing: bool = False, flags: int = 0, device: str = "phone") -> Seen:
    return Seen(SINCE + after_ms * MILLISECOND, outgoing, Flow(device, kind, "v4").number, 1, 100, flags)


@pytest.mark.parametrize(
    ("place", "row", "counted"),
    [
        pytest.param("device", seen("udp_down", 19), 0, id="in the timer's own precision"),
        pytest.param("device", seen("udp_down", 21), 1, id="a datagram later"),
        pytest.param("device", seen("ping", 5000), 1, id="an echo reply much later"),
        pytest.param("device", seen("tcp_down", 999), 0, id="TCP in its second"),
        pytest.param("device", seen("tcp_up", 1001), 1, id="an upload that is still answered"),
        pytest.param("device", seen("tcp_up", 1001, flags=RST), 0, id="the gate's reset"),
        pytest.param("device", seen("udp_up", 500, outgoing=True), 0, id="a try that got nowhere"),
        pytest.param("device", seen("udp_down", 10_001), 0, id="after it was opened"),
        pytest.param("device", seen("udp_down", -1), 0, id="before it was closed"),
        pytest.param("device", seen("udp_down", 500, device="laptop"), 0, id="another child's"),
        pytest.param("internet", seen("udp_up", 21), 1, id="an upload that arrived"),
        pytest.param("internet", seen("tcp_up", 1500), 0, id="beyond the NAT nobody knows whose"),
    ],
)
def test_packets_of_closed_devices_are_counted(place: str, row: Seen, counted: int) -> None:
    device, internet = ([row], []) if place == "device" else ([], [row])

    assert len(fault_judge.passed(device, internet, [CLOSED])) == counted


ROW = Row("a-row", "A sentence.", lambda house: 1)


@pytest.mark.parametrize(
    ("outcome", "doubts", "status"),
    [
        pytest.param(Outcome(ROW, 1, [], [], "", 1.0), [], 0, id="survived"),
        pytest.param(Outcome(ROW, 0, [], [], "", 1.0), [], 1, id="the fault did not take place"),
        pytest.param(Outcome(ROW, 1, ["a packet"], [], "", 1.0), [], 1, id="a packet"),
        pytest.param(Outcome(ROW, 1, [], ["Mia"], "", 1.0), [], 1, id="something lost"),
        pytest.param(Outcome(ROW, 1, [], [], "broken", 1.0), [], 1, id="a broken promise"),
        pytest.param(Outcome(ROW, 1, [], [], "", 1.0), ["packets dropped"], 2, id="says nothing"),
    ],
)
def test_the_exit_status(outcome: Outcome, doubts: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert report([outcome], doubts) == status

    figures = {line["figure"]: line["value"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert figures["faults_tried"] == 1
    assert figures["faults_survived"] == (1 if status in (0, 2) else 0)
    assert (figures["packets_after_grant"], figures["state_lost"]) == (len(outcome.passed), len(outcome.lost))


def test_every_row_has_its_own_name_and_a_sentence() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert all(row.sentence.endswith(".") and len(row.sentence) > 40 for row in ROWS)


def without_inbound_rule(house: FaultHome) -> None:
    house.kill("agent")
    network.nft("router", "flush chain bridge stairgate output")
    house.watch(0.5)


def rule_removed(house: FaultHome) -> int:
    """The rule that closes the way in is removed, with nobody to repair it."""
    house.pause(house.mia)
    without_inbound_rule(house)
    house.start_agent()
    return 1


def device_forgotten(house: FaultHome) -> int:
    """A device of the family is no longer known."""
    page = house.parent.get(f"/children/{house.ben.id}").body
    device = page.split('action="/devices/', 1)[1].split("/", 1)[0]
    house.parent.post(f"/devices/{device}/remove")
    return 1


def nothing_done(house: FaultHome) -> int:
    """A fault that is only said to have been done."""
    return 0


def promise_broken(house: FaultHome) -> int:
    """A pause is taken back by somebody, and the row expects it to hold."""
    house.pause(house.mia)
    house.end_exceptions(house.mia)
    house.promises.exception[house.mia.id] = "pause"
    return 1


def gate_gone(house: FaultHome) -> int:
    """Somebody flushes all rules while no agent is there: no grants, and no gate either."""
    house.pause(house.mia)
    demand(house.is_shut(house.mia), "Mia's devices are not closed")
    rules = house.rules()
    house.kill("agent")
    house.may_open(house.mia)
    network.nft("router", "flush ruleset\n" + network.ROUTER_FIREWALL)
    demand(not house.is_shut(house.mia), "a gate that is gone counts as shut")
    house.start_agent()
    house.wait_for_gate(rules)
    demand(house.is_shut(house.mia), "Mia's devices are open with the gate back")
    house.must_be_closed(house.mia)
    house.watch(0.5)
    return 1


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    assert sandbox.is_inside(), "the lab's tests run in the lab's sandbox"
    made = Stage(tmp_path_factory.mktemp("faults"))
    yield made
    made.leave()


def attempt(stage: Stage, run: Callable[[FaultHome], int]) -> Outcome:
    return stage.attempt(Row(run.__name__, run.__doc__ or "", run))


def test_a_row_with_a_rule_removed_is_told_by_its_packets(stage: Stage) -> None:
    outcome = attempt(stage, rule_removed)

    assert {text.split()[0] for text in outcome.passed} >= {"phone-udp_down-v4", "phone-udp_down-v6"}
    assert not outcome.survived


def test_a_gate_that_is_gone_is_not_shut_for_want_of_grants(stage: Stage) -> None:
    outcome = attempt(stage, gate_gone)

    assert (outcome.fault, outcome.passed, outcome.lost) == ("", [], [])


def test_a_row_that_loses_a_device_is_told(stage: Stage) -> None:
    outcome = attempt(stage, device_forgotten)

    assert any("laptop" in text for text in outcome.lost)
    assert not outcome.survived


def test_a_row_that_loses_a_tap_is_told(stage: Stage) -> None:
    outcome = attempt(stage, promise_broken)

    assert outcome.lost
    assert not outcome.survived


def test_a_fault_that_did_not_take_place_is_told(stage: Stage) -> None:
    outcome = attempt(stage, nothing_done)

    assert "did not take place" in outcome.fault
    assert not outcome.survived


def overtaken(*_: object) -> Iterator[Step]:
    """Both are paused; while nothing gets through, each pause is ended and comes back, again and again."""
    while True:
        yield from (Step("tap", "pause", child) for child in (0, 1))
        yield Step("begin", "packets vanish")
        for child in (0, 1, 0, 1, 0, 1):
            yield from (Step("tap", what, child) for what in ("end", "pause"))
        yield Step("end", "packets vanish")


def test_taps_that_arrive_late_and_in_their_order_break_no_promise(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.leave()
    monkeypatch.setattr(storm, "steps", overtaken)

    status = storm.run(1, 10.0, tmp_path)

    figures = {line["figure"]: line["value"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert (status, figures["packets_after_grant"], figures["state_lost"]) == (0, 0, 0)
    assert figures["faults_survived"] > 1


@contextlib.contextmanager
def sabotage(house: FaultHome) -> Iterator[None]:
    without_inbound_rule(house)
    yield
    house.start_agent()
    house.looked()


def test_a_storm_in_which_a_rule_is_missing_is_told(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.leave()

    status = storm.run(
        1, 6.0, tmp_path, ({"nothing": lambda house: contextlib.nullcontext()}, {"agent down": sabotage})
    )

    figures = {line["figure"]: line["value"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert status == 1
    assert figures["packets_after_grant"] > 0
    assert figures["state_lost"] == 0
