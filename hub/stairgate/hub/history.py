"""What happened, for parents to read: who did what, what routers said, and bytes for each device and day. SQLite.

It decides what is kept (ids and numbers only: no names, no addresses, nothing of where anybody went), for how long,
and that a full or damaged disk takes the history away, never the hub. Bytes come from the agents' cumulative
counts, whose last values are written in the same transaction as the sums: a crash loses neither and counts nothing
twice. Which devices may be counted at all is the caller's (`Exchange`: never exempt ones).
"""

import logging
import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from stairgate.core.messages import Usage
from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.history_file import TABLES, is_damage, open_database, put_aside

FILE_NAME = "history.sqlite"
DAY_SECONDS = 86400
_log = logging.getLogger(__name__)
_TEXT_MAX = 64


class Event(NamedTuple):
    """Something that happened.

    at: UTC seconds. kind: a word of `history_words`. person, device, agent: ids or empty. by: a parent's id, empty for
    nobody. minutes: how long, 0 where that says nothing.
    """

    at: int
    kind: str
    person: str = ""
    device: str = ""
    agent: str = ""
    by: str = ""
    minutes: int = 0


class Day(NamedTuple):
    """Bytes of one device on one UTC day. day: days since 1970."""

    day: int
    device: str
    to_device: int
    from_device: int


class History:
    """The history of one hub. Safe for threads. `path` None keeps it in RAM (for tests).

    `recovery`: a sentence for parents when the file could not be used and was put aside, else empty.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self.recovery = ""
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._sums: dict[tuple[int, str], tuple[int, int]] = {}
        self._counted: dict[tuple[str, str], tuple[int, int]] = {}
        self._changed: set[tuple[str, str]] = set()
        self._agents: dict[str, tuple[str, float]] = {}
        self._owed: list[tuple[str, tuple[str, ...]]] = []
        self._written = float("-inf")
        self._swept_day = -1
        self._offset = clock.wall() - clock.monotonic()
        self._steady_from = float("-inf")
        self._told_fault = False
        self._database = self._open()
        self._load_counted()

    # Written from requests and from the broker's thread: RAM only

    def event(
        self, kind: str, person: str = "", device: str = "", agent: str = "", by: str = "", minutes: int = 0
    ) -> None:
        """Remember that something happened now."""
        at = int(self._clock.wall())
        kind, person, device, agent, by = (text[:_TEXT_MAX] for text in (kind, person, device, agent, by))
        with self._lock:
            self._events.append(Event(at, kind, person, device, agent, by, minutes))
            del self._events[: -limits.HISTORY_PENDING_MAX]

    def agent_said(self, agent: str, state: str) -> None:
        """A router's hello: remembered when it begins to fail or is well again."""
        now = self._clock.monotonic()
        state = "failed" if state in ("failed", "refused") else state
        with self._lock:
            before, told = self._agents.get(agent, ("applied", float("-inf")))
            if state not in ("failed", "applied") or state == before or now - told < limits.HISTORY_AGENT_SECONDS:
                return
            self._agents[agent] = (state, now)
            while len(self._agents) > limits.TRAFFIC_DEVICES:
                del self._agents[next(iter(self._agents))]
        self.event(f"router_{state}", agent=agent)

    def usage(self, usage: Usage, shown: Collection[str]) -> None:
        """Count an agent's cumulative bytes, for the devices in `shown`; all that is held of others is deleted."""
        day = int(self._clock.wall()) // DAY_SECONDS
        with self._lock:
            for device, to_device, from_device in usage.bytes:
                if device in shown:
                    self._count(usage.agent, day, device, to_device, from_device)
            gone = {device for _, device in self._counted} - set(shown)
        self.forget_devices(gone)

    def _count(self, agent: str, day: int, device: str, to_device: int, from_device: int) -> None:
        before = self._counted.get((agent, device))
        if before == (to_device, from_device):
            return
        self._counted[agent, device] = (to_device, from_device)
        self._changed.add((agent, device))
        if before is None:
            return  # it has counted since before the device was a child's
        # A smaller count means that the agent began again at zero.
        moved = [now - old if now >= old else now for now, old in zip((to_device, from_device), before, strict=True)]
        held = self._sums.get((day, device), (0, 0))
        self._sums[day, device] = (held[0] + moved[0], held[1] + moved[1])

    # Read

    def events(self, limit: int = limits.HISTORY_SHOWN) -> list[Event]:
        """The last events, newest first."""
        with self._lock:
            waiting = self._events[::-1][:limit]
            query = "SELECT at, kind, person, device, agent, by, minutes FROM events ORDER BY id DESC LIMIT ?"
            return waiting + [Event(*row) for row in self._rows(query, limit - len(waiting))]

    def all_events(self) -> list[Event]:
        """Every event that is kept, newest first."""
        return self.events(2**31)

    def all_days(self) -> list[Day]:
        """Every count that is kept."""
        with self._lock:
            held = {device for (device,) in self._rows("SELECT DISTINCT device FROM usage LIMIT ?", -1)}
            held |= {device for _, device in self._sums}
        return self.days(held, limits.HISTORY_USAGE_DAYS)

    def days(self, devices: Collection[str], count: int) -> list[Day]:
        """Bytes of these devices on the last `count` UTC days, by day; days without any are left out."""
        first = int(self._clock.wall()) // DAY_SECONDS - count + 1
        sums: dict[tuple[int, str], tuple[int, int]] = {}
        with self._lock:
            query = "SELECT day, device, to_device, from_device FROM usage WHERE day >= ?"
            found = [Day(*row) for row in self._rows(query, first)]
            found += [Day(day, device, *moved) for (day, device), moved in self._sums.items() if day >= first]
        for entry in found:
            if entry.device in devices:
                held = sums.get((entry.day, entry.device), (0, 0))
                sums[entry.day, entry.device] = (held[0] + entry.to_device, held[1] + entry.from_device)
        return [Day(day, device, *moved) for (day, device), moved in sorted(sums.items())]

    # Deleted at once

    def forget_person(self, person: str, devices: Collection[str]) -> None:
        """Delete what is held of a child, and of devices that were this child's alone."""
        with self._lock:
            self._events = [event for event in self._events if event.person != person]
            self._delete(("DELETE FROM events WHERE person = ?", (person,)))
        self.forget_devices(devices)

    def forget_devices(self, devices: Collection[str]) -> None:
        """Delete what is held of these devices."""
        gone = set(devices)
        if not gone:
            return
        with self._lock:
            self._events = [event for event in self._events if event.device not in gone]
            self._sums = {key: moved for key, moved in self._sums.items() if key[1] not in gone}
            self._counted = {key: count for key, count in self._counted.items() if key[1] not in gone}
            self._changed = {key for key in self._changed if key[1] not in gone}
            self._delete(
                *((f"DELETE FROM {table} WHERE device = ?", (device,)) for table in TABLES for device in sorted(gone))
            )

    def keep_only(self, shown: Collection[str]) -> None:
        """Delete what is held of any device that is not in `shown`."""
        with self._lock:
            held = {device for (device,) in self._rows("SELECT DISTINCT device FROM usage LIMIT ?", -1)}
            held |= {device for _, device in self._counted} | {device for _, device in self._sums}
        self.forget_devices(held - set(shown))

    def forget_everything(self) -> None:
        """Delete all of it."""
        with self._lock:
            self._events, self._sums = [], {}
            self._delete(("DELETE FROM events", ()), ("DELETE FROM usage", ()))

    # The file

    def write_due(self) -> None:
        """Write what waits, if the last write is long enough ago. For a thread that may wait for a disk."""
        if self._clock.monotonic() - self._written >= limits.HISTORY_WRITE_SECONDS:
            self.write()

    def write(self) -> None:
        """Write what waits, now; delete what is too old. What a full disk refuses goes on waiting, bounded."""
        with self._lock:
            day = int(self._clock.wall()) // DAY_SECONDS
            if self._events or self._changed or day != self._swept_day:
                self._written = self._clock.monotonic()
                with self._guarded():
                    self._write(day)

    def _write(self, day: int) -> None:
        rows = self._database
        self._pay()
        try:
            self._insert(rows)
        except sqlite3.OperationalError as problem:
            if "full" not in str(problem):
                raise
            # The file has reached its bound (or the disk, where this changes nothing): the oldest tenth goes.
            rows.rollback()
            rows.execute("DELETE FROM events WHERE id <= (SELECT min(id) + (max(id) - min(id)) / 10 FROM events)")
            rows.commit()
            self._insert(rows)
        if self._is_clock_steady():
            rows.execute("DELETE FROM events WHERE at < ?", ((day - limits.HISTORY_EVENT_DAYS) * DAY_SECONDS,))
            rows.execute("DELETE FROM usage WHERE day <= ?", (day - limits.HISTORY_USAGE_DAYS,))
        rows.commit()
        self._events, self._sums, self._changed, self._swept_day = [], {}, set(), day
        self._told_fault = False

    def _is_clock_steady(self) -> bool:
        """False for a day after the clock jumped: a wrong date must not delete what is young."""
        now = self._clock.monotonic()
        offset = self._clock.wall() - now
        if abs(offset - self._offset) > limits.HISTORY_JUMP_SECONDS:
            self._steady_from = now + DAY_SECONDS
        self._offset = offset
        return now >= self._steady_from

    def _insert(self, rows: sqlite3.Connection) -> None:
        rows.executemany(
            "INSERT INTO events (at, kind, person, device, agent, by, minutes) VALUES (?, ?, ?, ?, ?, ?, ?)",
            self._events,
        )
        rows.executemany(
            "INSERT INTO usage VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " to_device = to_device + excluded.to_device, from_device = from_device + excluded.from_device",
            [(day, device, *moved) for (day, device), moved in self._sums.items()],
        )
        rows.executemany(
            "INSERT OR REPLACE INTO counted VALUES (?, ?, ?, ?)", [(*key, *self._counted[key]) for key in self._changed]
        )

    def close(self) -> None:
        """Write what waits and let go of the file."""
        self.write()
        with self._lock:
            self._database.close()

    def _delete(self, *statements: tuple[str, tuple[str, ...]]) -> None:
        self._owed += statements
        with self._guarded():
            self._pay()
            self._database.commit()

    def _pay(self) -> None:
        """Delete what a full disk did not let us delete before."""
        for statement, values in self._owed:
            self._database.execute(statement, values)
        self._owed = []

    def _rows(self, query: str, value: int) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        with self._guarded():
            rows = self._database.execute(query, (value,)).fetchall()
        return rows

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """A damaged file is put aside, a disk that refuses is told once; the hub goes on in either case."""
        try:
            yield
        except sqlite3.Error as problem:
            with suppress(sqlite3.Error):
                self._database.rollback()
            if is_damage(problem):
                self._database.close()
                self._database = self._put_aside(problem)
                self._changed = set(self._counted)
            elif not self._told_fault:
                self._told_fault = True
                _log.error("the history cannot be written now: %s", problem)

    def _open(self) -> sqlite3.Connection:
        try:
            return open_database(self._path)
        except sqlite3.Error as problem:
            if is_damage(problem):
                return self._put_aside(problem)
            _log.error("the history has no file: %s", problem)
            return open_database(None)

    def _put_aside(self, problem: sqlite3.Error) -> sqlite3.Connection:
        _log.error("the history was damaged and is put aside: %s", problem)
        self.recovery = "The file with what happened before was damaged. It was put aside, and a new one begun."
        try:
            if self._path:
                put_aside(self._path)
            return open_database(self._path)
        except (OSError, sqlite3.Error):
            return open_database(None)

    def _load_counted(self) -> None:
        query = "SELECT agent, device, to_device, from_device FROM counted LIMIT ?"
        for agent, device, to_device, from_device in self._rows(query, limits.TRAFFIC_DEVICES * 4):
            self._counted[agent, device] = (to_device, from_device)
