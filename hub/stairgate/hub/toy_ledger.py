"""The ledgers of the home's toys as they told them, in SQLite: numbered entries, receipts, and names observed.

It decides what is kept (numbers, kinds, rows, amounts and places: no content) and for how long: ninety days, then
nothing; receipts and what recipients were asked stay until the toy is removed. A number that a toy told before is not
taken twice. Verifying receipts and acknowledging is `toy_intake`'s part.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from stairgate.core.ledger import Entry
from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.sqlite_file import SqliteFile
from stairgate.hub.steady import Steadiness

FILE_NAME = "toys.sqlite"
#: What is kept of an erased toy: that it was erased, and who was asked to.
LASTING = ("erased", "receipt", "asked", "confirmed")
_DAY = 86400


class Count(NamedTuple):
    """What one row came to since a moment: how often, bytes, and the last time (UTC seconds, 0 for never)."""

    times: int
    bytes: int
    last: int


class Observed(NamedTuple):
    """Where a toy wanted to, as its routers saw it: a name, an address, or "" for what they did not tell apart.

    is_let: whether it was let the last time; times: on the days that are kept; last: UTC seconds.
    """

    host: str
    is_let: bool
    times: int
    last: int


class _File(SqliteFile):
    what = "the toys' ledgers"
    FORMAT = 1
    SCHEMA = """
CREATE TABLE entries (agent TEXT NOT NULL, seq INTEGER NOT NULL, t INTEGER NOT NULL, kind TEXT NOT NULL,
  line TEXT NOT NULL, amount INTEGER NOT NULL, place TEXT NOT NULL, heard INTEGER NOT NULL,
  PRIMARY KEY (agent, seq)) WITHOUT ROWID;
CREATE TABLE received (agent TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (agent)) WITHOUT ROWID;
CREATE TABLE receipts (agent TEXT NOT NULL, seq INTEGER NOT NULL, document TEXT NOT NULL,
  PRIMARY KEY (agent, seq)) WITHOUT ROWID;
CREATE TABLE observed (agent TEXT NOT NULL, host TEXT NOT NULL, let INTEGER NOT NULL, day INTEGER NOT NULL,
  times INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (agent, host, let, day)) WITHOUT ROWID;
"""
    TABLES = ("entries", "received", "receipts", "observed")

    def pages_max(self) -> int:
        """See `SqliteFile`."""
        return limits.LEDGER_PAGES_MAX

    def put_away(self, path: Path) -> None:
        """Put it beside; what was put aside before is replaced."""
        path.replace(path.with_name(path.name + ".damaged"))

    def found(self, query: str, *values: str | int) -> list[tuple[object, ...]]:
        """The rows of a query; none when the file cannot be read."""
        rows: list[tuple[object, ...]] = []
        with self._guarded():
            rows += self._database.execute(query, values).fetchall()
        return rows

    def run(self, *statements: tuple[str, Sequence[tuple[str | int, ...]]]) -> bool:
        """All of it in one transaction; False when the file did not take it."""
        done = False
        with self._guarded():
            self._pay()
            for query, rows in statements:
                self._database.executemany(query, rows)
            self._database.commit()
            self._owed, self._told_fault, done = [], False, True
        return done


class ToyLedger:
    """The ledgers of one home's toys. Safe for threads. `path` None keeps them in RAM (for tests)."""

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._steadiness = Steadiness(clock)
        self._file = _File(path)
        self._swept_day = -1

    # What toys and routers tell, by the broker's thread

    def take(self, agent: str, entries: Sequence[Entry], last: int, receipt: bytes = b"") -> int:
        """Keep what is new; the number up to which everything was received, 0 where nothing could be written.

        last: the highest number that the message told, of entries of unknown kinds too.
        """
        now = int(self._clock.wall())
        with self._lock:
            held = self._received(agent)
            rows = [(agent, *entry, now) for entry in entries if entry.seq > held]
            statements: list[tuple[str, Sequence[tuple[str | int, ...]]]] = [
                ("INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows),
                ("INSERT OR REPLACE INTO received VALUES (?, ?)", [(agent, max(held, last))]),
            ]
            if receipt and last > held:
                statements.append(
                    ("INSERT OR REPLACE INTO receipts VALUES (?, ?, ?)", [(agent, last, receipt.decode())])
                )
                statements.append((_RECEIPTS_OVER, [(agent, agent, limits.LEDGER_RECEIPTS_KEPT)]))
            statements += self._over(now)
            # The file has reached its bound (or the disk, where this changes nothing): the oldest make room.
            done = self._file.run(*statements) or (
                self._file.run((_OLDEST, [(limits.LEDGER_ROOM,)])) and self._file.run(*statements)
            )
            return max(held, last) if done else held

    def _received(self, agent: str) -> int:
        found = self._file.found("SELECT seq FROM received WHERE agent = ?", agent)
        return _number(found[0][0]) if found else 0

    def _over(self, now: int) -> list[tuple[str, Sequence[tuple[str | int, ...]]]]:
        day = now // _DAY
        if day == self._swept_day or not self._steadiness.is_steady():
            return []
        self._swept_day = day
        lasting = ", ".join(f"'{kind}'" for kind in LASTING)
        oldest = now - limits.LEDGER_DAYS * _DAY
        return [
            (f"DELETE FROM entries WHERE heard < ? AND kind NOT IN ({lasting})", [(oldest,)]),
            ("DELETE FROM observed WHERE day < ?", [(oldest // _DAY,)]),
            (_ENTRIES_OVER, [(limits.LEDGER_ENTRIES_MAX,)]),
        ]

    def saw(self, agent: str, seen: Sequence[tuple[str, bool, int, int, int]]) -> None:
        """Where routers saw a toy want to: (place, whether it was let, UTC day, times of that day so far, last time).

        Counts are cumulative: the larger one is kept.
        """
        rows: list[tuple[str | int, ...]] = [(agent, host, int(let), *rest) for host, let, *rest in seen]
        with self._lock:
            self._file.run((_OBSERVE, rows), (_OBSERVED_OVER, [(agent, agent, limits.OBSERVED_MAX)]))

    # What pages ask

    def entries(self, agent: str, limit: int = limits.LEDGER_SHOWN) -> list[Entry]:
        """The last entries, newest first."""
        query = "SELECT seq, t, kind, line, amount, place FROM entries WHERE agent = ? ORDER BY seq DESC LIMIT ?"
        with self._lock:
            return [Entry(*row) for row in self._file.found(query, agent, limit)]  # type: ignore[arg-type]

    def of_kinds(self, agent: str, kinds: Sequence[str]) -> list[Entry]:
        """The entries of these kinds, newest first."""
        marks = ", ".join("?" * len(kinds))
        query = (
            f"SELECT seq, t, kind, line, amount, place FROM entries WHERE agent = ? AND kind IN ({marks}) "
            "ORDER BY seq DESC LIMIT ?"
        )
        with self._lock:
            found = self._file.found(query, agent, *kinds, limits.LEDGER_SHOWN)
        return [Entry(*row) for row in found]  # type: ignore[arg-type]

    def counts(self, agent: str, since: int) -> dict[tuple[str, str], Count]:
        """What each row came to since a UTC second, by (row, kind)."""
        query = (
            "SELECT line, kind, sum(t >= ?), sum(CASE WHEN t >= ? THEN amount ELSE 0 END), max(t) FROM entries "
            "WHERE agent = ? GROUP BY line, kind"
        )
        with self._lock:
            found = self._file.found(query, since, since, agent)
        return {
            (str(row), str(kind)): Count(_number(times), _number(amount), _number(last))
            for row, kind, times, amount, last in found
        }

    def observed(self, agent: str) -> list[Observed]:
        """Where the toy wanted to, the newest first."""
        # SQLite takes the other columns from the row that has the greatest `last`.
        query = (
            "SELECT host, let, sum(times), max(last) FROM observed WHERE agent = ? "
            "GROUP BY host ORDER BY max(last) DESC, host LIMIT ?"
        )
        with self._lock:
            found = self._file.found(query, agent, limits.OBSERVED_MAX)
        return [Observed(str(host), bool(let), _number(times), _number(last)) for host, let, times, last in found]

    def receipts(self, agent: str) -> list[bytes]:
        """The documents that the toy signed, the newest first."""
        query = "SELECT document FROM receipts WHERE agent = ? ORDER BY seq DESC LIMIT ?"
        with self._lock:
            return [str(row[0]).encode() for row in self._file.found(query, agent, limits.LEDGER_RECEIPTS_KEPT)]

    # Deleted at once

    def forget_before(self, agent: str, seq: int) -> None:
        """The toy erased what these entries told of: they go too, but for `LASTING`."""
        lasting = ", ".join(f"'{kind}'" for kind in LASTING)
        with self._lock:
            query = f"DELETE FROM entries WHERE agent = ? AND seq <= ? AND kind NOT IN ({lasting})"
            self._file.delete((query, (agent, seq)))

    def forget(self, agent: str) -> None:
        """Everything of a toy that was removed or has another key."""
        with self._lock:
            self._file.delete(*[(f"DELETE FROM {table} WHERE agent = ?", (agent,)) for table in _File.TABLES])

    def forget_everything(self) -> None:
        """All entries, and what was observed; receipts stay, and toys do not tell again what they told before."""
        with self._lock:
            self._file.delete(("DELETE FROM entries", ()), ("DELETE FROM observed", ()))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._file.close()


_RECEIPTS_OVER = (
    "DELETE FROM receipts WHERE agent = ? AND seq NOT IN "
    "(SELECT seq FROM receipts WHERE agent = ? ORDER BY seq DESC LIMIT ?)"
)
_ENTRIES_OVER = (
    "DELETE FROM entries WHERE heard < (SELECT coalesce(min(heard), 0) FROM "
    "(SELECT heard FROM entries ORDER BY heard DESC LIMIT ?))"
)
_OLDEST = (
    "DELETE FROM entries WHERE (agent, seq) IN (SELECT agent, seq FROM entries ORDER BY heard, agent, seq LIMIT ?)"
)
_OBSERVE = (
    "INSERT INTO observed VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (agent, host, let, day) DO UPDATE SET "
    "times = max(times, excluded.times), last = max(last, excluded.last)"
)
_OBSERVED_OVER = (
    "DELETE FROM observed WHERE agent = ? AND host NOT IN "
    "(SELECT host FROM observed WHERE agent = ? GROUP BY host ORDER BY max(last) DESC LIMIT ?)"
)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
