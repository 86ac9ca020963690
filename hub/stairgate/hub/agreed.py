"""Whether rules hold for a grown-up: only on a device on which exactly these rules were accepted.

It decides what “exactly these” means (a digest of calendar, minutes and filter), so that a changed rule ends what was
accepted by itself, and one that is put back holds again. A device that is no grown-up's any more has no agreement. How
a policy says it is `compile`'s part.
"""

import hashlib
from dataclasses import asdict

from stairgate.hub.agreements import ACCEPTED, Agreement, read_agreements, remove_agreement
from stairgate.hub.family import AnyRecord, Device, Family, Person, read_family, to_document
from stairgate.hub.store import Transaction


def digest_of(family: Family, person: Person) -> str:
    """What the rules of this person come to; another one as soon as anything that would hold is different."""
    held = family.filter_of(person.id)
    filtered = {**asdict(held), "revision": 0} if held else {}
    rules: tuple[AnyRecord, ...] = (
        *family.weeks_of(person.id),
        *family.dates_of(person.id),
        *family.budgets_of(person.id),
    )
    documents = sorted(repr({**to_document(rule), "note": "", "at": 0}) for rule in rules)
    said = repr((person.zone, person.default_level, family.day_start, documents, filtered))
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def is_grown_ups(device: Device) -> bool:
    """True for a device outside all rules of children: the only kind for which rules can be offered."""
    return "exempt" in device.flags and not device.persons


def agreement_of(family: Family, device: Device) -> Agreement | None:
    """What was said on this device, None where nothing was offered or the device is no grown-up's."""
    if not is_grown_ups(device):
        return None
    found = next((one for one in family.agreements if one.id == device.id), None)
    return found if found and family.person(found.person) else None


def agreed_person(family: Family, device: Device) -> Person | None:
    """Whose rules hold on this grown-up's device, None where none do."""
    agreement = agreement_of(family, device)
    person = family.person(agreement.person) if agreement and agreement.state == ACCEPTED else None
    return person if person and agreement and agreement.digest == digest_of(family, person) else None


def agreed_people(family: Family) -> tuple[Person, ...]:
    """The grown-ups for whom rules hold now, in the order of ids."""
    found = {person.id: person for device in family.devices if (person := agreed_person(family, device))}
    return tuple(found[each] for each in sorted(found))


def counted_people(family: Family) -> set[str]:
    """The ids of everybody whose minutes may be kept: children, and grown-ups who accepted rules."""
    accepted = {one.person for one in family.agreements if one.state == ACCEPTED}
    return {person.id for person in family.people} | accepted


def forget_ended(rows: Transaction) -> tuple[str, ...]:
    """Remove the agreements of devices that are no grown-up's any more; returns the people to remove with them."""
    held = read_agreements(rows)
    if not held:
        return ()
    family = read_family(rows)
    devices = {device.id: device for device in family.devices}
    ended = [one for one in held if one.id not in devices or agreement_of(family, devices[one.id]) is None]
    for one in ended:
        remove_agreement(rows, one)
    return tuple(one.person for one in ended if family.person(one.person))
