"""How often one device may ask: why a name is blocked, too seldom to try out a whole list; or a parent for something.

It counts in RAM, by source, and keeps no names.
"""

import threading
from collections import OrderedDict

from stairgate.hub import limits
from stairgate.hub.clock import Clock


class AskingPace:
    """The asks of the last while, by source: `most` in `seconds`. Safe for threads."""

    def __init__(self, clock: Clock, most: int = limits.WHY_ASKS, seconds: float = limits.WHY_SECONDS) -> None:
        self._clock = clock
        self._most = most
        self._seconds = seconds
        self._lock = threading.Lock()
        self._asked: OrderedDict[str, list[float]] = OrderedDict()

    def may_ask(self, source: str) -> bool:
        """Whether this source may ask now; counts the ask when it may."""
        now = self._clock.monotonic()
        with self._lock:
            times = [at for at in self._asked.pop(source, []) if now - at < self._seconds]
            allowed = len(times) < self._most
            self._asked[source] = [*times, now] if allowed else times
            while len(self._asked) > limits.WHY_SOURCES:
                self._asked.popitem(last=False)
        return allowed
