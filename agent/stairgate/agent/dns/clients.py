"""Which MAC address asks: the kernel's neighbour table of one interface, listened to, and read when somebody is new.

It decides how often the table is read: an address that nobody knows costs at most ten readings a second, whoever
invents addresses. Whose a MAC address is, is `devices`'s part.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from stairgate.agent.discovery import Sighting
from stairgate.agent.dns.loop import Loop
from stairgate.agent.grants import mac_key
from stairgate.agent.limits import ASK_NEIGHBOURS_SECONDS, CLIENTS_REMEMBERED
from stairgate.agent.neighbours import Neighbours


class AddressBook(Protocol):
    """Who has which address on one interface."""

    def mac_of(self, address: str) -> bytes | None:
        """The MAC address behind an address in its usual text form, None when nobody knows."""

    def close(self) -> None:
        """Free what it holds."""


class FixedBook:
    """See AddressBook; for benchmarks and tests on loopback, which has no neighbours. known: text forms of both."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = {address: mac_key(mac) for address, mac in known.items()}

    def mac_of(self, address: str) -> bytes | None:
        """See AddressBook."""
        return self._known.get(address)

    def close(self) -> None:
        """See AddressBook."""


class NeighbourBook:
    """See AddressBook. changed: called with an address whose MAC address is another than before. Raises OSError."""

    def __init__(self, interface: str, loop: Loop, changed: Callable[[str], None]) -> None:
        self._neighbours = Neighbours((interface,))
        self._loop, self._changed = loop, changed
        self._known: dict[str, bytes] = {}
        self._next_reading = float("-inf")
        loop.add(self._neighbours, self._readable)

    def mac_of(self, address: str) -> bytes | None:
        """See AddressBook."""
        known = self._known.get(address)
        if known is None and self._loop.now >= self._next_reading:
            self._next_reading = self._loop.now + ASK_NEIGHBOURS_SECONDS
            for sighting in self._neighbours.table():
                self._note(sighting)
            known = self._known.get(address)
        return known

    def close(self) -> None:
        """See AddressBook."""
        self._loop.remove(self._neighbours)

    def _readable(self, events: int) -> None:
        for sighting in self._neighbours.news():
            self._note(sighting)

    def _note(self, sighting: Sighting) -> None:
        mac = mac_key(sighting.mac)
        if self._known.get(sighting.address) == mac:
            return
        self._known.pop(sighting.address, None)
        if len(self._known) >= CLIENTS_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[sighting.address] = mac
        self._changed(sighting.address)
