"""The kernel's neighbour table: which MAC address answers for which address on the LAN, read and listened to.

It decides which entries are devices (those that answer or did so lately, on a LAN interface); merging is `discovery`'s
part. rtnetlink(7), linux/neighbour.h.
"""

import logging
import socket
import struct
from collections.abc import Iterable, Sequence

from stairgate.agent.discovery import NEIGHBOUR, Sighting
from stairgate.agent.netlink import NETLINK_ROUTE, Interrupted, KernelRefused, Message, NetlinkSocket, attributes

RTM_NEWNEIGH, RTM_GETNEIGH = 28, 30
RTNLGRP_NEIGH = 3
NDA_DST, NDA_LLADDR = 1, 2
# family, padding, interface index, state, flags, type
_HEADER = struct.Struct("=BxxxiHBB")
# Reachable, stale, delay, probe and permanent. Without: incomplete, failed, and what never resolves (groups, loopback).
_ANSWERS = 0x02 | 0x04 | 0x08 | 0x10 | 0x80
_LENGTHS = {socket.AF_INET: 4, socket.AF_INET6: 16}

log = logging.getLogger("stairgate.agent")


def decode_neighbour(body: bytes, interfaces: frozenset[int]) -> Sighting | None:
    """The device in a neighbour message, None when it is none of these interfaces' or does not answer."""
    if len(body) < _HEADER.size:
        return None
    family, index, state, _, _ = _HEADER.unpack_from(body)
    if family not in _LENGTHS or index not in interfaces or not state & _ANSWERS:
        return None
    found = dict(attributes(body, _HEADER.size))
    address, mac = found.get(NDA_DST, b""), found.get(NDA_LLADDR, b"")
    if len(address) != _LENGTHS[family] or len(mac) != 6:
        return None
    return Sighting(mac.hex(":"), socket.inet_ntop(family, address), "", NEIGHBOUR)


def interface_numbers(names: Iterable[str]) -> frozenset[int]:
    """The kernel's numbers of the interfaces that exist at the moment."""
    numbers = set()
    for name in names:
        try:
            numbers.add(socket.if_nametoindex(name))
        except OSError:
            continue
    return frozenset(numbers)


class Neighbours:
    """The neighbour table of the calling thread's network namespace. interfaces: names of the LAN's. Raises OSError."""

    def __init__(self, interfaces: Sequence[str]) -> None:
        self._interfaces = interfaces
        self._asking = NetlinkSocket(protocol=NETLINK_ROUTE)
        self._listening = NetlinkSocket((RTNLGRP_NEIGH,), NETLINK_ROUTE)

    def close(self) -> None:
        """Free the sockets."""
        self._asking.close()
        self._listening.close()

    def fileno(self) -> int:
        """A descriptor that becomes readable when `news` has something."""
        return self._listening.fileno()

    def table(self) -> list[Sighting]:
        """All entries; none when the kernel does not say."""
        told: list[Message] = []
        try:
            for entry in self._asking.dump(RTM_GETNEIGH, _HEADER.pack(0, 0, 0, 0, 0), "reading neighbours"):
                told.append(entry)
        except Interrupted:  # it grew meanwhile: what was missed is in the news, and in the next look
            pass
        except KernelRefused as refused:
            log.warning("%s", refused)
        return self._decoded(told)

    def news(self) -> list[Sighting]:
        """What changed since the last call; never waits. When some of it was lost, the whole table."""
        try:
            return self._decoded(self._listening.pending())
        except OSError:
            return self.table()

    def _decoded(self, told: Iterable[Message]) -> list[Sighting]:
        numbers = interface_numbers(self._interfaces)
        found = [decode_neighbour(each.body, numbers) for each in told if each.kind == RTM_NEWNEIGH]
        return [sighting for sighting in found if sighting]
