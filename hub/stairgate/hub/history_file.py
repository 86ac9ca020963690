"""The SQLite file under the history: how it is opened, what is damage, and where damaged files go.

It decides the pragmas. No write-ahead log: flash file systems of routers have no shared maps for it, and truncating
the journal is one write less than deleting it. What is deleted is overwritten, not only unlinked. The file has a
bound in pages.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from stairgate.hub import limits

_FORMAT = 1
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


class _Foreign(sqlite3.DatabaseError):
    """A sound file that is none of ours."""


def open_database(path: Path | None) -> sqlite3.Connection:
    """The database in this file, made when there is none, or one in RAM for None. Raises sqlite3.Error."""
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
    except BaseException:
        database.close()
        raise
    return database


def is_damage(problem: sqlite3.Error) -> bool:
    """True when the file itself is at fault; a full disk or a closed database is not."""
    return type(problem) is sqlite3.DatabaseError or isinstance(problem, _Foreign)


def put_aside(path: Path) -> None:
    """Move the file and its journal out of the way; what was put aside before is replaced. Raises OSError."""
    os.replace(path, path.with_name(path.name + ".damaged"))
    path.with_name(path.name + "-journal").unlink(missing_ok=True)
