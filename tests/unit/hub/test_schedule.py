"""A child's calendar over its forms: windows, presets, exceptions, today only, copies, and the way back."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.unit.hub.conftest import EVENING, ROUTER, Hub


@pytest.fixture
def child(hub: Hub) -> str:
    person = hub.add_child()
    hub.add_device(person)
    return person


def post(hub: Hub, child: str, what: str, **fields: Any) -> TestResponse:
    return hub.post(f"/children/{child}/schedule/{what}", **fields)


def weeks(hub: Hub) -> list[tuple[int, int, int, str]]:
    return sorted((week.days, week.start, week.end, week.level) for week in hub.family().weeks)


NIGHTS_6_TO_9 = [(48, 1230, 450, "closed"), (79, 1200, 390, "closed")]


def test_a_preset_is_two_bedtimes_in_place_of_the_nights_there_are(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="127", start="19:00", end="07:00")
    hub.post(f"/children/{child}/bedtime", days="31", start="15:00", end="17:00", level="limited")
    assert post(hub, child, "preset", preset="6-9").status_code == 303
    assert weeks(hub) == [(31, 900, 1020, "limited"), *NIGHTS_6_TO_9]
    page = hub.get(f"/children/{child}/schedule").text
    assert "School nights (Sun–Thu): internet off 20:00–06:30" in page
    assert "School days (Mon–Fri): only the homework list 15:00–17:00" in page


def test_what_is_open_at_set_times_only(hub: Hub, child: str) -> None:
    post(hub, child, "otherwise", level="closed")
    hub.post(f"/children/{child}/bedtime", days="127", start="15:00", end="19:00", level="open")
    policy, _ = hub.broker.policy(ROUTER)
    assert policy.persons[0].default_level == "closed"
    assert "Internet is on" in hub.get("/").text
    hub.clock.advance(2 * 3600)
    assert "Internet is on" not in hub.get("/").text
    page = hub.get(f"/children/{child}/schedule").text
    assert "Every day: internet on 15:00–19:00" in page
    assert "At all other times the internet is off." in page


def test_the_week_of_another_child_is_copied_whole(hub: Hub, child: str) -> None:
    post(hub, child, "preset", preset="6-9")
    ben = hub.add_child("Ben", "10-12")
    hub.post(f"/children/{ben}/bedtime", days="127", start="22:00", end="07:00")
    assert post(hub, ben, "copy", source=child).status_code == 303
    mine, his = ([tuple(w)[2:6] for w in map(as_fields, hub.family().weeks_of(person))] for person in (child, ben))
    assert sorted(mine) == sorted(his)
    assert post(hub, ben, "copy", source=ben).status_code == 409


def as_fields(week: Any) -> tuple[Any, ...]:
    return (week.id, week.person, week.days, week.start, week.end, week.level)


def test_holidays_are_a_line_of_the_policy_with_an_end_and_a_note_that_stays(hub: Hub, child: str) -> None:
    post(hub, child, "preset", preset="6-9")
    fields = {"first": "2026-08-10", "last": "2026-08-21", "as": "saturday", "note": "Grandmother’s house"}
    assert post(hub, child, "dates", **fields).status_code == 303
    policy, _ = hub.broker.policy(ROUTER)
    assert [tuple(line) for line in policy.dates] == [(child, "2026-08-10", "2026-08-21", ((1230, 450, "closed"),))]
    assert "Grandmother" not in repr(policy)
    page = hub.get(f"/children/{child}/schedule").text
    assert "Mon 10 Aug to Fri 21 Aug: as on Saturdays" in page and "Grandmother’s house" in page
    (rule,) = hub.family().dates
    changed = {**fields, "as": "own", "start-0": "22:00", "end-0": "08:00", "rule": rule.id}
    assert post(hub, child, "dates", revision=str(rule.revision), **changed).status_code == 303
    assert hub.family().dates[0].windows == ((1320, 480, "closed"),)
    assert post(hub, child, "dates", revision=str(rule.revision), **changed).status_code == 409
    assert post(hub, child, f"dates/{rule.id}/remove").status_code == 303
    assert hub.family().dates == () and hub.broker.policy(ROUTER)[0].dates == ()


def test_a_week_by_another_clock(hub: Hub, child: str) -> None:
    post(hub, child, "preset", preset="6-9")
    fields = {"first": "2026-08-07", "last": "2026-08-14", "as": "week", "zone": "America/New_York"}
    assert post(hub, child, "dates", **fields).status_code == 303
    policy, _ = hub.broker.policy(ROUTER)
    assert [travel.first for travel in policy.travels] == ["2026-08-07"]
    assert "the usual times, by the clock of America/New_York" in hub.get(f"/children/{child}/schedule").text
    page = hub.get(f"/children/{child}/day?date=2026-08-08&at=21:00").text
    assert "By the clock of America/New_York." in page
    assert "At 21:00 the internet is off until Sun 07:30." in page


def test_no_bedtime_only_today(hub: Hub, child: str) -> None:
    post(hub, child, "preset", preset="6-9")
    answer = post(hub, child, "today", choice="none", **{"from": "home"})
    assert answer.location == "/"
    home = hub.get("/").text
    assert "Only today: no bedtime" in home and "has an exception, only today." in home
    hub.clock.advance(5 * 3600)  # 23:00
    assert "Internet is on" in hub.get("/").text
    hub.clock.advance(24 * 3600)
    assert "Internet is on" not in hub.get("/").text
    assert "Only today:" not in hub.get("/").text


def test_an_hour_later_only_today_and_back(hub: Hub, child: str) -> None:
    post(hub, child, "preset", preset="6-9")
    assert "Bedtime at 21:30" in hub.get("/").text
    post(hub, child, "today", choice="later")
    assert hub.family().dates[0].windows == ((1290, 450, "closed"),)
    post(hub, child, "today", choice="none")  # instead of, not besides
    assert [rule.windows for rule in hub.family().dates] == [()]
    post(hub, child, "today", choice="usual")
    assert hub.family().dates == ()


def test_after_midnight_today_is_still_the_evening_before(hub: Hub, child: str) -> None:
    post(hub, child, "preset", preset="6-9")
    hub.clock.advance(7 * 3600)  # Saturday, 01:00
    assert "Bedtime" in hub.get("/").text
    post(hub, child, "today", choice="none")
    assert hub.family().dates[0].first == "2026-08-07"
    assert "Internet is on" in hub.get("/").text


def test_what_makes_no_difference_is_not_offered_and_not_done(hub: Hub, child: str) -> None:
    assert "No bedtime</button>" not in hub.get("/").text
    assert post(hub, child, "today", choice="none").status_code == 409
    assert post(hub, child, "today", choice="else").status_code == 409
    assert hub.family().dates == ()


def test_free_until_a_time_goes_before_the_bedtime(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="127", start="17:00", end="07:00")
    assert post(hub, child, "free", until="19:45").status_code == 303
    assert "until 19:45" in hub.get("/").text
    assert post(hub, child, "free", until="later").status_code == 422


def test_each_change_is_undone_by_one_tap(hub: Hub, child: str) -> None:
    post(hub, child, "preset", preset="6-9")
    post(hub, child, "budget", category="total", **{f"minutes-{day}": "60" for day in range(7)})
    before = hub.family()
    for what, fields in (
        ("preset", {"preset": "16-17"}),
        ("otherwise", {"level": "closed"}),
        ("today", {"choice": "none"}),
        ("dates", {"first": "2026-08-10", "as": "free"}),
        ("budget", {"category": "total"}),
        ("budget/preset", {"preset": "13-15"}),
    ):
        assert post(hub, child, what, **fields).status_code == 303, what
        assert rules(hub) != rules_of(before), what
        assert hub.post(f"/children/{child}/undo", **{"from": "schedule"}).location == f"/children/{child}/schedule"
        assert rules(hub) == rules_of(before), what


def rules(hub: Hub) -> list[tuple[Any, ...]]:
    return rules_of(hub.family())


def rules_of(family: Any) -> list[tuple[Any, ...]]:
    return [
        *((p.default_level,) for p in family.people),
        *((w.id, w.days, w.start, w.end, w.level) for w in family.weeks),
        *((d.id, d.first, d.last, d.windows) for d in family.dates),
        *((b.id, b.category, b.minutes) for b in family.budgets),
    ]


def test_a_pause_goes_on_while_the_calendar_changes_and_is_not_undone_with_it(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/pause", minutes="60")
    post(hub, child, "preset", preset="6-9")
    assert [override.kind for override in hub.family().overrides] == ["pause"]
    hub.post(f"/children/{child}/undo")
    assert [override.kind for override in hub.family().overrides] == ["pause"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"first": "soon", "as": "free"}, "Please give the first day."),
        ({"first": "2026-08-10", "last": "2026-08-09", "as": "free"}, "not be before the first"),
        ({"first": "2026-08-01", "last": "2026-08-02", "as": "free"}, "These days are over."),
        ({"first": "2026-08-10", "last": "2028-08-09", "as": "free"}, "a year at most"),
        ({"first": "2029-08-10", "as": "free"}, "more than two years away"),
        ({"first": "2026-08-10", "as": "own"}, "at least one time"),
        ({"first": "2026-08-10", "as": "own", "start-0": "20:00", "end-0": "20:00"}, "two different times"),
        ({"first": "2026-08-10", "as": "own", "start-0": "20:00", "end-0": "7"}, "two different times"),
        ({"first": "2026-08-10", "as": "own", "start-0": "20:00", "end-0": "07:00", "level-0": "x"}, "what is on then"),
        ({"first": "2026-08-10", "as": "else"}, "what holds on these days"),
        ({"first": "2026-08-10", "as": "free", "zone": "Mars/Base"}, "time zone from the list"),
        ({"first": "2026-08-10", "as": "week"}, "time zone of the journey"),
    ],
)
def test_a_fault_of_an_exception_is_said_and_nothing_kept(
    hub: Hub, child: str, fields: dict[str, str], sentence: str
) -> None:
    answer = post(hub, child, "dates", **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert hub.family().dates == ()


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("preset", {"preset": "40"}),
        ("otherwise", {"level": "half"}),
        ("budget/preset", {}),
        ("day-start", {"minute": "77"}),
    ],
)
def test_other_forms_refuse_what_they_do_not_know(hub: Hub, child: str, what: str, fields: dict[str, str]) -> None:
    assert post(hub, child, what, **fields).status_code == 422


def test_a_child_has_a_bounded_number_of_exceptions_and_old_ones_make_room(hub: Hub, child: str) -> None:
    for day in range(10, 26):
        assert post(hub, child, "dates", first=f"2026-08-{day}", **{"as": "free"}).status_code == 303
    answer = post(hub, child, "dates", first="2026-09-01", **{"as": "free"})
    assert answer.status_code == 409 and "16 exceptions already" in answer.text
    hub.clock.advance(60 * 86400)
    hub.sign_in(hub.browser)
    assert post(hub, child, "dates", first="2026-11-01", **{"as": "free"}).status_code == 303
    assert len(hub.family().dates) == 1


def test_no_form_makes_a_row_of_its_own_name_or_takes_a_siblings(hub: Hub, child: str) -> None:
    ben = hub.add_child("Ben", "10-12")
    window = {"days": "127", "start": "19:00", "end": "07:00"}
    days = {"first": "2026-08-10", "as": "free"}
    hub.post(f"/children/{ben}/bedtime", **window)
    post(hub, ben, "dates", **days)
    before = hub.family()
    for week, rule in (("made-up", "made-up"), (before.weeks[0].id, before.dates[0].id)):
        for revision in ("0", "1"):
            path = f"/children/{child}/bedtime"
            assert hub.post(path, week=week, revision=revision, **window).status_code == 409
            assert post(hub, child, "dates", rule=rule, revision=revision, **days).status_code == 409
    assert (hub.family().weeks, hub.family().dates) == (before.weeks, before.dates)


def test_removing_a_child_removes_its_calendar(hub: Hub, child: str) -> None:
    post(hub, child, "preset", preset="6-9")
    post(hub, child, "today", choice="none")
    post(hub, child, "budget/preset", preset="6-9")
    hub.post(f"/children/{child}/remove", sure="yes")
    family = hub.family()
    assert (family.weeks, family.dates, family.budgets) == ((), (), ())


def test_the_page_of_no_child_is_no_page(hub: Hub) -> None:
    assert hub.get("/children/pnobody/schedule").status_code == 404
    assert hub.get("/children/pnobody/day").status_code == 404
    for what in ("preset", "today", "dates"):
        fields = {"preset": "6-9", "choice": "none", "first": "2026-08-10", "as": "free"}
        assert post(hub, "pnobody", what, **fields).status_code == 404


def test_the_childs_own_page_says_what_is_different_today(hub: Hub, child: str) -> None:
    post(hub, child, "preset", preset="6-9")
    post(hub, child, "dates", first="2026-08-07", **{"as": "free"})
    hub.network.neighbours["192.0.2.7"] = "02:00:5e:10:00:01"
    page = hub.get("/me", hub.new_browser(), environ_base={"REMOTE_ADDR": "192.0.2.7"}).text
    assert "Only today: no bedtime and no other times" in page
    assert "Fridays and Saturdays: internet off 20:30–07:30" in page


def test_a_time_off_in_the_day_is_no_bedtime(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="127", start="12:00", end="13:00")
    hub.clock.advance(18 * 3600 + 60)  # Saturday, 12:01
    home = hub.get("/").text
    assert "Internet is off" in home and "Bedtime" not in home
    hub.post(f"/children/{child}/bedtime", days="127", start="11:00", end="10:00")
    assert "Bedtime" in hub.get("/").text


def test_what_was_typed_stays_where_a_form_had_a_fault(hub: Hub, child: str) -> None:
    fields = {"first": "2026-08-10", "as": "own", "start-0": "21:15", "end-0": "07:05", "note": "At the sea"}
    page = post(hub, child, "dates", last="2026-08-09", **fields).text
    for typed in ('value="2026-08-10"', 'value="21:15"', 'value="07:05"', 'value="At the sea"'):
        assert typed in page
    assert '<details id="add-dates" open>' in page
    page = hub.post(f"/children/{child}/bedtime", start="19:17", end="07:03", level="limited").text
    assert 'value="19:17"' in page and '<details id="add-time" open>' in page
    page = post(hub, child, "budget", category="games", **{"minutes-0": "an hour", "minutes-1": "35"}).text
    assert 'value="an hour"' in page and 'value="35"' in page


NIGHT = ({"start": "22:00", "end": "00:00"}, {"start": "00:00", "end": "07:00"})
WITH_A_GAP = ({"start": "21:00", "end": "23:59"}, NIGHT[1])


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        (
            NIGHT,
            "“Every day: internet off 00:00–07:00” are one night in two parts. One time of 22:00–07:00 says the same.",
        ),
        (
            WITH_A_GAP,
            "“Every day: internet off 00:00–07:00” the internet is on for a moment. One time of 21:00–07:00 has no gap",
        ),
    ],
)
def test_a_night_in_two_parts_is_one_night(hub: Hub, parts: tuple[dict[str, str], ...], says: str) -> None:
    mia = hub.add_child("Mia")
    hub.add_device(mia)
    for part in parts:
        hub.post(f"/children/{mia}/bedtime", days="127", **part)
    assert says in hub.get(f"/children/{mia}/schedule").text
    hub.post(f"/children/{mia}/pause", minutes="0")
    (pause,) = hub.family().overrides
    assert pause.until - EVENING == 13 * 3600  # 07:00
    hub.post(f"/children/{mia}/end")
    hub.post(f"/children/{mia}/schedule/today", choice="none")
    hub.broker.apply(ROUTER)
    page = hub.get("/").text
    assert "Only today: no bedtime" in page
    for hours, level in ((4.5, "open"), (7, "open"), (12.9, "open"), (13, "open"), (28.5, "closed"), (31, "closed")):
        hub.clock.advance(EVENING + hours * 3600 - hub.clock.wall())
        hub.broker.apply(ROUTER)
        assert hub.get("/status").json["children"][mia]["level"] == level, hours  # type: ignore[index]


@pytest.mark.parametrize("parts", [NIGHT, WITH_A_GAP])
def test_a_preset_takes_the_place_of_both_parts_of_a_night(
    hub: Hub, child: str, parts: tuple[dict[str, str], ...]
) -> None:
    for part in (*parts, {"start": "18:00", "end": "19:00"}):
        hub.post(f"/children/{child}/bedtime", days="127", **part)
    post(hub, child, "preset", preset="6-9")
    assert weeks(hub) == [*NIGHTS_6_TO_9, (127, 1080, 1140, "closed")]


def test_a_dinner_is_no_bedtime_that_could_begin_as_it_ends(hub: Hub) -> None:
    mia = hub.add_child("Mia")
    hub.post(f"/children/{mia}/bedtime", days="127", start="19:00", end="20:00")
    assert "Bedtime at" not in hub.get("/").text
