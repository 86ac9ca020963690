"""Bytes of each device, summed over the flows that the kernel tracks: what the parent sees move.

It decides how counters of flows that come and go become one growing count a device. Exempt devices have no number
and so no count. Where bytes went is read only while a category has a budget, and never kept: what moved since the last
reading is handed to whoever counts minutes, and forgotten.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from stairgate.agent.conntrack import Flow
from stairgate.agent.limits import FLOWS_MAX, HEADROOM, READING_SECONDS
from stairgate.port.clock import SystemClock


class Reading:
    """One reading of all flows, a moment at a time. flows: those read so far; took: seconds spent with it."""

    def __init__(self, told: Iterable[Flow], clock: SystemClock) -> None:
        self._told, self._clock = iter(told), clock
        self.flows: list[Flow] = []
        self.took = 0.0

    def go_on(self) -> bool:
        """Read on for a moment; True when all is read. Raises KernelRefused."""
        begun = self._clock.monotonic()
        for index, flow in enumerate(self._told):
            # Twice the bound: live flows and those that ended.
            if flow.number and len(self.flows) < 2 * FLOWS_MAX:
                self.flows.append(flow)
            if (not flow.number or index % 64 == 63) and self._clock.monotonic() - begun > READING_SECONDS:
                self.took += self._clock.monotonic() - begun
                return False
        self.took += self._clock.monotonic() - begun
        return True


class Moved(NamedTuple):
    """What one flow moved between two readings, in bytes. remote: the other end's address, b"" when it was not read."""

    id: int
    number: int
    sent: int
    received: int
    remote: bytes


class ByteCounts:
    """Cumulative bytes since the agent began, by device number: (to the device, from it).

    A flow that the internet began counts the other way round: which side began is not looked at.
    """

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, int]] = {}
        self._left_out = False
        self._totals: dict[int, tuple[int, int]] = {}
        self._is_first = True

    def add(self, flows: Iterable[Flow]) -> list[Moved]:
        """Take a reading of all flows: the live ones first, then those that have ended. Returns what moved since the
        last one; of the first reading nothing, for nobody knows when that was.

        A reading that breaks off with an error counts nothing, so that the next one counts nothing twice. Of more flows
        than the bound some go uncounted; none is counted twice.
        """
        seen: dict[int, tuple[int, int]] = {}
        left_out = False
        totals = dict(self._totals)
        moved: list[Moved] = []
        for flow in flows:
            if len(seen) >= FLOWS_MAX and flow.id not in seen:
                left_out = True
                continue
            before = seen.get(flow.id) or self._seen.get(flow.id)
            # What was left out before may have moved long ago.
            sent, received = before or ((flow.sent, flow.received) if self._left_out else (0, 0))
            if flow.sent < sent or flow.received < received:
                # Forgotten and begun again: the kernel gives a flow with the same ends the same id.
                sent = received = 0
            to_device, from_device = totals.get(flow.number, (0, 0))
            totals[flow.number] = (
                (to_device + flow.received - received) % HEADROOM,
                (from_device + flow.sent - sent) % HEADROOM,
            )
            seen[flow.id] = (flow.sent, flow.received)
            if (flow.sent > sent or flow.received > received) and not self._is_first:
                moved.append(Moved(flow.id, flow.number, flow.sent - sent, flow.received - received, flow.remote))
        self._seen, self._totals, self._left_out, self._is_first = seen, totals, left_out, False
        return moved

    def by_device(self, numbers: Mapping[str, int]) -> list[tuple[str, int, int]]:
        """(device id, bytes to it, bytes from it) of each device that has a count."""
        return [(device, *self._totals[number]) for device, number in numbers.items() if number in self._totals]

    def drop(self, kept: Iterable[int]) -> None:
        """Forget the counts of numbers that no device has any more."""
        keep = set(kept)
        self._totals = {number: total for number, total in self._totals.items() if number in keep}
