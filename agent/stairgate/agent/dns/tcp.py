"""Queries by TCP (RFC 7766): several on one connection, answered as they are ready, within bounds for each client.

It decides how long a connection may be silent, how many a client may have and how much may lie unsent; what an answer
is, is `service`'s part. Whoever does not read is hung up on.
"""

import socket
from typing import Any

from stairgate.agent.dns.clients import AddressBook
from stairgate.agent.dns.loop import READ, WRITE, Loop
from stairgate.agent.dns.message import HEADER, QR
from stairgate.agent.dns.server import open_socket
from stairgate.agent.dns.service import Service
from stairgate.agent.limits import (
    TCP_CONNECTIONS,
    TCP_CONNECTIONS_A_CLIENT,
    TCP_IDLE_SECONDS,
    TCP_QUERIES,
    TCP_UNSENT_BYTES,
)

_CHUNK_BYTES = 8192
_ACCEPTED_A_TURN = 16
_LENGTH = 2


class Connection:
    """One client's. See service.Path: the source of its queries is the connection itself."""

    is_stream = True

    def __init__(self, made: socket.socket, address: str, server: "TcpServer", loop: Loop) -> None:
        self.socket, self.address = made, address
        self._server, self._loop = server, loop
        self._received, self._unsent = bytearray(), bytearray()
        self._open = True
        self.is_answering = False
        self.waiting = 0
        self.quiet_since = loop.now

    def close(self) -> None:
        """Hang up, once."""
        if self._open:
            self._open = False
            self._loop.remove(self.socket)
            self._server.closed(self)

    def send(self, answer: bytes, source: Any, info: object) -> None:
        """See service.Path. It makes room for one more query, which may have come already."""
        self.push(answer)
        if not self.is_answering:
            self._server.answer(self)

    def push(self, answer: bytes) -> None:
        """Send an answer."""
        self.waiting -= 1
        if not self._open:
            return
        self._unsent += len(answer).to_bytes(_LENGTH, "big") + answer
        self.flush()

    def flush(self) -> None:
        """Send what the client takes; hang up when too much lies here."""
        try:
            while self._unsent:
                del self._unsent[: self.socket.send(self._unsent)]
                self.quiet_since = self._loop.now
        except BlockingIOError:
            if len(self._unsent) > TCP_UNSENT_BYTES:
                self.close()
                return
        except OSError:
            self.close()
            return
        self._wait()

    def _wait(self) -> None:
        if self._open:
            wants = READ if self.waiting < TCP_QUERIES and not self._unsent else 0
            self._loop.change(self.socket, wants | (WRITE if self._unsent else 0))

    def receive(self) -> bool:
        """Take what came; False when the connection is over."""
        try:
            chunk = self.socket.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            chunk = b""
        if not chunk:
            self.close()
            return False
        self._received += chunk
        return True

    def next_message(self) -> bytes | None:
        """The next whole message, unless too many wait already."""
        if not self._open or self.waiting >= TCP_QUERIES or len(self._received) < _LENGTH:
            return None
        size = _LENGTH + int.from_bytes(self._received[:_LENGTH], "big")
        if len(self._received) < size:
            return None
        message = bytes(self._received[_LENGTH:size])
        del self._received[:size]
        self.waiting += 1
        self.quiet_since = self._loop.now
        return message


class TcpServer:
    """Connections of one family on one interface. Raises OSError."""

    def __init__(self, loop: Loop, service: Service, book: AddressBook, family: int, interface: str, port: int) -> None:
        self._loop, self._service, self._book = loop, service, book
        self._socket = open_socket(family, socket.SOCK_STREAM, interface, port)
        # Connections inherit it: what a client does not read must not fill the kernel's memory either.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, TCP_UNSENT_BYTES)
        self._socket.listen(64)
        self._connections: set[Connection] = set()
        self._next_look = 0.0
        loop.add(self._socket, self._acceptable)
        loop.at_times(self._tick)

    def close(self) -> None:
        """Stop listening, and hang up on everybody."""
        self._loop.forget(self._tick)
        self._loop.remove(self._socket)
        for connection in list(self._connections):
            connection.close()

    def _acceptable(self, events: int) -> None:
        for _ in range(_ACCEPTED_A_TURN):
            try:
                made, source = self._socket.accept()
            except OSError:
                return
            made.setblocking(False)
            address = source[0]
            of_client = sum(other.address == address for other in self._connections)
            if len(self._connections) >= TCP_CONNECTIONS or of_client >= TCP_CONNECTIONS_A_CLIENT:
                made.close()
                continue
            connection = Connection(made, address, self, self._loop)
            self._connections.add(connection)
            self._loop.add(made, lambda events, one=connection: self._ready(one, events))  # type: ignore[misc]

    def _ready(self, connection: Connection, events: int) -> None:
        if events & WRITE:
            connection.flush()
        if events & ~WRITE and not connection.receive():
            return
        self.answer(connection)

    def closed(self, connection: Connection) -> None:
        """It is no more."""
        self._connections.discard(connection)

    def answer(self, connection: Connection) -> None:
        """Answer what has come, or begin to."""
        subject = self._service.subject_of(self._book.mac_of(connection.address))
        connection.is_answering = True
        while (message := connection.next_message()) is not None:
            try:
                answer = self._service.answer(message, subject, connection, connection, None)
            except Exception as error:
                self._loop.failed(error)
                connection.close()
                break
            if answer is not None:
                connection.push(answer)
            elif is_dropped(message):
                connection.close()
        connection.is_answering = False

    def _tick(self, now: float) -> float:
        if now >= self._next_look:
            self._next_look = now + 1.0
            for connection in [one for one in self._connections if now - one.quiet_since > TCP_IDLE_SECONDS]:
                connection.close()
        return self._next_look


def is_dropped(message: bytes) -> bool:
    """True for what never gets an answer: less than a header, or a response."""
    return len(message) < HEADER.size or bool(message[2] & QR >> 8)
