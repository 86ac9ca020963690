"""Queries by UDP: one socket for each LAN interface and family, drained some datagrams at a time.

It decides who asks (the address book of the interface) and that the answer leaves from the address that was asked;
what the answer is, is `service`'s part. An answer given before to the same query of the same device goes out from
here, without the query being read again.
"""

import contextlib
import socket
import struct
from typing import Any

from stairgate.agent.dns.clients import AddressBook
from stairgate.agent.dns.devices import Subject
from stairgate.agent.dns.loop import Loop
from stairgate.agent.dns.service import Service
from stairgate.agent.limits import CLIENTS_REMEMBERED, DATAGRAM_BYTES, DATAGRAMS_A_TURN, STRANGER_SECONDS

IP_PKTINFO, IPV6_PKTINFO = 8, 50
_ANCILLARY_BYTES = 64
_INFO4 = struct.Struct("=i4s4s")  # interface, local address, address of the header
_BUFFER_BYTES = 1 << 20  # some thousand queries wait here while a new list is looked at
_FOR_EVER = float("inf")

Ancillary = list[tuple[int, int, bytes]]


class Client:
    """Who has an address. until: to be looked up again then. usual: what the kernel tells of a query to the address
    that answers leave from by themselves; such answers need no word about it."""

    __slots__ = ("subject", "until", "usual")

    def __init__(self, subject: Subject, until: float, usual: Ancillary) -> None:
        self.subject, self.until, self.usual = subject, until, usual


def open_socket(family: int, kind: int, interface: str, port: int) -> socket.socket:
    """A socket on every address, for packets of one interface only. Raises OSError."""
    made = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        made.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))
    except OSError:
        made.close()
        raise
    return made


class UdpServer:
    """Queries of one family on one interface. See service.Path. Raises OSError."""

    is_stream = False

    def __init__(self, loop: Loop, service: Service, book: AddressBook, family: int, interface: str, port: int) -> None:
        self._loop, self._service, self._book, self._family = loop, service, book, family
        self._socket = open_socket(family, socket.SOCK_DGRAM, interface, port)
        level, option = (socket.IPPROTO_IP, IP_PKTINFO)
        if family == socket.AF_INET6:
            level, option = socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO
        self._socket.setsockopt(level, option, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._clients: dict[str, Client] = {}
        self._generation = -1
        loop.add(self._socket, self._readable)

    def close(self) -> None:
        """Stop listening."""
        self._loop.remove(self._socket)

    def forget(self, address: str) -> None:
        """Another device has this address now."""
        self._clients.pop(address, None)

    def _readable(self, events: int) -> None:
        service, now, receive = self._service, self._loop.now, self._socket.recvmsg
        if self._generation != service.generation:
            self._generation = service.generation
            self._clients.clear()
        clients, known = self._clients, service.answers
        for _ in range(DATAGRAMS_A_TURN):
            try:
                data, ancillary, _, source = receive(DATAGRAM_BYTES, _ANCILLARY_BYTES)
            except OSError:  # nothing left, or news of an answer that did not arrive
                return
            client = clients.get(source[0])
            if client is None or client.until <= now:
                client = self._recognised(source, ancillary)
            held = known.get(client.subject.key + data[2:])
            if held is not None and held[0] > now:
                answer = data[:2] + held[1]
            else:
                info = None if ancillary == client.usual else ancillary
                try:
                    made = service.answer(data, client.subject, self, source, info)
                except Exception as error:
                    self._loop.failed(error)
                    continue
                if made is None:
                    continue
                answer = made
            if ancillary == client.usual:
                try:  # noqa: SIM105 - `suppress` alone takes 0.4 of the 8 us that a remembered answer costs
                    self._socket.sendto(answer, source)
                except OSError:
                    pass
            else:
                self.send(answer, source, ancillary)

    def send(self, answer: bytes, source: Any, info: Any) -> None:
        """See service.Path. info: what the kernel told of the query, None for what is usual from this client.

        An answer that cannot be sent is lost, as datagrams are.
        """
        sending: Ancillary = []
        for level, kind, value in info or ():
            if kind == IP_PKTINFO and len(value) == _INFO4.size:
                interface, local, _ = _INFO4.unpack(value)
                sending.append((level, kind, _INFO4.pack(interface, local, bytes(4))))
            elif kind == IPV6_PKTINFO:
                sending.append((level, kind, value))
        with contextlib.suppress(OSError):
            self._socket.sendmsg((answer,), sending, 0, source)

    def _recognised(self, source: Any, ancillary: Ancillary) -> Client:
        address = source[0]
        subject = self._service.subject_of(self._book.mac_of(address))
        is_stranger = subject is self._service.stranger
        client = Client(
            subject,
            self._loop.now + STRANGER_SECONDS if is_stranger else _FOR_EVER,
            ancillary if self._is_usual(source, ancillary) else [],
        )
        if len(self._clients) >= CLIENTS_REMEMBERED:
            self._clients.clear()
        self._clients[address] = client
        return client

    def _is_usual(self, source: Any, ancillary: Ancillary) -> bool:
        """True when the kernel would send from the address that was asked anyway; only IPv4, where that is sure."""
        if self._family != socket.AF_INET or len(ancillary) != 1:
            return False
        with contextlib.suppress(OSError), socket.socket(self._family, socket.SOCK_DGRAM) as probe:
            probe.connect(source)
            return socket.inet_aton(probe.getsockname()[0]) == ancillary[0][2][4:8]
        return False
