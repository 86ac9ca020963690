"""Questions to the servers upstream: which is asked, how often, and whether what comes back answers the question.

It decides server, id, spelling and the number of tries: random ids, ports and letter case (0x20) make an answer hard
to forge; a server that fails rests. Who waits for the answer is `resolver`'s part. RFC 5452; RFC 7766 for TCP.
"""

from collections import deque
from collections.abc import Callable, Sequence

from stairgate.agent.dns.loop import Loop
from stairgate.agent.dns.message import (
    AD,
    CD,
    DO,
    HEADER,
    OPT,
    QR,
    RD,
    RECORD,
    REFUSED,
    SERVFAIL,
    TC,
    BadMessage,
    Reply,
    read_reply,
)
from stairgate.agent.dns.ports import Chance, Port, Ports
from stairgate.agent.dns.upstream_tcp import TcpQuestions
from stairgate.agent.limits import (
    DATAGRAM_BYTES,
    DATAGRAMS_A_TURN,
    LOWER_CASE_SECONDS,
    SERVER_FAILURES,
    SERVER_REST_SECONDS,
    TRIES,
    TRY_SECONDS,
    UDP_PAYLOAD_BYTES,
)

_IS_LETTER = bytes([0x20 if 97 <= byte <= 122 else 0 for byte in range(256)])
_EDNS = b"\0" + RECORD.pack(OPT, UDP_PAYLOAD_BYTES, 0, 0)
_EDNS_DO = b"\0" + RECORD.pack(OPT, UDP_PAYLOAD_BYTES, DO, 0)
_SPELLING_MISSES = 3  # in a row: the server does not keep the case


class Asked:
    """One question under way. question: in lower case; sent: as it is spelled; waiters belong to the resolver."""

    __slots__ = ("cd", "do", "id", "key", "port", "question", "sent", "server", "tries", "waiters")

    def __init__(self, key: bytes, question: bytes, do: bool, cd: bool) -> None:
        self.key, self.question, self.do, self.cd = key, question, do, cd
        self.sent = question
        self.id = b""
        self.port: Port | None = None
        self.server: Server | None = None
        self.tries = 0
        self.waiters: dict[object, object] = {}

    def packet(self) -> bytes:
        """The query as it is sent."""
        flags = RD | AD | (CD if self.cd else 0)
        head = HEADER.pack(int.from_bytes(self.id, "big"), flags, 1, 0, 0, 1)
        return head + self.sent + (_EDNS_DO if self.do else _EDNS)


class Server:
    """One upstream server and how well it does. failures: in a row; misses: answers in another spelling, in a row."""

    __slots__ = ("address", "failures", "lower_until", "misses", "ports", "rests_until")

    def __init__(self, address: tuple[str, int], ports: Ports) -> None:
        self.address, self.ports = address, ports
        self.failures = self.misses = 0
        self.rests_until = self.lower_until = 0.0


def spelled(question: bytes, chance: Chance) -> bytes:
    """The question with letters in random case."""
    name = question[:-4]
    size = len(name)
    mask = int.from_bytes(name.translate(_IS_LETTER), "big") & int.from_bytes(chance.take(size), "big")
    return (int.from_bytes(name, "big") ^ mask).to_bytes(size, "big") + question[-4:]


class Upstream:
    """finished: called once for each question asked, with the reply, or None when no server gave one."""

    def __init__(
        self, loop: Loop, addresses: Sequence[tuple[str, int]], finished: Callable[[Asked, Reply | None], None]
    ) -> None:
        self._loop, self._finished, self._chance = loop, finished, Chance()
        self._servers = [self._server(address) for address in addresses]
        self._tcp = TcpQuestions(loop, self._tcp_done)
        # All tries take equally long: the first of the row is the first to end.
        self._ends: deque[tuple[float, Asked, int]] = deque()
        loop.at_times(self._tick)

    def _server(self, address: tuple[str, int]) -> Server:
        return Server(address, Ports(self._loop, address, self._chance, self._readable))

    def ask(self, asked: Asked) -> None:
        """Begin. `finished` may be called before this returns, when no server can be reached."""
        asked.tries += 1
        if asked.tries > TRIES:
            self._finish(asked, None)
            return
        server = asked.server = self._next_server(asked.server)
        now = self._loop.now
        asked.sent = asked.question if server.lower_until > now else spelled(asked.question, self._chance)
        try:
            port = server.ports.pick(now)
            asked.id = self._chance.take(2)
            while asked.id in port.outstanding:
                asked.id = self._chance.take(2)
        except OSError:
            self._failed(server)
            self.ask(asked)
            return
        port.outstanding[asked.id] = asked
        asked.port = port
        self._loop.outbox.append((self._send, asked, asked.tries))
        while self._ends and self._ends[0][1].tries != self._ends[0][2]:
            self._ends.popleft()  # answered meanwhile
        self._ends.append((now + TRY_SECONDS, asked, asked.tries))

    def _send(self, asked: Asked, number: int) -> None:
        if asked.port is None or asked.tries != number:
            return  # it was given up meanwhile
        try:
            asked.port.socket.send(asked.packet())
        except OSError:
            self._try_again(asked)

    def _next_server(self, last: Server | None) -> Server:
        """The first that does not rest and was not the last one; with all at rest, the one whose rest ends first."""
        now = self._loop.now
        first = self._servers[0]
        if first is not last and not first.failures:
            return first
        others = [server for server in self._servers if server is not last] or self._servers
        for server in others:
            if server.rests_until <= now:
                if server.failures >= SERVER_FAILURES:
                    server.rests_until = now + TRY_SECONDS  # one question tries it out, not all
                return server
        return min(others, key=lambda server: server.rests_until)

    def _failed(self, server: Server) -> None:
        server.failures += 1
        if server.failures >= SERVER_FAILURES:
            server.rests_until = self._loop.now + SERVER_REST_SECONDS

    def _let_go(self, asked: Asked) -> None:
        port = asked.port
        if port is not None and asked.server is not None:
            asked.port = None
            port.outstanding.pop(asked.id, None)
            asked.server.ports.settle(port)

    def _finish(self, asked: Asked, reply: Reply | None) -> None:
        self._let_go(asked)
        asked.tries = TRIES + 1  # what is still in the row of ends is not this try
        self._finished(asked, reply)

    def _readable(self, port: Port, events: int) -> None:
        for _ in range(DATAGRAMS_A_TURN):
            try:
                data = port.socket.recv(DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:  # nobody listens there: an ICMP error for something sent before
                for asked in list(port.outstanding.values()):
                    self._try_again(asked)
                return
            asked = port.outstanding.get(data[:2])  # type: ignore[assignment]
            if asked is not None:
                self._take(asked, data)
            if not port.outstanding:  # nothing more is expected; its socket may even be closed
                return

    def _take(self, asked: Asked, data: bytes) -> None:
        server = asked.server
        assert server is not None
        try:
            reply = read_reply(data, asked.sent)
        except BadMessage:
            if self._is_misspelled(asked, data):
                server.misses += 1
                if server.misses >= _SPELLING_MISSES:
                    server.lower_until = self._loop.now + LOWER_CASE_SECONDS
                self._ask_by_tcp(asked)
            return  # else it may be forged: the true one may still come
        server.failures = server.misses = 0
        server.rests_until = 0.0
        if reply.flags & TC:
            self._ask_by_tcp(asked)
        elif reply.rcode in (SERVFAIL, REFUSED) and asked.tries < min(TRIES, len(self._servers)):
            self._let_go(asked)
            self.ask(asked)
        else:
            self._finish(asked, reply)

    def _is_misspelled(self, asked: Asked, data: bytes) -> bool:
        end = HEADER.size + len(asked.sent)
        return (
            len(data) >= end
            and data[HEADER.size : end] != asked.sent
            and bool(data[2] & QR >> 8)
            and data[HEADER.size : end - 4].lower() + data[end - 4 : end] == asked.question
        )

    def _ask_by_tcp(self, asked: Asked) -> None:
        """TCP cannot be forged from afar, so the spelling does not matter there."""
        self._let_go(asked)
        asked.sent = asked.question
        assert asked.server is not None
        if self._tcp.ask(asked, asked.server.address):
            asked.tries += 1
            self._ends.append((self._loop.now + TRY_SECONDS, asked, asked.tries))
        else:
            self._finish(asked, None)

    def _tcp_done(self, asked: Asked, data: bytes) -> None:
        try:
            reply = read_reply(data, asked.sent) if data[:2] == asked.id else None
        except BadMessage:
            reply = None
        self._finish(asked, reply)

    def _try_again(self, asked: Asked) -> None:
        self._let_go(asked)
        self._tcp.give_up(asked)
        if asked.server is not None:
            self._failed(asked.server)
        self.ask(asked)

    def _tick(self, now: float) -> float:
        while self._ends and self._ends[0][0] <= now:
            _, asked, number = self._ends.popleft()
            if asked.tries == number:
                self._try_again(asked)
        return self._ends[0][0] if self._ends else now + TRY_SECONDS
