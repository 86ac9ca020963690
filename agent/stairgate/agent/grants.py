"""Decisions become grants, grants become set elements: what the kernel should hold, and how it differs.

It decides the end of every grant (never later than the decision's `until`, never longer than the cap) and what each
of our sets must contain. Pure: policy, decisions and a time in, elements out. Writing them is left to `kernel`, the
moment of the next look to `enforcement`.
"""

import ipaddress
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from stairgate.agent import gate
from stairgate.agent.gate import SetName
from stairgate.agent.limits import BELL_MS, LED_MS, NUMBER_MAX, SAME_END_MS, TCP_RETURN_MS
from stairgate.agent.set_elements import SetChange
from stairgate.core.decide import Decision
from stairgate.core.limits import GRANT_SECONDS_MAX
from stairgate.core.policy import Policy

TIMED_SETS = (
    gate.GRANTED,
    gate.BRIDGE_GRANTED,
    gate.BRIDGE_GRANTED_TCP,
    gate.STILL_OPEN,
    gate.BRIDGE_STILL_OPEN,
)
CONSTANT_SETS = (
    gate.PAGE_PORTS,
    gate.HUB_V4,
    gate.HUB_V6,
    gate.EXEMPT,
    gate.NUMBERED,
    *gate.NUMBER,
    gate.BRIDGE_EXEMPT,
    gate.BRIDGE_HUB,
    gate.FILTERED,
    gate.FILTERED_ALL,
    gate.BRIDGE_GUARDED,
    gate.LIMITED,
    gate.BRIDGE_LIMITED,
    gate.RESOLVED_ONLY,
    gate.BRIDGE_RESOLVED_ONLY,
    gate.DECLARED,
    gate.NO_TUNNELS,
    gate.ISOLATED,
    gate.BRIDGE_ISOLATED,
    gate.LAN,
)
# The tag of VPNs and other tunnels: who blocks their names blocks their ports as well.
TUNNELS = "vpn"
ARP, IPV4, IPV6 = b"\x08\x06", b"\x08\x00", b"\x86\xdd"

Contents = dict[SetName, dict[bytes, int | None]]


class Grant(NamedTuple):
    """One device's permission for `milliseconds` more; `capped` when the cap and not the decision ends it.

    limited_from: milliseconds from now on after which only what is listed is reachable, None: never.
    """

    device: str
    milliseconds: int
    capped: bool
    limited_from: int | None = None


def mac_key(mac: str) -> bytes:
    """The six bytes of a MAC address written as aa:bb:cc:dd:ee:ff."""
    return bytes.fromhex(mac.replace(":", ""))


def grant_of(device: str, decision: Decision, now: float, ends: float | None = None) -> Grant | None:
    """The grant that a decision gives at `now` (UTC seconds); None when the gate stays shut. ends: not later than this.

    Between open and limited the kernel changes by itself at the bell, so that what may go on is not cut while the agent
    looks: the grant lasts a little longer, as the stricter of the two levels.
    """
    if decision.level == "closed":
        return None
    cap = GRANT_SECONDS_MAX * 1000
    left = cap + 1 if decision.until is None else int((decision.until - now) * 1000)
    is_limited = decision.level == "limited"
    if left > cap:
        return Grant(device, cap, True, 0 if is_limited else None)
    if decision.next_level not in ("open", "limited"):
        if ends is not None:
            left = min(left, int((ends - now) * 1000))
        return Grant(device, left, False, 0 if is_limited else None) if left > 0 else None
    # A look in the very millisecond of the bell must not cut either.
    if left + BELL_MS <= 0:
        return None
    return Grant(device, left + BELL_MS, False, 0 if is_limited else max(0, left))


def allocate_numbers(
    previous: Mapping[str, int], devices: Sequence[str], given_up: Collection[int] = ()
) -> dict[str, int]:
    """A small number for each device's flows, kept while the device stays. Raises ValueError beyond `NUMBER_MAX`.

    given_up: numbers of devices that left a moment ago; like those of devices that leave now, they are the last choice,
    for flows may still carry them.
    """
    if len(devices) > NUMBER_MAX:
        raise ValueError(f"devices: expected {NUMBER_MAX} at most, got {len(devices)}")
    numbers = {device: previous[device] for device in devices if device in previous}
    last = set(previous.values()) | set(given_up)
    free = iter([*sorted(set(range(1, NUMBER_MAX + 1)) - last), *sorted(last - set(numbers.values()))])
    for device in devices:
        if device not in numbers:
            numbers[device] = next(free)
    return numbers


def is_exempt(flags: Sequence[str]) -> bool:
    """True for devices that no rule may ever close: adults', and assistive ones."""
    return "exempt" in flags or "assistive" in flags


def _marked(policy: Policy, grants: Mapping[str, Grant]) -> Contents:
    """The sets of devices under a rule of their own."""
    names: dict[str, tuple[SetName, ...]] = {
        "limited": (gate.LIMITED, gate.BRIDGE_LIMITED),
        "resolved_only": (gate.RESOLVED_ONLY, gate.BRIDGE_RESOLVED_ONLY),
        # What is named for a device is all that it resolves; whatever else it tries is counted.
        "declared": (gate.DECLARED, gate.RESOLVED_ONLY, gate.BRIDGE_RESOLVED_ONLY),
        "isolated": (gate.ISOLATED, gate.BRIDGE_ISOLATED),
        "no_tunnels": (gate.NO_TUNNELS,),
    }
    contents: Contents = {name: {} for pair in names.values() for name in pair}
    named = {reach.device for reach in policy.reaches}
    without = {record.person for record in policy.filters if TUNNELS in record.block}
    for device in policy.devices:
        if is_exempt(device.flags):
            continue
        grant = grants.get(device.id)
        marks: list[str] = [flag for flag in ("resolved_only", "isolated") if flag in device.flags]
        marks += ["declared"] if device.id in named else []
        marks += ["limited"] if grant and grant.limited_from is not None else []
        marks += ["no_tunnels"] if TUNNELS in policy.everyone or not without.isdisjoint(device.persons) else []
        for name in [name for mark in marks for name in names[mark]]:
            contents[name].update(dict.fromkeys(map(mac_key, device.macs)))
    return contents


def _places(policy: Policy, lan_interfaces: Sequence[str], dns_serves: bool, broker_port: int) -> Contents:
    """The sets of interfaces, ports and addresses, and of the hub's machines."""
    interfaces: dict[bytes, int | None] = {name.encode("ascii").ljust(16, b"\0"): None for name in lan_interfaces}
    contents: Contents = {
        gate.LAN: interfaces,
        gate.FILTERED: dict(interfaces),
        gate.FILTERED_ALL: dict.fromkeys(interfaces, LED_MS) if policy.everyone and dns_serves else {},
        gate.BRIDGE_GUARDED: {IPV4: None, IPV6: None} if lan_interfaces else {},
        gate.PAGE_PORTS: {},
        gate.HUB_V4: {},
        gate.HUB_V6: {},
        gate.BRIDGE_HUB: {},
    }
    if policy.hub:
        contents[gate.BRIDGE_HUB] = dict.fromkeys(map(mac_key, policy.hub.macs))
        # A toy hears from its family over the broker, which asks everybody for a certificate; also while it is closed.
        has_toys = broker_port > 0 and any(device.kind == "toy" for device in policy.devices)
        ports = {policy.hub.port, broker_port} if has_toys else {policy.hub.port}
        contents[gate.PAGE_PORTS] = dict.fromkeys(port.to_bytes(2, "big") for port in ports)
        for address in map(ipaddress.ip_address, policy.hub.addresses):
            contents[gate.HUB_V4 if address.version == 4 else gate.HUB_V6][address.packed] = None
    return contents


def constant_contents(
    policy: Policy,
    numbers: Mapping[str, int],
    lan_interfaces: Sequence[str],
    grants: Mapping[str, Grant] | None = None,
    dns_serves: bool = False,
    broker_port: int = 0,
) -> Contents:
    """What the sets that no decision changes hold under this policy; only `filtered_all` has timeouts.

    grants: by device id; of those it matters who is or becomes limited. dns_serves: the filter answers, so that the
    names of exempt devices may be asked there too, when the home refuses some to everybody. broker_port: of the hub,
    open to the family's devices where one of them is a toy; 0: to none.
    """
    contents = _places(policy, lan_interfaces, dns_serves, broker_port) | _marked(policy, grants or {})
    contents |= {name: {} for name in (gate.NUMBERED, *gate.NUMBER)}
    exempt = {mac_key(mac) for mac in policy.hub.macs} if policy.hub else set()
    for device in policy.devices:
        keys = [mac_key(mac) for mac in device.macs]
        if is_exempt(device.flags):
            exempt.update(keys)
            continue
        for key in keys:
            contents[gate.NUMBERED][key] = None
            for bit, name in enumerate(gate.NUMBER):
                if numbers[device.id] >> bit & 1:
                    contents[name][key] = None
    for name in (gate.EXEMPT, gate.BRIDGE_EXEMPT):
        contents[name] = dict.fromkeys(exempt)
    return contents


def timed_contents(policy: Policy, grants: Mapping[str, Grant]) -> Contents:
    """What the sets of grants hold: each MAC with the milliseconds its device has left."""
    granted: dict[bytes, int | None] = {}
    still_open: dict[bytes, int | None] = {}
    for device in policy.devices:
        grant = grants.get(device.id)
        if not grant or is_exempt(device.flags):
            continue
        keys = [mac_key(mac) for mac in device.macs]
        granted.update(dict.fromkeys(keys, grant.milliseconds))
        if grant.limited_from:
            still_open.update(dict.fromkeys(keys, grant.limited_from))
    return {
        gate.GRANTED: granted,
        gate.BRIDGE_GRANTED: dict(granted),
        gate.BRIDGE_GRANTED_TCP: {key: (left or 0) + TCP_RETURN_MS for key, left in granted.items()},
        gate.STILL_OPEN: still_open,
        gate.BRIDGE_STILL_OPEN: dict(still_open),
    }


def _keeps(wanted: int | None, found: int | None, capped_at: int) -> bool:
    """True when an element may stay as it is: the same end, or a capped one not yet at its half."""
    if wanted is None or found is None:
        return wanted is found
    if wanted >= capped_at:
        return capped_at // 2 <= found <= wanted + SAME_END_MS
    return abs(wanted - found) <= SAME_END_MS


def _ends_after(found: int | None, milliseconds: int) -> bool:
    """True when an element in a set of grants outlives this; one without an end outlives everything."""
    return found is None or found > milliseconds


def _since(found: int | None, elapsed_ms: int) -> int | None:
    """What an element had left `elapsed_ms` before it was read."""
    return None if found is None else found + elapsed_ms


def _later(left: int | None, elapsed_ms: int) -> int | None:
    """A timeout reckoned `elapsed_ms` ago, as it is written now; never 0, which would be for ever."""
    return None if left is None else max(1, left - elapsed_ms)


def changes_between(wanted: Contents, found: Contents, elapsed_ms: int = 0) -> list[SetChange]:
    """The changes that turn what was found into what is wanted; an unchanged set has none.

    elapsed_ms: time between reckoning `wanted` and reading `found`; what is put is shorter by that, so that a slow
    machine's grants end no later than decided. A MAC that loses its grant keeps TCP's return path for one second more.
    """
    changes = []
    cap = GRANT_SECONDS_MAX * 1000
    for name, target in wanted.items():
        current = found.get(name, {})
        capped_at = {gate.BRIDGE_GRANTED_TCP: cap + TCP_RETURN_MS, gate.FILTERED_ALL: LED_MS}.get(name, cap)
        put = {
            key: _later(left, elapsed_ms)
            for key, left in target.items()
            if key not in current or not _keeps(left, _since(current[key], elapsed_ms), capped_at)
        }
        remove = frozenset(current) - frozenset(target)
        if name == gate.BRIDGE_GRANTED_TCP:
            put |= {key: TCP_RETURN_MS for key in remove if _ends_after(current[key], TCP_RETURN_MS)}
            remove = frozenset()
        if put or remove:
            changes.append(SetChange(name, put, remove, frozenset(put).difference(current)))
    return changes


def differences(wanted: Contents, found: Contents, elapsed_ms: int) -> list[str]:
    """What a read-back shows to be wrong, empty when the kernel holds exactly the grants it should.

    elapsed_ms: time since `wanted` was reckoned; a grant shorter than that may have ended by itself.
    """
    wrong = []
    for name, target in wanted.items():
        current = found[name]
        for key, left in target.items():
            if key not in current:
                if left is None or left > elapsed_ms:
                    wrong.append(f"{name.name} lacks {key.hex()}")
            elif left is not None and _ends_after(current[key], left + SAME_END_MS):
                wrong.append(f"{name.name} holds {key.hex()} too long")
        for key in current.keys() - target.keys():
            if name != gate.BRIDGE_GRANTED_TCP or _ends_after(current[key], TCP_RETURN_MS):
                wrong.append(f"{name.name} still holds {key.hex()}")
    return wrong
