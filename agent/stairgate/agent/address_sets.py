"""The seam to the kernel's sets of addresses: one small interface for the DNS process, over a socket of its own.

It decides nothing. `LinuxAddressSets` is the real one, in the network namespace of the thread that makes it;
`address_sets_fake.FakeAddressSets` stands in for it in tests of what is decided above.
"""

import socket
from collections.abc import Mapping, Sequence
from typing import Protocol

from stairgate.agent import set_elements
from stairgate.agent.gate import SetName
from stairgate.agent.netlink import (
    NETLINK_ROUTE,
    NetlinkSocket,
    attribute,
    attributes,
    netfilter_header,
)
from stairgate.agent.set_elements import FAMILIES, Elements, SetChange

GETTABLE = set_elements.NFNL_SUBSYS_NFTABLES << 8 | 1
TABLE_NAME, TABLE_HANDLE = 1, 4
RTM_GETADDR, IFA_ADDRESS = 22, 1


class AddressSets(Protocol):
    """What `addresses` needs. Every method raises KernelRefused when the kernel does not do it."""

    def commit(self, changes: Sequence[SetChange]) -> None:
        """Make all changes in one transaction, or none."""

    def replace(self, contents: Mapping[SetName, Elements]) -> None:
        """Make the sets hold these elements and no others, in one transaction."""

    def held(self, names: Sequence[SetName]) -> set[bytes]:
        """The keys of all elements of some sets."""

    def generation(self) -> bytes:
        """Another value once our tables were taken away and made anew."""

    def own(self) -> frozenset[bytes]:
        """The addresses of this machine."""


class LinuxAddressSets:
    """See AddressSets. table: the name of both tables."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._netlink = NetlinkSocket()

    def close(self) -> None:
        """Free the socket. The sets keep what they hold."""
        self._netlink.close()

    def commit(self, changes: Sequence[SetChange]) -> None:
        """See AddressSets."""
        set_elements.commit(self._netlink, self._table, changes)

    def replace(self, contents: Mapping[SetName, Elements]) -> None:
        """See AddressSets."""
        set_elements.replace(self._netlink, self._table, contents)

    def held(self, names: Sequence[SetName]) -> set[bytes]:
        """See AddressSets."""
        return {key for name in names for key in set_elements.read_elements(self._netlink, self._table, name)}

    def generation(self) -> bytes:
        """See AddressSets."""
        found = b""
        for family in FAMILIES.values():
            body = netfilter_header(family) + attribute(TABLE_NAME, self._table.encode() + b"\0")
            values = dict(attributes(self._netlink.ask(GETTABLE, body, "reading a table").body, 4))
            found += values.get(TABLE_HANDLE, b"")
        return found

    def own(self) -> frozenset[bytes]:
        """See AddressSets."""
        netlink = NetlinkSocket(protocol=NETLINK_ROUTE)
        try:
            body = bytes((socket.AF_UNSPEC, 0, 0, 0)) + bytes(4)
            told = [dict(attributes(answer.body, 8)) for answer in netlink.dump(RTM_GETADDR, body, "reading addresses")]
        finally:
            netlink.close()
        return frozenset(values[IFA_ADDRESS] for values in told if IFA_ADDRESS in values)
