"""Any day of a child, before it comes: a picture, sentences, and which rule wins at a chosen moment.

It reads the request and lays out the answer; what holds is asked of the same core that routers run (`day_segments`).
Nothing is changed here.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from stairgate.hub import audit, day_words, forms, limits, outlook, schedule_checks, schedule_forms, schedule_words
from stairgate.hub.context import overview, page, parts
from stairgate.hub.day_segments import as_tapped, at, day_range, segments
from stairgate.hub.day_windows import zone_at, zone_on
from stairgate.hub.family import Family, Person, read_family
from stairgate.hub.language import _
from stairgate.hub.local_time import at_minute, local
from stairgate.hub.notes import read_notes
from stairgate.hub.week_strip import Bar, day_bars, hour_marks, weekday_of

day_view = Blueprint("day", __name__, url_prefix="/children/<person>/day")
Answer = Response | tuple[str, int]
_DAY = timedelta(days=1)


class Preview(NamedTuple):
    """One day, laid out. hours: its length where the clocks change, else 0. zone: where it is not the child's own."""

    summary: str
    lines: tuple[day_words.Line, ...]
    bars: tuple[Bar, ...]
    marks: tuple[tuple[int, str], ...]
    zone: str
    hours: int
    says: str
    rule: day_words.Rule | None


@day_view.get("")
def show(person: str) -> Answer:
    """The day `date` (2026-08-07; today without it), and the moment `at` (20:45; now, where it is today)."""
    card = overview().card(person)
    if not card:
        abort(404)
    with parts().acts.reading() as rows:
        family, notes = read_family(rows), read_notes(rows)
    child, now = card.person, int(parts().clock.wall())
    today = local(now, zone_at(family, child, now)).date()
    faults: forms.Faults = {}
    day = _day(today, faults)
    minute = _minute(faults)
    shown = _preview(family, child, day, minute, now)
    who = notes.get(shown.rule.id) if shown.rule else None
    return page(
        "day.html",
        422 if faults else 200,
        card=card,
        child=child,
        day=day,
        today=today,
        title=weekday_of(day),
        shown=shown,
        by=audit.shown(who.by) if who and who.by else "",
        before=(day - _DAY).isoformat(),
        after=(day + _DAY).isoformat(),
        at=request.args.get("at", "")[:5],
        budgets=[held for held in family.budgets_of(person) if held.minutes[day.weekday()] >= 0],
        warnings=schedule_checks.override_warnings(family, child, now) if day == today else [],
        words=schedule_words,
        faults=faults,
    )


def _day(today: date, faults: forms.Faults) -> date:
    text = request.args.get("date", "")
    if not text:
        return today
    day = schedule_forms.read_date(text)
    if day is None:
        faults["date"] = _("Please give a day, such as 2026-08-07.")
    elif abs((day - today).days) > limits.PREVIEW_DAYS:
        text = _("Please choose a day less than {count} days away.")
        faults["date"] = text.format(count=limits.PREVIEW_DAYS)
    return today if "date" in faults or day is None else day


def _minute(faults: forms.Faults) -> int | None:
    text = request.args.get("at", "")
    minute = forms.read_minute(text) if text else None
    if text and minute is None:
        faults["at"] = _("Please give a time, such as 20:45.")
    return minute


def _preview(family: Family, child: Person, day: date, minute: int | None, now: int) -> Preview:
    zone = zone_on(family.dates_of(child.id), day, child.zone)
    begin, end = day_range(day, zone)
    policy, device = outlook.of_calendar(as_tapped(family), child, begin)
    there = replace(child, zone=zone)
    cut = segments(policy, device, begin, end)
    moment = now if minute is None else max(at_minute(day, minute, zone), begin)
    held = at(cut, min(moment, end - 1)) if minute is not None else at(cut, moment)
    says, rule = day_words.at_moment(family, there, held, moment) if held else ("", None)
    hours = round((end - begin) / 3600)
    return Preview(
        day_words.summary(there, cut),
        day_words.lines_of(family, there, cut),
        day_bars(cut, begin, end),
        hour_marks(begin, end, zone),
        "" if zone == child.zone else zone,
        0 if hours == 24 else hours,
        says,
        rule,
    )
