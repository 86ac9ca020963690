"""The minutes that children used, as their routers counted them: one bit a minute, merged by OR, for nine days.

It decides which days are taken and how long they are kept: today's and the eight before, which a child's page shows and
which a router that was away may still tell. Then nothing is left of them, no sums either. Bits are in RAM; the file is
written rarely, for routers tell again what it lacks. Whose minutes a router may tell is `use_sharing`'s, what a budget
makes of them `stairgate.core.budget`'s.
"""

import threading
from collections import deque
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from stairgate.core.usage import BITMAP_BYTES, DAY_MINUTES, UseBook, used_of
from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.steady import Steadiness
from stairgate.hub.use_file import Row, UseFile

if TYPE_CHECKING:
    from stairgate.core.policy import Policy
    from stairgate.core.rules import Used

FILE_NAME = "use.sqlite"
_DAY_SECONDS = 86400


class UseStore:
    """The minutes of one home. Safe for threads. `path` None keeps them in RAM (for tests)."""

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._clock = clock
        # As in `history`: whoever counts or shows never waits for a disk. `_disk` comes first where both are held.
        self._disk = threading.Lock()
        self._lock = threading.Lock()
        self._steadiness = Steadiness(clock)
        self._file = UseFile(path)
        self._book = UseBook(limits.USE_ROWS_MAX)
        for row in self._file.read():
            self._book.merge(*row)
        self._deleted_before = self._file.deleted_before()
        self._changed: set[tuple[str, str, int]] = set()
        self._recent: deque[tuple[float, Row]] = deque(maxlen=limits.USE_RECENT_ROWS)  # what was new in it, and when
        self._written = float("-inf")
        self._swept_day = -1

    # Counted, by the broker's thread: RAM only

    def take(self, rows: Iterable[Row]) -> bool:
        """Merge bitmaps; True when they said something new. Days that are not kept are left out."""
        today = int(self._clock.wall()) // _DAY_SECONDS
        new, at = False, self._clock.monotonic()
        with self._lock:
            before = {row[:3]: row[3] for row in self._book.rows(today - limits.USE_DAYS)}
            for person, category, day, bits in rows:
                # Tomorrow is for a router whose clock is a little ahead.
                if today - limits.USE_DAYS < day <= today + 1 and self._book.merge(
                    person, category, day, _without(bits, self._deleted_before - day * DAY_MINUTES)
                ):
                    self._changed.add((person, category, day))
                    self._recent.append((at, (person, category, day, _less(bits, before.get((person, category, day))))))
                    new = True
        return new

    # Read

    def rows(self, first_day: int = 0) -> list[Row]:
        """Person, category, UTC day and bitmap from this day on, sorted."""
        with self._lock:
            return self._book.rows(first_day)

    def used(self, policy: "Policy", now: int) -> "Used":
        """Minutes used in the family day that holds `now`, for `stairgate.core.decide`."""
        with self._lock:
            return used_of(policy, now, self._book)

    def settled(self, policy: "Policy", now: int) -> "Used":
        """`used` without what was heard in the last seconds: what every router must know by now."""
        with self._lock:
            while self._recent and self._clock.monotonic() - self._recent[0][0] >= limits.USE_SETTLED_SECONDS:
                self._recent.popleft()
            fresh = UseBook(limits.USE_RECENT_ROWS)
            for _at, row in self._recent:
                fresh.merge(*row)
            without = {row[:3]: row[3] for row in fresh.rows(0)}
            book = UseBook(limits.USE_ROWS_MAX)
            for person, category, day, bits in self._book.rows(now // _DAY_SECONDS - limits.USE_SHARED_DAYS):
                book.merge(person, category, day, _less(bits, without.get((person, category, day))))
            return used_of(policy, now, book)

    def minutes(self, person: str, category: str, begin: int, end: int) -> int:
        """How many minutes were used from `begin` on and before `end`, UTC seconds."""
        with self._lock:
            return self._book.minutes(person, category, begin, end)

    # Deleted at once

    def keep_persons(self, ids: Collection[str]) -> None:
        """Delete what is held of anybody else."""
        with self._disk:
            with self._lock:
                gone = {row[0] for row in self._book.rows(0)} - set(ids)
                self._book.keep_persons(ids)
                self._changed = {key for key in self._changed if key[0] in ids}
            for person in sorted(gone):
                self._file.forget_person(person)

    def forget_everything(self, before: int) -> None:
        """Delete all of it. What routers tell again is taken only from `before` (UTC seconds) on: today's time."""
        with self._disk:
            with self._lock:
                self._book = UseBook(limits.USE_ROWS_MAX)
                self._changed = set()
                self._deleted_before = before // 60
            self._file.forget_everything(before // 60)

    # Written by a thread that may wait for a disk

    def write_due(self) -> None:
        """Write what waits, if the last write is long enough ago."""
        if self._clock.monotonic() - self._written >= limits.USE_WRITE_SECONDS:
            self.write()

    def write(self) -> None:
        """Write what waits, now, and delete what is too old. What a full disk refuses goes on waiting."""
        with self._disk:
            day = int(self._clock.wall()) // _DAY_SECONDS
            first = day - limits.USE_DAYS + 1 if self._steadiness.is_steady() else None
            with self._lock:
                if not self._changed and day == self._swept_day:
                    return
                if first is not None:
                    self._book.drop_before(first)
                rows = [row for row in self._book.rows(0) if row[:3] in self._changed]
                self._changed = set()
            self._written = self._clock.monotonic()
            # The file may have been found damaged, and begun anew: then it takes all there is.
            if self._file.write(rows, first) or self._file.write(self.rows(), first):
                self._swept_day = day
                return
            with self._lock:
                self._changed |= {row[:3] for row in self._book.rows(0)}

    def close(self) -> None:
        """Write what waits and let go of the file."""
        self.write()
        with self._disk:
            self._file.close()


def _less(bits: bytes, known: bytes | None) -> bytes:
    """The minutes of a bitmap that are not in another one."""
    if known is None:
        return bits
    rest = int.from_bytes(bits, "little") & ~int.from_bytes(known, "little")
    return rest.to_bytes(BITMAP_BYTES, "little")


def _without(bits: bytes, count: int) -> bytes:
    """The bitmap without its first `count` minutes."""
    if count <= 0:
        return bits
    whole = int.from_bytes(bits, "little")
    count = min(count, DAY_MINUTES)
    return (whole >> count << count).to_bytes(BITMAP_BYTES, "little")
