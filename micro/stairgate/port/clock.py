"""The two clocks of a device, as one object that a test can replace.

Wall time says what the calendar says; the monotonic clock says how long a thing takes and cannot be moved.
Whoever decides takes a time as an argument; only processes hold a clock.
"""

import time


class SystemClock:
    """The clocks of the machine."""

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC, with fractions."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never steps."""
        try:
            return time.monotonic()
        except AttributeError:
            return time.ticks_ms() / 1000  # type: ignore[attr-defined, no-any-return]
