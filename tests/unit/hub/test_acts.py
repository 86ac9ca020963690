"""A parent acts: what the store holds then, what the router is sent, what the page says."""

import threading
from datetime import UTC, datetime

import pytest

from stairgate.core import limits as core_limits
from stairgate.core.decide import decide
from stairgate.hub import limits
from stairgate.hub.family import Override
from tests.unit.hub.conftest import EVENING, HOME, ROUTER, Hub

MINUTE = 60
HOUR = 3600


def berlin(text: str) -> int:
    """UTC seconds of a summer time in Berlin."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) - 2 * HOUR


def overrides(hub: Hub, child: str) -> list[tuple[str, int, int]]:
    return [(o.kind, o.start, o.until) for o in hub.family().overrides_of(child)]


def sent(hub: Hub) -> list[tuple[str, int]]:
    policy, _ = hub.broker.policy(ROUTER)
    return [(override.kind, override.until) for override in policy.overrides]


def now(hub: Hub) -> int:
    return int(hub.clock.wall())


@pytest.fixture
def child(hub: Hub) -> str:
    child = hub.add_child()
    hub.add_device(child)
    return child


# Pause


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_a_pause_lasts_as_long_as_was_tapped(hub: Hub, child: str, minutes: int) -> None:
    answer = hub.post(f"/children/{child}/pause", minutes=str(minutes))

    assert (answer.status_code, answer.location) == (303, "/")
    until = now(hub) + minutes * MINUTE
    assert [(kind, end) for kind, _, end in overrides(hub, child)] == [("pause", until)]
    assert sent(hub) == [("pause", until)]
    page = hub.get("/").text
    assert "Paused" in page
    assert "is paused until" in page  # the toast with Undo


@pytest.mark.parametrize(
    ("bedtime", "until"),
    [
        (None, "2026-08-08T06:00"),
        ({"days": "127", "start": "20:30", "end": "07:15"}, "2026-08-08T07:15"),
        ({"days": "79", "start": "20:30", "end": "07:15"}, "2026-08-08T06:00"),
        ({"days": "16", "start": "17:30", "end": "19:00"}, "2026-08-08T06:00"),
        ({"days": "16", "start": "17:30", "end": "07:00"}, "2026-08-08T07:00"),
    ],
    ids=["no bedtime", "every night", "no school tonight", "a time off in the evening", "it is bedtime now"],
)
def test_a_pause_until_the_morning_ends_with_the_bedtime(
    hub: Hub, child: str, bedtime: dict[str, str] | None, until: str
) -> None:
    if bedtime:
        assert hub.post(f"/children/{child}/bedtime", **bedtime).status_code == 303

    hub.post(f"/children/{child}/pause", minutes="0")

    assert sent(hub) == [("pause", berlin(until))]


@pytest.mark.parametrize(
    ("typed", "until"), [("19:45", "2026-08-07T19:45"), ("17:00", "2026-08-08T17:00")], ids=["today", "tomorrow"]
)
def test_a_pause_until_a_time_of_day(hub: Hub, child: str, typed: str, until: str) -> None:
    assert hub.post(f"/children/{child}/pause", until=typed).status_code == 303
    assert sent(hub) == [("pause", berlin(until))]


@pytest.mark.parametrize("fields", [{}, {"minutes": "14"}, {"minutes": "-15"}, {"minutes": "x"}, {"until": "25:00"}])
def test_a_pause_of_any_other_length_is_refused(hub: Hub, child: str, fields: dict[str, str]) -> None:
    answer = hub.post(f"/children/{child}/pause", **fields)
    assert answer.status_code == 422
    assert "Please choose how long" in answer.text
    assert overrides(hub, child) == []


@pytest.mark.parametrize("behind", [0, 40, 12 * HOUR], ids=["right", "40 s behind", "12 h behind"])
def test_a_pause_begins_at_once_on_a_router_whose_clock_is_behind(hub: Hub, child: str, behind: int) -> None:
    hub.post(f"/children/{child}/pause", minutes="0")
    policy, _ = hub.broker.policy(ROUTER)
    decision = decide(policy, hub.family().devices[0].id, now(hub) - behind, {})
    assert (decision.level, decision.reason) == ("closed", "pause")


def test_the_longest_pause_fits_the_wire_format(hub: Hub, child: str) -> None:
    hub.parts.acts.pause(child, minutes=10_000)
    (pause,) = hub.broker.policy(ROUTER)[0].overrides
    assert pause.until == now(hub) + limits.OVERRIDE_SECONDS_MAX
    assert pause.until - pause.start <= core_limits.OVERRIDE_SECONDS_MAX


def test_a_second_pause_replaces_the_first(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/pause", minutes="60")
    hub.post(f"/children/{child}/pause", minutes="15")
    assert sent(hub) == [("pause", now(hub) + 15 * MINUTE)]


def test_a_pause_that_is_over_is_not_sent_again(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/pause", minutes="15")
    hub.clock.advance(16 * MINUTE)
    assert "Internet is on" in hub.get("/").text

    hub.add_child("Noah")

    assert sent(hub) == []


def test_end_pause(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/pause", minutes="60")
    hub.post(f"/children/{child}/end")
    assert overrides(hub, child) == []
    assert "is back to the usual rules" in hub.get("/").text


# Extra time


def test_extra_time_opens_a_closed_evening_now(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="127", start="17:00", end="07:00")
    assert "Bedtime" in hub.get("/").text

    hub.post(f"/children/{child}/bonus", minutes="30")

    assert sent(hub) == [("bonus", now(hub) + 30 * MINUTE)]
    assert "Extra time" in hub.get("/").text


def test_extra_time_before_bedtime_begins_where_bedtime_would(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="127", start="20:30", end="07:00")
    hub.post(f"/children/{child}/bonus", minutes="30")
    assert sent(hub) == [("bonus", berlin("2026-08-07T21:00"))]


def test_extra_time_adds_up(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="127", start="17:00", end="07:00")
    hub.post(f"/children/{child}/bonus", minutes="15")
    hub.clock.advance(5 * MINUTE)
    hub.post(f"/children/{child}/bonus", minutes="15")
    assert sent(hub) == [("bonus", now(hub) + 25 * MINUTE)]
    assert [override.minutes for override in hub.family().overrides] == [30]


def test_extra_time_puts_a_pause_off(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="127", start="17:00", end="07:00")
    hub.post(f"/children/{child}/pause", minutes="60")
    hub.post(f"/children/{child}/bonus", minutes="15")
    assert sorted(sent(hub)) == [("bonus", now(hub) + 15 * MINUTE), ("pause", now(hub) + 60 * MINUTE)]
    assert [o.start for o in hub.family().overrides if o.kind == "pause"] == [now(hub) + 15 * MINUTE]


def test_a_pause_wins_over_extra_time_and_gives_it_back(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="127", start="17:00", end="07:00")
    hub.post(f"/children/{child}/bonus", minutes="60")
    hub.post(f"/children/{child}/pause", minutes="15")
    assert "Paused" in hub.get("/").text
    hub.clock.advance(16 * MINUTE)
    assert "Extra time" in hub.get("/").text


# Undo


def act_of(hub: Hub, child: str) -> str:
    with hub.store.transaction(HOME) as rows:
        row = rows.get("acts", child)
    assert row
    return str(row.document["act"])


def without_revision(found: tuple[Override, ...]) -> list[tuple[object, ...]]:
    return [(o.id, o.target, o.kind, o.start, o.until, o.minutes, o.reason) for o in found]


def test_undo_puts_back_exactly_what_was_before_as_a_new_revision(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="127", start="17:00", end="07:00")
    hub.post(f"/children/{child}/bonus", minutes="60")
    before = without_revision(hub.family().overrides)
    hub.post(f"/children/{child}/pause", minutes="30")
    revision = hub.broker.policy(ROUTER)[0].revision
    hub.clock.advance(5)

    answer = hub.post(f"/children/{child}/undo", act=act_of(hub, child))

    assert answer.status_code == 303
    assert without_revision(hub.family().overrides) == before
    assert hub.broker.policy(ROUTER)[0].revision > revision
    assert [kind for kind, _ in sent(hub)] == ["bonus"]


def test_undo_without_a_name_means_the_last_act(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/pause", minutes="30")
    hub.post(f"/children/{child}/undo")
    assert overrides(hub, child) == []


def test_undo_after_somebody_else_acted_undoes_nothing(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/pause", minutes="15")
    mine = act_of(hub, child)
    hub.post(f"/children/{child}/pause", minutes="60")

    answer = hub.post(f"/children/{child}/undo", act=mine)

    assert answer.status_code == 409
    assert "Nothing was undone" in answer.text
    assert sent(hub) == [("pause", now(hub) + 60 * MINUTE)]


def test_undo_is_not_for_ever(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/pause", minutes="60")
    act = act_of(hub, child)
    hub.clock.advance(11 * MINUTE)
    assert hub.post(f"/children/{child}/undo", act=act).status_code == 409
    assert len(overrides(hub, child)) == 1


def test_the_toast_goes_after_eight_seconds(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/pause", minutes="60")
    assert 'id="toast"' in hub.get("/").text
    hub.clock.advance(9)
    assert 'id="toast"' not in hub.get("/").text
    assert "Undo the last change" in hub.get(f"/children/{child}").text


# Two parents


def test_two_parents_tapping_at_once_lose_nothing(hub: Hub) -> None:
    children = [hub.add_child(f"child {number}") for number in range(4)]
    token = hub.token(hub.browser, "/children/new")
    cookie = hub.browser.get_cookie("sg")
    assert cookie
    answers: list[int] = []

    def tap(child: str) -> None:
        browser = hub.new_browser()
        browser.set_cookie("sg", cookie.value)
        for minutes in (15, 30, 60) * 3:
            fields = {"csrf_token": token, "minutes": str(minutes)}
            answers.append(browser.post(f"/children/{child}/pause", data=fields).status_code)

    parents = [threading.Thread(target=tap, args=(child,)) for child in children]
    for parent in parents:
        parent.start()
    for parent in parents:
        parent.join(60)

    assert answers == [303] * 36
    assert sorted(o.target for o in hub.family().overrides) == sorted(children)
    assert {until for _, until in sent(hub)} == {now(hub) + 60 * MINUTE}


def test_a_bedtime_that_somebody_else_changed_is_shown_not_overwritten(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="79", start="20:30", end="07:00")
    (week,) = hub.family().weeks
    fields = {"week": week.id, "revision": str(week.revision), "end": "07:00"}
    assert hub.post(f"/children/{child}/bedtime", days="79", start="20:00", **fields).status_code == 303

    answer = hub.post(f"/children/{child}/bedtime", days="79", start="21:00", **fields)

    assert answer.status_code == 409
    assert "You changed this yourself at 18:00, on another page. This is how it stands now." in answer.text
    assert "internet off 20:00–07:00" in answer.text
    assert [week.start for week in hub.family().weeks] == [20 * 60]


# Bedtimes, children, devices


def test_a_bedtime_is_a_sentence_and_a_policy_line(hub: Hub, child: str) -> None:
    answer = hub.post(f"/children/{child}/bedtime", days=["64", "1", "2", "4", "8"], start="20:30", end="07:00")

    assert answer.status_code == 303
    assert "School nights (Sun–Thu): internet off 20:30–07:00" in hub.get(f"/children/{child}").text
    policy, _ = hub.broker.policy(ROUTER)
    assert [tuple(week) for week in policy.weeks] == [(child, 79, 1230, 420, "closed")]
    hub.post(f"/children/{child}/bedtime/{hub.family().weeks[0].id}/remove")
    assert hub.broker.policy(ROUTER)[0].weeks == ()


def test_all_faults_of_a_bedtime_at_once(hub: Hub, child: str) -> None:
    answer = hub.post(f"/children/{child}/bedtime", start="25:00", end="seven")
    assert answer.status_code == 422
    for sentence in ("at least one day", "such as 20:30", "such as 07:00"):
        assert sentence in answer.text
    assert hub.family().weeks == ()


def test_all_faults_of_a_child_at_once(hub: Hub) -> None:
    answer = hub.post("/children", name=" \u202e\u0000 ", band="7", zone="Mars/Base")
    assert answer.status_code == 422
    for sentence in ("give a name", "choose an age", "choose a time zone"):
        assert sentence in answer.text
    assert hub.family().people == ()


@pytest.mark.parametrize("typed", ["02:00:5E:10:00:AA", "02-00-5e-10-00-aa", "0200.5e10.00aa", " 02005e1000AA "])
def test_a_device_by_any_spelling_of_its_address(hub: Hub, child: str, typed: str) -> None:
    assert hub.post("/devices", name="phone", mac=typed, kind="phone", person=child).status_code == 303
    assert hub.family().device_with("02:00:5e:10:00:aa")


@pytest.mark.parametrize("typed", ["", "02:00:5e:10:00", "01:00:5e:10:00:01", "00:00:00:00:00:00", "zz:00:5e:10:00:01"])
def test_all_faults_of_a_device_at_once(hub: Hub, typed: str) -> None:
    answer = hub.post("/devices", name="", mac=typed, kind="car", person="p404")
    assert answer.status_code == 422
    for sentence in ("such as “blue tablet”", "12 digits", "choose what it is", "choose whose it is"):
        assert sentence in answer.text
    assert hub.family().devices == ()


def test_an_address_belongs_to_one_device(hub: Hub, child: str) -> None:
    answer = hub.post("/devices", name="again", mac="02:00:5e:10:00:01", kind="phone", person=child)
    assert answer.status_code == 422
    assert "belongs to “blue tablet” already" in answer.text
    assert [device.name for device in hub.family().devices] == ["blue tablet"]


def test_a_removed_child_leaves_devices_without_rules_behind(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="79", start="20:30", end="07:00")
    hub.post(f"/children/{child}/pause", minutes="15")
    assert hub.post(f"/children/{child}/remove").status_code == 422

    assert hub.post(f"/children/{child}/remove", sure="yes").status_code == 303

    family = hub.family()
    assert (family.people, family.weeks, family.overrides) == ((), (), ())
    assert [device.persons for device in family.devices] == [()]
    assert hub.get(f"/children/{child}").status_code == 404
    assert hub.post(f"/children/{child}/pause", minutes="15").status_code == 404


def test_a_family_too_large_for_the_router_is_refused_whole(hub: Hub) -> None:
    child = hub.add_child()
    for number in range(7):
        hub.add_device(child, f"02:00:5e:10:00:{number:02x}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stairgate.hub.issue.write_policy", lambda policy: _raise())
        answer = hub.post("/devices", name="one more", mac="02:00:5e:10:01:00", kind="phone", person=child)
    assert answer.status_code == 422
    assert "more devices than the router can hold" in answer.text
    assert len(hub.family().devices) == 7


def _raise() -> bytes:
    raise ValueError("line 0, size: expected at most 16384 bytes, got 16400")


def test_the_morning_of_the_demo_clock() -> None:
    assert berlin("2026-08-07T18:00") == EVENING
