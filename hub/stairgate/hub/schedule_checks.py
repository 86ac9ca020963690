"""What a parent should know about a child's rules: those that overlap, have no effect, or never hold.

Values in, sentences out; it changes nothing. What holds on a day is `day_segments`' part.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from stairgate.hub import outlook
from stairgate.hub.day_segments import segments
from stairgate.hub.day_windows import LIKE_WEEK, rule_on, spans, windows_of_rule, windows_of_weekday
from stairgate.hub.family import Budget, DateRule, Family, Override, Person, Week
from stairgate.hub.language import N_, _
from stairgate.hub.said_tables import SaidTable
from stairgate.hub.schedule_words import budget_title, day_range, hours, minutes_text, rule_days, rule_text, window_text
from stairgate.hub.week_strip import STRICTNESS, levels_of_day
from stairgate.hub.wording import at_time, clock_time

_DAY, _WEEK = 1440, 7 * 1440
_ANYWAY = SaidTable(
    {
        "open": N_("“{time}” changes nothing: the internet is on then anyway."),
        "limited": N_("“{time}” changes nothing: only the homework list is open then anyway."),
        "closed": N_("“{time}” changes nothing: the internet is off then anyway."),
    }
)
_BOTH = SaidTable(
    {
        "open": N_("“{time}” and “{other}” overlap. While both hold, the internet is on."),
        "limited": N_("“{time}” and “{other}” overlap. While both hold, only the homework list is open."),
        "closed": N_("“{time}” and “{other}” overlap. While both hold, the internet is off."),
    }
)


_SPLIT_MINUTES = 30
_SPLIT = N_("“{time}” and “{other}” are one night in two parts. One time of {hours} says the same.")
_GAP = N_("Between “{time}” and “{other}” the internet is on for a moment. One time of {hours} has no gap.")


def week_warnings(weeks: Sequence[Week], default: str) -> list[str]:
    """Windows without an effect, and pairs that overlap."""
    found = []
    kept = list(weeks)
    for week in sorted(weeks, key=lambda week: (_length(week), week.id)):
        others = [other for other in kept if other is not week]
        if _levels(others, default, weeks) != _levels(kept, default, weeks):
            continue
        kept = others
        covering = next((other for other in others if _rank(other) >= _rank(week) and _overlap(week, other)), None)
        if covering is None:
            found.append(_ANYWAY[default].format(time=window_text(week)))
        else:
            text = _("“{time}” changes nothing: “{other}” holds at those times.")
            found.append(text.format(time=window_text(week), other=window_text(covering)))
    for index, week in enumerate(kept):
        for other in kept[index + 1 :]:
            if _overlap(week, other):
                level = max(week.level, other.level, key=STRICTNESS.index)
                found.append(_BOTH[level].format(time=window_text(week), other=window_text(other)))
    found.extend(_split_nights(kept))
    shut = sum(1 << day for day in range(7) if not open_minutes(weeks, default, day, 0))
    if shut:
        found.append(_("Nothing is ever open on {days}.").format(days=day_range(shut)))
    return found


def _split_nights(weeks: Sequence[Week]) -> list[str]:
    """Nights in two parts that meet at midnight, or nearly."""
    closed = [week for week in weeks if week.level == "closed"]
    found = []
    for evening in closed:
        for early in closed:
            ends = evening.end or _DAY
            gap = _DAY - ends + early.start
            nights = evening.days & (early.days >> 1 | (early.days & 1) << 6)
            if evening.start < ends and nights and early.start < early.end and gap <= _SPLIT_MINUTES:
                text = _SPLIT if gap == 0 else _GAP
                found.append(
                    _(text).format(
                        time=window_text(evening), other=window_text(early), hours=hours(evening.start, early.end)
                    )
                )
    return found


def date_warnings(rules: Sequence[DateRule], weeks: Sequence[Week], today: date) -> list[str]:
    """Exceptions to come that never hold, that another one covers in part, or that say what the week says."""
    coming = [rule for rule in rules if rule.last >= today.isoformat() and rule.like != LIKE_WEEK]
    held = spans(coming)
    found = []
    for rule in coming:
        own = [(first, last) for first, last, winner in held if winner is rule]
        if not own:
            text = _("“{rule}” never holds: other exceptions cover all of its days.")
            found.append(text.format(rule=rule_text(rule, today)))
        elif all(_is_usual(rule, weeks, first, last) for first, last in own):
            text = _("“{rule}” changes nothing: the week has the same times on these days.")
            found.append(text.format(rule=rule_text(rule, today)))
        for other in coming:
            if other is not rule and rule_on((rule, other), _first_common(rule, other)) is rule and own:
                text = _("Where “{days}” and “{winner}” overlap, the latter holds.")
                found.append(text.format(days=rule_days(other, today), winner=rule_days(rule, today)))
    return found


def budget_warnings(budgets: Sequence[Budget], weeks: Sequence[Week], default: str, day_start: int) -> list[str]:
    """Minutes that cannot be used up: more than are open, or more than there are in total."""
    opened = [open_minutes(weeks, default, weekday, day_start) for weekday in range(7)]
    total = next((budget.minutes for budget in budgets if budget.category == "total"), (-1,) * 7)
    found = []
    for budget in budgets:
        idle = sum(1 << day for day in range(7) if budget.minutes[day] >= opened[day] > 0)
        if idle:
            text = _("{title}: on {days} less time is open than these minutes, so they limit nothing.")
            found.append(text.format(title=budget_title(budget.category), days=day_range(idle)))
        above = sum(1 << day for day in range(7) if budget.minutes[day] > total[day] >= 0)
        if budget.category != "total" and above:
            least = min(total[day] for day in range(7) if above >> day & 1)
            text = _("{title}: on {days} these are more minutes than in total ({minutes}), so they are never used up.")
            found.append(
                text.format(title=budget_title(budget.category), days=day_range(above), minutes=minutes_text(least))
            )
    return found


def override_warnings(family: Family, person: Person, now: int) -> list[str]:
    """Pauses and extra time that last longer than what they interrupt."""
    found = []
    for override in family.overrides_of(person.id):
        if override.until <= now:
            continue
        without = replace(family, overrides=tuple(held for held in family.overrides if held.id != override.id))
        policy, device = outlook.of_calendar(without, person, now)
        cut = segments(policy, device, now, override.until)
        closed = [segment for segment in cut if segment.decision.level == "closed"]
        until = clock_time(override.until, person.zone, now)
        if override.kind == "pause" and closed and cut[-1].decision.level != "closed":
            ends = at_time(closed[-1].end, person.zone, now)
            text = _("The pause lasts until {until}, longer than the time off that ends {ends}.")
            found.append(text.format(until=until, ends=ends))
        if _opens(override) and closed and closed[0].begin > now:
            begins = clock_time(closed[0].begin, person.zone, now)
            text = _("Extra time lasts until {until}, past {begins}, when the internet would be off.")
            found.append(text.format(until=until, begins=begins))
    return found


def open_minutes(weeks: Iterable[Week], default: str, weekday: int, day_start: int) -> int:
    """How many minutes of the family's day that begins on this weekday at `day_start` are not closed."""
    held = tuple(weeks)
    count = 0
    for later, low, high in ((0, day_start, _DAY), (1, 0, day_start)):
        day = weekday + later
        today, before = windows_of_weekday(held, day % 7), windows_of_weekday(held, (day - 1) % 7)
        for begin, end, level in levels_of_day(today, before, default):
            if level != "closed":
                count += max(0, min(end, high) - max(begin, low))
    return count


def _levels(weeks: Sequence[Week], default: str, edges_of: Sequence[Week]) -> list[str]:
    """The level of each stretch of the week, cut at the edges of all windows in `edges_of`."""
    held = [(list(_spans(week)), week.level) for week in weeks]
    edges = sorted({0, *(edge for week in edges_of for span in _spans(week) for edge in span)})
    levels = []
    for edge in edges:
        covering = [level for found, level in held if any(low <= edge < high for low, high in found)]
        levels.append(max(covering, key=STRICTNESS.index, default=default))
    return levels


def _length(week: Week) -> int:
    return (week.end - week.start) % _DAY * week.days.bit_count()


def _spans(week: Week) -> Iterator[tuple[int, int]]:
    length = (week.end - week.start) % _DAY or _DAY
    for day in range(7):
        if week.days >> day & 1:
            begin = day * _DAY + week.start
            yield begin, min(begin + length, _WEEK)
            if begin + length > _WEEK:
                yield 0, begin + length - _WEEK


def _overlap(one: Week, other: Week) -> bool:
    return any(a < d and c < b for a, b in _spans(one) for c, d in _spans(other))


def _rank(week: Week) -> int:
    return STRICTNESS.index(week.level)


def _first_common(one: DateRule, other: DateRule) -> date:
    first = max(one.first, other.first)
    return date.fromisoformat(first) if first <= min(one.last, other.last) else date.min


def _is_usual(rule: DateRule, weeks: Sequence[Week], first: date, last: date) -> bool:
    windows = windows_of_rule(rule, weeks)
    days = min((last - first).days + 1, 7)
    usual = {windows_of_weekday(weeks, (first + timedelta(days=later)).weekday()) for later in range(days)}
    return not rule.zone and usual == {windows}


def _opens(override: Override) -> bool:
    return override.kind in ("bonus", "open")
