"""What people type about a child's calendar, read and checked: all faults of a form at once, each with its field.

It decides what a form may say; whether the act is possible now is `schedule_acts`' part. Windows of the week are read
by `forms.read_bedtime`.
"""

from datetime import date, timedelta
from typing import NamedTuple

from stairgate.hub import limits
from stairgate.hub.categories import TIMED
from stairgate.hub.day_windows import LIKE_SATURDAY, LIKE_WEEK, Window
from stairgate.hub.forms import Faults, Form, read_minute
from stairgate.hub.language import _
from stairgate.hub.local_time import zone_names
from stairgate.hub.plain_text import clean_line

LEVELS = ("open", "limited", "closed")
#: Windows that one form of an exception has fields for; more are added by saving and opening it again.
ROWS = 3
_LONGEST_DATE = 10


class DatesForm(NamedTuple):
    """An exception on dates; `rule` and `revision` when an old one is changed."""

    first: str
    last: str
    windows: tuple[Window, ...]
    like: str
    zone: str
    note: str
    rule: str | None
    revision: int


class BudgetForm(NamedTuple):
    """Minutes of each weekday, Monday first, -1 for no limit."""

    category: str
    minutes: tuple[int, ...]


def read_date(text: str) -> date | None:
    """The day of `2026-08-07`, None for anything else."""
    text = text.strip()
    if len(text) != _LONGEST_DATE or not text.isascii():
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_dates(form: Form, today: date) -> tuple[DatesForm, Faults]:
    """The form and its faults.

    Windows come as `start-N`, `end-N`, `level-N`; `as` is `own`, `free`, `saturday` or `week`.
    """
    first, last = read_date(form.get("first", "")), read_date(form.get("last", "") or form.get("first", ""))
    faults: Faults = {}
    if first is None:
        faults["first"] = _("Please give the first day.")
    if last is None:
        faults["last"] = _("Please give the last day.")
    if first and last:
        _check_days(first, last, today, faults)
    how = form.get("as", "own")
    windows = _windows(form, faults) if how == "own" else ()
    if how not in ("own", "free", LIKE_SATURDAY, LIKE_WEEK):
        faults["as"] = _("Please choose what holds on these days.")
    if how == "own" and not windows and not faults:
        faults["start-0"] = _("Please give at least one time, or choose that no bedtime holds.")
    zone = form.get("zone", "")
    if zone and zone not in zone_names():
        faults["zone"] = _("Please choose a time zone from the list.")
    if how == LIKE_WEEK and not zone and "zone" not in faults:
        faults["zone"] = _("Please give the time zone of the journey: the times stay as usual.")
    note = clean_line(form.get("note", ""), limits.NOTE_CHARACTERS_MAX)
    return (
        DatesForm(
            first.isoformat() if first else "",
            last.isoformat() if last else "",
            windows,
            how if how in (LIKE_SATURDAY, LIKE_WEEK) else "",
            zone,
            note,
            form.get("rule") or None,
            _count(form.get("revision", "")) or 0,
        ),
        faults,
    )


def read_budget(form: Form) -> tuple[BudgetForm, Faults]:
    """The form and its faults: `category`, and `minutes-0` (Monday) to `minutes-6`, empty for no limit."""
    category = form.get("category", "total")
    faults: Faults = {}
    if category != "total" and category not in TIMED:
        faults["category"] = _("Please choose what is counted.")
    minutes = []
    for weekday in range(7):
        text = form.get(f"minutes-{weekday}", "").strip()
        count = _count(text)
        if text and (count is None or count > limits.BUDGET_MINUTES_MAX):
            faults[f"minutes-{weekday}"] = _("Please give minutes from 0 to 1440, or nothing for no limit.")
        minutes.append(-1 if not text or count is None else count)
    return BudgetForm(category, tuple(minutes)), faults


def read_day_start(form: Form) -> int | None:
    """The minute at which a family's day begins, None when it is none of `limits.DAY_START_MINUTES`."""
    minute = _count(form.get("minute", ""))
    return minute if minute in limits.DAY_START_MINUTES else None


def _check_days(first: date, last: date, today: date, faults: Faults) -> None:
    if last < first:
        faults["last"] = _("Please let the last day not be before the first.")
    elif last < today:
        faults["last"] = _("These days are over. Please choose days to come.")
    elif (last - first).days >= limits.DATE_RULE_DAYS_MAX:
        faults["last"] = _("An exception lasts a year at most. Please choose an earlier last day.")
    elif first > today + timedelta(days=limits.DATE_RULE_DAYS_AHEAD):
        faults["first"] = _("This is more than two years away. Please choose an earlier day.")


def _windows(form: Form, faults: Faults) -> tuple[Window, ...]:
    windows: list[Window] = []
    for row in range(limits.DATE_WINDOWS_MAX):
        texts = form.get(f"start-{row}", "").strip(), form.get(f"end-{row}", "").strip()
        if not any(texts):
            continue
        start, end = read_minute(texts[0]), read_minute(texts[1])
        level = form.get(f"level-{row}", "closed")
        if start is None or end is None or start == end:
            faults[f"start-{row}"] = _("Please give two different times, such as 20:30 and 07:00.")
        elif level not in LEVELS:
            faults[f"level-{row}"] = _("Please choose what is on then.")
        else:
            windows.append((start, end, level))
    return tuple(sorted(set(windows)))


def _count(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None
