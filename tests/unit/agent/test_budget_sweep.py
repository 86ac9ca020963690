"""The agent refused or killed at every single call to kernel, disk and broker while the last minute of a budget ends.

Whatever call goes wrong, no minute comes back, and nobody plays on for more than the two minutes that a new process
needs to see a film again.
"""

from pathlib import Path

import pytest

from tests.unit.agent.rig import signed
from tests.unit.agent.router import BENS, EVERYBODY, Router
from tests.unit.agent.sweep import MODES, Killed, Sweep
from tests.unit.agent.watching import PHONE, Watching, limited_to

MINUTES, STEP = 3, 10
REFUSED, BEFORE, AFTER = MODES
# The monotonic clock of these tests begins twenty seconds before a minute's end.
# (how the call goes wrong, whether the machine loses its memory)
ENDS = {
    "refused": (REFUSED, False),
    "killed before, process": (BEFORE, False),
    "killed after, process": (AFTER, False),
    "killed after, power cut": (AFTER, True),
}
UNTIL_THE_LAST = 20 + 60 * (MINUTES - 1) - STEP


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch) -> Sweep:
    return Sweep(monkeypatch)


class Case:
    """A child that watches until the last seconds of a budget."""

    def __init__(self, folder: Path, sweep: Sweep) -> None:
        self.sweep, self.router = sweep, Router(folder)
        self.router.receive(signed(limited_to(MINUTES)))
        self.watching = Watching(self.router)
        self.watching.go_on({PHONE}, UNTIL_THE_LAST, STEP)
        assert self.router.open_now() == EVERYBODY
        assert self.watching.told() == MINUTES - 1

    def close(self) -> None:
        for link in self.router.links:
            link.close()

    def last_seconds(self, at: int, mode: str) -> bool:
        """The minute ends with one call going wrong; True when the process was killed by it."""
        self.sweep.wrap(self.router)
        self.sweep.arm(at, mode)
        try:
            self.watching.go_on({PHONE}, 2 * STEP, STEP)
        except Killed:
            return True
        finally:
            self.sweep.armed = False
        return False

    def kept(self) -> int:
        """The minutes that the agent of this moment tells its hub."""
        self.router.hello()
        return Watching(self.router).told()


@pytest.mark.parametrize(("mode", "machine"), ENDS.values(), ids=ENDS)
def test_at_any_call_no_minute_comes_back_and_the_budget_ends(
    tmp_path: Path, sweep: Sweep, mode: str, machine: bool
) -> None:
    for at in range(1000):
        case = Case(tmp_path / str(at), sweep)
        try:
            killed = case.last_seconds(at, mode)
            if not sweep.hit():
                assert at > 20
                # Nothing is written into the kernel: it has ended the last minute by itself.
                assert {"elements", "write", "fsync", "rename", "open"} <= set(sweep.seen), sweep.seen
                assert case.router.open_now() == BENS
                return
            assert killed == (mode != "refused")
            if machine:
                # What was counted since the last checkpoint is gone, unless the budget was spent.
                case.router.reboot(5)
            elif killed:
                case.router.restart()
                assert case.kept() >= MINUTES - 1, sweep.seen[at]
            Watching(case.router).go_on({PHONE}, 60 * MINUTES + 130 if machine else 130, STEP)
            assert case.router.open_now() == BENS, sweep.seen[at]
            # A new process sees a film after two minutes, which then count together.
            assert MINUTES <= case.kept() <= MINUTES + 2
        finally:
            case.close()
