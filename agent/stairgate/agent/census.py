"""Who is on the LAN, told to the hub: everybody at each connect, what is new within a second, and nothing else.

It decides when something is told. What is seen comes from a `Lookout`, what is news is `discovery`'s, and how it is put
into messages `outbox`'s.
"""

from stairgate.agent.discovery import Discovery
from stairgate.agent.limits import TELL_ROWS, TELL_SECONDS
from stairgate.agent.lookout import Lookout
from stairgate.agent.outbox import Outbox


class Census:
    """Call `turn` at every turn of the loop, and `connected` when a connection has begun."""

    def __init__(self, lookout: Lookout, outbox: Outbox) -> None:
        self._lookout, self._outbox = lookout, outbox
        self._discovery = Discovery()
        self._next_telling = float("-inf")

    def turn(self, now: float) -> None:
        """Look, and tell what is new: the first at once, more of it together. now: monotonic seconds."""
        self._look(now)
        if now >= self._next_telling and self._discovery.has_news():
            self._next_telling = now + TELL_SECONDS
            self._outbox.seen(self._discovery.news(TELL_ROWS))

    def connected(self, now: float) -> None:
        """Tell everything: what was told before may not have arrived."""
        self._look(now)
        self._outbox.seen(self._discovery.everything())

    def _look(self, now: float) -> None:
        if self._discovery.note(self._lookout.sightings(now)):
            self._lookout.newcomer(now)
