"""The judge of an end: which packets passed after it, whether the capture can be believed, who got a reset.

It decides only over rows of captures, senders' records and a window of time, so that a planted row is enough to test
it. A packet counts as passed where it arrives: inside the device's namespace for those that come down, in the
internet's for those that go up. Resets and refusals are the router's own and not counted.
"""

import bisect
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests.lab.capture import RST, Seen
from tests.lab.packets import FAMILIES, Flow, flow_of

MILLISECOND = 1_000_000
# UDP and ICMP may trail the end by the capture's and the timer's own precision, TCP by its return path.
LATE_NS = {"udp_up": 20, "udp_down": 20, "ping": 20, "tcp_up": 1000, "tcp_down": 1000}
DOWN_KINDS = ("udp_down", "tcp_down", "ping")
UP_KINDS = ("udp_up", "tcp_up")
RESET_WITHIN_NS = 2000 * MILLISECOND
# A packet on its way when the window begins or ends belongs to neither side.
MARGIN_NS = 60 * MILLISECOND
# Stragglers of an earlier connection have other sequence numbers altogether; no window carries this much of one.
OTHER_CONNECTION_BYTES = 1 << 20


class Window(NamedTuple):
    """One grant's end. All on the monotonic clock: open from `start_ns`, ended at `end_ns`, shut until `until_ns`."""

    kind: str
    start_ns: int
    end_ns: int
    until_ns: int


class Late(NamedTuple):
    """A packet that passed after the end."""

    flow: Flow
    milliseconds: float
    window: Window


def flow_named(name: str) -> Flow:
    """The flow with this name."""
    return Flow(*name.split("-"))


def late_packets(device: Iterable[Seen], internet: Iterable[Seen], windows: Iterable[Window]) -> list[Late]:
    """Every packet that passed later after an end than its kind may. device, internet: the captures at each place."""
    windows = sorted(windows, key=lambda window: window.end_ns)
    ends = [window.end_ns for window in windows]
    late = []
    for rows, kinds in ((device, DOWN_KINDS), (internet, UP_KINDS)):
        for row in rows:
            # Windows do not overlap: only the last end before a packet can be the one it came after.
            before = bisect.bisect_left(ends, row.t_ns) - 1
            if before < 0 or row.outgoing or row.flags & RST or row.t_ns >= windows[before].until_ns:
                continue
            flow, after_ns = flow_of(row.flow), row.t_ns - ends[before]
            if flow.kind in kinds and after_ns > LATE_NS[flow.kind] * MILLISECOND:
                late.append(Late(flow, after_ns / MILLISECOND, windows[before]))
    return late


def last_udp_ns(device: Iterable[Seen], window: Window) -> int | None:
    """When the last datagram of the stream came down in a window, None when there was none."""
    times = [
        row.t_ns
        for row in device
        if flow_of(row.flow).kind == "udp_down" and not row.outgoing and window.start_ns < row.t_ns < window.until_ns
    ]
    return max(times, default=None)


def capture_shares(
    device: Iterable[Seen], sent: Mapping[Flow, list[tuple[int, int]]], windows: Iterable[Window]
) -> dict[Flow, tuple[int, int]]:
    """(packets sent, of these captured) of each flow while the gate was open; sent: what each sender recorded."""
    seen: dict[int, set[int]] = {}
    for row in device:
        if row.length:
            seen.setdefault(row.flow, set()).add(row.sequence)
    windows = list(windows)
    shares = {}
    for flow, records in sent.items():
        expected = [
            sequence
            for sequence, t_ns in records
            if any(window.start_ns + MARGIN_NS < t_ns < window.end_ns - MARGIN_NS for window in windows)
        ]
        shares[flow] = (len(expected), len(seen.get(flow.number, set()).intersection(expected)))
    return shares


def tcp_holes(device: Iterable[Seen], window: Window, since_ns: int, flow: Flow) -> tuple[int, int]:
    """(bytes the sequence numbers span, bytes captured) of one TCP flow between its connecting and the end."""
    spans = sorted(
        (row.sequence, row.sequence + row.length)
        for row in device
        if row.flow == flow.number
        and row.length
        and row.outgoing == (flow.kind == "tcp_up")
        and since_ns < row.t_ns < window.end_ns
    )
    if not spans:
        return 0, 0
    captured, spanned, reached = 0, 0, spans[0][0]
    for begin, end in spans:
        if begin - reached > OTHER_CONNECTION_BYTES:
            reached = begin
        spanned += max(0, end - reached)
        captured += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return spanned, captured


def missing_resets(events: Iterable[Mapping[str, object]], devices: Iterable[str], window: Window) -> list[Flow]:
    """The TCP flows that were connected at the end and whose client was not told by a reset."""
    connected: dict[object, int] = {}
    told: dict[object, list[int]] = {}
    for event in events:
        t_ns = event["t_ns"]
        assert isinstance(t_ns, int)
        if event["event"] == "connected" and t_ns < window.end_ns:
            connected[event["flow"]] = t_ns
        elif event["event"] == "reset":
            told.setdefault(event["flow"], []).append(t_ns)
    missing = []
    for device in devices:
        for kind in ("tcp_up", "tcp_down"):
            for family in FAMILIES:
                flow = Flow(device, kind, family)
                resets = told.get(flow.name, [])
                since = connected.get(flow.name)
                alive = since is not None and not any(since < t_ns < window.end_ns for t_ns in resets)
                if alive and not any(0 <= t_ns - window.end_ns < RESET_WITHIN_NS for t_ns in resets):
                    missing.append(flow)
    return missing
