"""Minutes of use as they pass: what moved between two readings goes to device, category and minute, and is judged then.

It decides which minute a reading belongs to (the monotonic clock's, so that nobody gains or loses by setting a clock)
and whose minutes count by the device. What makes a minute active is `activity`'s part, which persons a device has and
what UTC minute it was `counting`'s. Where bytes went is looked at once, for categories with a budget, and not kept.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from stairgate.agent.activity import Minute, Runs
from stairgate.agent.activity_data import TOTAL
from stairgate.agent.timed_addresses import TimedAddresses
from stairgate.agent.usage import Moved

MINUTE_SECONDS = 60


class Counted(NamedTuple):
    """Minutes (of the monotonic clock) in which a device was in use, for a category or `total`."""

    device: str
    category: str
    minutes: range


class Meter:
    """Call `add` after each reading and `judge` when a minute is over. minute: the one that is being filled."""

    def __init__(self, timed: TimedAddresses, now: float) -> None:
        self._timed = timed
        self.minute = int(now // MINUTE_SECONDS)
        self._minutes: dict[tuple[str, str], Minute] = {}
        self._runs: dict[tuple[str, str], Runs] = {}
        self._downloads: dict[str, frozenset[int]] = {}

    def add(
        self,
        moved: Iterable[Moved],
        devices: Mapping[int, str],
        categories: Mapping[str, Collection[str]],
        began: float,
        ended: float,
    ) -> None:
        """What moved from `began` to `ended` (monotonic seconds). devices: by number, those whose use is counted.

        categories: of each device, the timed ones.
        """
        for flow in moved:
            device = devices.get(flow.number)
            if device is None:
                continue
            self._minute(device, TOTAL).add(flow.id, flow.received, flow.sent, began, ended)
            wanted = categories.get(device, ())
            for category in self._timed.of(flow.remote) if wanted else ():
                if category in wanted:
                    self._minute(device, category).add(flow.id, flow.received, flow.sent, began, ended)

    def _minute(self, device: str, category: str) -> Minute:
        minute = self._minutes.get((device, category))
        if minute is None:
            minute = self._minutes[device, category] = Minute(self._downloads.get(device, frozenset()))
        return minute

    def ends(self) -> float:
        """When the minute is over, in monotonic seconds."""
        return float((self.minute + 1) * MINUTE_SECONDS)

    def judge(self, now: float) -> list[Counted]:
        """The minute is over: what counts of it, and of those before it. Nothing while it is not."""
        if now < self.ends():
            return []
        found = []
        downloads = {key[0]: minute.downloads() for key, minute in self._minutes.items() if key[1] == TOTAL}
        for (device, category), minute in self._minutes.items():
            runs = self._runs.setdefault((device, category), Runs())
            counted = runs.add(self.minute, minute.points(category, downloads[device]))
            if counted:
                found.append(Counted(device, category, counted))
        self._downloads = {device: flows for device, flows in downloads.items() if flows}
        self._minutes = {}
        self.minute = int(now // MINUTE_SECONDS)
        return found

    def expected(self) -> list[Counted]:
        """What would count, were the minute over now: who is in use at this moment."""
        found = []
        for (device, category), minute in self._minutes.items():
            if category == TOTAL and (device, category) in self._runs:
                points = minute.points(category, minute.downloads())
                counted = self._runs[device, category].expected(self.minute, points)
                if counted:
                    found.append(Counted(device, category, counted))
        return found

    def keep(self, devices: Collection[str]) -> None:
        """Forget devices that are no longer there."""
        self._minutes = {key: minute for key, minute in self._minutes.items() if key[0] in devices}
        self._runs = {key: runs for key, runs in self._runs.items() if key[0] in devices}
