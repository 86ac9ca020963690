"""Families made at random: people, windows, dates, travels, budgets, exceptions and minutes used, as plain values.

It decides what is tried. What a plan means is worked out twice: by `stairgate.core`, which gets the policy that `wire`
makes of it, and by `oracle`, which sees nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random

DEVICES = {"da": ("pa",), "db": ("pb",), "dab": ("pa", "pb")}
LEVELS = ("open", "limited", "closed")
AWAY = ("America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Lisbon", "Australia/Lord_Howe")
DAY = 86400
DAY_STARTS = (0, 0, 30, 60, 90, 105, 120, 120, 135, 150, 179, 240, 1200)
EDGES = (0, 1, 30, 60, 90, 105, 119, 120, 135, 150, 179, 180, 240, 1380, 1410, 1439)

Window = tuple[int, int, str]


def utc_of(day: date) -> int:
    """The second at which a day begins in UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class PersonPlan:
    """Somebody's rules.

    weeks: mask of days, start, end, level. dates, travels: first and last day, then windows or zone. budgets: category,
    minutes of each weekday, start of the day.
    """

    id: str
    zone: str
    default: str
    weeks: tuple[tuple[int, int, int, str], ...] = ()
    dates: tuple[tuple[date, date, tuple[Window, ...]], ...] = ()
    travels: tuple[tuple[date, date, str], ...] = ()
    budgets: tuple[tuple[str, tuple[int, ...], int], ...] = ()


@dataclass(frozen=True)
class Exemption:
    """An override: `start` and `until` in UTC seconds."""

    target: str
    kind: str
    start: int
    until: int
    minutes: int = 0


@dataclass(frozen=True)
class Plan:
    """used: person, category and UTC minute since 1970 of each minute that somebody was active."""

    people: tuple[PersonPlan, PersonPlan]
    overrides: tuple[Exemption, ...] = ()
    used: frozenset[tuple[str, str, int]] = frozenset()


def _edge(source: Random) -> int:
    return source.choice(EDGES) if source.random() < 0.4 else source.randrange(1440)


def _level(source: Random) -> str:
    return source.choices(LEVELS, (2, 3, 6))[0]


def _windows(source: Random, most: int) -> tuple[Window, ...]:
    return tuple({(_edge(source), _edge(source), _level(source)) for _ in range(source.randrange(most + 1))})


def _some_days(source: Random, first: date, days: int) -> tuple[date, date]:
    begin = first + timedelta(days=source.randrange(days))
    return begin, begin + timedelta(days=source.choice((0, 0, 1, 6, 13)))


def _once(rows: "Iterable[tuple[date, date, tuple[Window, ...]]]") -> tuple[tuple[date, date, tuple[Window, ...]], ...]:
    return tuple({row[:2]: row for row in rows}.values())


def random_person(source: Random, name: str, zone: str, first: date, days: int, away: bool) -> PersonPlan:
    """Somebody with a week, and dates and travels among the `days` from `first` on."""
    trips = [_some_days(source, first, days) for _ in range(source.randrange(3) if away else 0)]
    return PersonPlan(
        name,
        zone,
        source.choices(LEVELS, (7, 1, 2))[0],
        tuple({(source.randrange(1, 128), *window) for window in _windows(source, 5)}),
        _once((*_some_days(source, first, days), _windows(source, 3)) for _ in range(source.randrange(3))),
        tuple({trip: (*trip, source.choice(AWAY)) for trip in trips}.values()),
    )


def random_overrides(source: Random, begin: int, end: int, kinds: tuple[str, ...], most: int) -> tuple[Exemption, ...]:
    """Exceptions that begin in a range of UTC seconds, at any second."""
    found = []
    for _ in range(source.randrange(most + 1)):
        start = source.randrange(begin, end)
        target, kind = source.choice(("pa", "pb", "da", "dab")), source.choice(kinds)
        minutes = source.choice((0, 5, 30, 59)) if kind in ("bonus", "give") else 0
        found.append(Exemption(target, kind, start, start + source.choice((1, 600, 5400, 40_000, 100_000)), minutes))
    return tuple(found)


def random_calendar(source: Random, zone: str, first: date, days: int, away: bool) -> Plan:
    """A family without budgets."""
    people = (
        random_person(source, "pa", zone, first, days, away),
        random_person(source, "pb", zone, first, days, away),
    )
    begin = utc_of(first)
    kinds = ("pause", "open", "bonus", "give")
    return Plan(people, random_overrides(source, begin, begin + days * 86400, kinds, 4))


def _budgets(source: Random) -> tuple[tuple[str, tuple[int, ...], int], ...]:
    """Days that begin at hours which are skipped and doubled somewhere; limits that some minutes exceed."""
    categories = ["total"] if source.random() < 0.8 else []
    categories += ["video"] if source.random() < 0.6 else []
    return tuple(
        (category, tuple(source.choice((-1, 0, 1, 20, 45, 90, 200, 600)) for _ in range(7)), source.choice(DAY_STARTS))
        for category in categories
    )


def random_budgets(source: Random, zone: str, around: int, away: bool) -> Plan:
    """A family with budgets, and minutes used in the day around a second."""
    calendar = random_calendar(source, zone, datetime.fromtimestamp(around - 2 * DAY, UTC).date(), 5, away)
    one, other = (replace(person, budgets=_budgets(source)) for person in calendar.people)
    used: set[tuple[str, str, int]] = set()
    for _ in range(source.randrange(4, 16)):
        minute = (around + source.randrange(-DAY, DAY // 2)) // 60
        who, what = source.choice(("pa", "pb")), source.choice(("total", "video"))
        used |= {(who, what, minute + more) for more in range(source.choice((1, 7, 40, 90)))}
    begin, end = around - DAY // 2, around + DAY // 2
    nearby = random_overrides(source, begin, end, ("open", "bonus", "give", "give"), 3)
    return Plan((one, other), nearby or calendar.overrides, frozenset(used))
