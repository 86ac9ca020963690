"""Who has an address: the table is read for newcomers, but not for everyone that somebody invents; and the loop."""

from collections.abc import Iterator

import pytest

from stairgate.agent.discovery import NEIGHBOUR, Sighting
from stairgate.agent.dns import clients
from stairgate.agent.dns.clients import FixedBook, NeighbourBook
from stairgate.agent.dns.loop import READ, Loop
from stairgate.agent.limits import ASK_NEIGHBOURS_SECONDS, CLIENTS_REMEMBERED
from tests.unit.agent.dns.rig import MAC, OTHER_MAC, Server


class Table:
    """A neighbour table in the test's hand; the descriptor of a server that never says anything."""

    def __init__(self, interfaces: tuple[str, ...]) -> None:
        self.interfaces = interfaces
        self.entries: list[Sighting] = []
        self.fresh: list[Sighting] = []
        self.readings = 0
        self._server = Server()

    def fileno(self) -> int:
        """Something that may be waited for."""
        return self._server.udp.fileno()

    def close(self) -> None:
        """Free it."""
        self._server.close()

    def table(self) -> list[Sighting]:
        """All entries."""
        self.readings += 1
        return self.entries

    def news(self) -> list[Sighting]:
        """What changed."""
        return self.fresh


def seen(address: str, mac: bytes) -> Sighting:
    """An entry of the table."""
    return Sighting(mac.hex(":"), address, "", NEIGHBOUR)


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A loop whose time a test moves."""
    made = Loop()
    yield made
    made.close()


def book(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> tuple[NeighbourBook, Table, list[str]]:
    """A book over such a table, and the addresses that it says changed."""
    monkeypatch.setattr(clients, "Neighbours", Table)
    changed: list[str] = []
    made = NeighbourBook("br-lan", loop, changed.append)
    return made, made._neighbours, changed  # type: ignore[return-value]


def test_a_newcomer_is_looked_up_and_news_are_believed(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    made, table, changed = book(loop, monkeypatch)
    assert table.interfaces == ("br-lan",)
    table.entries = [seen("192.168.1.5", MAC)]
    assert made.mac_of("192.168.1.5") == MAC
    assert made.mac_of("192.168.1.5") == MAC
    assert table.readings == 1
    table.fresh = [seen("192.168.1.5", OTHER_MAC), seen("fe80::5", MAC)]
    made._readable(READ)
    assert made.mac_of("192.168.1.5") == OTHER_MAC
    assert made.mac_of("fe80::5") == MAC
    assert changed == ["192.168.1.5", "192.168.1.5", "fe80::5"]


def test_invented_addresses_cost_ten_readings_a_second(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    made, table, _ = book(loop, monkeypatch)
    for number in range(1000):
        loop.now += ASK_NEIGHBOURS_SECONDS / 100
        assert made.mac_of(f"10.0.{number >> 8}.{number & 255}") is None
    assert 9 <= table.readings <= 11


def test_so_many_addresses_are_remembered_and_no_more(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    made, table, _ = book(loop, monkeypatch)
    table.fresh = [seen(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", MAC) for n in range(CLIENTS_REMEMBERED + 50)]
    made._readable(READ)
    assert len(made._known) == CLIENTS_REMEMBERED


def test_a_fixed_book() -> None:
    assert FixedBook({"127.0.0.1": MAC.hex(":")}).mac_of("127.0.0.1") == MAC
    assert FixedBook({}).mac_of("127.0.0.1") is None


def test_an_error_of_a_handler_ends_nothing_and_tells_no_content(loop: Loop) -> None:
    server, calls = Server(), []

    def broken(events: int) -> None:
        server.take()
        raise ValueError("secret.example")

    def tick(now: float) -> float:
        calls.append(now)
        raise KeyError("secret.example")

    loop.add(server.udp, broken)
    loop.at_times(tick)
    for count in (1, 2):
        server.udp.sendto(b"x", server.address)
        loop.hurry(tick)
        loop.turn()
        assert loop.errors == 2 * count and len(calls) == count
    assert loop.last_error.startswith("KeyError in tick:") and "secret" not in loop.last_error
    loop.remove(server.udp)
    loop.remove(server.udp)  # once is enough
    server.close()


def test_what_is_in_the_outbox_leaves_together_and_an_error_holds_up_nothing(loop: Loop) -> None:
    sent: list[object] = []

    def send(what: object, target: object) -> None:
        sent.append(what)
        if isinstance(what, Exception):
            loop.outbox.append((send, "after it", target))
            raise what

    for what in ("first", OSError(), ValueError("secret.example"), "last"):
        loop.outbox.append((send, what, None))
    assert not sent
    loop.at_times(lambda now: now + 1.0)
    loop.turn()
    assert [what for what in sent if isinstance(what, str)] == ["first", "last", "after it", "after it"]
    assert loop.errors == 1 and loop.last_error.startswith("ValueError in send:")
    assert not loop.outbox
