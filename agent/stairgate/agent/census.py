"""Who is on the LAN, told to the hub: everybody at each connect and every half hour, what is new within a second.

It decides when something is told. A hub keeps in memory what it was told, so one that was started again knows the home
again within half an hour, though the connection to the broker never ended. What is seen comes from a `Lookout`, what
is news is `discovery`'s, and how it is put into messages `outbox`'s.
"""

from stairgate.agent.discovery import Discovery
from stairgate.agent.limits import EVERYBODY_SECONDS, TELL_ROWS, TELL_SECONDS
from stairgate.agent.lookout import Lookout
from stairgate.agent.outbox import Outbox


class Census:
    """Call `turn` at every turn of the loop, and `connected` when a connection has begun."""

    def __init__(self, lookout: Lookout, outbox: Outbox) -> None:
        self._lookout, self._outbox = lookout, outbox
        self._discovery = Discovery()
        self._next_telling = float("-inf")
        self._next_everybody = float("inf")

    def turn(self, now: float) -> None:
        """Look, and tell what is new: the first at once, more of it together. now: monotonic seconds."""
        self._look(now)
        if now >= self._next_everybody:
            self._tell_everybody(now)
        elif now >= self._next_telling and self._discovery.has_news():
            self._next_telling = now + TELL_SECONDS
            self._outbox.seen(self._discovery.news(TELL_ROWS))

    def connected(self, now: float) -> None:
        """Tell everything: what was told before may not have arrived."""
        self._look(now)
        self._tell_everybody(now)

    def _tell_everybody(self, now: float) -> None:
        self._next_everybody = now + EVERYBODY_SECONDS
        self._outbox.seen(self._discovery.everything())

    def _look(self, now: float) -> None:
        if self._discovery.note(self._lookout.sightings(now)):
            self._lookout.newcomer(now)
