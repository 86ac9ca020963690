"""Whose a device is: a child's, several children's, a grown-up's, a visitor's for a while, or still nobody's.

Each act is one transaction of `acts`, with the device as it was kept for Undo. It also decides who of a shared
device's people it follows now, and when that and a visit are over. What each of these means for the network is
`compile`'s part.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from stairgate.hub import limits, outlook
from stairgate.hub.acts import Act, Acts, NotPossible, check_room, new_id, remember, replace_overrides, restored
from stairgate.hub.acts import undoable as undoable_row
from stairgate.hub.asking import Asks
from stairgate.hub.clock import Clock
from stairgate.hub.discovery import kept_name, shown_name
from stairgate.hub.family import Device, Family, Override, from_row, read_family, remove, write
from stairgate.hub.forms import DeviceEditForm
from stairgate.hub.language import N_, _, ngettext
from stairgate.hub.local_time import local, next_time
from stairgate.hub.store import Conflict, Row, Transaction

#: What a card's button may say besides a child's id.
GROWN_UP, VISITOR, VISITOR_LONGER, EVERYBODY, NOBODY = "adult", "visitor", "visitor-longer", "all", "nobody"

# translators: the end of “it is …”, as in “it is Mia’s”; or of “it belongs to …”
_OWNERS = (N_("{first}’s"), N_("{first}’s and {second}’s"), N_("{first}’s and {second}’s and {third}’s"))


class NoSuchDevice(NotPossible):
    """The device is no longer here."""


class Assignment:
    """Says whose a device is. `zone`: gives the name of the home's time zone."""

    def __init__(self, acts: Acts, asks: Asks, clock: Clock, zone: Callable[[], str]) -> None:
        self._acts = acts
        self._asks = asks
        self._clock = clock
        self._zone = zone
        self._lock = threading.Lock()
        self._changes: dict[str, list[float]] = {}  # shared device -> when its users changed, monotonic

    def visit_end(self, longer: bool = False) -> int:
        """UTC seconds at which a visit that begins now ends: at 22:00, or a day later."""
        return visit_end(self._clock.wall(), self._zone(), longer)

    def assign(self, device_id: str, whose: str, was_visitors: bool | None = None) -> Act:
        """One tap: a child's id, `adult`, `visitor`, `visitor-longer`, `all` (every child's) or `nobody`.

        was_visitors: what the page that was tapped said, None when that does not matter. Raises `NotPossible` when
        somebody has said whose it is already.
        """
        zone = self._zone()

        def edit(rows: Transaction) -> Act:
            family = read_family(rows)
            now = self._clock.wall()
            device = _find(family, device_id)
            visit = family.visit_of(device, now)
            if not device.is_unassigned or was_visitors not in (None, visit is not None):
                raise NotPossible(_answered(family, device, visit))
            before = family.overrides_of(device_id)
            wanted: tuple[Override, ...] = ()
            if whose in (VISITOR, VISITOR_LONGER):
                start, until = int(now) - limits.VISIT_STARTS_EARLIER_SECONDS, visit_end(now, zone, whose != VISITOR)
                wanted = (Override(new_id("o"), device_id, "open", max(0, start), until, 0, "parent"),)
                changed = device
            elif whose == NOBODY:
                changed = device
            else:
                check_room(family)
                persons = tuple(person.id for person in family.people) if whose == EVERYBODY else (whose,)
                if whose == GROWN_UP:
                    changed = replace(device, flags=("exempt",))
                elif persons and all(family.child(person) for person in persons):
                    changed = replace(device, persons=persons)
                else:
                    raise NotPossible(_("This child is no longer here."))
            replace_overrides(rows, before, wanted)
            if changed != device:
                write(rows, changed)
            return remember(rows, device_id, "assign", 0, now, before, device)

        act = self._acts.change(edit)
        self._asks.answered(device_id)
        return act

    def edit(self, device_id: str, wanted: DeviceEditForm) -> Act:
        """Change a device by its form. Raises `NotPossible`, and `Conflict` when the form is older than the device."""

        def edit(rows: Transaction) -> Act:
            family = read_family(rows)
            device = _find(family, device_id)
            if device.revision != wanted.revision:
                raise Conflict("devices", device_id, wanted.revision, device.revision)
            persons = tuple(person.id for person in family.people if person.id in wanted.persons)
            changed = replace(
                device,
                name=kept_name(wanted.name),
                kind=wanted.kind,
                persons=persons,
                flags=("exempt", *wanted.flags) if wanted.is_adult else wanted.flags,
                asks_who=wanted.asks_who,
            )
            if changed.user(self._clock.wall()) == "" or not changed.asks_who or len(persons) < 2:
                changed = replace(changed, using="", using_since=0, using_until=0)
            now = self._clock.wall()
            before = family.overrides_of(device_id)
            if device.is_unassigned and not changed.is_unassigned:
                check_room(family)
                replace_overrides(rows, before, ())
            if changed.is_unassigned and not device.is_unassigned:
                changed = replace(changed, first_seen=int(now), seen=int(now))
            write(rows, changed)
            return remember(rows, device_id, "assign", 0, now, before, device)

        act = self._acts.change(edit)
        self._asks.answered(device_id)
        return act

    def undo(self, device_id: str, act: str) -> Act:
        """Put the device back as it was before this act. Raises `NotPossible` when somebody has acted since."""

        def edit(rows: Transaction) -> Act:
            now = self._clock.wall()
            family = read_family(rows)
            device = _find(family, device_id)
            row = undoable_row(rows, device_id, act, now)
            held = from_row(Device, Row(device_id, device.revision, row.document["device"]))
            people = {person.id for person in family.people}
            if held.persons and not set(held.persons) <= people:
                raise NotPossible(_("Somebody changed this in the meantime, so nothing was undone."))
            replace_overrides(rows, family.overrides_of(device_id), [o for o in restored(row) if o.until > now])
            write(rows, held)
            return remember(rows, device_id, "undo", 0, now, ())

        return self._acts.change(edit)

    # Who uses a shared device

    def change_user(self, device_id: str, person: str) -> None:
        """What whoever holds the device taps: this one of its people uses it now; empty: nobody in particular.

        Raises `NotPossible`, also after six changes in ten minutes.
        """
        now = self._clock.monotonic()
        with self._lock:
            recent = {
                device: kept
                for device, moments in self._changes.items()
                if (kept := [moment for moment in moments if now - moment < limits.USING_CHANGES_SECONDS])
            }
            self._changes = recent
            if len(recent.get(device_id, ())) >= limits.USING_CHANGES:
                raise NotPossible(_("This was changed often just now. Please wait a few minutes."))
        if person:
            self.use(device_id, person)
        else:
            self.end_use(device_id)
        with self._lock:
            self._changes.setdefault(device_id, []).append(now)

    def use(self, device_id: str, person: str) -> int:
        """This one of its people uses it now; returns until when, at most two hours. Raises `NotPossible`."""

        def edit(rows: Transaction) -> int:
            family = read_family(rows)
            device = _find(family, device_id)
            now = int(self._clock.wall())
            child = family.person(person)
            if not child or person not in device.persons or len(device.persons) < 2 or not device.asks_who:
                raise NotPossible(_("This device does not ask who is using it."))
            decision = outlook.of_person(family, child, now, self._acts.use)
            if decision.level == "closed":
                raise NotPossible(_("The internet is off for {child} now.").format(child=child.name))
            until = min(now + limits.USING_SECONDS_MAX, decision.until or now + limits.USING_SECONDS_MAX)
            write(rows, replace(device, using=person, using_since=now, using_until=until))
            return until

        return self._acts.change(edit)

    def end_use(self, device_id: str) -> None:
        """The device is for all of its people again. Raises `NotPossible`."""

        def edit(rows: Transaction) -> None:
            device = _find(read_family(rows), device_id)
            if device.using:
                write(rows, _given_back(device))

        self._acts.change(edit)

    def sweep(self) -> None:
        """End what is over: visits, and uses whose time or whose child's time is up. Called every few seconds."""
        now = int(self._clock.wall())
        with self._acts.reading() as rows:
            if not any(_over(read_family(rows), now, self._acts.use)):
                return

        def edit(rows: Transaction) -> None:
            visits, uses = _over(read_family(rows), now, self._acts.use)
            for visit in visits:
                remove(rows, visit)
            for device in uses:
                write(rows, _given_back(device))

        self._acts.change(edit)


def visit_end(now: float, zone: str, longer: bool = False) -> int:
    """UTC seconds of the next 22:00 on the family's clock that is half an hour away; `longer`: the one after it."""
    end = next_time(now, limits.VISIT_MINUTE, zone)
    if end - now < limits.VISIT_SECONDS_MIN or (longer and local(end, zone).date() == local(now, zone).date()):
        end = next_time(end, limits.VISIT_MINUTE, zone)
    return end


def _find(family: Family, device_id: str) -> Device:
    device = family.device(device_id)
    if not device:
        raise NoSuchDevice(_("This device is no longer here."))
    return device


def _given_back(device: Device) -> Device:
    return replace(device, using="", using_since=0, using_until=0)


def _over(family: Family, now: int, use: outlook.Use) -> "tuple[list[Override], list[Device]]":
    ids = {device.id for device in family.devices}
    visits = [override for override in family.overrides if override.target in ids and override.until <= now]
    uses = [device for device in family.devices if device.using and not _is_used(family, device, now, use)]
    return visits, uses


def _is_used(family: Family, device: Device, now: int, use: outlook.Use) -> bool:
    child = family.person(device.user(now))
    return child is not None and outlook.of_person(family, child, now, use).level != "closed"


def _answered(family: Family, device: Device, visit: Override | None) -> str:
    name = shown_name(device.name)
    if device.is_unassigned and visit:
        return _("Somebody has answered already: “{device}” is a visitor’s.").format(device=name)
    if device.is_unassigned:
        return _("Somebody has answered already: “{device}” is new again.").format(device=name)
    if not device.persons:
        return _("Somebody has answered already: “{device}” is a grown-up’s.").format(device=name)
    owners = possessive(names_of(family, device))
    return _("Somebody has answered already: “{device}” is {owners}.").format(device=name, owners=owners)


def names_of(family: Family, device: Device) -> Sequence[str]:
    """The names of the people a device belongs to."""
    return [person.name for person in family.people if person.id in device.persons]


def possessive(names: Sequence[str]) -> str:
    """`Mia’s`, `Mia’s and Ben’s`: whose a device “is”, in a language what it “belongs to”."""
    if not 0 < len(names) <= len(_OWNERS):
        return ngettext("{count} children’s", "{count} children’s", len(names)).format(count=len(names))
    fields = dict(zip(("first", "second", "third"), names, strict=False))
    return _(_OWNERS[len(names) - 1]).format(**fields)
