"""Which windows a child has on a day, and whose clock counts: the week's and home's, or those of an exception.

It decides which of several exceptions holds: the one with the fewest days, and of equally long ones the newest. So
“today only” wins over a holiday, and a policy gets dates that never overlap. What the windows mean at a moment is
`stairgate.core.decide`'s part.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from stairgate.core import limits as core_limits
from stairgate.core import policy as core
from stairgate.hub import limits
from stairgate.hub.family import DateRule, Family, Person, Week
from stairgate.hub.local_time import at_minute, local, next_time

Window = tuple[int, int, str]  # start, end (minutes; `end` <= `start` on the next day), level

SATURDAY = 5
EVENING_MINUTE, EARLY_MINUTE = 17 * 60, 4 * 60  # a closed window from the one on, or before the other, is of a night
_JOINED_SECONDS = 300  # a night may be typed as 21:00–23:59 and 00:00–07:00
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
    """The name of the zone whose clock counts for a child now (UTC seconds), by the core's rule.

    A journey's clock counts from the second at which it first shows the first day, which may be the afternoon before at
    home, until it first shows the day after the last.
    """
    zone = person.zone
    for journey in journeys_of(family, person, now):
        if journey.begin <= now < journey.end:
            zone = journey.zone
    return zone


class Journey(NamedTuple):
    """Another zone's clock counts from second `begin` (UTC) to `end` (excluded), for the days first to last there."""

    begin: int
    end: int
    zone: str
    first: date
    last: date


def journeys_of(family: Family, person: Person, now: float) -> list[Journey]:
    """The child's journeys that are not long over, by their beginnings; where two overlap the later one counts."""
    found = []
    for _, first, last, zone in travels_of(family, person, int(now)):
        days = date.fromisoformat(first), date.fromisoformat(last)
        found.append(Journey(begin_of_day(days[0], zone), begin_of_day(days[1] + _DAY, zone), zone, *days))
    return sorted(found, key=lambda journey: journey.begin)


def begin_of_day(day: date, zone: str) -> int:
    """The second (UTC) at which the zone's clock first shows a day, or the next one where it left that out whole."""
    try:
        return at_minute(day, 0, zone)
    except ValueError:
        return at_minute(day + _DAY, 0, zone)


def windows_on(family: Family, person: str, day: date) -> tuple[Window, ...]:
    """The windows that begin on this day."""
    weeks = family.weeks_of(person)
    rule = rule_on(family.dates_of(person), day)
    return windows_of_rule(rule, weeks) if rule else windows_of_weekday(weeks, day.weekday())


def is_bedtime(window: Window) -> bool:
    """True for a closed window that lasts over midnight, begins in the evening, or in the small hours: a night's rest.

    A night may be two windows that meet at midnight.
    """
    start, end, level = window
    return level == "closed" and is_nightly(start, end)


def is_nightly(start: int, end: int) -> bool:
    """Whether a window of these minutes belongs to a night."""
    return end <= start or start >= EVENING_MINUTE or start < EARLY_MINUTE


def is_early(window: Window) -> bool:
    """True for a bedtime that begins in the small hours, of the night that began on the day before."""
    return is_bedtime(window) and window[0] < EARLY_MINUTE


def morning(family: Family, person: Person, now: float) -> int:
    """Where “until the morning” ends, in UTC seconds: with the bedtime of now or of the next night, else at 06:00.

    A night is what is closed around 04:00; bedtimes that overlap or meet are one. Never more than 36 hours away.
    """
    home = (family.person(person.id) or person).zone
    held = family.dates_of(person.id)

    def moment(day: date, minute: int) -> int:
        return at_minute(day, minute, zone_on(held, day, home))

    today = local(now, zone_at(family, person, now)).date()
    nights = []
    for begins in (today - _DAY, today, today + _DAY):
        for start, end, level in windows_on(family, person.id, begins):
            if is_bedtime((start, end, level)):
                nights.append((moment(begins, start), moment(begins + _DAY if end <= start else begins, end)))
    for day in (today, today + _DAY):
        end = _end_of_night(nights, moment(day, EARLY_MINUTE)) or moment(day, limits.MORNING_MINUTE)
        if end > now:
            return int(min(end, now + limits.OVERRIDE_SECONDS_MAX))
    return next_time(now, limits.MORNING_MINUTE, zone_at(family, person, now))


def _end_of_night(nights: Iterable[tuple[int, int]], hour: int) -> int | None:
    """The end of what is closed without a break around a second, None where nothing is."""
    found: tuple[int, int] | None = None
    for begin, end in sorted(nights):
        if found and begin <= found[1] + _JOINED_SECONDS:
            found = found[0], max(found[1], end)
        elif found and found[0] <= hour < found[1]:
            break
        else:
            found = begin, end
    return found[1] if found and found[0] <= hour < found[1] else None


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
