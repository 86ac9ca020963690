"""Queries by UDP: for each LAN interface and family a socket on all addresses, and one for each address that is asked.

It decides who asks (the address book of the interface) and that the answer leaves from the address that was asked;
what the answer is, is `service`'s part. An answer given before to the same query of the same device goes out from
here, without the query being read again.
"""

import contextlib
import socket
import struct
from collections.abc import Mapping
from typing import Any

from stairgate.agent.dns.clients import AddressBook
from stairgate.agent.dns.devices import Subject
from stairgate.agent.dns.loop import Loop
from stairgate.agent.dns.service import Service
from stairgate.agent.limits import ADDRESSES_ASKED, CLIENTS_REMEMBERED, DATAGRAM_BYTES, DATAGRAMS_A_TURN

IP_PKTINFO, IPV6_PKTINFO = 8, 50
_ANCILLARY_BYTES = 64
_INFO4 = struct.Struct("=i4s4s")  # interface, local address, address of the header
_INFO6 = struct.Struct("=16si")  # address of the header, interface
_BUFFER_BYTES = 1 << 20  # some thousand queries wait here while a new list is looked at

Ancillary = list[tuple[int, int, bytes]]


def open_socket(family: int, kind: int, interface: str, port: int, address: str = "") -> socket.socket:
    """A socket on an address, "" for all of them, for packets of one interface only. Raises OSError."""
    made = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        if kind == socket.SOCK_DGRAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        made.bind((address or ("::" if family == socket.AF_INET6 else "0.0.0.0"), port))
    except OSError:
        made.close()
        raise
    return made


class AddressServer:
    """Queries to one address, from which answers leave by themselves. See service.Path; `info` is None."""

    is_stream = False

    def __init__(self, loop: Loop, service: Service, server: "UdpServer", bound: socket.socket) -> None:
        self._loop, self._service, self._server, self._socket = loop, service, server, bound
        loop.add(bound, self._readable)

    def close(self) -> None:
        """Stop listening."""
        self._loop.remove(self._socket)

    def send(self, answer: bytes, source: Any, info: object) -> None:
        """See service.Path."""
        self._loop.outbox.append((self._socket.sendto, answer, source))

    def _readable(self, events: int) -> None:
        # Everything is taken before anything is answered: where the next query is prepared beside us, that costs a
        # quarter less than one after the other.
        taken: list[tuple[bytes, Any]] = []
        receive = self._socket.recvfrom
        try:
            for _ in range(DATAGRAMS_A_TURN):
                taken.append(receive(DATAGRAM_BYTES))
        except OSError:  # nothing left
            pass
        service, now, outbox, send = self._service, self._loop.now, self._loop.outbox, self._socket.sendto
        subjects, known = self._server.subjects(), service.answers
        for data, source in taken:
            subject = subjects.get(source[0]) or self._server.recognised(source[0])
            held = known.get(subject.key + data[2:])
            if held is not None and held[0] > now:
                outbox.append((send, data[:2] + held[1], source))
                continue
            try:
                answer = service.answer(data, subject, self, source, None)
            except Exception as error:
                self._loop.failed(error)
                continue
            if answer is not None:
                outbox.append((send, answer, source))


class UdpServer:
    """Queries of one family on one interface. See service.Path. Raises OSError.

    Its own socket hears only what no AddressServer does. info: what the kernel told of the query there.
    """

    is_stream = False

    def __init__(self, loop: Loop, service: Service, book: AddressBook, family: int, interface: str, port: int) -> None:
        self._loop, self._service, self._book = loop, service, book
        self._family, self._interface, self._port = family, interface, port
        self._socket = open_socket(family, socket.SOCK_DGRAM, interface, port)
        level, option = (socket.IPPROTO_IP, IP_PKTINFO)
        if family == socket.AF_INET6:
            level, option = socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO
        self._socket.setsockopt(level, option, 1)
        self._asked: dict[bytes, AddressServer] = {}
        self._subjects: dict[str, Subject] = {}
        self._generation = -1
        loop.add(self._socket, self._readable)

    def close(self) -> None:
        """Stop listening."""
        self._loop.remove(self._socket)
        for server in self._asked.values():
            server.close()
        self._asked.clear()

    def forget(self, address: str) -> None:
        """Another device has this address now."""
        self._subjects.pop(address, None)

    def subjects(self) -> Mapping[str, Subject]:
        """Who has which address, as far as it is known already."""
        if self._generation != self._service.generation:
            self._generation = self._service.generation
            self._subjects.clear()
        return self._subjects

    def recognised(self, address: str) -> Subject:
        """Who has an address. A stranger may be somebody known in the next moment, and is not remembered."""
        subject = self._service.subject_of(self._book.mac_of(address))
        if subject is not self._service.stranger:
            if len(self._subjects) >= CLIENTS_REMEMBERED:
                self._subjects.clear()
            self._subjects[address] = subject
        return subject

    def send(self, answer: bytes, source: Any, info: Any) -> None:
        """See service.Path. An answer that cannot be sent is lost, as datagrams are."""
        sending: Ancillary = []
        for level, kind, value in info:
            if kind == IP_PKTINFO and len(value) == _INFO4.size:
                interface, local, _ = _INFO4.unpack(value)
                sending.append((level, kind, _INFO4.pack(interface, local, bytes(4))))
            elif kind == IPV6_PKTINFO:
                sending.append((level, kind, value))
        with contextlib.suppress(OSError):
            self._socket.sendmsg((answer,), sending, 0, source)

    def _readable(self, events: int) -> None:
        for _ in range(DATAGRAMS_A_TURN):
            try:
                data, info, _, source = self._socket.recvmsg(DATAGRAM_BYTES, _ANCILLARY_BYTES)
            except OSError:  # nothing left
                return
            self._listen_where(info)
            subject = self.subjects().get(source[0]) or self.recognised(source[0])
            try:
                answer = self._service.answer(data, subject, self, source, info)
            except Exception as error:
                self._loop.failed(error)
                continue
            if answer is not None:
                self.send(answer, source, info)

    def _listen_where(self, info: Ancillary) -> None:
        """From now on the kernel gives what comes to the address that was asked to a socket of its own."""
        for _, kind, value in info:
            if kind == IP_PKTINFO and len(value) == _INFO4.size:
                _, local, asked = _INFO4.unpack(value)
                is_own = local == asked  # else it was sent to everybody
            elif kind == IPV6_PKTINFO and len(value) == _INFO6.size:
                local, _ = _INFO6.unpack(value)
                is_own = local[0] != 0xFF  # a group
            else:
                continue
            if is_own and local not in self._asked and len(self._asked) < ADDRESSES_ASKED:
                address = socket.inet_ntop(self._family, local)
                with contextlib.suppress(OSError):  # it is not ours any more
                    bound = open_socket(self._family, socket.SOCK_DGRAM, self._interface, self._port, address)
                    self._asked[local] = AddressServer(self._loop, self._service, self, bound)
