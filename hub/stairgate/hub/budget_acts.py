"""What a parent's tap does to a child's minutes a day: one transaction, then new policies; each can be undone.

It decides what a preset replaces and when a limit is none. What was typed is `schedule_forms`' part, what is left of
the minutes `use_store`'s.
"""

from collections.abc import Sequence
from dataclasses import replace

from stairgate.hub.acts import Act, Acts, new_id
from stairgate.hub.bedtime_presets import BedtimePreset
from stairgate.hub.calendar_change import BUDGET, change_calendar
from stairgate.hub.clock import Clock
from stairgate.hub.family import Budget, Family, Person, remove, write, write_day_start
from stairgate.hub.schedule_forms import BudgetForm
from stairgate.hub.store import Transaction


class BudgetActs:
    """Everything a parent can change in a child's minutes. Each method is one transaction.

    All raise `NoSuchChild` and `PolicyTooLarge`.
    """

    def __init__(self, acts: Acts, clock: Clock) -> None:
        self._acts = acts
        self._clock = clock

    def set_budget(self, person: str, form: BudgetForm) -> Act:
        """Minutes a day of one category, or in total; without any limit the line goes."""

        def edit(rows: Transaction, family: Family, child: Person) -> None:
            _put(rows, family, person, form.category, form.minutes)

        return change_calendar(self._acts, self._clock, person, BUDGET, edit)

    def choose(self, person: str, preset: BedtimePreset) -> Act:
        """The preset's minutes in total; those of categories stay."""
        return self.set_budget(person, BudgetForm("total", preset.minutes))

    def set_day_start(self, minute: int) -> None:
        """The minute of the local day at which minutes begin anew, for all children."""
        self._acts.change(lambda rows: write_day_start(rows, minute))


def _put(rows: Transaction, family: Family, person: str, category: str, minutes: Sequence[int]) -> None:
    held = next((one for one in family.budgets_of(person) if one.category == category), None)
    if max(minutes) < 0:
        if held:
            remove(rows, held)
    elif held:
        write(rows, replace(held, minutes=tuple(minutes)))
    else:
        write(rows, Budget(new_id("b"), person, category, tuple(minutes)))
