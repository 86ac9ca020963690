"""Four tables of the kernel by rtnetlink: own hardware addresses, own network addresses, neighbours, gateways.

It reads and decides nothing. Netlink, because it answers for the process's own network namespace, for IPv4
and IPv6 alike, in well under a millisecond and without a subprocess (rtnetlink(7); `ip -j` is not in
OpenWrt's BusyBox).
"""

import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_address
from typing import NamedTuple

_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")  # struct rtattr: length, type
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH
_ERROR, _DONE = 2, 3
_TIMEOUT_SECONDS = 2
_READ_BYTES = 65536
_ENTRIES_MAX = 4096

_GET_LINK, _GET_ADDRESS, _GET_ROUTE, _GET_NEIGHBOUR = 18, 22, 26, 30
_LINK_BYTES, _ADDRESS_BYTES, _ROUTE_BYTES, _NEIGHBOUR_BYTES = 16, 8, 12, 12  # ifinfomsg, ifaddrmsg, rtmsg, ndmsg
_RTA_GATEWAY = 5
_IFLA_ADDRESS = 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
_NDA_DST, _NDA_LLADDR = 1, 2
_TEMPORARY, _TENTATIVE_OR_FAILED = 0x01, 0x48
_UP, _LOOPBACK = 0x1, 0x8
_MADE_UP = 0x02
_NO_NEIGHBOUR = 0x01 | 0x20 | 0x40  # NUD_INCOMPLETE, NUD_FAILED, NUD_NOARP
_IN_USE = 0x02 | 0x08 | 0x10  # NUD_REACHABLE, NUD_DELAY, NUD_PROBE


class OwnAddress(NamedTuple):
    """A network address of this machine. `lasting` is False for IPv6 privacy addresses and unusable ones."""

    address: str
    lasting: bool


def neighbours(live: bool = False) -> dict[str, str]:
    """Network address -> hardware address, for each neighbour the kernel has heard. Raises OSError.

    live: only those that something was sent to or heard from within the last seconds.
    """
    found = {}
    for fixed, attributes in _dump(_GET_NEIGHBOUR, _NEIGHBOUR_BYTES):
        state = struct.unpack_from("=H", fixed, 8)[0]
        mac = attributes.get(_NDA_LLADDR, b"")
        address = attributes.get(_NDA_DST, b"")
        if len(mac) == 6 and any(mac) and len(address) in (4, 16) and not state & _NO_NEIGHBOUR:
            if live and not state & _IN_USE:
                continue
            found[str(ip_address(address))] = mac.hex(":")
    return found


def own_addresses() -> list[OwnAddress]:
    """Every address of this machine, loopback and link-local ones included. Raises OSError."""
    found = []
    for fixed, attributes in _dump(_GET_ADDRESS, _ADDRESS_BYTES):
        address = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS, b"")
        wide = attributes.get(_IFA_FLAGS, b"")
        flags = struct.unpack("=I", wide)[0] if len(wide) == 4 else fixed[2]
        if len(address) in (4, 16):
            temporary = len(address) == 16 and flags & _TEMPORARY
            lasting = not temporary and not flags & _TENTATIVE_OR_FAILED
            found.append(OwnAddress(str(ip_address(address)), lasting))
    return found


def own_macs() -> list[str]:
    """The hardware address of each network interface that is up, those given by makers first. Raises OSError.

    Containers and bridges make up dozens (the second bit of the first byte), and policies have room for a few.
    """
    found = set()
    for fixed, attributes in _dump(_GET_LINK, _LINK_BYTES):
        flags = struct.unpack_from("=I", fixed, 8)[0]
        mac = attributes.get(_IFLA_ADDRESS, b"")
        if len(mac) == 6 and any(mac) and flags & _UP and not flags & _LOOPBACK:
            found.add(mac)
    return [mac.hex(":") for mac in sorted(found, key=lambda mac: (mac[0] & _MADE_UP, mac))]


def gateways() -> list[str]:
    """The network address of each default route's gateway. Raises OSError."""
    found = set()
    for fixed, attributes in _dump(_GET_ROUTE, _ROUTE_BYTES):
        gateway = attributes.get(_RTA_GATEWAY, b"")
        destination_bits = fixed[1]
        if destination_bits == 0 and len(gateway) in (4, 16):
            found.add(str(ip_address(gateway)))
    return sorted(found)


def _dump(kind: int, fixed_bytes: int) -> Iterator[tuple[bytes, dict[int, bytes]]]:
    """Each entry of a table: its fixed part, and its attributes by type."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as link:
        link.settimeout(_TIMEOUT_SECONDS)
        request = bytes(fixed_bytes)  # family AF_UNSPEC, every interface
        link.sendall(_HEADER.pack(_HEADER.size + fixed_bytes, kind, _REQUEST_DUMP, 1, 0) + request)
        entries = 0
        while True:
            data = link.recv(_READ_BYTES)
            offset = 0
            while offset + _HEADER.size <= len(data):
                length, message, _, _, _ = _HEADER.unpack_from(data, offset)
                if message == _DONE or length < _HEADER.size:
                    return
                if message == _ERROR:
                    code = struct.unpack_from("=i", data, offset + _HEADER.size)[0]
                    raise OSError(-code, "the kernel refused the netlink request")
                entries += 1
                if entries > _ENTRIES_MAX:
                    return
                entry = data[offset + _HEADER.size : offset + length]
                if len(entry) >= fixed_bytes:
                    yield entry[:fixed_bytes], _attributes(entry[fixed_bytes:])
                offset += (length + 3) & ~3


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    offset = 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            break
        found[kind & 0x3FFF] = data[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3
    return found
