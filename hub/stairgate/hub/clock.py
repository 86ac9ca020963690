"""The time as the hub sees it: one object handed in, so that a test or the lab holds the hands of the clock.

`stairgate.port.clock.SystemClock` is the real one. Everything that decides (overrides, sessions, the claim)
asks it.
"""

from typing import Protocol


class Clock(Protocol):
    """Two clocks: wall time for what is written down, the monotonic one for how long something takes."""

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never steps."""


class ManualClock:
    """A clock that moves when told to."""

    def __init__(self, wall: float, monotonic: float = 1000.0) -> None:
        self._wall = wall
        self._monotonic = monotonic

    def wall(self) -> float:
        """See `Clock`."""
        return self._wall

    def monotonic(self) -> float:
        """See `Clock`."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let the time pass on both clocks."""
        self._wall += seconds
        self._monotonic += seconds
