"""Which exception holds on a day, and what a policy says of several: never two dates for one day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.core.policy import check_policy, write_policy
from stairgate.core.zone import local_seconds
from stairgate.core.zone import zone_at as core_zone_at
from stairgate.hub.compile import Reachable, compile_policy, zone_id
from stairgate.hub.day_windows import (
    LIKE_SATURDAY,
    LIKE_WEEK,
    morning,
    rule_on,
    spans,
    travels_of,
    windows_on,
    zone_at,
    zone_on,
)
from stairgate.hub.family import DateRule, Family, Person, Week
from stairgate.hub.local_time import local

MIA = Person("pmia", "Mia", "6-9", "Europe/Berlin")
WEEKS = (Week("w1", "pmia", 79, 1200, 390), Week("w2", "pmia", 48, 1260, 450))
MONDAY = date(2026, 8, 10)
NOW = 1786118400  # Friday before
HUB = Reachable(("02:00:5e:10:00:f0",), ("192.0.2.5",), 8080)


def rule(rule_id: str, first: str, last: str, at: int = 0, **fields: object) -> DateRule:
    return DateRule(rule_id, "pmia", first, last, at=at, **fields)  # type: ignore[arg-type]


def family(*rules: DateRule) -> Family:
    return Family((MIA,), (), WEEKS, (), dates=rules)


HOLIDAYS = rule("e1", "2026-08-10", "2026-08-21", like=LIKE_SATURDAY)
BIRTHDAY = rule("e2", "2026-08-15", "2026-08-15", windows=((1320, 420, "closed"),))


def test_the_shorter_exception_holds_and_of_equally_long_ones_the_newer() -> None:
    held = (HOLIDAYS, BIRTHDAY)
    assert rule_on(held, date(2026, 8, 14)) == HOLIDAYS
    assert rule_on(held, date(2026, 8, 15)) == BIRTHDAY
    assert rule_on(held, date(2026, 8, 22)) is None
    newer = rule("e0", "2026-08-15", "2026-08-15", at=5)
    assert rule_on((*held, newer), date(2026, 8, 15)) == newer


def test_a_day_like_saturday_follows_the_week_whatever_it_is_then() -> None:
    assert windows_on(family(HOLIDAYS), "pmia", MONDAY) == ((1260, 450, "closed"),)
    assert windows_on(family(), "pmia", MONDAY) == ((1200, 390, "closed"),)


def test_a_policy_gets_dates_that_never_overlap() -> None:
    policy = compile_policy(family(HOLIDAYS, BIRTHDAY), "hhome", "rrouter", NOW, NOW, HUB)
    assert [(line.first, line.last, line.windows) for line in policy.dates] == [
        ("2026-08-10", "2026-08-14", ((1260, 450, "closed"),)),
        ("2026-08-15", "2026-08-15", ((1320, 420, "closed"),)),
        ("2026-08-16", "2026-08-21", ((1260, 450, "closed"),)),
    ]
    assert check_policy(write_policy(policy)) == []


def test_what_is_over_for_two_days_leaves_the_policy_and_a_note_never_enters_it() -> None:
    old = rule("e1", "2026-08-01", "2026-08-04", note="Grandmother’s house")
    late = rule("e2", "2026-08-05", "2026-08-05", note="Grandmother’s house")  # its night lasts into the sixth
    text = write_policy(compile_policy(family(old, late), "hhome", "rrouter", NOW, NOW, HUB)).decode()
    assert "2026-08-04" not in text and "2026-08-05" in text
    assert "Grandmother" not in text


def test_a_journey_changes_the_clock_and_leaves_the_times() -> None:
    journey = rule("e1", "2026-08-10", "2026-08-16", zone="America/New_York", like=LIKE_WEEK)
    policy = compile_policy(family(journey, BIRTHDAY), "hhome", "rrouter", NOW, NOW, HUB)
    assert [tuple(travel) for travel in policy.travels] == [
        ("pmia", "2026-08-10", "2026-08-16", zone_id("America/New_York"))
    ]
    assert [line.first for line in policy.dates] == ["2026-08-15"]
    assert zone_on((journey, BIRTHDAY), date(2026, 8, 15), MIA.zone) == "America/New_York"
    assert zone_on((journey, BIRTHDAY), date(2026, 8, 17), MIA.zone) == "Europe/Berlin"
    assert check_policy(write_policy(policy)) == []


DAYS = st.integers(0, 30).map(lambda later: MONDAY + timedelta(days=later))


@st.composite
def rules(draw: st.DrawFn) -> list[DateRule]:
    found = []
    for index in range(draw(st.integers(0, 6))):
        first, last = sorted((draw(DAYS), draw(DAYS)))
        zone = draw(st.sampled_from(("", "", "Asia/Tokyo", "America/New_York")))
        like = draw(st.sampled_from(("", LIKE_SATURDAY, LIKE_WEEK if zone else "")))
        found.append(
            rule(f"e{index}", first.isoformat(), last.isoformat(), draw(st.integers(0, 3)), zone=zone, like=like)
        )
    return found


@given(rules())
def test_stretches_say_what_each_day_says(held: list[DateRule]) -> None:
    found = spans(held)
    for later in range(-1, 32):
        day = MONDAY + timedelta(days=later)
        assert [one for first, last, one in found if first <= day <= last] == [
            one for one in [rule_on(held, day)] if one
        ]


@given(rules())
def test_travels_say_what_each_day_says(held: list[DateRule]) -> None:
    found = travels_of(family(*held), MIA, NOW)
    for later in range(-1, 32):
        day = MONDAY + timedelta(days=later)
        zones = [zone for _, first, last, zone in found if first <= day.isoformat() <= last]
        assert (zones or [MIA.zone]) == [zone_on(held, day, MIA.zone)]


@given(rules(), st.integers(-1, 33 * 1440))
def test_the_clock_that_counts_is_the_cores_to_the_second(held: list[DateRule], minute: int) -> None:
    made = family(*held)
    policy = compile_policy(made, "hhome", "rrouter", NOW, NOW, HUB)
    moment = utc("2026-08-08T22:00") + minute * 60
    for second in (moment - 1, moment):
        zone = core_zone_at(policy, "pmia", second)
        assert zone_at(made, MIA, second) == zone.name
        shown = local(second, zone.name)
        assert shown.replace(tzinfo=UTC).timestamp() == local_seconds(zone, second)


@pytest.mark.parametrize(
    ("zone", "begins", "ends"),
    [
        ("Asia/Tokyo", "2026-08-07T15:00", "2026-08-14T15:00"),
        ("America/New_York", "2026-08-08T04:00", "2026-08-15T04:00"),
        ("Pacific/Kiritimati", "2026-08-07T10:00", "2026-08-14T10:00"),
    ],
)
def test_a_journeys_clock_counts_from_its_own_midnight(zone: str, begins: str, ends: str) -> None:
    made = family(rule("e1", "2026-08-08", "2026-08-14", zone=zone, like=LIKE_WEEK))
    for moment, counts in ((utc(begins) - 1, "Europe/Berlin"), (utc(begins), zone)):
        assert zone_at(made, MIA, moment) == counts
    for moment, counts in ((utc(ends) - 1, zone), (utc(ends), "Europe/Berlin")):
        assert zone_at(made, MIA, moment) == counts


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


EVERY_NIGHT = Week("w1", "pmia", 127, 1230, 420)


@pytest.mark.parametrize(
    ("now", "weeks", "expected"),
    [
        ("2026-08-07T16:00", (), "2026-08-08T04:00"),
        ("2026-08-07T22:00", (EVERY_NIGHT,), "2026-08-08T05:00"),
        ("2026-08-08T01:00", (EVERY_NIGHT,), "2026-08-08T05:00"),
        ("2026-08-08T05:00", (EVERY_NIGHT,), "2026-08-09T05:00"),
        ("2026-08-07T16:00", (Week("w1", "pmia", 1, 1230, 420),), "2026-08-08T04:00"),
        ("2026-08-07T16:00", (Week("w1", "pmia", 16, 1230, 420, "open"),), "2026-08-08T04:00"),
        ("2026-08-07T16:00", (EVERY_NIGHT, Week("w2", "pmia", 127, 720, 780)), "2026-08-08T05:00"),
        ("2026-03-28T22:00", (EVERY_NIGHT,), "2026-03-29T05:00"),
    ],
    ids=[
        "no bedtime",
        "at night",
        "after midnight",
        "as it ends",
        "another day",
        "an open window",
        "an hour at noon",
        "a short night",
    ],
)
def test_the_morning(now: str, weeks: tuple[Week, ...], expected: str) -> None:
    assert morning(Family((MIA,), (), weeks, ()), MIA, utc(now)) == utc(expected)


LATE, SMALL_HOURS = Week("w1", "pmia", 127, 1320, 0), Week("w2", "pmia", 127, 0, 420)
SCHOOL, DINNER = Week("w3", "pmia", 127, 420, 780), Week("w4", "pmia", 127, 1110, 1140)


@pytest.mark.parametrize(
    ("now", "weeks", "expected"),
    [
        ("2026-08-07T16:00", (LATE, SMALL_HOURS), "2026-08-08T05:00"),
        ("2026-08-07T21:59", (LATE, SMALL_HOURS), "2026-08-08T05:00"),
        ("2026-08-07T23:00", (LATE, SMALL_HOURS), "2026-08-08T05:00"),
        ("2026-08-07T16:00", (Week("w1", "pmia", 127, 1260, 1439), SMALL_HOURS), "2026-08-08T05:00"),
        ("2026-08-07T16:00", (SMALL_HOURS,), "2026-08-08T05:00"),
        ("2026-08-07T16:00", (LATE, SMALL_HOURS, SCHOOL), "2026-08-08T05:00"),
        ("2026-08-07T15:00", (EVERY_NIGHT, DINNER), "2026-08-08T05:00"),
        ("2026-08-07T23:00", (EVERY_NIGHT, DINNER), "2026-08-08T05:00"),
        ("2026-08-07T16:00", (LATE,), "2026-08-08T04:00"),
    ],
    ids=[
        "split at midnight",
        "a minute before midnight",
        "in its second half",
        "a minute apart",
        "small hours alone",
        "school follows",
        "dinner before",
        "dinner the day after",
        "ends at midnight",
    ],
)
def test_a_night_in_two_parts_ends_in_the_morning(now: str, weeks: tuple[Week, ...], expected: str) -> None:
    assert morning(Family((MIA,), (), weeks, ()), MIA, utc(now)) == utc(expected)


@pytest.mark.parametrize(
    ("zone", "expected"), [("Asia/Tokyo", "2026-08-07T22:00"), ("America/New_York", "2026-08-08T11:00")]
)
def test_the_morning_after_a_clock_changed_is_by_the_new_one(zone: str, expected: str) -> None:
    journey = rule("e1", "2026-08-08", "2026-08-14", zone=zone, like=LIKE_WEEK)
    made = Family((MIA,), (), (EVERY_NIGHT,), (), dates=(journey,))
    assert morning(made, MIA, NOW - 3600 * 3) == utc(expected)
    policy = compile_policy(made, "hhome", "rrouter", NOW, NOW, HUB)
    assert core_zone_at(policy, "pmia", utc(expected)).name == zone


def test_the_morning_of_a_holiday_is_the_holidays() -> None:
    late = rule("e1", "2026-08-07", "2026-08-08", windows=((1380, 600, "closed"),))
    assert morning(Family((MIA,), (), WEEKS, (), dates=(late,)), MIA, NOW) == utc("2026-08-08T08:00")
