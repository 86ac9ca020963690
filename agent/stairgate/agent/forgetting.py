"""When the tracked flows of a device are forgotten, and which: all of them, or those from before a limit.

It decides the moments: once the return path of TCP has ended and nobody has opened the gate again, likewise after a
bell that left only what is listed, and when a parent changes what a device may reach or call. What ends a grant is the
kernel; this cleans up behind it, and cuts what flows in from a side that no rule of ours sees.
"""

import heapq
import math
from collections.abc import Hashable, Mapping
from typing import NamedTuple

from stairgate.agent.grants import Grant
from stairgate.agent.kernel import Kernel
from stairgate.agent.limits import FORGET_AFTER_SECONDS, FORGETTING_SECONDS, NUMBER_MAX, RETRY_SECONDS
from stairgate.agent.netlink import KernelRefused
from stairgate.port.clock import SystemClock

ENDED, UNLISTED, CHANGED = range(3)


class Due(NamedTuple):
    """Flows to be forgotten at `at` (monotonic seconds). why: `ENDED`, `UNLISTED`: only from before the limit, or
    `CHANGED`: whatever the device's level is."""

    at: float
    device: str
    number: int
    why: int = ENDED


class Forgetting:
    """Call `note` after each look, and `forget` when `next` says so."""

    def __init__(self, kernel: Kernel, clock: SystemClock) -> None:
        self._kernel, self._clock = kernel, clock
        self._due: list[Due] = []
        self._ends: dict[str, float] = {}
        self._limits: dict[str, float] = {}
        self._reach: dict[str, Hashable] = {}
        self._calls: dict[str, frozenset[int]] = {}

    def next(self) -> float | None:
        """When `forget` has work next, in seconds of the monotonic clock."""
        return self._due[0].at if self._due else None

    def given_up(self, numbers: Mapping[str, int]) -> set[int]:
        """Numbers that no device has any more and flows may still carry."""
        return {due.number for due in self._due if numbers.get(due.device) != due.number}

    def renumbered(self, before: Mapping[str, int], numbers: Mapping[str, int]) -> None:
        """Devices have left, or come back."""
        at = self._clock.monotonic() + FORGET_AFTER_SECONDS
        for device, number in before.items():
            if device not in numbers:
                heapq.heappush(self._due, Due(at, device, number))
                for known in (self._ends, self._limits, self._reach, self._calls):
                    known.pop(device, None)

    def note(
        self,
        numbers: Mapping[str, int],
        grants: Mapping[str, Grant],
        reach: Mapping[str, Hashable],
        calls: Mapping[str, frozenset[int]],
        started: float,
    ) -> None:
        """What a look that began at `started` has granted.

        reach: what else narrows each device. calls: which apps it may call; when that becomes less, what runs ends.
        """
        finished = self._clock.monotonic()
        for device, number in numbers.items():
            grant = grants.get(device)
            self._note_end(device, number, grant, started, finished)
            self._note_limit(device, number, grant, started)
            if self._reach.setdefault(device, reach.get(device)) != reach.get(device):
                self._reach[device] = reach.get(device)
                heapq.heappush(self._due, Due(finished, device, number, CHANGED))
            may_call = calls.get(device, frozenset())
            if self._calls.get(device, frozenset()) - may_call:
                heapq.heappush(self._due, Due(finished + FORGET_AFTER_SECONDS, device, number, CHANGED))
            self._calls[device] = may_call
        # Superseded entries are harmless, but a grant renewed for months must not let them pile up.
        if len(self._due) > 8 * NUMBER_MAX:
            live = [
                Due(moment + FORGET_AFTER_SECONDS, device, numbers[device], why)
                for why, moments in ((ENDED, self._ends), (UNLISTED, self._limits))
                for device, moment in moments.items()
            ]
            self._due = [due for due in live if due.at > finished]
            heapq.heapify(self._due)

    def _note_end(self, device: str, number: int, grant: Grant | None, started: float, finished: float) -> None:
        # Whether a device had a grant before this process began, only its flows would tell: they are forgotten.
        before = self._ends.get(device, math.inf)
        # A pause ends now, at the finished read-back; a grant at its own end.
        end = started + grant.milliseconds / 1000 if grant else min(before, finished)
        self._ends[device] = end
        if end != before:
            heapq.heappush(self._due, Due(end + FORGET_AFTER_SECONDS, device, number))

    def _note_limit(self, device: str, number: int, grant: Grant | None, started: float) -> None:
        if grant is None or grant.limited_from is None:
            self._limits.pop(device, None)
            return
        before = self._limits.get(device, math.inf)
        limit = started + grant.limited_from / 1000 if grant.limited_from else min(before, started)
        self._limits[device] = limit
        if limit != before:
            heapq.heappush(self._due, Due(limit + FORGET_AFTER_SECONDS, device, number, UNLISTED))

    def forget(self, numbers: Mapping[str, int]) -> None:
        """Forget what is due. Raises KernelRefused. It takes only so long; `next` tells when it has not done all."""
        now = self._clock.monotonic()
        while self._due and self._due[0].at <= now:
            if self._clock.monotonic() - now > FORGETTING_SECONDS:
                return
            due = heapq.heappop(self._due)
            # An entry may stem from an earlier end: since then the gate was opened, and perhaps shut again just now.
            # A number that the device has no more is forgotten even when it has come back with another.
            left = numbers.get(due.device) != due.number
            moments = self._limits if due.why == UNLISTED else self._ends
            over = moments.get(due.device, 0.0 if due.why == ENDED else math.inf) + FORGET_AFTER_SECONDS <= now
            if left or over or due.why == CHANGED:
                try:
                    self._kernel.forget(due.number, unlisted=due.why == UNLISTED and not left)
                except KernelRefused:
                    heapq.heappush(self._due, due._replace(at=now + RETRY_SECONDS))
                    raise
