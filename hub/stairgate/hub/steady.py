"""Whether the wall clock can be trusted to say what is old: a wrong date must not delete what is young.

It compares the wall clock with the monotonic one at each look; after a jump it says no for a day. What is deleted is
left to whoever asks.
"""

from stairgate.hub import limits
from stairgate.hub.clock import Clock

_DAY_SECONDS = 86400


class Steadiness:
    """Looks at one clock. For one thread at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.wall() - clock.monotonic()
        self._steady_from = float("-inf")

    def is_steady(self) -> bool:
        """False for a day after the clock jumped by more than `limits.HISTORY_JUMP_SECONDS`."""
        now = self._clock.monotonic()
        offset = self._clock.wall() - now
        if abs(offset - self._offset) > limits.HISTORY_JUMP_SECONDS:
            self._steady_from = now + _DAY_SECONDS
        self._offset = offset
        return now >= self._steady_from
