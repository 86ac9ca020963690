"""Sockets in the lab's namespaces, for questions with yes or no: datagrams that arrive, connections that stand.

It decides how a "no" is known without waiting for nothing: a datagram of the exempt tablet is sent after the one in
question on the same way, and once that has arrived, the other one has had its chance.
"""

import contextlib
import select
import socket
import struct
import time
from collections.abc import Iterable

from tests.lab import network
from tests.lab.processes import wait_until

FAR = {"v4": network.WEB_V4, "v6": network.WEB_V6}
ROUTER = {"v4": network.ROUTER_V4, "v6": network.ROUTER_V6}
# A second machine of the internet.
OTHER = {"v4": "203.0.113.11", "v6": "2001:db8:10::11"}
CONNECT_SECONDS = 3.0
# In a row, of one socket: one that is closed gives nothing else.
ERRORS = 4


def family_of(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def packed(address: str) -> bytes:
    return socket.inet_pton(family_of(address), address)


class Wires:
    """Every socket made here is closed with it."""

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()

    def close(self) -> None:
        self._open.close()

    def made(self, namespace: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
        with network.inside(namespace):
            made = self._open.enter_context(socket.socket(family, kind, protocol))
        made.settimeout(CONNECT_SECONDS)
        return made

    def datagrams(self, namespace: str, address: str, port: int = 0) -> socket.socket:
        """A bound UDP socket that never waits."""
        made = self.made(namespace, family_of(address), socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.setblocking(False)
        return made

    def listener(self, namespace: str, port: int, address: str = "::") -> socket.socket:
        with network.inside(namespace):
            made = socket.create_server(
                (address, port), family=family_of(address), dualstack_ipv6=address == "::", backlog=64
            )
        made.settimeout(CONNECT_SECONDS)
        return self._open.enter_context(made)

    def connection(self, namespace: str, address: str, port: int) -> socket.socket | None:
        """A TCP connection, None when it is refused."""
        made = self.made(namespace, family_of(address), socket.SOCK_STREAM)
        try:
            made.connect((address, port))
        except OSError:
            return None
        return made

    def connects(self, namespace: str, address: str, port: int) -> bool:
        made = self.connection(namespace, address, port)
        if made:
            made.close()
        return made is not None

    def accepted(self, listener: socket.socket) -> socket.socket:
        """The next connection that the kernel has taken for a listener. Raises OSError when there is none."""
        return self._open.enter_context(listener.accept()[0])

    def reached(self, namespace: str, address: str, ports: Iterable[int]) -> set[int]:
        """To which ports a connection can be made: all are tried at once, for some drop what they refuse."""
        asked = {port: self.made(namespace, family_of(address), socket.SOCK_STREAM) for port in ports}
        poll = select.poll()
        for port, each in asked.items():
            each.setblocking(False)
            each.connect_ex((address, port))
            poll.register(each, select.POLLOUT)
        open_ports: set[int] = set()
        by_descriptor = {each.fileno(): port for port, each in asked.items()}
        end = time.monotonic() + CONNECT_SECONDS
        while by_descriptor and (left := end - time.monotonic()) > 0:
            for descriptor, _ in poll.poll(left * 1000):
                port = by_descriptor.pop(descriptor)
                poll.unregister(descriptor)
                if asked[port].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    open_ports.add(port)
        for each in asked.values():
            each.close()
        return open_ports

    def arrives(
        self, device: network.Device, receiver: socket.socket, to: str, port: int, control_to: str = ""
    ) -> bool:
        """Whether a datagram of the device gets to the receiver, which is at `to` (`control_to` for the tablet)."""
        family = family_of(to)
        question, control = (self.made(name, family, socket.SOCK_DGRAM) for name in (device.name, "tablet"))
        received = {"question": False, "control": False}

        def control_has_arrived() -> bool:
            with contextlib.suppress(OSError):
                control.sendto(b"control", (control_to or to, receiver.getsockname()[1]))
            for payload in drained(receiver):
                received[payload.decode()] = True
            return received["control"]

        with contextlib.suppress(OSError):
            question.sendto(b"question", (to, port))
        wait_until("the tablet's datagram", control_has_arrived)
        return received["question"]


def drained(receiver: socket.socket) -> list[bytes]:
    """What waits in a socket that never waits."""
    found: list[bytes] = []
    errors = 0
    while errors < ERRORS:
        try:
            got = receiver.recv(2048)
        except BlockingIOError:
            break
        except OSError:
            # A refusal that came back stands before the datagrams that wait.
            errors += 1
            continue
        if not got:
            break
        found.append(got)
    return found


def answer_one(server: socket.socket) -> bytes:
    """Answer one datagram from the very address it was sent to, as a server on a wildcard address has to."""
    level, kind = (socket.IPPROTO_IPV6, 50) if server.family == socket.AF_INET6 else (socket.IPPROTO_IP, 8)

    def received() -> tuple[bytes, list[tuple[int, int, bytes]], tuple[str, int]] | None:
        try:
            payload, ancillary, _, source = server.recvmsg(2048, 256)
        except BlockingIOError:
            return None
        return payload, ancillary, source

    got = wait_until("a question", received)
    assert got is not None
    payload, ancillary, source = got
    about = next(data for at, what, data in ancillary if (at, what) == (level, kind))
    if kind == 8:
        index, local = struct.unpack_from("=I4s", about)
        about = struct.pack("=I4s4s", index, local, bytes(4))
    server.sendmsg([b"answer to " + payload], [(level, kind, about)], 0, source)
    return payload


def told_where_to(server: socket.socket) -> socket.socket:
    """The socket, which from now on hears to which address a datagram was sent."""
    if server.family == socket.AF_INET6:
        server.setsockopt(socket.IPPROTO_IPV6, 49, 1)  # IPV6_RECVPKTINFO
    else:
        server.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
    return server


def second_site() -> None:
    """`OTHER` is a place in the internet, too."""
    for address, mask in ((OTHER["v4"], 32), (OTHER["v6"], 128)):
        network.ip("-n", "internet", "address", "replace", f"{address}/{mask}", "dev", "lo")
