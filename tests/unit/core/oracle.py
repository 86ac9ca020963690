"""What a policy means, worked out minute by minute with the tz database: slow, plain, and independent of the core.

It shares no code with `stairgate.core`: only the records go in. Dates and times are those of `datetime` and `zoneinfo`;
budgets count simulated minutes; the next change is found by looking at one minute after the other.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from stairgate.core.records import Person, Policy

STRICTNESS = {"open": 0, "limited": 1, "closed": 2}
MINUTE = 60


@cache
def _wall(zone: str, utc: int) -> datetime:
    return datetime.fromtimestamp(utc, UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


@cache
def _day_begin(zone: str, day: date, day_start: int) -> int:
    """The first UTC minute at which the wall clock shows the day's start or later."""
    target = datetime(day.year, day.month, day.day) + timedelta(minutes=day_start)
    utc = int(target.replace(tzinfo=UTC).timestamp()) - 26 * 3600
    while _wall(zone, utc) < target:
        utc += MINUTE
    return utc


def _family_day(zone: str, utc: int, day_start: int) -> tuple[date, int]:
    """The day whose range of UTC minutes holds this one, and its first minute."""
    day = _wall(zone, utc).date() + timedelta(days=2)
    while _day_begin(zone, day, day_start) > utc:
        day -= timedelta(days=1)
    return day, _day_begin(zone, day, day_start)


class Oracle:
    """Answers for one device from `now` on, given the minutes already used in the family day."""

    def __init__(self, policy: Policy, device: str, now: int, used: dict[str, dict[str, int]]) -> None:
        self.policy = policy
        self.now = now
        self.used = used
        self.device = next(row for row in policy.devices if row.id == device)
        self.zones = {zone.id: zone.name for zone in policy.zones}
        self.running = False
        self.running = self.level(now) != "closed"

    def level(self, utc: int) -> str:
        """The strictest of the persons' levels at a minute of UTC."""
        persons = [person for person in self.policy.persons if person.id in self.device.persons]
        levels = [self._person_level(person, utc) for person in persons]
        return max([*levels, self._quiet_level(utc)], key=STRICTNESS.__getitem__)

    def next_change(self, horizon: int) -> tuple[int, str] | None:
        """The first minute after now, and before the horizon, with another level."""
        level = self.level(self.now)
        for utc in range(self.now + MINUTE, horizon, MINUTE):
            if self.level(utc) != level:
                return utc, self.level(utc)
        return None

    def _person_level(self, person: Person, utc: int) -> str:
        active = {
            row.kind
            for row in self.policy.overrides
            if row.target in (person.id, self.device.id) and row.start <= utc < row.until and row.kind != "give"
        }
        if "pause" in active:
            return "closed"
        if active:
            return "open"
        if self._is_spent(person, utc):
            return "closed"
        by_date, by_week = self._windows(person, utc)
        for levels in (by_date, by_week):
            if levels:
                return max(levels, key=STRICTNESS.__getitem__)
        return person.default_level

    def _quiet_level(self, utc: int) -> str:
        """Closed in quiet hours that close, by the clock of the device's first person; its exceptions go first."""
        kinds = {
            row.kind for row in self.policy.overrides if row.target == self.device.id and row.start <= utc < row.until
        }
        if kinds & {"pause", "open", "bonus"}:
            return "closed" if "pause" in kinds else "open"
        first = next(row for row in self.policy.persons if row.id == self.device.persons[0])
        wall = _wall(self.zones[first.zone], utc)
        for quiet in self.policy.quiets:
            if quiet.device != self.device.id or quiet.action != "close":
                continue
            for days_ago in (0, 1):
                weekday = (wall.date() - timedelta(days=days_ago)).weekday()
                minute = wall.hour * 60 + wall.minute + days_ago * 1440
                for days, start, end in quiet.windows:
                    if days >> weekday & 1 and start <= minute < (end if end > start else end + 1440):
                        return "closed"
        return "open"

    def _is_spent(self, person: Person, utc: int) -> bool:
        for budget in self.policy.budgets:
            if budget.person != person.id or budget.category != "total":
                continue
            zone = self.zones[person.zone]
            day, begin = _family_day(zone, utc, budget.day_start)
            allowed = budget.minutes[day.isoweekday() - 1]
            if allowed == -1:
                return False
            for row in self.policy.overrides:
                mine = row.kind in ("bonus", "give") and row.target in (person.id, self.device.id)
                if mine and row.start <= utc and _family_day(zone, row.start, budget.day_start)[0] == day:
                    allowed += row.minutes
            used = 0
            if _family_day(zone, self.now, budget.day_start)[0] == day:
                used = self.used.get(person.id, {}).get("total", 0)
            if self.running:
                used += len(range(max(begin, self.now), utc, MINUTE))
            return used >= allowed
        return False

    def _windows(self, person: Person, utc: int) -> tuple[list[str], list[str]]:
        wall = _wall(self.zones[person.zone], utc)
        minute = wall.hour * 60 + wall.minute
        by_date: list[str] = []
        by_week: list[str] = []
        for days_ago in (0, 1):
            day = wall.date() - timedelta(days=days_ago)
            since_midnight = minute + days_ago * 1440

            def holds(start: int, end: int, since_midnight: int = since_midnight) -> bool:
                return start <= since_midnight < (end if end > start else end + 1440)

            dates = [
                row
                for row in self.policy.dates
                if row.person == person.id and date.fromisoformat(row.first) <= day <= date.fromisoformat(row.last)
            ]
            for row in dates:
                by_date += [level for start, end, level in row.windows if holds(start, end)]
            if not dates:
                by_week += [
                    week.level
                    for week in self.policy.weeks
                    if week.person == person.id
                    and week.days & (1 << (day.isoweekday() - 1))
                    and holds(week.start, week.end)
                ]
        return by_date, by_week
