"""Slowing whoever guesses: five quick tries, then a wait that doubles up to 15 minutes, for each source.

It never locks the account: a parent who is signed in, or who comes from another source, is not kept out by a
child who guesses. A source is a hardware address where the hub can see one, else a network address.
"""

import threading
from collections import OrderedDict

from stairgate.hub import limits
from stairgate.hub.clock import Clock


class Guessing:
    """Wrong tries for each source, in RAM, bounded: the source that has been quiet longest is forgotten first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sources: OrderedDict[str, tuple[int, float]] = OrderedDict()  # wrong tries, blocked until (monotonic)

    def wait(self, source: str) -> int:
        """Whole seconds until the source may try again, 0 when it may now."""
        with self._lock:
            _, blocked_until = self._sources.get(source, (0, 0.0))
        return max(0, -int(self._clock.monotonic() - blocked_until))

    def failed(self, source: str) -> None:
        """Count a wrong try.

        Called before the answer is known, taken back by `succeeded`: parallel tries all count.
        """
        with self._lock:
            wrong = self._sources.pop(source, (0, 0.0))[0] + 1
            delay = 0.0
            if wrong >= limits.GUESSES_FREE:
                delay = min(2.0 ** min(wrong - limits.GUESSES_FREE + 1, 20), limits.GUESS_SECONDS_MAX)
            self._sources[source] = (wrong, self._clock.monotonic() + delay if delay else 0.0)
            while len(self._sources) > limits.GUESS_SOURCES:
                self._sources.popitem(last=False)

    def succeeded(self, source: str) -> None:
        """Forget the source's wrong tries."""
        with self._lock:
            self._sources.pop(source, None)
