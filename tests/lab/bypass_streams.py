"""Flows that a device of the bypass lab holds open while the rules change: a film, a game, a call.

It decides whether a flow still brings anything. A UDP flow is asked for once and then only listened to, as a stream
that plays on after bedtime is; a TCP flow is read until it ends. Neither is taken up again.
"""

import contextlib
import socket
import threading
import time

from tests.lab.bypass_places import STREAM_PORT
from tests.lab.bypass_queries import endpoint, family_of

# Ten times the far end's interval.
FRESH_SECONDS = 0.5
BEGIN_SECONDS = 4.0
IDLE_SECONDS = 60.0


class Flow:
    """One flow. Raises OSError when it cannot begin."""

    def __init__(self, kind: str, address: str) -> None:
        udp = kind == "udp"
        self._last = 0.0
        self._socket = socket.socket(family_of(address), socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
        self._socket.settimeout(BEGIN_SECONDS)
        self._socket.connect(endpoint(address, STREAM_PORT if udp else 80))
        self._socket.send(b"stream" if udp else b"GET /stream HTTP/1.0\r\n\r\n")
        self._read()
        self._socket.settimeout(IDLE_SECONDS)
        threading.Thread(target=self._run, daemon=True).start()

    def _read(self) -> bool:
        data = self._socket.recv(65536)
        self._last = time.monotonic() if data else self._last
        return bool(data)

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while self._read():
                pass

    def alive(self) -> bool:
        """True when something comes within the next moment, which takes that long."""
        since = time.monotonic()
        pause = threading.Event()
        while time.monotonic() < since + FRESH_SECONDS:
            if self._last > since:
                return True
            pause.wait(0.02)
        return False

    def end(self) -> None:
        """Let go of it."""
        self._socket.close()
