"""Any day of a child before it comes: in sentences, with the rule that won and who set it."""

import re
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


def test_a_pause_that_runs_into_bedtime_is_two_sentences(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/pause", until="21:00")
    assert (
        "Then closed because of a pause until 21:00. Then closed because of the bedtime until Sat 07:30."
        in look(hub, child).text
    )


def test_each_of_two_equal_times_is_named_on_a_long_day(hub: Hub, child: str) -> None:
    """Off from 02:30 until 03:30 at each wall minute: the clock shows 02:30 twice, and 02:00 again at 03:00."""
    hub.post(f"/children/{child}/schedule/dates", **{"first": "2026-10-24", "last": "2026-10-25", "as": "free"})
    hub.post(f"/children/{child}/schedule/dates", first="2026-10-25", **window("02:30", "03:30"))
    page = look(hub, child, date="2026-10-25", at="02:30").text
    lines = re.findall(r"<b>([^<]*–[^<]*) internet (on|off)</b>", page)
    assert lines == [
        ("00:00–02:30 (the first time)", "on"),
        ("02:30 (the first time)–03:00", "off"),
        ("02:00 (the second time)–02:30 (the second time)", "on"),
        ("02:30 (the second time)–03:30", "off"),
        ("03:30–24:00", "on"),
    ]
    assert "Open until 02:30 (the first time). Then closed because of the bedtime until 03:00. " in page
    assert "At 02:30 (the first time) the internet is off until 03:00." in page
    assert "At 02:30 (the second time) the internet is off until 03:30." in page
    hub.browser.set_cookie("language", "de")
    german = look(hub, child, date="2026-10-25", at="02:30").text
    assert "Um 02:30 (beim zweiten Mal) ist das Internet aus, bis 03:30." in german
    short = look(hub, child, date="2027-03-28", at="02:30").text  # the clock skips it: the jump is meant
    assert "Um 03:00 ist das Internet" in short


def window(start: str, end: str) -> dict[str, str]:
    return {"as": "own", "start-0": start, "end-0": end, "level-0": "closed"}


def test_a_journeys_days_are_as_long_as_its_clock_makes_them(hub: Hub, child: str) -> None:
    for week in hub.family().weeks:
        hub.post(f"/children/{child}/bedtime/{week.id}/remove")
    hub.post(f"/children/{child}/bedtime", days="127", start="20:30", end="07:00")
    fields = {"first": "2026-08-10", "last": "2026-08-12", "as": "week"}
    hub.post(f"/children/{child}/schedule/dates", **fields, zone="Asia/Tokyo")
    before = look(hub, child, date="2026-08-09").text
    assert "07:00–17:00 internet on" in before and "this day has 17 hours" in before
    assert "Then open until 17:00." in before
    said = "At 17:00, because of the journey, the clock of Asia/Tokyo begins to count, and shows Mon 00:00."
    assert said in before
    first = look(hub, child, date="2026-08-10").text
    assert "By the clock of Asia/Tokyo." in first and "00:00–07:00 internet off" in first and "hours." not in first
    last = look(hub, child, date="2026-08-12").text
    assert "At 00:00 the journey ends: the clock of Europe/Berlin counts again, and shows Wed 17:00." in last
    assert "this day has 31 hours" in last and "20:30 (the second time)–24:00 internet off" in last
    (rule,) = hub.family().dates
    hub.post(f"/children/{child}/schedule/dates/{rule.id}/remove")
    hub.post(f"/children/{child}/schedule/dates", **fields, zone="America/New_York")
    first = look(hub, child, date="2026-08-10").text
    assert "this day has 30 hours" in first
    assert (
        "At 06:00, because of the journey, the clock of America/New_York begins to count, and shows Mon 00:00" in first
    )
    assert "00:00 (the first time)–07:00 internet off" in first
    after = look(hub, child, date="2026-08-13").text
    assert "this day has 18 hours" in after and "07:00–20:30 internet on" in after
    hub.browser.set_cookie("language", "de")
    german = look(hub, child, date="2026-08-10").text
    assert "Um 06:00 beginnt wegen der Reise die Uhr von America/New_York zu gelten und zeigt Mo 00:00." in german


def test_quiet_hours_of_a_childs_device_are_part_of_its_day(hub: Hub, child: str) -> None:
    (device,) = hub.family().devices
    fields = {"days": "16", "start": "22:00", "end": "02:00", "action": "close"}
    assert hub.post(f"/devices/{device.id}/quiet", **fields).status_code == 303
    said = f"Quiet hours of {device.name}, 22:00–02:00: its internet is off then, whatever holds above."
    for day in ("2026-08-14", "2026-08-15"):  # a Friday, and what is left of its night
        assert said in look(hub, child, date=day).text
    assert "Quiet hours" not in look(hub, child, date="2026-08-16").text
    hub.post(f"/devices/{device.id}/quiet", **{**fields, "action": "tell"}, revision="1")
    page = look(hub, child, date="2026-08-14").text
    assert "they turn nothing off; parents are told what it sends." in page
    hub.browser.set_cookie("language", "de")
    assert "Ruhezeit von" in look(hub, child, date="2026-08-14").text


def test_minutes_given_today_are_said_today(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/schedule/budget/preset", preset="6-9")
    hub.post(f"/children/{child}/give", minutes="30")
    page = look(hub, child).text
    assert "In total, at most 1 h of it can be used, and 30 min that were given today." in page
    assert "Once all of it is used, the internet is off until 04:00, when new minutes begin." in page
    assert "given today" not in look(hub, child, date="2026-08-14").text


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
