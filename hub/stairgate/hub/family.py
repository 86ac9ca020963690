"""The family as the hub keeps it: children with a name, their devices, bedtimes and exceptions.

Records and how they are stored; nothing here decides. Names and who did what stay in the hub (`compile`
leaves them out of every policy).
"""

from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from stairgate.hub.store import Document, Row, Transaction

CHILD_BANDS = ("0-5", "6-9", "10-12", "13-15", "16-17")
DEVICE_KINDS = ("phone", "tablet", "computer", "console", "tv", "toy", "other")


@dataclass(frozen=True)
class Person:
    """A child. `zone` is the name of a time zone, `Europe/Berlin`."""

    id: str
    name: str
    band: str
    zone: str
    revision: int = 0


@dataclass(frozen=True)
class Device:
    """Something with a network card. `macs`: lower case with colons. `flags`: those of the wire format."""

    id: str
    name: str
    macs: tuple[str, ...]
    persons: tuple[str, ...]
    kind: str
    flags: tuple[str, ...] = ()
    revision: int = 0


@dataclass(frozen=True)
class Week:
    """A bedtime.

    `days`: mask of the days it begins on, Monday 1; `start`, `end`: minutes of the local day.
    """

    id: str
    person: str
    days: int
    start: int
    end: int
    level: str = "closed"
    revision: int = 0


@dataclass(frozen=True)
class Override:
    """An exception with an end.

    `target`: a person or device; `kind`: pause, open or bonus; times in UTC seconds.
    """

    id: str
    target: str
    kind: str
    start: int
    until: int
    minutes: int
    reason: str
    revision: int = 0


@dataclass(frozen=True)
class Family:
    """Everything a policy is made from, at one moment; each tuple in the order of ids."""

    people: tuple[Person, ...]
    devices: tuple[Device, ...]
    weeks: tuple[Week, ...]
    overrides: tuple[Override, ...]

    def person(self, person_id: str) -> Person | None:
        """The child with this id, or None."""
        return next((person for person in self.people if person.id == person_id), None)

    def device_with(self, mac: str) -> Device | None:
        """The device with this hardware address, or None."""
        return next((device for device in self.devices if mac in device.macs), None)

    def devices_of(self, person_id: str) -> tuple[Device, ...]:
        """The devices that belong to this child, alone or with others."""
        return tuple(device for device in self.devices if person_id in device.persons)

    def weeks_of(self, person_id: str) -> tuple[Week, ...]:
        """The child's bedtimes."""
        return tuple(week for week in self.weeks if week.person == person_id)

    def overrides_of(self, target: str) -> tuple[Override, ...]:
        """The exceptions of this child or device, also those that are over."""
        return tuple(override for override in self.overrides if override.target == target)


Record = TypeVar("Record", Person, Device, Week, Override)

_COLLECTION = {Person: "people", Device: "devices", Week: "weeks", Override: "overrides"}
_LISTS = ("macs", "persons", "flags")


def write(rows: Transaction, record: Person | Device | Week | Override) -> None:
    """Write a record over the revision it was read at; revision 0 means that it must be new.

    Raises `Conflict`.
    """
    rows.put(_COLLECTION[type(record)], record.id, to_document(record), expected=record.revision)


def remove(rows: Transaction, record: Person | Device | Week | Override) -> None:
    """Remove a record at the revision it was read at. Raises `Conflict`."""
    rows.delete(_COLLECTION[type(record)], record.id, expected=record.revision)


def to_document(record: Person | Device | Week | Override) -> Document:
    """What is stored: the fields without id and revision, which are the row's."""
    document = asdict(record)
    del document["id"], document["revision"]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in document.items()}


def from_row(record: type[Record], row: Row) -> Record:
    """The record that `write` stored."""
    fields: dict[str, Any] = {name: tuple(value) if name in _LISTS else value for name, value in row.document.items()}
    return record(id=row.id, revision=row.revision, **fields)


def read_family(rows: Transaction) -> Family:
    """The whole family of this transaction's home."""
    return Family(
        people=tuple(from_row(Person, row) for row in rows.page("people")),
        devices=tuple(from_row(Device, row) for row in rows.page("devices")),
        weeks=tuple(from_row(Week, row) for row in rows.page("weeks")),
        overrides=tuple(from_row(Override, row) for row in rows.page("overrides")),
    )
