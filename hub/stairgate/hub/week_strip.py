"""A child's week, or one day, as a picture: bars on a grid of hours, with a table that says the same.

It decides where each bar begins and ends; colours and patterns are the style sheet's, sentences `schedule_words`'.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import NamedTuple

from stairgate.hub.day_segments import Segment
from stairgate.hub.day_windows import Window, windows_of_weekday
from stairgate.hub.family import Week
from stairgate.hub.language import N_, _
from stairgate.hub.said_tables import SaidRow, SaidTable
from stairgate.hub.schedule_words import LEVEL_FROM, hours
from stairgate.hub.wording import DAY_NAMES, in_a_row

DAY_MINUTES = 1440
STRICTNESS = ("open", "limited", "closed")
_ALL_DAY = SaidTable(
    {
        "open": N_("internet on all day"),
        "limited": N_("only the homework list all day"),
        "closed": N_("internet off all day"),
    }
)
_WEEKDAYS = SaidRow(
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday")
)
_MONTHS = SaidRow(
    N_("January"),
    N_("February"),
    N_("March"),
    N_("April"),
    N_("May"),
    N_("June"),
    N_("July"),
    N_("August"),
    N_("September"),
    N_("October"),
    N_("November"),
    N_("December"),
)


class Bar(NamedTuple):
    """A stretch of one level. x, width: in minutes of the day."""

    level: str
    x: int
    width: int


class Row(NamedTuple):
    """One day: its bars without a gap, and the same in words."""

    day: str
    bars: tuple[Bar, ...]
    says: str


def week_rows(weeks: Iterable[Week], default: str) -> tuple[Row, ...]:
    """Seven days, Monday first, each with the tail of the night before."""
    held = tuple(weeks)
    rows = []
    for weekday, name in enumerate(DAY_NAMES):
        today = windows_of_weekday(held, weekday)
        before = windows_of_weekday(held, (weekday - 1) % 7)
        bars = _bars(today, before, default)
        rows.append(Row(name, bars, _says(bars)))
    return tuple(rows)


def levels_of_day(today: Iterable[Window], before: Iterable[Window], default: str) -> list[tuple[int, int, str]]:
    """The wall-clock day in stretches (from, to, level): the strictest window holds, `default` outside all."""
    spans = [(start, end if end > start else DAY_MINUTES, level) for start, end, level in today]
    spans += [(0, end, level) for start, end, level in before if end <= start and end]
    edges = sorted({0, DAY_MINUTES, *(edge for span in spans for edge in span[:2])})
    found: list[tuple[int, int, str]] = []
    for begin, end in zip(edges, edges[1:], strict=False):
        levels = [level for first, last, level in spans if first <= begin < last]
        level = max(levels, key=STRICTNESS.index, default=default)
        if found and found[-1][2] == level:
            found[-1] = (found[-1][0], end, level)
        else:
            found.append((begin, end, level))
    return found


def day_bars(cut: Iterable[Segment], begin: int, end: int) -> tuple[Bar, ...]:
    """The bars of one real day; x and width in 1440ths of it, so that a day of 23 or 25 hours fills the picture too."""
    bars: list[Bar] = []
    for segment in cut:
        first = (segment.begin - begin) * DAY_MINUTES // (end - begin)
        last = (segment.end - begin) * DAY_MINUTES // (end - begin)
        level = segment.decision.level
        if bars and bars[-1].level == level:
            bars[-1] = Bar(level, bars[-1].x, last - bars[-1].x)
        else:
            bars.append(Bar(level, first, last - first))
    return tuple(bars)


def hour_marks(begin: int, end: int, wall: Callable[[int], datetime]) -> tuple[tuple[int, str], ...]:
    """Where the clock of a real day shows a sixth hour: x in 1440ths, and the hour. wall: what the clock shows."""
    marks = []
    for moment in range(begin, end, 900):
        then = wall(moment)
        if then.minute == 0 and then.hour % 6 == 0:
            marks.append(((moment - begin) * DAY_MINUTES // (end - begin), f"{then.hour:02}"))
    return tuple(marks)


def weekday_of(day: date) -> str:
    """`Friday 7 August 2026`."""
    text = _("{weekday} {day} {month} {year}")
    return text.format(weekday=_WEEKDAYS[day.weekday()], day=day.day, month=_MONTHS[day.month - 1], year=day.year)


def _bars(today: Iterable[Window], before: Iterable[Window], default: str) -> tuple[Bar, ...]:
    return tuple(Bar(level, begin, end - begin) for begin, end, level in levels_of_day(today, before, default))


def _says(bars: tuple[Bar, ...]) -> str:
    if len(bars) == 1:
        return _ALL_DAY[bars[0].level]
    return in_a_row(
        [LEVEL_FROM[bar.level].format(hours=hours(bar.x, (bar.x + bar.width) % DAY_MINUTES)) for bar in bars]
    )
