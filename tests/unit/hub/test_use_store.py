"""Minutes in use, as they are kept: merged in any order, for nine days, over a kill, never beyond their bounds."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.core.usage import BITMAP_BYTES, DAY_MINUTES
from stairgate.hub import limits
from stairgate.hub.clock import ManualClock
from stairgate.hub.use_file import Row
from stairgate.hub.use_store import FILE_NAME, UseStore
from tests.unit.hub.conftest import EVENING

DAY_SECONDS = 86400
TODAY = int(EVENING) // DAY_SECONDS


def bits(*minutes: int) -> bytes:
    return sum(1 << minute for minute in set(minutes)).to_bytes(BITMAP_BYTES, "little")


def row(*minutes: int, person: str = "pmia", category: str = "total", day: int = TODAY) -> Row:
    return (person, category, day, bits(*minutes))


class Kept:
    """A store on disk that can be opened again."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        self.clock = ManualClock(EVENING)
        self.use = UseStore(self.path, self.clock)

    def again(self) -> UseStore:
        self.use.close()
        self.use = UseStore(self.path, self.clock)
        return self.use

    def crash(self) -> UseStore:
        """Begin anew without what had not been written."""
        self.use._file._database.close()
        self.use = UseStore(self.path, self.clock)
        return self.use

    def raw(self, query: str) -> list[tuple[object, ...]]:
        database = sqlite3.connect(self.path)
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.use.close()


# Merging


@pytest.mark.parametrize("seed", range(20))
def test_order_loss_and_repetition_do_not_matter(seed: int) -> None:
    """What two routers tell of growing days, shuffled, doubled, with holes: in the end the same minutes."""
    chance = random.Random(seed)
    said: list[Row] = []
    truth: dict[tuple[str, str, int], set[int]] = {}
    for _ in range(2):  # routers, each with a bitmap that only grows
        own: dict[tuple[str, str, int], set[int]] = {}
        told: list[Row] = []
        for _ in range(60):
            person, category = chance.choice(("pmia", "pnoah")), chance.choice(("total", "video"))
            day = TODAY - chance.randrange(3)
            minutes = own.setdefault((person, category, day), set())
            minutes |= {chance.randrange(DAY_MINUTES) for _ in range(4)}
            truth[person, category, day] = truth.get((person, category, day), set()) | minutes
            told.append((person, category, day, bits(*minutes)))
        last = [(*key, bits(*minutes)) for key, minutes in own.items()]
        # Anything may be lost but the newest: it is told until it arrives.
        said += [one for one in told if chance.random() < 0.6] + last
    said += chance.choices(said, k=40)
    chance.shuffle(said)

    use = UseStore(None, ManualClock(EVENING))
    for one in said:
        use.take([one])

    assert use.rows() == sorted((*key, bits(*minutes)) for key, minutes in truth.items())
    assert not use.take(said)


def test_only_days_that_are_kept_are_taken(kept: Kept) -> None:
    for day in (0, TODAY - limits.USE_DAYS, TODAY + 2, 2_900_000):
        assert not kept.use.take([row(1, day=day)])
    for day in (TODAY - limits.USE_DAYS + 1, TODAY, TODAY + 1):
        assert kept.use.take([row(1, day=day)])
    assert [one[2] for one in kept.use.rows()] == [TODAY - limits.USE_DAYS + 1, TODAY, TODAY + 1]


def test_the_store_never_exceeds_its_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "USE_ROWS_MAX", 50)
    use = UseStore(tmp_path / FILE_NAME, ManualClock(EVENING))
    use.take(row(number % DAY_MINUTES, person=f"p{number}") for number in range(500))
    assert len(use.rows()) == 50
    assert use.take([row(5, person="p1")])  # what is held goes on
    use.write()
    use.take(row(number % DAY_MINUTES, person=f"q{number}") for number in range(500))
    use.close()
    assert len(UseStore(tmp_path / FILE_NAME, ManualClock(EVENING)).rows()) == 50


def test_the_file_at_its_largest_is_below_its_bound(tmp_path: Path) -> None:
    use = UseStore(tmp_path / FILE_NAME, ManualClock(EVENING))
    for number in range(limits.USE_ROWS_MAX):
        use.take([(f"p{number:031}", "c" * 32, TODAY - number % limits.USE_DAYS, b"\xff" * BITMAP_BYTES)])
    use.close()
    assert len(UseStore(tmp_path / FILE_NAME, ManualClock(EVENING)).rows()) == limits.USE_ROWS_MAX
    assert (tmp_path / FILE_NAME).stat().st_size < limits.USE_PAGES_MAX * 4096 // 2


# Kept


def test_a_restart_keeps_the_minutes_and_a_kill_those_that_were_written(kept: Kept) -> None:
    kept.use.take([row(1, 2)])
    assert kept.again().rows() == [row(1, 2)]
    kept.use.take([row(3)])
    kept.use.write()
    kept.use.take([row(4)])
    assert kept.crash().rows() == [row(1, 2, 3)]
    kept.use.take([row(1, 4)])  # the router tells it again
    assert kept.again().rows() == [row(1, 2, 3, 4)]


def test_writes_are_rare(kept: Kept) -> None:
    kept.use.take([row(0)])
    kept.use.write_due()
    for minute in range(1, 12):
        kept.clock.advance(60)
        kept.use.take([row(minute)])
        kept.use.write_due()
        (written,) = kept.raw("SELECT bits FROM minutes")[0]
        assert isinstance(written, bytes)
        held = bin(int.from_bytes(written, "little")).count("1")
        assert held == 1 + minute // 5 * 5


def test_after_nine_days_nothing_is_left(kept: Kept) -> None:
    kept.use.take([row(1, person="poldest")])
    kept.use.write()
    for _ in range(limits.USE_DAYS):
        kept.clock.advance(DAY_SECONDS)
        kept.use.write_due()
    assert kept.use.rows() == []
    assert kept.raw("SELECT * FROM minutes") == []
    kept.use.close()
    assert b"poldest" not in kept.path.read_bytes()


def test_a_clock_that_jumps_deletes_nothing_young(kept: Kept) -> None:
    kept.use.take([row(1)])
    kept.use.write()
    kept.clock._wall = EVENING + 400 * DAY_SECONDS
    kept.use.write()
    kept.clock._wall = EVENING + 60
    kept.use.write()
    assert kept.again().rows() == [row(1)]


# Deleted


def test_a_child_that_is_removed_leaves_nothing_behind(kept: Kept) -> None:
    kept.use.take([row(1), row(2, person="pnoah")])
    kept.use.write()
    kept.use.take([row(3)])
    kept.use.keep_persons({"pnoah"})
    assert kept.use.rows() == [row(2, person="pnoah")]
    kept.use.close()
    held = kept.path.read_bytes()
    assert b"pnoah" in held
    assert b"pmia" not in held


def test_what_was_deleted_does_not_come_back_from_a_router(kept: Kept) -> None:
    """But for the running day, whose time it counts for."""
    told = [row(700, day=TODAY - 3), row(100, 200, 900)]
    kept.use.take(told)
    kept.use.write()
    begin = TODAY * DAY_SECONDS + 200 * 60  # where the family's day began
    kept.use.forget_everything(begin)
    assert kept.use.rows() == []
    assert kept.raw("SELECT * FROM minutes") == []
    for use in (kept.use, kept.again()):
        use.take(told)
        assert use.rows() == [row(200, 900)]


def test_what_a_full_disk_does_not_let_delete_is_deleted_later(kept: Kept) -> None:
    kept.use.take([row(1), row(2, person="pnoah")])
    kept.use.write()
    kept.use._file._database.execute("PRAGMA query_only = ON")
    kept.use.keep_persons({"pnoah"})
    kept.use.take([row(5, person="pnoah")])
    kept.use.write()
    kept.use._file._database.execute("PRAGMA query_only = OFF")
    kept.use.write()
    assert kept.again().rows() == [row(2, 5, person="pnoah")]


# Bad disks


def test_a_file_cut_at_any_length_never_stops_the_hub_and_nothing_is_put_aside(tmp_path: Path) -> None:
    clock, path = ManualClock(EVENING), tmp_path / FILE_NAME
    use = UseStore(path, clock)
    use.take(row(1, person=f"p{number}") for number in range(60))
    use.close()
    whole = path.read_bytes()
    for length in [*range(0, 120, 7), *range(120, len(whole), 997)]:
        path.write_bytes(whole[:length])
        use = UseStore(path, clock)
        use.take([row(5)])
        use.close()
        again = UseStore(path, clock)
        assert row(5) in again.rows()
        again.close()
    assert {entry.name for entry in tmp_path.iterdir()} <= {FILE_NAME, FILE_NAME + "-journal"}


def test_damage_while_it_runs_loses_nothing_that_is_in_ram(kept: Kept) -> None:
    kept.use.take([row(1)])
    kept.use.write()
    kept.path.write_bytes(b"\xff" * 40_000)
    kept.use.take([row(2)])
    kept.use.write()
    assert kept.crash().rows() == [row(1, 2)]


def test_a_bitmap_of_another_size_in_the_file_is_left_out(kept: Kept) -> None:
    kept.use.take([row(1)])
    kept.use.close()
    database = sqlite3.connect(kept.path)
    database.execute("INSERT INTO minutes VALUES ('pmia', 'video', ?, x'ffff')", (TODAY,))
    database.commit()
    database.close()
    kept.use = UseStore(kept.path, kept.clock)
    assert kept.use.rows() == [row(1)]


def test_without_a_disk_the_hub_goes_on(tmp_path: Path) -> None:
    use = UseStore(tmp_path / "nothing" / FILE_NAME, ManualClock(EVENING))
    use.take([row(1)])
    use.close()
    use.take([row(2)])
    use.write()  # a message that came late
    assert use.rows() == [row(1, 2)]
