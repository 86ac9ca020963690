"""What a parent's tap does to a child's filter: one transaction, then new policies; and its way back.

It decides what a preset, a choice and an undo mean for the stored filter, and how much one may hold. What a filter
blocks is `filters`' part, what was typed `filter_forms`'.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from stairgate.hub import limits
from stairgate.hub.acts import Acts, NoSuchChild, NotPossible
from stairgate.hub.categories import ordered
from stairgate.hub.clock import Clock
from stairgate.hub.filters import COLLECTION, ChildFilter, from_document, from_preset, from_row, write_filter
from stairgate.hub.language import N_, _
from stairgate.hub.presets import Preset
from stairgate.hub.store import Conflict, Transaction

_TOO_MANY_OPEN = N_("At most {count} apps can be always open. Allow a whole category instead.")
_TOO_MANY_ONLY = N_("These would be {count} names on the homework list; it holds {most}.")


class FilterActs:
    """Everything a parent can change in a child's filter. Each method is one transaction.

    All raise `NoSuchChild`, `PolicyTooLarge`, and `Conflict` where a `revision` (None: whatever is there) is another
    one than the filter's.
    """

    def __init__(self, acts: Acts, clock: Clock) -> None:
        self._acts = acts
        self._clock = clock

    def choose(self, person: str, preset: Preset) -> ChildFilter:
        """Begin anew with this preset; names that were typed by hand stay."""
        return self._change(person, None, lambda held: from_preset(person, preset, held))

    def switch(self, person: str, block: Collection[str], age: int, revision: int | None = None) -> ChildFilter:
        """Block exactly these categories, and apps from a higher age than `age` (0: no limit)."""
        return self._change(person, revision, lambda held: replace(held, block=ordered(set(block)), age=age))

    def search(self, person: str, safe: bool, youtube: str, revision: int | None = None) -> ChildFilter:
        """Whether searches are made safe, and how YouTube is restricted."""
        return self._change(person, revision, lambda held: replace(held, safesearch=safe, youtube=youtube))

    def way(self, person: str, resolved_only: bool, page: bool, revision: int | None = None) -> ChildFilter:
        """How it is enforced: only addresses that were looked up; a blocked name leads to the child's page."""
        return self._change(person, revision, lambda held: replace(held, resolved_only=resolved_only, page=page))

    def set_apps(self, person: str, states: Mapping[str, str], revision: int | None = None) -> ChildFilter:
        """App id -> `blocked`, `open`, or "" (by its age and category); others stay. Raises `NotPossible`."""

        def edit(held: ChildFilter) -> ChildFilter:
            blocked = {app for app in held.apps_blocked if app not in states}
            opened = {app for app in held.apps_open if app not in states}
            blocked |= {app for app, state in states.items() if state == "blocked"}
            opened |= {app for app, state in states.items() if state == "open"}
            if len(opened) > limits.FILTER_APPS_OPEN_MAX:
                raise NotPossible(_(_TOO_MANY_OPEN).format(count=limits.FILTER_APPS_OPEN_MAX))
            return replace(held, apps_blocked=tuple(sorted(blocked)), apps_open=tuple(sorted(opened)))

        return self._change(person, revision, edit)

    def set_names(
        self, person: str, allow: tuple[str, ...], deny: tuple[str, ...], revision: int | None = None
    ) -> ChildFilter:
        """Names that are open, and names that are blocked, whatever the lists say."""
        return self._change(person, revision, lambda held: replace(held, allow=allow, deny=deny))

    def set_only(self, person: str, only: tuple[str, ...], revision: int | None = None) -> ChildFilter:
        """Names that are open in limited times."""
        return self._change(person, revision, lambda held: replace(held, only=only))

    def add_only(self, person: str, names: tuple[str, ...]) -> ChildFilter:
        """Names that are open in limited times too, whoever changed the list meanwhile. Raises `NotPossible`."""

        def edit(held: ChildFilter) -> ChildFilter:
            only = tuple(sorted({*held.only, *names}))
            if len(only) > limits.FILTER_ONLY_MAX:
                raise NotPossible(_(_TOO_MANY_ONLY).format(count=len(only), most=limits.FILTER_ONLY_MAX))
            return replace(held, only=only)

        return self._change(person, None, edit)

    def undo(self, person: str) -> ChildFilter:
        """Put back the filter from before the last change. Raises `NotPossible` when it is too long ago."""

        def edit(rows: Transaction) -> ChildFilter:
            row = rows.get(COLLECTION, person)
            before = self._before(rows, person)
            if not row or before is None:
                raise NotPossible(_("This is too long ago to be undone, or somebody has undone it already."))
            back = replace(before, revision=row.revision)
            write_filter(rows, back)
            return back

        return self._acts.change(edit)

    def can_undo(self, person: str) -> bool:
        """Whether the last change of this filter can still be taken back."""
        with self._acts.reading() as rows:
            return self._before(rows, person) is not None

    def latest_only(self, person: str) -> str:
        """A name that came to the homework list with the last change, as long as that can be undone; else ""."""
        with self._acts.reading() as rows:
            before, row = self._before(rows, person), rows.get(COLLECTION, person)
        added = set(from_row(row).only) - set(before.only) if row and before else set()
        return min(added, default="")

    def _before(self, rows: Transaction, person: str) -> ChildFilter | None:
        row = rows.get(COLLECTION, person)
        if not row or not row.document.get("before"):
            return None
        if not 0 <= self._clock.wall() - row.document["at"] <= limits.UNDO_SECONDS:
            return None
        return from_document(person, row.document["before"])

    def _change(self, person: str, revision: int | None, edit: Callable[[ChildFilter], ChildFilter]) -> ChildFilter:
        def change(rows: Transaction) -> ChildFilter:
            if not rows.get("people", person):
                raise NoSuchChild(_("This child is no longer here."))
            row = rows.get(COLLECTION, person)
            held = from_row(row) if row else ChildFilter(person)
            if revision is not None and revision != held.revision:
                raise Conflict(COLLECTION, person, revision, held.revision)
            changed = replace(edit(held), revision=held.revision)
            if changed != held or not row:
                write_filter(rows, changed, held, self._clock.wall())
            return changed

        return self._acts.change(change)
