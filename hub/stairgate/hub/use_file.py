"""The SQLite file under the minutes in use: one row for each child, category and UTC day, as routers count them.

It decides nothing about minutes. The routers hold the newest of them and tell them again, so a damaged file is removed
and a new one begun, and nothing of it is put aside. How files are opened and written is `sqlite_file`'s.
"""

from collections.abc import Sequence
from pathlib import Path

from stairgate.core.usage import BITMAP_BYTES
from stairgate.hub import limits
from stairgate.hub.sqlite_file import SqliteFile

#: Person, category, UTC day since 1970, bitmap of 180 bytes as in `stairgate.core.usage`.
Row = tuple[str, str, int, bytes]


class UseFile(SqliteFile):
    """One file, or none with `path` None. For one thread at a time."""

    what = "the minutes in use"
    FORMAT = 1
    SCHEMA = """
CREATE TABLE minutes (person TEXT NOT NULL, category TEXT NOT NULL, day INTEGER NOT NULL, bits BLOB NOT NULL,
  PRIMARY KEY (person, category, day)) WITHOUT ROWID;
CREATE TABLE deleted (before INTEGER NOT NULL);
"""
    TABLES = ("minutes", "deleted")

    def pages_max(self) -> int:
        """See `SqliteFile`."""
        return limits.USE_PAGES_MAX

    def put_away(self, path: Path) -> None:
        """Remove it: what it held longer than its time would lie about."""
        path.unlink()

    def read(self) -> list[Row]:
        """Every sound row, the newest days first."""
        found = self.rows(
            "SELECT person, category, day, bits FROM minutes ORDER BY day DESC LIMIT ?", limits.USE_ROWS_MAX
        )
        return [(person, category, day, bits) for person, category, day, bits in found if len(bits) == BITMAP_BYTES]

    def deleted_before(self) -> int:
        """The minute since 1970 before which nothing is taken any more, 0 for none."""
        found = self.rows("SELECT max(before) FROM deleted WHERE before >= ?", 0)
        return int(found[0][0] or 0) if found else 0

    def write(self, rows: Sequence[Row], first_day: int | None) -> bool:
        """Write rows whole, each in place of the one before; False when the file did not take them.

        first_day: days before it are deleted.
        """
        done = False
        with self._guarded():
            self._pay()
            self._database.executemany("INSERT OR REPLACE INTO minutes VALUES (?, ?, ?, ?)", rows)
            if first_day is not None:
                self._database.execute("DELETE FROM minutes WHERE day < ?", (first_day,))
            self._database.commit()
            self._owed, self._told_fault, done = [], False, True
        return done

    def forget_person(self, person: str) -> None:
        """Delete a child's rows now."""
        self.delete(("DELETE FROM minutes WHERE person = ?", (person,)))

    def forget_everything(self, before: int) -> None:
        """Delete all rows now, and remember that nothing from before this minute since 1970 is taken again."""
        self.delete(
            ("DELETE FROM minutes", ()),
            ("DELETE FROM deleted", ()),
            ("INSERT INTO deleted VALUES (?)", (before,)),
        )
