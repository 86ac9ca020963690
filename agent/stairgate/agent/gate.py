"""The gate's constant rules, rendered as nftables text.

It decides which packets a grant lets through and what the others are answered; which device has a grant is said
by set elements alone (`grants`, `set_elements`), so this text never changes while a family lives with it. It is
idempotent (`add` and `flush chain`, never a replaced table): loading it again keeps elements and running flows, as
a router's own firewall needs at each of its reloads. It is inert until the set of LAN interfaces has an element.

Both directions close. Outbound is matched by source MAC in the inet forward hook and answered, so that apps stop at
once. Inbound has no such hook on a bridged LAN: packets that the router forwards are tagged there with one bit of
the packet mark and dropped in the bridge's output hook by destination MAC, TCP one second later, because a client
whose return path is cut at the same moment never sees its reset (measured; docs/adr/0002).
"""

from typing import NamedTuple

from stairgate.agent.limits import (
    HUB_ADDRESSES_IN_SET,
    INTERFACES_IN_SET,
    MACS_IN_SET,
    NUMBER_BITS,
    PORTS_IN_SET,
)

# A version, so that a changed set definition never collides with the elements of an older package: changing the
# flags of a set that exists makes the whole reload of a router's firewall fail.
SCHEMA = "v1"


class SetName(NamedTuple):
    """One nftables set: `family` is `inet` or `bridge`, `name` carries the schema version."""

    family: str
    name: str


LAN = SetName("inet", f"lan_{SCHEMA}")
PAGE_PORTS = SetName("inet", f"page_ports_{SCHEMA}")
HUB_V4 = SetName("inet", f"hub_v4_{SCHEMA}")
HUB_V6 = SetName("inet", f"hub_v6_{SCHEMA}")
EXEMPT = SetName("inet", f"exempt_{SCHEMA}")
GRANTED = SetName("inet", f"granted_{SCHEMA}")
NUMBERED = SetName("inet", f"numbered_{SCHEMA}")
NUMBER = tuple(SetName("inet", f"number_{bit}_{SCHEMA}") for bit in range(NUMBER_BITS))
BRIDGE_EXEMPT = SetName("bridge", f"exempt_{SCHEMA}")
BRIDGE_GRANTED = SetName("bridge", f"granted_{SCHEMA}")
BRIDGE_GRANTED_TCP = SetName("bridge", f"granted_tcp_{SCHEMA}")
# Interfaces that a parent switched off at the console (`off`): a grant for everybody, which the kernel ends.
OFF = SetName("inet", f"off_{SCHEMA}")
OFF_TCP = SetName("inet", f"off_tcp_{SCHEMA}")
WITH_TIMEOUT = frozenset({GRANTED, BRIDGE_GRANTED, BRIDGE_GRANTED_TCP, OFF, OFF_TCP})


class GateSettings(NamedTuple):
    """Where the rules stand among a router's others. Everything here is a constant of the router, not of a family.

    table: the name of both tables. forward_priority: hook priority (filter is 0; lower runs first).
    forwarded_mark: the packet mark bit that says "forwarded from the WAN side". number_shift: the lowest bit of the
    connection mark that carries the device number (`NUMBER_BITS` wide); other bits are left to other programs.
    """

    table: str = "stairgate"
    forward_priority: int = -10
    forwarded_mark: int = 0x01000000
    number_shift: int = 16

    def number_mask(self) -> int:
        """The bits of the connection mark that carry the device number."""
        return ((1 << NUMBER_BITS) - 1) << self.number_shift


def render_gate(settings: GateSettings) -> str:
    """The text for `nft -f -` that makes or refreshes both tables, without any element of a family."""
    table, mark = settings.table, f"0x{settings.forwarded_mark:08x}"
    numbers = f"0x{settings.number_mask():08x}"
    lines = [f"add table inet {table}", f"add table bridge {table}"]
    lines += [
        f"add set inet {table} {LAN.name} {{ type ifname; size {INTERFACES_IN_SET}; }}",
        f"add set inet {table} {PAGE_PORTS.name} {{ type inet_service; size {PORTS_IN_SET}; }}",
        f"add set inet {table} {HUB_V4.name} {{ type ipv4_addr; size {HUB_ADDRESSES_IN_SET}; }}",
        f"add set inet {table} {HUB_V6.name} {{ type ipv6_addr; size {HUB_ADDRESSES_IN_SET}; }}",
    ]
    for name in (EXEMPT, NUMBERED, *NUMBER, BRIDGE_EXEMPT):
        lines.append(f"add set {name.family} {table} {name.name} {{ type ether_addr; size {MACS_IN_SET}; }}")
    # The default timeout closes an element that somebody adds without one.
    for name in (GRANTED, BRIDGE_GRANTED, BRIDGE_GRANTED_TCP):
        lines.append(
            f"add set {name.family} {table} {name.name} "
            f"{{ type ether_addr; flags timeout; timeout 1s; size {MACS_IN_SET}; }}"
        )
    for name in (OFF, OFF_TCP):
        lines.append(
            f"add set {name.family} {table} {name.name} "
            f"{{ type ifname; flags timeout; timeout 1s; size {INTERFACES_IN_SET}; }}"
        )
    hooks = {
        "inet": {
            "forward": f"type filter hook forward priority {settings.forward_priority}; policy accept;",
            "input": f"type filter hook input priority {settings.forward_priority}; policy accept;",
        },
        "bridge": {"output": "type filter hook output priority 0; policy accept;"},
    }
    hub = (f"ip daddr @{HUB_V4.name}", f"ip6 daddr @{HUB_V6.name}")
    rules: dict[tuple[str, str], list[str]] = {
        ("inet", "closed"): [
            "meta l4proto tcp reject with tcp reset",
            "reject with icmpx admin-prohibited",
        ],
        ("inet", "number"): [
            f"ether saddr @{name.name} ct mark set ct mark | 0x{1 << (settings.number_shift + bit):08x}"
            for bit, name in enumerate(NUMBER)
        ],
        ("inet", "outbound"): [
            f"ether saddr @{EXEMPT.name} return",
            # A hub behind this router, on another network of the home's.
            *[f"{to} tcp dport @{PAGE_PORTS.name} return" for to in hub],
            f"ether saddr != @{GRANTED.name} goto closed",
            # QUIC: apps fall back to TCP, which can be reset and whose names can be filtered.
            "udp dport 443 reject with icmpx admin-prohibited",
            f"ct mark & {numbers} == 0 ether saddr @{NUMBERED.name} jump number",
        ],
        ("inet", "router_services"): [
            "ct state established,related accept",
            # RFC 4890: without these IPv6 is dead within seconds (measured: 8 s).
            "icmpv6 type { 1, 2, 3, 4, 128, 129, 130, 131, 132, 133, 134, 135, 136, 143 } accept",
            "icmp type { echo-request, echo-reply, destination-unreachable, time-exceeded, parameter-problem } accept",
            "meta l4proto igmp accept",
            "udp dport { 53, 67, 123, 547, 5353 } accept",
            "tcp dport 53 accept",
            # Only when the router is the hub: the hub's port may be the router's own administration elsewhere.
            *[f"{to} tcp dport @{PAGE_PORTS.name} accept" for to in hub],
            "goto closed",
        ],
        ("inet", "forward"): [
            # Before the mark: what is switched off is not dropped on the way in either.
            f"iifname @{OFF.name} return",
            f"oifname @{OFF.name} return",
            f"oifname @{OFF_TCP.name} meta l4proto tcp return",
            f"iifname @{LAN.name} oifname != @{LAN.name} jump outbound",
            *[
                f"iifname != @{LAN.name} {by} tcp sport @{PAGE_PORTS.name} ct state established return"
                for by in (f"ip saddr @{HUB_V4.name}", f"ip6 saddr @{HUB_V6.name}")
            ],
            f"iifname != @{LAN.name} oifname @{LAN.name} meta mark set meta mark | {mark}",
        ],
        ("inet", "input"): [
            f"iifname @{OFF.name} return",
            f"iifname @{LAN.name} ether saddr != @{EXEMPT.name} jump router_services",
        ],
        ("bridge", "output"): [
            f"meta mark & {mark} == 0 accept",
            f"ether daddr @{BRIDGE_EXEMPT.name} accept",
            # By address: a closed device can announce a group's MAC for its own address (ARP, neighbour advertisement).
            "ip daddr 224.0.0.0/4 accept",
            "ip6 daddr ff00::/8 accept",
            f"ether daddr @{BRIDGE_GRANTED.name} accept",
            f"meta l4proto tcp ether daddr @{BRIDGE_GRANTED_TCP.name} accept",
            "drop",
        ],
    }
    for family, chain in rules:
        hook = hooks[family].get(chain)
        lines.append(f"add chain {family} {table} {chain}" + (f" {{ {hook} }}" if hook else ""))
        lines.append(f"flush chain {family} {table} {chain}")
    for (family, chain), texts in rules.items():
        lines += [f"add rule {family} {table} {chain} {text}" for text in texts]
    return "\n".join(lines) + "\n"


def render_removal(settings: GateSettings) -> str:
    """The text for `nft -f -` that removes both tables, whether they are there or not."""
    tables = [f"{family} {settings.table}" for family in ("inet", "bridge")]
    return "".join(f"add table {table}\ndelete table {table}\n" for table in tables)
