"""A bad way to the broker: it carries bytes, or cuts every second connection, or swallows everything silently.

`python -m tests.lab.broken_path ADDRESS PORT` runs in a client's namespace, where `REDIRECT` sends the client's own
connections to it; TLS passes through untouched. Commands come on standard input (`carry`, `drop-second`, `swallow`,
`cut`), and each is answered with a JSON line that counts what was done so far: a fault that was not done is no fault.
"""

import asyncio
import contextlib
import json
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from typing import NamedTuple

PORT = 18883
# What the path's own connections carry, so that they are not sent to it again.
MARK = 0x5A
SO_MARK = 36
# Where a connection breaks: at once, within the handshake, and once MQTT speaks.
DROP_AFTER_BYTES = (0, 300, 2500)

TABLE = "lab_path"
REDIRECT = f"""
table inet {TABLE} {{
  chain output {{
    type nat hook output priority -100; policy accept;
    tcp dport 8883 meta mark != {MARK} redirect to :{PORT}
  }}
}}
"""


class Pair(NamedTuple):
    """One connection of the client and its other half to the broker."""

    client: asyncio.StreamWriter
    broker: asyncio.StreamWriter


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection by a reset, not by a farewell."""
    with contextlib.suppress(OSError):
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Path:
    """All connections that go this way."""

    def __init__(self, address: str, port: int) -> None:
        self._to = (address, port)
        self._mode = "carry"
        self._pairs: set[Pair] = set()
        self._turn = 0
        self.accepted = self.dropped = self.cut = self.swallowed = 0

    def command(self, word: str) -> None:
        """Behave differently from now on."""
        if word == "cut":
            for pair in list(self._pairs):
                self.cut += 1
                reset(pair.client)
                reset(pair.broker)
        elif word != "count":
            self._mode = word

    def told(self) -> dict[str, object]:
        """What was done so far."""
        counts = {name: getattr(self, name) for name in ("accepted", "dropped", "cut", "swallowed")}
        return {"event": "counts", "open": len(self._pairs), **counts}

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, SO_MARK, MARK)
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, self._to)
        return await asyncio.open_connection(sock=made)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the client."""
        self.accepted += 1
        limit = None
        if self._mode == "drop-second":
            self._turn += 1
            if self._turn % 2 == 0:
                limit = DROP_AFTER_BYTES[self._turn // 2 % len(DROP_AFTER_BYTES)]
        try:
            back, onward = await self._open()
        except OSError:
            reset(writer)
            return
        pair = Pair(writer, onward)
        self._pairs.add(pair)
        left = [limit]

        async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                if self._mode == "swallow":
                    self.swallowed += len(data)
                    continue
                if left[0] is not None:
                    left[0] -= len(data)
                    if left[0] < 0:
                        return
                sink.write(data)
                await sink.drain()

        async def quietly(work: Callable[..., Awaitable[None]], *given: object) -> None:
            with contextlib.suppress(OSError):
                await work(*given)

        tasks = [asyncio.create_task(quietly(carry, *way)) for way in ((reader, onward), (back, writer))]
        if limit != 0:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        if limit is not None:
            self.dropped += 1
        for end in pair:
            reset(end)
        self._pairs.discard(pair)


async def run(address: str, port: int) -> None:
    """Until standard input ends."""
    path = Path(address, port)
    for listen in ("127.0.0.1", "::1"):
        await asyncio.start_server(path.serve, listen, PORT)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(json.dumps({"event": "ready"}), flush=True)
    while line := await reader.readline():
        path.command(line.decode().strip())
        print(json.dumps(path.told()), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(sys.argv[1], int(sys.argv[2])))
