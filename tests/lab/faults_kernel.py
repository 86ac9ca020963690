"""Faults in the router's kernel: rules that somebody flushes, changes that are refused, tables that are full.

They decide what somebody with the router's root password, or too much traffic, does to the kernel. The promise: the
page never says "applied" of what is not, what the kernel held before stays, and the gate comes back by itself.
"""

import contextlib
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

from stairgate.agent.conntrack import CT_NEW, CTA_MARK, forget_flows
from stairgate.agent.gate import GRANTED, GateSettings
from stairgate.agent.grants import mac_key
from stairgate.agent.netlink import (
    NLM_F_CREATE,
    NetlinkSocket,
    attribute,
    message,
    nested,
    netfilter_header,
)
from tests.lab import network
from tests.lab.fault_home import HEAL_SECONDS, FaultHome, demand
from tests.lab.processes import Program, wait_until

TABLE = GateSettings().table
MANY_DEVICES = 95
# Attributes of conntrack messages (linux/netfilter/nfnetlink_conntrack.h).
TUPLE_ORIGINAL, TUPLE_REPLY, STATUS, TIMEOUT, FLOW_ID = 1, 2, 3, 7, 12
TUPLE_IP, TUPLE_PROTOCOL = 1, 2
IP_SOURCE, IP_DESTINATION = 1, 2
PROTOCOL_NUMBER, SOURCE_PORT, DESTINATION_PORT = 1, 2, 3
# Seen in both directions, assured (never dropped early) and confirmed.
ASSURED = 0x2 | 0x4 | 0x8
LONG_SECONDS = 600
MADE_UP = 0x7  # in bits of the mark that the gate leaves to others
BATCH = 200


def rules_flushed(house: FaultHome) -> int:
    """Somebody flushes all rules of the router: the gate comes back, with the same grants."""
    log = house.folder / "agent.log"
    flushed = 0
    house.pause(house.mia)
    house.wait_applied()
    rules = house.rules()
    for what in ("flush ruleset", f"delete table bridge {TABLE}", f"flush chain inet {TABLE} forward"):
        house.watch(0.3)
        before = log.read_text().count("loading them again")
        # Without rules there is no gate, until the agent has heard of it: what passes then is not counted.
        house.may_open(house.mia)
        subprocess.run([*network.enter_words("router"), "nft", *what.split()], check=True)
        house.wait_for_gate(rules)
        house.must_be_closed(house.mia)
        if what == "flush ruleset":
            network.nft("router", network.ROUTER_FIREWALL)
        demand(log.read_text().count("loading them again") > before, f"nobody noticed: {what}")
        demand(house.is_shut(house.mia), f"not shut: {what}")
        # The rules come first, then the grants: who had one is shut out for that moment.
        wait_until(f"the same grants after {what}", lambda: house.is_open(house.ben), HEAL_SECONDS)
        flushed += 1
    house.watch(1.2)
    house.stream(house.ben)
    return flushed


@contextlib.contextmanager
def owned_by_another(house: FaultHome) -> Iterator[None]:
    """Another program owns the gate's table, exactly as it stands: the kernel refuses every change by the agent."""
    listed = network.nft_list("router", f"table inet {TABLE}")
    head = f"table inet {TABLE} {{"
    text = f"delete table inet {TABLE}\n" + listed.replace(head, f"{head}\n\tflags owner;", 1)
    taken = house.folder / "taken.nft"
    taken.write_text(text, encoding="utf-8")
    program = Program("owner", ["nft", "-i"], house.folder, "router", speaks=True)
    program.say(f'include "{taken}"')
    try:
        wait_until("another owner", lambda: "flags owner" in network.nft_list("router", f"table inet {TABLE}"))
        refused = subprocess.run(
            [*network.enter_words("router"), "nft", "add", "chain", "inet", TABLE, "probe"],
            capture_output=True,
            check=False,
        )
        demand(refused.returncode, "the kernel accepts changes: no fault")
        yield
    finally:
        # With its owner's socket the table goes, too.
        program.stop()


def kernel_refuses_a_change(house: FaultHome) -> int:
    """The kernel refuses every change: the page says "not applied", what held before stays, and then it heals."""
    house.pause(house.ben)
    house.wait_applied()
    house.stream(house.mia)
    house.watch(0.3)
    with owned_by_another(house):
        house.tap_pause(house.mia)
        wait_until("the page to say so", lambda: house.shows("not applied"))
        demand(not house.is_applied(), "the page says that a refused pause is applied")
        keys = {mac_key(mac) for mac in house.mia.macs}
        demand(keys <= house.elements(GRANTED), "the kernel let go of what it held")
        house.watch(0.3)
        # The table goes with its owner, and the gate with the table, until the agent has heard of it.
        house.may_open(house.ben)
        list(house.agent.events())
    done = house.enforced(house.mia, "closed")
    house.must_be_closed(house.mia, done)
    house.must_be_closed(house.ben, done)
    house.wait_applied()
    demand(not house.shows("not applied"), "the page still says that it is not applied")
    return 1


def _flow_template() -> tuple[bytes, list[int], list[int]]:
    """A message that makes one tracked UDP flow, and where its far address and port stand in it."""
    near, far = socket.inet_aton("198.51.100.2"), socket.inet_aton("203.0.113.99")
    ports = (struct.pack("!H", 4242), struct.pack("!H", 0xABCD))

    def way(kind: int, source: bytes, target: bytes, sport: bytes, dport: bytes) -> bytes:
        return nested(
            kind,
            nested(TUPLE_IP, attribute(IP_SOURCE, source), attribute(IP_DESTINATION, target)),
            nested(
                TUPLE_PROTOCOL,
                attribute(PROTOCOL_NUMBER, bytes([socket.IPPROTO_UDP])),
                attribute(SOURCE_PORT, sport),
                attribute(DESTINATION_PORT, dport),
            ),
        )

    body = (
        netfilter_header(socket.AF_INET)
        + way(TUPLE_ORIGINAL, near, far, *ports)
        + way(TUPLE_REPLY, far, near, ports[1], ports[0])
        + attribute(STATUS, struct.pack("!I", ASSURED))
        + attribute(TIMEOUT, struct.pack("!I", LONG_SECONDS))
        + attribute(CTA_MARK, struct.pack("!I", MADE_UP))
    )
    made = message(CT_NEW, NLM_F_CREATE, 0, body)

    def places(what: bytes) -> list[int]:
        return [index for index in range(len(made)) if made.startswith(what, index)]

    return made, places(far), places(ports[1])


def tracked(what: str) -> int:
    """`count` or `max` of the router's connection tracking."""
    with network.inside("router"):
        return int(Path(f"/proc/sys/net/netfilter/nf_conntrack_{what}").read_text())


@contextlib.contextmanager
def conntrack_full_table() -> Iterator[int]:
    """The router's table of connections without a free place; gives how many flows were made up."""
    template, addresses, ports = _flow_template()
    with network.inside("router"):
        sending = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        sending.bind((0, 0))
        forgetting = NetlinkSocket()
    made, limit = 0, tracked("max")
    try:
        while tracked("count") < limit and made < limit + 65536:
            batch = bytearray()
            for _ in range(BATCH):
                flow = bytearray(template)
                for place in addresses:
                    flow[place + 2 : place + 4] = struct.pack("!H", made >> 14 & 0xFFFF)
                for place in ports:
                    flow[place : place + 2] = struct.pack("!H", 1024 + (made & 0x3FFF))
                batch += flow
                made += 1
            sending.send(batch)
        demand(tracked("count") >= limit, f"{tracked('count')} of {limit} flows: no fault")
        yield made
    finally:
        sending.close()
        forget_flows(forgetting, MADE_UP, 0, 0xFF)
        forgetting.close()


def conntrack_full(house: FaultHome) -> int:
    """The router's table of connections is full: a pause closes all the same, and everything comes back."""
    house.stream(house.mia)
    with conntrack_full_table() as made:
        demand(not house.reaches_web("tablet"), "new connections are still made: no fault")
        house.tap_pause(house.mia)
        house.must_be_closed(house.mia, house.enforced(house.mia, "closed"))
        demand(house.is_shut(house.mia), "Mia's devices are not closed")
        house.watch(1.2)
    house.wait_applied()
    return made


def hundred_devices(house: FaultHome) -> int:
    """A hundred devices: a pause closes exactly those of its child."""
    macs: dict[str, set[bytes]] = {child.id: {mac_key(mac) for mac in child.macs} for child in house.children}
    for number in range(MANY_DEVICES):
        child = house.children[number % 2]
        mac = f"02:00:00:01:00:{number:02x}"
        house.parent.add_device(f"thing {number}", mac, "other", child.id)
        house.promises.devices[child.id].add(f"thing {number}")
        macs[child.id].add(mac_key(mac))
    house.wait_applied()
    house.pause(house.mia)
    house.wait_applied()
    granted = house.elements(GRANTED)
    demand(granted == macs[house.ben.id], f"{len(granted)} devices are open, expected Ben's {len(macs[house.ben.id])}")
    return MANY_DEVICES


FAULTS = (rules_flushed, kernel_refuses_a_change, conntrack_full)
