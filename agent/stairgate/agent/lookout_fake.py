"""A LAN in memory for tests: who is put there is seen once.

It decides nothing.
"""

from collections.abc import Sequence

from stairgate.agent.discovery import Sighting


class FakeLookout:
    """See `lookout.Lookout`. seen: what the next call tells; newcomers: when somebody new was noticed."""

    def __init__(self) -> None:
        self.seen: list[Sighting] = []
        self.newcomers: list[float] = []

    def watch(self) -> Sequence[int]:
        """See Lookout."""
        return ()

    def sightings(self, now: float) -> list[Sighting]:
        """See Lookout."""
        told, self.seen = self.seen, []
        return told

    def newcomer(self, now: float) -> None:
        """See Lookout."""
        self.newcomers.append(now)
