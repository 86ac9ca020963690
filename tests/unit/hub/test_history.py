"""What happened and how much moved: counted once, kept for its time, deleted when told to, never in the hub's way."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stairgate.core.messages import Usage
from stairgate.hub import limits
from stairgate.hub.clock import ManualClock
from stairgate.hub.history import DAY_SECONDS, Day, History
from tests.unit.hub.conftest import EVENING

TODAY = int(EVENING) // DAY_SECONDS
FILE = "history.sqlite"


def counts(agent: str = "r1", **devices: tuple[int, int]) -> Usage:
    return Usage("m1", int(EVENING), agent, tuple((device, *moved) for device, moved in devices.items()), ())


class Kept:
    """A history on disk that can be opened again."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE
        self.clock = ManualClock(EVENING)
        self.history = History(self.path, self.clock)

    def again(self) -> History:
        self.history.close()
        self.history = History(self.path, self.clock)
        return self.history

    def crash(self) -> History:
        """Begin anew without what had not been written."""
        self.history._file._database.close()
        self.history = History(self.path, self.clock)
        return self.history

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
    kept.history.close()


def kinds(history: History) -> list[str]:
    return [event.kind for event in history.events()]


# Counts


def test_bytes_are_differences_of_what_an_agent_counts(kept: Kept) -> None:
    history = kept.history
    history.usage(counts(d1=(1000, 500)), {"d1"})
    assert history.days({"d1"}, 7) == []  # from before the device was a child's
    history.usage(counts(d1=(1100, 560)), {"d1"})
    history.usage(counts(d1=(1100, 560)), {"d1"})
    assert history.days({"d1"}, 7) == [Day(TODAY, "d1", 100, 60)]


@pytest.mark.parametrize("end", ["again", "crash"])
def test_counts_survive_the_hub(kept: Kept, end: str) -> None:
    kept.history.usage(counts(d1=(0, 0)), {"d1"})
    kept.history.usage(counts(d1=(100, 10)), {"d1"})
    kept.history.write()
    kept.history.usage(counts(d1=(150, 20)), {"d1"})
    history = getattr(kept, end)()
    # While the hub was away the agent went on counting; nothing is lost and nothing counted twice.
    history.usage(counts(d1=(400, 40)), {"d1"})
    assert history.days({"d1"}, 7) == [Day(TODAY, "d1", 400, 40)]


def test_an_agent_that_begins_again_at_zero(kept: Kept) -> None:
    for moved in ((0, 0), (100, 10), (30, 3), (50, 5)):
        kept.history.usage(counts(d1=moved), {"d1"})
    assert kept.history.days({"d1"}, 7) == [Day(TODAY, "d1", 150, 15)]


def test_two_routers_count_beside_each_other(kept: Kept) -> None:
    for agent in ("r1", "r2"):
        kept.history.usage(counts(agent, d1=(10, 10)), {"d1"})
        kept.history.usage(counts(agent, d1=(20, 30)), {"d1"})
    assert kept.history.days({"d1"}, 7) == [Day(TODAY, "d1", 20, 40)]


def test_days_are_apart(kept: Kept) -> None:
    kept.history.usage(counts(d1=(0, 0)), {"d1"})
    for day in range(9):
        kept.history.usage(counts(d1=(100 * (day + 1), 0)), {"d1"})
        kept.clock.advance(DAY_SECONDS)
    kept.history.write()
    assert kept.history.days({"d1"}, 7) == [Day(TODAY + day, "d1", 100, 0) for day in range(3, 9)]


def test_nothing_of_devices_that_may_not_be_shown(kept: Kept) -> None:
    history = kept.history
    for moved in ((0, 0), (100, 100)):
        history.usage(counts(d1=moved, d2=moved), {"d1", "d2"})
    history.write()
    history.usage(counts(d1=(200, 200), d2=(200, 200)), {"d1"})
    history.write()
    assert kept.raw("SELECT DISTINCT device FROM usage UNION SELECT device FROM counted") == [("d1",)]
    assert history.days({"d1", "d2"}, 7) == [Day(TODAY, "d1", 200, 200)]


# Deleting


def test_what_is_too_old_is_deleted_from_the_file(kept: Kept) -> None:
    kept.history.event("child.pause", person="poldest")
    kept.history.usage(counts(d1=(0, 0)), {"d1"})
    kept.history.usage(counts(d1=(5, 5)), {"d1"})
    kept.history.write()
    for _ in range(limits.HISTORY_USAGE_DAYS):
        kept.clock.advance(DAY_SECONDS)
        kept.history.write_due()
    assert kept.raw("SELECT * FROM usage") == []
    assert kinds(kept.history) == ["child.pause"]
    for _ in range(limits.HISTORY_EVENT_DAYS):
        kept.clock.advance(DAY_SECONDS)
        kept.history.write_due()
    assert kinds(kept.history) == []
    kept.history.close()
    assert b"poldest" not in kept.path.read_bytes()


def test_a_clock_that_jumps_deletes_nothing_young(kept: Kept) -> None:
    kept.history.event("child.pause")
    kept.history.write()
    kept.clock._wall = EVENING + 400 * DAY_SECONDS
    kept.history.event("child.end")
    kept.history.write()
    kept.clock._wall = EVENING + 60
    kept.history.write()
    assert kinds(kept.history) == ["child.end", "child.pause"]


def test_a_child_leaves_nothing_behind(kept: Kept) -> None:
    history = kept.history
    for person in ("pmia", "pnoah"):
        history.event("child.pause", person=person)
    history.write()
    history.event("child.bonus", person="pmia")
    for moved in ((0, 0), (9, 9)):
        history.usage(counts(dmia=moved, dnoah=moved), {"dmia", "dnoah"})
    history.write()
    history.forget_person("pmia", {"dmia"})
    assert [event.person for event in history.events()] == ["pnoah"]
    assert [day.device for day in history.days({"dmia", "dnoah"}, 7)] == ["dnoah"]
    history.close()
    held = kept.path.read_bytes()
    assert b"pnoah" in held
    assert b"pmia" not in held
    assert b"dmia" not in held


def test_keep_only_and_forget_everything(kept: Kept) -> None:
    for moved in ((0, 0), (9, 9)):
        kept.history.usage(counts(d1=moved, d2=moved), {"d1", "d2"})
    kept.history.write()
    kept.history.keep_only({"d2"})
    assert [day.device for day in kept.history.all_days()] == ["d2"]
    kept.history.event("child.add")
    kept.history.forget_everything()
    assert (kept.history.all_days(), kept.history.all_events()) == ([], [])
    assert kept.raw("SELECT count(*) FROM events") == [(0,)]
    # The next difference still counts from the last one.
    kept.history.usage(counts(d2=(10, 10)), {"d2"})
    assert kept.history.all_days() == [Day(TODAY, "d2", 1, 1)]


# Writing


def test_writes_are_rare(kept: Kept) -> None:
    kept.history.write()
    for second in range(61):
        kept.history.event("child.add")
        kept.history.write_due()
        (written,) = kept.raw("SELECT count(*) FROM events")[0]
        assert written == (0 if second < limits.HISTORY_WRITE_SECONDS else 31 if second < 60 else 61)
        kept.clock.advance(1)
    assert len(kept.history.events(1000)) == 61


def test_no_names_and_no_other_readers(kept: Kept) -> None:
    assert kept.path.stat().st_mode & 0o077 == 0
    assert kept.raw("PRAGMA journal_mode") == [("truncate",)] or kept.history._file._database.execute(
        "PRAGMA journal_mode"
    ).fetchone() == ("truncate",)
    kept.history.event("x" * 500, person="p" * 500)
    kept.history.write()
    assert len(kept.history.events()[0].kind) == 64


def test_a_router_is_remarked_on_when_it_changes(kept: Kept) -> None:
    for state in ("applied", "failed", "failed", "refused", "applied", "applied", "failed"):
        kept.clock.advance(limits.HISTORY_AGENT_SECONDS)
        kept.history.agent_said("r1", state)
    assert kinds(kept.history) == ["router_failed", "router_applied", "router_failed"]
    for number in range(1000):  # one that flaps
        kept.history.agent_said("r1", ("applied", "failed")[number % 2])
    assert len(kept.history.events()) == 3


@pytest.mark.parametrize("on_disk", [True, False])
def test_threads_lose_nothing(tmp_path: Path, on_disk: bool) -> None:
    clock = ManualClock(EVENING)
    history = History(tmp_path / FILE if on_disk else None, clock)

    def work() -> None:
        for _ in range(50):
            history.event("child.add")
            history.write()
            history.events(5)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(history.all_events()) == 400
    history.close()


def test_a_slow_disk_keeps_nobody_waiting(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    writing, go_on = threading.Event(), threading.Event()
    real = kept.history._file.write

    def slow(*arguments: Any) -> bool:
        writing.set()
        assert go_on.wait(30)
        return real(*arguments)

    monkeypatch.setattr(kept.history._file, "write", slow)
    kept.history.event("child.add")
    writer = threading.Thread(target=kept.history.write)
    writer.start()
    assert writing.wait(30)
    kept.history.event("child.pause")  # a tap
    kept.history.usage(counts(d1=(1, 1)), {"d1"})  # and the broker's thread
    go_on.set()
    writer.join(30)
    assert kinds(kept.history) == ["child.pause", "child.add"]


def test_an_agent_that_exaggerates_breaks_nothing(kept: Kept) -> None:
    for round in range(6):
        kept.history.usage(counts(d1=(round % 2 * (2**62), 0)), {"d1"})
        kept.history.write()
    (day,) = kept.again().days({"d1"}, 7)
    assert (day.to_device, day.from_device) == (2**60, 0)


# Bad disks


@pytest.mark.parametrize("step", [1, 97])
def test_a_file_cut_at_any_length_never_stops_the_hub(tmp_path: Path, step: int) -> None:
    clock = ManualClock(EVENING)
    path = tmp_path / FILE
    history = History(path, clock)
    for number in range(60):
        history.event("child.pause", person=f"p{number}")
    history.close()
    whole = path.read_bytes()
    told = 0
    for length in range(0, 300 if step == 1 else len(whole), step):
        path.write_bytes(whole[:length])
        history = History(path, clock)
        history.event("child.end")
        history.write()
        assert kinds(history)[0] == "child.end"
        told += bool(history.recovery)
        if history.recovery:
            assert path.with_name(FILE + ".damaged").exists()
        history.close()
    assert told > 5


def test_damage_while_it_runs_is_put_aside_and_told(kept: Kept) -> None:
    kept.history.event("child.add")
    kept.history.write()
    kept.path.write_bytes(b"\xff" * 40_000)
    kept.history.event("child.pause")
    kept.history.write()
    kept.history.event("child.end")
    kept.history.write()
    assert "put aside" in kept.history.recovery
    assert kinds(kept.history)[0] == "child.end"
    assert kept.again().recovery == ""


def test_a_database_of_somebody_else_is_put_aside(kept: Kept) -> None:
    kept.history.close()
    kept.path.unlink()
    other = sqlite3.connect(kept.path)
    other.execute("CREATE TABLE songs (name TEXT)")
    other.commit()
    other.close()
    kept.history = History(kept.path, kept.clock)
    assert kept.history.recovery
    assert kept.path.with_name(FILE + ".damaged").exists()


def test_the_file_has_a_bound_and_the_oldest_makes_room(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HISTORY_PAGES_MAX", 30)
    history = kept.again()
    for _ in range(40):
        for number in range(100):
            history.event("child.pause", person=f"p{number}" + "x" * 40)
        history.write()
    history.event("child.end")
    history.write()
    assert history.events(1)[0].kind == "child.end"
    assert kept.path.stat().st_size <= 30 * 4096
    assert 200 < len(history.all_events()) < 4000
    assert history.recovery == ""


def test_a_disk_that_refuses_keeps_the_events_waiting(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.history.event("child.add")
    kept.history.write()
    kept.history._file._database.execute("PRAGMA query_only = ON")  # as on a disk that has become read-only
    for _ in range(limits.HISTORY_PENDING_MAX + 50):
        kept.history.event("child.pause")
    kept.history.write()
    assert kept.raw("SELECT count(*) FROM events") == [(1,)]
    assert len(kept.history.all_events()) == limits.HISTORY_PENDING_MAX + 1
    kept.history._file._database.execute("PRAGMA query_only = OFF")
    kept.history.write()
    assert kept.raw("SELECT count(*) FROM events") == [(limits.HISTORY_PENDING_MAX + 1,)]
    assert kept.history.recovery == ""


def test_what_a_full_disk_does_not_let_delete_is_deleted_later(kept: Kept) -> None:
    kept.history.event("child.pause", person="pmia")
    kept.history.write()
    kept.history._file._database.execute("PRAGMA query_only = ON")
    kept.history.forget_person("pmia", ())
    kept.history._file._database.execute("PRAGMA query_only = OFF")
    kept.history.event("child.add")
    kept.history.write()
    assert kinds(kept.history) == ["child.add"]


def test_without_a_disk_the_hub_goes_on(tmp_path: Path) -> None:
    history = History(tmp_path / "nothing" / FILE, ManualClock(EVENING))
    history.event("child.add")
    history.write()
    assert kinds(history) == ["child.add"]
    history.close()
    history.event("after the end")
    history.write()  # a request that ended late: no error, and no good file put aside
    assert history.recovery == ""


def test_used_after_its_end_nothing_is_put_aside(kept: Kept) -> None:
    kept.history.close()
    kept.history.event("child.add")
    kept.history.write()
    assert kept.history.events() != []
    assert kept.history.recovery == ""
    assert not kept.path.with_name(FILE + ".damaged").exists()
