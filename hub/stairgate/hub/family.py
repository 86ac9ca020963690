"""The family as the hub keeps it: children with a name and a filter, their devices, calendar, budgets and exceptions.

Records and how they are stored; nothing here decides. Names and who did what stay in the hub (`compile`
leaves them out of every policy).
"""

from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from stairgate.hub import limits
from stairgate.hub.agreements import BAND as ADULT
from stairgate.hub.agreements import Agreement, read_agreements
from stairgate.hub.filters import ChildFilter, read_filters
from stairgate.hub.passes import SitePass, read_passes, with_passes
from stairgate.hub.quiet_hours import QuietHours, read_quiet
from stairgate.hub.store import Document, Row, Transaction
from stairgate.hub.toys import Toy, read_toys

CHILD_BANDS = ("0-5", "6-9", "10-12", "13-15", "16-17")
DEVICE_KINDS = ("phone", "tablet", "computer", "console", "tv", "toy", "other")


@dataclass(frozen=True)
class Person:
    """A child. `zone` is the name of a time zone, `Europe/Berlin`; `default_level` holds outside all windows.

    born: the birth month (YYYY-MM), "" where it was not given. It never leaves the hub.
    """

    id: str
    name: str
    band: str
    zone: str
    revision: int = 0
    default_level: str = "open"
    born: str = ""


@dataclass(frozen=True)
class Device:
    """Something with a network card. `macs`: lower case with colons. `flags`: those of the wire format.

    first_seen: UTC seconds, 0 for one that a parent typed in; seen: to the day, of unassigned ones only. `using`:
    the one of its persons who uses it until `using_until`; `asks_who`: whether they may say so themselves.
    """

    id: str
    name: str
    macs: tuple[str, ...]
    persons: tuple[str, ...]
    kind: str
    flags: tuple[str, ...] = ()
    revision: int = 0
    first_seen: int = 0
    seen: int = 0
    using: str = ""
    using_since: int = 0
    using_until: int = 0
    asks_who: bool = True

    @property
    def is_unassigned(self) -> bool:
        """True when nobody has said yet whose this is."""
        return not self.persons and not self.flags

    @property
    def has_private_address(self) -> bool:
        """True when the device made its hardware address up (locally administered): it may come with another."""
        return any(int(mac[:2], 16) & 2 for mac in self.macs)

    def user(self, now: float) -> str:
        """The id of the one person who said "I'm using it now", empty when nobody has or it is over."""
        return self.using if self.using in self.persons and self.using_until > now else ""


@dataclass(frozen=True)
class Week:
    """A window of every week: a bedtime, a time with only some names (`level` limited), or one that is open.

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
class DateRule:
    """Other windows than the week's from day `first` to day `last` (YYYY-MM-DD), both included.

    windows: start, end (minutes of the local day, `end` ≤ `start` on the next) and level, as on the wire. like: empty,
    `saturday`: the windows that the week has on Saturdays, whatever they are then, or `week`: its usual ones. zone: the
    name of the zone whose clock counts on these days, empty for the child's own. note: a parent's own words, which
    never leave the hub.
    at: when it was set, UTC seconds. Which of several holds on a day is `day_windows`' part.
    """

    id: str
    person: str
    first: str
    last: str
    windows: tuple[tuple[int, int, str], ...] = ()
    note: str = ""
    revision: int = 0
    like: str = ""
    zone: str = ""
    at: int = 0


@dataclass(frozen=True)
class Budget:
    """Minutes a day, Monday first, -1 for no limit; `category` is `total` or a timed category."""

    id: str
    person: str
    category: str
    minutes: tuple[int, ...]
    revision: int = 0


@dataclass(frozen=True)
class Family:
    """Everything a policy is made from, at one moment; each tuple in the order of ids.

    new_closed: devices of nobody are closed instead of following the strictest child; until `trial_until` (UTC
    seconds, 0 for no trial) only on trial. day_start: minute of the local day at which budgets begin anew. people: the
    children; adults: grown-ups to whom rules were offered, which hold as `agreed` says.
    """

    people: tuple[Person, ...]
    devices: tuple[Device, ...]
    weeks: tuple[Week, ...]
    overrides: tuple[Override, ...]
    new_closed: bool = False
    trial_until: int = 0
    filters: tuple[ChildFilter, ...] = ()
    dates: tuple[DateRule, ...] = ()
    budgets: tuple[Budget, ...] = ()
    day_start: int = limits.DAY_START_MINUTE
    passes: tuple[SitePass, ...] = ()
    adults: tuple[Person, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    toys: tuple[Toy, ...] = ()
    quiets: tuple[QuietHours, ...] = ()

    def person(self, person_id: str) -> Person | None:
        """The child, or the grown-up with rules of their own, with this id, or None."""
        return next((person for person in (*self.people, *self.adults) if person.id == person_id), None)

    def child(self, person_id: str) -> Person | None:
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

    def dates_of(self, person_id: str) -> tuple[DateRule, ...]:
        """The child's days with other windows, also those that are over."""
        return tuple(rule for rule in self.dates if rule.person == person_id)

    def budgets_of(self, person_id: str) -> tuple[Budget, ...]:
        """The child's minutes a day."""
        return tuple(budget for budget in self.budgets if budget.person == person_id)

    def filter_of(self, person_id: str) -> ChildFilter | None:
        """The child's filter, None when none was ever chosen."""
        return next((held for held in self.filters if held.id == person_id), None)

    def filter_at(self, person_id: str, now: float) -> ChildFilter | None:
        """The child's filter as it holds at `now`, with what a parent opened for a while."""
        held = self.filter_of(person_id)
        return with_passes(held, self.passes, now) if held else None

    def toy(self, agent: str) -> Toy | None:
        """The paired toy that is this agent, or None."""
        return next((toy for toy in self.toys if toy.id == agent), None)

    def toy_of(self, device_id: str) -> Toy | None:
        """The paired toy that is this device, or None."""
        return next((toy for toy in self.toys if toy.device == device_id), None)

    def device(self, device_id: str) -> Device | None:
        """The device with this id, or None."""
        return next((device for device in self.devices if device.id == device_id), None)

    def visit_of(self, device: Device, now: float) -> "Override | None":
        """The running visit of a device that is nobody's: an exception that keeps it open, or None."""
        if not device.is_unassigned:
            return None
        open_ones = [o for o in self.overrides if o.target == device.id and o.kind == "open" and o.until > now]
        return max(open_ones, key=lambda override: override.until, default=None)

    def new_devices(self, now: float) -> tuple[Device, ...]:
        """The devices that wait for a parent to say whose they are; visitors' are not among them."""
        return tuple(d for d in self.devices if d.is_unassigned and not self.visit_of(d, now))

    def overrides_of(self, target: str) -> tuple[Override, ...]:
        """The exceptions of this child or device, also those that are over."""
        return tuple(override for override in self.overrides if override.target == target)


Record = TypeVar("Record", Person, Device, Week, Override, DateRule, Budget)
AnyRecord = Person | Device | Week | Override | DateRule | Budget

_COLLECTION = {
    Person: "people",
    Device: "devices",
    Week: "weeks",
    Override: "overrides",
    DateRule: "dates",
    Budget: "budgets",
}
_LISTS = ("macs", "persons", "flags", "minutes")
_NEW_DEVICES = "new_devices"
_DAY_START = "day_start"


def write(rows: Transaction, record: AnyRecord) -> None:
    """Write a record over the revision it was read at; revision 0 means that it must be new.

    Raises `Conflict`.
    """
    rows.put(_COLLECTION[type(record)], record.id, to_document(record), expected=record.revision)


def remove(rows: Transaction, record: AnyRecord) -> None:
    """Remove a record at the revision it was read at. Raises `Conflict`."""
    rows.delete(_COLLECTION[type(record)], record.id, expected=record.revision)


def to_document(record: AnyRecord) -> Document:
    """What is stored: the fields without id and revision, which are the row's."""
    document = asdict(record)
    del document["id"], document["revision"]
    document.update({name: list(value) for name, value in document.items() if isinstance(value, tuple)})
    if isinstance(record, DateRule):
        document["windows"] = [list(window) for window in record.windows]
    return document


def from_row(record: type[Record], row: Row) -> Record:
    """The record that `write` stored."""
    fields: dict[str, Any] = {name: _value(name, value) for name, value in row.document.items()}
    return record(id=row.id, revision=row.revision, **fields)


def _value(name: str, value: Any) -> Any:
    if name == "windows":
        return tuple(tuple(window) for window in value)
    # An exception has `minutes` too: a number.
    return tuple(value) if name in _LISTS and isinstance(value, list) else value


def write_day_start(rows: Transaction, minute: int) -> None:
    """The minute of the local day at which budgets begin anew, for the whole home."""
    rows.put("settings", _DAY_START, {"minute": minute})


def write_new_device_rule(rows: Transaction, closed: bool, trial_until: int = 0) -> None:
    """Whether devices of nobody are closed, and until when that is a trial (0: it is none)."""
    rows.put("settings", _NEW_DEVICES, {"closed": closed, "trial_until": trial_until})


def read_family(rows: Transaction) -> Family:
    """The whole family of this transaction's home."""
    rule = rows.get("settings", _NEW_DEVICES)
    day_start = rows.get("settings", _DAY_START)
    everybody = tuple(from_row(Person, row) for row in rows.page("people"))
    return Family(
        people=tuple(person for person in everybody if person.band != ADULT),
        devices=tuple(from_row(Device, row) for row in rows.page("devices")),
        weeks=tuple(from_row(Week, row) for row in rows.page("weeks")),
        overrides=tuple(from_row(Override, row) for row in rows.page("overrides")),
        new_closed=bool(rule and rule.document["closed"]),
        trial_until=int(rule.document["trial_until"]) if rule else 0,
        filters=read_filters(rows),
        dates=tuple(from_row(DateRule, row) for row in rows.page("dates")),
        budgets=tuple(from_row(Budget, row) for row in rows.page("budgets")),
        day_start=int(day_start.document["minute"]) if day_start else limits.DAY_START_MINUTE,
        passes=read_passes(rows),
        adults=tuple(person for person in everybody if person.band == ADULT),
        agreements=read_agreements(rows),
        toys=read_toys(rows),
        quiets=read_quiet(rows),
    )
