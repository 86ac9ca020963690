"""What the budgets of a person allow today, and what is left of them.

It decides which minutes a family day has (the line's, and what was added) and which categories are spent. What
a spent total does to a device is left to `rules`, what a spent category does to names and addresses to whoever
filters, what was used to `usage`.
"""

from collections import namedtuple

from stairgate.core.zone import clock_of, family_day, weekday

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NamedTuple  # noqa: TID251

    from stairgate.core.records import Budget, Override, Policy
    from stairgate.core.rules import Used

    class Allowance(NamedTuple):
        """One budget in the family day that holds a moment.

        `minutes`: the limit with everything added to it, `left` what remains of it, at least 0; both None
        without a limit. `ends`: the UTC second at which the family day ends.
        """

        category: str
        minutes: "int | None"
        used: int
        left: "int | None"
        ends: int

else:
    Allowance = namedtuple("Allowance", ("category", "minutes", "used", "left", "ends"))

ADDING = ("bonus", "give")  # kinds of overrides that add minutes
LIFTING = ("open", "bonus")  # kinds that go before a spent budget while they last


def minutes_of_day(
    budget: "Budget", day: int, begin: int, moment: int, overrides: "Iterable[Override]"
) -> "int | None":
    """The minutes that a budget allows on a family day that began at `begin`; None: no limit.

    An override adds its minutes to all budgets of the day in which it begins, once it has begun at `moment`.
    """
    minutes = budget.minutes[weekday(day)]
    if minutes < 0:
        return None
    for override in overrides:
        if override.kind in ADDING and begin <= override.start <= moment:
            minutes += override.minutes
    return minutes


def allowances(policy: "Policy", person_id: str, now: int, used: "Used") -> "tuple[Allowance, ...]":
    """The person's budgets in the family day that holds `now`: `total` first, then the others by category.

    `used` is what `usage.used_of` gives. Minutes given on one device only are not among them.
    """
    budgets = [budget for budget in policy.budgets if budget.person == person_id]
    if not budgets:
        return ()
    clock = clock_of(policy, person_id)
    overrides = [override for override in policy.overrides if override.target == person_id]
    found = []
    for budget in sorted(budgets, key=lambda one: (one.category != "total", one.category)):
        day, begin, end = family_day(clock, now, budget.day_start)
        minutes = minutes_of_day(budget, day, begin, now, overrides)
        minutes_used = used.get(person_id, {}).get(budget.category, 0)
        left = None if minutes is None else max(minutes - minutes_used, 0)
        found.append(Allowance(budget.category, minutes, minutes_used, left, end))
    return tuple(found)


def spent_categories(policy: "Policy", now: int, used: "Used") -> "dict[str, tuple[str, ...]]":
    """The timed categories without minutes, by person; never `total`, and nobody who has none.

    They stay spent until the family day ends or minutes are added. While an `open` or a `bonus` of the person is
    in force none is: both go before a spent budget.
    """
    spent: "dict[str, tuple[str, ...]]" = {}
    for person in policy.persons:
        if any([_lifts(override, person.id, now) for override in policy.overrides]):
            continue
        rows = allowances(policy, person.id, now, used)
        categories = tuple([row.category for row in rows if row.category != "total" and row.left == 0])
        if categories:
            spent[person.id] = categories
    return spent


def _lifts(override: "Override", person_id: str, now: int) -> bool:
    return override.kind in LIFTING and override.target == person_id and override.start <= now < override.until
