"""Minutes a day: what a form sets, what the policy says, how it is said, and where the day begins."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from stairgate.hub.bedtime_presets import BEDTIME_PRESETS
from stairgate.hub.categories import CATEGORIES, TIMED
from stairgate.hub.family import CHILD_BANDS, Budget
from stairgate.hub.schedule_words import budget_text, day_range, minutes_text
from tests.unit.hub.conftest import ROUTER, Hub


@pytest.fixture
def child(hub: Hub) -> str:
    person = hub.add_child()
    hub.add_device(person)
    return person


def post(hub: Hub, child: str, what: str, **fields: Any) -> TestResponse:
    return hub.post(f"/children/{child}/schedule/{what}", **fields)


def minutes(*each: str) -> dict[str, str]:
    return {f"minutes-{weekday}": text for weekday, text in enumerate(each)}


def test_minutes_by_weekday_are_a_line_of_the_policy(hub: Hub, child: str) -> None:
    assert (
        post(hub, child, "budget", category="games", **minutes("30", "30", "30", "30", "30", "", "90")).status_code
        == 303
    )
    policy, _ = hub.broker.policy(ROUTER)
    assert [tuple(line) for line in policy.budgets] == [(child, "games", (30, 30, 30, 30, 30, -1, 90), 240)]
    page = hub.get(f"/children/{child}/schedule").text
    assert "Games: Mon–Fri 30 min; Sat no limit; Sun 1 h 30 min" in page


def test_a_preset_sets_the_total_and_leaves_the_categories(hub: Hub, child: str) -> None:
    post(hub, child, "budget", category="games", **minutes(*["20"] * 7))
    assert post(hub, child, "budget/preset", preset="6-9").status_code == 303
    assert {b.category: b.minutes for b in hub.family().budgets} == {
        "games": (20,) * 7,
        "total": (60, 60, 60, 60, 60, 90, 90),
    }
    assert "In total: Mon–Fri 1 h; Sat, Sun 1 h 30 min" in hub.get(f"/children/{child}/schedule").text


def test_no_limit_on_any_day_is_no_budget(hub: Hub, child: str) -> None:
    post(hub, child, "budget/preset", preset="6-9")
    assert post(hub, child, "budget", category="total", **minutes(*[""] * 7)).status_code == 303
    assert hub.family().budgets == () and hub.broker.policy(ROUTER)[0].budgets == ()


def test_none_is_not_no_limit(hub: Hub, child: str) -> None:
    post(hub, child, "budget", category="total", **minutes(*["0"] * 7))
    assert hub.broker.policy(ROUTER)[0].budgets[0].minutes == (0,) * 7


def test_the_day_begins_where_the_home_says_for_all_children(hub: Hub, child: str) -> None:
    ben = hub.add_child("Ben", "10-12")
    for person in (child, ben):
        post(hub, person, "budget/preset", preset="6-9")
    assert post(hub, child, "day-start", minute="360").status_code == 303
    assert {line.day_start for line in hub.broker.policy(ROUTER)[0].budgets} == {360}
    assert "They begin anew at 06:00" in hub.get(f"/children/{ben}/schedule").text


@pytest.mark.parametrize("text", ["1441", "-1", "an hour", "²", "9999999"])
def test_what_is_no_number_of_minutes_is_refused(hub: Hub, child: str, text: str) -> None:
    answer = post(hub, child, "budget", category="total", **minutes(text, *["30"] * 6))
    assert answer.status_code == 422
    assert "minutes from 0 to 1440" in answer.text
    assert hub.family().budgets == ()


def test_only_timed_categories_are_counted(hub: Hub, child: str) -> None:
    assert set(TIMED) <= set(CATEGORIES)
    for category in ("adult", "ads", "x"):
        assert post(hub, child, "budget", category=category, **minutes(*["30"] * 7)).status_code == 422
    for category in TIMED:
        assert post(hub, child, "budget", category=category, **minutes(*["30"] * 7)).status_code == 303


def test_every_age_has_bedtimes_that_leave_sleep_and_more_with_age() -> None:
    assert tuple(preset.band for preset in BEDTIME_PRESETS) == CHILD_BANDS
    sleep = {"0-5": 10, "6-9": 9, "10-12": 9, "13-15": 8, "16-17": 8}
    for preset in BEDTIME_PRESETS:
        for start, end in (preset.school_night, preset.weekend_night):
            assert (end - start) % 1440 >= sleep[preset.band] * 60
    starts = [preset.school_night[0] for preset in BEDTIME_PRESETS]
    assert starts == sorted(starts)
    limits = [minutes if minutes >= 0 else 1440 for preset in BEDTIME_PRESETS for minutes in [preset.school_minutes]]
    assert limits == sorted(limits)


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (31, "Mon–Fri"),
        (96, "Sat, Sun"),
        (79, "Sun–Thu"),
        (127, "Mon–Sun"),
        (65, "Sun, Mon"),
        (21, "Mon, Wed, Fri"),
        (115, "Fri–Tue"),
    ],
)
def test_days_in_a_row_are_a_range(days: int, text: str) -> None:
    assert day_range(days) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 min"), (45, "45 min"), (60, "1 h"), (90, "1 h 30 min"), (-1, "no limit")]
)
def test_minutes_in_words(count: int, text: str) -> None:
    assert minutes_text(count) == text


def test_the_same_every_day_is_said_once() -> None:
    assert budget_text(Budget("b", "p", "total", (60,) * 7)) == "In total: 1 h every day"


def test_undo_of_a_bedtime_leaves_the_minutes_of_extra_time_that_is_over(hub: Hub, child: str) -> None:
    post(hub, child, "budget", category="total", **minutes(*["60"] * 7))
    hub.post(f"/children/{child}/bonus", minutes="15")
    (bonus,) = hub.family().overrides
    hub.clock.advance(bonus.until - hub.clock.wall() + 60)
    assert hub.post(f"/children/{child}/bedtime", days="127", start="23:00", end="05:00").status_code == 303
    assert hub.post(f"/children/{child}/undo").status_code == 303
    policy, _ = hub.broker.policy(ROUTER)
    assert policy.weeks == ()
    assert [(line.kind, line.minutes) for line in policy.overrides] == [("bonus", 15)]
