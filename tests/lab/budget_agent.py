"""The agent's loop as the lab runs it for budgets: a real kernel, no broker, and a clock whose minutes can be skipped.

`python -m tests.lab.budget_agent FOLDER` takes the signed policy from FOLDER/policy, and tells a JSON line for each
change of what it has counted and enforced. It decides nothing; the test in the hub's place reads the lines and sends
signals. Skipping moves both clocks of the agent, so that a minute passes for it; the kernel's own time goes on.
"""

import json
import mmap
import os
import struct
import sys
from pathlib import Path

from stairgate.agent.broker_link_fake import FakeLink
from stairgate.agent.clock_trust_fake import FakeEvidence
from stairgate.agent.control import Control
from stairgate.agent.enforcement import Enforcement
from stairgate.agent.kernel import LinuxKernel
from stairgate.agent.state import State
from stairgate.agent.sync import Identity
from stairgate.core.messages import read_hello, read_usage
from stairgate.core.usage import UseBook
from stairgate.port.clock import SystemClock
from tests.lab.agent_rig import SETTINGS
from tests.lab.policies import AGENT_ID, HOME_ID

SKIPPED = struct.Struct("=d")


class SkippingClock(SystemClock):
    """Both clocks are ahead by the seconds in a file that every process maps."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(SKIPPED.pack(0.0))
        with open(path, "r+b") as file:
            self._shared = mmap.mmap(file.fileno(), SKIPPED.size)

    def _skipped(self) -> float:
        seconds: float = SKIPPED.unpack_from(self._shared)[0]
        return seconds

    def wall(self) -> float:
        """UTC seconds."""
        return super().wall() + self._skipped()

    def monotonic(self) -> float:
        """Seconds that never step back."""
        return super().monotonic() + self._skipped()

    def skip(self, seconds: float) -> None:
        """So much time has passed at once."""
        SKIPPED.pack_into(self._shared, 0, self._skipped() + seconds)


class QuietLink(FakeLink):
    """The loop is not woken by it: a second passes between two turns, as on a router where nothing happens."""

    def __init__(self) -> None:
        super().__init__()
        self._idle, self._never = os.pipe()

    def fileno(self) -> int:
        """See Link."""
        return self._idle


def main(folder: Path) -> None:
    """Until killed."""
    key_id, point = (folder / "key").read_text(encoding="ascii").split()
    identity = Identity(HOME_ID, AGENT_ID, "000", {key_id: bytes.fromhex(point)})
    clock, link, kernel = SkippingClock(folder / "skipped"), QuietLink(), LinuxKernel(SETTINGS)
    control = Control(
        identity,
        kernel,
        Enforcement(kernel, SETTINGS, ("br-lan",), clock),
        State(str(folder / "state")),
        link,
        clock,
        evidence=FakeEvidence(),
        run=State(str(folder / "memory")),
    )
    control.start()
    link.connect()
    link.deliver("policy", (folder / "policy").read_bytes())
    book, before = UseBook(), ""
    moved: dict[str, int] = {}
    levels: dict[str, str] = {}
    while True:
        control.turn()
        while link.published:
            one = link.published.pop(0)
            if one.kind == "hello":
                levels = {device: level for device, level, _ in read_hello(one.payload).devices}
            elif one.kind == "usage":
                usage = read_usage(one.payload)
                moved |= {device: received for device, received, _ in usage.bytes}
                for row in usage.minutes:
                    book.merge(*row)
        minutes = {person: book.minutes(person, "total", 0, 1 << 40) for person in ("pmia", "pben")}
        told = json.dumps({"event": "so far", "moved": moved, "levels": levels, "minutes": minutes})
        if told != before:
            before = told
            print(told, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
