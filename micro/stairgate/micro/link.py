"""The toy's connection: TCP without blocking, TLS that verifies the other side by name, one MQTT session upon it.

It decides how bytes travel and never waits in a read: each step takes what is there. What must come until when is
`mqtt`'s part, when to try again `sync`'s. The module `tls` verifies by default; `ssl` and its wrappers do not,
and are never used here. A handshake's longest part is one computation of the TLS library, in which nothing else runs.
"""

import asyncio
import select
import socket

from stairgate.micro.limits import CONNECT_MS, IDLE_MS, READ_BYTES
from stairgate.micro.mqtt import Broken, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any  # noqa: TID251

    from stairgate.micro.mqtt import Message

    Ticks = Callable[[], int]


def sec1(scalar: int, point: bytes) -> bytes:
    """The DER of a private key on P-256 (RFC 5915): MicroPython's TLS takes no raw number."""
    curve = b"\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
    return b"\x30\x77\x02\x01\x01\x04\x20" + scalar.to_bytes(32, "big") + curve + b"\xa1\x44\x03\x42\x00" + point


def context(authority: bytes, certificate: bytes, key: bytes) -> "Any":
    """A TLS context that trusts this authority only and shows this certificate (DER, all). Raises ValueError."""
    import tls  # type: ignore[import-not-found]  # only MicroPython has it

    made = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    made.verify_mode = tls.CERT_REQUIRED
    made.load_verify_locations(authority)
    made.load_cert_chain(certificate, key)
    return made


async def connected(host: str, port: int, ticks: "Ticks") -> "Any":
    """A TCP connection that never blocks. Raises OSError. A name is looked up by the board, which may block it."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    made = socket.socket(family, kind)
    try:
        made.setblocking(False)
        try:
            made.connect(address)
        except OSError:
            pass  # in progress, each system's own number for it; whether it comes about shows when it is used
        poll = select.poll()
        poll.register(made, select.POLLOUT)
        until = ticks() + CONNECT_MS
        while not poll.poll(0):
            if ticks() > until:
                raise OSError(110)
            await asyncio.sleep(IDLE_MS / 1000)
    except BaseException:
        made.close()
        raise
    return made


class Link:
    """One connection to a broker. `session`: its MQTT side."""

    def __init__(self, stream: "Any", session: "Session", ticks: "Ticks") -> None:
        self.session = session
        self._stream = stream
        self._ticks = ticks
        self._rest = b""

    def step(self) -> "list[Message]":
        """Send what can be sent, take what is there. Raises Broken, OSError, and ValueError for a wrong host."""
        session, now = self.session, self._ticks()
        session.check(now)
        while self._rest or session.out:
            self._rest = self._rest or session.out.pop(0)
            sent = self._stream.write(self._rest)
            if not sent:
                break  # whoever takes nothing answers nothing either, and that is what has a deadline
            self._rest = self._rest[sent:]
        data = self._stream.read(READ_BYTES)
        if data is None:
            return []
        if not data:
            raise Broken("closed")
        return session.receive(data, now)

    def close(self) -> None:
        """End it."""
        try:
            self._stream.close()
        except OSError:
            pass


async def opened(host: str, port: int, trust: "Any", client: str, subscription: str, ticks: "Ticks") -> Link:
    """A link whose broker proved to be `host` by the context `trust`; the handshake goes on in its steps.

    Raises OSError, ValueError.
    """
    plain = await connected(host, port, ticks)
    try:
        secure = trust.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    except BaseException:
        plain.close()
        raise
    return Link(secure, Session(client, subscription, ticks(), CONNECT_MS), ticks)
