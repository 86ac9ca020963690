"""Which windows a child has on a day, and whose clock counts: the week's and home's, or those of an exception.

It decides which of several exceptions holds: the one with the fewest days, and of equally long ones the newest. So
“today only” wins over a holiday, and a policy gets dates that never overlap. What the windows mean at a moment is
`stairgate.core.decide`'s part.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from stairgate.core import limits as core_limits
from stairgate.core import policy as core
from stairgate.hub import limits
from stairgate.hub.family import DateRule, Family, Person, Week
from stairgate.hub.local_time import DAY_SECONDS, at_minute, local, next_time

Window = tuple[int, int, str]  # start, end (minutes; `end` <= `start` on the next day), level

SATURDAY = 5
_EVENING_MINUTE = 17 * 60
LIKE_SATURDAY, LIKE_WEEK = "saturday", "week"  # `DateRule.like`; the latter has only another clock
_DAY = timedelta(days=1)


def windows_of_weekday(weeks: Iterable[Week], weekday: int) -> tuple[Window, ...]:
    """The week's windows that begin on this weekday (Monday 0), by their beginning."""
    return tuple(sorted((week.start, week.end, week.level) for week in weeks if week.days >> weekday & 1))


def windows_of_rule(rule: DateRule, weeks: Iterable[Week]) -> tuple[Window, ...]:
    """The windows of an exception, those of a Saturday where it is like one."""
    return windows_of_weekday(weeks, SATURDAY) if rule.like == LIKE_SATURDAY else tuple(sorted(rule.windows))


def rule_on(rules: Iterable[DateRule], day: date) -> DateRule | None:
    """The exception that holds for windows which begin on this day, None for the week's."""
    return _winner((rule for rule in rules if rule.like != LIKE_WEEK), day)


def zone_on(rules: Iterable[DateRule], day: date, home: str) -> str:
    """The name of the zone whose clock counts on this day: an exception may change the clock, or times, or both."""
    rule = _winner((rule for rule in rules if rule.zone), day)
    return rule.zone if rule else home


def zone_at(family: Family, person: Person, now: float) -> str:
    """The name of the zone whose clock counts for a child now (UTC seconds)."""
    return zone_on(family.dates_of(person.id), local(now, person.zone).date(), person.zone)


def windows_on(family: Family, person: str, day: date) -> tuple[Window, ...]:
    """The windows that begin on this day."""
    weeks = family.weeks_of(person)
    rule = rule_on(family.dates_of(person), day)
    return windows_of_rule(rule, weeks) if rule else windows_of_weekday(weeks, day.weekday())


def is_bedtime(window: Window) -> bool:
    """True for a closed window that lasts over midnight or begins in the evening."""
    start, end, level = window
    return level == "closed" and (end <= start or start >= _EVENING_MINUTE)


def morning(family: Family, person: Person, now: float) -> int:
    """Where “until the morning” ends, in UTC seconds: with the bedtime of now or of the next night, else at 06:00.

    With several bedtimes the last end within 24 hours counts. Never more than 36 hours away.
    """
    zone = zone_at(family, person, now)
    today = local(now, zone).date()
    ends = []
    for begins in (today - _DAY, today, today + _DAY):
        for start, end, level in windows_on(family, person.id, begins):
            if not is_bedtime((start, end, level)):
                continue
            moment = at_minute(begins + _DAY if end <= start else begins, end, zone)
            if now < moment <= now + DAY_SECONDS:
                ends.append(moment)
    return max(ends, default=next_time(now, limits.MORNING_MINUTE, zone))


def days_of(rule: DateRule) -> int:
    """How many days an exception lasts."""
    return (date.fromisoformat(rule.last) - date.fromisoformat(rule.first)).days + 1


def spans(rules: Iterable[DateRule]) -> list[tuple[date, date, DateRule]]:
    """First and last day of each stretch on which one exception holds for windows; stretches never overlap."""
    return _stretches([rule for rule in rules if rule.like != LIKE_WEEK])


def _stretches(held: Sequence[DateRule]) -> list[tuple[date, date, DateRule]]:
    edges = {date.fromisoformat(rule.first) for rule in held} | {date.fromisoformat(rule.last) + _DAY for rule in held}
    found: list[tuple[date, date, DateRule]] = []
    ordered = sorted(edges)
    for first, after in zip(ordered, ordered[1:], strict=False):
        rule = _winner(held, first)
        if rule is None:
            continue
        if found and found[-1][2] is rule and found[-1][1] + _DAY == first:
            found[-1] = (found[-1][0], after - _DAY, rule)
        else:
            found.append((first, after - _DAY, rule))
    return found


def date_lines(family: Family, person: Person, issued: int) -> list[core.Date]:
    """The child's exceptions as a policy says them; a stretch that is over for two days is left out.

    issued: UTC seconds. A night that began on the last day lasts into the next one.
    """
    weeks = family.weeks_of(person.id)
    oldest = local(issued, person.zone).date() - 2 * _DAY
    return [
        core.Date(person.id, first.isoformat(), last.isoformat(), windows_of_rule(rule, weeks))
        for first, last, rule in spans(family.dates_of(person.id))
        if last >= oldest
    ]


def travels_of(family: Family, person: Person, issued: int) -> list[tuple[str, str, str, str]]:
    """Person, first and last day and zone of the stretches on which another zone's clock counts, as `date_lines`.

    A policy has room for a few of each person: the next ones.
    """
    oldest = local(issued, person.zone).date() - 2 * _DAY
    found = [
        (person.id, first.isoformat(), last.isoformat(), rule.zone)
        for first, last, rule in _stretches([rule for rule in family.dates_of(person.id) if rule.zone])
        if last >= oldest and rule.zone != person.zone
    ]
    return found[: core_limits.TRAVELS]


def _winner(rules: Iterable[DateRule], day: date) -> DateRule | None:
    text = day.isoformat()
    return min((rule for rule in rules if rule.first <= text <= rule.last), key=_rank, default=None)


def _rank(rule: DateRule) -> tuple[int, int, str]:
    return days_of(rule), -rule.at, rule.id
