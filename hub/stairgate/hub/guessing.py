"""Slowing whoever guesses: five quick tries, then a wait that doubles up to 15 minutes, for each source.

It never locks the account: a parent who is signed in, or who comes from another source, is not kept out by a
child who guesses. A source is a hardware address where the hub can see one, else a network address. As a child can
make up sources, many wrong tries in a row from anywhere leave one try a second to all of them together; but for the
few on which the password was right before, or such a flood would keep every parent out.

The counters outlive a restart, or pulling the plug would be a way to guess on. What is written is how many seconds of
a wait are left, by the monotonic clock, and they begin anew at the start: moving the wall clock shortens no wait, and
the worst that a power cut does to a parent is a wait of 15 minutes once more.
"""

import hashlib
import json
import logging
import math
import threading
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.port.atomic import read_bounded, write_atomic

FILE_NAME = "guesses.json"
_FILE_BYTES_MAX = 64 * 1024
_log = logging.getLogger(__name__)


class Guesses(NamedTuple):
    """What outlives a restart.

    wrong_in_a_row: from all sources. sources: source -> wrong tries and seconds of waiting left, quiet longest first.
    proven: those on which the password was right, the latest last.
    """

    wrong_in_a_row: int
    sources: dict[str, tuple[int, float]]
    proven: tuple[str, ...] = ()


class GuessSlot:
    """Where the counters are kept. This one forgets (the fake); `GuessFile` is on disk."""

    def read(self) -> Guesses:
        """The counters; none when there are none or they cannot be read."""
        return Guesses(0, {})

    def write(self, guesses: Guesses) -> None:
        """Replace the counters. Raises OSError."""


class GuessFile(GuessSlot):
    """The counters in `DIRECTORY/guesses.json`."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE_NAME

    def read(self) -> Guesses:
        """See `GuessSlot`."""
        try:
            held = json.loads(read_bounded(str(self._path), _FILE_BYTES_MAX))
            sources = {str(name): (int(wrong), float(left)) for name, wrong, left in held["sources"]}
            return Guesses(int(held["wrong_in_a_row"]), sources, tuple(map(str, held.get("proven", ()))))
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return Guesses(0, {})

    def write(self, guesses: Guesses) -> None:
        """See `GuessSlot`."""
        sources = [(name, wrong, round(left, 1)) for name, (wrong, left) in guesses.sources.items()]
        held = {"wrong_in_a_row": guesses.wrong_in_a_row, "sources": sources, "proven": guesses.proven}
        write_atomic(str(self._path), json.dumps(held, separators=(",", ":")).encode())


class Guessing:
    """Wrong tries for each source, bounded: the source that has been quiet longest is forgotten first."""

    def __init__(self, clock: Clock, slot: GuessSlot | None = None) -> None:
        self._clock = clock
        self._slot = slot or GuessSlot()
        self._lock = threading.Lock()
        self._home_blocked_until = float("-inf")
        self._written = float("-inf")
        self._is_changed = False
        held, now = self._slot.read(), clock.monotonic()
        self._wrong_in_a_row = max(0, held.wrong_in_a_row)
        self._proven = OrderedDict.fromkeys(held.proven[-limits.GUESS_SOURCES_PROVEN :])
        # source -> wrong tries, blocked until (monotonic)
        self._sources: OrderedDict[str, tuple[int, float]] = OrderedDict(
            (source, (max(0, wrong), now + min(max(left, 0.0), limits.GUESS_SECONDS_MAX)))
            for source, (wrong, left) in list(held.sources.items())[-limits.GUESS_SOURCES :]
        )

    def begin(self, source: str) -> int:
        """Begin a try: 0, or the whole seconds until the source may try again.

        What begins counts as a wrong try until `succeeded` takes it back: parallel tries all count.
        """
        source = _short(source)
        with self._lock:
            now = self._clock.monotonic()
            wrong, blocked_until = self._sources.get(source, (0, 0.0))
            home_blocked_until = float("-inf") if source in self._proven else self._home_blocked_until
            remaining = max(blocked_until, home_blocked_until) - now
            if remaining > 0:
                return math.ceil(remaining)
            self._wrong_in_a_row += 1
            if self._wrong_in_a_row >= limits.GUESSES_FREE_OF_HOME:
                self._home_blocked_until = now + limits.GUESS_SECONDS_OF_HOME
            wrong += 1
            self._sources.pop(source, None)
            delay = 0.0
            if wrong >= limits.GUESSES_FREE:
                delay = min(2.0 ** min(wrong - limits.GUESSES_FREE + 1, 20), limits.GUESS_SECONDS_MAX)
            self._sources[source] = (wrong, now + delay if delay else 0.0)
            while len(self._sources) > limits.GUESS_SOURCES:
                self._sources.popitem(last=False)
            self._is_changed = True
            self._write_due(now)
            return 0

    def succeeded(self, source: str) -> None:
        """Forget the source's wrong tries, and that there were many in a row."""
        source = _short(source)
        with self._lock:
            self._wrong_in_a_row = 0
            self._home_blocked_until = float("-inf")
            self._sources.pop(source, None)
            self._proven[source] = None
            self._proven.move_to_end(source)
            while len(self._proven) > limits.GUESS_SOURCES_PROVEN:
                self._proven.popitem(last=False)
            self._is_changed = True

    def write_due(self) -> None:
        """Write the counters if they changed and the last write is long enough ago."""
        with self._lock:
            self._write_due(self._clock.monotonic())

    def write(self) -> None:
        """Write the counters if they changed."""
        with self._lock:
            self._write(self._clock.monotonic())

    def _write_due(self, now: float) -> None:
        # The first wrong try is on disk before its answer is; a flood must not wear out the flash.
        is_flood = self._wrong_in_a_row >= limits.GUESSES_FREE_OF_HOME
        if now - self._written >= (limits.GUESS_WRITE_SECONDS_OF_FLOOD if is_flood else limits.GUESS_WRITE_SECONDS):
            self._write(now)

    def _write(self, now: float) -> None:
        if not self._is_changed:
            return
        self._written = now
        sources = {source: (wrong, max(0.0, until - now)) for source, (wrong, until) in self._sources.items()}
        try:
            self._slot.write(Guesses(self._wrong_in_a_row, sources, tuple(self._proven)))
            self._is_changed = False
        except OSError as problem:
            # A full disk must not keep parents out; the counters hold in RAM.
            _log.error("wrong tries cannot be written down: %s", problem.strerror)


def _short(source: str) -> str:
    """A source in few characters of a known length, so that the file has a bound."""
    return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()[:20]
