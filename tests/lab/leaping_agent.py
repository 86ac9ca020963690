"""The agent as the lab runs it, for which minutes can pass in a moment: both of its clocks leap together.

`python -m tests.lab.leaping_agent FOLDER CLOCK` is `agent_process` with such a clock, and tells the bytes of each
device as it has read them. Use is counted by minutes of the monotonic clock, which nobody at home can move; the
kernel's own time goes on as it is, and so do its timeouts.
"""

import json
import mmap
import sys
from collections.abc import Sequence
from pathlib import Path

from stairgate.agent import control
from stairgate.agent.outbox import Outbox
from tests.lab.agent_process import run_in_the_lab
from tests.lab.lab_clock import OFFSET, LabClock


class LeapingClock(LabClock):
    """A lab clock whose monotonic time is ahead by the seconds of a second file, beside the first."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        beside = path.with_name(path.name + "-leaps")
        if not beside.exists():
            beside.write_bytes(OFFSET.pack(0.0))
        with open(beside, "r+b") as file:
            self._leaps = mmap.mmap(file.fileno(), OFFSET.size)

    def _leapt(self) -> float:
        seconds: float = OFFSET.unpack_from(self._leaps)[0]
        return seconds

    def monotonic(self) -> float:
        """Seconds that never step back."""
        return super().monotonic() + self._leapt()

    def leap(self, seconds: float) -> None:
        """So much time has passed at once, for everybody who goes by these files."""
        OFFSET.pack_into(self._leaps, 0, self._leapt() + seconds)
        self.move_to(self.wall() + seconds)


class SpeakingOutbox(Outbox):
    """Tells here, too, what it tells the hub."""

    def usage(self, rows: Sequence[tuple[str, int, int]]) -> None:
        """See Outbox."""
        print(json.dumps({"event": "moved", "bytes": {device: received for device, received, _ in rows}}), flush=True)
        super().usage(rows)


if __name__ == "__main__":
    vars(control)["Outbox"] = SpeakingOutbox
    run_in_the_lab(Path(sys.argv[1]), LeapingClock(Path(sys.argv[2])))
