"""Slowing whoever guesses: five quick tries, then a wait that doubles up to 15 minutes, for each source.

It never locks the account: a parent who is signed in, or who comes from another source, is not kept out by a
child who guesses. A source is a hardware address where the hub can see one, else a network address. As a child can
make up sources, many wrong tries in a row from anywhere leave one try a second to all of them together.
"""

import math
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
        self._wrong_in_a_row = 0  # from all sources
        self._home_blocked_until = float("-inf")

    def begin(self, source: str) -> int:
        """Begin a try: 0, or the whole seconds until the source may try again.

        What begins counts as a wrong try until `succeeded` takes it back: parallel tries all count.
        """
        with self._lock:
            now = self._clock.monotonic()
            wrong, blocked_until = self._sources.get(source, (0, 0.0))
            remaining = max(blocked_until, self._home_blocked_until) - now
            if remaining > 0:
                return math.ceil(remaining)
            self._wrong_in_a_row += 1
            if self._wrong_in_a_row >= limits.GUESSES_FREE_OF_HOME:
                self._home_blocked_until = now + limits.GUESS_SECONDS_OF_HOME
            wrong += 1
            self._sources.pop(source, None)
            delay = 0.0
            if wrong >= limits.GUESSES_FREE:
                delay = min(2.0 ** min(wrong - limits.GUESSES_FREE + 1, 20), limits.GUESS_SECONDS_MAX)
            self._sources[source] = (wrong, now + delay if delay else 0.0)
            while len(self._sources) > limits.GUESS_SOURCES:
                self._sources.popitem(last=False)
            return 0

    def succeeded(self, source: str) -> None:
        """Forget the source's wrong tries, and that there were many in a row."""
        with self._lock:
            self._wrong_in_a_row = 0
            self._home_blocked_until = float("-inf")
            self._sources.pop(source, None)
