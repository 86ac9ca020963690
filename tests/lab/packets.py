"""The lab's test packets: what a payload says about itself, so that a capture can tell which packet it saw.

A datagram, an echo request and each block of a TCP stream begin with the flow's number, a sequence number and the
sender's monotonic clock, which all namespaces of one kernel share. Senders keep a log of the same three, so that
packets a capture missed are known and a run that lost too many is void.
"""

import struct
import time
from pathlib import Path
from typing import NamedTuple

HEADER = struct.Struct("!4sHIQ")
MAGIC = b"SGLB"
DATAGRAM_BYTES = 400
BLOCK_BYTES = 1000

FLOWS = {
    "udp_up_v4": 1,
    "udp_up_v6": 2,
    "udp_down_v4": 3,
    "udp_down_v6": 4,
    "tcp_up_v4": 5,
    "tcp_up_v6": 6,
    "tcp_down_v4": 7,
    "tcp_down_v6": 8,
    "ping_v4": 9,
    "ping_v6": 10,
}
FLOW_NAMES = {number: name for name, number in FLOWS.items()}

TCP_DOWN_PORT, TCP_UP_PORT, UDP_DOWN_PORT, UDP_UP_PORT = 7001, 7002, 7003, 7004


class Stamp(NamedTuple):
    """What one packet says: flow number, sequence number, nanoseconds of the monotonic clock when it was sent."""

    flow: int
    sequence: int
    sent_ns: int


def read_stamp(payload: bytes) -> Stamp | None:
    """The stamp a payload begins with, None when it is no packet of the lab."""
    if len(payload) < HEADER.size or payload[:4] != MAGIC:
        return None
    _, flow, sequence, sent_ns = HEADER.unpack_from(payload)
    return Stamp(flow, sequence, sent_ns)


class SendLog:
    """Stamps packets of one flow and keeps a record of each, one fixed-size row a packet."""

    ROW = struct.Struct("!IQ")

    def __init__(self, folder: Path, flow: str) -> None:
        self._flow = FLOWS[flow]
        self._file = open(folder / f"{flow}.sent", "ab", buffering=0)  # noqa: SIM115 (open as long as the flow)
        self._sequence = 0

    def stamped(self, size: int) -> bytes:
        """The next packet of the flow, `size` bytes long; recorded as sent now."""
        self._sequence += 1
        now = time.monotonic_ns()
        self._file.write(self.ROW.pack(self._sequence, now))
        return HEADER.pack(MAGIC, self._flow, self._sequence, now).ljust(size, b".")


def read_sent(folder: Path, flow: str) -> list[tuple[int, int]]:
    """All (sequence, sent_ns) that a flow's sender recorded."""
    path = folder / f"{flow}.sent"
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = len(data) - len(data) % SendLog.ROW.size
    return [(sequence, sent) for sequence, sent in SendLog.ROW.iter_unpack(data[:whole])]
