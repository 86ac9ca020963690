"""The judge of an end, on planted rows: it must see what is there, and nothing else."""

import pytest

from tests.lab import gate_check
from tests.lab.capture import RST, Seen
from tests.lab.gate_check import MILLISECOND, Window
from tests.lab.packets import Flow

END = 10_000 * MILLISECOND
WINDOW = Window("pause", END - 1000 * MILLISECOND, END, END + 1300 * MILLISECOND)


def row(kind: str, after_ms: float, outgoing: bool = False, flags: int = 0, device: str = "phone") -> Seen:
    return Seen(int(END + after_ms * MILLISECOND), outgoing, Flow(device, kind, "v4").number, 1, 100, flags)


@pytest.mark.parametrize(
    ("place", "seen", "counted"),
    [
        pytest.param("device", row("udp_down", 19), 0, id="a datagram in the timer's own precision"),
        pytest.param("device", row("udp_down", 21), 1, id="a datagram later"),
        pytest.param("device", row("ping", 21), 1, id="an echo reply later"),
        pytest.param("device", row("tcp_down", 999), 0, id="TCP in its second"),
        pytest.param("device", row("tcp_down", 1001), 1, id="TCP after its second"),
        pytest.param("device", row("tcp_down", 1001, flags=RST), 0, id="the router's reset"),
        pytest.param("device", row("udp_up", 500, outgoing=True), 0, id="a try that got nowhere"),
        pytest.param("device", row("udp_down", 1400), 0, id="after the gate was opened again"),
        pytest.param("device", row("udp_down", -1), 0, id="before the end"),
        pytest.param("internet", row("udp_up", 21), 1, id="an upload that arrived"),
        pytest.param("internet", row("udp_down", 500, outgoing=True), 0, id="a stream the server still sends"),
        pytest.param("internet", row("tcp_up", 1001), 1, id="an upload over TCP that arrived"),
    ],
)
def test_late_packets(place: str, seen: Seen, counted: int) -> None:
    device, internet = ([seen], []) if place == "device" else ([], [seen])

    assert len(gate_check.late_packets(device, internet, [WINDOW])) == counted


def test_last_udp_is_the_last_of_the_window() -> None:
    rows = [row("udp_down", after) for after in (-900, -3, 2, 1400)] + [row("udp_up", 5)]

    assert gate_check.last_udp_ns(rows, WINDOW) == END + 2 * MILLISECOND
    assert gate_check.last_udp_ns([], WINDOW) is None


def test_capture_shares_count_what_was_sent_while_open() -> None:
    flow = Flow("phone", "udp_down", "v4")
    sent = {flow: [(sequence, WINDOW.start_ns + sequence * 100 * MILLISECOND) for sequence in range(1, 10)]}
    rows = [Seen(0, False, flow.number, sequence, 100, 0) for sequence in (1, 2, 3, 4, 5, 6, 8, 9, 9)]

    assert gate_check.capture_shares(rows, sent, [WINDOW]) == {flow: (9, 8)}


def test_tcp_holes_are_seen_and_repetitions_not_counted_twice() -> None:
    flow = Flow("phone", "tcp_down", "v4")
    spans = [(1000, 500), (1500, 500), (1500, 500), (2500, 500), (3_000_000_000, 100)]
    rows = [Seen(END - 5, False, flow.number, sequence, length, 0) for sequence, length in spans]

    assert gate_check.tcp_holes(rows, WINDOW, WINDOW.start_ns, flow) == (2100, 1600)


def test_missing_resets_names_who_was_connected_and_not_told() -> None:
    flows = [Flow("phone", kind, family) for kind in ("tcp_up", "tcp_down") for family in ("v4", "v6")]
    events = [{"event": "connected", "flow": flow.name, "t_ns": WINDOW.start_ns} for flow in flows]
    events += [{"event": "reset", "flow": flow.name, "t_ns": END + 600 * MILLISECOND} for flow in flows[:3]]

    assert gate_check.missing_resets(events, ["phone"], WINDOW) == [flows[3]]
