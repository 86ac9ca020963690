"""What a parent is told of rules that overlap, do nothing or never hold."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from stairgate.hub.day_windows import LIKE_SATURDAY, LIKE_WEEK
from stairgate.hub.family import Budget, DateRule, Family, Override, Person, Week
from stairgate.hub.schedule_checks import (
    budget_warnings,
    date_warnings,
    open_minutes,
    override_warnings,
    week_warnings,
)

FRIDAY = date(2026, 8, 7)
NOW = 1786118400  # Friday 2026-08-07, 18:00 in Berlin
NIGHT = Week("w1", "p", 127, 1230, 420)
MIA = Person("pmia", "Mia", "6-9", "Europe/Berlin")


def rule(rule_id: str, first: str, last: str, **fields: object) -> DateRule:
    return DateRule(rule_id, "p", first, last, **fields)  # type: ignore[arg-type]


def test_a_sound_week_says_nothing() -> None:
    assert week_warnings((NIGHT, Week("w2", "p", 31, 900, 1020, "limited")), "open") == []
    assert week_warnings((), "open") == []


def test_a_window_inside_another_is_told_of() -> None:
    inner = Week("w2", "p", 1, 1260, 60)
    assert week_warnings((NIGHT, inner), "open") == [
        "“Mon: internet off 21:00–01:00” changes nothing: “Every night: internet off 20:30–07:00” holds at those times."
    ]


def test_a_window_that_says_what_holds_anyway_is_told_of() -> None:
    assert week_warnings((Week("w", "p", 127, 900, 960, "open"),), "open") == [
        "“Every day: internet on 15:00–16:00” changes nothing: the internet is on then anyway."
    ]
    assert week_warnings((Week("w", "p", 127, 900, 960, "open"),), "closed") == []


def test_windows_that_overlap_in_part_are_said_aloud() -> None:
    (text,) = week_warnings((NIGHT, Week("w2", "p", 127, 1200, 1260, "limited")), "open")
    assert text.endswith("overlap. While both hold, the internet is off.")


def test_a_day_on_which_nothing_is_open_is_said() -> None:
    assert "Nothing is ever open on Mon." in week_warnings(
        (Week("w", "p", 1, 0, 1439), Week("v", "p", 1, 1439, 1)), "open"
    )


WEEKS = st.lists(
    st.builds(
        Week,
        st.uuids().map(str),
        st.just("p"),
        st.integers(1, 127),
        st.integers(0, 1439),
        st.integers(0, 1439),
        st.sampled_from(("open", "limited", "closed")),
    ),
    max_size=5,
)
LEVELS = st.sampled_from(("open", "limited", "closed"))


@given(WEEKS, LEVELS)
def test_without_the_windows_that_change_nothing_each_day_is_the_same(weeks: list[Week], default: str) -> None:
    told = [text for text in week_warnings(weeks, default) if "changes nothing" in text]
    assert len(told) <= len(weeks)
    for weekday in range(7):
        assert 0 <= open_minutes(weeks, default, weekday, 240) <= 1440
    alone = week_warnings(weeks[:1], default)
    if weeks:
        assert bool([text for text in alone if "changes nothing" in text]) == (weeks[0].level == default)


def test_exceptions_that_never_hold_overlap_or_change_nothing() -> None:
    long = rule("e1", "2026-08-10", "2026-08-21", at=1)
    first, last = rule("e2", "2026-08-10", "2026-08-15", at=2), rule("e3", "2026-08-16", "2026-08-21", at=3)
    found = date_warnings((long, first, last), (NIGHT,), FRIDAY)
    assert found[0] == (
        "“Mon 10 Aug to Fri 21 Aug: no bedtime and no other times” never holds: other exceptions cover all of its days."
    )
    (text,) = date_warnings((long, rule("e4", "2026-08-12", "2026-08-12")), (NIGHT,), FRIDAY)
    assert text == "Where “Mon 10 Aug to Fri 21 Aug” and “Wed 12 Aug” overlap, the latter holds."
    (text,) = date_warnings((rule("e5", "2026-08-10", "2026-08-10", like=LIKE_SATURDAY),), (NIGHT,), FRIDAY)
    assert text.endswith("changes nothing: the week has the same times on these days.")
    assert date_warnings((rule("e6", "2026-08-01", "2026-08-02"),), (NIGHT,), FRIDAY) == []  # over
    journey = rule("e7", "2026-08-10", "2026-08-12", like=LIKE_WEEK, zone="Asia/Tokyo")
    assert date_warnings((journey, long), (NIGHT,), FRIDAY) == []


def test_minutes_that_limit_nothing_are_told_of() -> None:
    most = Week("w", "p", 127, 420, 360)  # an hour is open, from 06:00 to 07:00
    assert open_minutes((most,), "open", 0, 0) == 60
    (text,) = budget_warnings((Budget("b", "p", "total", (60, 30, 30, 30, 30, -1, -1)),), (most,), "open", 0)
    assert text == "In total: on Mon less time is open than these minutes, so they limit nothing."
    games = Budget("b", "p", "games", (90,) * 7)
    (text,) = budget_warnings((Budget("a", "p", "total", (60,) * 7), games), (NIGHT,), "open", 240)
    assert text == ("Games: on Mon–Sun these are more minutes than in total (1 h), so they are never used up.")
    assert budget_warnings((Budget("a", "p", "total", (60,) * 7),), (NIGHT,), "open", 240) == []


def test_the_family_day_counts_from_where_it_begins() -> None:
    friday = Week("w", "p", 16, 1320, 420)
    assert open_minutes((friday,), "open", 4, 0) == 1320
    assert open_minutes((friday,), "open", 4, 240) == 1320 - 240
    assert open_minutes((friday,), "open", 5, 240) == 1440 - 180


def override(kind: str, until: int) -> Override:
    return Override("o1", "pmia", kind, NOW, until, 0, "parent")


def warned(*overrides: Override) -> list[str]:
    weeks = (Week("w1", "pmia", 127, 1230, 420),)
    return override_warnings(Family((MIA,), (), weeks, overrides), MIA, NOW)


def test_exceptions_that_outlive_what_they_interrupt_are_told_of() -> None:
    hour = 3600
    assert warned(override("bonus", NOW + 4 * hour)) == [
        "Extra time lasts until 22:00, past 20:30, when the internet would be off."
    ]
    assert warned(override("pause", NOW + 16 * hour)) == [
        "The pause lasts until tomorrow 10:00, longer than the time off that ends tomorrow at 07:00."
    ]
    assert warned(override("bonus", NOW + 2 * hour), override("pause", NOW + 13 * hour)) == []
    assert warned(override("bonus", NOW)) == []
