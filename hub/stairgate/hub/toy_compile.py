"""From the family to the policy of one toy: its own device, its own people, what parents opened and agreed to.

A pure function beside `compile`, whose lines it takes. It decides what a toy is told (at most 4 KB), and what gives way
where a calendar is too long for it: dates far ahead first; where that is not enough the toy stays closed rather than
open too long. The names that a router lets the toy reach are its declared destinations.
"""

from typing import TYPE_CHECKING

from stairgate.core import limits as core_limits
from stairgate.core import policy as core
from stairgate.core.fields import is_name

if TYPE_CHECKING:
    from stairgate.hub.family import Family
    from stairgate.hub.toys import Toy

#: The body: the signed document has its first line besides.
BYTES_MAX = core_limits.TOY_POLICY_BYTES - core_limits.HEADER_BYTES

#: What routers call the hub; a list of names has one at least.
HUB_NAME = "stairgate.home.arpa"


def for_toy(whole: core.Policy, toy: "Toy") -> core.Policy:
    """What of a home's policy is this toy's. whole: everything, as for a router; its agent's id is the toy's."""
    device = next((device for device in whole.devices if device.id == toy.device), None)
    # Removed from the list of devices while paired: nobody's, so closed.
    device = device or core.Device(toy.device, (), (), "toy", ())
    flags = tuple(flag for flag in device.flags if flag != "resolved_only")
    people = set(device.persons)
    persons = tuple(person for person in whole.persons if person.id in people)
    travels = tuple(travel for travel in whole.travels if travel.person in people)
    zones = {person.zone for person in persons} | {travel.zone for travel in travels}
    targets = people | {toy.device}
    own = core.Policy(
        home=whole.home,
        agent=whole.agent,
        revision=whole.revision,
        issued=whole.issued,
        zones=tuple(zone for zone in whole.zones if zone.id in zones),
        hub=None,
        persons=persons,
        devices=(device._replace(macs=(), flags=flags),),
        weeks=tuple(week for week in whole.weeks if week.person in people),
        dates=tuple(date for date in whole.dates if date.person in people),
        travels=travels,
        # A toy has no categories: what counts for it is the whole day.
        budgets=tuple(b for b in whole.budgets if b.person in people and b.category == "total"),
        overrides=tuple(override for override in whole.overrides if override.target in targets),
        packs=(),
        everyone=(),
        filters=(),
        openings=_openings(toy, whole.issued),
        consents=(core.Consent(toy.device, toy.agreed_rows()),) if toy.agreed_rows() else (),
        reaches=(),
        quiets=(),
    )
    return _fitting(core.canonical(own))


def _openings(toy: "Toy", issued: int) -> tuple[core.Opening, ...]:
    last = issued + core_limits.OPENING_SECONDS_MAX
    off = toy.off_gates()
    return tuple(
        core.Opening(toy.device, opened.gate, min(opened.until, last))
        for opened in toy.opened
        if opened.until > issued and opened.gate not in off
    )


def _fitting(policy: core.Policy) -> core.Policy:
    dates = sorted(policy.dates, key=lambda date: (date.first, date.person))
    while not _fits(policy) and dates:
        dates.pop()
        policy = policy._replace(dates=tuple(sorted(dates)))
    if _fits(policy):
        return policy
    closed = tuple(person._replace(default_level="closed") for person in policy.persons)
    zones = {person.zone for person in closed}
    return policy._replace(
        persons=closed,
        zones=tuple(zone for zone in policy.zones if zone.id in zones),
        weeks=(),
        travels=(),
        budgets=(),
        overrides=(),
        openings=(),
    )


def _fits(policy: core.Policy) -> bool:
    try:
        return bool(core.write_policy(policy, BYTES_MAX))
    except ValueError:
        return False


def reaches_of(family: "Family") -> tuple[core.Reach, ...]:
    """For a router: the only names that each toy resolves and reaches, where the network knows its address.

    A toy that has not declared anything yet, or declares no name, reaches the hub.
    """
    found = []
    for toy in family.toys:
        device = family.device(toy.device)
        if device is None or not device.macs or "exempt" in device.flags:
            continue
        destinations = toy.declaration.destinations if toy.declaration else ()
        names = tuple(destination.host for destination in destinations if is_name(destination.host))
        found.append(core.Reach(device.id, names or (HUB_NAME,)))
    return tuple(found)
