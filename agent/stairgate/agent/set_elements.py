"""Elements of our nftables sets: changed in one transaction, read back from the kernel.

It decides how a change is written so that it cannot half happen or lapse into a permanent element: add, delete and
add again in one batch (an element that exists does not take a new timeout before Linux 6.12, and one that has just
expired cannot be deleted), timeouts in milliseconds, never 0. Which elements there should be is left to `grants`.
"""

import socket
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from stairgate.agent.gate import WITH_TIMEOUT, SetName
from stairgate.agent.limits import DUMP_TRIES, ELEMENTS_A_MESSAGE
from stairgate.agent.netlink import (
    NLA_F_NESTED,
    NLM_F_ACK,
    NLM_F_CREATE,
    Interrupted,
    Message,
    NetlinkSocket,
    attribute,
    attributes,
    message,
    nested,
    netfilter_header,
)

NFNL_SUBSYS_NFTABLES = 10
BATCH_BEGIN, BATCH_END = 0x10, 0x11
GETCHAIN, GETRULE, NEWSETELEM, GETSETELEM, DELSETELEM = ((NFNL_SUBSYS_NFTABLES << 8) | n for n in (4, 7, 12, 13, 14))
LIST_TABLE, LIST_SET, LIST_ELEMENTS, LIST_ELEM = 1, 2, 3, 1
ELEM_KEY, ELEM_TIMEOUT, ELEM_EXPIRATION, ELEM_EXPRESSION, DATA_VALUE = 1, 4, 5, 7, 1
EXPRESSION_DATA, COUNTER_PACKETS = 2, 2
FAMILIES = {"inet": 1, "bridge": int(socket.AF_BRIDGE)}

Elements = Mapping[bytes, int | None]


class SetChange(NamedTuple):
    """What to do to one set. put: key -> timeout in milliseconds (None in a set without timeouts); remove: keys.

    fresh: keys of `put` that the set was just seen not to hold; adding them once is enough.
    """

    name: SetName
    put: Elements
    remove: frozenset[bytes]
    fresh: frozenset[bytes] = frozenset()


@cache
def _entry_packs(key_bytes: int) -> tuple[Callable[..., bytes], Callable[..., bytes]]:
    """What packs one element of a key so long: (key) without a timeout, (key, eight bytes of milliseconds) with one."""
    value, padding = 4 + key_bytes, -key_bytes % 4
    plain = struct.Struct(f"=HHHHHH{key_bytes}s{padding}x")
    timed = struct.Struct(plain.format + "HH8s")
    inner = (4 + value + padding, ELEM_KEY | NLA_F_NESTED, value, DATA_VALUE)
    plain_head = (plain.size, LIST_ELEM | NLA_F_NESTED, *inner)
    timed_head = (timed.size, LIST_ELEM | NLA_F_NESTED, *inner)
    return (
        lambda key: plain.pack(*plain_head, key),
        lambda key, left: timed.pack(*timed_head, key, 12, ELEM_TIMEOUT, left),
    )


def _entries(elements: Sequence[tuple[bytes, int | None]]) -> bytes:
    """The elements of one set, one pack each: a tap on a hundred devices writes some eight hundred."""
    if not elements:
        return b""
    plain, timed = _entry_packs(len(elements[0][0]))
    return b"".join(
        [plain(key) if timeout is None else timed(key, timeout.to_bytes(8, "big")) for key, timeout in elements]
    )


@cache
def _set_body(name: SetName, table: str) -> bytes:
    return (
        netfilter_header(FAMILIES[name.family])
        + attribute(LIST_TABLE, table.encode() + b"\0")
        + attribute(LIST_SET, name.name.encode() + b"\0")
    )


def _list_body(name: SetName, table: str, elements: Sequence[tuple[bytes, int | None]]) -> bytes:
    return _set_body(name, table) + nested(LIST_ELEMENTS, _entries(elements))


def _chunks(elements: Sequence[tuple[bytes, int | None]]) -> Iterator[Sequence[tuple[bytes, int | None]]]:
    for start in range(0, len(elements), ELEMENTS_A_MESSAGE):
        yield elements[start : start + ELEMENTS_A_MESSAGE]


def encode_changes(table: str, changes: Sequence[SetChange], first_sequence: int) -> tuple[bytes, int]:
    """The batch that makes all changes or none, and the sequence of its last message, which asks for the answer.

    Raises ValueError for a timeout of 0 or less: the kernel would take it for "permanent".
    """
    bodies: list[tuple[int, int, bytes]] = []
    for change in changes:
        puts = sorted(change.put.items())
        for key, timeout in puts:
            if timeout is not None and timeout <= 0:
                raise ValueError(f"a timeout of {timeout} ms for {key.hex()} in {change.name.name}: expected 1 or more")
        # Adding first makes the deletion safe whether the element is there, has just expired or never was.
        timed = change.name in WITH_TIMEOUT
        touched = [(key, timeout) for key, timeout in puts if key not in change.fresh]
        touched += [(key, 1000 if timed else None) for key in sorted(change.remove)]
        for part in _chunks(touched):
            bodies.append((NEWSETELEM, NLM_F_CREATE, _list_body(change.name, table, part)))
        for part in _chunks([(key, None) for key, _ in touched]):
            bodies.append((DELSETELEM, 0, _list_body(change.name, table, part)))
        for part in _chunks(puts):
            bodies.append((NEWSETELEM, NLM_F_CREATE, _list_body(change.name, table, part)))
    return _batch(bodies, first_sequence)


def encode_replacement(table: str, contents: Mapping[SetName, Elements], first_sequence: int) -> tuple[bytes, int]:
    """The batch after which each set holds its elements and no others, and the sequence of its last message."""
    bodies: list[tuple[int, int, bytes]] = []
    for name, elements in contents.items():
        # Without elements the message means all of them.
        bodies.append((DELSETELEM, 0, _set_body(name, table)))
        for part in _chunks(sorted(elements.items())):
            bodies.append((NEWSETELEM, NLM_F_CREATE, _list_body(name, table, part)))
    return _batch(bodies, first_sequence)


def _batch(bodies: Sequence[tuple[int, int, bytes]], first_sequence: int) -> tuple[bytes, int]:
    """Messages as one transaction, of which the last asks for the answer."""
    if not bodies:
        return b"", first_sequence
    envelope = netfilter_header(socket.AF_UNSPEC, NFNL_SUBSYS_NFTABLES)
    sequence = first_sequence
    parts = [message(BATCH_BEGIN, 0, sequence, envelope)]
    for index, (kind, flags, body) in enumerate(bodies):
        sequence += 1
        if index == len(bodies) - 1:
            flags |= NLM_F_ACK
        parts.append(message(kind, flags, sequence, body))
    parts.append(message(BATCH_END, 0, sequence + 1, envelope))
    return b"".join(parts), sequence


def commit(netlink: NetlinkSocket, table: str, changes: Sequence[SetChange]) -> None:
    """Make all changes in one transaction, or none. Raises KernelRefused."""
    batch, last = encode_changes(table, changes, netlink.next_sequence())
    if batch:
        netlink.transact(batch, last, f"changing {', '.join(change.name.name for change in changes)}")


def replace(netlink: NetlinkSocket, table: str, contents: Mapping[SetName, Elements]) -> None:
    """Make each set hold its elements and no others, in one transaction. Raises KernelRefused."""
    batch, last = encode_replacement(table, contents, netlink.next_sequence())
    if batch:
        netlink.transact(batch, last, "filling sets")


def _decode_elements(body: bytes) -> Iterator[tuple[bytes, int | None]]:
    for kind, value in attributes(body, 4):
        if kind != LIST_ELEMENTS:
            continue
        for _, entry in attributes(value):
            element = dict(attributes(entry))
            key = dict(attributes(element.get(ELEM_KEY, b""))).get(DATA_VALUE)
            expiration = element.get(ELEM_EXPIRATION)
            if key:
                yield key, None if expiration is None else int.from_bytes(expiration, "big")


def _dump_whole(netlink: NetlinkSocket, kind: int, body: bytes, what: str) -> list[Message]:
    """All objects of a kind, asked for again while somebody changes them. Raises KernelRefused."""
    for _ in range(DUMP_TRIES - 1):
        try:
            return list(netlink.dump(kind, body, what))
        except Interrupted:
            continue
    return list(netlink.dump(kind, body, what))


def read_elements(netlink: NetlinkSocket, table: str, name: SetName) -> dict[bytes, int | None]:
    """The live elements of one of our (small) sets: key -> milliseconds left, None where the set has no timeouts.

    Raises KernelRefused, with ENOENT when table or set is gone.
    """
    body = _set_body(name, table)
    return {
        key: left
        for answer in _dump_whole(netlink, GETSETELEM, body, f"reading set {name.family} {name.name}")
        for key, left in _decode_elements(answer.body)
    }


def _decode_counts(body: bytes) -> Iterator[tuple[bytes, int]]:
    for kind, value in attributes(body, 4):
        for _, entry in attributes(value) if kind == LIST_ELEMENTS else ():
            element = dict(attributes(entry))
            key = dict(attributes(element.get(ELEM_KEY, b""))).get(DATA_VALUE)
            counter = dict(attributes(element.get(ELEM_EXPRESSION, b""))).get(EXPRESSION_DATA, b"")
            packets = dict(attributes(counter)).get(COUNTER_PACKETS, b"")
            if key and packets:
                yield key, int.from_bytes(packets, "big")


def read_counts(netlink: NetlinkSocket, table: str, name: SetName) -> dict[bytes, int]:
    """The live elements of a set whose elements count: key -> packets. Raises KernelRefused as `read_elements`."""
    body = _set_body(name, table)
    return {
        key: packets
        for answer in _dump_whole(netlink, GETSETELEM, body, f"reading counts of {name.family} {name.name}")
        for key, packets in _decode_counts(answer.body)
    }


def read_rules(netlink: NetlinkSocket, table: str) -> bytes:
    """All chains and rules of our two tables as the kernel tells them: equal bytes, equal rules."""
    found = b""
    for family in FAMILIES.values():
        body = netfilter_header(family) + attribute(1, table.encode() + b"\0")
        for kind in (GETRULE, GETCHAIN):
            for answer in _dump_whole(netlink, kind, body, "reading rules"):
                values = dict(attributes(answer.body, 4))
                if values.get(1) == table.encode() + b"\0":
                    # The header before the attributes carries the table's generation, which every element moves on.
                    found += answer.body[4:]
    return found
