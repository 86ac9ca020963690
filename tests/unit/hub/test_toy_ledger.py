"""The ledgers of toys as the hub keeps them: once, for ninety days, within bounds, over damage; and what was seen."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.core.ledger import Entry
from stairgate.core.observed import DECLARED, REFUSED, Reached, Streamed, encode_observed
from stairgate.hub import limits
from stairgate.hub.clock import ManualClock
from stairgate.hub.toy_ledger import FILE_NAME, Count, ToyLedger
from tests.unit.hub.conftest import EVENING, ROUTER, Hub
from tests.unit.hub.toys import MAC, Bear

DAY = 86400
TODAY = int(EVENING) // DAY
BEAR = "rbear"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(EVENING)


@pytest.fixture
def ledger(tmp_path: Path, clock: ManualClock) -> Iterator[ToyLedger]:
    ledger = ToyLedger(tmp_path / FILE_NAME, clock)
    yield ledger
    ledger.close()


def entry(seq: int, kind: str = "collected", amount: int = 10, t: float = EVENING) -> Entry:
    return Entry(seq, int(t), kind, "answers", amount, "")


def numbers(ledger: ToyLedger, agent: str = BEAR) -> list[int]:
    return [each.seq for each in ledger.entries(agent, 100_000)]


def test_what_was_told_is_kept_once_also_over_a_restart(ledger: ToyLedger, tmp_path: Path, clock: ManualClock) -> None:
    assert ledger.take(BEAR, [entry(1), entry(2)], 2) == 2
    assert ledger.take(BEAR, [entry(2, amount=99), entry(3)], 4) == 4, "the number of a kind that is not known counts"
    assert ledger.take("rother", [entry(1)], 1) == 1
    ledger.close()
    again = ToyLedger(tmp_path / FILE_NAME, clock)
    assert numbers(again) == [3, 2, 1]
    assert again.counts(BEAR, int(EVENING) - DAY) == {("answers", "collected"): Count(3, 30, int(EVENING))}
    assert again.take(BEAR, [entry(3), entry(4)], 4) == 4
    assert numbers(again) == [3, 2, 1]
    again.close()


def test_counts_are_of_the_time_asked_for_and_know_the_last_one(ledger: ToyLedger) -> None:
    ledger.take(BEAR, [entry(1, t=EVENING - 3 * DAY), entry(2, "sent", 7, EVENING - 60)], 2)
    counts = ledger.counts(BEAR, int(EVENING) - DAY)
    assert counts[("answers", "collected")] == Count(0, 0, int(EVENING) - 3 * DAY)
    assert counts[("answers", "sent")] == Count(1, 7, int(EVENING) - 60)


def test_after_ninety_days_only_that_it_was_erased_is_left(ledger: ToyLedger, clock: ManualClock) -> None:
    ledger.take(BEAR, [entry(1), entry(2, "asked"), entry(3, "receipt")], 3, b"a receipt")
    ledger.saw(BEAR, [("a.example", True, TODAY, 1, int(EVENING))])
    clock.advance((limits.LEDGER_DAYS + 1) * DAY)
    ledger.take(BEAR, [entry(4, t=clock.wall())], 4)
    assert numbers(ledger) == [4, 3, 2]
    assert ledger.receipts(BEAR) == [b"a receipt"]
    assert ledger.observed(BEAR) == []


def test_a_wrong_date_deletes_nothing(ledger: ToyLedger, clock: ManualClock) -> None:
    ledger.take(BEAR, [entry(1)], 1)
    clock._wall = EVENING + 400 * DAY
    ledger.take(BEAR, [entry(2)], 2)
    assert numbers(ledger) == [2, 1]


def test_a_full_file_makes_room_for_what_is_new(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LEDGER_PAGES_MAX", 24)
    monkeypatch.setattr(limits, "LEDGER_ROOM", 200)
    ledger = ToyLedger(tmp_path / FILE_NAME, clock)
    last = 0
    for _ in range(80):
        batch = [entry(last + number) for number in range(1, 33)]
        clock.advance(1)
        last += len(batch)
        assert ledger.take(BEAR, batch, last) == last
    kept = numbers(ledger)
    assert kept[0] == last and kept == list(range(last, last - len(kept), -1)) and len(kept) < last
    assert (tmp_path / FILE_NAME).stat().st_size <= 24 * 4096
    ledger.close()


def test_a_disk_that_refuses_is_not_acknowledged(ledger: ToyLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.take(BEAR, [entry(1)], 1)
    monkeypatch.setattr(ledger._file, "run", lambda *statements: False)
    assert ledger.take(BEAR, [entry(2)], 2) == 1


def test_a_damaged_file_is_put_aside_and_a_new_one_begun(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b"no database at all, but long enough to be read as one" * 40)
    ledger = ToyLedger(path, clock)
    assert numbers(ledger) == []
    assert ledger.take(BEAR, [entry(1)], 1) == 1
    assert path.with_name(FILE_NAME + ".damaged").exists()
    ledger.close()
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM entries").fetchone() == (1,)
    database.close()


def test_receipts_are_bounded(ledger: ToyLedger) -> None:
    for seq in range(1, limits.LEDGER_RECEIPTS_KEPT + 5):
        ledger.take(BEAR, [entry(seq, "receipt")], seq, f"receipt {seq}".encode())
    kept = ledger.receipts(BEAR)
    assert len(kept) == limits.LEDGER_RECEIPTS_KEPT
    assert kept[0] == f"receipt {limits.LEDGER_RECEIPTS_KEPT + 4}".encode()


# What routers observed


def test_observed_counts_are_cumulative_and_bounded(ledger: ToyLedger) -> None:
    ledger.saw(BEAR, [("a.example", True, TODAY, 5, 100)])
    ledger.saw(BEAR, [("a.example", True, TODAY, 3, 90), ("a.example", True, TODAY - 1, 2, 50)])
    assert [(each.host, each.times, each.last) for each in ledger.observed(BEAR)] == [("a.example", 7, 100)]
    ledger.saw(BEAR, [("a.example", False, TODAY, 1, 200)])
    assert [each.is_let for each in ledger.observed(BEAR)] == [False], "as it was the last time"
    for number in range(limits.OBSERVED_MAX * 2):
        ledger.saw(BEAR, [(f"n{number}.example", False, TODAY, 1, 1000 + number)])
    kept = ledger.observed(BEAR)
    assert len(kept) == limits.OBSERVED_MAX
    assert kept[0].host == f"n{limits.OBSERVED_MAX * 2 - 1}.example"


def test_what_a_router_observed_stands_beside_what_is_declared(hub: Hub) -> None:
    hub.network.neighbours["192.0.2.77"] = MAC
    mia = hub.add_child()
    tablet = hub.add_device(mia)
    bear = Bear(hub)
    bear.pair(mia)
    bear.declare()
    toy = hub.family().toy(bear.agent)
    assert toy
    now = int(hub.clock.wall())
    rows: list[Reached | Streamed] = [
        Reached(toy.device, "talk.honey.example", DECLARED, TODAY, 12, now - 60),
        Reached(toy.device, "ads.example", REFUSED, TODAY, 3, now - 30),
        Reached(tablet, "private.example", REFUSED, TODAY, 3, now - 30),
        Streamed(toy.device, now - 60, now, 5000),
    ]
    message = encode_observed("m1", now, ROUTER, rows)
    hub.broker.receive(ROUTER, "events", message)
    page = hub.get(f"/toys/{bear.agent}").text
    assert "Not declared. Your router stopped it." in page
    assert "Seen 12 times, last 17:59." in page
    assert "Not seen yet." in page
    assert "private.example" not in page
