"""The agent as the lab kills it: it ends itself by SIGKILL at a chosen step of its work with kernel and disk.

`python -m tests.lab.mortal_agent FOLDER CLOCK STEP` is `agent_process`, and counts from SIGUSR1 on: each change of the
kernel and each file counts before and after it is made. What the agent does is its own.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from stairgate.agent import control, state
from stairgate.agent.kernel import LinuxKernel
from stairgate.agent.set_elements import SetChange
from tests.lab import agent_process
from tests.lab.lab_clock import LabClock


class Steps:
    """Counts steps, and ends the process at the chosen one."""

    def __init__(self, last: int) -> None:
        self._left = last
        self._armed = False

    def arm(self, *_: object) -> None:
        """Begin to count."""
        self._armed = True
        print(json.dumps({"event": "armed"}), flush=True)

    def step(self) -> None:
        """One step is reached."""
        if self._armed:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def around(steps: Steps, work: Callable[..., Any]) -> Callable[..., Any]:
    """The same work, with a step before and one after it."""

    def counted(*given: Any, **named: Any) -> Any:
        steps.step()
        result = work(*given, **named)
        steps.step()
        return result

    return counted


def main(arguments: Sequence[str]) -> None:
    """Run until killed."""
    steps = Steps(int(arguments[2]))
    signal.signal(signal.SIGUSR1, steps.arm)

    class MortalKernel(LinuxKernel):
        """The real kernel, with steps."""

        def commit(self, changes: Sequence[SetChange]) -> None:
            """See Kernel."""
            around(steps, super().commit)(changes)

    vars(control)["LinuxKernel"] = MortalKernel
    vars(state)["write_atomic"] = around(steps, vars(state)["write_atomic"])
    agent_process.run_in_the_lab(Path(arguments[0]), LabClock(Path(arguments[1])))


if __name__ == "__main__":
    main(sys.argv[1:])
