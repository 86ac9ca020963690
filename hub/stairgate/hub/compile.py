"""From the family as the hub keeps it to the policy of one agent: a pure function.

It decides what leaves the hub: ids, age bands, addresses and times; never a name. Exceptions that are over
and bedtimes or exceptions of nobody are left out. A device that nobody has assigned follows the strictest
child, so that a new hardware address gains a child nothing and the new television works on its first evening;
without children there is nobody to protect from, and it has no rules. A grown-up is in it only where rules were
accepted. A child without a filter has no filter lines.
Revision and signature are `issue`'s part.
"""

import hashlib
from typing import NamedTuple

from stairgate.core import limits as core_limits
from stairgate.core import policy as core
from stairgate.core.lines import write_line
from stairgate.hub.agreed import agreed_people, agreed_person
from stairgate.hub.day_windows import date_lines, travels_of
from stairgate.hub.extra_minutes import counts
from stairgate.hub.family import Device, Family
from stairgate.hub.filters import compiled
from stairgate.hub.passes import with_passes
from stairgate.hub.quiet_hours import quiet_lines
from stairgate.hub.toy_compile import for_toy, reaches_of
from stairgate.hub.zone_table import zone_table


class Reachable(NamedTuple):
    """The hub as the home's network sees it: its own hardware addresses, network addresses and port."""

    macs: tuple[str, ...]
    addresses: tuple[str, ...]
    port: int


class Listed(NamedTuple):
    """What the block lists add to every policy. packs: the compiled list. everyone: its tags that hold for grown-ups
    too.
    """

    packs: tuple[core.Pack, ...] = ()
    everyone: tuple[str, ...] = ()


NO_LISTS = Listed()


def zone_id(name: str) -> str:
    """The id a policy gives a time zone: the same name, the same id."""
    return "z" + hashlib.sha256(name.encode()).hexdigest()[:12]


#: Below this estimate every policy fits, and writing it only to see would be wasted.
_SURELY_FITS_BYTES = core_limits.ROUTER_POLICY_BYTES // 2


def compile_policy(
    family: Family,
    home: str,
    agent: str,
    revision: int,
    issued: int,
    hub: Reachable,
    lists: Listed = NO_LISTS,
) -> core.Policy:
    """The policy as values; `core.write_policy` gives its bytes.

    issued: UTC seconds; also the moment at which exceptions are over or not. Where not everything fits, devices
    of nobody are left out, the longest known first: they are closed then. Assigned ones never are.
    """
    policy = _compile(family, home, agent, revision, issued, hub, lists)
    # One that was never seen on the network has no address to be told apart by.
    policy = _with(policy, [d for d in policy.devices if d.macs or not family.toy_of(d.id)])
    new = sorted(family.new_devices(issued), key=lambda device: (-device.first_seen, device.id))
    if not new or _estimate(policy) <= _SURELY_FITS_BYTES:
        return policy
    ids = {device.id for device in new}
    lines = {device.id: len(write_line(("device", *device))) for device in policy.devices if device.id in ids}
    smallest = _with(policy, [device for device in policy.devices if device.id not in ids])
    try:
        room = core_limits.ROUTER_POLICY_BYTES - len(core.write_policy(smallest))
    except ValueError:
        return smallest  # whoever writes it says what is wrong
    kept = set()
    for device in new:
        room -= lines[device.id]
        if room < 0:
            break
        kept.add(device.id)
    return _with(policy, [device for device in policy.devices if device.id not in ids - kept])


def _with(policy: core.Policy, devices: list[core.Device]) -> core.Policy:
    """The policy with these of its devices only."""
    ids = {device.id for device in devices}
    return policy._replace(devices=tuple(devices), quiets=tuple(q for q in policy.quiets if q.device in ids))


def compile_toy_policy(
    family: Family, home: str, agent: str, revision: int, issued: int, hub: Reachable
) -> core.Policy:
    """The policy of a toy as values. Raises LookupError for an agent that is no toy of this family."""
    toy = family.toy(agent)
    if toy is None:
        raise LookupError(agent)
    return for_toy(_compile(family, home, agent, revision, issued, hub, NO_LISTS), toy)


def _estimate(policy: core.Policy) -> int:
    devices = sum(70 + 21 * len(device.macs) + 21 * len(device.persons) for device in policy.devices)
    others = len(policy.overrides) + len(policy.weeks) + len(policy.persons) + len(policy.budgets) + len(policy.travels)
    others += sum(1 + len(date.windows) // 4 for date in policy.dates)
    filters = sum(200 + sum(len(word) + 3 for words in held[1:] for word in words) for held in policy.filters)
    devices += sum(60 + sum(len(name) + 3 for name in reach.names) for reach in policy.reaches)
    return 1024 + devices + 128 * others + 512 * len(policy.zones) + filters * 5 // 4


def _device(family: Family, device: Device, people: "tuple[str, ...]", hub: Reachable, issued: int) -> core.Device:
    macs = tuple(mac for mac in device.macs if mac not in hub.macs)
    persons = tuple(person for person in device.persons if person in people)
    flags = device.flags
    if grown_up := agreed_person(family, device):
        persons, flags = (grown_up.id,), tuple(flag for flag in flags if flag != "exempt")
    elif (user := device.user(issued)) and user in people:
        persons = (user,)
    elif not persons and not flags and not family.new_closed and not family.visit_of(device, issued):
        persons, flags = (people, ()) if people else ((), ("exempt",))
    if persons and "exempt" not in flags and _is_resolved_only(family, device, persons):
        flags = (*flags, "resolved_only")
    return core.Device(device.id, macs, persons, device.kind, flags)


def _is_resolved_only(family: Family, device: Device, persons: "tuple[str, ...]") -> bool:
    """Whether one of its people's filters asks for it; a toy needs no address that nobody looked up in any case."""
    if family.toy_of(device.id):
        return True  # what its maker declared is all that it may look up
    filters = [held for person in persons if (held := family.filter_of(person)) and not held.is_off]
    return any(held.resolved_only for held in filters) or (device.kind == "toy" and bool(filters))


def _compile(
    family: Family, home: str, agent: str, revision: int, issued: int, hub: Reachable, lists: Listed
) -> core.Policy:
    ids = tuple(person.id for person in family.people)
    everybody = (*family.people, *agreed_people(family))
    people = {person.id for person in everybody}
    devices = tuple(_device(family, device, ids, hub, issued) for device in family.devices)
    travels = [travel for person in everybody for travel in travels_of(family, person, issued)]
    targets = people | {device.id for device in devices}
    return core.canonical(
        core.Policy(
            home=home,
            agent=agent,
            revision=revision,
            issued=issued,
            zones=tuple(
                core.Zone(zone_id(name), name, zone_table(name, issued))
                for name in {person.zone for person in everybody} | {zone for *_, zone in travels}
            ),
            hub=core.Hub(*hub),
            persons=tuple(
                core.Person(person.id, person.band, zone_id(person.zone), person.default_level) for person in everybody
            ),
            devices=devices,
            weeks=tuple(
                core.Week(week.person, week.days, week.start, week.end, week.level)
                for week in family.weeks
                if week.person in people
            ),
            dates=tuple(date for person in everybody for date in date_lines(family, person, issued)),
            travels=tuple(core.Travel(person, first, last, zone_id(zone)) for person, first, last, zone in travels),
            budgets=tuple(
                core.Budget(budget.person, budget.category, budget.minutes, family.day_start)
                for budget in family.budgets
                if budget.person in people and any(minutes >= 0 for minutes in budget.minutes)
            ),
            overrides=tuple(
                core.Override(
                    override.id,
                    override.target,
                    override.kind,
                    override.start,
                    override.until,
                    override.minutes,
                    override.reason,
                )
                for override in family.overrides
                if override.target in targets and counts(family, override, issued)
            ),
            packs=lists.packs,
            everyone=lists.everyone,
            filters=tuple(
                compiled(with_passes(held, family.passes, issued)) for held in family.filters if held.id in people
            ),
            openings=(),
            consents=(),
            reaches=reaches_of(family),
            quiets=quiet_lines(family.quiets, devices),
        )
    )
