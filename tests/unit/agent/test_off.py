"""The way out at the console: words and bounds, what it does to the kernel, and what a running agent makes of it."""

import argparse
import contextlib
import re
from pathlib import Path

import pytest

from stairgate.agent import conntrack, gate, off, presence
from stairgate.agent.gate import GRANTED, LAN, OFF, OFF_TCP, GateSettings
from stairgate.agent.gate_rules import render_gate, render_removal
from stairgate.agent.kernel_fake import FakeKernel
from stairgate.agent.limits import SLOW_POLL_SECONDS
from stairgate.agent.netlink import KernelRefused
from stairgate.agent.off import NotDone, Place, interface_key
from stairgate.agent.state import State
from stairgate.core.records import Week
from tests.lab.policies import family_policy
from tests.unit.agent.rig import HandClock, signed
from tests.unit.agent.router import AT, BENS, PHONE, Router, paused

BRIDGE = interface_key("br-lan")
PLACE = Place(GateSettings(), ("br-lan",), None)
OPEN_TO_ALL = {"dconsole", "dlaptop", "dphone", "dtablet"}


@pytest.mark.parametrize(
    ("text", "seconds"), [("1m", 60), ("30m", 1800), ("2h", 7200), ("24h", 86400), ("3d", 259200), ("7d", 604800)]
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert off.seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "0m", "00m", "59s", "1", "1s", "8d", "169h", "10081m", "-5m", "1.5h", "1h30m", " 1h", "1h\n", "1H", "forever"]
    + ["99999999999h", "١h", "h"],
)
def test_what_is_no_duration_or_out_of_bounds_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected 1m to 7d"):
        off.seconds_of(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(60, "1 min"), (59, "1 min"), (1, "1 min"), (7200, "2 h"), (90000, "1 day 1 h"), (172860, "2 days 1 min")],
)
def test_durations_are_told_in_words(seconds: int, text: str) -> None:
    assert off.duration_text(seconds) == text


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def kernel(clock: HandClock) -> FakeKernel:
    return FakeKernel(clock)


def test_it_works_where_no_agent_has_run_since_the_start(kernel: FakeKernel, clock: HandClock) -> None:
    assert off.left_ms(kernel) is None

    assert off.switch_off(kernel, PLACE, 3600) == ["br-lan"]

    assert kernel.loaded == render_gate(GateSettings())
    assert kernel.elements(OFF) == {BRIDGE: 3_600_000}
    assert kernel.elements(OFF_TCP) == {BRIDGE: 3_601_000}
    clock.move(3599)
    assert off.left_ms(kernel) == 1000
    clock.move(1)
    assert off.left_ms(kernel) == 0
    assert set(kernel.elements(OFF_TCP)) == {BRIDGE}


def test_rules_of_an_older_package_close_and_are_replaced_when_switched_off(
    kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.load("older rules")
    elements = kernel.elements

    def older(name: gate.SetName) -> dict[bytes, int | None]:
        if name in (OFF, OFF_TCP) and kernel.loaded == "older rules":
            raise KernelRefused("ENOENT", "reading")
        return elements(name)

    monkeypatch.setattr(kernel, "elements", older)
    assert off.left_ms(kernel) == 0
    off.end_now(kernel)

    off.switch_off(kernel, PLACE, 60)

    assert kernel.loaded == render_gate(GateSettings())
    assert off.left_ms(kernel) == 60_000


def test_the_kernel_s_own_interfaces_are_enough(kernel: FakeKernel) -> None:
    kernel.load(render_gate(GateSettings()))
    kernel.sets[LAN] = {interface_key("br-lan"): None, interface_key("lan2"): None}

    assert off.switch_off(kernel, Place(GateSettings(), (), None), 60) == ["br-lan", "lan2"]


def test_without_any_interface_nothing_is_done_and_the_folder_is_asked_for(kernel: FakeKernel) -> None:
    with pytest.raises(NotDone, match="name the agent's folder"):
        off.switch_off(kernel, Place(GateSettings(), (), None), 60)

    assert kernel.commits == 0
    # Nor are rules loaded that close nothing: the next question would be told that the family's are in force.
    assert off.left_ms(kernel) is None


def test_a_second_time_replaces_the_first_and_end_leaves_tcp_its_second(kernel: FakeKernel, clock: HandClock) -> None:
    off.switch_off(kernel, PLACE, 7 * 86400)
    off.switch_off(kernel, PLACE, 60)
    assert off.left_ms(kernel) == 60_000

    off.end_now(kernel)

    assert off.left_ms(kernel) == 0
    assert kernel.elements(OFF_TCP) == {BRIDGE: 1000}
    commits = kernel.commits
    off.end_now(kernel)
    assert kernel.commits == commits


def test_a_kernel_that_does_not_hold_it_is_told(kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "commit", lambda changes: None)

    with pytest.raises(NotDone, match="does not hold"):
        off.switch_off(kernel, PLACE, 60)


def test_a_refusing_kernel_is_an_error_and_not_a_gate_that_is_not_there(kernel: FakeKernel) -> None:
    kernel.refuse = {"elements": ["EPERM"]}

    with pytest.raises(KernelRefused, match="EPERM"):
        off.left_ms(kernel)


def test_while_an_agent_runs_nothing_is_removed(kernel: FakeKernel) -> None:
    place = Place(GateSettings(table="unit-test-removal"), ("br-lan",), None)
    agent = presence.announce(place.gate.table)
    assert agent is not None
    assert presence.announce(place.gate.table) is None

    with contextlib.closing(agent), pytest.raises(NotDone, match="stop it first"):
        off.remove(kernel, place, "b")

    assert kernel.loaded == ""
    assert not presence.is_running(place.gate.table)
    off.remove(kernel, place, "b")
    assert kernel.loaded == render_removal(place.gate)


@pytest.mark.parametrize(("noted", "after"), [("boot1", "0"), ("boot0", "1"), ("", "1")])
def test_counting_is_set_back_only_when_the_agent_began_it_in_this_start_of_the_machine(
    kernel: FakeKernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noted: str, after: str
) -> None:
    sysctl = tmp_path / "nf_conntrack_acct"
    sysctl.write_text("1\n")
    monkeypatch.setattr(conntrack, "ACCOUNTING", str(sysctl))
    state = State(str(tmp_path / "state"))
    if noted:
        state.save_accounting(noted)

    left = off.remove(kernel, Place(GateSettings(table="unit-test-counting"), (), state), "boot1")

    assert sysctl.read_text().strip() == after
    assert "delete it" in left[0]


def test_that_the_agent_began_counting_is_written_once_a_start(tmp_path: Path) -> None:
    state = State(str(tmp_path))
    off.note_counting(state)
    written = (tmp_path / "accounting").stat()
    off.note_counting(state)

    assert state.load_accounting() == conntrack.boot_id() != ""
    assert (tmp_path / "accounting").stat() == written


@pytest.mark.parametrize("words", [["--for", "24h", "--end"], ["--for", "9d"], ["--until-on"], ["--for"]])
def test_the_command_line_is_refused_with_what_was_expected(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        off.main(words)

    assert ended.value.code == 2
    assert re.search("not allowed with|expected|unrecognized", capsys.readouterr().err)


def test_the_agent_leaves_it_alone_and_tells_until_when(router: Router) -> None:
    bedtime = Week("pben", 127, 13 * 60, 19 * 60, "closed")
    router.receive(signed(paused(5)._replace(weeks=(bedtime,))))

    off.switch_off(router.kernel, PLACE, 7200)
    router.kernel.touched = True
    router.control.turn()

    hello = router.hellos()[-1]
    assert (hello.state, hello.reason) == ("failed", "switched_off")
    assert {device: (level, until) for device, level, until in hello.devices} == {
        "dconsole": ("open", AT + 7200),
        "dlaptop": ("open", AT + 7200),
        "dphone": ("open", AT + 7200),
        "dtablet": ("open", None),
    }
    told = len(router.hellos())
    router.wait(3 * SLOW_POLL_SECONDS)
    assert len(router.hellos()) == told
    assert set(router.kernel.elements(OFF)) == {BRIDGE}
    assert router.open_now() == BENS


def test_a_later_end_of_a_device_s_own_is_told(router: Router) -> None:
    bedtime = Week("pmia", 127, 20 * 60, 7 * 60, "closed")
    router.receive(signed(family_policy(5, weeks=[bedtime])))
    off.switch_off(router.kernel, PLACE, 3600)

    router.wait(SLOW_POLL_SECONDS + 0.5)

    told = {device: until for device, _, until in router.hellos()[-1].devices}
    assert (told["dphone"], told["dlaptop"]) == (AT + 8 * 3600, None)


def test_its_end_is_told_at_once_and_an_earlier_one_when_it_is_made(router: Router) -> None:
    router.receive(signed(paused(5)))
    off.switch_off(router.kernel, PLACE, 60)
    router.wait(61)
    assert (router.hellos()[-1].state, router.hellos()[-1].reason) == ("applied", "")
    assert {row[1] for row in router.hellos()[-1].devices if row[0] in ("dphone", "dconsole")} == {"closed"}

    off.switch_off(router.kernel, PLACE, 3600)
    router.kernel.touched = True
    router.control.turn()
    assert router.hellos()[-1].reason == "switched_off"
    off.end_now(router.kernel)
    router.kernel.touched = True
    router.control.turn()

    assert (router.hellos()[-1].state, router.hellos()[-1].reason) == ("applied", "")


def test_a_policy_is_taken_saved_and_in_force_afterwards(router: Router) -> None:
    router.receive(signed(family_policy(5)))
    off.switch_off(router.kernel, PLACE, 600)

    router.receive(signed(paused(6)))

    assert PHONE not in router.kernel.elements(GRANTED)
    assert (router.hellos()[-1].reason, router.hellos()[-1].revision) == ("switched_off", 6)
    assert {row[0] for row in router.hellos()[-1].devices if row[1] == "open"} == OPEN_TO_ALL


def test_a_restarted_agent_and_loaded_rules_keep_it(router: Router) -> None:
    router.receive(signed(paused(5)))
    off.switch_off(router.kernel, PLACE, 600)

    router.restart()
    router.kernel.loaded += "changed by somebody"
    router.wait(SLOW_POLL_SECONDS + 0.5)

    assert set(router.kernel.elements(OFF)) == {BRIDGE}
    assert router.hello().reason == "switched_off"


def test_a_flush_or_a_restart_of_the_machine_closes_again(router: Router) -> None:
    router.receive(signed(paused(5)))
    off.switch_off(router.kernel, PLACE, 600)

    router.reboot()

    assert router.kernel.elements(OFF) == {}
    assert router.hello().state == "applied"


def test_a_kernel_s_refusal_is_told_before_it(router: Router) -> None:
    router.receive(signed(paused(5)))
    off.switch_off(router.kernel, PLACE, 600)
    router.kernel.refuse = {"commit": ["ENFILE"]}

    router.receive(signed(family_policy(6)))

    assert router.hellos()[-1].reason == "enfile"
