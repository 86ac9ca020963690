"""An SQLite file of the hub's: how it is opened and written, what is damage, and that none of it stops the hub.

It decides the pragmas, and that neither a damaged file nor a disk that refuses is anybody's error; what is in the file,
and what becomes of a damaged one, is each subclass's. No write-ahead log: flash file systems of routers have no shared
maps for it, and truncating the journal is one write less than deleting it. What is deleted is overwritten, not only
unlinked. The file has a bound in pages.
"""

import logging
import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

_log = logging.getLogger(__name__)

Statement = tuple[str, tuple[str | int, ...]]

# SQLite quotes damaged names in its own words, which then are no text.
_FAULTS = (sqlite3.Error, UnicodeDecodeError)


class _Foreign(sqlite3.DatabaseError):
    """A sound file that is none of ours."""


class SqliteFile(ABC):
    """One file, or none with `path` None. For one thread at a time.

    `what` names it in the log; `FORMAT` is its user_version; `SCHEMA` makes its `TABLES`.
    """

    what: ClassVar[str]
    FORMAT: ClassVar[int]
    SCHEMA: ClassVar[str]
    TABLES: ClassVar[tuple[str, ...]]

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._owed: list[Statement] = []
        self._told_fault = False
        self._database = self._open()

    @abstractmethod
    def pages_max(self) -> int:
        """How many pages of 4 KB the file may have."""

    @abstractmethod
    def put_away(self, path: Path) -> None:
        """Get a damaged file out of the way. Raises OSError."""

    def rows(self, query: str, value: int) -> list[tuple[Any, ...]]:
        """The rows of a query with one value; none when the file cannot be read."""
        found: list[tuple[Any, ...]] = []
        with self._guarded():
            found += self._database.execute(query, (value,)).fetchall()
        return found

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

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """A damaged file is put away, a disk that refuses is told once; the hub goes on in either case."""
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
                _log.error("%s cannot be written now: %s", self.what, problem)

    def _open(self) -> sqlite3.Connection:
        try:
            return self._open_database(self._path)
        except _FAULTS as problem:
            if _is_damage(problem):
                return self._begin_anew(problem)
            _log.error("%s has no file: %s", self.what, problem)
            return self._open_database(None)

    def _begin_anew(self, problem: Exception) -> sqlite3.Connection:
        _log.error("the file of %s was damaged, a new one is begun: %s", self.what, problem)
        try:
            if self._path:
                self.put_away(self._path)
                self._path.with_name(self._path.name + "-journal").unlink(missing_ok=True)
            return self._open_database(self._path)
        except (OSError, *_FAULTS):
            return self._open_database(None)

    def _open_database(self, path: Path | None) -> sqlite3.Connection:
        """The database in this file, made when there is none, or one in RAM for None. Raises one of _FAULTS."""
        if path:
            with suppress(OSError):  # so that it is never readable by others, not for a moment
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        database = sqlite3.connect(path or ":memory:", check_same_thread=False, timeout=5)
        try:
            for pragma in ("journal_mode = TRUNCATE", "synchronous = FULL", "secure_delete = ON"):
                database.execute(f"PRAGMA {pragma}")
            database.execute(f"PRAGMA max_page_count = {self.pages_max()}")
            (found,) = database.execute("PRAGMA user_version").fetchone()
            (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if (found, tables) == (0, 0):
                database.executescript(f"BEGIN; {self.SCHEMA} PRAGMA user_version = {self.FORMAT}; COMMIT;")
            elif (found, tables) != (self.FORMAT, len(self.TABLES)):
                raise _Foreign(
                    f"expected format {self.FORMAT} with {len(self.TABLES)} tables, got {found} with {tables}"
                )
            (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if state != "ok":
                raise _Foreign(state)
            for table in self.TABLES:
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
