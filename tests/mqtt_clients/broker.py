"""A broker that does one thing wrong, and judges what a client makes of it.

It decides only by what arrives on its sockets and what the client's program tells; no client is asked how it works.
MQTT 3.1.1 as far as the cases need it.
"""

import contextlib
import json
import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

LOOPBACK = "127.0.0.1"
NOTICE_SECONDS = 30.0  # in which a client must have noticed; its keep alive is 4 s
DRIP_SECONDS = 0.3
AWAY_SECONDS = 2.0
OVERSIZE_BYTES = 16 * 1024 * 1024
PUBLISHES = 12

CONNECT, PUBLISH, PUBACK, SUBSCRIBE, PINGREQ = 0x10, 0x30, 0x40, 0x80, 0xC0


class Verdict(NamedTuple):
    """Whether the client came through, and what it did, in a few words."""

    passed: bool
    what: str


class Ended(Exception):
    """The connection is over."""


class Connection:
    """One client's connection. `subscribed`: topics, `ids`: packet ids of its messages, as they came."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        line.settimeout(NOTICE_SECONDS)

    def packet(self) -> tuple[int, bytes]:
        """The next packet: first byte and body. Raises Ended."""
        first = self._exactly(1)[0]
        length = shift = 0
        while True:
            byte = self._exactly(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return first, self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                chunk = self.line.recv(count - len(data))
            except OSError:
                raise Ended from None
            if not chunk:
                raise Ended
            data += chunk
        return data

    def send(self, data: bytes) -> None:
        """Send bytes. Raises Ended."""
        try:
            self.line.sendall(data)
        except OSError:
            raise Ended from None

    def accept(self) -> None:
        """Take CONNECT."""
        first, _ = self.packet()
        assert first == CONNECT, first
        self.send(b"\x20\x02\x00\x00")

    def subscribe(self) -> None:
        """Take CONNECT and SUBSCRIBE."""
        self.accept()
        first, body = self.packet()
        assert first & 0xF0 == SUBSCRIBE, first
        self.send(b"\x90\x03" + body[:2] + b"\x01")

    def read_on(self) -> None:
        """Take whatever comes and answer nothing, until the other end hangs up."""
        try:
            while True:
                self._exactly(1)
        except Ended:
            return


def message(length: int, payload: bytes) -> bytes:
    """The beginning of a message whose payload should have so many bytes."""
    rest, head = length + 3, b"\x30"
    while rest > 127:
        head += bytes([rest & 127 | 128])
        rest >>= 7
    return head + bytes([rest]) + b"\x00\x01t" + payload


class Bench:
    """A listening socket, and the program of one client that connects to it. notice: seconds it has to notice."""

    def __init__(self, told: "queue.Queue[dict[str, Any]]", notice: float = NOTICE_SECONDS) -> None:
        self.told = told
        self.notice = notice
        self.events: list[dict[str, Any]] = []
        self._lines: list[socket.socket] = []
        self.server = socket.create_server((LOOPBACK, 0))
        self.port: int = self.server.getsockname()[1]

    def connection(self) -> Connection | None:
        """The next connection, None when there is none in time."""
        try:
            self.server.settimeout(self.notice)
            self._lines.append(self.server.accept()[0])
            return Connection(self._lines[-1])
        except OSError:
            return None

    def away(self, line: Connection) -> None:
        """The broker ends, and begins again at the same port."""
        self.server.close()
        # A reset: a broker that was killed leaves nothing behind that its port must wait for.
        line.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        line.line.close()
        threading.Event().wait(AWAY_SECONDS)
        self.server = socket.create_server((LOOPBACK, self.port))

    def hears(self, event: str, seconds: float) -> dict[str, Any] | None:
        """The client's next word of this kind, None when there is none in time or its program has ended."""
        end = time.monotonic() + seconds
        while True:
            try:
                word = self.told.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return None
            self.events.append(word)
            if word["event"] == event:
                return word
            if word["event"] == "end":
                return None

    def notices(self) -> Verdict:
        """Whether the client leaves the connection that does not work any more: by telling, or by coming back."""
        began = time.monotonic()
        ended = threading.Event()
        found: list[str] = []

        def come_back() -> None:
            if self.connection() is not None:
                found.append("comes back")
            ended.set()

        threading.Thread(target=come_back, daemon=True).start()
        while time.monotonic() - began < self.notice and not found:
            try:
                word = self.told.get(timeout=0.1)
            except queue.Empty:
                continue
            self.events.append(word)
            if word["event"] == "lost":
                found.append(f"gives up ({word['why']})")
            elif word["event"] == "end":
                found.append(f"dies (status {word['status']})")
        seconds = time.monotonic() - began
        if not found:
            return Verdict(False, f"still waits after {self.notice:.0f} s")
        is_dead = found[0].startswith("dies") or "Memory" in found[0]
        return Verdict(not is_dead, f"{found[0]} after {seconds:.0f} s")

    def close(self) -> None:
        """End it, and every connection."""
        for line in (*self._lines, self.server):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()


def no_connack(bench: Bench) -> Verdict:
    """Whoever accepts the connection never says that it does."""
    line = bench.connection()
    assert line
    line.packet()
    return bench.notices()


def no_suback(bench: Bench) -> Verdict:
    """The subscription is never answered."""
    line = bench.connection()
    assert line
    line.accept()
    return bench.notices()


def no_puback(bench: Bench) -> Verdict:
    """A message is never acknowledged, though each sign of life is answered."""
    line = bench.connection()
    assert line
    line.subscribe()

    def live() -> None:
        try:
            while True:
                if line.packet()[0] == PINGREQ:
                    line.send(b"\xd0\x00")
        except Ended:
            return

    threading.Thread(target=live, daemon=True).start()
    return bench.notices()


def half_open(bench: Bench) -> Verdict:
    """The peer is gone without a word: what is sent is taken, nothing comes back."""
    line = bench.connection()
    assert line
    line.subscribe()
    threading.Thread(target=line.read_on, daemon=True).start()
    return bench.notices()


def stalled(bench: Bench) -> Verdict:
    """Half a message, then nothing."""
    line = bench.connection()
    assert line
    line.subscribe()
    line.send(message(500, b"half"))
    threading.Thread(target=line.read_on, daemon=True).start()
    return bench.notices()


def drip(bench: Bench) -> Verdict:
    """A message that comes byte by byte and would take many minutes."""
    line = bench.connection()
    assert line
    line.subscribe()
    threading.Thread(target=line.read_on, daemon=True).start()
    line.send(message(5000, b""))

    def fall() -> None:
        try:
            while True:
                line.send(b"d")
                threading.Event().wait(DRIP_SECONDS)
        except Ended:
            return

    threading.Thread(target=fall, daemon=True).start()
    return bench.notices()


def oversize(bench: Bench) -> Verdict:
    """A message of 16 MB for a client with half a megabyte of heap; a small one after it."""
    line = bench.connection()
    assert line
    line.subscribe()
    try:
        line.send(message(OVERSIZE_BYTES, b""))
        for _ in range(OVERSIZE_BYTES // 65536):
            line.send(bytes(65536))
        line.send(message(5, b"small"))
    except Ended:
        return bench.notices()
    word = bench.hears("message", NOTICE_SECONDS)
    if word is not None:
        return Verdict(bool(word["length"] == 5), f"passes over it, hears a message of {word['length']}")
    lost = [event["why"] for event in bench.events if event["event"] == "lost"]
    if not lost:
        return Verdict(False, "hears nothing")
    return Verdict("Memory" not in lost[0], f"gives up ({lost[0]})")


def restart(bench: Bench) -> Verdict:
    """The broker restarts and has forgotten everybody."""
    line = bench.connection()
    assert line
    line.subscribe()
    if bench.hears("up", NOTICE_SECONDS) is None:
        return Verdict(False, "was never up")
    bench.away(line)
    again = bench.connection()
    if again is None:
        bench.hears("end", 1)
        lost = [event["why"] for event in bench.events if event["event"] == "lost"]
        return Verdict(False, "does not come back" + (f" ({lost[0]})" if lost else ""))
    try:
        again.subscribe()
        again.send(message(5, b"small"))
    except (Ended, AssertionError):
        return Verdict(False, "comes back, forgets its subscription")
    heard = bench.hears("message", NOTICE_SECONDS) is not None
    return Verdict(heard, "comes back and hears" if heard else "comes back, hears nothing")


def wrap(bench: Bench) -> Verdict:
    """Twelve messages, from packet id 65,530 on."""
    line = bench.connection()
    assert line
    line.subscribe()
    ids: list[int] = []
    try:
        while len(ids) < PUBLISHES:
            first, body = line.packet()
            if first & 0xF0 == PUBLISH:
                at = 2 + int.from_bytes(body[:2], "big")
                ids.append(int.from_bytes(body[at : at + 2], "big"))
                line.send(b"\x40\x02" + body[at : at + 2])
            elif first == PINGREQ:
                line.send(b"\xd0\x00")
    except Ended:
        pass
    if 0 in ids or len(ids) < PUBLISHES:
        return Verdict(False, f"{len(ids)} of {PUBLISHES} sent, ids …{', '.join(str(each) for each in ids[-3:])}")
    done = bench.hears("published", NOTICE_SECONDS)
    return Verdict(done is not None, f"ids {ids[0]} … {ids[-1]}" + ("" if done else ", never done"))


CASES: dict[str, Callable[[Bench], Verdict]] = {
    "wrap": wrap,
    "half-open": half_open,
    "drip": drip,
    "oversize": oversize,
    "restart": restart,
    "no CONNACK": no_connack,
    "no SUBACK": no_suback,
    "no PUBACK": no_puback,
    "half a packet": stalled,
}
#: In these the client publishes as well.
PUBLISHING = ("wrap", "no PUBACK", "half-open")


def words(line: str) -> dict[str, Any]:
    """One line of a client's program; what is no JSON is the library's own chatter."""
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError:
        return {"event": "chatter"}
    return said if isinstance(said, dict) and "event" in said else {"event": "chatter"}
