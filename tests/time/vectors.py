"""A sample of what the oracle says, written down for an interpreter that has no `zoneinfo`.

It decides which moments; comparing them with the core is `on_micropython`'s part, which runs there.
"""

import json
from random import Random

from tests.time.comparing import DAY, Moment, budget_moments, day_of
from tests.time.plan import Plan, random_budgets, random_calendar
from tests.time.wire import body_of, book_of

MOMENTS = 6


def _asked(moment: Moment) -> dict[str, object]:
    until, then = moment.change or (None, None)
    return {
        "device": moment.device,
        "now": moment.now,
        "horizon": moment.horizon,
        "level": moment.level,
        "until": until,
        "next_level": then,
        "budgets": moment.budgets,
        "spent": moment.spent,
    }


def vector(name: str, plan: Plan, around: int) -> str:
    """A line for `on_micropython`: the plan, and moments of the two days around a second."""
    asks = [_asked(moment) for moment in budget_moments(plan, around, name, MOMENTS)]
    rows = [(person, category, day, bits.hex()) for person, category, day, bits in book_of(plan).rows(0)]
    return json.dumps({"name": name, "body": body_of(plan).decode(), "rows": rows, "asks": asks}) + "\n"


def vectors(zone: str, around: int) -> list[str]:
    """Two families of a zone, one with budgets, in the days around a second."""
    first = day_of(around - 2 * DAY)
    calendar = random_calendar(Random(f"{zone} calendar"), zone, first, 5, away=True)
    budgets = random_budgets(Random(f"{zone} budgets"), zone, around, away=False)
    return [vector(f"{zone}, calendar", calendar, around), vector(f"{zone}, budgets", budgets, around)]
