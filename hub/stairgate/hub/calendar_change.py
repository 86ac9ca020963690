"""One change of a child's calendar or minutes: a transaction with the way back.

It decides what every such act has in common: the child must be there, and what was before is kept for Undo. What an act
changes is `schedule_acts`' and `budget_acts`' part.
"""

from collections.abc import Callable

from stairgate.hub.acts import Act, Acts, NoSuchChild, remember
from stairgate.hub.calendar_undo import remember_calendar
from stairgate.hub.clock import Clock
from stairgate.hub.extra_minutes import counts
from stairgate.hub.family import Family, Person, read_family
from stairgate.hub.language import _
from stairgate.hub.store import Transaction

Edit = Callable[[Transaction, Family, Person], None]
#: The kinds of act that `cards` has words for.
CALENDAR, TODAY, BUDGET = "calendar", "today", "budget"


def change_calendar(acts: Acts, clock: Clock, person: str, kind: str, edit: Edit) -> Act:
    """Run `edit` with the family as it is, and remember that for Undo. Raises `NoSuchChild` and what `edit` raises."""

    def change(rows: Transaction) -> Act:
        family = read_family(rows)
        child = family.person(person)
        if not child:
            raise NoSuchChild(_("This child is no longer here."))
        now = clock.wall()
        edit(rows, family, child)
        kept = [override for override in family.overrides_of(person) if counts(family, override, now)]
        act = remember(rows, person, kind, 0, now, kept)
        remember_calendar(rows, person, family)
        return act

    return acts.change(change)
