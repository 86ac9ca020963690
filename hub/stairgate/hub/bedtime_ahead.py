"""When a child's next bedtime begins, for “until bedtime”: by the calendar alone, as the core decides it.

It decides only what counts as one: the next time off that lasts to midnight or through the small hours, today; a
dinner hour before it is none. Pauses, extra time and spent minutes are left out, for what is asked is how long it could
be open.
"""

from dataclasses import replace
from typing import NamedTuple

from stairgate.hub import limits, outlook
from stairgate.hub.day_windows import zone_at
from stairgate.hub.family import Family, Person
from stairgate.hub.local_time import next_time

_MIDNIGHT, _SMALL_HOURS = 0, 4 * 60
_ALMOST_SECONDS = 300  # a night may be typed as 21:00–23:59


class Ahead(NamedTuple):
    """The way to the next bedtime: when the calendar closes first, when bedtime begins, how much is open until then.

    closes, bedtime: UTC seconds, the same but for times off before bedtime. minutes: rounded up.
    """

    closes: int
    bedtime: int
    minutes: int


def bedtime_ahead(family: Family, child: Person, now: int) -> int | None:
    """UTC seconds at which the next bedtime begins, None in one, and where none is near."""
    found = way_to_bedtime(family, child, now)
    return found.bedtime if found else None


def way_to_bedtime(family: Family, child: Person, now: int) -> Ahead | None:
    """As `bedtime_ahead`, with what lies between; None as well where only the homework list is open before."""
    calendar = replace(family, overrides=tuple(o for o in family.overrides if o.target != child.id), budgets=())
    zone = zone_at(family, child, now)
    moment, closes, seconds = now, None, 0
    while moment - now <= limits.BEDTIME_AHEAD_SECONDS:
        decision = outlook.of_person(calendar, child, moment)
        is_first = closes is None
        if decision.level == "limited" or (is_first and (decision.level != "open" or decision.until is None)):
            return None
        if decision.level == "closed" and _is_bedtime(moment, decision.until, zone):
            return Ahead(closes or moment, moment, -(-seconds // 60))
        if decision.until is None:
            return None
        if decision.level == "open":
            closes = closes or decision.until
            seconds += decision.until - moment
        moment = decision.until
    return None


def _is_bedtime(begin: int, end: int | None, zone: str) -> bool:
    """Whether a time off is a night's rest."""
    if end is None or next_time(begin, _MIDNIGHT, zone) - _ALMOST_SECONDS <= end:
        return True
    return next_time(begin, _SMALL_HOURS, zone) < end
