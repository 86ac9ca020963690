"""Sockets to one upstream server, each with a random port that is not kept for long (RFC 5452, 9.2).

It decides which socket carries the next question and when a port has served its time. What is asked, and whether what
comes is an answer, is `upstream`'s part. A connected socket takes datagrams of its server alone: the kernel checks the
source.
"""

import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from stairgate.agent.dns.loop import Loop
from stairgate.agent.limits import PORT_SECONDS, PORT_USES, PORTS, PORTS_CLOSING

if TYPE_CHECKING:
    from stairgate.agent.dns.upstream import Asked

_CHANCE_BYTES = 4096


class Chance:
    """Bytes that nobody can foresee, taken from the kernel by the page: a system call for each would cost more."""

    def __init__(self) -> None:
        self._bytes, self._at = b"", 0

    def take(self, count: int) -> bytes:
        """So many bytes; at most 256."""
        at = self._at
        if at + count > len(self._bytes):
            self._bytes, at = os.urandom(_CHANCE_BYTES), 0
        self._at = at + count
        return self._bytes[at : at + count]


class Port:
    """One connected socket. outstanding: questions under way on it, by their id."""

    __slots__ = ("outstanding", "socket", "until", "uses")

    def __init__(self, connected: socket.socket, until: float) -> None:
        self.socket, self.until = connected, until
        self.outstanding: dict[bytes, Asked] = {}
        self.uses = 0


class Ports:
    """The sockets to a server. readable: called with a port that has something to read."""

    def __init__(
        self, loop: Loop, address: tuple[str, int], chance: Chance, readable: Callable[[Port, int], None]
    ) -> None:
        self._loop, self._address, self._chance, self._readable = loop, address, chance, readable
        self._family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._open: list[Port | None] = [None] * PORTS
        self._closing: set[Port] = set()

    def pick(self, now: float) -> Port:
        """A socket for one more question. Raises OSError."""
        place = self._chance.take(1)[0] % PORTS
        port = self._open[place]
        if port is None or port.uses >= PORT_USES or port.until <= now:
            port = self._renewed(place, port, now)
        port.uses += 1
        return port

    def _renewed(self, place: int, old: Port | None, now: float) -> Port:
        if old is not None:
            if old.outstanding and len(self._closing) >= PORTS_CLOSING:
                return old
            self._open[place] = None
            self._closing.add(old)
            self.settle(old)
        made = socket.socket(self._family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            made.connect(self._address)  # the kernel takes a random port
        except OSError:
            made.close()
            raise
        port = Port(made, now + PORT_SECONDS)
        self._open[place] = port
        self._loop.add(made, lambda events: self._readable(port, events))
        return port

    def settle(self, port: Port) -> None:
        """Close a port that has served its time, once nothing is outstanding on it."""
        if port in self._closing and not port.outstanding:
            self._closing.discard(port)
            self._loop.remove(port.socket)
