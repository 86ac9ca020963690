"""The lab's internet: a web server, and far ends for streams in every direction.

`python -m tests.lab.internet FOLDER` serves until it is ended: pages on port 80, a paced TCP download and an upload
sink, a UDP stream that goes on for `STREAM_SECONDS` after one datagram asked for it, and a UDP sink. It never stops a
stream because the client fell silent: whether packets then still reach the device is what the lab wants to know.
"""

import asyncio
import contextlib
import json
import socket
import sys
import time
from pathlib import Path
from typing import Any

from tests.lab import packets
from tests.lab.network import METRICS_V4, WEB_V4, WEB_V6
from tests.lab.packets import SENDERS, Flow, SendLog

STREAM_SECONDS = 30.0
UDP_DOWN_INTERVAL = packets.paced(0.008)
TCP_INTERVAL = packets.paced(0.02)
PAGE_BYTES = 60_000
DEAD_PEER_MS = 1500
TOY_PORT = 443  # what the lab's bear sends, is taken and forgotten


async def pace(interval: float, moments: list[float]) -> None:
    """Wait for the next of a row of evenly spaced moments; `moments` holds the last one."""
    moments[0] = max(moments[0] + interval, time.monotonic() - interval)
    await asyncio.sleep(max(0.0, moments[0] - time.monotonic()))


class DownStreams(asyncio.DatagramProtocol):
    """Streams to each device that asked (the datagram is its name), for `STREAM_SECONDS` since it last did."""

    def __init__(self, folder: Path, family: str) -> None:
        self._logs = {name: SendLog(folder, Flow(name, "udp_down", family)) for name in SENDERS}
        self._peers: dict[str, tuple[Any, float]] = {}
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """The socket is open."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """A device asks for the stream."""
        name = data.decode(errors="replace")
        if name in self._logs:
            self._peers[name] = (addr, time.monotonic() + STREAM_SECONDS)

    async def run(self) -> None:
        """Send for ever."""
        moments = [time.monotonic()]
        while True:
            await pace(UDP_DOWN_INTERVAL, moments)
            for name, (peer, until) in self._peers.items():
                if time.monotonic() < until:
                    self._transport.sendto(self._logs[name].stamped(packets.DATAGRAM_BYTES), peer)


async def web_page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One HTTP/1.0 answer: a page of `PAGE_BYTES`."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        await reader.readuntil(b"\r\n\r\n")
        body = b"<!doctype html><title>A page</title><p>" + b"x" * PAGE_BYTES
        head = f"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
    writer.close()


async def serve(folder: Path) -> None:
    """Open all servers on both families and run until cancelled."""
    loop = asyncio.get_running_loop()
    streams = []
    for family, address in (("v4", WEB_V4), ("v6", WEB_V6)):
        # One log for all: only the capture can tell which connection is still alive.
        down_log = SendLog(folder, Flow("anyone", "tcp_down", family))

        async def download(_: asyncio.StreamReader, writer: asyncio.StreamWriter, log: SendLog = down_log) -> None:
            # The gate resets the device's end only; without this the server would feed dead connections for minutes.
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_MS)
            moments = [time.monotonic()]
            with contextlib.suppress(OSError):
                while True:
                    writer.write(log.stamped(packets.BLOCK_BYTES))
                    await writer.drain()
                    await pace(TCP_INTERVAL, moments)
            writer.transport.abort()

        async def upload(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while await asyncio.wait_for(reader.read(65536), DEAD_PEER_MS / 1000):
                    pass
            writer.transport.abort()

        await asyncio.start_server(web_page, address, 80)
        await asyncio.start_server(download, address, packets.TCP_DOWN_PORT)
        await asyncio.start_server(upload, address, packets.TCP_UP_PORT)
        for host in (address, METRICS_V4) if family == "v4" else (address,):
            await asyncio.start_server(upload, host, TOY_PORT)
        stream = DownStreams(folder, family)
        await loop.create_datagram_endpoint(
            lambda protocol=stream: protocol,  # type: ignore[misc]
            local_addr=(address, packets.UDP_DOWN_PORT),
        )
        await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(address, packets.UDP_UP_PORT))
        streams.append(asyncio.create_task(stream.run()))
    print(json.dumps({"event": "ready"}), flush=True)
    await asyncio.gather(*streams)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
