"""What the hub does for its block lists by itself: fetch what is due, build a pack of what changed, issue it.

It decides when. One thread works through one list at a time, so that no page waits for the internet and no server is
asked twice at once; a failure is tried again later and later. What a good copy is, is `source_intake`'s part, what is
in force on the disk `packs`'.
"""

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Sequence

from stairgate.hub import limits, source_intake
from stairgate.hub.clock import Clock
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import N_
from stairgate.hub.list_reading import Base
from stairgate.hub.list_worker import ListWorker
from stairgate.hub.packs import PackShelf
from stairgate.hub.sentence import Sentence
from stairgate.hub.source_copies import Copies
from stairgate.hub.source_fetch import Fetcher
from stairgate.hub.sources import Source, Sources
from stairgate.hub.store import StoreError
from stairgate.hub.tag_sets import PackError

_log = logging.getLogger(__name__)
_NO_PACK = N_("The lists could not be put together, so what was in force before still is: {why}.")
_NOT_WRITTEN = Sentence(
    N_("The lists could not be put together, so what was in force before still is: Is the hub’s disk full?")
)


def due_at(source: Source) -> float:
    """From which UTC second on a source is to be fetched; infinite when it is switched off."""
    if not source.enabled:
        return float("inf")
    outcome, hours = source.outcome, source.hours * 3600
    if not outcome.tried:
        return 0
    if outcome.failures:
        return outcome.tried + min(limits.SOURCE_RETRY_SECONDS << (outcome.failures - 1), hours)
    # The same whenever it is asked, another one in every home and after every fetch.
    spread = hashlib.sha256(f"{source.id} {outcome.fetched}".encode()).digest()[0] / 255
    return outcome.fetched + hours * (1 + limits.SOURCE_JITTER * spread)


def is_due(source: Source, now: float) -> bool:
    """True when it is time; a clock that went back does not keep a list waiting for years."""
    return now >= due_at(source) or (source.enabled and source.outcome.tried > now + limits.SOURCE_HOURS_MAX * 3600)


def inputs_of(sources: Sequence[Source], copies: Copies, base: Base) -> str:
    """A digest of everything a pack is built of: equal inputs make equal bytes."""
    used = [[source.id, source.tag, source.format, source.outcome.sha256] for source in usable(sources, copies)]
    return hashlib.sha256(json.dumps([base.digest, sorted(used)]).encode()).hexdigest()


def usable(sources: Sequence[Source], copies: Copies) -> list[Source]:
    """The sources that a pack is built of, by id."""
    found = [source for source in sources if source.enabled and source.outcome.sha256 and copies.has(source.id)]
    return sorted(found, key=lambda source: source.id)


class ListUpkeep:
    """The lists of one hub. Without `copies` nothing is fetched or built, as there is nowhere to keep it.

    reissue: gives every router a new policy where its pack is another one. `fault`: why there is no new pack, a
    `Sentence`; empty when all is well.
    """

    def __init__(
        self,
        sources: Sources,
        shelf: PackShelf,
        copies: Copies | None,
        base: Base,
        clock: Clock,
        reissue: Callable[[], None],
        fetcher: Fetcher | None = None,
    ) -> None:
        self.is_building = False
        self.fault = ""
        self._sources = sources
        self._shelf = shelf
        self._copies = copies
        self._base = base
        self._clock = clock
        self._reissue = reissue
        self._fetcher = fetcher or Fetcher()
        self._worker = ListWorker()
        self._built_at = float("-inf")
        self._unwritten: dict[str, float] = {}
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._working = threading.Lock()
        self._thread: threading.Thread | None = None

    def prepare(self) -> None:
        """Build a first pack, of what comes with the program and what is on the disk, where there is none yet."""
        if self._copies and not self._shelf.kept:
            self._build(self._sources.all(), self._copies)

    def turn(self) -> None:
        """Fetch what is due, one list after the other; build when something changed."""
        if not self._copies:
            return
        with self._working:
            for source in self._sources.all():
                if self._stop.is_set():
                    return
                if self._is_due(source, self._copies):
                    self._take(source, self._copies)
                    if self._clock.monotonic() - self._built_at >= limits.PACK_SECONDS_BETWEEN:
                        self._build_what_changed(self._copies)
            self._build_what_changed(self._copies)

    def wake(self) -> None:
        """Have a turn soon: somebody changed something."""
        self._woken.set()

    def start(self) -> None:
        """Begin the thread."""
        self._thread = threading.Thread(target=self._run, name="lists", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a list that is under way is fetched after the next start."""
        self._stop.set()
        self._woken.set()
        self._fetcher.stop()
        self._worker.stop()
        if self._thread:
            self._thread.join(limits.LISTS_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.turn()
            except Exception:  # the next turn comes all the same; the traceback names code, never content
                _log.exception("the upkeep of lists failed")
            if self._woken.wait(limits.LISTS_TURN_SECONDS):
                self._stop.wait(limits.LISTS_SETTLE_SECONDS)
                self._woken.clear()

    def _is_due(self, source: Source, copies: Copies) -> bool:
        if self._clock.monotonic() < self._unwritten.get(source.id, 0):
            return False
        is_lost = source.enabled and not source.outcome.failures and not copies.has(source.id)
        return is_lost or is_due(source, self._clock.wall())

    def _take(self, source: Source, copies: Copies) -> None:
        outcome = source_intake.take(source, self._fetcher, self._worker, copies, self._clock.wall())
        if self._stop.is_set() and outcome.fault:
            return  # it was broken off
        _log.info("a list was fetched: %s", "not taken" if outcome.fault else f"{outcome.names} entries")
        try:
            self._sources.note(source.id, outcome, source.url)
            self._unwritten.pop(source.id, None)
        except StoreError as problem:
            # Nor may the next turn fetch it again, and again.
            self._unwritten[source.id] = self._clock.monotonic() + limits.SOURCE_RETRY_SECONDS
            _log.error("what came of a list could not be written down: %s", type(problem).__name__)

    def _build_what_changed(self, copies: Copies) -> None:
        sources = self._sources.all()
        copies.keep_only(source.id for source in sources if source.enabled)
        kept = self._shelf.kept
        has_changed = kept is None or kept.inputs != inputs_of(sources, copies, self._base)
        waits = self.fault and self._clock.monotonic() - self._built_at < limits.PACK_RETRY_SECONDS
        if has_changed and not waits and not self._stop.is_set():
            self._build(sources, copies)

    def _build(self, sources: Sequence[Source], copies: Copies) -> None:
        used = usable(sources, copies)
        self.is_building, self._built_at = True, self._clock.monotonic()
        try:
            is_new = self._shelf.put(
                inputs_of(sources, copies, self._base),
                lambda path: self._worker.write_pack(path, used, copies, self._base),
                self._clock.wall(),
            )
            self.fault = ""
        except (OSError, ValueError) as problem:
            if self._stop.is_set():
                return  # it was broken off
            _log.error("no pack could be built: %s", type(problem).__name__)
            self.fault = Sentence(_NO_PACK, why=problem.sentence) if isinstance(problem, PackError) else _NOT_WRITTEN
            return
        finally:
            self.is_building = False
        kept = self._shelf.kept
        _log.info("a pack was built: %d names, %d bytes", kept.names if kept else 0, kept.bytes if kept else 0)
        if is_new:
            try:
                self._reissue()
            except (StoreError, PolicyTooLarge) as problem:
                # The next policy, whatever it is for, names the new pack.
                _log.error("no policy could be issued for a new pack: %s", type(problem).__name__)
