"""What a plan means, minute by minute with the tz database: slow, plain, and independent of the core.

It shares no code with `stairgate.core` and takes no offset from a policy. For each minute of UTC, `zoneinfo` says what
the wall shows; windows are painted on local days; a family day is the latest whose beginning has been shown; minutes
used are counted one by one; the next change is the first of the following minutes with another level.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from tests.time.plan import DEVICES, Exemption, PersonPlan, Plan

MINUTE = 60
DAY_MINUTES = 1440
STRICTNESS = {"open": 1, "limited": 2, "closed": 3}
NAMES = ("", "open", "limited", "closed")
CLOSED = STRICTNESS["closed"]


def shown(zone: ZoneInfo, utc: int) -> int:
    """What the wall shows at a second: minutes since the day before 0001-01-01."""
    wall = datetime.fromtimestamp(utc, zone)
    return wall.toordinal() * DAY_MINUTES + wall.hour * 60 + wall.minute


@lru_cache(maxsize=4)
def wall_of(name: str, begin: int, end: int) -> tuple[int, ...]:
    """What the wall shows at each minute from `begin` to before `end`, UTC seconds."""
    zone, at = ZoneInfo(name), datetime.fromtimestamp
    walls = [at(utc, zone) for utc in range(begin, end, MINUTE)]
    return tuple([wall.toordinal() * DAY_MINUTES + wall.hour * 60 + wall.minute for wall in walls])


@lru_cache(maxsize=4096)
def first_shown(name: str, day: date) -> int:
    """The second at which the wall shows the beginning of a day, or more than that, for the first time."""
    zone, wanted = ZoneInfo(name), day.toordinal() * DAY_MINUTES
    utc = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - 26 * 3600
    while shown(zone, utc) < wanted:
        utc += MINUTE
    return utc


class Person:
    """What one person's calendar says at each minute of a range, exceptions and budgets aside."""

    def __init__(self, plan: PersonPlan, begin: int, end: int) -> None:
        self.plan = plan
        self.begin = begin
        wall = list(wall_of(plan.zone, begin, end))
        journeys = []
        for first, last, name in plan.travels:
            after = date.fromordinal(last.toordinal() + 1)
            journeys.append((first_shown(name, first), first_shown(name, after), name))
        for start, stop, name in sorted(journeys, key=lambda journey: journey[0]):
            start, stop = max(start, begin), min(stop, end)
            if start < stop:
                wall[(start - begin) // MINUTE : (stop - begin) // MINUTE] = wall_of(name, start, stop)
        self.wall = wall
        days = {day: self._painted(day) for day in {minute // DAY_MINUTES for minute in wall}}
        self.levels = bytes([days[minute // DAY_MINUTES][minute % DAY_MINUTES] for minute in wall])

    def _painted(self, day: int) -> bytes:
        """The level of each minute that the wall can show on a day."""
        by_date, by_week = bytearray(DAY_MINUTES), bytearray(DAY_MINUTES)
        for began in (day - 1, day):
            that_day = date.fromordinal(began)
            dates = [windows for first, last, windows in self.plan.dates if first <= that_day <= last]
            if dates:
                _paint(by_date, [window for windows in dates for window in windows], began < day)
            else:
                bit = 1 << that_day.weekday()
                _paint(by_week, [window[1:] for window in self.plan.weeks if window[0] & bit], began < day)
        default = STRICTNESS[self.plan.default]
        return bytes([special or usual or default for special, usual in zip(by_date, by_week, strict=True)])

    def family_days(self, day_start: int) -> list[int]:
        """The family day of each minute, as an ordinal: it never goes back, whatever the wall shows again."""
        latest, days = 0, []
        for minute in self.wall:
            latest = max(latest, (minute - day_start) // DAY_MINUTES)
            days.append(latest)
        return days


def _paint(minutes: bytearray, windows: Iterable[tuple[int, int, str]], began_yesterday: bool) -> None:
    """Paint windows on the minutes of a day; the strictest stays."""
    for start, end, level in windows:
        if began_yesterday:
            first, last = 0, end if end <= start else 0
        else:
            first, last = start, end if end > start else DAY_MINUTES
        strict = STRICTNESS[level]
        minutes[first:last] = bytes([max(held, strict) for held in minutes[first:last]])


class Allowed:
    """One budget of a person over a range: what is allowed, used and left at a second."""

    def __init__(self, plan: Plan, person: Person, category: str, minutes: tuple[int, ...], day_start: int) -> None:
        self.minutes = minutes
        self.person = person
        self.days = person.family_days(day_start)
        self.begins = {day: person.begin + index * MINUTE for index, day in reversed(list(enumerate(self.days)))}
        self.used: dict[int, int] = {}
        for who, what, minute in plan.used:
            index = minute - person.begin // MINUTE
            if who == person.plan.id and what == category and 0 <= index < len(self.days):
                self.used[self.days[index]] = self.used.get(self.days[index], 0) + 1

    def day(self, second: int) -> int:
        """The family day at a second."""
        return self.days[(second - self.person.begin) // MINUTE]

    def end(self, second: int) -> int:
        """The second at which the family day of this one ends."""
        day = self.day(second)
        return min(begin for other, begin in self.begins.items() if other > day)

    def limit(self, second: int, overrides: Iterable[Exemption]) -> int | None:
        """Minutes of that day, with what was added by then; None without a limit."""
        day = self.day(second)
        limit = self.minutes[date.fromordinal(day).weekday()]
        if limit < 0:
            return None
        added = [o for o in overrides if o.kind in ("bonus", "give") and self.begins[day] <= o.start <= second]
        return limit + sum(one.minutes for one in added)


class Oracle:
    """Answers for a device of a plan between two seconds, whole minutes of UTC."""

    def __init__(self, plan: Plan, begin: int, end: int) -> None:
        self.plan, self.begin, self.end = plan, begin, end
        self._held: dict[tuple[str, ...], list[Exemption]] = {}
        self.people = {person.id: Person(person, begin, end) for person in plan.people}
        self.budgets = {
            (person.plan.id, row[0]): Allowed(plan, person, *row)
            for person in self.people.values()
            for row in person.plan.budgets
        }

    def calendar_level(self, device: str, second: int) -> str:
        """The level at a second, budgets aside."""
        return NAMES[max(self._person(device, name, second) for name in DEVICES[device])]

    def changes(self, device: str) -> Iterator[tuple[int, str]]:
        """Each second of the range at which the level becomes another one, budgets aside; first the beginning."""
        seconds = {self.begin}
        for name in DEVICES[device]:
            levels = self.people[name].levels
            seconds |= {
                self.begin + index * MINUTE for index in range(1, len(levels)) if levels[index] != levels[index - 1]
            }
        seconds |= {edge for one in self.plan.overrides for edge in (one.start, one.until)}
        held = ""
        for second in sorted(second for second in seconds if self.begin <= second < self.end):
            level = self.calendar_level(device, second)
            if level != held:
                yield second, level
                held = level

    def in_use(self, device: str, now: int, horizon: int) -> tuple[str, tuple[int, str] | None]:
        """The level at `now` and the next change before `horizon`; a device that is not closed is used from now on."""
        level = max(self._person(device, name, now, now, 0) for name in DEVICES[device])
        running = int(level != CLOSED)
        moments = set(range(now - now % MINUTE + MINUTE, horizon, MINUTE)) | set(range(now + MINUTE, horizon, MINUTE))
        moments |= {edge for one in self.plan.overrides for edge in (one.start, one.until)}
        for second in sorted(moment for moment in moments if now < moment < horizon):
            other = max(self._person(device, name, second, now, running) for name in DEVICES[device])
            if other != level:
                return NAMES[level], (second, NAMES[other])
        return NAMES[level], None

    def overrides_of(self, *targets: str) -> list[Exemption]:
        """The exceptions for these."""
        if targets not in self._held:
            self._held[targets] = [one for one in self.plan.overrides if one.target in targets]
        return self._held[targets]

    def _person(self, device: str, name: str, second: int, now: int | None = None, running: int = 0) -> int:
        held = self.overrides_of(name, device)
        kinds = {o.kind for o in held if o.start <= second < o.until and o.kind != "give"} if held else ()
        if "pause" in kinds:
            return CLOSED
        if kinds:
            return STRICTNESS["open"]
        if now is not None and self._is_spent(device, name, second, now, running):
            return CLOSED
        return self.people[name].levels[(second - self.begin) // MINUTE]

    def _is_spent(self, device: str, name: str, second: int, now: int, running: int) -> bool:
        budget = self.budgets.get((name, "total"))
        limit = budget.limit(second, self.overrides_of(name, device)) if budget else None
        if budget is None or limit is None:
            return False
        day = budget.day(second)
        used = budget.used.get(day, 0) * MINUTE if day == budget.day(now) else 0
        return used + running * (second - max(now, budget.begins[day])) >= limit * MINUTE
