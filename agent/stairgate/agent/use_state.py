"""Minutes of use as they are kept: what is in memory, in a file that outlives the process, and on the flash.

It decides how the book becomes bytes and back, which of two files counts (both: minutes merge by OR), how often each is
written, and what is done with minutes that were counted before anybody knew the time. What they mean is left to
`counting`, how a file is written whole or not at all to `state`.
"""

import json
import logging
import os
from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64
from collections.abc import Collection
from typing import NamedTuple

from stairgate.agent.limits import CHECKPOINT_SECONDS, RETRY_SECONDS, WAITING_MINUTES
from stairgate.agent.state import State
from stairgate.core.fields import is_id, is_integer, is_word
from stairgate.core.limits import DAY_MAX
from stairgate.core.usage import BITMAP_BYTES, UseBook

log = logging.getLogger("stairgate.agent")
VERSION = 1
RUN_FOLDER = "/var/run/stairgate"


class Waiting(NamedTuple):
    """A minute of the monotonic clock, of a person and a category, whose UTC minute is not known yet."""

    person: str
    category: str
    minute: int


class Kept(NamedTuple):
    """What a file says. boot: the start of the machine in whose monotonic minutes `waiting` counts."""

    rows: tuple[tuple[str, str, int, bytes], ...]
    boot: str
    waiting: tuple[Waiting, ...]


NOTHING = Kept((), "", ())


def write_kept(kept: Kept) -> bytes:
    """A file's content."""
    rows = [[*row[:3], b2a_base64(row[3], newline=False).decode("ascii")] for row in kept.rows]
    content = {"v": VERSION, "boot": kept.boot, "rows": rows, "waiting": kept.waiting}
    return json.dumps(content, separators=(",", ":")).encode()


def _is_key(person: object, category: object) -> bool:
    return is_id(person) and is_word(category)


def read_kept(content: bytes) -> Kept:
    """What `write_kept` made; `NOTHING` when it is anything else."""
    try:
        said = json.loads(content)
        rows = tuple((person, category, day, a2b_base64(bits)) for person, category, day, bits in said["rows"])
        waiting = tuple(Waiting(*row) for row in said["waiting"])
        is_good = (
            said["v"] == VERSION
            and isinstance(said["boot"], str)
            and all(
                _is_key(*row[:2]) and is_integer(row[2], 0, DAY_MAX) and len(row[3]) == BITMAP_BYTES for row in rows
            )
            and all(_is_key(*row[:2]) and is_integer(row.minute, 0, 1 << 40) for row in waiting)
        )
    except (ValueError, TypeError, KeyError, RecursionError, NotBase64):
        return NOTHING
    return Kept(rows, said["boot"], waiting[:WAITING_MINUTES]) if is_good else NOTHING


class UseState:
    """flash: where checkpoints are kept; run: a folder in memory that outlives the process, None without one.

    book: all minutes whose UTC minute is known; waiting: the others. boot: of this start of the machine.
    """

    def __init__(self, flash: State, run: State | None, boot: str) -> None:
        self._flash, self._run, self._boot = flash, run, boot
        self.book = UseBook()
        self.waiting: list[Waiting] = []
        self._saved = self._checkpoint = write_kept(self._kept())
        self._next_try = self._next_checkpoint = float("-inf")
        self._has_told = False

    def open(self) -> None:
        """Take what earlier processes left, of both files. What is damaged counts nothing."""
        for state in (self._flash, self._run):
            kept = read_kept((state.load_use() if state else None) or b"")
            for person, category, day, bits in kept.rows:
                self.book.merge(person, category, day, bits)
            if kept.boot and kept.boot == self._boot:
                self.waiting = list(dict.fromkeys([*self.waiting, *kept.waiting]))
        self._saved = self._checkpoint = write_kept(self._kept())

    def _kept(self) -> Kept:
        return Kept(tuple(self.book.rows(0)), self._boot, tuple(self.waiting))

    def keep_persons(self, persons: Collection[str]) -> None:
        """Forget everybody else."""
        self.book.keep_persons(persons)
        self.waiting = [row for row in self.waiting if row.person in persons]

    def wait_for_time(self, row: Waiting) -> None:
        """Keep a minute until its UTC minute is known. Of more than the bound the oldest are lost."""
        self.waiting = [*self.waiting, row][-WAITING_MINUTES:]

    def save(self, now: float, at_once: bool = False) -> None:
        """Keep everything: in memory whenever it changed, on the flash rarely, or `at_once`. now: monotonic seconds.

        A file that cannot be written costs nothing but that: it is tried again, and told once.
        """
        if now < self._next_try and not at_once:
            return
        content = write_kept(self._kept())
        failed = ""
        try:
            if self._run and content != self._saved:
                self._run.save_use(content)
                self._saved = content
        except OSError as error:
            failed = str(error)
        try:
            if content != self._checkpoint and (at_once or now >= self._next_checkpoint):
                self._next_checkpoint = now + CHECKPOINT_SECONDS
                self._flash.save_use(content)
                self._checkpoint = content
        except OSError as error:
            failed = str(error)
        self._next_try = now + RETRY_SECONDS if failed else now
        if failed and not self._has_told:
            log.error("minutes of use are not saved: %s", failed)
        self._has_told = bool(failed)


def run_state(agent: str) -> State:
    """The folder of an agent that outlives its process and not the machine: in memory on routers and with systemd."""
    return State(os.path.join(RUN_FOLDER, agent))
