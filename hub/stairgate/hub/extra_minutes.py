"""How long an exception counts: a bonus that is over has still added its minutes to the day in which it began.

It decides which exceptions stay in store and policy after their end; without it a new policy would take the minutes
back that a child was given and has not used yet. What they add to is `stairgate.core.budget`'s part.
"""

from stairgate.core.policy import Policy
from stairgate.core.zone import clock_of, family_day
from stairgate.hub import limits
from stairgate.hub.family import Family, Override


def counts(family: Family, override: Override, now: float) -> bool:
    """True while an exception runs; one that is over counts on for a child with limits, until no day can hold it."""
    if override.until > now:
        return True
    if override.kind != "bonus" or not override.minutes or not family.budgets_of(override.target):
        return False
    return now - override.start < limits.FAMILY_DAY_SECONDS_MAX


def of_today(family: Family, policy: Policy, person: str, now: int) -> int:
    """The minutes of a child's bonuses that are held by the running family day, or that run. policy: the family's."""
    began = now
    if family.budgets_of(person):
        began = family_day(clock_of(policy, person), now, family.day_start)[1]
    bonuses = [override for override in family.overrides_of(person) if override.kind == "bonus"]
    return sum(override.minutes for override in bonuses if override.until > now or override.start >= began)
