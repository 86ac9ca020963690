"""Putting a revoked agent out for good: one background thread that ends its live connection, and what came of it.

It owns that thread, bounds the work and remembers the outcome over a restart, so that a page never says “it is out”
before the broker has refused the old key. Taking the rights away is done before, by `router_acts`; how the broker is
made to obey is provisioning's.
"""

import logging
import queue
import threading
from typing import Any, NamedTuple

from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.home_authority import BrokerFault, HomeAuthority
from stairgate.hub.language import ENGLISH, speaking
from stairgate.hub.said_later import SaidLater, what_it_says
from stairgate.hub.store import Store, StoreError

_log = logging.getLogger(__name__)
_SETTINGS = "removals"


class Removed(NamedTuple):
    """An agent that was put out. stage: `working`, `out` or `failed`, with what to do about it.

    at: wall seconds. is_again: the old key of a router that was paired again. A fault after a restart is English until
    it is tried again, at once.
    """

    id: str
    label: str
    at: float
    stage: str
    fault: str | SaidLater = ""
    is_again: bool = False


class Removal:
    """The agents that were put out lately, newest first. Safe for threads.

    They are in memory, and on the disk as far as it takes them: a full disk must not keep a connection alive.
    """

    def __init__(self, authority: HomeAuthority, store: Store, home: str, clock: Clock) -> None:
        self._authority = authority
        self._store = store
        self._home = home
        self._clock = clock
        self._jobs: queue.Queue[str | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        with store.transaction(home) as rows:
            row = rows.get("settings", _SETTINGS)
        self._removed = tuple(Removed(**entry) for entry in row.document["agents"]) if row else ()

    def start(self) -> None:
        """Begin the thread, with what was left undone."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="removal", daemon=True)
                self._thread.start()
        self.retry()

    def stop(self) -> None:
        """End the thread; what it did not get to is done after the next start."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread:
            self._jobs.put(None)
            thread.join(limits.REMOVAL_STOP_SECONDS)

    def begin(self, agent: str, label: str, is_again: bool = False) -> None:
        """Put this agent out; returns at once. Its rights were taken away before."""
        with self._lock:
            others = tuple(other for other in self._removed if other.id != agent)
            self._removed = (Removed(agent, label, self._clock.wall(), "working", is_again=is_again), *others)
            self._keep()
        self._jobs.put(agent)

    def retry(self) -> None:
        """Try again for all that are not out yet."""
        for removed in self.recent():
            if removed.stage != "out":
                self._jobs.put(removed.id)

    def recent(self) -> tuple[Removed, ...]:
        """What came of it."""
        with self._lock:
            return self._removed

    def work(self) -> None:
        """Do what waits; returns when nothing does. For tests, which have no thread."""
        while not self._jobs.empty():
            if (agent := self._jobs.get()) is not None:
                self._put_out(agent)

    def _run(self) -> None:
        while (agent := self._jobs.get()) is not None:
            self._put_out(agent)

    def _put_out(self, agent: str) -> None:
        if not any(removed.id == agent and removed.stage != "out" for removed in self.recent()):
            return
        stage: str = "out"
        fault: str | SaidLater = ""
        try:
            self._authority.take_over(agent)
        except BrokerFault as problem:
            stage, fault = "failed", what_it_says(problem)
        except Exception as problem:
            # Whatever it was: the thread goes on, and the page does not say that it is out.
            _log.exception("putting out an agent")
            stage, fault = "failed", f"{type(problem).__name__}: {problem}"
        (_log.info if stage == "out" else _log.error)("put out an agent: %s %s", stage, fault)
        with self._lock:
            if isinstance(fault, str):
                fault = fault[: limits.FAULT_CHARACTERS_MAX]
            self._removed = tuple(
                removed._replace(stage=stage, fault=fault) if removed.id == agent else removed
                for removed in self._removed
            )
            self._keep()

    def _keep(self) -> None:
        self._removed = self._removed[: limits.REMOVALS_SHOWN]
        try:
            with self._store.transaction(self._home) as rows:
                rows.put("settings", _SETTINGS, {"agents": [_kept(removed) for removed in self._removed]})
        except StoreError:
            _log.exception("which routers were removed could not be written down")


def _kept(removed: Removed) -> dict[str, Any]:
    with speaking(ENGLISH):
        return {**removed._asdict(), "fault": str(removed.fault)[: limits.FAULT_CHARACTERS_MAX]}
