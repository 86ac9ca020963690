"""How often an agent is listened to: a router that says hello without end costs no more than one that says it often.

Each hello may be written down, signed for and answered with a policy. It decides which is taken at once and which
waits; of those that wait only the newest counts, as it says everything that the others said. What a hello means is
`exchange`'s part.
"""

from collections.abc import Collection
from dataclasses import dataclass

from stairgate.core.messages import Hello
from stairgate.hub import limits
from stairgate.hub.clock import Clock


@dataclass
class _Turns:
    left: float
    at: float
    waiting: Hello | None = None


class HelloPace:
    """The turns of each agent: some at once, then one in `limits.HELLO_SECONDS_LATER`. One thread at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns: dict[str, _Turns] = {}

    def take(self, hello: Hello) -> bool:
        """True when it is its turn; else it is kept for `due`, instead of an older one."""
        turns = self._of(hello.agent)
        if turns.left < 1:
            turns.waiting = hello
            return False
        turns.left -= 1
        turns.waiting = None
        return True

    def due(self) -> list[Hello]:
        """Those that have waited long enough."""
        waited = [turns.waiting for turns in self._turns.values() if turns.waiting]
        return [hello for hello in waited if self.take(hello)]

    def seconds_to_next(self) -> float | None:
        """Until `due` has something, None for never."""
        left = [self._of(agent).left for agent, turns in self._turns.items() if turns.waiting]
        return max(0.0, (1 - max(left)) * limits.HELLO_SECONDS_LATER) if left else None

    def keep(self, agents: Collection[str]) -> None:
        """Forget all others."""
        for gone in self._turns.keys() - set(agents):
            del self._turns[gone]

    def _of(self, agent: str) -> _Turns:
        now = self._clock.monotonic()
        turns = self._turns.setdefault(agent, _Turns(limits.HELLOS_AT_ONCE, now))
        turns.left = min(limits.HELLOS_AT_ONCE, turns.left + (now - turns.at) / limits.HELLO_SECONDS_LATER)
        turns.at = now
        return turns
