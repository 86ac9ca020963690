"""Any day of a child before it comes: in sentences, with the rule that won and who set it."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.unit.hub.conftest import Hub


@pytest.fixture
def child(hub: Hub) -> str:
    person = hub.add_child()
    hub.add_device(person)
    hub.post(f"/children/{person}/schedule/preset", preset="6-9")
    return person


def look(hub: Hub, child: str, **query: Any) -> TestResponse:
    return hub.get(f"/children/{child}/day", query_string=query)


def test_today_in_one_sentence(hub: Hub, child: str) -> None:
    page = look(hub, child).text
    assert (
        "Closed because of the bedtime until 06:30. Then open until 20:30. "
        "Then closed because of the bedtime until Sat 07:30." in page
    )
    assert "At 18:00 the internet is on until 20:30." in page


def test_at_a_moment_the_rule_is_named_in_the_familys_words_with_who_set_it(hub: Hub, child: str) -> None:
    page = look(hub, child, date="2026-08-10", at="20:45").text
    assert "At 20:45 the internet is off until Tue 06:30." in page
    assert "The rule “School nights (Sun–Thu): internet off 20:00–06:30” holds." in page
    assert "set it." in page
    assert "79 1200" not in page  # the policy’s line


def test_an_exception_is_named_where_it_replaces_the_week(hub: Hub, child: str) -> None:
    fields = {"first": "2026-08-10", "as": "free", "note": "Meteor shower"}
    hub.post(f"/children/{child}/schedule/dates", **fields)
    page = look(hub, child, date="2026-08-10", at="22:00").text
    assert "the internet is on until" in page
    assert "The exception “Mon 10 Aug: no bedtime and no other times” holds." in page
    assert "It takes the place of the usual times." in page and "Meteor shower" in page
    # The night before goes on into the morning.
    assert "The rule “School nights (Sun–Thu): internet off 20:00–06:30” holds." in page


@pytest.mark.parametrize(("day", "hours"), [("2026-10-25", 25), ("2027-03-28", 23), ("2026-10-24", 0)])
def test_a_day_on_which_the_clocks_change_says_so(hub: Hub, child: str, day: str, hours: int) -> None:
    page = look(hub, child, date=day, at="02:30").text
    assert (f"this day has {hours} hours" in page) == bool(hours)
    assert page.count('class="level-closed" x="0"') == 1


def test_a_pause_is_part_of_today_only(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/pause", minutes="60")
    page = look(hub, child).text
    assert "A parent’s pause until 19:00 holds." in page
    assert "pause" not in look(hub, child, date="2026-08-08").text.split("<main")[1].split("toast")[0]


def test_a_pause_begins_with_the_tap_and_not_before(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/pause", minutes="15")
    page = look(hub, child).text
    assert "Then open until 18:00. Then closed because of a pause until 18:15. Then open until 20:30." in page
    assert "At 12:00 the internet is on until 18:00." in look(hub, child, at="12:00").text
    assert "pause" not in look(hub, child, date="2026-08-06", at="19:00").text.split("<main")[1].split("toast")[0]
    assert "Then closed because of a pause until 18:15." in hub.get(f"/children/{child}/schedule").text


def test_minutes_are_said_beside_the_times(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/schedule/budget/preset", preset="6-9")
    assert "In total, at most 1 h 30 min of it can be used." in look(hub, child, date="2026-08-08").text


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"date": "soon"}, "Please give a day"),
        ({"date": "2030-01-01"}, "less than 400 days away"),
        ({"at": "25:00"}, "Please give a time"),
    ],
)
def test_what_is_no_day_is_said(hub: Hub, child: str, query: dict[str, str], sentence: str) -> None:
    answer = look(hub, child, **query)
    assert answer.status_code == 422
    assert sentence in answer.text
