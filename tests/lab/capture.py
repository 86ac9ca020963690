"""A capture inside a namespace: which of the lab's packets passed an interface, in which direction, when by the kernel.

`python -m tests.lab.capture INTERFACE FILE DEVICE` (`anyone` beyond the NAT) says `ready` once scapy's socket
listens, writes one row a packet until its standard input says something or ends, then `done` with what the kernel
dropped and the largest step of the wall clock between two packets. Times are the kernel's receive times turned into
the monotonic clock that all senders stamp with. What the rows mean for the gate is left to `gate_check`.
"""

import json
import select
import socket
import struct
import sys
import time
from pathlib import Path
from typing import NamedTuple

from scapy.arch.linux import L2ListenSocket
from scapy.config import conf

from tests.lab import packets
from tests.lab.packets import Flow, read_stamp

PACKET_OUTGOING = 4
SOL_PACKET, PACKET_STATISTICS, SO_RCVBUFFORCE = 263, 6, 33
BUFFER_BYTES = 64 << 20
OFFSET_READINGS = 5
FIN, RST = 0x01, 0x04
ROW = struct.Struct("!QBBIHB")
ICMP_ECHO = {socket.IPPROTO_ICMP: (8, 0), socket.IPPROTO_ICMPV6: (128, 129)}
TCP_PORTS = {packets.TCP_DOWN_PORT: "tcp_down", packets.TCP_UP_PORT: "tcp_up"}


class Seen(NamedTuple):
    """One captured packet. t_ns: monotonic; sequence: the stamp's, for TCP its own; length: payload bytes."""

    t_ns: int
    outgoing: bool
    flow: int
    sequence: int
    length: int
    flags: int


def classify(frame: bytes, device: str) -> tuple[int, int, int, int] | None:
    """(flow, sequence, payload length, TCP flags) of an Ethernet frame, None when it is none of the lab's packets."""
    (ether_type,) = struct.unpack_from("!H", frame, 12)
    if ether_type == 0x0800:
        offset, family = 14 + (frame[14] & 15) * 4, "v4"
        protocol, end = frame[23], 14 + struct.unpack_from("!H", frame, 16)[0]
    elif ether_type == 0x86DD:
        offset, family = 54, "v6"
        protocol, end = frame[20], 54 + struct.unpack_from("!H", frame, 18)[0]
    else:
        return None
    if protocol == socket.IPPROTO_TCP:
        ports = struct.unpack_from("!HH", frame, offset)
        name = next((TCP_PORTS[port] for port in ports if port in TCP_PORTS), None)
        if name is None:
            return None
        sequence = struct.unpack_from("!I", frame, offset + 4)[0]
        length = end - offset - (frame[offset + 12] >> 4) * 4
        return Flow(device, name, family).number, sequence, length, frame[offset + 13]
    if protocol == socket.IPPROTO_UDP or frame[offset] in ICMP_ECHO.get(protocol, ()):
        stamp = read_stamp(frame[offset + 8 : end])
        return (stamp.flow, stamp.sequence, end - offset - 8, 0) if stamp else None
    return None


def wall_offset_ns() -> int:
    """What the wall clock is ahead of the monotonic one; of several readings the one that was least interrupted."""
    readings = [(time.monotonic_ns(), time.time_ns(), time.monotonic_ns()) for _ in range(OFFSET_READINGS)]
    before, wall, after = min(readings, key=lambda reading: reading[2] - reading[0])
    return wall - (before + after) // 2


def capture(interface: str, target: Path, device: str) -> None:
    """Run until standard input ends."""
    conf.use_pcap = False
    listening = L2ListenSocket(iface=interface, promisc=False)
    try:
        listening.ins.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
    except PermissionError:
        # In an unprivileged user namespace the ordinary limit has to do; what it drops is counted and voids the run.
        listening.ins.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    offset_ns, drift_ns = wall_offset_ns(), 0
    print(json.dumps({"event": "ready"}), flush=True)
    with open(target, "wb", buffering=0) as rows:
        while True:
            readable, _, _ = select.select([listening.ins, sys.stdin], [], [])
            if listening.ins in readable:
                # Not dissected: a thousand packets a second must not outrun the reader.
                frame, ancillary, _, sender = listening.ins.recvmsg(2048, 256)
                found = classify(frame, device) if len(frame) > 54 else None
                if found:
                    # A clock that is disciplined creeps, by half a millisecond a second at most.
                    before, offset_ns = offset_ns, wall_offset_ns()
                    drift_ns = max(drift_ns, abs(offset_ns - before))
                    rows.write(ROW.pack(_kernel_ns(ancillary) - offset_ns, sender[2] == PACKET_OUTGOING, *found))
            elif sys.stdin in readable:
                break
    seen, dropped = struct.unpack("II", listening.ins.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    print(json.dumps({"event": "done", "seen": seen, "dropped": dropped, "clock_drift_ns": drift_ns}), flush=True)


def _kernel_ns(ancillary: list[tuple[int, int, bytes]]) -> int:
    """The kernel's receive time (SO_TIMESTAMPNS, which scapy switches on)."""
    for level, _, data in ancillary:
        if level == socket.SOL_SOCKET and len(data) >= 16:
            seconds, nanoseconds = struct.unpack_from("qq", data)
            return int(seconds * 1_000_000_000 + nanoseconds)
    raise RuntimeError("expected a kernel timestamp with every packet, got none")


def read_capture(path: Path) -> list[Seen]:
    """All rows of a capture file."""
    data = path.read_bytes()
    whole = len(data) - len(data) % ROW.size
    return [Seen(t, bool(out), *rest) for t, out, *rest in ROW.iter_unpack(data[:whole])]


if __name__ == "__main__":
    capture(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
