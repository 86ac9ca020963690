"""Time left on cards and on the child's own page: the router's number, warnings, minutes given back, what is kept."""

import json
import re

import pytest

from stairgate.core.usage import BITMAP_BYTES
from stairgate.hub import limits
from stairgate.hub.acts import NotPossible
from stairgate.hub.budget_acts import BudgetActs
from stairgate.hub.schedule_forms import BudgetForm
from stairgate.hub.use_acts import UseActs
from tests.unit.hub.conftest import EVENING, PASSWORD, ROUTER, Hub

TODAY = int(EVENING) // 86400
MAC = "02:00:5e:10:00:01"
#: 18:00 in Berlin, as a minute of the UTC day.
NOW = int(EVENING) % 86400 // 60


def limit(hub: Hub, person: str, category: str = "total", minutes: int = 120) -> None:
    BudgetActs(hub.parts.acts, hub.clock).set_budget(person, BudgetForm(category, (minutes,) * 7))


def count(hub: Hub, person: str, minutes: int, category: str = "total", end: int = NOW, day: int = TODAY) -> None:
    """The router counted so many minutes up to this one."""
    bits = (((1 << minutes) - 1) << (end - minutes)).to_bytes(BITMAP_BYTES, "little")
    hub.broker.minutes(ROUTER, (person, category, day, bits))


@pytest.fixture
def mia(hub: Hub) -> str:
    person = hub.add_child()
    hub.add_device(person, MAC)
    hub.network.neighbours["192.168.77.20"] = MAC
    return person


def me(hub: Hub) -> str:
    return hub.get("/me", hub.new_browser(), environ_overrides={"REMOTE_ADDR": "192.168.77.20"}).text


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def test_a_card_and_the_childs_page_show_the_same_number(hub: Hub, mia: str) -> None:
    limit(hub, mia)
    limit(hub, mia, "video", 30)
    count(hub, mia, 75)
    count(hub, mia, 20, "video")
    for page in (hub.get("/").text, hub.get(f"/children/{mia}").text, me(hub)):
        assert "45 min left of 2 h today" in words(page)
        assert "Videos and films: 10 min left of 30 min today" in words(page)
        assert 'd="M0 0h38v6H0z"' in page
    (total, video) = hub.parts.use.allowances(mia)
    assert (total.used, total.left, video.left) == (75, 45, 10)


def test_without_limits_nothing_is_shown(hub: Hub, mia: str) -> None:
    count(hub, mia, 75)
    for page in (hub.get("/").text, hub.get(f"/children/{mia}").text, me(hub)):
        assert "time-left" not in page
    assert "/give" not in hub.get(f"/children/{mia}").text


def test_the_hub_closes_when_the_router_does(hub: Hub, mia: str) -> None:
    limit(hub, mia, minutes=60)
    count(hub, mia, 60)
    assert hub.get("/status").json["children"][mia]["level"] == "closed"  # type: ignore[index]
    assert "Time is used up" in hub.get("/").text
    page = words(me(hub))
    assert "No time is left today. It begins anew tomorrow at 04:00." in page
    assert "Time is used up" in page


def test_what_ends_with_the_minutes_promises_no_bedtime(hub: Hub, mia: str) -> None:
    limit(hub, mia, minutes=60)
    count(hub, mia, 20)
    for page, who in ((hub.get("/").text, "a parent"), (me(hub), "your parents")):
        assert f"The internet is on until today’s time, set by {who}, is used up; then it is off until" in page
        assert "Then it is bedtime" not in page


@pytest.mark.parametrize(
    ("left", "says"),
    [
        (16, ""),
        (15, "At most 15 minutes are left today."),
        (6, "At most 15 minutes are left today."),
        (5, "At most 5 minutes are left today."),
        (1, "The last minute of today is running."),
        (0, "No time is left today."),
    ],
)
def test_warnings_at_fifteen_five_and_one_are_seen_and_read_out(hub: Hub, mia: str, left: int, says: str) -> None:
    limit(hub, mia, minutes=60)
    count(hub, mia, 60 - left)
    page = me(hub)
    (read_out,) = re.findall(r'data-say="([^"]*)"', page)
    assert (says in read_out) if says else ("today" not in read_out)
    assert ('<p class="notice' in page.partition('id="time"')[2].partition("</section>")[0]) == bool(says)
    assert "Look again" in page


def test_the_pages_number_changes_with_a_minute(hub: Hub, mia: str) -> None:
    limit(hub, mia)
    tag = hub.get("/status").headers["ETag"]
    assert hub.get("/status", headers={"If-None-Match": tag}).status_code == 304
    count(hub, mia, 1)
    assert hub.get("/status", headers={"If-None-Match": tag}).status_code == 200


def test_several_children_on_one_device_see_the_shortest_time_and_no_name(hub: Hub, mia: str) -> None:
    noah = hub.add_child("Noah", "13-15")
    device = hub.family().device_with(MAC)
    assert device
    hub.post(
        f"/devices/{device.id}",
        revision=device.revision,
        name="tablet",
        kind="tablet",
        whose=[mia, noah],
        asks_who="yes",
    )
    limit(hub, mia, minutes=60)
    limit(hub, noah, minutes=120)
    count(hub, mia, 50)
    page = me(hub).partition('id="time"')[2].partition("</section>")[0]
    assert "10 min left" in words(page)
    assert "shortest one" in page
    assert "Mia" not in page


# Giving back


def test_minutes_given_back_lengthen_today_are_told_and_can_be_undone(hub: Hub, mia: str) -> None:
    limit(hub, mia, minutes=60)
    limit(hub, mia, "video", 30)
    count(hub, mia, 60)
    answer = hub.post(f"/children/{mia}/give", minutes=15, **{"from": "child"})
    assert (answer.status_code, answer.location) == (303, f"/children/{mia}")
    hub.post(f"/children/{mia}/give", minutes=30)
    assert [(row.minutes, row.left) for row in hub.parts.use.allowances(mia)] == [(105, 45), (75, 75)]
    (override,) = hub.broker.policy(ROUTER)[0].overrides
    assert (override.kind, override.minutes, override.target) == ("give", 45, mia)
    page = words(hub.get(f"/children/{mia}").text)
    assert "15 min given back at 18:00 by" in page
    assert "30 min given back at 18:00 by" in page
    assert "Your parents gave back 45 min today." in words(me(hub))
    assert "Gave 30 minutes of today back to Mia" in hub.get("/history").text

    hub.post(f"/children/{mia}/undo")
    assert [row.left for row in hub.parts.use.allowances(mia)] == [15, 45]
    page = words(hub.get(f"/children/{mia}").text)
    assert "15 min given back at 18:00 by" in page
    assert "30 min given back at 18:00 by" not in page


def test_giving_back_opens_nothing_and_ends_nothing(hub: Hub, mia: str) -> None:
    limit(hub, mia, minutes=60)
    hub.post(f"/children/{mia}/pause", minutes=30)
    hub.post(f"/children/{mia}/give", minutes=15)
    card = hub.get("/").text
    assert "Paused" in card
    hub.post(f"/children/{mia}/end")
    assert [override.kind for override in hub.family().overrides] == ["give"]
    card = hub.get("/").text
    assert "Internet is on" in card
    assert "End extra time" not in card


def test_what_cannot_be_given_back(hub: Hub, mia: str) -> None:
    answer = hub.post(f"/children/{mia}/give", minutes=15)
    assert answer.status_code == 409
    assert "no limit today" in answer.text
    limit(hub, mia, minutes=60)
    for minutes in ("20", "-15", "", "x"):
        assert hub.post(f"/children/{mia}/give", minutes=minutes).status_code == 422
    assert hub.post("/children/pnobody/give", minutes=15).status_code == 404
    for _ in range(1440 // 30):
        UseActs(hub.parts.acts, hub.clock).give_back(mia, 30)
    answer = hub.post(f"/children/{mia}/give", minutes=30)
    assert answer.status_code == 409
    assert "whole day" in answer.text
    assert len(hub.family().overrides) == 1


def test_what_was_given_back_ends_with_the_familys_day(hub: Hub, mia: str) -> None:
    limit(hub, mia, minutes=60)
    hub.post(f"/children/{mia}/give", minutes=30)
    (row,) = hub.parts.use.allowances(mia)
    hub.clock.advance(row.ends - EVENING)
    (row,) = hub.parts.use.allowances(mia)
    assert row.minutes == 60
    assert "given back" not in hub.get(f"/children/{mia}").text.partition('id="time"')[2].partition("<form")[0]
    hub.post(f"/children/{mia}/give", minutes=15)
    (row,) = hub.parts.use.allowances(mia)
    assert row.minutes == 75


def test_extra_time_for_somebody_without_minutes_begins_now(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/bedtime", start="20:30", end="07:00", days=127, level="closed")
    limit(hub, mia, minutes=60)
    count(hub, mia, 60)
    hub.post(f"/children/{mia}/bonus", minutes=30)
    (override,) = hub.family().overrides
    assert override.until == EVENING + 2 + 30 * 60 or override.until == int(hub.clock.wall()) + 30 * 60


# The last seven days


def test_the_week_as_a_picture_with_its_table(hub: Hub, mia: str) -> None:
    page = hub.get(f"/children/{mia}").text
    assert "No minute counted yet." in page
    limit(hub, mia)
    limit(hub, mia, "games", 30)
    count(hub, mia, 75)
    count(hub, mia, 10, "games")
    for day in range(1, limits.USE_DAYS):
        count(hub, mia, 10 * day, day=TODAY - day)
    page = hub.get(f"/children/{mia}").text.partition('id="use-week"')[2].partition("</section>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", page)
    assert len(rows) == 1 + limits.HISTORY_DAYS_SHOWN
    assert words(rows[0]) == "DayMinutes"
    assert words(rows[1]) == "Fri 7 Aug1 h 15 minGames 10 min"
    assert words(rows[7]) == "Sat 1 Aug1 h"
    assert page.count("M") >= 7
    assert "4 h 45 min" in page


def test_a_day_here_is_the_familys(hub: Hub, mia: str) -> None:
    limit(hub, mia)
    count(hub, mia, 60, end=60)  # 00:00 to 01:00 UTC: in Berlin 02:00 to 03:00, before the day's beginning at 04:00
    began = hub.parts.use.today_began()
    today, yesterday = (dict(day.minutes)["total"] for day in reversed(hub.parts.use.days(mia, 2)))
    expected = (0, 60) if began > TODAY * 86400 + 3600 else (60, 0)
    assert (today, yesterday) == expected
    (row,) = hub.parts.use.allowances(mia)
    assert row.used == today


# What is kept


def test_a_removed_child_leaves_no_minutes(hub: Hub, mia: str) -> None:
    count(hub, mia, 75)
    hub.post(f"/children/{mia}/remove", sure="yes")
    assert hub.parts.keeping.use.rows() == []
    count(hub, mia, 75)
    assert hub.parts.keeping.use.rows() == []


def test_deleting_the_history_deletes_minutes_but_todays_come_back(hub: Hub, mia: str) -> None:
    limit(hub, mia)
    count(hub, mia, 30, day=TODAY - 2)
    count(hub, mia, 75)
    hub.post("/data/delete-history", sure="yes")
    assert hub.parts.keeping.use.rows() == []
    count(hub, mia, 30, day=TODAY - 2)
    count(hub, mia, 75)
    assert [row[2] for row in hub.parts.keeping.use.rows()] == [TODAY]
    assert hub.parts.use.allowances(mia)[0].used == 75


def test_all_data_to_take_along_hold_the_minutes(hub: Hub, mia: str) -> None:
    count(hub, mia, 8, end=8)
    data = json.loads(hub.post("/data/export", password=PASSWORD).text)
    assert [(row["person"], row["category"], row["day"], row["bits"][:4]) for row in data["minutes"]] == [
        (mia, "total", TODAY, "/wAA")
    ]


def test_pages_say_what_is_kept_and_for_how_long(hub: Hub, mia: str) -> None:
    limit(hub, mia)
    assert f"minutes of the last {limits.USE_DAYS} days" in words(me(hub))
    assert f"{limits.USE_DAYS} days" in hub.get("/data").text


def test_extra_minutes_that_were_not_used_stay_todays_when_the_extra_time_is_over(hub: Hub, mia: str) -> None:
    """Also in a policy that is made afterwards, and after another act; and never twice."""
    limit(hub, mia, minutes=60)
    count(hub, mia, 20)
    hub.post(f"/children/{mia}/bonus", minutes=30)
    (bonus,) = hub.family().overrides
    hub.clock.advance(bonus.until - hub.clock.wall() + 60)
    assert hub.parts.use.allowances(mia)[0].left == 70
    hub.post(f"/children/{mia}/pause", minutes=15)
    assert hub.parts.use.allowances(mia)[0].left == 70
    assert [(o.kind, o.minutes) for o in hub.broker.policy(ROUTER)[0].overrides if o.kind == "bonus"] == [("bonus", 30)]
    hub.post(f"/children/{mia}/bonus", minutes=15)
    assert hub.parts.use.allowances(mia)[0].left == 85
    assert [override.minutes for override in hub.family().overrides] == [45]
    hub.post(f"/children/{mia}/end")
    assert hub.parts.use.allowances(mia)[0].left == 40
    assert hub.family().overrides == ()


def test_extra_time_of_yesterday_adds_nothing_to_today(hub: Hub, mia: str) -> None:
    limit(hub, mia, minutes=60)
    hub.post(f"/children/{mia}/bonus", minutes=30)
    hub.clock.advance(86400)
    hub.post(f"/children/{mia}/bonus", minutes=15)
    assert hub.parts.use.allowances(mia)[0].minutes == 75
    assert [override.minutes for override in hub.family().overrides] == [15]


def test_nobody_takes_a_shared_device_without_minutes(hub: Hub, mia: str) -> None:
    noah = hub.add_child("Noah", "13-15")
    device = hub.family().device_with(MAC)
    assert device
    hub.post(
        f"/devices/{device.id}", revision=device.revision, name="pad", kind="tablet", whose=[mia, noah], asks_who="yes"
    )
    limit(hub, mia, minutes=60)
    count(hub, mia, 30)
    hub.parts.devices.assignment.change_user(device.id, mia)
    count(hub, mia, 60)
    hub.parts.devices.assignment.sweep()
    held = hub.family().device(device.id)
    assert held is not None
    assert held.using == ""
    with pytest.raises(NotPossible, match="off for Mia"):
        hub.parts.devices.assignment.change_user(device.id, mia)
    hub.parts.devices.assignment.change_user(device.id, noah)
