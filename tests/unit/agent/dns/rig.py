"""What the tests of the filter's process start from: queries as bytes, profiles, a service, an upstream server.

It decides nothing about the product. The upstream server is real sockets on loopback that a test answers by hand.
"""

import socket
import struct
from pathlib import Path
from typing import Any

from stairgate.agent.dns.cache import Cache
from stairgate.agent.dns.decisions import Rules
from stairgate.agent.dns.devices import Profile, Subject
from stairgate.agent.dns.loop import Loop
from stairgate.agent.dns.no_addresses import NoAddresses
from stairgate.agent.dns.resolver import Resolver
from stairgate.agent.dns.service import Service
from stairgate.agent.dns.table import Table
from stairgate.core.filtering import Names
from stairgate.hub.pack_builder import build

A, CNAME, SOA, TXT, AAAA, HTTPS = 1, 5, 6, 16, 28, 65
MAC, OTHER_MAC, ADULT_MAC = (bytes.fromhex(f"02005e10000{number}") for number in (1, 2, 3))
OPT = bytes.fromhex("0000291000000000000000")  # 4096 bytes, nothing else
OPT_DO = bytes.fromhex("0000291000000080000000")
LISTED = (
    ("ads.example", ("ads",)),
    ("video.example", ("video", "youtube")),
    ("engine.example", ("unsafe_search",)),
    ("worm.example", ("malware",)),
)


def query(
    name: str, kind: int = A, ident: int = 0x1234, opt: bytes = b"", flags: int = 0x0100, klass: int = 1
) -> bytes:
    """A query as a stub resolver sends it; letters as given."""
    wire = b"".join(bytes((len(label),)) + label.encode("latin-1") for label in name.split(".")) + b"\0"
    head = struct.pack("!6H", ident, flags, 1, 0, 0, 1 if opt else 0)
    return head + wire + struct.pack("!HH", kind, klass) + opt


def record(kind: int, ttl: int, data: bytes, owner: bytes = b"\xc0\x0c") -> bytes:
    """A resource record; its owner is the question's name."""
    return owner + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def soa(ttl: int, minimum: int) -> bytes:
    """A SOA record of the root."""
    return record(SOA, ttl, b"\0\0" + struct.pack("!5I", 1, 2, 3, 4, minimum))


def response(
    asked: bytes,
    *answers: bytes,
    authorities: tuple[bytes, ...] = (),
    rcode: int = 0,
    flags: int = 0,
    extra: bytes = b"",
) -> bytes:
    """An upstream server's answer to the query it got."""
    end = asked.index(b"\0", 12) + 5
    head = asked[:2] + struct.pack("!5H", 0x8180 | rcode | flags, 1, len(answers), len(authorities), 1 if extra else 0)
    return head + asked[12:end] + b"".join(answers) + b"".join(authorities) + extra


def names(**lists: tuple[str, ...]) -> Names:
    """A person's filter: flags, block, deny, allow, only."""
    return Names(*[frozenset(lists.get(part, ())) for part in Names._fields])


def profile(*persons: Names, level: str = "open", mac: bytes = MAC, device: str = "dphone", **changed: Any) -> Profile:
    """A managed device of these persons; other fields as given."""
    made = Profile(device, (mac,), persons, level, (), False, "", False, False)
    return made._replace(**changed)


def table(folder: Path, entries: tuple[tuple[str, tuple[str, ...]], ...] = LISTED) -> Table:
    """A checked pack of these names."""
    build(entries, (), folder / "names.pack")
    made = Table(str(folder / "names.pack"))
    for _ in made.checking():
        pass
    return made


class Sent:
    """A path that keeps what is sent. See service.Path."""

    def __init__(self, is_stream: bool = False) -> None:
        self.is_stream = is_stream
        self.answers: list[bytes] = []

    def send(self, answer: bytes, source: object, info: object) -> None:
        """See service.Path."""
        self.answers.append(answer)


class Server:
    """An upstream server on loopback, UDP and TCP on one port; nothing is answered unless a test says so."""

    def __init__(self) -> None:
        while True:
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.udp.bind(("127.0.0.1", 0))
            self.address: tuple[str, int] = self.udp.getsockname()
            self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                self.tcp.bind(self.address)
                break
            except OSError:  # somebody has that port for TCP
                self.close()
        self.tcp.listen(8)
        self.udp.settimeout(5)
        self.tcp.settimeout(5)

    def take(self) -> tuple[bytes, tuple[str, int]]:
        """The next query and where it came from. Raises TimeoutError."""
        data, source = self.udp.recvfrom(4096)
        return data, source

    def give(self, answer: bytes, source: tuple[str, int]) -> None:
        """Answer."""
        self.udp.sendto(answer, source)

    def is_quiet(self) -> bool:
        """True when no query has come."""
        self.udp.setblocking(False)
        try:
            self.udp.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        finally:
            self.udp.settimeout(5)
        return False

    def close(self) -> None:
        """Stop answering at all."""
        self.udp.close()
        self.tcp.close()


class Rig:
    """A service with its parts, and one upstream server unless others are given."""

    def __init__(self, *servers: Server) -> None:
        self.loop = Loop()
        self.servers = servers or (Server(),)
        self.addresses = NoAddresses()
        self.resolver = Resolver(self.loop, [server.address for server in self.servers], Cache())
        self.service = Service(self.loop, self.resolver, self.addresses)
        self.path = Sent()
        self.table: Table | None = None

    def close(self) -> None:
        """Free everything."""
        self.loop.close()
        for server in self.servers:
            server.close()

    def hold(
        self,
        *profiles: Profile,
        everyone: tuple[str, ...] = (),
        table: Table | None = None,
        has_list: bool = True,
        page: tuple[bytes, ...] = (),
    ) -> None:
        """A policy holds."""
        self.service.take(profiles, Rules(frozenset(everyone), has_list), table, page)

    def subject(self, mac: bytes | None = MAC) -> Subject:
        """Who asks from there."""
        return self.service.subject_of(mac)

    def ask(self, data: bytes, mac: bytes | None = MAC, source: object = ("192.0.2.9", 4000)) -> bytes | None:
        """The answer, None when there is none yet; later ones are in `path`."""
        answer = self.service.answer(data, self.subject(mac), self.path, source, None)
        self.loop.flush()  # as at the end of a turn
        return answer

    def ask_upstream(self, data: bytes, *answers: bytes, mac: bytes = MAC, **more: object) -> bytes:
        """Ask, let the first server answer with these records, and return what the client gets."""
        assert self.ask(data, mac) is None
        asked, source = self.servers[0].take()
        self.servers[0].give(response(asked, *answers, **more), source)  # type: ignore[arg-type]
        while not self.path.answers:
            self.loop.turn()
        return self.path.answers.pop()
