"""The agent refused or killed at every single call to kernel, disk and broker while it goes from one policy to another.

Whatever call goes wrong, the gate is as one of the two policies says, and what both close is never open; a refusal
heals by itself, and after a kill the next start and the hub's next delivery lead to the newest.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent.grants import mac_key
from stairgate.agent.limits import RETRY_SECONDS, SLOW_POLL_SECONDS
from stairgate.core.records import Device, Policy
from tests.lab.policies import family_policy, pause
from tests.unit.agent.rig import signed
from tests.unit.agent.router import AT, CONSOLE, LAPTOP, PHONE, Router
from tests.unit.agent.sweep import MODES, Killed, Sweep

NEW_MAC = "02:00:00:00:77:99"
BENS_PAUSE = pause("pben", AT - 60, AT + 3600)


def opened(revision: int) -> Policy:
    """Mia's devices are open, Ben's closed."""
    return family_policy(revision, overrides=[BENS_PAUSE])


def closed(revision: int) -> Policy:
    """Both are closed; Mia has one device more, and a parent as well, so that every file changes."""
    policy = family_policy(revision, overrides=[BENS_PAUSE, pause("pmia", AT - 60, AT + 3600)])
    more = (
        Device("dmore", (NEW_MAC,), ("pmia",), "phone", ()),
        Device("dparent", ("02:00:00:00:77:98",), (), "phone", ("exempt",)),
    )
    return policy._replace(devices=tuple(sorted((*policy.devices, *more))))


MIAS = {PHONE, CONSOLE}
TRANSITIONS = {"pause": (opened, closed, MIAS, set[bytes]()), "bonus": (closed, opened, set[bytes](), MIAS)}


class Case:
    """One router on its way from one policy to the next."""

    def __init__(self, folder: Path, sweep: Sweep, transition: str) -> None:
        before, after, self.open_before, self.open_after = TRANSITIONS[transition]
        self.sweep, self.router = sweep, Router(folder)
        self.router.receive(signed(before(5)))
        self.router.wait(1)
        assert self.router.open_now() == self.open_before
        self.newest = signed(after(6))

    def close(self) -> None:
        for link in self.router.links:
            link.close()

    def go(self, at: int, mode: str) -> bool:
        """Deliver the newer policy with one call going wrong; True when the process was killed by it."""
        self.sweep.wrap(self.router)
        self.sweep.arm(at, mode)
        try:
            self.router.receive(self.newest)
            self.router.wait(0.5)
        except Killed:
            return True
        finally:
            self.sweep.armed = False
        return False

    def holds_one_of_both(self) -> None:
        """Open is what one of the policies opens, all of it; never Ben's laptop, nor a device that is only in one."""
        now = self.router.open_now()
        assert now in (self.open_before, self.open_after)
        assert LAPTOP not in now
        assert mac_key(NEW_MAC) not in now

    def reaches_the_newest(self) -> None:
        """The hub delivers again, as it does until it has heard."""
        self.router.receive(self.newest)
        self.router.wait(RETRY_SECONDS + 1)
        hello = self.router.hello()
        assert (hello.state, hello.reason, hello.revision, hello.highest) == ("applied", "", 6, 6)
        assert self.router.open_now() == self.open_after
        assert self.router.state.load_policy() == self.newest
        assert not [path.name for path in self.router.folder.iterdir() if path.name.endswith(".new")]


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch) -> Sweep:
    return Sweep(monkeypatch)


def cases(folder: Path, sweep: Sweep, transition: str, mode: str) -> Iterator[tuple[Case, bool]]:
    """A fresh router for each call that can go wrong, and whether it was killed by it."""
    at = 0
    while True:
        case = Case(folder / str(at), sweep, transition)
        try:
            killed = case.go(at, mode)
            if not sweep.hit():
                # The counting reached kernel, every step of every file, and (but for refusals) the broker.
                names = {"elements", "commit", "write", "fsync", "rename", "open"}
                assert names <= set(sweep.seen), sweep.seen
                assert at > 30
                return
            yield case, killed
        finally:
            case.close()
        at += 1


@pytest.mark.parametrize("transition", TRANSITIONS)
def test_a_refusal_at_any_call_heals_by_itself(tmp_path: Path, sweep: Sweep, transition: str) -> None:
    for case, killed in cases(tmp_path, sweep, transition, "refused"):
        assert not killed
        case.holds_one_of_both()
        case.router.wait(SLOW_POLL_SECONDS + RETRY_SECONDS + 1)
        hello = case.router.hellos()[-1]
        assert (hello.state, hello.reason, hello.revision) == ("applied", "", 6), sweep.seen[sweep.at]
        assert case.router.open_now() == case.open_after
        case.router.reboot()
        assert case.router.open_now() == case.open_after


@pytest.mark.parametrize("machine", [False, True], ids=["process", "power cut"])
@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "refused"])
@pytest.mark.parametrize("transition", TRANSITIONS)
def test_killed_at_any_call_the_next_start_is_as_one_of_both_says(
    tmp_path: Path, sweep: Sweep, transition: str, mode: str, machine: bool
) -> None:
    for case, killed in cases(tmp_path, sweep, transition, mode):
        assert killed, sweep.seen
        case.holds_one_of_both()
        if machine:
            case.router.reboot(30.0)
        else:
            case.router.restart()
        case.holds_one_of_both()
        assert case.router.hello().state == "applied"
        case.reaches_the_newest()


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "refused"])
def test_killed_at_any_call_of_its_start_the_next_one_goes_on(tmp_path: Path, sweep: Sweep, mode: str) -> None:
    for at in range(1000):
        case = Case(tmp_path / str(at), sweep, "pause")
        try:
            case.router.receive(case.newest)
            case.router.kernel.flush_ruleset()
            sweep.wrap(case.router)
            sweep.arm(at, mode)
            try:
                case.router.restart()
            except Killed:
                assert not sweep.armed
            sweep.armed = False
            if not sweep.hit():
                assert at > 30
                assert {"load", "elements", "commit"} <= set(sweep.seen)
                break
            assert case.router.open_now() == set()
            case.router.restart()
            assert case.router.open_now() == set()
            case.reaches_the_newest()
        finally:
            case.close()
