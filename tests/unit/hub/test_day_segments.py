"""A day cut into segments says at each minute what the core decides there; also on days when the clocks change."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairgate.core.decide import decide
from stairgate.core.zone import clock_of, local_seconds
from stairgate.hub import outlook
from stairgate.hub.day_clock import DayClock
from stairgate.hub.day_segments import at, segments
from stairgate.hub.day_windows import LIKE_SATURDAY, LIKE_WEEK
from stairgate.hub.family import DateRule, Family, Override, Person, Week

MINUTES = st.integers(0, 1439)
LEVELS = st.sampled_from(("open", "limited", "closed"))
#: Ordinary days, days of 23 and 25 hours, a night without midnight, a jump of half an hour, a day of a journey.
DAYS = (
    ("Europe/Berlin", date(2026, 8, 7)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 11, 1)),
    ("America/Santiago", date(2026, 9, 6)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Africa/Cairo", date(2026, 4, 24)),
)


def day_range(day: date, zone: str) -> tuple[int, int]:
    child = Person("pmia", "Mia", "6-9", zone)
    noon = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())
    policy, _device = outlook.of_calendar(Family((child,), (), (), ()), child, noon)
    return DayClock(policy, child.id).day(day)


@st.composite
def families(draw: st.DrawFn) -> tuple[Family, date]:
    zone, day = draw(st.sampled_from(DAYS))
    child = Person("pmia", "Mia", "6-9", zone, default_level=draw(LEVELS))
    begin, end = day_range(day, zone)
    weeks = tuple(
        Week(f"w{index}", "pmia", draw(st.integers(1, 127)), draw(MINUTES), draw(MINUTES), draw(LEVELS))
        for index in range(draw(st.integers(0, 4)))
    )
    overrides = []
    for index in range(draw(st.integers(0, 2))):
        start = draw(st.integers(begin - 7200, end)) // 60 * 60
        kind = draw(st.sampled_from(("pause", "bonus")))
        until = start + 60 * draw(st.integers(1, 300))
        overrides.append(Override(f"o{index}", "pmia", kind, start, until, 15 if kind == "bonus" else 0, "parent"))
    dates: tuple[DateRule, ...] = ()
    if draw(st.booleans()):
        windows = tuple((draw(MINUTES), draw(MINUTES), draw(LEVELS)) for _ in range(draw(st.integers(0, 2))))
        like = draw(st.sampled_from(("", LIKE_SATURDAY, LIKE_WEEK)))
        there = draw(st.sampled_from(("", "Asia/Tokyo"))) if like != LIKE_WEEK else "Asia/Tokyo"
        dates = (
            DateRule("e1", "pmia", day.isoformat(), day.isoformat(), () if like else windows, like=like, zone=there),
        )
    return Family((child,), (), weeks, tuple(overrides), dates=dates), day


@settings(max_examples=6, deadline=None)
@given(families())
def test_each_minute_is_what_the_core_decides(made: tuple[Family, date]) -> None:
    family, day = made
    (child,) = family.people
    begin, end = day_range(day, child.zone)
    policy, device = outlook.of_calendar(family, child, begin)
    cut = segments(policy, device, begin, end)
    assert (cut[0].begin, cut[-1].end) == (begin, end)
    assert all(one.end == other.begin for one, other in zip(cut, cut[1:], strict=False))
    for moment in range(begin, end, 60):
        held = at(cut, moment)
        decided = decide(policy, device, moment, {})
        assert held
        assert (held.decision.level, held.decision.reason, held.decision.rule) == decided[:1] + decided[2:4]
        # Another rule, but no other level: the segment ends and the level goes on.
        assert decided.until is None or held.end >= end or decided.until >= held.end


@settings(max_examples=6, deadline=None)
@given(families(), st.sampled_from(("", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati")))
def test_days_follow_one_another_and_each_moment_has_a_name_of_its_own(made: tuple[Family, date], there: str) -> None:
    family, day = made
    (child,) = family.people
    if there:
        first, last = (day + timedelta(days=1)).isoformat(), (day + timedelta(days=2)).isoformat()
        family = replace(family, dates=(DateRule("e1", "pmia", first, last, (), like=LIKE_WEEK, zone=there),))
    policy, _device = outlook.of_calendar(family, child, day_range(day, child.zone)[0])
    clock, zone = DayClock(policy, child.id), clock_of(policy, child.id)
    ends = None
    for later in range(5):
        begin, end = clock.day(day + timedelta(days=later))
        assert ends in (None, begin)
        ends = end
        names = [(clock.wall(moment).date(), clock.begins(moment)) for moment in range(begin, end, 300)]
        assert len(set(names)) == len(names)
        for moment in range(begin, end, 1500):
            shown = clock.wall(moment)
            assert (shown - datetime(1970, 1, 1)).total_seconds() == local_seconds(zone, moment)
            assert moment in clock.moments(shown.date(), shown.hour * 60 + shown.minute)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 8, 7), 24),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Africa/Cairo", date(2026, 4, 24), 23),  # begins at 01:00
        ("Pacific/Apia", date(2011, 12, 30), 0),  # was left out whole
        ("Pacific/Apia", date(2011, 12, 29), 24),
    ],
)
def test_a_day_is_as_long_as_its_clock_says(zone: str, day: date, hours: int) -> None:
    begin, end = day_range(day, zone)
    assert (end - begin) / 3600 == hours


def test_a_window_without_an_effect_is_seen_by_the_comparison() -> None:
    """The comparison above can fail: one minute later is another day."""
    child = Person("pmia", "Mia", "6-9", "UTC")
    day = date(2026, 8, 7)
    begin, end = day_range(day, "UTC")
    cut = segments(
        *outlook.of_calendar(Family((child,), (), (Week("w", "pmia", 127, 1200, 420),), ()), child, begin), begin, end
    )
    wrong, device = outlook.of_calendar(Family((child,), (), (Week("w", "pmia", 127, 1201, 420),), ()), child, begin)
    differing = [
        moment
        for moment in range(begin, end, 60)
        if (held := at(cut, moment)) and held.decision.level != decide(wrong, device, moment, {}).level
    ]
    assert differing == [begin + 1200 * 60]
