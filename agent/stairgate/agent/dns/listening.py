"""The sockets of each LAN interface: opened when it is there, and again when it was made anew.

It decides when to look: every two seconds. A bridge that a router deletes and makes again has another number, and
sockets bound to the old one hear nothing more. What the sockets do is `server`'s, `tcp`'s and `probes`' part.
"""

import logging
import socket
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from stairgate.agent.dns.clients import AddressBook
from stairgate.agent.dns.loop import Loop
from stairgate.agent.dns.probes import ProbeServer
from stairgate.agent.dns.server import UdpServer
from stairgate.agent.dns.service import Service
from stairgate.agent.dns.tcp import TcpServer
from stairgate.agent.limits import INTERFACE_SECONDS

log = logging.getLogger("stairgate.agent")

BookOf = Callable[[str, Callable[[str], None]], AddressBook]


class Closable(Protocol):
    """What is opened for an interface."""

    def close(self) -> None:
        """Free it."""


class Ports(NamedTuple):
    """Where names are asked for, and connectivity checked."""

    names: int
    probes: int


class Interface:
    """All sockets of one interface. number: the kernel's, of when they were opened. Raises OSError."""

    def __init__(self, loop: Loop, service: Service, name: str, ports: Ports, book_of: BookOf) -> None:
        self.number = socket.if_nametoindex(name)
        self._servers: list[UdpServer] = []
        self._opened: list[Closable] = []
        book = book_of(name, self._changed)
        self._opened.append(book)
        try:
            self._listen(loop, service, book, socket.AF_INET, name, ports)
            self._opened.append(ProbeServer(loop, name, ports.probes))
            if socket.has_ipv6:
                self._listen(loop, service, book, socket.AF_INET6, name, ports)
        except OSError:
            self.close()
            raise

    def _listen(self, loop: Loop, service: Service, book: AddressBook, family: int, name: str, ports: Ports) -> None:
        try:
            datagrams = UdpServer(loop, service, book, family, name, ports.names)
            self._opened.append(datagrams)
            self._servers.append(datagrams)
            self._opened.append(TcpServer(loop, service, book, family, name, ports.names))
        except OSError as error:
            if family == socket.AF_INET:
                raise
            log.warning("no names over IPv6 on %s: %s", name, error)  # switched off in this kernel

    def _changed(self, address: str) -> None:
        for server in self._servers:
            server.forget(address)

    def close(self) -> None:
        """Free all of them."""
        for one in reversed(self._opened):
            one.close()
        self._opened.clear()


class Listening:
    """Every interface that is there."""

    def __init__(self, loop: Loop, service: Service, names: Sequence[str], ports: Ports, book_of: BookOf) -> None:
        self._loop, self._service, self._names = loop, service, names
        self._ports, self._book_of = ports, book_of
        self._open: dict[str, Interface] = {}
        self._told: set[str] = set()
        self._look(loop.now)
        loop.at_times(self._look)

    def is_open(self) -> bool:
        """True when names are answered on some interface."""
        return bool(self._open)

    def _look(self, now: float) -> float:
        for name in self._names:
            held = self._open.get(name)
            try:
                if held and held.number == socket.if_nametoindex(name):
                    continue
                if held:
                    self._open.pop(name).close()
                self._open[name] = Interface(self._loop, self._service, name, self._ports, self._book_of)
                self._told.discard(name)
            except OSError as error:
                if name not in self._told:
                    self._told.add(name)
                    log.warning("no names are answered on %s: %s", name, error)
        return now + INTERFACE_SECONDS
