"""Far ends of the bypass lab that are no streams: datagrams on any port, and protocols beside UDP and TCP.

It decides how a datagram is answered from the very address that it was sent to; what is served where is
`bypass_internet`'s. Each socket has a thread of its own: there are few, and none of them ever waits for another.
"""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from tests.lab import bypass_places as places
from tests.lab import bypass_wire
from tests.lab.bypass_places import MARK

STREAM_INTERVAL, STREAM_SECONDS = 0.05, 60.0
ADDRESSES = {name: (place.v4, place.v6) for name, place in places.NAMES.items()}
# The identifier of a time server's source (RFC 5905, 7.3): who has answered, the internet or the router.
TIME_SOURCE = b"LAB."
IP_PKTINFO = 8
INFO_BYTES = 64

Ancillary = list[tuple[int, int, bytes]]
Reply = Callable[[bytes, str], bytes]


def echo(data: bytes, here: str) -> bytes:
    """The mark, the place's own address, and what came."""
    return MARK + b" " + here.encode() + b" " + data


def resolver(data: bytes, _here: str) -> bytes:
    """An answer of DNS."""
    return bypass_wire.answered(data, ADDRESSES)


def time_server(data: bytes, here: str) -> bytes:
    """A time server's answer; where the client has hidden something in its packet, that comes back too."""
    now = struct.pack("!II", int(time.time()) + 2_208_988_800, 0)
    head = bytes((0x24, 2, 6, 0xEC)) + bytes(8) + TIME_SOURCE
    return head + now + data[40:48] + now + now + MARK + b" " + here.encode() + b" " + data[48:]


REPLIES: dict[str, Reply] = {"echo": echo, "resolver": resolver, "time": time_server}


def _source(family: int, ancillary: Sequence[tuple[int, int, bytes]]) -> tuple[str, Ancillary]:
    """(the address a datagram came to, what makes the answer leave from there)."""
    for level, kind, data in ancillary:
        if family == socket.AF_INET and (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            # struct in_pktinfo: interface, local address, destination.
            return socket.inet_ntoa(data[8:12]), [(level, kind, struct.pack("i4s4s", 0, data[8:12], bytes(4)))]
        if family == socket.AF_INET6 and (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            return socket.inet_ntop(family, data[:16]), [(level, kind, data[:16] + bytes(4))]
    return "", []


def _pour(bound: socket.socket, peer: Any, source: Ancillary) -> None:
    """A stream that goes on whatever the device does."""
    pause, end = threading.Event(), time.monotonic() + STREAM_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            bound.sendmsg([MARK + b"." * 200], source, 0, peer)
        pause.wait(STREAM_INTERVAL)


def _serve(bound: socket.socket, reply: Reply) -> None:
    while True:
        try:
            data, ancillary, _, peer = bound.recvmsg(4096, INFO_BYTES)
            here, source = _source(bound.family, ancillary)
            if data.startswith(b"stream"):
                threading.Thread(target=_pour, args=(bound, peer, source), daemon=True).start()
            else:
                bound.sendmsg([reply(data, here)], source, 0, peer)
        except (OSError, IndexError, ValueError):
            continue  # a refusal that came back, or a message that is none


def serve_datagrams(kind: str, *ports: int) -> None:
    """Answer on these UDP ports of every address, as `echo`, `resolver` or `time`. Raises OSError."""
    for port in ports:
        for family, wildcard in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            bound = socket.socket(family, socket.SOCK_DGRAM)
            if family == socket.AF_INET6:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            else:
                bound.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            bound.bind((wildcard, port))
            threading.Thread(target=_serve, args=(bound, REPLIES[kind]), daemon=True).start()


def _serve_protocol(bound: socket.socket, address: str) -> None:
    while True:
        data, peer = bound.recvfrom(4096)
        # Raw IPv4 sockets show the header of the packet too.
        payload = data[(data[0] & 15) * 4 :] if bound.family == socket.AF_INET else data
        with contextlib.suppress(OSError):
            if payload[4:7] == b"ask":
                bound.sendto(payload[:4] + echo(payload, address), peer)


def serve_protocol(address: str, number: int) -> None:
    """Answer packets of one IP protocol at one address. Raises OSError."""
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_RAW, number)
    bound.bind((address, 0))
    threading.Thread(target=_serve_protocol, args=(bound, address), daemon=True).start()
