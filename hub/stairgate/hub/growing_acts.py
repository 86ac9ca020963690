"""Growing up, as it happens: a birth month is kept, a preset is proposed and answered, rules end at eighteen.

It decides that a band changes only by a parent's tap, and that rules, filter and history of a child end by themselves
only after both were told: the notice is up for thirty days, and no clock that is wrong for a while ends anything (it
must be steady, as for the history, and the notice must have been up for a week of the monotonic clock). What an age
means is `growing`'s part.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from stairgate.hub import limits
from stairgate.hub.acts import Acts, NoSuchChild
from stairgate.hub.clock import Clock
from stairgate.hub.family import Family, Person, read_family, write
from stairgate.hub.filters import ChildFilter, from_preset, write_filter
from stairgate.hub.growing import NotNow, adult_from, age_on, changes, months_later, proposed
from stairgate.hub.language import N_, _
from stairgate.hub.local_time import local
from stairgate.hub.presets import BY_ID
from stairgate.hub.refusal import NotPossible
from stairgate.hub.steady import Steadiness
from stairgate.hub.store import Document, Transaction

_SETTINGS, _ROW = "settings", "growing"
_NOTICE_SECONDS = limits.GROWN_NOTICE_DAYS * 86400
_GONE = N_("This child is no longer here.")


class Offer(NamedTuple):
    """A looser preset that fits a child since a birthday. says: what would change, in sentences."""

    person: Person
    age: int
    band: str
    says: tuple[str, ...]


class Ending(NamedTuple):
    """Rules that end by themselves soon. on: the day."""

    person: Person
    on: date


class Grown(NamedTuple):
    """Somebody whose rules have ended. at: UTC seconds. devices: ids of those that were theirs alone."""

    name: str
    at: float
    devices: tuple[str, ...]


class Growing:
    """The birth months of one home. ended: is told of a child whose rules have ended, and of its own devices."""

    def __init__(self, acts: Acts, clock: Clock, ended: Callable[[str, tuple[str, ...]], None]) -> None:
        self._acts = acts
        self._clock = clock
        self._ended = ended
        self._steadiness = Steadiness(clock)
        self._looked = clock.monotonic()
        self._seen: dict[str, float] | None = None  # child -> seconds for which the notice was up
        self._kept: dict[str, float] = {}

    # What parents do

    def set_born(self, person: str, born: str) -> None:
        """Keep a birth month (`growing.read_born`), "" for none. Raises `NoSuchChild`."""

        def edit(rows: Transaction) -> None:
            write(rows, replace(_child(rows, person), born=born))
            _forget(rows, person)

        self._acts.change(edit)

    def accept(self, person: str, band: str) -> None:
        """Take the band that is proposed, with its preset. Raises `NoSuchChild`, `NotPossible` for another one."""

        def edit(rows: Transaction) -> None:
            child = self._offered(rows, person, band)
            held = read_family(rows).filter_of(person)
            write(rows, replace(child, band=band))
            write_filter(rows, from_preset(person, BY_ID[band], held), held or ChildFilter(person), self._clock.wall())
            _forget(rows, person)

        self._acts.change(edit)

    def not_now(self, person: str, band: str) -> None:
        """Be asked again in three months. Raises `NoSuchChild`, `NotPossible`."""

        def edit(rows: Transaction) -> None:
            child = self._offered(rows, person, band)
            until = months_later(self._today(child), limits.GROWING_ASKED_AGAIN_MONTHS)
            document, here = _read(rows), {one.id for one in read_family(rows).people}
            kept = {one: said for one, said in document["not_now"].items() if one in here}
            document["not_now"] = {**kept, person: {"band": band, "until": until.isoformat()}}
            rows.put(_SETTINGS, _ROW, document)

        self._acts.change(edit)

    # What pages show

    def offers(self) -> tuple[Offer, ...]:
        """What is proposed now."""
        with self._acts.reading() as rows:
            family, document = read_family(rows), _read(rows)
        found = [(child, self._fitting(child, document)) for child in family.people]
        return tuple(
            Offer(
                child,
                age_on(child.born, self._today(child)),
                band,
                changes(family.filter_of(child.id), BY_ID[band]),
            )
            for child, band in found
            if band
        )

    def endings(self) -> tuple[Ending, ...]:
        """Rules that end within thirty days, or are due and wait for the notice to have been up long enough."""
        with self._acts.reading() as rows:
            people = read_family(rows).people
        return tuple(Ending(child, adult_from(child.born)) for child in people if self._is_near(child))

    def grown(self) -> tuple[Grown, ...]:
        """Those whose rules have ended within thirty days."""
        with self._acts.reading() as rows:
            held = _read(rows)["grown"]
        now = self._clock.wall()
        return tuple(
            Grown(one["name"], one["at"], tuple(one["devices"]))
            for one in held
            if abs(now - one["at"]) < _NOTICE_SECONDS
        )

    # What the hub does by itself

    def sweep(self) -> None:
        """Count how long notices have been up, and end what is due."""
        now = self._clock.monotonic()
        elapsed = now - self._looked
        if elapsed < limits.GROWING_LOOK_SECONDS:
            return
        self._looked = now
        if not self._steadiness.is_steady():
            return
        with self._acts.reading() as rows:
            people, document = read_family(rows).people, _read(rows)
        if self._seen is None:
            self._seen, self._kept = dict(document["seen"]), dict(document["seen"])
        near = {child.id: child for child in people if self._is_near(child)}
        self._seen = {one: self._seen[one] + elapsed if one in self._seen else 0.0 for one in near}
        due = [
            child
            for child in near.values()
            if self._is_of_age(child) and self._seen[child.id] >= limits.GROWN_NOTICE_SEEN_SECONDS
        ]
        for child in due:
            self._end(child.id)
        self._keep()

    def _end(self, person: str) -> None:
        now = self._clock.wall()

        def edit(rows: Transaction) -> tuple[str, ...] | None:
            family = read_family(rows)
            child = family.person(person)
            if not child or not self._is_of_age(child):
                return None  # a parent was faster
            own = tuple(device.id for device in family.devices_of(person) if device.persons == (person,))
            self._acts.remove_child_in(rows, person, grown=True)
            document = _read(rows)
            kept = [one for one in document["grown"] if now - one["at"] < _NOTICE_SECONDS]
            document["grown"] = [*kept, {"name": child.name, "at": now, "devices": list(own)}][-limits.CHILDREN_MAX :]
            rows.put(_SETTINGS, _ROW, document)
            _forget(rows, person)
            return own

        own = self._acts.change(edit)
        if own is not None:
            self._ended(person, own)

    def _keep(self) -> None:
        """Write down what was counted, where it is new or an hour older: flash wears out."""
        seen = self._seen or {}
        old = self._kept
        if seen.keys() == old.keys() and all(seen[one] - old[one] < limits.GROWING_KEEP_SECONDS for one in seen):
            return

        def edit(rows: Transaction) -> None:
            document = _read(rows)
            document["seen"] = dict(seen)
            rows.put(_SETTINGS, _ROW, document)

        self._acts.change(edit)
        self._kept = dict(seen)

    def _is_near(self, child: Person) -> bool:
        if not child.born:
            return False
        return self._today(child) >= adult_from(child.born) - timedelta(days=limits.GROWN_NOTICE_DAYS)

    def _is_of_age(self, child: Person) -> bool:
        return bool(child.born) and self._today(child) >= adult_from(child.born)

    def _today(self, child: Person) -> date:
        return local(self._clock.wall(), child.zone).date()

    def _fitting(self, child: Person, document: Document) -> str:
        held = document["not_now"].get(child.id)
        return proposed(child.band, child.born, self._today(child), NotNow(**held) if held else None)

    def _offered(self, rows: Transaction, person: str, band: str) -> Person:
        child = _child(rows, person)
        if self._fitting(child, _read(rows)) != band or not band:
            raise NotPossible(_("This is not proposed any more, so nothing was changed."))
        return child


def _child(rows: Transaction, person: str) -> Person:
    family: Family = read_family(rows)
    child = family.person(person)
    if not child:
        raise NoSuchChild(_(_GONE))
    return child


def _read(rows: Transaction) -> Document:
    row = rows.get(_SETTINGS, _ROW)
    return {"not_now": {}, "seen": {}, "grown": [], **(row.document if row else {})}


def _forget(rows: Transaction, person: str) -> None:
    """What was said and counted of a child is over."""
    document = _read(rows)
    document["not_now"].pop(person, None)
    document["seen"].pop(person, None)
    rows.put(_SETTINGS, _ROW, document)
