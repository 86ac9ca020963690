"""The picture of a week shows at each minute what the core decides there, and its table says the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from stairgate.core.decide import decide
from stairgate.hub import outlook
from stairgate.hub.family import Family, Person, Week
from stairgate.hub.local_time import local
from stairgate.hub.week_strip import hour_marks, week_rows

MONDAY = 1786320000  # 2026-08-10, 00:00 UTC
LEVELS = st.sampled_from(("open", "limited", "closed"))
MINUTES = st.integers(0, 1439)
WEEKS = st.lists(
    st.builds(Week, st.uuids().map(str), st.just("pmia"), st.integers(1, 127), MINUTES, MINUTES, LEVELS), max_size=4
)


@settings(max_examples=10, deadline=None)
@given(WEEKS, LEVELS)
def test_each_bar_is_what_the_core_decides(weeks: list[Week], default: str) -> None:
    child = Person("pmia", "Mia", "6-9", "UTC", default_level=default)
    policy, device = outlook.of_calendar(Family((child,), (), tuple(weeks), ()), child, MONDAY)
    for weekday, row in enumerate(week_rows(weeks, default)):
        assert sum(bar.width for bar in row.bars) == 1440
        for minute in range(0, 1440, 7):
            level = next(bar.level for bar in row.bars if bar.x <= minute < bar.x + bar.width)
            assert level == decide(policy, device, MONDAY + weekday * 86400 + minute * 60, {}).level


def test_the_table_says_what_the_bars_show() -> None:
    rows = week_rows((Week("w", "p", 79, 1230, 420), Week("v", "p", 1, 900, 1020, "limited")), "open")
    assert rows[0].says == (
        "00:00–07:00 internet off, 07:00–15:00 internet on, 15:00–17:00 only the homework list, "
        "17:00–20:30 internet on, 20:30–00:00 internet off"
    )
    assert rows[4].says == "00:00–07:00 internet off, 07:00–00:00 internet on"
    assert rows[5].says == "internet on all day"


def test_hours_stand_where_the_clock_shows_them_on_a_long_day() -> None:
    begin = 1792879200  # 2026-10-25, 00:00 in Berlin
    marks = hour_marks(begin, begin + 25 * 3600, lambda moment: local(moment, "Europe/Berlin"))
    assert [hour for _, hour in marks] == ["00", "06", "12", "18"]
    assert marks[1][0] == 7 * 1440 // 25
