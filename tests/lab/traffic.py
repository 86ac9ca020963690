"""A device's traffic: streams in every direction over both families, as a child's game, call and film would make.

`python -m tests.lab.traffic FOLDER DEVICE` runs in the device's namespace. It reads commands from standard input
(`ask`: send one datagram that asks for the UDP stream, as the device's only packet in that flow) and tells JSON lines:
`ready`, `connected`, `reset` when the other side ended a TCP connection and `silent` when it said nothing for long,
with flow and monotonic time. Uploads,
pings and reconnecting go on by themselves, whatever the gate does: a child's device does not give up either.
"""

import asyncio
import contextlib
import json
import socket
import struct
import sys
import time
from pathlib import Path

from tests.lab import packets
from tests.lab.internet import TCP_INTERVAL, pace
from tests.lab.network import WEB_V4, WEB_V6
from tests.lab.packets import Flow, SendLog

UDP_UP_INTERVAL = packets.paced(0.01)
PING_INTERVAL = packets.paced(0.05)
RECONNECT_SECONDS = 0.1
SILENT_SECONDS = 4.0
ICMP_ECHO, ICMP6_ECHO = 8, 128


def tell(**told: object) -> None:
    """One JSON line on standard output."""
    print(json.dumps(told), flush=True)


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) & ~1]))
    if len(data) % 2:
        total += data[-1] << 8
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


async def ping(folder: Path, device: str, family: str, address: str) -> None:
    """Echo requests at a steady pace."""
    v6 = family == "v6"
    kind, protocol = (ICMP6_ECHO, socket.IPPROTO_ICMPV6) if v6 else (ICMP_ECHO, socket.IPPROTO_ICMP)
    raw = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW, protocol)
    raw.setblocking(False)
    log, moments, number = SendLog(folder, Flow(device, "ping", family)), [time.monotonic()], 0
    while True:
        number += 1
        payload = log.stamped(64)
        head = struct.pack("!BBHHH", kind, 0, 0, 0x5347, number & 0xFFFF)
        # The kernel fills in the checksum of ICMPv6 itself (RFC 3542).
        value = 0 if v6 else checksum(head + payload)
        with contextlib.suppress(OSError):
            raw.sendto(head[:2] + struct.pack("!H", value) + head[4:] + payload, (address, 0))
        with contextlib.suppress(OSError):
            while raw.recv(2048):
                pass
        await pace(PING_INTERVAL, moments)


async def udp_up(folder: Path, device: str, family: str, address: str) -> None:
    """Datagrams towards the internet at a steady pace."""
    sending = socket.socket(socket.AF_INET6 if family == "v6" else socket.AF_INET, socket.SOCK_DGRAM)
    sending.setblocking(False)
    log, moments = SendLog(folder, Flow(device, "udp_up", family)), [time.monotonic()]
    while True:
        with contextlib.suppress(OSError):
            sending.sendto(log.stamped(packets.DATAGRAM_BYTES), (address, packets.UDP_UP_PORT))
        await pace(UDP_UP_INTERVAL, moments)


async def tcp(folder: Path, device: str, family: str, address: str, direction: str) -> None:
    """A long transfer, taken up again whenever it was reset."""
    flow = Flow(device, f"tcp_{direction}", family)
    log = SendLog(folder, flow) if direction == "up" else None
    port = packets.TCP_DOWN_PORT if direction == "down" else packets.TCP_UP_PORT
    while True:
        try:
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection(address, port)
        except OSError:
            await asyncio.sleep(RECONNECT_SECONDS)
            continue
        tell(event="connected", flow=flow.name, t_ns=time.monotonic_ns())
        moments = [time.monotonic()]
        try:
            while True:
                if log:
                    writer.write(log.stamped(packets.BLOCK_BYTES))
                    await asyncio.wait_for(writer.drain(), SILENT_SECONDS)
                    await pace(TCP_INTERVAL, moments)
                elif not await asyncio.wait_for(reader.read(65536), SILENT_SECONDS):
                    break
        except TimeoutError:
            # Nobody told it anything, as when a router forgets its connections: it tries anew, as apps do.
            tell(event="silent", flow=flow.name, t_ns=time.monotonic_ns())
        except OSError:
            tell(event="reset", flow=flow.name, t_ns=time.monotonic_ns())
        writer.close()
        await asyncio.sleep(RECONNECT_SECONDS)


async def commands(device: str, askers: list[tuple[socket.socket, tuple[str, int]]]) -> None:
    """Carry out what standard input says, until it ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if line.strip() == b"ask":
            for asking, peer in askers:
                with contextlib.suppress(OSError):
                    asking.sendto(device.encode(), peer)


async def run(folder: Path, device: str) -> None:
    """All flows at once."""
    askers = []
    tasks = []
    for family, address in (("v4", WEB_V4), ("v6", WEB_V6)):
        asking = socket.socket(socket.AF_INET6 if family == "v6" else socket.AF_INET, socket.SOCK_DGRAM)
        asking.setblocking(False)
        # Nobody reads it: the capture counts what arrives.
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        askers.append((asking, (address, packets.UDP_DOWN_PORT)))
        tasks += [udp_up(folder, device, family, address), ping(folder, device, family, address)]
        tasks += [tcp(folder, device, family, address, direction) for direction in ("up", "down")]
    tell(event="ready")
    running = asyncio.gather(*tasks)
    await commands(device, askers)
    running.cancel()


if __name__ == "__main__":
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        asyncio.run(run(Path(sys.argv[1]), sys.argv[2]))
