"""Connectivity checks of a closed device, answered by the router: the Wi-Fi is fine, though the gate is shut.

It decides what each operating system wants to read; everything else gets a short "not here". Plain HTTP/1.1, one
request a connection, nothing of it is kept. Which names lead here is `stairgate.core.special_names`'s part, which
packets the gate's.
"""

import socket
from collections.abc import Callable

from stairgate.agent.dns.loop import READ, WRITE, Loop
from stairgate.agent.dns.server import open_socket
from stairgate.agent.limits import PROBE_BYTES, PROBE_CONNECTIONS, PROBE_CONNECTIONS_A_CLIENT, PROBE_SECONDS

APPLE = b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"
_TEXT, _HTML = b"text/plain", b"text/html"
# Path -> (status, type, body). Hosts need no look: only probes' names lead here, and their paths differ.
PAGES = {
    b"/generate_204": (b"204 No Content", _TEXT, b""),
    b"/gen_204": (b"204 No Content", _TEXT, b""),
    b"/hotspot-detect.html": (b"200 OK", _HTML, APPLE),
    b"/library/test/success.html": (b"200 OK", _HTML, APPLE),
    b"/connecttest.txt": (b"200 OK", _TEXT, b"Microsoft Connect Test"),
    b"/ncsi.txt": (b"200 OK", _TEXT, b"Microsoft NCSI"),
    b"/success.txt": (b"200 OK", _TEXT, b"success\n"),
    b"/canonical.html": (b"200 OK", _HTML, b'<meta http-equiv="refresh" content="0;url=https://support.mozilla.org"/>'),
    b"/check_network_status.txt": (b"200 OK", _TEXT, b"NetworkManager is online\n"),
    b"/nm": (b"200 OK", _TEXT, b"NetworkManager is online\n"),
    b"/kindle-wifi/wifistub.html": (b"200 OK", _HTML, b"81ce4465-7167-4dcb-835b-dcc9e44c112a"),
}
# Some ask for the root of a host of their own.
ROOTS = {
    b"captive.apple.com": (b"200 OK", _HTML, APPLE),
    b"ctest.cdn.nintendo.net": (b"200 OK", _TEXT, b"ok"),
    b"conntest.nintendowifi.net": (b"200 OK", _TEXT, b"ok"),
    b"connectivity-check.ubuntu.com": (b"204 No Content", _TEXT, b""),
    b"nmcheck.gnome.org": (b"200 OK", _TEXT, b"NetworkManager is online\n"),
}
_NOT_HERE = (b"404 Not Found", _TEXT, b"Only connectivity checks are answered here.\n")
_BAD = (b"400 Bad Request", _TEXT, b"")


def _rendered(page: tuple[bytes, bytes, bytes], is_head: bool) -> bytes:
    status, kind, body = page
    lines = [b"HTTP/1.1 " + status, b"Cache-Control: no-store", b"Connection: close"]
    # Ubuntu and GNOME look for this line, with or without a body.
    lines.append(b"X-NetworkManager-Status: online")
    if not status.startswith(b"204"):
        lines += [b"Content-Type: " + kind, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + (b"" if is_head else body)


def respond(head: bytes) -> bytes:
    """The whole response to a request's head."""
    lines = head.split(b"\r\n")
    words = lines[0].split(b" ")
    if len(words) != 3 or words[0] not in (b"GET", b"HEAD") or not words[2].startswith(b"HTTP/1."):
        return _rendered(_BAD, False)
    path = words[1].partition(b"?")[0]
    page = PAGES.get(path, _NOT_HERE)
    if path == b"/":
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"host":
                page = ROOTS.get(value.strip().lower().partition(b":")[0], _NOT_HERE)
    return _rendered(page, words[0] == b"HEAD")


class _Visit:
    __slots__ = ("address", "received", "socket", "unsent", "until")

    def __init__(self, made: socket.socket, address: str, until: float) -> None:
        self.socket, self.address, self.until = made, address, until
        self.received, self.unsent = bytearray(), b""


class ProbeServer:
    """Connectivity checks on one interface. Raises OSError."""

    def __init__(self, loop: Loop, interface: str, port: int) -> None:
        self._loop = loop
        self._socket = open_socket(socket.AF_INET, socket.SOCK_STREAM, interface, port)
        self._socket.listen(64)
        self._visits: set[_Visit] = set()
        loop.add(self._socket, self._acceptable)
        loop.at_times(self._tick)

    def close(self) -> None:
        """Stop listening, and hang up on everybody."""
        self._loop.forget(self._tick)
        self._loop.remove(self._socket)
        for visit in list(self._visits):
            self._close(visit)

    def _acceptable(self, events: int) -> None:
        for _ in range(16):
            try:
                made, source = self._socket.accept()
            except OSError:
                return
            made.setblocking(False)
            of_client = sum(visit.address == source[0] for visit in self._visits)
            if len(self._visits) >= PROBE_CONNECTIONS or of_client >= PROBE_CONNECTIONS_A_CLIENT:
                made.close()
                continue
            visit = _Visit(made, source[0], self._loop.now + PROBE_SECONDS)
            self._visits.add(visit)
            self._loop.add(made, self._handler(visit))

    def _handler(self, visit: _Visit) -> Callable[[int], None]:
        return lambda events: self._ready(visit)

    def _ready(self, visit: _Visit) -> None:
        try:
            if visit.unsent:
                self._send(visit)
                return
            chunk = visit.socket.recv(PROBE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        visit.received += chunk
        if b"\r\n\r\n" in visit.received:
            visit.unsent = respond(bytes(visit.received[:PROBE_BYTES]).partition(b"\r\n\r\n")[0])
            visit.received.clear()
            self._loop.change(visit.socket, WRITE)
        elif not chunk or len(visit.received) > PROBE_BYTES:
            self._close(visit)

    def _send(self, visit: _Visit) -> None:
        try:
            visit.unsent = visit.unsent[visit.socket.send(visit.unsent) :]
            if visit.unsent:
                return
            # Closing while something of the request is unread would reset the connection under the answer.
            visit.socket.shutdown(socket.SHUT_WR)
            self._loop.change(visit.socket, READ)
        except BlockingIOError:
            return
        except OSError:
            self._close(visit)

    def _close(self, visit: _Visit) -> None:
        if visit in self._visits:
            self._visits.discard(visit)
            self._loop.remove(visit.socket)

    def _tick(self, now: float) -> float:
        for visit in [one for one in self._visits if one.until <= now]:
            self._close(visit)
        return min((visit.until for visit in self._visits), default=now + PROBE_SECONDS)
