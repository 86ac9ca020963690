"""A router whose table of tracked flows is full, with a hundred devices: grants and ends are exact all the same.

The bound of the table (nf_conntrack_max) belongs to the whole machine and cannot be set in a namespace, so the table is
really filled up to it, over netlink.
"""

import contextlib
import errno
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent.conntrack import CT_DELETE, CT_NEW, CTA_MARK, read_flows
from stairgate.agent.gate import GRANTED
from stairgate.agent.gate_rules import render_removal
from stairgate.agent.grants import mac_key
from stairgate.agent.limits import FLOWS_MAX
from stairgate.agent.netlink import (
    NLM_F_ACK,
    NLM_F_CREATE,
    NetlinkSocket,
    attribute,
    message,
    nested,
    netfilter_header,
)
from stairgate.core.policy import write_policy
from stairgate.core.records import Device, Policy
from tests.lab import network
from tests.lab.agent_rig import SETTINGS, Agent
from tests.lab.policies import family_policy, pause
from tests.lab.processes import wait_until

DEVICES, BENS = 100, 49
TABLE_MAX = Path("/proc/sys/net/netfilter/nf_conntrack_max")
# More than this takes too long to fill; the figure of a machine with much memory is 262144.
FILL_MAX = 300_000
TUPLE_ORIG, TUPLE_REPLY, STATUS, TIMEOUT = 1, 2, 3, 7
ASSURED_AND_SEEN = 0x2 | 0x4 | 0x8


def _tuple(kind: int, source: bytes, target: bytes, sport: int, dport: int) -> bytes:
    addresses = nested(1, attribute(1, source), attribute(2, target))
    ports = nested(
        2, attribute(1, b"\x11"), attribute(2, struct.pack("!H", sport)), attribute(3, struct.pack("!H", dport))
    )
    return nested(kind, addresses, ports)


def flow_message(index: int, number: int, sequence: int, flags: int = 0) -> bytes:
    """The message that makes one tracked UDP flow of a device number, which the kernel may not drop early."""
    near, far = struct.pack("!I", 0xC0A84D64 + index % 100), struct.pack("!I", 0xCB007100 + index // 60_000)
    sport, dport = 1024 + index % 60_000, 40_000
    body = (
        netfilter_header(socket.AF_INET)
        + _tuple(TUPLE_ORIG, near, far, sport, dport)
        + _tuple(TUPLE_REPLY, far, near, dport, sport)
        + attribute(STATUS, struct.pack("!I", ASSURED_AND_SEEN))
        + attribute(TIMEOUT, struct.pack("!I", 600))
        + attribute(CTA_MARK, struct.pack("!I", number << SETTINGS.number_shift))
    )
    return message(CT_NEW, NLM_F_CREATE | flags, sequence, body)


def fill_table() -> int:
    """Track flows of the numbers 1 to 100 in this namespace until the kernel takes no more; how many it took."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as filling:
        filling.bind((0, 0))
        filling.setblocking(False)
        for first in range(0, FILL_MAX, 500):
            batch = b"".join(flow_message(first + index, 1 + (first + index) % DEVICES, 1) for index in range(500))
            filling.send(batch)
            # Without NLM_F_ACK the kernel answers errors only; they may be too many to hold.
            with contextlib.suppress(BlockingIOError):
                try:
                    code = -struct.unpack_from("=i", filling.recv(65536), 16)[0]
                except OSError as error:
                    if isinstance(error, BlockingIOError):
                        raise
                    code = error.errno
                assert code in (errno.ENOMEM, errno.ENOBUFS)
                return first
    return FILL_MAX


def hundred_devices(revision: int, paused: bool) -> Policy:
    now = int(time.time())
    policy = family_policy(revision, overrides=[pause("pmia", now - 60, now + 3600)] if paused else [])
    phone = Device("d000", (network.PHONE.mac,), ("pmia",), "phone", ())
    others = tuple(
        Device(f"d{index:03}", (f"02:00:00:01:00:{index:02x}",), ("pmia" if index % 2 else "pben",), "x", ())
        for index in range(1, DEVICES)
    )
    assert len(write_policy(policy._replace(devices=(phone, *others)))) < 16_000
    return policy._replace(devices=(phone, *others))


@pytest.fixture
def agent(home_network: None, tmp_path: Path) -> Iterator[Agent]:
    with network.inside("router"):
        made = Agent(tmp_path / "state")
        yield made
        netlink = NetlinkSocket()
        sequence = netlink.next_sequence()
        everything = message(CT_DELETE, NLM_F_ACK, sequence, netfilter_header(socket.AF_UNSPEC))
        netlink.transact(everything, sequence, "forgetting all flows")
        netlink.close()
    made.close()
    network.nft("router", render_removal(SETTINGS))


def count() -> int:
    with open("/proc/thread-self/net/stat/nf_conntrack", encoding="ascii") as counted:
        return int(counted.read().splitlines()[1].split()[0], 16)


def test_a_full_table_changes_no_grant_and_no_end(agent: Agent) -> None:
    assert agent.receive(hundred_devices(5, paused=False)).state == "applied"
    assert len(agent.elements(GRANTED)) == DEVICES
    filled = fill_table()
    assert filled >= min(FILL_MAX, int(TABLE_MAX.read_text())) - 1000

    # Taps, while flows are read and counted.
    for revision in range(6, 12):
        hello = agent.receive(hundred_devices(revision, paused=revision % 2 == 0))
        assert (hello.state, hello.revision) == ("applied", revision)
        assert len(agent.elements(GRANTED)) == (BENS if revision % 2 == 0 else DEVICES)
    # An end that the kernel keeps: the element ends by itself, on its time.
    agent.receive(hundred_devices(12, paused=False))
    end = int(time.time()) + 3
    agent.receive(hundred_devices(13, paused=False)._replace(overrides=(pause("pmia", end, end + 3600),)))
    left = agent.kernel.elements(GRANTED)[mac_key(network.PHONE.mac)]
    assert left is not None
    ends_ns = time.monotonic_ns() + left * 1_000_000
    wait_until("the end", lambda: mac_key(network.PHONE.mac) not in agent.kernel.elements(GRANTED))
    assert time.monotonic_ns() >= ends_ns - 10_000_000
    assert len(agent.elements(GRANTED)) == BENS

    # The loop is alive, and forgets the flows of who was closed: 51 devices' of 2,600 each.
    before = count()
    agent.turn_until("the flows to be forgotten", lambda: count() <= before * 0.55)
    assert len(agent.control._tally._bytes._seen) <= FLOWS_MAX
    assert agent.hello().state == "applied"


def test_flows_of_closed_devices_are_forgotten_by_the_next_agent(agent: Agent, tmp_path: Path) -> None:
    agent.receive(hundred_devices(5, paused=True))
    # The first device is Mia's, who is closed, the third one Ben's.
    track_flows([1, 3])
    assert by_number() == {1: 3, 3: 3}

    again = Agent(tmp_path / "state")
    again.turn_until("the closed one's flows to go", lambda: by_number() == {3: 3})
    again.close()


def track_flows(numbers: list[int]) -> None:
    """Three tracked flows of each of these devices."""
    netlink = NetlinkSocket()
    for number in numbers:
        for index in range(3):
            sequence = netlink.next_sequence()
            made = flow_message(5000 + 10 * number + index, number, sequence, NLM_F_ACK)
            netlink.transact(made, sequence, "tracking a flow")
    netlink.close()


def by_number() -> dict[int, int]:
    netlink, counted = NetlinkSocket(), dict[int, int]()
    for flow in read_flows(netlink, SETTINGS.number_shift, SETTINGS.number_mask()):
        if flow.number:
            counted[flow.number] = counted.get(flow.number, 0) + 1
    netlink.close()
    return counted
