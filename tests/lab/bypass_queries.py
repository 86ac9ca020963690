"""How a device of the bypass lab asks a resolver: every transport, and queries that a filter may misread.

It decides how the bytes go out and what came back; which resolver is asked for what is said by the rows. All functions
raise OSError (TimeoutError too) when nothing comes back, ValueError when it is no answer.
"""

import contextlib
import secrets
import socket
import ssl
import struct
from collections.abc import Iterator

from tests.lab import bypass_wire

SECONDS = 2.0
# A datagram may be lost, and a resolver that has just been started may still be reading its list.
TRIES = 2
FRAGMENT_BYTES = 16


def family_of(address: str) -> socket.AddressFamily:
    """The family of a literal address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def endpoint(address: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """What connect takes; a link-local address names its interface (`fe80::1%eth0`)."""
    if ":" not in address:
        return address, port
    host, _, interface = address.partition("%")
    return host, port, 0, socket.if_nametoindex(interface) if interface else 0


@contextlib.contextmanager
def connected(address: str, port: int, source: str = "", kind: int = socket.SOCK_STREAM) -> Iterator[socket.socket]:
    """A socket that talks to one far end, from an address of one's choice."""
    with socket.socket(family_of(address), kind) as made:
        made.settimeout(SECONDS)
        if source:
            made.bind((source, 0))
        made.connect(endpoint(address, port))
        yield made


def read_exactly(stream: socket.socket, count: int) -> bytes:
    """So many bytes. Raises EOFError when there are fewer."""
    data = b""
    while len(data) < count:
        part = stream.recv(count - len(data))
        if not part:
            raise EOFError(f"{len(data)} bytes of {count}")
        data += part
    return data


def by_datagram(query: bytes, server: str, port: int = 53, source: str = "") -> bytes:
    """Over UDP, tried twice."""
    with connected(server, port, source, socket.SOCK_DGRAM) as asking:
        asking.settimeout(SECONDS / TRIES)
        for last in (*[False] * (TRIES - 1), True):
            asking.send(query)
            try:
                return asking.recv(65536)
            except TimeoutError:
                if last:
                    raise
    raise TimeoutError


def with_options(query: bytes, server: str, port: int = 53) -> bytes:
    """Over UDP on IPv6, with a header between that a filter has to look behind (RFC 8200, 4.6)."""
    with connected(server, port, kind=socket.SOCK_DGRAM) as asking:
        # Padding of four bytes; next header and length are the kernel's part.
        asking.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, b"\0\0\x01\x04\0\0\0\0")
        asking.send(query)
        return asking.recv(65536)


def by_fragments(query: bytes, server: str, port: int = 53) -> bytes:
    """Over UDP on IPv4, as a row of IP fragments that cut the name in pieces (RFC 791, 3.2)."""
    with connected(server, port, kind=socket.SOCK_DGRAM) as asking:
        here = asking.getsockname()
        packet = struct.pack("!HHHH", here[1], port, 8 + len(query), 0) + query
        number = secrets.randbelow(65536)
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
            for at in range(0, len(packet), FRAGMENT_BYTES):
                part = packet[at : at + FRAGMENT_BYTES]
                more = 0x2000 if at + FRAGMENT_BYTES < len(packet) else 0
                addresses = socket.inet_aton(here[0]) + socket.inet_aton(server)
                head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(part), number, more | at // 8, 64, 17, 0) + addresses
                raw.sendto(head + part, (server, 0))
        return asking.recv(65536)


def framed(stream: socket.socket, query: bytes, split: bool = False) -> bytes:
    """A query with its length before it, and the answer (RFC 7766); split: one byte a segment."""
    message = struct.pack("!H", len(query)) + query
    if split:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(message)):
            stream.sendall(message[at : at + 1])
    else:
        stream.sendall(message)
    return read_exactly(stream, int.from_bytes(read_exactly(stream, 2), "big"))


def by_stream(query: bytes, server: str, port: int = 53, split: bool = False) -> bytes:
    """Over TCP."""
    with connected(server, port) as stream:
        return framed(stream, query, split)


def pipelined(query: bytes, harmless: bytes, server: str, port: int = 53) -> list[bytes]:
    """Over TCP, behind a harmless query in one segment; both answers, in whatever order (RFC 7766, 6.2.1.1)."""
    with connected(server, port) as stream:
        stream.sendall(b"".join(struct.pack("!H", len(each)) + each for each in (harmless, query)))
        return [read_exactly(stream, int.from_bytes(read_exactly(stream, 2), "big")) for _ in range(2)]


def by_tls(query: bytes, server: str, port: int, tls: ssl.SSLContext, host: str = "") -> bytes:
    """DNS over TLS (RFC 7858)."""
    with connected(server, port) as plain, tls.wrap_socket(plain, server_hostname=host or server) as stream:
        return framed(stream, query)


def by_https(query: bytes, server: str, port: int, tls: ssl.SSLContext, host: str = "") -> bytes:
    """DNS over HTTPS (RFC 8484)."""
    host = host or server
    head = f"POST /dns-query HTTP/1.0\r\nHost: {host}\r\nContent-Length: {len(query)}\r\n\r\n"
    with connected(server, port) as plain, tls.wrap_socket(plain, server_hostname=host) as stream:
        stream.sendall(head.encode() + query)
        answer = b""
        while part := stream.recv(65536):
            answer += part
    return answer.partition(b"\r\n\r\n")[2]


def look_up(name: str, family: str, server: str) -> tuple[str, ...]:
    """The addresses that a resolver gives for a name, none when it gives none."""
    kind = bypass_wire.AAAA if family == "v6" else bypass_wire.A
    return bypass_wire.read_answer(by_datagram(bypass_wire.question(name, kind), server)).addresses
