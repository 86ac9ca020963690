"""A child's calendar in sentences: windows of the week, exceptions on dates, minutes a day.

Every sentence about them is made here. What holds now is `wording`'s part, what holds on a day `day_words`'.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from stairgate.hub import categories
from stairgate.hub.bedtime_presets import SCHOOL_NIGHTS, WEEKEND_NIGHTS
from stairgate.hub.day_windows import LIKE_SATURDAY, LIKE_WEEK, Window
from stairgate.hub.family import Budget, DateRule, Week
from stairgate.hub.language import N_, _
from stairgate.hub.said_tables import SaidTable
from stairgate.hub.wording import DAY_NAMES, date_text, full_date_text, in_a_row, minute_time
from stairgate.hub.wording import minutes_text as minutes_text

#: Of a stretch of one day.
LEVEL_FROM = SaidTable(
    {
        "open": N_("{hours} internet on"),
        "limited": N_("{hours} only the homework list"),
        "closed": N_("{hours} internet off"),
    }
)
_EVERY_DAY, _SCHOOL_DAYS, _WEEKEND = 127, 31, 96
_DAYTIME = {_EVERY_DAY: N_("Every day"), _SCHOOL_DAYS: N_("School days (Mon–Fri)"), _WEEKEND: N_("Weekends (Sat, Sun)")}
_NIGHTS = {
    _EVERY_DAY: N_("Every night"),
    SCHOOL_NIGHTS: N_("School nights (Sun–Thu)"),
    WEEKEND_NIGHTS: N_("Fridays and Saturdays"),
}
_WINDOW = SaidTable(
    {
        "open": N_("{days}: internet on {hours}"),
        "limited": N_("{days}: only the homework list {hours}"),
        "closed": N_("{days}: internet off {hours}"),
    }
)
_HOURS = SaidTable(
    {
        "open": N_("internet on {hours}"),
        "limited": N_("only the homework list {hours}"),
        "closed": N_("internet off {hours}"),
    }
)
_OTHERWISE = SaidTable(
    {
        "open": N_("At all other times the internet is on."),
        "limited": N_("At all other times only the homework list is open."),
        "closed": N_("At all other times the internet is off."),
    }
)
# What an exception puts in the week's place: at home, and on a journey.
_SATURDAY = N_("{days}: as on Saturdays"), N_("{days}: as on Saturdays, by the clock of {zone}")
_USUAL = N_("{days}: the usual times"), N_("{days}: the usual times, by the clock of {zone}")
_FREE = (
    N_("{days}: no bedtime and no other times"),
    N_("{days}: no bedtime and no other times, by the clock of {zone}"),
)
_NO_BEDTIME = N_("{days}: no bedtime, {times}"), N_("{days}: no bedtime, {times}, by the clock of {zone}")
_OWN = N_("{days}: {times}"), N_("{days}: {times}, by the clock of {zone}")


def window_days(days: int, start: int, end: int) -> str:
    """`School nights (Sun–Thu)` for an overnight window, `School days (Mon–Fri)` for one of the day."""
    text = (_NIGHTS if end <= start else _DAYTIME).get(days)
    return _(text) if text else day_range(days)


def day_range(days: int) -> str:
    """`Mon–Fri`, `Sat–Mon`, `Tue, Thu`: three or more days in a row become a range, also over the week's end."""
    if days == _EVERY_DAY:
        return _("Mon–Sun")
    chosen = [index for index in range(7) if days >> index & 1]
    runs: list[list[int]] = []
    for index in chosen:
        if runs and runs[-1][-1] + 1 == index:
            runs[-1].append(index)
        else:
            runs.append([index])
    if len(runs) > 1 and runs[0][0] == 0 and runs[-1][-1] == 6:
        runs[0] = runs.pop() + runs[0]
    return in_a_row([text for run in runs for text in _run(run)])


def _run(days: Sequence[int]) -> list[str]:
    names = [DAY_NAMES[day] for day in days]
    return [_("{first}–{last}").format(first=names[0], last=names[-1])] if len(names) > 2 else names


def hours(start: int, end: int) -> str:
    """`20:30–07:00`."""
    return f"{minute_time(start)}–{minute_time(end)}"


def window_text(week: Week) -> str:
    """`School nights (Sun–Thu): internet off 20:30–07:00`."""
    days = window_days(week.days, week.start, week.end)
    return _WINDOW[week.level].format(days=days, hours=hours(week.start, week.end))


def windows_text(windows: Iterable[Window]) -> str:
    """`internet off 21:30–07:00, only the homework list 15:00–17:00`."""
    return in_a_row([_HOURS[level].format(hours=hours(start, end)) for start, end, level in windows])


def otherwise_text(level: str) -> str:
    """What holds outside all windows."""
    return _OTHERWISE[level]


def day_text(day: date, year: int) -> str:
    """`Fri 7 Aug`, with its year where that is not `year`."""
    return date_text(day) if day.year == year else full_date_text(day)


def dates_text(rule: DateRule, year: int) -> str:
    """`Fri 7 Aug`, `Mon 3 Aug to Fri 14 Aug`."""
    first, last = date.fromisoformat(rule.first), date.fromisoformat(rule.last)
    if first == last:
        return day_text(first, year)
    return _("{first} to {last}").format(first=day_text(first, year), last=day_text(last, year))


def rule_days(rule: DateRule, today: date) -> str:
    """`Only today`, else as `dates_text`."""
    return _("Only today") if rule.first == rule.last == today.isoformat() else dates_text(rule, today.year)


def rule_text(rule: DateRule, today: date) -> str:
    """`Only today: no bedtime`, `Mon 3 Aug to Fri 14 Aug: as on Saturdays`."""
    return rule_on_days(rule, rule_days(rule, today))


def rule_on_days(rule: DateRule, days: str) -> str:
    """The same with its days in words: what an exception puts in the week's place."""
    at_home, away = _rule(rule)
    return _(away if rule.zone else at_home).format(days=days, times=windows_text(rule.windows), zone=rule.zone)


def _rule(rule: DateRule) -> tuple[str, str]:
    if rule.like == LIKE_SATURDAY:
        return _SATURDAY
    if rule.like == LIKE_WEEK:
        return _USUAL
    if not rule.windows:
        return _FREE
    return _OWN if any(window[2] == "closed" for window in rule.windows) else _NO_BEDTIME


def budget_title(category: str) -> str:
    """`In total`, or what the category is called."""
    return _("In total") if category == "total" else categories.title(category)


def budget_text(budget: Budget) -> str:
    """`In total: 1 h every day`, `In total: Mon–Fri 1 h; Sat, Sun 1 h 30 min`."""
    title = budget_title(budget.category)
    if len(set(budget.minutes)) == 1:
        return _("{title}: {minutes} every day").format(title=title, minutes=minutes_text(budget.minutes[0]))
    return _("{title}: {minutes_by_day}").format(title=title, minutes_by_day=_minutes_by_day(budget.minutes))


def _minutes_by_day(minutes: Sequence[int]) -> str:
    """`Mon–Fri 1 h; Sat, Sun 1 h 30 min`: days with the same minutes stand together."""
    masks: dict[int, int] = {}
    for weekday, count in enumerate(minutes):
        masks[count] = masks.get(count, 0) | 1 << weekday
    texts = [(day_range(mask), minutes_text(count)) for count, mask in masks.items()]
    return "; ".join(_("{days} {minutes}").format(days=days, minutes=count) for days, count in texts)
