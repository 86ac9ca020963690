"""What a parent's tap does to a child's calendar: one transaction, then new policies; each can be undone.

It decides what presets, copies and “only today” replace, and how much one child may have. What was typed is
`schedule_forms`' part, which exception holds on a day `day_windows`'.
"""

from dataclasses import replace
from datetime import timedelta

from stairgate.core import limits as core_limits
from stairgate.hub import limits
from stairgate.hub.acts import Act, Acts, NoSuchChild, NotPossible, new_id, write_window
from stairgate.hub.bedtime_presets import SCHOOL_NIGHTS, WEEKEND_NIGHTS, BedtimePreset
from stairgate.hub.calendar_change import CALENDAR, TODAY, Edit, change_calendar
from stairgate.hub.clock import Clock
from stairgate.hub.day_windows import LIKE_SATURDAY, is_early
from stairgate.hub.family import DateRule, Family, Person, Week, read_family, remove, write
from stairgate.hub.forms import BedtimeForm
from stairgate.hub.language import _
from stairgate.hub.local_time import local, next_time
from stairgate.hub.schedule_forms import DatesForm
from stairgate.hub.store import Conflict, Transaction
from stairgate.hub.today import changed, family_date, freed_after, today_of, usual_windows

_LAST_MINUTES = 23 * 60 + 30  # a window that ends later goes on in the small hours, where somebody typed two


class ScheduleActs:
    """Everything a parent can change in a child's calendar. Each method is one transaction.

    All raise `NoSuchChild`, `NotPossible`, `PolicyTooLarge`, and `Conflict` where a record has another revision.
    """

    def __init__(self, acts: Acts, clock: Clock) -> None:
        self._acts = acts
        self._clock = clock

    def set_window(self, person: str, form: BedtimeForm) -> Act:
        """Add a window of the week, or change the one that the form names."""

        def edit(rows: Transaction, family: Family, child: Person) -> None:
            window = Week(form.week or "", person, form.days, form.start, form.end, form.level, form.revision)
            write_window(rows, family, window)

        return self._change(person, CALENDAR, edit)

    def remove_window(self, person: str, week: str) -> Act:
        """Remove a window of the week."""

        def edit(rows: Transaction, family: Family, child: Person) -> None:
            for held in family.weeks_of(person):
                if held.id == week:
                    remove(rows, held)

        return self._change(person, CALENDAR, edit)

    def choose_bedtimes(self, person: str, preset: BedtimePreset) -> Act:
        """The two bedtimes of a preset instead of all nights that are closed; other times of the week stay."""

        def edit(rows: Transaction, family: Family, child: Person) -> None:
            kept = 0
            for held in family.weeks_of(person):
                if is_night(held):
                    remove(rows, held)
                else:
                    kept += 1
            if kept + 2 > limits.BEDTIMES_MAX:
                raise NotPossible(_("There are {count} other times already. Remove one first.").format(count=kept))
            write(rows, Week(new_id("w"), person, SCHOOL_NIGHTS, *preset.school_night))
            write(rows, Week(new_id("w"), person, WEEKEND_NIGHTS, *preset.weekend_night))

        return self._change(person, CALENDAR, edit)

    def set_otherwise(self, person: str, level: str) -> Act:
        """What holds outside all windows."""
        return self._change(
            person, CALENDAR, lambda rows, family, child: write(rows, replace(child, default_level=level))
        )

    def copy_from(self, person: str, source: str) -> Act:
        """The week of another child instead of this one's; exceptions and minutes stay."""

        def edit(rows: Transaction, family: Family, child: Person) -> None:
            other = family.person(source)
            if not other or source == person:
                raise NotPossible(_("Please choose another child to copy from."))
            for held in family.weeks_of(person):
                remove(rows, held)
            for held in family.weeks_of(source):
                write(rows, replace(held, id=new_id("w"), person=person, revision=0))
            write(rows, replace(child, default_level=other.default_level))

        return self._change(person, CALENDAR, edit)

    def set_dates(self, person: str, form: DatesForm) -> Act:
        """Add an exception on dates, or change the one that the form names."""

        def edit(rows: Transaction, family: Family, child: Person) -> None:
            now = self._clock.wall()
            self._forget_old(rows, family, child)
            if form.rule is None:
                self._check_room(family, child)
            elif form.rule not in {held.id for held in family.dates_of(person)}:
                raise Conflict("dates", form.rule, form.revision, 0)
            others = [held for held in family.dates_of(person) if held.zone and held.id != form.rule]
            if form.zone and len(others) >= limits.JOURNEYS_MAX:
                said = _("There are {count} journeys already. Remove one first.")
                raise NotPossible(said.format(count=limits.JOURNEYS_MAX))
            rule = DateRule(
                form.rule or new_id("e"),
                person,
                form.first,
                form.last,
                form.windows,
                form.note,
                form.revision if form.rule else 0,
                form.like,
                form.zone,
                int(now),
            )
            write(rows, rule)

        return self._change(person, CALENDAR, edit)

    def remove_dates(self, person: str, rule: str) -> Act:
        """Remove an exception."""

        def edit(rows: Transaction, family: Family, child: Person) -> None:
            for held in family.dates_of(person):
                if held.id == rule:
                    remove(rows, held)

        return self._change(person, CALENDAR, edit)

    def only_today(self, person: str, choice: str) -> Act:
        """No bedtime, an hour later or like a Saturday, only today; instead of what was only for today before."""

        def edit(rows: Transaction, family: Family, child: Person) -> None:
            now = self._clock.wall()
            today = today_of(family, child, now)
            if choice not in {offered.id for offered in today.choices}:
                raise NotPossible(_("This makes no difference today any more."))
            self._forget_old(rows, family, child)
            if today.rule:
                self._remove_rule(rows, family, today.rule)
            else:
                self._check_room(family, child)
            day = today.day.isoformat()
            usual = usual_windows(family, person, today.day)
            windows = changed(choice, usual, freed_after(family, child, today.day, usual))
            like = LIKE_SATURDAY if choice == LIKE_SATURDAY else ""
            write(rows, DateRule(new_id("e"), person, day, day, windows, like=like, at=int(now)))

        return self._change(person, TODAY, edit)

    def end_today(self, person: str) -> Act:
        """As usual again today."""

        def edit(rows: Transaction, family: Family, child: Person) -> None:
            today = today_of(family, child, self._clock.wall())
            if today.rule:
                self._remove_rule(rows, family, today.rule)

        return self._change(person, CALENDAR, edit)

    def free_until(self, person: str, minute: int) -> Act:
        """Open from now until the clock at home next shows this minute of the day, with as many minutes more to use."""

        def edit(rows: Transaction) -> Act:
            child = read_family(rows).person(person)
            if not child:
                raise NoSuchChild(_("This child is no longer here."))
            now = int(self._clock.wall())
            until = next_time(now, minute, child.zone)
            minutes = min(-(-(until - now) // 60), core_limits.BONUS_MINUTES_MAX)
            return self._acts.bonus_in(rows, person, minutes, until)

        return self._acts.change(edit)

    def _change(self, person: str, kind: str, edit: Edit) -> Act:
        return change_calendar(self._acts, self._clock, person, kind, edit)

    def _forget_old(self, rows: Transaction, family: Family, child: Person) -> None:
        today = local(self._clock.wall(), child.zone).date()
        oldest = (today - timedelta(days=limits.DATE_RULE_KEPT_DAYS)).isoformat()
        for held in family.dates_of(child.id):
            if held.last < oldest:
                remove(rows, held)

    def _check_room(self, family: Family, child: Person) -> None:
        """Only what is not over counts."""
        today = family_date(self._clock.wall(), child.zone, family.day_start).isoformat()
        if sum(held.last >= today for held in family.dates_of(child.id)) >= limits.DATE_RULES_MAX:
            said = _("There are {count} exceptions already. Remove one first.")
            raise NotPossible(said.format(count=limits.DATE_RULES_MAX))

    def _remove_rule(self, rows: Transaction, family: Family, rule: str) -> None:
        for held in family.dates:
            if held.id == rule:
                remove(rows, held)


def is_night(week: Week) -> bool:
    """True for a bedtime as presets set them, closed and over midnight, and for either part of one that is in two."""
    if week.level != "closed":
        return False
    return week.end <= week.start or week.end > _LAST_MINUTES or is_early((week.start, week.end, week.level))
