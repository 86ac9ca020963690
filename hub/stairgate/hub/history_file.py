"""The SQLite file under the history: its tables, what is written together, and where a damaged one goes.

It decides that the oldest makes room when the file has reached its bound, and that a damaged file is put aside, with a
sentence for parents. How files are opened and written is `sqlite_file`'s.
"""

import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stairgate.hub import limits
from stairgate.hub.language import N_
from stairgate.hub.sqlite_file import SqliteFile

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


class Batch(NamedTuple):
    """What is written together: events, bytes by (day, device), and by (agent, device) the counts they came from."""

    events: Sequence[tuple[Any, ...]]
    sums: Mapping[tuple[int, str], tuple[int, int]]
    counts: Mapping[tuple[str, str], tuple[int, int]]


class HistoryFile(SqliteFile):
    """One file, or none with `path` None. For one thread at a time.

    `recovery`: an English sentence for parents when the file could not be used and was put aside, else empty.
    """

    what = "the history"
    FORMAT = 1
    SCHEMA = _SCHEMA
    TABLES = TABLES

    def __init__(self, path: Path | None) -> None:
        self.recovery = ""
        super().__init__(path)

    def pages_max(self) -> int:
        """See `SqliteFile`."""
        return limits.HISTORY_PAGES_MAX

    def put_away(self, path: Path) -> None:
        """Put it beside; what was put aside before is replaced."""
        self.recovery = N_("The file with what happened before was damaged. It was put aside, and a new one begun.")
        os.replace(path, path.with_name(path.name + ".damaged"))

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
