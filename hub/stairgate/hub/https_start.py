"""HTTPS of a hub put together: authority, certificate, offer and front, from when it starts until it ends.

Whatever goes wrong here is said once on the console, and the plain pages go on: they never depend on it. The keys are
made here, at the first start with HTTPS, and not before.
"""

import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

from stairgate.hub.connections import source_of
from stairgate.hub.https_front import HttpsFront, server_context
from stairgate.hub.https_offer import Certificate
from stairgate.hub.parts import Parts
from stairgate.provisioning.web_authority import OWN_NAME, WebAuthority

_log = logging.getLogger(__name__)


class HttpsCertificate:
    """The certificate of one hub's pages, kept fit for the addresses that the hub has."""

    def __init__(self, directory: Path, parts: Parts, port: int) -> None:
        """Open or make it. Raises OSError, ValueError."""
        self._parts = parts
        self._port = port
        self._authority = WebAuthority.open(directory, parts.home, sorted(parts.names), parts.clock.wall())
        self.fingerprint = self._authority.fingerprint
        self.context = self._context()[0]

    def renew(self) -> ssl.SSLContext | None:
        """New TLS settings where the certificate had to be made anew. Raises OSError, ValueError."""
        context, is_new = self._context()
        if is_new:
            _log.info("the pages have a new certificate")
        return context if is_new else None

    def _context(self) -> tuple[ssl.SSLContext, bool]:
        network = self._parts.network.reachable(self._port).addresses
        hosts = [*sorted(self._parts.names), *network, OWN_NAME]
        leaf, is_new = self._authority.leaf(hosts, self._parts.clock.wall())
        context = server_context(str(leaf.file))
        self._parts.https.open(self._port, leaf.hosts, Certificate(self._authority.der, self.fingerprint))
        return context, is_new


def open_https(
    parts: Parts, directory: Path, listeners: Sequence[socket.socket], announce: Callable[[str], None]
) -> HttpsFront | None:
    """The front on these bound sockets; None, with a line for the console, where it cannot be."""
    if not listeners:
        return None
    try:
        certificate = HttpsCertificate(directory, parts, listeners[0].getsockname()[1])
        inner = socket.socket()
        inner.bind(("127.0.0.1", 0))
    except (OSError, ValueError) as problem:
        announce(f"No HTTPS: {problem}")
        for listener in listeners:
            listener.close()
        return None
    announce(f"Certificate for phones, SHA-256: {certificate.fingerprint}")

    def whose(address: str) -> tuple[str, str]:
        source = source_of(address, parts.network.mac_of)
        return source, parts.network.mac_of(address) or source

    front = HttpsFront(listeners, inner, certificate.context, whose)

    def tick() -> None:
        if context := certificate.renew():
            front.context = context

    front.tick = tick
    return front
