"""What a parent's tap does: one transaction from the family's row to the signed policies, then a word to the
sender.

It decides what pause, bonus, undo and the rest mean for the stored family. What is applied where is told by
the agents (`reports`); pages and permissions are the web's.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import NamedTuple, TypeVar

from stairgate.hub import extra_minutes, limits, outlook, own_stop
from stairgate.hub.agreed import forget_ended
from stairgate.hub.bedtime_ahead import Ahead
from stairgate.hub.calendar_undo import restore_calendar
from stairgate.hub.clock import Clock
from stairgate.hub.delivery import Outgoing
from stairgate.hub.delivery import Publisher as Publisher
from stairgate.hub.family import (
    Device,
    Family,
    Override,
    Person,
    Week,
    from_row,
    read_family,
    remove,
    to_document,
    write,
)
from stairgate.hub.filters import from_preset, write_filter
from stairgate.hub.free_minutes import give_back_taken
from stairgate.hub.ids import new_id as new_id
from stairgate.hub.issue import Issuer
from stairgate.hub.language import _
from stairgate.hub.notes import Signature, SignedRows, note_of, write_note
from stairgate.hub.pauses import GIVEN, Change, ended, extended, paused, to_bedtime
from stairgate.hub.presets import BY_ID
from stairgate.hub.refusal import NotPossible as NotPossible
from stairgate.hub.refusal import Overtaken
from stairgate.hub.requests import forget_child, reopen_answered
from stairgate.hub.store import Conflict, Row, Store, Transaction

Result = TypeVar("Result")
#: What an act makes of a child's exceptions at a moment (UTC seconds).
Exceptions = Callable[[int, Family, Person], Change]


class NoSuchChild(NotPossible):
    """The child is no longer here."""


class Act(NamedTuple):
    """The last act on a child or a device, as long as it can be undone.

    `kind`: of `pauses`, undo, or of the calendar; assign for a device. `person`: the id of the child or device.
    """

    id: str
    person: str
    kind: str
    until: int
    at: float


class Acts:
    """Everything a parent can change.

    Each method is one transaction; the sender hears of it after the commit.
    """

    def __init__(self, store: Store, home: str, clock: Clock, issuer: Issuer, publisher: Publisher) -> None:
        self._store = store
        self._home = home
        self._clock = clock
        self._issuer = issuer
        self._publisher = publisher
        #: Minutes used so far; none are known before the hub's parts are put together.
        self.use: outlook.Use = outlook.nothing_used
        #: Who acts, with their words; asked before each change.
        self.signature: Callable[[], Signature] = Signature

    def change(self, edit: Callable[[Transaction], Result], seen: Mapping[str, int] | None = None) -> Result:
        """Run an edit, issue what it changes, commit, then hand the new policies to the sender."""
        signature = self.signature()
        with self._store.transaction(self._home) as rows:
            signed = SignedRows(rows, signature, self._clock.wall())
            result = edit(signed)
            for grown_up in forget_ended(signed):
                self.remove_child_in(signed, grown_up)
            issued = self._issuer.issue(rows, seen)
        if issued:
            self._publisher.publish(issued)
        return result

    def tell(self, messages: Sequence[Outgoing]) -> None:
        """Hand a word to the sender that no policy waits for."""
        self._publisher.tell(messages)

    def reading(self) -> AbstractContextManager[Transaction]:
        """A transaction that only reads."""
        return self._store.transaction(self._home)

    # Children, devices, bedtimes

    def add_child(self, name: str, band: str, zone: str) -> Person:
        """A new child with the filter of its age and no other rules. Raises `NotPossible`."""
        child = Person(new_id("p"), name, band, zone)

        def edit(rows: Transaction) -> Person:
            if len(rows.page("people")) >= limits.CHILDREN_MAX:
                raise NotPossible(_("This home has {count} children already.").format(count=limits.CHILDREN_MAX))
            write(rows, child)
            if band in BY_ID:
                write_filter(rows, from_preset(child.id, BY_ID[band]))
            return child

        return self.change(edit)

    def remove_child(self, person: str) -> None:
        """Remove a child with all rules; its devices stay, as new ones where they were this child's alone."""
        self.change(lambda rows: self.remove_child_in(rows, person))

    def remove_child_in(self, rows: Transaction, person: str, grown: bool = False) -> None:
        """`remove_child` as part of a transaction; `grown`: its own devices are a grown-up's from now on."""
        family = read_family(rows)
        now = int(self._clock.wall())
        for device in family.devices_of(person):
            others = tuple(other for other in device.persons if other != person)
            changed = replace(device, persons=others)
            new = replace(changed, flags=("exempt",)) if grown else replace(changed, first_seen=now, seen=now)
            write(rows, changed if others else new)
        for week in family.weeks_of(person):
            remove(rows, week)
        for date in family.dates_of(person):
            remove(rows, date)
        for budget in family.budgets_of(person):
            remove(rows, budget)
        for override in family.overrides_of(person):
            remove(rows, override)
        forget_child(rows, person)
        rows.delete("acts", person)
        rows.delete("filters", person)
        rows.delete("people", person)

    def add_device(self, name: str, mac: str, kind: str, persons: Sequence[str], flags: Sequence[str] = ()) -> Device:
        """A new device of some children (or of nobody, with flags).

        Raises `NotPossible` when the address is known; only a new device becomes anybody's, and only a grown-up's
        turns into a child's.
        """

        def edit(rows: Transaction) -> Device:
            family = read_family(rows)
            known = family.device_with(mac)
            device = Device(known.id if known else new_id("d"), name, (mac,), tuple(persons), kind, tuple(flags))
            if known and not known.is_unassigned and (known.persons or not persons):
                raise NotPossible(_("This address belongs to “{device}” already.").format(device=known.name))
            if not known or known.is_unassigned:
                check_room(family)
            if known:
                device = replace(device, revision=known.revision, first_seen=known.first_seen)
                for override in family.overrides_of(known.id):  # a visit is over
                    remove(rows, override)
            write(rows, device)
            return device

        return self.change(edit)

    def remove_device(self, device: str) -> None:
        """Forget a device; when it is seen again, it is a new one."""

        def edit(rows: Transaction) -> None:
            for override in read_family(rows).overrides_of(device):
                remove(rows, override)
            rows.delete("acts", device)
            rows.delete("devices", device)

        self.change(edit)

    def exempt_parent(self, mac: str) -> None:
        """Keep a parent's own device out of all rules. Raises `NotPossible` when it is known as anybody's."""
        self.add_device(_("A parent’s device"), mac, "phone", (), ("exempt",))

    def set_bedtime(
        self,
        person: str,
        days: int,
        start: int,
        end: int,
        week: str | None = None,
        revision: int | None = None,
        level: str = "closed",
    ) -> Week:
        """Add a bedtime, or change the one with id `week` that was read at `revision`; `level`: closed or limited.

        Raises `Conflict`, `NotPossible`.
        """

        def edit(rows: Transaction) -> Week:
            family = read_family(rows)
            if not family.person(person):
                raise NoSuchChild(_("This child is no longer here."))
            return write_window(rows, family, Week(week or "", person, days, start, end, level, revision or 0))

        return self.change(edit)

    # Exceptions: each with an end, each undone by one tap

    def pause(self, person: str, minutes: int = 0, until: int | None = None) -> Act:
        """Close everything for `minutes`, until a minute of the day, or with neither until the morning."""
        return self._override(person, lambda now, family, child: paused(family, child, now, minutes, until))

    def bonus(self, person: str, minutes: int) -> Act:
        """Open now and for `minutes` longer than it would be open otherwise. A pause goes on after that."""
        return self.change(lambda rows: self.bonus_in(rows, person, minutes))

    def bonus_in(
        self, rows: Transaction, person: str, minutes: int, until: int | None = None, reason: str = GIVEN
    ) -> Act:
        """`bonus` as part of a transaction; `until` and `reason` as in `pauses.extended`."""

        def overrides(now: int, family: Family, child: Person) -> Change:
            return extended(family, child, now, self.use, minutes, until, reason)

        return self._override_in(rows, person, overrides)

    def to_bedtime_in(self, rows: Transaction, person: str, way: Ahead) -> Act:
        """Open until bedtime, as part of a transaction."""
        return self._override_in(rows, person, lambda now, family, child: to_bedtime(family, child, now, way))

    def end_exceptions(self, person: str) -> Act:
        """End the pause that holds, else the extra time that runs."""
        return self._override(person, lambda now, family, child: ended(family, child, now))

    def undo(self, person: str, act: str) -> Act:
        """Put back exactly the exceptions from before this act, as a new revision; "" means the last one.

        Raises `NotPossible` when somebody has acted on the child since.
        """

        return self.change(lambda rows: self.undo_in(rows, person, act))

    def undo_in(self, rows: Transaction, person: str, act: str) -> Act:
        """`undo` as part of a transaction; what was an answer to a request waits again."""
        now = self._clock.wall()
        row = undoable(rows, person, act, now)
        held = read_family(rows).overrides_of(person)
        before = restored(row)
        ids = {override.id for override in before}
        # What a child wishes for itself meanwhile is not the parents' to undo by the way.
        wishes = [o for o in own_stop.untouched(held, now) if o.id not in ids]
        replace_overrides(rows, held, [*before, *wishes])
        reopen_answered(rows, person, row.document["act"])
        restore_calendar(rows, read_family(rows), person, row)
        give_back_taken(rows, person, row)
        return remember(rows, person, "undo", 0, now, ())

    def last_act(self, rows: Transaction, person: str) -> Act | None:
        """The act on this child that can still be undone, or None."""
        row = rows.get("acts", person)
        if not row or row.document["kind"] == "undo":
            return None
        act = _read_act(row)
        return act if 0 <= self._clock.wall() - act.at <= limits.UNDO_SECONDS else None

    def _override(self, person: str, overrides: Exceptions) -> Act:
        return self.change(lambda rows: self._override_in(rows, person, overrides))

    def _override_in(self, rows: Transaction, person: str, overrides: Exceptions) -> Act:
        family = read_family(rows)
        child = family.person(person)
        if not child:
            raise NoSuchChild(_("This child is no longer here."))
        now = self._clock.wall()
        before = family.overrides_of(person)
        change = overrides(int(now), family, child)
        said = {new: note for new, old in change.moved.items() if (note := note_of(rows, old))}
        replace_overrides(rows, before, [o for o in change.overrides if extra_minutes.counts(family, o, now)])
        for new, note in said.items():
            write_note(rows, new, note)
        kept = [override for override in before if extra_minutes.counts(family, override, now)]
        return remember(rows, person, change.kind, change.until, now, kept)


def write_window(rows: Transaction, family: Family, window: Week) -> Week:
    """Write a window of the week; one without an id is new. Raises `Conflict`, `NotPossible`."""
    if not window.id:
        if len(family.weeks_of(window.person)) >= limits.BEDTIMES_MAX:
            raise NotPossible(_("There are {count} times already. Remove one first.").format(count=limits.BEDTIMES_MAX))
        window = replace(window, id=new_id("w"), revision=0)
    elif window.id not in {held.id for held in family.weeks_of(window.person)}:
        raise Conflict("weeks", window.id, window.revision, 0)
    write(rows, window)
    return window


def check_room(family: Family) -> None:
    """Raises `NotPossible` when no further device can be somebody's."""
    if sum(not device.is_unassigned for device in family.devices) >= limits.DEVICES_MAX:
        raise NotPossible(_("This home has {count} devices already.").format(count=limits.DEVICES_MAX))


def replace_overrides(rows: Transaction, old: Iterable[Override], new: Iterable[Override]) -> None:
    """Leave exactly the exceptions `new` of those that were `old`."""
    wanted = {override.id: override for override in new}
    for override in old:
        if override.id not in wanted:
            remove(rows, override)
    held = {override.id for override in old}
    for override in wanted.values():
        if override.id not in held:
            write(rows, replace(override, revision=0))


def undoable(rows: Transaction, target: str, act: str, now: float) -> Row:
    """What the last act on a child or device has kept; `act` "" means any. Raises `NotPossible`."""
    row = rows.get("acts", target)
    if not row or act not in ("", row.document["act"]) or row.document["kind"] == "undo":
        raise Overtaken(_("Somebody changed this in the meantime, so nothing was undone."))
    if now - row.document["at"] > limits.UNDO_SECONDS:
        raise NotPossible(_("This is too long ago to be undone."))
    return row


def remember(
    rows: Transaction,
    target: str,
    kind: str,
    until: int,
    at: float,
    before: Iterable[Override],
    device: Device | None = None,
) -> Act:
    """Keep what an act on a child or device replaced, for Undo: its exceptions, and the device as it was."""
    act = Act(new_id("a"), target, kind, until, at)
    rows.put(
        "acts",
        target,
        {
            "act": act.id,
            "kind": kind,
            "until": until,
            "at": at,
            "before": [{"id": override.id, "document": to_document(override)} for override in before],
            "device": to_document(device) if device else None,
        },
    )
    return act


def restored(row: Row) -> list[Override]:
    """The exceptions that an act has kept."""
    return [from_row(Override, Row(old["id"], 0, old["document"])) for old in row.document["before"]]


def _read_act(row: Row) -> Act:
    held = row.document
    return Act(held["act"], row.id, held["kind"], held["until"], held["at"])
