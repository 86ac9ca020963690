"""The judge of a closed time: which packets reached a closed device, or came out of it, later than they may.

It decides over rows of captures and the times between which each device was closed, on one clock; it is
`gate_check`'s judge for homes in which each child is closed at other times, and for times that begin and end with a
fault. An answer to an upload that comes back is a packet that passed, too.
"""

from collections.abc import Iterable
from typing import NamedTuple

from tests.lab.capture import RST, Seen
from tests.lab.gate_check import LATE_NS, MILLISECOND
from tests.lab.packets import Flow, flow_of


class Closed(NamedTuple):
    """A device that must be shut from `since_ns` (monotonic; the finished read-back) until `until_ns`."""

    device: str
    since_ns: int
    until_ns: int


class Passed(NamedTuple):
    """A packet that passed while the gate had to be shut."""

    flow: Flow
    milliseconds: float
    closed: Closed


def passed(device: Iterable[Seen], internet: Iterable[Seen], closed: Iterable[Closed]) -> list[Passed]:
    """Every packet of a closed device that is later than its kind may be.

    device: what captures in the devices' namespaces saw; what leaves there proves nothing. internet: what arrived
    beyond the router, where only datagrams still say whose they are.
    """
    by_device: dict[str, list[Closed]] = {}
    for one in closed:
        by_device.setdefault(one.device, []).append(one)
    found = []
    for rows, only_datagrams in ((device, False), (internet, True)):
        for row in rows:
            flow = flow_of(row.flow)
            # The gate's own resets and refusals are no packets of the flow.
            if row.outgoing or row.flags & RST or (only_datagrams and flow.kind != "udp_up"):
                continue
            for one in by_device.get(flow.device, ()):
                after_ns = row.t_ns - one.since_ns
                if row.t_ns < one.until_ns and after_ns > LATE_NS[flow.kind] * MILLISECOND:
                    found.append(Passed(flow, after_ns / MILLISECOND, one))
    return found
