"""The far ends of the bypass lab: everything that a device might reach to get round the filter, and what must go on.

`python -m tests.lab.bypass_internet ROLE FOLDER` serves until it is ended. ROLE `internet`: web servers, encrypted and
plain resolvers, tunnels, streams, push, on every place of `bypass_places`; `router`: a time server and a second
resolver; `neighbour`: proxies and a resolver of a family's own machine; `printer`: what prints and plays. It never
refuses: whether a packet came here and back is all the lab wants to know. Every answer carries a mark and the address
that it was sent to, so that a redirected answer is not taken for a reached place.
"""

import asyncio
import contextlib
import json
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.lab import bypass_places as places
from tests.lab import bypass_wire
from tests.lab.bypass_datagrams import serve_datagrams, serve_protocol
from tests.lab.bypass_places import MARK

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

BLOCK = MARK + b"." * 400
STREAM_INTERVAL, STREAM_SECONDS = 0.05, 60.0
DEAD_PEER_MS = 1500
# What the probes of operating systems expect.
PROBES = {
    b"/generate_204": b"HTTP/1.0 204 No Content\r\n\r\n",
    b"/hotspot-detect.html": b"HTTP/1.0 200 OK\r\n\r\n<HTML><BODY>Success</BODY></HTML>",
    b"/connecttest.txt": b"HTTP/1.0 200 OK\r\n\r\nMicrosoft Connect Test",
}
HTTP_TUNNEL = b"CONNECT "
ADDRESSES = {name: (place.v4, place.v6) for name, place in places.NAMES.items()}


def here(writer: asyncio.StreamWriter) -> str:
    """The address that the peer connected to, without IPv6's mapping of IPv4."""
    return str(writer.get_extra_info("sockname")[0]).removeprefix("::ffff:")


async def stream(writer: asyncio.StreamWriter) -> None:
    """Blocks for as long as anybody takes them."""
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_MS)
    for _ in range(int(STREAM_SECONDS / STREAM_INTERVAL)):
        writer.write(BLOCK)
        await writer.drain()
        await asyncio.sleep(STREAM_INTERVAL)


async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """HTTP: a page that says which address served it, a stream at `/stream`, DNS at `/dns-query` (RFC 8484)."""
    head = await reader.readuntil(b"\r\n\r\n")
    path = head.split(b" ", 2)[1]
    if path == b"/stream":
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n")
        await stream(writer)
        return
    if path in PROBES:
        writer.write(PROBES[path])
        return
    body, kind = MARK + b" " + here(writer).encode(), "text/plain"
    if path == b"/dns-query":
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        body, kind = bypass_wire.answered(await reader.readexactly(length), ADDRESSES), "application/dns-message"
    writer.write(f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


async def resolver(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """DNS over TCP, plain or inside TLS."""
    length = int.from_bytes(await reader.readexactly(2), "big")
    answer = bypass_wire.answered(await reader.readexactly(length), ADDRESSES)
    writer.write(struct.pack("!H", len(answer)) + answer)


async def banner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speaks first, as SSH and push do, then echoes one line."""
    writer.write(MARK + b" " + here(writer).encode() + b"\r\n")
    writer.write(await reader.readline())


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction of a tunnel."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, said: bytes) -> None:
    """Join a client with a far end."""
    far_reader, far_writer = await asyncio.open_connection(host, port)
    writer.write(said)
    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


async def http_proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """HTTP's CONNECT to a literal address (RFC 9110, 9.3.6)."""
    head = await reader.readuntil(b"\r\n\r\n")
    host, _, port = head.removeprefix(HTTP_TUNNEL).split(b" ", 1)[0].decode().rpartition(":")
    await join(reader, writer, host.strip("[]"), int(port), b"HTTP/1.0 200 OK\r\n\r\n")


async def socks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """SOCKS 5 without authentication, to an IPv4 address (RFC 1928)."""
    _, count = await reader.readexactly(2)
    await reader.readexactly(count)
    writer.write(b"\x05\x00")
    request = await reader.readexactly(10)
    host, port = socket.inet_ntoa(request[4:8]), int.from_bytes(request[8:10], "big")
    await join(reader, writer, host, port, b"\x05\x00\x00\x01" + bytes(6))


async def listen(serve: Serve, *ports: int, tls: ssl.SSLContext | None = None) -> None:
    """Serve on every address of both families."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, ValueError, IndexError, asyncio.LimitOverrunError):
            await serve(reader, writer)
            await writer.drain()
        writer.close()

    for port in ports:
        # Either family's address alone may be taken by another program: one socket each.
        for family, wildcard in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            await asyncio.start_server(once, wildcard, port, family=family, ssl=tls)


def certificate(folder: Path) -> ssl.SSLContext:
    """The TLS side of the internet's servers; `bypass_home` has made the files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "far.pem", folder / "far.key")
    return context


async def internet(folder: Path) -> None:
    """Everything beyond the router."""
    tls = certificate(folder)
    await listen(web, 80, 8080, 9001)
    await listen(web, 443, tls=tls)
    await listen(resolver, 853, tls=tls)
    await listen(resolver, 5053, 8443)
    await listen(banner, 22, *places.PUSH_PORTS)
    await listen(http_proxy, places.PROXY_PORT)
    await listen(socks, places.SOCKS_PORT)
    serve_datagrams("echo", *places.ECHO_PORTS)
    serve_datagrams("resolver", *places.DNS_PORTS)
    serve_datagrams("time", 123)
    for number in places.PROTOCOLS.values():
        serve_protocol(places.LITERAL.v4, number)
    for number in (places.PROTOCOLS["gre"], places.PROTOCOLS["esp"]):
        serve_protocol(places.LITERAL.v6, number)


async def router(_folder: Path) -> None:
    """What a router offers beside its resolver: the time, a second resolver as encrypting proxies
    are, its administration, and the mapping of ports (NAT-PMP).
    """
    serve_datagrams("time", 123)
    serve_datagrams("resolver", places.SECOND_RESOLVER_PORT)
    await listen(banner, places.ADMIN_PORT)
    serve_datagrams("echo", places.MAPPING_PORT)


async def neighbour(_folder: Path) -> None:
    """A machine at home that was set up as a way out."""
    await listen(http_proxy, places.PROXY_PORT, 8080)
    await listen(socks, places.SOCKS_PORT)
    serve_datagrams("resolver", 53, 5053)
    serve_datagrams("echo", 1194, 51820)


async def printer(_folder: Path) -> None:
    """Printing and casting."""
    await listen(banner, *places.PRINT_PORTS)
    serve_datagrams("echo", 5353)


ROLES = {"internet": internet, "router": router, "neighbour": neighbour, "printer": printer}


async def serve(role: str, folder: Path) -> None:
    """Open everything of a role and run until cancelled."""
    await ROLES[role](folder)
    print(json.dumps({"event": "ready"}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
