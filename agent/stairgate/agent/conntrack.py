"""Connection tracking by device number: forget a device's flows, and count the bytes of each device.

It decides how flows map to devices: by the bits of the connection mark that the gate sets for devices with a
number, so an idle privacy address cannot be missed and an exempt device has no number to count by. When to forget is
left to `control`; what to tell the hub about bytes to `usage`.
"""

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from stairgate.agent.limits import BOOT_ID_CHARACTERS, FLOWS_A_BREATH
from stairgate.agent.netlink import NLM_F_ACK, Message, NetlinkSocket, attribute, attributes, message, netfilter_header

NFNL_SUBSYS_CTNETLINK = 1
CT_NEW, CT_GET, CT_DELETE = ((NFNL_SUBSYS_CTNETLINK << 8) | n for n in (0, 1, 2))
CTA_TUPLE_ORIG, CTA_TUPLE_IP = 1, 1
CTA_IP_DESTINATION = {2: 4, 4: 16}  # attribute (IPv4, IPv6) and bytes
CTA_MARK, CTA_COUNTERS_ORIG, CTA_COUNTERS_REPLY, CTA_ID, CTA_MARK_MASK = 8, 9, 10, 12, 21
CTA_COUNTERS_BYTES = 2
NFNLGRP_CONNTRACK_DESTROY = 3

ACCOUNTING = "/proc/sys/net/netfilter/nf_conntrack_acct"
BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Flow(NamedTuple):
    """One tracked flow: `number` is the device's, `sent` and `received` bytes as the side that began it sees them.

    remote: the address that was called, as bytes; b"" unless it was asked for.
    """

    id: int
    number: int
    sent: int
    received: int
    remote: bytes = b""


# No flow: whoever reads may stop here for a while.
BREATH = Flow(0, 0, 0, 0)


def switch_accounting(on: bool) -> bool:
    """Have the kernel count bytes or not: it does not in a new namespace (measured). True when that was a change.

    Raises OSError.
    """
    wanted = "1" if on else "0"
    with open(ACCOUNTING, encoding="ascii") as setting:
        before = setting.read().strip()
    if before == wanted:
        return False
    with open(ACCOUNTING, "w", encoding="ascii") as setting:
        setting.write(wanted)
    return True


def boot_id() -> str:
    """The kernel's word for this start of the machine; "" where it has none."""
    try:
        with open(BOOT_ID, encoding="ascii") as told:
            return told.read(BOOT_ID_CHARACTERS).strip()
    except (OSError, ValueError):
        return ""


def encode_forget(mark: int, mask: int, sequence: int) -> bytes:
    """The message that deletes every flow whose mark is `mark` in the bits of `mask`."""
    body = (
        netfilter_header(socket.AF_UNSPEC)
        + attribute(CTA_MARK, struct.pack("!I", mark))
        + attribute(CTA_MARK_MASK, struct.pack("!I", mask))
    )
    return message(CT_DELETE, NLM_F_ACK, sequence, body)


def forget_flows(netlink: NetlinkSocket, number: int, shift: int, mask: int, without: int = 0) -> None:
    """Delete the flows of one device, of those the ones that have none of the bits `without` in their mark.

    Raises ValueError for number 0, which everybody else's flows carry.
    """
    if number <= 0:
        raise ValueError(f"device number {number}: expected 1 or more")
    sequence = netlink.next_sequence()
    netlink.transact(encode_forget(number << shift, mask | without, sequence), sequence, "forgetting flows")


def _destination(endpoints: bytes) -> bytes:
    """The address that a flow was begun with, b"" when there is none."""
    for kind, value in attributes(endpoints):
        for part, address in attributes(value) if kind == CTA_TUPLE_IP else ():
            if CTA_IP_DESTINATION.get(part) == len(address):
                return address
    return b""


def decode_flow(body: bytes, shift: int, mask: int, remotes: bool = False) -> Flow | None:
    """The flow in a conntrack message, None when it carries no device number. remotes: with the address called."""
    number = flow_id = sent = received = 0
    endpoints = b""
    for kind, value in attributes(body, 4):
        if kind == CTA_MARK:
            number = (int.from_bytes(value, "big") & mask) >> shift
        elif kind == CTA_ID:
            flow_id = int.from_bytes(value, "big")
        elif kind in (CTA_COUNTERS_ORIG, CTA_COUNTERS_REPLY):
            counted = int.from_bytes(dict(attributes(value)).get(CTA_COUNTERS_BYTES, b""), "big")
            if kind == CTA_COUNTERS_ORIG:
                sent = counted
            else:
                received = counted
        elif kind == CTA_TUPLE_ORIG and remotes:
            endpoints = value
    if not number:
        return None
    return Flow(flow_id, number, sent, received, _destination(endpoints) if endpoints else b"")


def read_flows(netlink: NetlinkSocket, shift: int, mask: int, remotes: bool = False) -> Iterator[Flow]:
    """Every live flow of a numbered device, and now and then `BREATH`. Raises KernelRefused."""
    for index, answer in enumerate(netlink.dump(CT_GET, netfilter_header(socket.AF_UNSPEC), "reading flows"), 1):
        flow = decode_flow(answer.body, shift, mask, remotes)
        if flow:
            yield flow
        elif index % FLOWS_A_BREATH == 0:
            yield BREATH


def ended_flows(told: Iterator[Message], shift: int, mask: int, remotes: bool = False) -> Iterator[Flow]:
    """The flows among the messages of the destroy group, with their last counts."""
    for event in told:
        if event.kind == CT_DELETE:
            flow = decode_flow(event.body, shift, mask, remotes)
            if flow:
                yield flow
