"""What happened, for parents to read: who did what, what routers said, and bytes for each device and day. SQLite.

It decides what is kept (ids and numbers only: no names, no addresses, nothing of where anybody went) and for how long.
Bytes come from the agents' cumulative
counts, whose last values are written in the same transaction as the sums: a crash loses neither and counts nothing
twice. Which devices may be counted at all is the caller's (`Exchange`: never exempt ones).
"""

import threading
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from stairgate.core.messages import Usage
from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.history_file import TABLES, Batch, HistoryFile
from stairgate.hub.language import _
from stairgate.hub.steady import Steadiness

FILE_NAME = "history.sqlite"
DAY_SECONDS = 86400
_TEXT_MAX = 64


class Event(NamedTuple):
    """Something that happened.

    at: UTC seconds. kind: a word of `history_words`. person, device, agent: ids or empty. by: a parent's id, empty for
    nobody. minutes: how long, 0 where that says nothing.
    """

    at: int
    kind: str
    person: str = ""
    device: str = ""
    agent: str = ""
    by: str = ""
    minutes: int = 0


class Day(NamedTuple):
    """Bytes of one device on one UTC day. day: days since 1970."""

    day: int
    device: str
    to_device: int
    from_device: int


class History:
    """The history of one hub. Safe for threads. `path` None keeps it in RAM (for tests)."""

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._clock = clock
        # Whoever taps or routes never waits for a disk: `_lock` is for RAM. `_disk` comes first where both are held.
        self._disk = threading.Lock()
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._sums: dict[tuple[int, str], tuple[int, int]] = {}
        self._changed: set[tuple[str, str]] = set()
        self._agents: dict[str, tuple[str, float]] = {}
        self._written = float("-inf")
        self._swept_day = -1
        self._steadiness = Steadiness(clock)
        self._file = HistoryFile(path)
        query = "SELECT agent, device, to_device, from_device FROM counted LIMIT ?"
        self._counted: dict[tuple[str, str], tuple[int, int]] = {
            (agent, device): (to_device, from_device)
            for agent, device, to_device, from_device in self._file.rows(query, limits.TRAFFIC_DEVICES * 4)
        }

    @property
    def recovery(self) -> str:
        """A sentence for parents when the file could not be used and was put aside, else empty."""
        return _(self._file.recovery)

    # Written from requests and from the broker's thread: RAM only

    def event(
        self, kind: str, person: str = "", device: str = "", agent: str = "", by: str = "", minutes: int = 0
    ) -> None:
        """Remember that something happened now."""
        at = int(self._clock.wall())
        kind, person, device, agent, by = (text[:_TEXT_MAX] for text in (kind, person, device, agent, by))
        with self._lock:
            self._events.append(Event(at, kind, person, device, agent, by, minutes))
            del self._events[: -limits.HISTORY_PENDING_MAX]

    def agent_said(self, agent: str, state: str) -> None:
        """A router's hello: remembered when it begins to fail or is well again."""
        now = self._clock.monotonic()
        state = "failed" if state in ("failed", "refused") else state
        with self._lock:
            before, told = self._agents.get(agent, ("applied", float("-inf")))
            if state not in ("failed", "applied") or state == before or now - told < limits.HISTORY_AGENT_SECONDS:
                return
            self._agents[agent] = (state, now)
            while len(self._agents) > limits.TRAFFIC_DEVICES:
                del self._agents[next(iter(self._agents))]
        self.event(f"router_{state}", agent=agent)

    def usage(self, usage: Usage, shown: Collection[str]) -> None:
        """Count an agent's cumulative bytes, for the devices in `shown`; all that is held of others is deleted."""
        day = int(self._clock.wall()) // DAY_SECONDS
        with self._lock:
            for device, to_device, from_device in usage.bytes:
                if device in shown:
                    self._count(usage.agent, day, device, to_device, from_device)
            gone = {device for _agent, device in self._counted} - set(shown)
        self.forget_devices(gone)

    def _count(self, agent: str, day: int, device: str, to_device: int, from_device: int) -> None:
        before = self._counted.get((agent, device))
        if before == (to_device, from_device):
            return
        self._counted[agent, device] = (to_device, from_device)
        self._changed.add((agent, device))
        if before is None:
            return  # it has counted since before the device was a child's
        # A smaller count means that the agent began again at zero.
        moved = [now - old if now >= old else now for now, old in zip((to_device, from_device), before, strict=True)]
        held = self._sums.get((day, device), (0, 0))
        self._sums[day, device] = (held[0] + moved[0], held[1] + moved[1])

    # Read

    def events(self, limit: int = limits.HISTORY_SHOWN) -> list[Event]:
        """The last events, newest first."""
        query = "SELECT at, kind, person, device, agent, by, minutes FROM events ORDER BY id DESC LIMIT ?"
        with self._disk:
            with self._lock:
                waiting = self._events[::-1][:limit]
            return waiting + [Event(*row) for row in self._file.rows(query, limit - len(waiting))]

    def all_events(self) -> list[Event]:
        """Every event that is kept, newest first."""
        return self.events(2**31)

    def days(self, devices: Collection[str], count: int) -> list[Day]:
        """Bytes of these devices on the last `count` UTC days, by day; days without any are left out."""
        return [day for day in self._days(count) if day.device in devices]

    def all_days(self) -> list[Day]:
        """Every count that is kept."""
        return self._days(limits.HISTORY_USAGE_DAYS)

    def _days(self, count: int) -> list[Day]:
        first = int(self._clock.wall()) // DAY_SECONDS - count + 1
        sums: dict[tuple[int, str], tuple[int, int]] = {}
        query = "SELECT day, device, to_device, from_device FROM usage WHERE day >= ?"
        with self._disk:
            found = [Day(*row) for row in self._file.rows(query, first)]
            with self._lock:
                found += [Day(day, device, *moved) for (day, device), moved in self._sums.items() if day >= first]
        for day, device, to_device, from_device in found:
            held = sums.get((day, device), (0, 0))
            sums[day, device] = (held[0] + to_device, held[1] + from_device)
        return [Day(day, device, *moved) for (day, device), moved in sorted(sums.items())]

    # Deleted at once

    def forget_person(self, person: str, devices: Collection[str]) -> None:
        """Delete what is held of a child, and of devices that were this child's alone."""
        with self._disk:
            with self._lock:
                self._events = [event for event in self._events if event.person != person]
            self._file.delete(("DELETE FROM events WHERE person = ?", (person,)))
        self.forget_devices(devices)

    def forget_devices(self, devices: Collection[str]) -> None:
        """Delete what is held of these devices."""
        gone = set(devices)
        if not gone:
            return
        with self._disk:
            with self._lock:
                self._events = [event for event in self._events if event.device not in gone]
                self._sums = {key: moved for key, moved in self._sums.items() if key[1] not in gone}
                self._counted = {key: count for key, count in self._counted.items() if key[1] not in gone}
                self._changed = {key for key in self._changed if key[1] not in gone}
            self._file.delete(
                *((f"DELETE FROM {table} WHERE device = ?", (device,)) for table in TABLES for device in sorted(gone))
            )

    def keep_only(self, shown: Collection[str]) -> None:
        """Delete what is held of any device that is not in `shown`."""
        held = {day.device for day in self.all_days()}
        with self._lock:
            held |= {device for _agent, device in self._counted}
        self.forget_devices(held - set(shown))

    def forget_everything(self) -> None:
        """Delete all of it."""
        with self._disk:
            with self._lock:
                self._events, self._sums = [], {}
            self._file.delete(("DELETE FROM events", ()), ("DELETE FROM usage", ()))

    # Written by a thread that may wait for a disk

    def write_due(self) -> None:
        """Write what waits, if the last write is long enough ago."""
        if self._clock.monotonic() - self._written >= limits.HISTORY_WRITE_SECONDS:
            self.write()

    def write(self) -> None:
        """Write what waits, now; delete what is too old. What a full disk refuses goes on waiting, bounded."""
        with self._disk:
            day = int(self._clock.wall()) // DAY_SECONDS
            with self._lock:
                if not (self._events or self._changed or day != self._swept_day):
                    return
                counts = {key: self._counted[key] for key in self._changed}
                batch = Batch(self._events, self._sums, counts)
                self._events, self._sums, self._changed = [], {}, set()
            self._written = self._clock.monotonic()
            oldest = ((day - limits.HISTORY_EVENT_DAYS) * DAY_SECONDS, day - limits.HISTORY_USAGE_DAYS + 1)
            if self._file.write(batch, oldest if self._steadiness.is_steady() else None):
                self._swept_day = day
                return
            with self._lock:
                self._take_back(batch)

    def _take_back(self, batch: Batch) -> None:
        self._events = [*(Event(*event) for event in batch.events), *self._events][-limits.HISTORY_PENDING_MAX :]
        for key, moved in batch.sums.items():
            held = self._sums.get(key, (0, 0))
            self._sums[key] = (held[0] + moved[0], held[1] + moved[1])
        self._changed |= set(batch.counts)

    def close(self) -> None:
        """Write what waits and let go of the file."""
        self.write()
        with self._disk:
            self._file.close()
