"""The lab's test packets: what a payload says about itself, so that a capture can tell which packet it saw.

A datagram, an echo request and each block of a TCP stream begin with the flow's number, a sequence number and the
sender's monotonic clock, which all namespaces of one kernel share. Senders keep a log of the same three, so that
packets a capture missed are known and a run that lost too many is void.
"""

import os
import struct
import time
from pathlib import Path
from typing import NamedTuple

HEADER = struct.Struct("!4sHIQ")
MAGIC = b"SGLB"
DATAGRAM_BYTES = 400
BLOCK_BYTES = 1000

# How much slower than usual senders are: the environment of long scenes says so.
PACE = "STAIRGATE_LAB_PACE"

KINDS = ("udp_up", "udp_down", "tcp_up", "tcp_down", "ping")
FAMILIES = ("v4", "v6")
# Whose packet it is; `anyone` where only the router's address is seen.
SENDERS = ("anyone", "phone", "console", "laptop", "tablet")


class Flow(NamedTuple):
    """One stream of one device: kind is one of `KINDS`, family `v4` or `v6`."""

    device: str
    kind: str
    family: str

    @property
    def number(self) -> int:
        """What stands in the packets."""
        return SENDERS.index(self.device) * 16 + KINDS.index(self.kind) * 2 + FAMILIES.index(self.family)

    @property
    def name(self) -> str:
        """What stands in file names and events."""
        return f"{self.device}-{self.kind}-{self.family}"


def paced(seconds: float) -> float:
    """A sender's interval at the scene's pace."""
    return seconds * float(os.environ.get(PACE, "1"))


def flow_of(number: int) -> Flow:
    """The flow with this number."""
    return Flow(SENDERS[number // 16], KINDS[number % 16 // 2], FAMILIES[number % 2])


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

    def __init__(self, folder: Path, flow: Flow) -> None:
        self._flow = flow.number
        self._file = open(folder / f"{flow.name}.sent", "ab", buffering=0)  # noqa: SIM115 (open as long as the flow)
        self._sequence = 0

    def stamped(self, size: int) -> bytes:
        """The next packet of the flow, `size` bytes long; recorded as sent now."""
        self._sequence += 1
        now = time.monotonic_ns()
        self._file.write(self.ROW.pack(self._sequence, now))
        return HEADER.pack(MAGIC, self._flow, self._sequence, now).ljust(size, b".")


def read_sent(folder: Path, flow: Flow) -> list[tuple[int, int]]:
    """All (sequence, sent_ns) that a flow's sender recorded."""
    path = folder / f"{flow.name}.sent"
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = len(data) - len(data) % SendLog.ROW.size
    return [(sequence, sent) for sequence, sent in SendLog.ROW.iter_unpack(data[:whole])]
