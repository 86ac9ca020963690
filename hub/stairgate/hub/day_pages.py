"""Any day of a child, before it comes: a picture, sentences, and which rule wins at a chosen moment.

It reads the request and lays out the answer; what holds is asked of the same core that routers run (`day_segments`).
Nothing is changed here.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from stairgate.hub import (
    audit,
    day_beside,
    day_words,
    forms,
    limits,
    outlook,
    schedule_checks,
    schedule_forms,
)
from stairgate.hub.context import overview, page, parts
from stairgate.hub.day_clock import DayClock
from stairgate.hub.day_segments import as_tapped, at, segments
from stairgate.hub.day_windows import begin_of_day, zone_at
from stairgate.hub.family import Family, Person, read_family
from stairgate.hub.language import _
from stairgate.hub.local_time import local
from stairgate.hub.notes import Note, read_notes
from stairgate.hub.quiet_hours import read_quiet
from stairgate.hub.today import family_date
from stairgate.hub.week_strip import Bar, day_bars, hour_marks, weekday_of

day_view = Blueprint("day", __name__, url_prefix="/children/<person>/day")
Answer = Response | tuple[str, int]
_DAY = timedelta(days=1)


class Moment(NamedTuple):
    """What holds at one moment, the rule that won, and who set it, by name or ""."""

    says: str
    rule: day_words.Rule
    by: str


class Preview(NamedTuple):
    """One day, laid out. hours: its length where it is not 24, else 0. beside: sentences about all of it.

    ends: the hour that ends it. moments: two where the clock shows the chosen time twice, none where none is in it.
    """

    summary: str
    lines: tuple[day_words.Line, ...]
    bars: tuple[Bar, ...]
    marks: tuple[tuple[int, str], ...]
    ends: str
    hours: int
    clocks: list[str]
    moments: tuple[Moment, ...]


@day_view.get("")
def show(person: str) -> Answer:
    """The day `date` (2026-08-07; today without it), and the moment `at` (20:45; now, where it is today)."""
    card = overview().card(person)
    if not card:
        abort(404)
    with parts().acts.reading() as rows:
        family, notes, quiets = read_family(rows), read_notes(rows), read_quiet(rows)
    child, now = card.person, int(parts().clock.wall())
    today = local(now, zone_at(family, child, now)).date()
    faults: forms.Faults = {}
    day = _day(today, faults)
    minute = _minute(faults)
    is_running = day == family_date(now, zone_at(family, child, now), family.day_start)
    allowed = outlook.allowances_of(family, now, outlook.nothing_used).get(person, ()) if is_running else ()
    return page(
        "day.html",
        422 if faults else 200,
        card=card,
        child=child,
        day=day,
        today=today,
        title=weekday_of(day),
        shown=_preview(family, child, notes, day, minute, now),
        before=(day - _DAY).isoformat(),
        after=(day + _DAY).isoformat(),
        at=request.args.get("at", "")[:5],
        beside=[
            *day_beside.minutes_says(family, child, day, allowed),
            *day_beside.quiet_says(family, child, day, quiets),
        ],
        warnings=schedule_checks.override_warnings(family, child, now) if day == today else [],
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


def _preview(
    family: Family, child: Person, notes: Mapping[str, Note], day: date, minute: int | None, now: int
) -> Preview:
    policy, device = outlook.of_calendar(as_tapped(family), child, begin_of_day(day, child.zone))
    clock = DayClock(policy, child.id)
    begin, end = clock.day(day)
    cut = segments(policy, device, begin, end)
    moments = []
    for moment in (now,) if minute is None else clock.moments(day, minute):
        if held := at(cut, moment if minute is None else max(begin, min(moment, end - 1))):
            says, rule = day_words.at_moment(family, child, clock, held, moment)
            moments.append(Moment(says, rule, _author(notes.get(rule.id))))
    hours = round((end - begin) / 3600)
    return Preview(
        day_words.summary(clock, cut),
        day_words.lines_of(family, child, clock, cut),
        day_bars(cut, begin, end),
        hour_marks(begin, end, clock.wall),
        f"{clock.up_to(end):%H}".replace("00", "24"),
        0 if hours == 24 else hours,
        day_beside.clock_says(family, child, clock, begin, end),
        tuple(moments),
    )


def _author(note: Note | None) -> str:
    return audit.shown(note.by) if note and note.by else ""
