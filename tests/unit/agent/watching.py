"""Somebody watches a film on devices of a router in memory: flows that move what a player moves, while the loop turns.

It decides nothing about the product. Who is open now is asked of the kernel, what is counted of what the agent tells.
"""

from collections.abc import Collection

from stairgate.agent.conntrack import Flow
from stairgate.agent.gate import GRANTED
from stairgate.agent.kernel_fake import FakeKernel
from stairgate.core.records import Budget, Override, Policy
from stairgate.core.usage import UseBook
from tests.lab.policies import family_policy
from tests.unit.agent import router as home
from tests.unit.agent.router import AT, Router

# Numbers of the devices of `family_policy`, in its order.
CONSOLE, LAPTOP, PHONE = 1, 2, 3
KEYS = {CONSOLE: home.CONSOLE, LAPTOP: home.LAPTOP, PHONE: home.PHONE}
PIECE, EVERY = 1_000_000, 10  # bytes, seconds


def limited_to(minutes: int, revision: int = 5, category: str = "total", **changes: object) -> Policy:
    """Mia has so many minutes every day, from midnight UTC."""
    budget = Budget("pmia", category, (minutes,) * 7, 0)
    return family_policy(revision)._replace(budgets=(budget,))._replace(**changes)  # type: ignore[arg-type]


def given_back(minutes: int) -> Override:
    """A parent gives minutes to Mia."""
    return Override("ogive", "pmia", "give", AT - 60, AT + 86_000, minutes, "parent")


class Watching:
    """Films on a router's devices. remote: the address that they come from."""

    def __init__(self, router: Router, remote: bytes = b"") -> None:
        self.router, self._remote = router, remote
        self._moved = {number: 0 for number in (CONSOLE, LAPTOP, PHONE)}

    def go_on(self, devices: Collection[int], seconds: int, step: int = 1) -> None:
        """These devices play for so long; a device that is closed gets nothing. step: seconds between two turns."""
        for second in range(0, seconds, step):
            # Of the fake itself: a test may count or refuse the agent's calls.
            granted = FakeKernel.elements(self.router.kernel, GRANTED)
            for number in devices:
                if second % EVERY == 0 and KEYS[number] in granted:
                    self._moved[number] += PIECE
            self.router.kernel.live_flows = [
                Flow(100 + number, number, moved // 40, moved, self._remote) for number, moved in self._moved.items()
            ]
            self.router.clock.move(step)
            self.router.control.turn()

    def told(self, person: str = "pmia", category: str = "total") -> int:
        """How many minutes the agent has told of."""
        book = UseBook()
        for usage in self.router.usages():
            for row in usage.minutes:
                book.merge(*row)
        return book.minutes(person, category, 0, 1 << 40)
