"""Alarms: a device that should be quiet sends data out. Taken from routers, kept until a parent has seen them.

It decides what is believed (only of a device that has quiet hours here) and what is written down: the beginning of an
alarm, and its size each time that has doubled, for the flash's sake; what came since is in memory. The newest alarm of
a device stands for all before it. When a device streams is the router's to say.
"""

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from stairgate.core.observed import Reached, Streamed
from stairgate.hub.clock import Clock
from stairgate.hub.family import read_family
from stairgate.hub.quiet_hours import quiet_of
from stairgate.hub.store import Row, Store, Transaction

COLLECTION = "alarms"


class Alarm(NamedTuple):
    """One alarm. began, last: UTC seconds by the router's clock; sent: bytes so far. is_new: no parent has seen it."""

    device: str
    began: int
    last: int
    sent: int
    is_new: bool


class Alarms:
    """The alarms of one home. Safe for threads. told: called with device and agent when one begins."""

    def __init__(self, store: Store, home: str, clock: Clock, told: Callable[[str, str], None]) -> None:
        self._store = store
        self._home = home
        self._clock = clock
        self._told = told
        self._lock = threading.Lock()
        self._newest: dict[str, Streamed] = {}

    def take(self, agent: str, rows: Sequence[Reached | Streamed]) -> None:
        """What a router observed; what it says of anything else is left to others."""
        for row in rows:
            if isinstance(row, Streamed) and self._kept(row):
                self._told(row.device, agent)

    def _kept(self, row: Streamed) -> bool:
        """True when it is a new alarm."""
        with self._lock, self._store.transaction(self._home) as rows:
            if quiet_of(rows, row.device) is None:
                return False
            held = rows.get(COLLECTION, row.device)
            began = int(held.document["began"]) if held else -1
            # A message that was late says nothing of an alarm that is over.
            if row.began < began:
                return False
            newest = self._newest.get(row.device)
            if newest is None or newest.began != row.began or row.bytes > newest.bytes:
                self._newest[row.device] = row
            if held and row.began == began:
                if row.bytes >= 2 * int(held.document["sent"]):
                    document = {**held.document, "last": row.last, "sent": row.bytes}
                    rows.put(COLLECTION, row.device, document)
                return False
            document = {"began": row.began, "last": row.last, "sent": row.bytes, "is_new": "yes"}
            rows.put(COLLECTION, row.device, document)
            return True

    def all(self) -> list[Alarm]:
        """The newest alarm of each device that is still there, the newest first."""
        with self._lock, self._store.transaction(self._home) as rows:
            devices = {device.id for device in read_family(rows).devices}
            held = [row for row in rows.page(COLLECTION) if row.id in devices]
            return sorted(map(self._alarm, held), key=lambda alarm: (-alarm.began, alarm.device))

    def seen(self, device: str) -> None:
        """A parent has seen it."""
        with self._lock, self._store.transaction(self._home) as rows:
            held = rows.get(COLLECTION, device)
            if held:
                alarm = self._alarm(held)
                document = {"began": alarm.began, "last": alarm.last, "sent": alarm.sent, "is_new": ""}
                rows.put(COLLECTION, device, document)
            self._forget_gone(rows)

    def _alarm(self, row: Row) -> Alarm:
        began, last, sent = (int(row.document[name]) for name in ("began", "last", "sent"))
        newest = self._newest.get(row.id)
        if newest and newest.began == began:
            last, sent = newest.last, max(sent, newest.bytes)
        return Alarm(row.id, began, last, sent, bool(row.document["is_new"]))

    def _forget_gone(self, rows: Transaction) -> None:
        devices = {device.id for device in read_family(rows).devices}
        for row in rows.page(COLLECTION):
            if row.id not in devices:
                rows.delete(COLLECTION, row.id, expected=row.revision)
                self._newest.pop(row.id, None)
