"""Minutes a day that a child may take without asking, where a parent allows it; off by default.

It decides how many are left of the family's day and when they may be taken: to go on with what is open, never in a
bedtime or a pause. How time is given is `acts`' part.
"""

from collections.abc import Iterable
from typing import NamedTuple

from stairgate.core.decide import Decision
from stairgate.hub import limits
from stairgate.hub.family import Family, Override, Person
from stairgate.hub.local_time import next_time
from stairgate.hub.store import Row, Transaction

COLLECTION = "free_minutes"
#: The policy's reason of extra time that a child took last.
TAKEN = "taken"
_KEY = "taken"  # of the row of a child's last act
#: What a parent may choose, in minutes a day.
CHOICES = (0, 15, 30, 60, 120)


class FreeMinutes(NamedTuple):
    """What one child may take. minutes: a day, 0 for none. taken: of the day that ends at `ends` (UTC seconds)."""

    person: str
    minutes: int = 0
    taken: int = 0
    ends: int = 0

    def left(self, now: float) -> int:
        """Minutes that are left of the family's day."""
        return max(0, self.minutes - (self.taken if self.is_today(now) else 0))

    def is_today(self, now: float) -> bool:
        """True while `taken` counts; a day that ends further ahead than any was begun by a wrong clock."""
        return 0 < self.ends - now <= limits.FAMILY_DAY_SECONDS_MAX


def took(decision: Decision, overrides: Iterable[Override]) -> Override | None:
    """The extra time that opens a device now, where a child took it; else None."""
    return next((o for o in overrides if o.reason == TAKEN and decision.rule == f"override {o.id}"), None)


def read_free(rows: Transaction, person: str) -> FreeMinutes:
    """What this child may take."""
    row = rows.get(COLLECTION, person)
    return (
        FreeMinutes(person, row.document["minutes"], row.document["taken"], row.document["ends"])
        if row
        else (FreeMinutes(person))
    )


def write_free(rows: Transaction, free: FreeMinutes) -> None:
    """Keep what a child may take and has taken."""
    rows.put(COLLECTION, free.person, {"minutes": free.minutes, "taken": free.taken, "ends": free.ends})


def after(free: FreeMinutes, minutes: int, child: Person, family: Family, now: int) -> FreeMinutes:
    """What is left to take after taking this many."""
    if free.is_today(now):
        return free._replace(taken=free.taken + minutes)
    return free._replace(taken=minutes, ends=next_time(now, family.day_start, child.zone))


def remember_taken(rows: Transaction, taken: FreeMinutes, minutes: int) -> None:
    """Add what was taken to the child's last act, which `acts.remember` has just written."""
    row = rows.get("acts", taken.person)
    if row:
        rows.put("acts", taken.person, {**row.document, _KEY: {"minutes": minutes, "ends": taken.ends}})


def give_back_taken(rows: Transaction, person: str, act: Row) -> None:
    """Let the minutes be taken again that the row of an act has kept, while its day lasts."""
    kept, free = act.document.get(_KEY), read_free(rows, person)
    if kept and kept["ends"] == free.ends:
        write_free(rows, free._replace(taken=max(0, free.taken - kept["minutes"])))
