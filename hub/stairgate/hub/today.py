"""What can be different only today for a child: no bedtime, an hour later, like a Saturday.

It decides which day “today” is (the family's, so at half past midnight still yesterday's), which of these makes sense
now and which windows each stands for. Writing it down is `schedule_acts`' part.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from stairgate.hub.day_windows import (
    LIKE_SATURDAY,
    SATURDAY,
    Window,
    is_bedtime,
    is_early,
    rule_on,
    windows_of_weekday,
    windows_on,
    zone_at,
)
from stairgate.hub.family import DateRule, Family, Person
from stairgate.hub.language import _
from stairgate.hub.local_time import at_minute, local
from stairgate.hub.schedule_words import rule_text
from stairgate.hub.wording import minute_time

NO_BEDTIME, LATER = "none", "later"
_LATER_MINUTES, _DAY_MINUTES = 60, 1440


class Choice(NamedTuple):
    """One button: what it posts and what it says."""

    id: str
    text: str


class Today(NamedTuple):
    """What a card offers. says: the exception that holds only today, empty when there is none; rule: its id."""

    day: date
    choices: tuple[Choice, ...]
    says: str
    rule: str


def family_date(now: float, zone: str, day_start: int) -> date:
    """The date that people mean by “today”: until `day_start` (a minute) the night still belongs to yesterday."""
    then = local(now, zone)
    early = then.hour * 60 + then.minute < day_start
    return then.date() - timedelta(days=1 if early else 0)


def bedtime_of(windows: tuple[Window, ...]) -> Window | None:
    """The bedtime among a day's windows: closed, and over midnight or from the evening on. The earliest of several."""
    return next((window for window in sorted(windows) if is_bedtime(window) and not is_early(window)), None)


def freed_after(family: Family, person: Person, day: date, usual: tuple[Window, ...]) -> tuple[Window, ...]:
    """What “no bedtime” puts over the small hours of the next day where the night goes on there; else nothing.

    Windows of a date go before those of the week, also of the next day's.
    """
    ends = [window[1] for window in windows_on(family, person.id, day + timedelta(days=1)) if is_early(window)]
    if not ends or person.default_level == "closed":
        return ()
    evening = bedtime_of(usual)
    return ((evening[0] if evening else _DAY_MINUTES - 1, max(ends), person.default_level),)


def today_of(family: Family, person: Person, now: float) -> Today:
    """What can be different today, and what is."""
    zone = zone_at(family, person, now)
    day = family_date(now, zone, family.day_start)
    rule = _only(family, person.id, day)
    usual = windows_on(_without(family, rule), person.id, day)
    freed = freed_after(family, person, day, usual)
    is_away = local(now, zone).utcoffset() != local(now, person.zone).utcoffset()
    choices = []
    bedtime = bedtime_of(usual)
    if bedtime or freed:
        choices.append(Choice(NO_BEDTIME, _("No bedtime")))
    if bedtime:
        start, end, _level = bedtime
        later = start + _LATER_MINUTES
        if later < (_DAY_MINUTES if end <= start else end) and at_minute(day, later, zone) > now:
            text = _("Bedtime at {time} by the clock there") if is_away else _("Bedtime at {time}")
            choices.append(Choice(LATER, text.format(time=minute_time(later))))
    if windows_of_weekday(family.weeks_of(person.id), SATURDAY) != usual:
        choices.append(Choice(LIKE_SATURDAY, _("As on Saturdays")))
    return Today(day, tuple(choices), _says(rule, usual, freed, day, is_away) if rule else "", rule.id if rule else "")


def changed(choice: str, usual: tuple[Window, ...], freed: tuple[Window, ...] = ()) -> tuple[Window, ...]:
    """The day's windows after a choice; those of a Saturday stay with the week (`DateRule.like`).

    freed: as `freed_after` says. The small hours of the day itself are the night's before.
    """
    if choice == LIKE_SATURDAY:
        return ()
    if choice == NO_BEDTIME:
        return (*(window for window in usual if not is_bedtime(window) or is_early(window)), *freed)
    first = bedtime_of(usual)
    return tuple(
        (start + _LATER_MINUTES, end, level) if (start, end, level) == first else (start, end, level)
        for start, end, level in usual
    )


def usual_windows(family: Family, person: str, day: date) -> tuple[Window, ...]:
    """The day's windows without what holds only on it."""
    return windows_on(_without(family, _only(family, person, day)), person, day)


def _says(rule: DateRule, usual: tuple[Window, ...], freed: tuple[Window, ...], day: date, is_away: bool) -> str:
    """The difference to the usual day, where a tap made it; else the exception whole."""
    bedtime = bedtime_of(rule.windows)
    if not rule.like and not rule.zone and rule.windows == changed(NO_BEDTIME, usual, freed) != usual:
        return _("Only today: no bedtime")
    if not rule.like and not rule.zone and bedtime and rule.windows == changed(LATER, usual):
        text = _("Only today: bedtime at {time} by the clock there") if is_away else _("Only today: bedtime at {time}")
        return text.format(time=minute_time(bedtime[0]))
    return rule_text(rule, day)


def _only(family: Family, person: str, day: date) -> DateRule | None:
    rule = rule_on(family.dates_of(person), day)
    return rule if rule and rule.first == rule.last else None


def _without(family: Family, rule: DateRule | None) -> Family:
    return replace(family, dates=tuple(held for held in family.dates if held != rule)) if rule else family
