"""Who is turned away at the door, and when: connections of one source and requests that never end."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from waitress import create_server, wasyncore  # type: ignore[import-untyped]

from stairgate.hub import limits
from stairgate.hub.connections import Connections, source_of
from stairgate.hub.serve import serve_pages
from tests.unit.hub.conftest import Hub

SECONDS = 20.0


def connect(port: int, source: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), SECONDS, (source, 0))


def answer(port: int, source: str) -> bytes:
    with connect(port, source) as asking:
        asking.sendall(b"GET /help HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: asking.recv(65536), b""))


@pytest.fixture
def port(hub: Hub) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()
    server = threading.Thread(target=serve_pages, args=(hub.parts, [listener], stop))
    server.start()
    yield listener.getsockname()[1]
    stop.set()
    server.join(SECONDS)
    assert not server.is_alive()


def test_one_device_with_many_connections_keeps_nobody_out(port: int) -> None:
    greedy = [connect(port, "127.0.0.2") for _ in range(250)]
    try:
        for each in greedy:
            with suppress(OSError):  # the surplus is closed already
                each.sendall(b"G")
        assert b"Help" in answer(port, "127.0.0.1")
        assert b"Help" in answer(port, "127.0.0.3")
    finally:
        for each in greedy:
            each.close()


LAPTOP = "02:00:5e:40:00:01"


def test_one_device_with_many_addresses_keeps_nobody_out(hub: Hub, port: int, caplog: pytest.LogCaptureFixture) -> None:
    """A laptop takes an address after the other and holds as many connections as it may from each."""
    addresses = [f"127.0.1.{number}" for number in range(1, 21)]
    hub.network.neighbours |= dict.fromkeys(addresses, LAPTOP)
    greedy = [connect(port, address) for address in addresses for _ in range(limits.CONNECTIONS_OF_ONE_SOURCE)]
    try:
        for each in greedy:
            with suppress(OSError):  # the surplus is closed already
                each.sendall(b"G")
        for _ in range(3):
            assert b"Help" in answer(port, "127.0.0.3")
        assert "no longer accepting" not in caplog.text
    finally:
        for each in greedy:
            each.close()


class Server:
    """A waitress server whose loop the test turns by hand."""

    def __init__(self) -> None:
        self.channels: dict[int, Any] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._server = create_server(lambda environ, respond: [], map=self.channels, sockets=[self._listener])
        self.connections = Connections(self.channels, lambda address: None)
        self.connections.guard()
        self.port = self._listener.getsockname()[1]

    def turn_until(self, count: int) -> None:
        deadline = time.monotonic() + SECONDS
        while self.open() != count:
            assert time.monotonic() < deadline, (self.open(), count)
            wasyncore.loop(timeout=0.05, use_poll=True, map=self.channels, count=1)

    def open(self) -> int:
        return sum(hasattr(entry, "awaited_since") for entry in self.channels.values())

    def close(self) -> None:
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self.channels)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def test_a_request_that_trickles_has_a_deadline(server: Server) -> None:
    with connect(server.port, "127.0.0.2") as silent, connect(server.port, "127.0.0.2") as trickling:
        server.turn_until(2)
        began = time.monotonic()
        trickling.sendall(b"GET / HT")
        while not any(getattr(entry, "request", None) for entry in server.channels.values()):
            wasyncore.loop(timeout=0.05, use_poll=True, map=server.channels, count=1)
        server.connections.close_overdue(began + limits.REQUEST_SECONDS - 5)
        assert server.open() == 2
        server.connections.close_overdue(time.monotonic() + limits.REQUEST_SECONDS + 1)
        assert server.open() == 0
        assert (silent.recv(1), trickling.recv(1)) == (b"", b"")


def test_each_source_has_its_own_bound(server: Server) -> None:
    bounds = {
        "127.0.0.2": limits.CONNECTIONS_OF_ONE_SOURCE,
        "127.0.0.3": limits.CONNECTIONS_OF_ONE_SOURCE,
        "127.0.0.1": limits.CONNECTIONS_OF_THIS_MACHINE,
    }
    held: list[socket.socket] = []
    total = 0
    try:
        for source, bound in bounds.items():
            more = [connect(server.port, source) for _ in range(bound + 3)]
            held += more
            total += bound
            server.turn_until(total)
            for surplus in more[bound:]:
                surplus.settimeout(0.05)
                while True:
                    try:
                        assert surplus.recv(1) == b""
                        break
                    except TimeoutError:
                        wasyncore.loop(timeout=0.05, use_poll=True, map=server.channels, count=1)
            assert server.open() == total
        held.pop(0).close()
        server.turn_until(total - 1)
        held.append(connect(server.port, "127.0.0.2"))
        server.turn_until(total)
    finally:
        for each in held:
            each.close()


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::7%eth0", "02:00:5e:10:00:07"),
        ("::1", "::1"),
    ],
)
def test_whose_connection_it_is(address: str, source: str) -> None:
    assert source_of(address, {"fe80::7": "02:00:5e:10:00:07"}.get) == source
