"""When a child's next bedtime begins, for “until bedtime”: by the calendar alone, as the core decides it.

It decides only what counts as one: the next moment at which the calendar closes what it has open now, today. Pauses,
extra time and spent minutes are left out, for what is asked is how long it could be open.
"""

from dataclasses import replace

from stairgate.hub import limits, outlook
from stairgate.hub.family import Family, Person


def bedtime_ahead(family: Family, child: Person, now: int) -> int | None:
    """UTC seconds at which the next bedtime begins, None in one, and where none is near."""
    calendar = replace(family, overrides=tuple(o for o in family.overrides if o.target != child.id), budgets=())
    decision = outlook.of_person(calendar, child, now)
    if decision.level != "open" or decision.until is None or decision.next_level != "closed":
        return None
    return decision.until if decision.until - now <= limits.BEDTIME_AHEAD_SECONDS else None
