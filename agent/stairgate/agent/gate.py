"""The gate's sets and settings: what the rules and whoever fills the sets call by name.

It decides the names, types and sizes of our nftables sets and which bits of the two marks are ours. The rules over them
are `gate_rules`; which device is in which set is said by `grants`, which addresses by `addresses`.
"""

from typing import NamedTuple

from stairgate.agent.limits import (
    ADDRESSES_IN_SET,
    CALL_APPS,
    CALL_RANGE_ENDS,
    GATEWAYS_IN_SET,
    HUB_ADDRESSES_IN_SET,
    INTERFACES_IN_SET,
    MACS_IN_SET,
    NUMBER_BITS,
    PORTS_IN_SET,
    PROTOCOLS_IN_SET,
    RANGE_ENDS_IN_SET,
    TRIED_IN_SET,
)

# A version, so that a changed set definition never collides with the elements of an older package: changing the
# flags of a set that exists makes the whole reload of a router's firewall fail.
SCHEMA = "v1"

# Where managed devices' queries and probes arrive: the filter's own ports on the router.
DNS_PORT, PROBE_PORT = 5335, 5380
# What probes of operating systems resolve to. Of the range for benchmarks (RFC 2544), which nobody routes.
PROBE_ADDRESS = "198.18.0.53"


class SetName(NamedTuple):
    """One nftables set: `family` is `inet` or `bridge`, `name` carries the schema version."""

    family: str
    name: str


def _inet(name: str) -> SetName:
    return SetName("inet", f"{name}_{SCHEMA}")


def _bridge(name: str) -> SetName:
    return SetName("bridge", f"{name}_{SCHEMA}")


LAN = _inet("lan")
PAGE_PORTS = _inet("page_ports")
HUB_V4, HUB_V6 = _inet("hub_v4"), _inet("hub_v6")
EXEMPT = _inet("exempt")
GRANTED = _inet("granted")
NUMBERED = _inet("numbered")
NUMBER = tuple(_inet(f"number_{bit}") for bit in range(NUMBER_BITS))
BRIDGE_EXEMPT = _bridge("exempt")
BRIDGE_GRANTED, BRIDGE_GRANTED_TCP = _bridge("granted"), _bridge("granted_tcp")
# Interfaces that a parent switched off at the console (`off`): a grant for everybody, which the kernel ends. A bridge's
# own rules see no interface of ours, so there it is protocols that are let through.
OFF, OFF_TCP, BRIDGE_OFF = _inet("off"), _inet("off_tcp"), _bridge("off")

# Interfaces whose devices' names are filtered: all but exempt ones, and those as well.
FILTERED, FILTERED_ALL = _inet("filtered"), _inet("filtered_all")
# Protocols in which neighbours are kept from being a way round the filter; none while nothing is filtered.
BRIDGE_GUARDED = _bridge("guarded")
# Devices that reach only what is listed, once they are not `still_open` any more.
LIMITED, BRIDGE_LIMITED = _inet("limited"), _bridge("limited")
STILL_OPEN, BRIDGE_STILL_OPEN = _inet("still_open"), _bridge("still_open")
RESOLVED_ONLY, BRIDGE_RESOLVED_ONLY = _inet("resolved_only"), _bridge("resolved_only")
# Devices of which the policy names all that they reach, and the (device, address) that they tried besides, counted.
DECLARED = _inet("declared")
TRIED4, TRIED6 = _inet("tried4"), _inet("tried6")
NO_TUNNELS = _inet("no_tunnels")
ISOLATED, BRIDGE_ISOLATED = _inet("isolated"), _bridge("isolated")
BRIDGE_HUB = _bridge("hub")

# (device, address): what the filter answered, what of it is on the list of the limited level, what is cut.
RESOLVED4, RESOLVED6 = _inet("resolved4"), _inet("resolved6")
LIMITED4, LIMITED6 = _inet("limited4"), _inet("limited6")
BLOCKED4, BLOCKED6 = _inet("blocked4"), _inet("blocked6")
BRIDGE_BLOCKED4, BRIDGE_BLOCKED6 = _bridge("blocked4"), _bridge("blocked6")
# Gateways for Wi-Fi and emergency calls; encrypted resolvers.
EPDG4, EPDG6 = _inet("epdg4"), _inet("epdg6")
DOH4, DOH6 = _inet("doh4"), _inet("doh6")
# Addresses that makers of apps publish for calls, each led to the chain of its app, and for each app the devices of
# `resolved_only` that may reach them though nobody looked them up.
CALLS4, CALLS6 = _inet("calls4"), _inet("calls6")
CALLERS = tuple(_inet(f"callers_{number}") for number in range(CALL_APPS))
CALL_CHAINS = tuple(f"call_{number}" for number in range(CALL_APPS))


class Declaration(NamedTuple):
    """How a set is declared. flags: as nftables writes them; timed: elements end, those without an end after 1 s.

    kind: `set` or `map`.
    """

    type: str
    size: int
    timed: bool = False
    flags: str = ""
    kind: str = "set"


_MAC = Declaration("ether_addr", MACS_IN_SET)
_TIMED_MAC = _MAC._replace(timed=True)
_INTERFACE = Declaration("ifname", INTERFACES_IN_SET)
_PROTOCOL = Declaration("ether_type", PROTOCOLS_IN_SET)


def _declarations() -> dict[SetName, Declaration]:
    declared = {
        LAN: _INTERFACE,
        PAGE_PORTS: Declaration("inet_service", PORTS_IN_SET),
        HUB_V4: Declaration("ipv4_addr", HUB_ADDRESSES_IN_SET),
        HUB_V6: Declaration("ipv6_addr", HUB_ADDRESSES_IN_SET),
    }
    declared |= dict.fromkeys((EXEMPT, NUMBERED, *NUMBER, BRIDGE_EXEMPT), _MAC)
    declared |= dict.fromkeys((GRANTED, BRIDGE_GRANTED, BRIDGE_GRANTED_TCP), _TIMED_MAC)
    declared |= dict.fromkeys((OFF, OFF_TCP), _INTERFACE._replace(timed=True))
    declared[BRIDGE_OFF] = _PROTOCOL._replace(timed=True)
    declared[FILTERED] = _INTERFACE
    # Ends by itself: names of grown-ups' devices must not be led to a filter whose agent is gone.
    declared[FILTERED_ALL] = _INTERFACE._replace(timed=True)
    declared[BRIDGE_GUARDED] = _PROTOCOL
    declared |= dict.fromkeys((LIMITED, RESOLVED_ONLY, DECLARED, NO_TUNNELS, ISOLATED), _MAC)
    declared |= dict.fromkeys((BRIDGE_LIMITED, BRIDGE_RESOLVED_ONLY, BRIDGE_ISOLATED, BRIDGE_HUB), _MAC)
    declared |= dict.fromkeys((STILL_OPEN, BRIDGE_STILL_OPEN), _TIMED_MAC)
    for names, address in (
        ((RESOLVED4, LIMITED4, BLOCKED4, BRIDGE_BLOCKED4), "ipv4_addr"),
        ((RESOLVED6, LIMITED6, BLOCKED6, BRIDGE_BLOCKED6), "ipv6_addr"),
    ):
        pairs = Declaration(f"ether_addr . {address}", ADDRESSES_IN_SET, timed=True, flags="dynamic")
        declared |= dict.fromkeys(names, pairs)
        tried = TRIED4 if address == "ipv4_addr" else TRIED6
        declared[tried] = pairs._replace(size=TRIED_IN_SET)
    for gateways, resolvers, calls, address in (
        (EPDG4, DOH4, CALLS4, "ipv4_addr"),
        (EPDG6, DOH6, CALLS6, "ipv6_addr"),
    ):
        declared[gateways] = Declaration(address, GATEWAYS_IN_SET, timed=True)
        declared[resolvers] = Declaration(address, RANGE_ENDS_IN_SET, flags="interval")
        declared[calls] = Declaration(f"{address} : verdict", CALL_RANGE_ENDS, flags="interval", kind="map")
    declared |= dict.fromkeys(CALLERS, _MAC)
    return declared


SETS = _declarations()
WITH_TIMEOUT = frozenset(name for name, declared in SETS.items() if declared.timed)


class GateSettings(NamedTuple):
    """Where the rules stand among a router's others. Everything here is a constant of the router, not of a family.

    table: the name of both tables. forward_priority: hook priority (filter is 0; lower runs first). redirect_priority:
    that of the redirect, before a router's own (-100). forwarded_mark: the packet mark bit that says "forwarded from
    the WAN side"; the next one is ours too. number_shift: the lowest bit of the connection mark that carries the device
    number (`NUMBER_BITS` wide); the bit above it is ours too. Other bits are left to other programs.
    """

    table: str = "stairgate"
    forward_priority: int = -10
    forwarded_mark: int = 0x01000000
    number_shift: int = 16
    redirect_priority: int = -170

    def number_mask(self) -> int:
        """The bits of the connection mark that carry the device number."""
        return ((1 << NUMBER_BITS) - 1) << self.number_shift

    def listed_mark(self) -> int:
        """The bit of the connection mark of flows to an address on their device's list."""
        above = self.number_shift + NUMBER_BITS
        return 1 << (above if above < 32 else self.number_shift - 1)

    def begun_mark(self) -> int:
        """The bit of the packet mark that says "an answer, to a flow that the device began"."""
        return self.forwarded_mark << 1 if self.forwarded_mark < 1 << 31 else self.forwarded_mark >> 1
