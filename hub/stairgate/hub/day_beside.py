"""What belongs to a child's day and has no place in its list of stretches: minutes, quiet hours, a journey's clock.

Values in, sentences out. Nobody knows when minutes will be used, and quiet hours are one device's; what holds when is
`day_words`' part.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from stairgate.core.budget import Allowance
from stairgate.hub.day_clock import DayClock
from stairgate.hub.day_windows import zone_at
from stairgate.hub.discovery import shown_name
from stairgate.hub.family import Family, Person
from stairgate.hub.language import _
from stairgate.hub.quiet_hours import CLOSE, QuietHours
from stairgate.hub.schedule_words import budget_title, hours, minutes_text
from stairgate.hub.wording import day_and_time, minute_time


def minutes_says(family: Family, person: Person, day: date, today: Iterable[Allowance] = ()) -> list[str]:
    """The minutes of a day, and what is off without them. today: the running day's, with all that was given."""
    allowed = {row.category: row.minutes for row in today}
    found = []
    for held in family.budgets_of(person.id):
        minutes = held.minutes[day.weekday()]
        if minutes < 0:
            continue
        given = (allowed.get(held.category) or minutes) - minutes
        text = _("{title}, at most {minutes} of it can be used.")
        if given:
            text = _("{title}, at most {minutes} of it can be used, and {given} that were given today.")
        title = budget_title(held.category)
        can = text.format(title=title, minutes=minutes_text(minutes), given=minutes_text(given))
        after = (
            _("Once all of it is used, the internet is off until {time}, when new minutes begin.")
            if held.category == "total"
            else _("Once all of it is used, only this is off until {time}, when new minutes begin.")
        )
        found.append(" ".join((can, after.format(time=minute_time(family.day_start)))))
    return found


def quiet_says(family: Family, person: Person, day: date, quiets: Iterable[QuietHours]) -> list[str]:
    """Quiet hours of the child's devices that touch a day."""
    found = []
    today, before = 1 << day.weekday(), 1 << (day - timedelta(days=1)).weekday()
    devices = {device.id: device for device in family.devices if person.id in device.persons}
    for quiet in quiets:
        device = devices.get(quiet.id)
        if device is None or {"exempt", "assistive"} & set(device.flags):
            continue
        for days, start, end in quiet.windows:
            if days & today or (days & before and end <= start and end):
                text = (
                    _("Quiet hours of {device}, {hours}: its internet is off then, whatever holds above.")
                    if quiet.action == CLOSE
                    else _("Quiet hours of {device}, {hours}: they turn nothing off; parents are told what it sends.")
                )
                found.append(text.format(device=shown_name(device.name), hours=hours(start, end)))
    return found


def clock_says(family: Family, person: Person, clock: DayClock, begin: int, end: int) -> list[str]:
    """Whose clock counts where it is not the one at home, and when another takes over, up to the end of the day."""
    found = []
    here = zone_at(family, person, begin)
    if here != person.zone:
        found.append(_("By the clock of {zone}.").format(zone=here))
    for moment in clock.changes(begin, end):
        zone, then = zone_at(family, person, moment), clock.wall(moment)
        if zone == zone_at(family, person, moment - 1):
            continue
        text = (
            _("At {time} the journey ends: the clock of {zone} counts again, and shows {then}.")
            if zone == person.zone
            else _("At {time}, because of the journey, the clock of {zone} begins to count, and shows {then}.")
        )
        shown = day_and_time(then.date(), f"{then:%H:%M}")
        found.append(text.format(time=f"{clock.up_to(moment):%H:%M}", zone=zone, then=shown))
    return found
