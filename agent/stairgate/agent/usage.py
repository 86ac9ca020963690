"""Bytes of each device, summed over the flows that the kernel tracks: what the parent sees move.

It decides how counters of flows that come and go become one growing count a device. Exempt devices have no number
and so no count. Nothing about where the bytes went is ever read or kept.
"""

from collections.abc import Iterable, Mapping

from stairgate.agent.conntrack import Flow
from stairgate.agent.limits import FLOWS_MAX, HEADROOM


class ByteCounts:
    """Cumulative bytes since the agent began, by device number: (to the device, from it).

    A flow that the internet began counts the other way round: which side began is not looked at.
    """

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, int]] = {}
        self._totals: dict[int, tuple[int, int]] = {}

    def add(self, flows: Iterable[Flow]) -> None:
        """Take a reading of all flows: the live ones first, then those that have ended.

        A reading that breaks off with an error counts nothing, so that the next one counts nothing twice.
        """
        seen: dict[int, tuple[int, int]] = {}
        totals = dict(self._totals)
        for flow in flows:
            sent, received = seen.get(flow.id) or self._seen.get(flow.id) or (0, 0)
            if flow.sent < sent or flow.received < received:
                # Forgotten and begun again: the kernel gives a flow with the same ends the same id.
                sent = received = 0
            to_device, from_device = totals.get(flow.number, (0, 0))
            totals[flow.number] = (
                (to_device + flow.received - received) % HEADROOM,
                (from_device + flow.sent - sent) % HEADROOM,
            )
            if len(seen) < FLOWS_MAX:
                seen[flow.id] = (flow.sent, flow.received)
        self._seen, self._totals = seen, totals

    def by_device(self, numbers: Mapping[str, int]) -> list[tuple[str, int, int]]:
        """(device id, bytes to it, bytes from it) of each device that has a count."""
        return [(device, *self._totals[number]) for device, number in numbers.items() if number in self._totals]

    def drop(self, kept: Iterable[int]) -> None:
        """Forget the counts of numbers that no device has any more."""
        keep = set(kept)
        self._totals = {number: total for number, total in self._totals.items() if number in keep}
