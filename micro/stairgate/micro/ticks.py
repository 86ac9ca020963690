"""Milliseconds since the start that never wrap, whatever the interpreter's own counter does.

It decides nothing. MicroPython's counter wraps after twelve days on a board; asked more often than every six, this one
does not.
"""

import time


class Ticks:
    """Counts from 0 at its making."""

    def __init__(self) -> None:
        self._total = 0
        self._last = self._raw()

    @staticmethod
    def _raw() -> int:
        if hasattr(time, "ticks_ms"):
            return int(time.ticks_ms())
        return time.monotonic_ns() // 1_000_000

    def now(self) -> int:
        """Milliseconds."""
        raw = self._raw()
        self._total += int(time.ticks_diff(raw, self._last)) if hasattr(time, "ticks_diff") else raw - self._last
        self._last = raw
        return self._total
