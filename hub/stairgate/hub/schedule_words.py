"""A child's calendar in sentences: windows of the week, exceptions on dates, minutes a day.

Every sentence about them is made here. What holds now is `wording`'s part, what holds on a day `day_words`'.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from stairgate.hub import categories
from stairgate.hub.bedtime_presets import SCHOOL_NIGHTS, WEEKEND_NIGHTS
from stairgate.hub.day_windows import LIKE_SATURDAY, LIKE_WEEK, Window
from stairgate.hub.family import Budget, DateRule, Week
from stairgate.hub.wording import DAY_NAMES, minute_time

LEVEL_WORDS = {"open": "internet on", "limited": "only the homework list", "closed": "internet off"}
_EVERY_DAY, _SCHOOL_DAYS, _WEEKEND = 127, 31, 96
_DAYTIME = {_EVERY_DAY: "Every day", _SCHOOL_DAYS: "School days (Mon–Fri)", _WEEKEND: "Weekends (Sat, Sun)"}
_NIGHTS = {
    _EVERY_DAY: "Every night",
    SCHOOL_NIGHTS: "School nights (Sun–Thu)",
    WEEKEND_NIGHTS: "Fridays and Saturdays",
}
_OTHERWISE = {
    "open": "At all other times the internet is on.",
    "limited": "At all other times only the homework list is open.",
    "closed": "At all other times the internet is off.",
}


def window_days(days: int, start: int, end: int) -> str:
    """`School nights (Sun–Thu)` for an overnight window, `School days (Mon–Fri)` for one of the day."""
    return (_NIGHTS if end <= start else _DAYTIME).get(days) or day_range(days)


def day_range(days: int) -> str:
    """`Mon–Fri`, `Sat–Mon`, `Tue, Thu`: three or more days in a row become a range, also over the week's end."""
    if days == _EVERY_DAY:
        return "Mon–Sun"
    chosen = [index for index in range(7) if days >> index & 1]
    runs: list[list[int]] = []
    for index in chosen:
        if runs and runs[-1][-1] + 1 == index:
            runs[-1].append(index)
        else:
            runs.append([index])
    if len(runs) > 1 and runs[0][0] == 0 and runs[-1][-1] == 6:
        runs[0] = runs.pop() + runs[0]
    return ", ".join(
        f"{DAY_NAMES[run[0]]}–{DAY_NAMES[run[-1]]}" if len(run) > 2 else ", ".join(DAY_NAMES[index] for index in run)
        for run in runs
    )


def hours(start: int, end: int) -> str:
    """`20:30–07:00`."""
    return f"{minute_time(start)}–{minute_time(end)}"


def window_text(week: Week) -> str:
    """`School nights (Sun–Thu): internet off 20:30–07:00`."""
    return f"{window_days(week.days, week.start, week.end)}: {LEVEL_WORDS[week.level]} {hours(week.start, week.end)}"


def windows_text(windows: Iterable[Window]) -> str:
    """`internet off 21:30–07:00, only the homework list 15:00–17:00`, or `no times` for none."""
    texts = [f"{LEVEL_WORDS[level]} {hours(start, end)}" for start, end, level in windows]
    return ", ".join(texts) or "no times with other rules"


def otherwise_text(level: str) -> str:
    """What holds outside all windows."""
    return _OTHERWISE[level]


def day_text(day: date, year: int) -> str:
    """`Fri 7 Aug`, with its year where that is not `year`."""
    text = f"{DAY_NAMES[day.weekday()]} {day.day} {day:%b}"
    return text if day.year == year else f"{text} {day.year}"


def dates_text(rule: DateRule, year: int) -> str:
    """`Fri 7 Aug`, `Mon 3 Aug to Fri 14 Aug`."""
    first, last = date.fromisoformat(rule.first), date.fromisoformat(rule.last)
    return day_text(first, year) if first == last else f"{day_text(first, year)} to {day_text(last, year)}"


def rule_days(rule: DateRule, today: date) -> str:
    """`Only today`, else as `dates_text`."""
    return "Only today" if rule.first == rule.last == today.isoformat() else dates_text(rule, today.year)


def rule_text(rule: DateRule, today: date) -> str:
    """`Only today: no bedtime`, `Mon 3 Aug to Fri 14 Aug: as on Saturdays`."""
    return f"{rule_days(rule, today)}: {rule_says(rule)}"


def rule_says(rule: DateRule) -> str:
    """What an exception puts in the week's place."""
    if rule.like == LIKE_SATURDAY:
        says = "as on Saturdays"
    elif rule.like == LIKE_WEEK:
        says = "the usual times"
    elif not rule.windows:
        says = "no bedtime and no other times"
    elif all(level != "closed" for _, _, level in rule.windows):
        says = f"no bedtime, {windows_text(rule.windows)}"
    else:
        says = windows_text(rule.windows)
    return f"{says}, by the clock of {rule.zone}" if rule.zone else says


def minutes_text(minutes: int) -> str:
    """`45 min`, `1 h`, `1 h 30 min`, `no limit`."""
    if minutes < 0:
        return "no limit"
    whole, rest = divmod(minutes, 60)
    return " ".join(filter(None, (f"{whole} h" if whole else "", f"{rest} min" if rest or not whole else "")))


def budget_title(category: str) -> str:
    """`In total`, or what the category is called."""
    return "In total" if category == "total" else categories.title(category)


def budget_text(budget: Budget) -> str:
    """`In total: Mon–Fri 1 h, Sat, Sun 1 h 30 min`."""
    return f"{budget_title(budget.category)}: {minutes_by_day(budget.minutes)}"


def minutes_by_day(minutes: Sequence[int]) -> str:
    """`1 h every day`, `Mon–Fri 1 h, Sat, Sun 1 h 30 min`: days with the same minutes stand together."""
    if len(set(minutes)) == 1:
        return f"{minutes_text(minutes[0])} every day"
    masks: dict[int, int] = {}
    for weekday, count in enumerate(minutes):
        masks[count] = masks.get(count, 0) | 1 << weekday
    return "; ".join(f"{day_range(mask)} {minutes_text(count)}" for count, mask in masks.items())
