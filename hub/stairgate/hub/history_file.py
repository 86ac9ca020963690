"""The SQLite file under the history: how it is opened and written, what is damage, and where damaged files go.

It decides the pragmas, and that neither a damaged file nor a disk that refuses ever stops the hub. No write-ahead log:
flash file systems of routers have no shared maps for it, and truncating the journal is one write less than deleting it.
What is deleted is overwritten, not only unlinked. The file has a bound in pages.
"""

import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from stairgate.hub import limits

_log = logging.getLogger(__name__)
_FORMAT = 1
# Sums stay whole numbers in SQLite, whatever an agent says.
_BYTES_MAX = 2**60
_SCHEMA = """
CREATE TABLE events (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, person TEXT NOT NULL,
  device TEXT NOT NULL, agent TEXT NOT NULL, by TEXT NOT NULL, minutes INTEGER NOT NULL);
CREATE TABLE usage (day INTEGER NOT NULL, device TEXT NOT NULL, to_device INTEGER NOT NULL,
  from_device INTEGER NOT NULL, PRIMARY KEY (day, device)) WITHOUT ROWID;
CREATE TABLE counted (agent TEXT NOT NULL, device TEXT NOT NULL, to_device INTEGER NOT NULL,
  from_device INTEGER NOT NULL, PRIMARY KEY (agent, device)) WITHOUT ROWID;
"""
#: Every table; each has a column `device`.
TABLES = ("events", "usage", "counted")


Statement = tuple[str, tuple[str, ...]]


class Batch(NamedTuple):
    """What is written together: events, bytes by (day, device), and by (agent, device) the counts they came from."""

    events: Sequence[tuple[Any, ...]]
    sums: Mapping[tuple[int, str], tuple[int, int]]
    counts: Mapping[tuple[str, str], tuple[int, int]]


# SQLite quotes damaged names in its own words, which then are no text.
_FAULTS = (sqlite3.Error, UnicodeDecodeError)


class _Foreign(sqlite3.DatabaseError):
    """A sound file that is none of ours."""


class HistoryFile:
    """One file, or none with `path` None. For one thread at a time.

    `recovery`: a sentence for parents when the file could not be used and was put aside, else empty.
    """

    def __init__(self, path: Path | None) -> None:
        self.recovery = ""
        self._path = path
        self._owed: list[Statement] = []
        self._told_fault = False
        self._database = self._open()

    def rows(self, query: str, value: int) -> list[tuple[Any, ...]]:
        """The rows of a query with one value; none when the file cannot be read."""
        found: list[tuple[Any, ...]] = []
        with self._guarded():
            found += self._database.execute(query, (value,)).fetchall()
        return found

    def write(self, batch: Batch, oldest: tuple[int, int] | None) -> bool:
        """Add a batch whole; False when the file did not take it.

        oldest: what is older is deleted: events before this second, bytes before this day.
        """
        done = False
        with self._guarded():
            try:
                self._insert(batch)
            except sqlite3.OperationalError as problem:
                if "full" not in str(problem):
                    raise
                # The file has reached its bound (or the disk, where this changes nothing): the oldest tenth goes.
                self._database.rollback()
                self._database.execute(
                    "DELETE FROM events WHERE id <= (SELECT min(id) + (max(id) - min(id)) / 10 FROM events)"
                )
                self._database.commit()
                self._insert(batch)
            if oldest:
                self._database.execute("DELETE FROM events WHERE at < ?", oldest[:1])
                self._database.execute("DELETE FROM usage WHERE day < ?", oldest[1:])
            self._database.commit()
            self._owed, self._told_fault, done = [], False, True
        return done

    def delete(self, *statements: Statement) -> None:
        """Delete now; what a full disk does not let us delete goes with the next thing that is written."""
        self._owed += statements
        with self._guarded():
            self._pay()
            self._database.commit()
            self._owed = []

    def close(self) -> None:
        """Let go of the file; nothing can be read or written any more, and nothing is put aside for that."""
        self._database.close()

    def _pay(self) -> None:
        for statement, values in self._owed:
            self._database.execute(statement, values)

    def _insert(self, batch: Batch) -> None:
        self._pay()
        self._database.executemany(
            "INSERT INTO events (at, kind, person, device, agent, by, minutes) VALUES (?, ?, ?, ?, ?, ?, ?)",
            batch.events,
        )
        self._database.executemany(
            "INSERT INTO usage VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            f" to_device = min({_BYTES_MAX}, to_device + excluded.to_device),"
            f" from_device = min({_BYTES_MAX}, from_device + excluded.from_device)",
            [(*key, *(min(_BYTES_MAX, count) for count in moved)) for key, moved in batch.sums.items()],
        )
        self._database.executemany(
            "INSERT OR REPLACE INTO counted VALUES (?, ?, ?, ?)",
            [(*key, *(min(_BYTES_MAX, count) for count in counts)) for key, counts in batch.counts.items()],
        )

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """A damaged file is put aside, a disk that refuses is told once; the hub goes on in either case."""
        try:
            yield
        except _FAULTS as problem:
            with suppress(sqlite3.Error):
                self._database.rollback()
            if _is_damage(problem):
                self._database.close()
                self._database = self._begin_anew(problem)
            elif not self._told_fault:
                self._told_fault = True
                _log.error("the history cannot be written now: %s", problem)

    def _open(self) -> sqlite3.Connection:
        try:
            return _open_database(self._path)
        except _FAULTS as problem:
            if _is_damage(problem):
                return self._begin_anew(problem)
            _log.error("the history has no file: %s", problem)
            return _open_database(None)

    def _begin_anew(self, problem: Exception) -> sqlite3.Connection:
        _log.error("the history was damaged and is put aside: %s", problem)
        self.recovery = "The file with what happened before was damaged. It was put aside, and a new one begun."
        try:
            if self._path:
                _put_aside(self._path)
            return _open_database(self._path)
        except (OSError, *_FAULTS):
            return _open_database(None)


def _open_database(path: Path | None) -> sqlite3.Connection:
    """The database in this file, made when there is none, or one in RAM for None. Raises one of _FAULTS."""
    if path:
        with suppress(OSError):  # so that it is never readable by others, not for a moment
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    database = sqlite3.connect(path or ":memory:", check_same_thread=False, timeout=5)
    try:
        for pragma in ("journal_mode = TRUNCATE", "synchronous = FULL", "secure_delete = ON"):
            database.execute(f"PRAGMA {pragma}")
        database.execute(f"PRAGMA max_page_count = {limits.HISTORY_PAGES_MAX}")
        (found,) = database.execute("PRAGMA user_version").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if (found, tables) == (0, 0):
            database.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_FORMAT}; COMMIT;")
        elif (found, tables) != (_FORMAT, len(TABLES)):
            raise _Foreign(f"expected format {_FORMAT} with {len(TABLES)} tables, got {found} with {tables}")
        (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise _Foreign(state)
        for table in TABLES:
            _check_kinds(database, table)
    except BaseException:
        database.close()
        raise
    return database


def _check_kinds(database: sqlite3.Connection, table: str) -> None:
    """SQLite keeps any value in any column, and its own check lets a damaged one pass. Raises _Foreign."""
    columns = database.execute(f"PRAGMA table_info({table})").fetchall()
    others = " OR ".join(f"typeof(\"{name}\") != '{kind.lower()}'" for _, name, kind, *_ in columns)
    if database.execute(f"SELECT 1 FROM {table} WHERE {others} LIMIT 1").fetchone():
        raise _Foreign(f"values of another kind in {table}")


def _is_damage(problem: Exception) -> bool:
    """True when the file itself is at fault; a full disk or a closed database is not."""
    return type(problem) is sqlite3.DatabaseError or isinstance(problem, (_Foreign, UnicodeDecodeError))


def _put_aside(path: Path) -> None:
    """Move the file and its journal out of the way; what was put aside before is replaced. Raises OSError."""
    os.replace(path, path.with_name(path.name + ".damaged"))
    path.with_name(path.name + "-journal").unlink(missing_ok=True)
