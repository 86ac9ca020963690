"""From the family as the hub keeps it to the policy of one agent: a pure function.

It decides what leaves the hub: ids, age bands, addresses and times; never a name. Exceptions that are over
and bedtimes or exceptions of nobody are left out. Revision and signature are `issue`'s part.
"""

import hashlib
from typing import NamedTuple

from stairgate.core import policy as core
from stairgate.hub.family import Family
from stairgate.hub.zone_table import zone_table


class Reachable(NamedTuple):
    """The hub as the home's network sees it: its own hardware addresses, network addresses and port."""

    macs: tuple[str, ...]
    addresses: tuple[str, ...]
    port: int


def zone_id(name: str) -> str:
    """The id a policy gives a time zone: the same name, the same id."""
    return "z" + hashlib.sha256(name.encode()).hexdigest()[:12]


def compile_policy(
    family: Family,
    home: str,
    agent: str,
    revision: int,
    issued: int,
    hub: Reachable,
) -> core.Policy:
    """The policy as values; `core.write_policy` gives its bytes.

    issued: UTC seconds; also the moment at which exceptions are over or not.
    """
    people = {person.id for person in family.people}
    devices = tuple(
        core.Device(
            device.id,
            tuple(mac for mac in device.macs if mac not in hub.macs),
            tuple(person for person in device.persons if person in people),
            device.kind,
            device.flags,
        )
        for device in family.devices
    )
    targets = people | {device.id for device in devices}
    return core.canonical(
        core.Policy(
            home=home,
            agent=agent,
            revision=revision,
            issued=issued,
            zones=tuple(
                core.Zone(zone_id(name), name, zone_table(name, issued))
                for name in {person.zone for person in family.people}
            ),
            hub=core.Hub(*hub),
            persons=tuple(
                core.Person(person.id, person.band, zone_id(person.zone), "open") for person in family.people
            ),
            devices=devices,
            weeks=tuple(
                core.Week(week.person, week.days, week.start, week.end, week.level)
                for week in family.weeks
                if week.person in people
            ),
            dates=(),
            budgets=(),
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
                if override.target in targets and override.until > issued
            ),
            packs=(),
        )
    )
