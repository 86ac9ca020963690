"""The seam to the LAN: what the kernel and the DHCP servers have seen, gathered without waiting for any of them.

It decides who is asked how often. `HomeLookout` is the real one; `lookout_fake.FakeLookout` stands in for it in tests.
What is made of sightings is `discovery`'s part.
"""

from collections.abc import Sequence
from typing import Protocol

from stairgate.agent.discovery import Sighting
from stairgate.agent.leases import LeaseFile, OdhcpdLeases
from stairgate.agent.limits import LEASE_SECONDS, SLOW_POLL_SECONDS, UBUS_AGAIN_SECONDS, UBUS_EVERY_SECONDS
from stairgate.agent.neighbours import Neighbours


class Lookout(Protocol):
    """What the control loop needs to know who is there."""

    def watch(self) -> Sequence[int]:
        """Descriptors that become readable when `sightings` has news."""

    def sightings(self, now: float) -> list[Sighting]:
        """What was seen since the last call; never waits. now: monotonic seconds."""

    def newcomer(self, now: float) -> None:
        """A device was seen that nobody knew: its lease is worth a look."""


class HomeLookout:
    """See Lookout. interfaces: names of the LAN's; lease_file: dnsmasq's. Raises OSError."""

    def __init__(self, interfaces: Sequence[str], lease_file: str) -> None:
        self._neighbours = Neighbours(interfaces)
        self._lease_file = LeaseFile(lease_file)
        self._odhcpd = OdhcpdLeases(interfaces)
        self._next_table = self._next_file = self._next_ubus = self._last_ubus = float("-inf")

    def close(self) -> None:
        """Free sockets and processes."""
        self._neighbours.close()
        self._odhcpd.close()

    def watch(self) -> Sequence[int]:
        """See Lookout."""
        return (self._neighbours.fileno(),)

    def sightings(self, now: float) -> list[Sighting]:
        """See Lookout."""
        found = self._neighbours.news()
        if now >= self._next_table:
            # An interface may have come after its devices did.
            self._next_table = now + SLOW_POLL_SECONDS
            found += self._neighbours.table()
        if now >= self._next_file:
            self._next_file = now + LEASE_SECONDS
            found += self._lease_file.news()
        if now >= self._next_ubus:
            self._last_ubus, self._next_ubus = now, now + UBUS_EVERY_SECONDS
            self._odhcpd.ask(now)
        return found + self._odhcpd.news(now)

    def newcomer(self, now: float) -> None:
        """See Lookout."""
        self._next_ubus = min(self._next_ubus, max(now, self._last_ubus + UBUS_AGAIN_SECONDS))
