"""Who the hub is on its network and who its neighbours are: one seam, with its fake beside it.

A neighbour's hardware address is a hint for showing a page or exempting a parent's phone, never a proof of
who somebody is: a child can borrow an address.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Protocol

from stairgate.hub import kernel_tables
from stairgate.hub.clock import Clock
from stairgate.hub.compile import Reachable

_FRESH_SECONDS = 10.0
# One line of a policy holds 512 bytes: this many of each fit beside the rest.
_MACS_MAX = 8
_ADDRESSES_MAX = 6
_log = logging.getLogger(__name__)


class Network(Protocol):
    """The hub's place in its network."""

    def mac_of(self, address: str) -> str | None:
        """The hardware address behind a source address, None when the hub has not heard it itself."""

    def live_neighbours(self) -> Mapping[str, str]:
        """Network address -> hardware address of the neighbours that the hub has heard just now."""

    def infrastructure(self) -> frozenset[str]:
        """Hardware addresses that are no device of the family: the hub's own and those of its gateways."""

    def own_addresses(self) -> Sequence[str]:
        """Every address under which this machine may be called."""

    def reachable(self, port: int) -> Reachable:
        """What a policy says about the hub."""


def plain_address(address: str) -> str:
    """The address in its usual spelling: no IPv6 scope, no IPv4 in IPv6 clothes; empty when it is none."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)


class KernelNetwork:
    """The network as this machine's kernel tells it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at: float | None = None
        self._addresses: list[kernel_tables.OwnAddress] = []
        self._macs: list[str] = []
        self._gateways: tuple[str, ...] = ()

    def mac_of(self, address: str) -> str | None:
        """See `Network`."""
        try:
            return kernel_tables.neighbours().get(plain_address(address))
        except OSError as problem:
            _log.warning("reading the neighbour table: %s", problem.strerror)
            return None

    def live_neighbours(self) -> Mapping[str, str]:
        """See `Network`."""
        try:
            return kernel_tables.neighbours(live=True)
        except OSError as problem:
            _log.warning("reading the neighbour table: %s", problem.strerror)
            return {}

    def infrastructure(self) -> frozenset[str]:
        """See `Network`."""
        with self._lock:
            self._refresh()
            try:
                # Read anew: a gateway is often resolved after its route was there.
                heard = kernel_tables.neighbours() if self._gateways else {}
            except OSError as problem:
                _log.warning("reading the neighbour table: %s", problem.strerror)
                heard = {}
            return frozenset(self._macs) | {heard[address] for address in self._gateways if address in heard}

    def own_addresses(self) -> Sequence[str]:
        """See `Network`."""
        with self._lock:
            self._refresh()
            return [own.address for own in self._addresses]

    def reachable(self, port: int) -> Reachable:
        """See `Network`."""
        with self._lock:
            self._refresh()
            addresses = [
                own.address
                for own in self._addresses
                if own.lasting and not ip_address(own.address).is_loopback and not ip_address(own.address).is_link_local
            ]
            return Reachable(
                tuple(self._macs[:_MACS_MAX]),
                # IPv4 first: those are what people type.
                tuple(sorted(addresses, key=lambda text: (":" in text, text))[:_ADDRESSES_MAX]),
                port,
            )

    def _refresh(self) -> None:
        now = self._clock.monotonic()
        if self._read_at is not None and 0 <= now - self._read_at < _FRESH_SECONDS:
            return
        try:
            self._addresses, self._macs = kernel_tables.own_addresses(), kernel_tables.own_macs()
            self._gateways = tuple(kernel_tables.gateways())
        except OSError as problem:
            _log.warning("reading the own addresses: %s", problem.strerror)
        self._read_at = now


class MemoryNetwork:
    """A network that says what a test wrote down."""

    def __init__(self, neighbours: Mapping[str, str] | None = None, own: Sequence[str] = ("127.0.0.1",)) -> None:
        self.neighbours = dict(neighbours or {})
        self.own = list(own)
        self.macs: tuple[str, ...] = ()
        self.gateways: frozenset[str] = frozenset()

    def live_neighbours(self) -> Mapping[str, str]:
        """See `Network`."""
        return dict(self.neighbours)

    def infrastructure(self) -> frozenset[str]:
        """See `Network`."""
        return self.gateways | frozenset(self.macs)

    def mac_of(self, address: str) -> str | None:
        """See `Network`."""
        return self.neighbours.get(plain_address(address))

    def own_addresses(self) -> Sequence[str]:
        """See `Network`."""
        return self.own

    def reachable(self, port: int) -> Reachable:
        """See `Network`."""
        return Reachable(self.macs, tuple(self.own), port)
