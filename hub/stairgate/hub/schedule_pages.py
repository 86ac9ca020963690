"""A child's calendar on one page: the week, exceptions on dates, minutes a day; every act is a POST that answers 303.

It reads requests and lays out answers; what a tap does is `schedule_acts`' and `budget_acts`' part, what may be typed
`schedule_forms`'.
"""

from collections.abc import Callable

from flask import Blueprint, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import (
    audit,
    bedtime_presets,
    categories,
    day_words,
    forms,
    outlook,
    schedule_checks,
    schedule_forms,
    schedule_words,
)
from stairgate.hub.acts import NoSuchChild, NotPossible
from stairgate.hub.budget_acts import BudgetActs
from stairgate.hub.context import overview, page, parts
from stairgate.hub.day_clock import DayClock
from stairgate.hub.day_segments import as_tapped, segments
from stairgate.hub.family import DateRule, Family, Person, Week, read_family
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.journeys import journey_warnings
from stairgate.hub.language import N_, _
from stairgate.hub.local_time import local, zone_names
from stairgate.hub.schedule_acts import ScheduleActs, is_night
from stairgate.hub.store import Conflict
from stairgate.hub.week_strip import week_rows

schedule = Blueprint("schedule", __name__, url_prefix="/children/<person>")
Answer = Response | tuple[str, int]
Typed = Week | DateRule | None  # what a form with faults said, for its fields

_TOO_LARGE = N_("These are more rules than the router can hold. Remove some first.")


@schedule.get("/schedule")
def show(person: str) -> Answer:
    """The calendar of this child."""
    return _show(person)


@schedule.post("/bedtime")
def set_window(person: str) -> Answer:
    """Add a window of the week (days, start, end, level), or change the one named by week and revision."""
    wanted, faults = forms.read_bedtime(request.form)
    typed = Week(wanted.week or "", person, wanted.days, wanted.start, wanted.end, wanted.level, wanted.revision)
    return _act(person, lambda: _acts().set_window(person, wanted), "week", faults, typed)


@schedule.post("/bedtime/<week>/remove")
def remove_window(person: str, week: str) -> Answer:
    """Remove a window of the week."""
    return _act(person, lambda: _acts().remove_window(person, week), "week")


@schedule.post("/schedule/preset")
def choose_bedtimes(person: str) -> Answer:
    """The bedtimes of an age band instead of the ones there are: `preset`."""
    preset = bedtime_presets.BY_BAND.get(request.form.get("preset", ""))
    if preset is None:
        return _show(person, 422, {"preset": _("Please choose an age.")})
    return _act(person, lambda: _acts().choose_bedtimes(person, preset), "week")


@schedule.post("/schedule/otherwise")
def set_otherwise(person: str) -> Answer:
    """What holds outside all windows: `level`."""
    level = request.form.get("level", "")
    faults = {} if level in schedule_forms.LEVELS else {"level": _("Please choose what holds at all other times.")}
    return _act(person, lambda: _acts().set_otherwise(person, level), "week", faults)


@schedule.post("/schedule/copy")
def copy_week(person: str) -> Answer:
    """The week of the child `source` instead of this one's."""
    source = request.form.get("source", "")
    return _act(person, lambda: _acts().copy_from(person, source), "week")


@schedule.post("/schedule/dates")
def set_dates(person: str) -> Answer:
    """Add an exception on dates, or change the one named by `rule` and `revision`."""
    card = overview().card(person) or abort(404)
    wanted, faults = schedule_forms.read_dates(request.form, card.today.day)
    typed = DateRule(
        wanted.rule or "",
        person,
        wanted.first,
        wanted.last,
        wanted.windows,
        wanted.note,
        wanted.revision,
        wanted.like,
        wanted.zone,
    )
    return _act(person, lambda: _acts().set_dates(person, wanted), "dates", faults, typed)


@schedule.post("/schedule/dates/<rule>/remove")
def remove_dates(person: str, rule: str) -> Answer:
    """Remove an exception."""
    return _act(person, lambda: _acts().remove_dates(person, rule), "dates")


@schedule.post("/schedule/today")
def only_today(person: str) -> Answer:
    """Something else only today: `choice` is `none`, `later` or `saturday`; `usual` takes it back."""
    choice = request.form.get("choice", "")
    if choice == "usual":
        return _act(person, lambda: _acts().end_today(person), "dates")
    return _act(person, lambda: _acts().only_today(person, choice), "dates")


@schedule.post("/schedule/free")
def free_until(person: str) -> Answer:
    """Open from now until the time `until` (19:45), whatever the calendar says."""
    minute = forms.read_minute(request.form.get("until", ""))
    faults = {"until": _("Please give a time, such as 21:00.")} if minute is None else {}
    return _act(person, lambda: _acts().free_until(person, minute or 0), "dates", faults)


@schedule.post("/schedule/budget")
def set_budget(person: str) -> Answer:
    """Minutes a day: `category`, and `minutes-0` (Monday) to `minutes-6`, empty for no limit."""
    wanted, faults = schedule_forms.read_budget(request.form)
    return _act(person, lambda: _budgets().set_budget(person, wanted), "minutes", faults)


@schedule.post("/schedule/budget/preset")
def choose_budgets(person: str) -> Answer:
    """The minutes of an age band in total: `preset`."""
    preset = bedtime_presets.BY_BAND.get(request.form.get("preset", ""))
    if preset is None:
        return _show(person, 422, {"preset": _("Please choose an age.")})
    return _act(person, lambda: _budgets().choose(person, preset), "minutes")


@schedule.post("/schedule/day-start")
def set_day_start(person: str) -> Answer:
    """When minutes begin anew, for all children: `minute` of the day."""
    minute = schedule_forms.read_day_start(request.form)
    faults = {"minute": _("Please choose an hour from the list.")} if minute is None else {}
    return _act(person, lambda: _budgets().set_day_start(minute or 0), "minutes", faults)


def _acts() -> ScheduleActs:
    return ScheduleActs(parts().acts, parts().clock)


def _budgets() -> BudgetActs:
    return BudgetActs(parts().acts, parts().clock)


def _act(
    person: str, act: Callable[[], object], anchor: str, faults: forms.Faults | None = None, typed: Typed = None
) -> Answer:
    if faults:
        return _show(person, 422, faults, typed)
    try:
        act()
    except NoSuchChild:
        abort(404)
    except NotPossible as problem:
        return _show(person, 409, {"act": str(problem)})
    except Conflict:
        return _show(person, 409, {"act": audit.meanwhile()})
    except PolicyTooLarge:
        return _show(person, 409, {"act": _(_TOO_LARGE)})
    if request.form.get("from") == "home":
        return redirect(url_for("home.index"), 303)
    return redirect(url_for("schedule.show", person=person, _anchor=anchor), 303)


def _show(person: str, status: int = 200, faults: forms.Faults | None = None, typed: Typed = None) -> Answer:
    if status != 200:
        g.pop("overview", None)
    card = overview().card(person)
    if not card:
        abort(404)
    with parts().acts.reading() as rows:
        family = read_family(rows)
    child = card.person
    weeks = sorted(family.weeks_of(person), key=lambda week: (not is_night(week), week.start, week.id))
    rules = sorted(family.dates_of(person), key=lambda rule: (rule.first, rule.last, rule.id))
    budgets = {budget.category: budget for budget in family.budgets_of(person)}
    return page(
        "schedule.html",
        status,
        card=card,
        child=child,
        others=[other.person for other in overview().cards if other.person.id != person],
        weeks=weeks,
        rules=[rule for rule in rules if rule.last >= card.today.day.isoformat()],
        budgets=budgets,
        counted=("total", *categories.TIMED),
        day_start=family.day_start,
        strip=week_rows(weeks, child.default_level),
        tonight=_tonight(family, child),
        warnings=_warnings(family, child),
        presets=bedtime_presets.BEDTIME_PRESETS,
        preset=bedtime_presets.BY_BAND.get(child.band, bedtime_presets.BEDTIME_PRESETS[-1]),
        zones=zone_names(),
        rows=schedule_forms.ROWS,
        words=schedule_words,
        form=request.form,
        typed_week=typed if isinstance(typed, Week) else None,
        typed_rule=typed if isinstance(typed, DateRule) else None,
        faults=faults or {},
    )


def _tonight(family: Family, child: Person) -> str:
    """Today in one sentence."""
    now = int(parts().clock.wall())
    policy, device = outlook.of_calendar(as_tapped(family), child, now)
    clock = DayClock(policy, child.id)
    begin, end = clock.day(clock.wall(now).date())
    return day_words.summary(clock, segments(policy, device, begin, end)) if end > begin else ""


def _warnings(family: Family, child: Person) -> list[str]:
    weeks, now = family.weeks_of(child.id), int(parts().clock.wall())
    return [
        *schedule_checks.week_warnings(weeks, child.default_level),
        *schedule_checks.date_warnings(family.dates_of(child.id), weeks, local(now, child.zone).date()),
        *schedule_checks.budget_warnings(family.budgets_of(child.id), weeks, child.default_level, family.day_start),
        *journey_warnings(family, child, now),
        *schedule_checks.override_warnings(family, child, now),
    ]
