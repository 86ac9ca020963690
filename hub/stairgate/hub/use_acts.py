"""“Give back”: a parent adds minutes to what a child may use today, where time was counted wrongly.

It decides until when such minutes last (the family's day) and how many there may be. It opens nothing and ends nothing;
it is an exception of the policy like the others, so the child's other devices learn of it the same way, and Undo takes
it back.
"""

from stairgate.core.limits import BONUS_MINUTES_MAX
from stairgate.hub import outlook
from stairgate.hub.acts import Act, Acts, NoSuchChild, NotPossible, new_id, remember
from stairgate.hub.clock import Clock
from stairgate.hub.extra_minutes import counts
from stairgate.hub.family import Override, read_family, remove, write
from stairgate.hub.language import _
from stairgate.hub.store import Transaction

GIVE = "give"


class UseActs:
    """Each method is one transaction."""

    def __init__(self, acts: Acts, clock: Clock) -> None:
        self._acts = acts
        self._clock = clock

    def give_back(self, person: str, minutes: int) -> Act:
        """Add minutes to today's limits of a child. Raises `NoSuchChild`, `NotPossible`, `PolicyTooLarge`."""

        def edit(rows: Transaction) -> Act:
            family = read_family(rows)
            if not family.person(person):
                raise NoSuchChild(_("This child is no longer here."))
            now = int(self._clock.wall())
            limited = [
                row for row in outlook.allowances_of(family, now, outlook.nothing_used)[person] if row.left is not None
            ]
            if not limited:
                raise NotPossible(_("There is no limit today, so there is nothing to give back."))
            before = family.overrides_of(person)
            held = [override for override in before if override.kind == GIVE]
            # One line for all that is given in a day: a policy has room for so many.
            today = [override for override in held if override.start <= now < override.until]
            given = sum(override.minutes for override in today)
            if given + minutes > BONUS_MINUTES_MAX:
                raise NotPossible(_("That would be more than a whole day."))
            for override in held:
                remove(rows, override)
            start = min((override.start for override in today), default=now)
            until = max(row.ends for row in limited)
            write(rows, Override(new_id("o"), person, GIVE, start, until, given + minutes, "parent"))
            kept = [override for override in before if counts(family, override, now)]
            return remember(rows, person, GIVE, until, now, kept)

        return self._acts.change(edit)
