"""The bytes of the family's devices, counted and told: one reading of all flows at a time, in moments of the loop.

It decides when a reading is due and that nothing is told while nothing has moved. What a reading makes of flows is
`usage`'s part, what minutes it makes `counting`'s, how counts are put into messages `outbox`'s.
"""

import logging
from collections.abc import Mapping

from stairgate.agent.counting import Counting
from stairgate.agent.kernel import Kernel
from stairgate.agent.limits import READ_EVERY_SECONDS, READING_SHARE
from stairgate.agent.netlink import KernelRefused
from stairgate.agent.outbox import Outbox
from stairgate.agent.usage import ByteCounts, Reading
from stairgate.agent.watch import Watch
from stairgate.port.clock import SystemClock

log = logging.getLogger("stairgate.agent")


class Tally:
    """next_telling: when `tell` has something to do, in monotonic seconds. seconds: between two tellings, at least."""

    def __init__(
        self,
        kernel: Kernel,
        outbox: Outbox,
        clock: SystemClock,
        seconds: float,
        counting: Counting | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._kernel, self._outbox, self._clock, self._seconds = kernel, outbox, clock, seconds
        self._counting, self._watch = counting, watch
        self._read_until = self._next_message = clock.monotonic()
        self._bytes = ByteCounts()
        self._reading: Reading | None = None
        self._told: list[tuple[str, int, int]] = []
        self.next_telling = clock.monotonic()

    def renumbered(self, numbers: Mapping[str, int]) -> None:
        """The devices have other numbers now: counts of numbers that nobody has are forgotten."""
        self._bytes.drop(numbers.values())

    def tell(self, now: float, numbers: Mapping[str, int]) -> None:
        """Read flows for a moment; once all are read, tell the counts that changed. numbers: of the devices."""
        if now < self.next_telling:
            return
        took = 0.0
        try:
            reading = self._reading = self._reading or self._begin()
            if not reading.go_on():
                return
            took = reading.took
            moved = self._bytes.add(reading.flows)
            if self._counting:
                self._counting.moved(moved, self._read_until, now)
            if self._watch:
                self._watch.moved(moved, numbers, now)
            self._read_until = now
        except KernelRefused as refused:
            log.warning("%s", refused)
        self.next_telling = now + max(min(self._seconds, READ_EVERY_SECONDS), took / READING_SHARE)
        self._reading = None
        if now < self._next_message:
            return
        self._next_message = now + self._seconds
        counted = self._bytes.by_device(numbers)
        if counted == self._told:
            return
        self._told = counted
        self._outbox.usage(counted)

    def _begin(self) -> Reading:
        remotes = self._counting is not None and self._counting.wants_remotes()
        return Reading(self._kernel.flows(remotes=True) if remotes else self._kernel.flows(), self._clock)
