"""What a device of the bypass lab can try: each function one way out, or one thing that must go on working.

They decide whether it was reached, by the mark of the far end and the address that it says it is; nothing is reached
because something answered. They take plain values, as they come from a row, and return (reached, what was seen).
"""

import socket
import ssl
import struct
import time
from collections.abc import Callable, Sequence

from tests.lab import bypass_queries, bypass_wire, dhcp_client
from tests.lab.bypass_places import MARK
from tests.lab.bypass_queries import SECONDS, connected, read_exactly
from tests.lab.network import HOME, ROUTER_V4

Tried = tuple[bool, str]
ECHO_REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
HIDDEN = b"hidden in it"


class Unresolved(Exception):
    """The home's resolver gives no address for a name."""


class Device:
    """One device: the attempts, and what it holds on to between them."""

    def __init__(
        self, name: str, mac: str, authority: str, privacy: str = "", static: str = "", stolen: str = ""
    ) -> None:
        self._name, self._mac = name, mac
        # Its addresses beside the usual ones, by the word that rows have for them.
        self._own = {"": "", "privacy": privacy, "static": static, "stolen": stolen}
        self._tls = ssl.create_default_context(cafile=authority)
        self._held: dict[str, str] = {}
        self._streams: dict[str, socket.socket] = {}
        # Answers are broadcast: several devices ask at the same time, and each must know its own.
        vars(dhcp_client)["TRANSACTION"] = int.from_bytes(bytes.fromhex(mac.replace(":", ""))[2:], "big")

    def address(self, to: str, family: str) -> str:
        """A literal, an address held from before (`held:KEY`), or a name that the home's resolver is asked for."""
        if to.startswith("held:"):
            return self._held[to.removeprefix("held:")]
        if ":" in to or to[-1].isdigit():
            return to
        addresses = bypass_queries.look_up(to, family, ROUTER_V4)
        if not addresses:
            raise Unresolved(f"{to} is not resolved")
        return addresses[0]

    def dns(
        self,
        server: str,
        name: str,
        want: Sequence[str],
        type: str = "A",
        via: str = "udp",
        port: int = 53,
        trick: str = "",
        host: str = "",
        source: str = "",
    ) -> Tried:
        """Ask a resolver. Reached: the answer has an address of `want`, a record of a type in it (`type64`), ECH
        (`ech`), any address (`address`), or, for `prompt`, is there at all and without an address.
        """
        query = bypass_wire.question(name, bypass_wire.TYPES[type], trick)
        ways: dict[str, Callable[[], bytes]] = {
            "udp": lambda: bypass_queries.by_datagram(query, server, port, self._own[source]),
            "fragments": lambda: bypass_queries.by_fragments(query, server, port),
            "options": lambda: bypass_queries.with_options(query, server, port),
            "tcp": lambda: bypass_queries.by_stream(query, server, port),
            "pipelined": lambda: self._second(query, server, port),
            "held": lambda: bypass_queries.framed(self._streams[server], query),
            "split": lambda: bypass_queries.by_stream(query, server, port, split=True),
            "tls": lambda: bypass_queries.by_tls(query, self.address(server, "v4"), port, self._tls, host),
            "https": lambda: bypass_queries.by_https(query, self.address(server, "v4"), port, self._tls, host),
        }
        seen = bypass_wire.read_answer(ways[via]())
        found = {*seen.addresses, *(f"type{kind}" for kind in seen.types)}
        found |= {"ech"} if seen.ech else set()
        found |= {"address"} if seen.addresses else {"prompt"}
        return bool(found & set(want)), seen.told()

    def _second(self, query: bytes, server: str, port: int) -> bytes:
        harmless = bypass_wire.question("www.example.org", bypass_wire.A)
        found = bypass_queries.pipelined(query, harmless, server, port)
        return next(answer for answer in found if answer[:2] == query[:2])

    def connect(self, key: str, to: str, port: int) -> Tried:
        """Open a connection and hold it, for `dns` with `held`."""
        self._streams[key] = stream = socket.socket(bypass_queries.family_of(to), socket.SOCK_STREAM)
        stream.settimeout(SECONDS)
        stream.connect((to, port))
        return True, "connected"

    def hold(self, key: str, to: str, family: str = "v4") -> Tried:
        """Resolve a name and keep its address for later, as apps do."""
        self._held[key] = self.address(to, family)
        return True, self._held[key]

    def web(
        self,
        to: str,
        family: str = "v4",
        port: int = 80,
        expect: Sequence[str] = (),
        host: str = "",
        path: str = "/",
        source: str = "",
        says: str = "",
    ) -> Tried:
        """Fetch a page, over TLS on port 443. Reached: it comes from a far end, from one of `expect` where that is
        given; says: any page with these words.
        """
        address = self.address(to, family)
        with connected(address, port, self._own[source]) as plain:
            stream = self._tls.wrap_socket(plain, server_hostname=host or address) if port == 443 else plain
            stream.sendall(f"GET {path} HTTP/1.0\r\nHost: {host or to}\r\n\r\n".encode())
            answer = b""
            while part := stream.recv(65536):
                answer += part
        if says:
            return says.encode() in answer, answer[:40].decode(errors="replace").splitlines()[0]
        served = answer.partition(MARK + b" ")[2].decode()
        return bool(served) and (not expect or served in expect), f"page of {served or 'nobody'}"

    def datagram(self, to: str, port: int, family: str = "v4") -> Tried:
        """Send a datagram and wait for its echo."""
        address = self.address(to, family)
        answer = bypass_queries.by_datagram(b"ask", address, port)
        return answer.startswith(MARK + b" " + address.encode()), f"echo of {answer[:60].decode(errors='replace')}"

    def banner(self, to: str, port: int, family: str = "v4") -> Tried:
        """Connect to what speaks first: SSH, push, a printer."""
        address = self.address(to, family)
        with connected(address, port) as stream:
            said = stream.recv(200)
        return said.startswith(MARK + b" " + address.encode()), said.decode(errors="replace").strip()

    def protocol(self, address: str, number: int) -> Tried:
        """Send a packet of a protocol beside UDP and TCP."""
        with socket.socket(bypass_queries.family_of(address), socket.SOCK_RAW, number) as raw:
            raw.settimeout(SECONDS)
            raw.connect((address, 0))
            # Four bytes that are a plain header of GRE, which routers look into when they translate addresses.
            raw.send(b"\0\0\x08\0ask" + bytes(29))
            return MARK in raw.recv(4096), f"protocol {number} answered"

    def ping(self, address: str, size: int = 32, source: str = "") -> Tried:
        """An echo request that carries something."""
        family = bypass_queries.family_of(address)
        protocol = socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP
        payload = (self._name.encode() + MARK).ljust(size, b"x")
        head = struct.pack("!BBHHH", ECHO_REQUEST[family], 0, 0, 77, 1)
        total = sum(struct.unpack(f"!{(8 + size) // 2}H", head + payload))
        checksum = ~(total + (total >> 16)) & 0xFFFF
        if family == socket.AF_INET:
            head = struct.pack("!BBHHH", ECHO_REQUEST[family], 0, checksum, 77, 1)
        end = time.monotonic() + SECONDS
        with socket.socket(family, socket.SOCK_RAW, protocol) as raw:
            raw.settimeout(SECONDS)
            raw.bind((self._own[source], 0))
            raw.sendto(head + payload, (address, 0))
            while time.monotonic() < end:
                packet, peer = raw.recvfrom(4096)
                if peer[0] == address and payload in packet:
                    return True, f"{size} bytes came back"
        raise TimeoutError

    def proxy(self, kind: str, at: str, port: int, to: str, to_port: int = 80) -> Tried:
        """Fetch a page of a literal IPv4 address through a proxy, `http` or `socks`."""
        with connected(at, port) as stream:
            if kind == "http":
                stream.sendall(f"CONNECT {to}:{to_port} HTTP/1.0\r\n\r\n".encode())
                read_exactly(stream, len(b"HTTP/1.0 200 OK\r\n\r\n"))
            else:
                stream.sendall(b"\x05\x01\x00")
                read_exactly(stream, 2)
                stream.sendall(b"\x05\x01\x00\x01" + socket.inet_aton(to) + struct.pack("!H", to_port))
                read_exactly(stream, 10)
            stream.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b""
            while part := stream.recv(65536):
                answer += part
        return MARK + b" " + to.encode() in answer, f"{len(answer)} bytes through the proxy"

    def clock(self, to: str, family: str = "v4", hide: bool = False) -> Tried:
        """Ask for the time. hide: carry something else in it; reached is then only the place itself."""
        address = self.address(to, family)
        query = (b"\x23" + bytes(47)) + (HIDDEN if hide else b"")
        answer = bypass_queries.by_datagram(query, address, 123)
        if hide:
            return MARK + b" " + address.encode() + b" " + HIDDEN in answer, "what was hidden came back"
        return len(answer) >= 48 and answer[0] & 7 == 4, "the time"

    def lease(self) -> Tried:
        """Ask for an address by DHCP."""
        return True, dhcp_client.lease(self._mac, self._name.encode())

    def hub(self, path: str, says: str = "") -> Tried:
        """Open a page of the hub."""
        return self.web(HOME.v4, port=8080, path=path, says=says or "200 OK")
