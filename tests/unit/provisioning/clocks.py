"""A wall clock that stands where a test puts it."""

from typing import NamedTuple


class FixedClock(NamedTuple):
    """Always the same moment, in UTC seconds; 2026-01-01 by default."""

    seconds: float = 1_767_225_600.0

    def wall(self) -> float:
        """UTC seconds since 1970."""
        return self.seconds
