"""How long a sensor stays on after somebody wished it closed, at the worst moment of the verification of a policy.

    MICROPYPATH=.:micro:.frozen micropython tests/micro/closing.py

The wish comes just as a step of the verification begins: that step is done, then the gate closes. Every step of a
policy at the cap is tried. Prints figures as JSON lines: `gate_close_us_while_verifying` (the worst), `verify_steps`.
It asserts no time: what a board needs is this, times how much slower the board is.
"""

import json
import sys
import time

from stairgate.core import limits
from tests.portable import bear, toy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.micro.platform_fake import FakePlatform

LATER = toy.NOON + 600


def large_policy(revision: int) -> bytes:
    """A policy as large as a toy takes."""
    lines = [toy.opened(LATER), toy.AGREED]
    filler = b'["x-' + b"a" * 400 + b'"]'
    while len(bear.toy_body(*lines, filler)) < limits.TOY_POLICY_BYTES - limits.HEADER_BYTES:
        lines.append(filler)
    return toy.policy(revision, *lines)


class Watched:
    """A driver that notes when it ends."""

    def __init__(self, ended: "list[int]") -> None:
        self._ended = ended

    def deinit(self) -> None:
        """The end."""
        self._ended.append(micros())


def micros() -> int:
    """Microseconds since some moment."""
    return int(time.ticks_us()) if hasattr(time, "ticks_us") else time.monotonic_ns() // 1000


def close_at(board: "FakePlatform", wished: int) -> int:
    """Microseconds from the wish to the end of the driver; -1 when the verification has no such step."""
    ended: "list[int]" = []
    board.driver = lambda sensor: lambda: Watched(ended)  # type: ignore[method-assign]
    agent = toy.start(board)
    toy.obey(agent, toy.policy(1, toy.opened(LATER), toy.AGREED))
    steps = agent.accept_steps(large_policy(2), toy.keys(), "h1", "tbear")
    with agent.gates.open("microphone", "answers"):
        for _ in range(wished):
            next(steps, None)
        since = micros()
        try:
            next(steps)
        except StopIteration:
            return -1
        agent.withdraw("answers")
        return ended[0] - since


def main() -> int:
    """Measure; the exit status."""
    spent: "list[int]" = []
    while not spent or spent[-1] >= 0:
        toy.in_home(lambda board: spent.append(close_at(board, len(spent))))
    for name, value, unit in (
        ("gate_close_us_while_verifying", max(spent), "us"),
        ("verify_steps", len(spent) - 1, "1"),
    ):
        print(json.dumps({"figure": name, "value": value, "unit": unit}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
