"""Putting a revoked agent out for good: one background thread that ends its live connection, and what came of it.

It owns that thread, bounds the work and remembers the outcome over a restart, so that a page never says “it is out”
before the broker has refused the old key. Taking the rights away is done before, by `router_acts`; how the broker is
made to obey is provisioning's.
"""

import logging
import queue
import threading
from typing import NamedTuple

from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.home_authority import BrokerFault, HomeAuthority
from stairgate.hub.store import Document, Store, StoreError, Transaction

_log = logging.getLogger(__name__)
_SETTINGS = "removals"


class Removed(NamedTuple):
    """An agent that was put out. stage: `working`, `out` or `failed`, with what to do about it.

    at: wall seconds. is_again: the old key of a router that was paired again.
    """

    id: str
    label: str
    at: float
    stage: str
    fault: str = ""
    is_again: bool = False


class Removal:
    """The agents that were put out lately, newest first. Safe for threads."""

    def __init__(self, authority: HomeAuthority, store: Store, home: str, clock: Clock) -> None:
        self._authority = authority
        self._store = store
        self._home = home
        self._clock = clock
        self._jobs: queue.Queue[str | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

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

    def begin(self, rows: Transaction, agent: str, label: str, is_again: bool = False) -> None:
        """Write down, in the transaction of the act, that this agent is to be put out; then call `retry`."""
        listed = [entry for entry in _read(rows) if entry["id"] != agent]
        entry = Removed(agent, label, self._clock.wall(), "working", is_again=is_again)
        _write(rows, [entry._asdict(), *listed])

    def retry(self) -> None:
        """Try again for all that are not out yet."""
        for removed in self.recent():
            if removed.stage != "out":
                self._jobs.put(removed.id)

    def recent(self) -> tuple[Removed, ...]:
        """What came of it."""
        with self._store.transaction(self._home) as rows:
            return tuple(Removed(**entry) for entry in _read(rows))

    def work(self) -> None:
        """Do what waits; returns when nothing does. For the thread, and for tests without one."""
        done: set[str] = set()
        while True:
            try:
                agent = self._jobs.get_nowait()
            except queue.Empty:
                return
            if agent is not None and agent not in done:
                done.add(agent)
                self._put_out(agent)

    def _run(self) -> None:
        while (agent := self._jobs.get()) is not None:
            try:
                self._put_out(agent)
            except StoreError:
                _log.exception("an agent could not be put out")

    def _put_out(self, agent: str) -> None:
        if not any(removed.id == agent and removed.stage != "out" for removed in self.recent()):
            return
        stage, fault = "out", ""
        try:
            self._authority.take_over(agent)
        except BrokerFault as problem:
            stage, fault = "failed", str(problem)
        except (OSError, ValueError) as problem:
            stage, fault = "failed", f"{type(problem).__name__}: {problem}"
        (_log.info if stage == "out" else _log.error)("put out an agent: %s %s", stage, fault)
        with self._store.transaction(self._home) as rows:
            listed = _read(rows)
            for entry in listed:
                if entry["id"] == agent:
                    entry.update(stage=stage, fault=fault[: limits.FAULT_CHARACTERS_MAX])
            _write(rows, listed)


def _read(rows: Transaction) -> list[Document]:
    row = rows.get("settings", _SETTINGS)
    return list(row.document["agents"]) if row else []


def _write(rows: Transaction, entries: list[Document]) -> None:
    rows.put("settings", _SETTINGS, {"agents": entries[: limits.REMOVALS_SHOWN]})
