"""Questions that go upstream by TCP, because the answer did not fit a datagram or came misspelled.

It decides how one question travels over one connection; whether the answer is one is `upstream`'s part, which also
ends what takes too long. RFC 7766, 8: two bytes of length before each message.
"""

import errno
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from stairgate.agent.dns.loop import READ, WRITE, Loop
from stairgate.agent.limits import UPSTREAM_CONNECTIONS

if TYPE_CHECKING:
    from stairgate.agent.dns.upstream import Asked

_CHUNK_BYTES = 16384


class _Connection:
    __slots__ = ("received", "socket", "unsent")

    def __init__(self, made: socket.socket, unsent: bytes) -> None:
        self.socket, self.unsent = made, unsent
        self.received = bytearray()


class TcpQuestions:
    """done: called with the question and the message that came, b"" when the connection failed."""

    def __init__(self, loop: Loop, done: Callable[["Asked", bytes], None]) -> None:
        self._loop, self._done = loop, done
        self._connections: dict[Asked, _Connection] = {}

    def ask(self, asked: "Asked", address: tuple[str, int]) -> bool:
        """Begin; False when there are too many connections, or none can be made."""
        if len(self._connections) >= UPSTREAM_CONNECTIONS or asked in self._connections:
            return False
        packet = asked.packet()
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        if made.connect_ex(address) not in (0, errno.EINPROGRESS):
            made.close()
            return False
        connection = _Connection(made, len(packet).to_bytes(2, "big") + packet)
        self._connections[asked] = connection
        self._loop.add(made, lambda events: self._ready(asked, connection, events), WRITE)
        return True

    def give_up(self, asked: "Asked") -> None:
        """Close the question's connection, if it has one."""
        connection = self._connections.pop(asked, None)
        if connection:
            self._loop.remove(connection.socket)

    def _end(self, asked: "Asked", message: bytes) -> None:
        self.give_up(asked)
        self._done(asked, message)

    def _ready(self, asked: "Asked", connection: _Connection, events: int) -> None:
        try:
            if connection.unsent:
                connection.unsent = connection.unsent[connection.socket.send(connection.unsent) :]
                if not connection.unsent:
                    self._loop.change(connection.socket, READ)
                return
            chunk = connection.socket.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._end(asked, b"")
            return
        connection.received += chunk
        size = 2 + int.from_bytes(connection.received[:2], "big")
        if len(connection.received) >= size > 2:
            self._end(asked, bytes(connection.received[2:size]))
        elif not chunk:
            self._end(asked, b"")
