"""Connections to the public internet only: a host is resolved once, judged, and connected to by that very address.

It decides which addresses are public, so that a list's address (or what a server redirects to) never makes the hub
ask a device of the home. What is asked over a connection is `source_fetch`'s part. Certificates are always verified.
"""

import contextlib
import socket
import ssl
from collections.abc import Callable, Collection, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

#: DNS64 puts public IPv4 addresses in here where a home has IPv6 only (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")
_ADDRESSES_TRIED = 4

#: What `socket.getaddrinfo` answers with.
Resolved = Sequence[tuple[int, str]]


class NotPublic(OSError):
    """The host has no address outside the home."""


def is_public(address: str) -> bool:
    """True for an address of the public internet; also what IPv6 wraps around another one has to be public."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found in _NAT64:
            return is_public(str(ip_address(found.packed[12:])))
        wrapped = found.ipv4_mapped or found.sixtofour or (found.teredo and found.teredo[1])
        if wrapped:
            return is_public(str(wrapped))
    return found.is_global and not found.is_multicast and not found.is_reserved


def is_outside(address: str, own: Collection[str]) -> bool:
    """True for a public address that is neither one of our own nor beside one: in IPv6 the home's are global, too."""
    if not is_public(address):
        return False
    return _network_of(address) not in {_network_of(each) for each in own}


def outside_of(own: Callable[[], Collection[str]]) -> Callable[[str], bool]:
    """`is_outside` of whatever addresses are our own at the moment; for `PublicHttp.allows`."""
    return lambda address: is_outside(address, own())


def _network_of(address: str) -> IPv4Network | IPv6Network | None:
    """A home's link: in IPv6 its /64 (RFC 4291, 2.5.4), in IPv4 the address alone."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return ip_network((found, 64 if found.version == 6 else 32), strict=False)


def resolve(host: str, port: int) -> Resolved:
    """(family, address) of a host, in the system's order. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((int(family), str(place[0])) for family, _, _, _, place in found))


class PublicHttp:
    """Opens connections. `close` from another thread ends the one that is open.

    resolver, allows: stand in for the internet in tests. trust: whose certificates are believed; the system's.
    """

    def __init__(
        self,
        resolver: Callable[[str, int], Resolved] = resolve,
        allows: Callable[[str], bool] = is_public,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._resolver = resolver
        self._allows = allows
        self._trust = trust
        self._open: socket.socket | None = None

    def connect(self, scheme: str, host: str, port: int, seconds: float) -> socket.socket:
        """A connected socket, over TLS for `https`; `seconds` bounds each wait. Raises OSError, `NotPublic`."""
        addresses = [place for place in self._resolver(host, port) if self._allows(place[1])]
        if not addresses:
            raise NotPublic(f"expected a public address of {host}")
        problem: OSError = NotPublic(host)
        for family, address in addresses[:_ADDRESSES_TRIED]:
            plain: socket.socket = socket.socket(family, socket.SOCK_STREAM)
            self._open = plain
            try:
                plain.settimeout(seconds)
                plain.connect((address, port))
                if scheme != "https":
                    return plain
                self._open = secured = self._context().wrap_socket(
                    plain, server_hostname=host, do_handshake_on_connect=False
                )
                plain = secured
                secured.do_handshake()
                return secured
            except ssl.SSLError:
                # Another address of a host whose certificate is wrong is none to try.
                plain.close()
                raise
            except OSError as trouble:
                plain.close()
                problem = trouble
        raise problem

    def close(self) -> None:
        """End the connection that is open, whatever it waits for."""
        if held := self._open:
            # Below TLS, whose own state belongs to the thread that reads.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(held, socket.SHUT_RDWR)

    def _context(self) -> ssl.SSLContext:
        if self._trust is None:
            self._trust = ssl.create_default_context()
        return self._trust
