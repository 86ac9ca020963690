"""Extra time, pauses, a child's own stop and each other: to the minute, by what the router is told and pages say."""

import html
import re

import pytest

from stairgate.core.decide import decide
from stairgate.hub import language
from tests.unit.hub.conftest import EVENING, ROUTER, Hub
from tests.unit.hub.test_asking import answer, asked, mia, see, send
from tests.unit.hub.test_use_pages import count, limit

__all__ = ["mia"]
HOUR = 3600


@pytest.fixture(autouse=True)
def on_the_minute(hub: Hub) -> None:
    hub.clock._wall = float(EVENING)


def clock(text: str) -> int:
    """Seconds of UTC of a time of this Friday's day or, after 24:00, of its night; it is 18:00."""
    hour, minute = text.split(":")
    return int(EVENING) + (int(hour) - 18) * HOUR + int(minute) * 60


def open_from(hub: Hub, person: str, begin: str, end: str) -> list[tuple[str, str]]:
    """The times between two at which the router's policy opens the child's tablet, to the minute; none is counted."""
    policy = hub.broker.policy(ROUTER)[0]
    device = next(device.id for device in hub.family().devices if person in device.persons)
    found: list[tuple[str, str]] = []
    moment, last = clock(begin), clock(end)
    while moment < last:
        decision = decide(policy, device, moment, {})
        until = min(decision.until or last, last)
        if decision.level == "open":
            found.append((_text(moment), _text(until)))
        moment = until
    return found


def _text(second: int) -> str:
    minutes, rest = divmod(second - int(EVENING), 60)
    assert not rest
    return f"{18 + minutes // 60:02}:{minutes % 60:02}"


def toast(hub: Hub, spoken: str = "en") -> str:
    hub.browser.set_cookie(language.COOKIE, spoken)
    page = html.unescape(hub.get("/").text)
    found = re.search(r'id="toast"[^>]*data-say="([^"]*)"|data-say="([^"]*)"[^>]*id="toast"', page)
    return (found[1] or found[2]) if found else ""


# Extra time in a pause


@pytest.mark.parametrize("by", ["card", "answer"])
def test_minutes_in_a_pause_count_from_now_and_then_it_goes_on(hub: Hub, mia: str, by: str) -> None:
    hub.post(f"/children/{mia}/pause", until="20:00")
    if by == "card":
        hub.post(f"/children/{mia}/bonus", minutes="15")
    else:
        assert answer(hub, asked(hub, kind="time", minutes="15"), "15") == 303
    assert open_from(hub, mia, "18:00", "24:00") == [("18:00", "18:15"), ("20:00", "20:30")]
    assert toast(hub) == "Mia has extra time until 18:15."
    assert toast(hub, "de") == "Mia hat Extrazeit bis 18:15."
    hub.clock.advance(5 * 60)
    hub.post(f"/children/{mia}/bonus", minutes="15")
    assert open_from(hub, mia, "18:05", "24:00") == [("18:05", "18:30"), ("20:00", "20:30")]
    assert toast(hub) == "Mia has extra time until 18:30."
    hub.post(f"/children/{mia}/undo")
    assert open_from(hub, mia, "18:05", "24:00") == [("18:05", "18:15"), ("20:00", "20:30")]


def test_minutes_that_outlast_the_pause_end_it(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/pause", minutes="15")
    hub.post(f"/children/{mia}/bonus", minutes="60")
    assert [override.kind for override in hub.family().overrides] == ["bonus"]
    assert open_from(hub, mia, "18:00", "24:00") == [("18:00", "20:30")]
    assert toast(hub) == "Mia has extra time until 19:00."


def test_undo_of_minutes_in_a_pause_is_the_pause_as_it_was(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/pause", until="20:00")
    (before,) = hub.family().overrides
    hub.post(f"/children/{mia}/bonus", minutes="15")
    hub.post(f"/children/{mia}/undo")
    (after,) = hub.family().overrides
    assert (after.id, after.start, after.until) == (before.id, before.start, before.until)


def test_the_end_of_such_minutes_is_the_pause_again(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/pause", until="20:00")
    hub.post(f"/children/{mia}/bonus", minutes="15")
    assert "End extra time" in hub.get("/").text
    hub.post(f"/children/{mia}/end")
    assert open_from(hub, mia, "18:00", "24:00") == [("20:00", "20:30")]
    assert toast(hub) == "Mia is paused until 20:00."
    assert toast(hub, "de") == "Mia hat Pause bis 20:00."
    hub.post(f"/children/{mia}/end")
    assert open_from(hub, mia, "18:00", "24:00") == [("18:00", "20:30")]


def test_a_childs_own_stop_goes_on_after_minutes_and_is_still_its_own(hub: Hub, mia: str) -> None:
    send(hub, "/me/stop", until="18:10")
    hub.clock.advance(20 * 60)
    assert answer(hub, asked(hub, kind="time", minutes="15"), "15") == 303
    assert open_from(hub, mia, "18:20", "30:59") == [("18:20", "18:35")]
    assert "Then it stops, as you wanted." in see(hub)
    hub.post(f"/children/{mia}/bonus", minutes="15")
    assert open_from(hub, mia, "18:20", "30:59") == [("18:20", "18:50")]
    hub.clock.advance(30 * 60)
    assert "You wanted to stop then." in see(hub)
    assert "wanted to stop, until tomorrow 07:00: an own wish." in html.unescape(
        hub.get("/").text.replace("</bdi>", "")
    )
    hub.post(f"/children/{mia}/stop/lift")
    assert open_from(hub, mia, "18:50", "24:00") == [("18:50", "20:30")]


def test_the_end_of_such_minutes_is_the_stop_again(hub: Hub, mia: str) -> None:
    send(hub, "/me/stop", until="18:10")
    hub.clock.advance(20 * 60)
    hub.post(f"/children/{mia}/bonus", minutes="60")
    hub.clock.advance(10 * 60)
    hub.post(f"/children/{mia}/end")
    assert open_from(hub, mia, "18:30", "30:59") == []
    assert "You wanted to stop then." in see(hub)
    (wish,) = hub.family().overrides
    assert (wish.start, wish.until) == (clock("18:30"), clock("31:00"))
    assert toast(hub) == "Mia is paused until tomorrow 07:00."
    hub.post(f"/children/{mia}/bonus", minutes="15")
    assert open_from(hub, mia, "18:30", "30:59") == [("18:30", "18:45")]


def test_undo_of_such_minutes_leaves_one_wish(hub: Hub, mia: str) -> None:
    send(hub, "/me/stop", until="18:10")
    hub.clock.advance(20 * 60)
    (before,) = hub.family().overrides
    hub.post(f"/children/{mia}/bonus", minutes="15")
    hub.post(f"/children/{mia}/undo")
    assert [override.id for override in hub.family().overrides] == [before.id]


def test_extra_time_that_ran_before_a_pause_is_not_shortened_by_more(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/bonus", minutes="60")
    hub.post(f"/children/{mia}/pause", until="20:00")
    hub.post(f"/children/{mia}/bonus", minutes="15")
    assert open_from(hub, mia, "18:00", "24:00") == [("18:00", "18:15"), ("20:00", "21:30")]


def test_whoever_paused_is_still_named_after_minutes_of_somebody_else(hub: Hub, mia: str) -> None:
    hub.parts.parents.add("carer", "Granny", "correct horse battery")
    granny = hub.new_browser()
    hub.post("/login", granny, name="Granny", password="correct horse battery")
    hub.post(f"/children/{mia}/pause", until="20:00")
    before = html.unescape(hub.get("/").text)
    hub.post(f"/children/{mia}/bonus", granny, minutes="15")
    assert "Granny gave extra time" in hub.get("/").text
    hub.clock.advance(15 * 60)
    after = html.unescape(hub.get("/").text)
    said = "paused the internet; it is off until 20:00, then on again."
    assert said in before and said in after and f"Granny {said}" not in after


def test_the_day_shows_where_a_pause_goes_on_also_one_of_more_than_a_day(hub: Hub, mia: str) -> None:
    for minutes in (120, 1500):
        hub.parts.acts.pause(mia, minutes)
        hub.post(f"/children/{mia}/bonus", minutes="15")
        page = html.unescape(hub.get(f"/children/{mia}/day").text)
        assert "Then open until 18:15. Then closed because of a pause until" in page, minutes
        hub.post(f"/children/{mia}/end")
        page = html.unescape(hub.get(f"/children/{mia}/day").text)
        assert "Then open until 18:00. Then closed because of a pause until" in page, minutes


# The end of a pause


def test_the_end_of_a_pause_leaves_extra_time(hub: Hub, mia: str) -> None:
    limit(hub, mia, minutes=60)
    count(hub, mia, 60)
    hub.post(f"/children/{mia}/bonus", minutes="30")
    hub.clock.advance(5 * 60)
    hub.post(f"/children/{mia}/pause", minutes="15")
    assert "End pause" in hub.get("/").text
    hub.post(f"/children/{mia}/end")
    assert toast(hub) == "Mia has extra time until 18:30."
    assert "Extra time" in hub.get("/").text and "Time is used up" not in hub.get("/").text
    assert [(one.kind, one.until, one.minutes) for one in hub.family().overrides] == [("bonus", clock("18:30"), 30)]
    hub.post(f"/children/{mia}/end")
    assert "Time is used up" in hub.get("/").text and hub.family().overrides == ()


def test_the_end_of_a_pause_keeps_minutes_that_are_left_of_extra_time(hub: Hub, mia: str) -> None:
    limit(hub, mia, minutes=60)
    count(hub, mia, 60)
    hub.post(f"/children/{mia}/bonus", minutes="30")
    hub.clock.advance(HOUR)
    hub.post(f"/children/{mia}/pause", minutes="15")
    hub.post(f"/children/{mia}/end")
    assert hub.parts.use.allowances(mia)[0].left == 30


# A wish that waits


def test_a_wish_that_comes_first_is_told_to_parents_and_to_the_child(hub: Hub, mia: str) -> None:
    send(hub, "/me/stop", until="19:00")
    hub.clock.advance(1800)
    hub.post(f"/children/{mia}/bonus", minutes="60")
    assert open_from(hub, mia, "18:30", "30:59") == [("18:30", "19:00")]
    assert toast(hub) == "Mia has extra time until 19:00 and wants to stop then: an own wish, which stays."
    assert (
        toast(hub, "de")
        == "Mia hat Extrazeit bis 19:00 und möchte dann aufhören. Das ist ein eigener Wunsch, er bleibt."
    )
    hub.post(f"/children/{mia}/stop/lift")
    assert open_from(hub, mia, "18:30", "24:00") == [("18:30", "21:30")]


@pytest.mark.parametrize(
    ("choice", "said", "german"),
    [
        (
            "bedtime",
            "You have time until 19:00, when you wanted to stop.",
            "Du hast Zeit bis 19:00. Dann wolltest du aufhören.",
        ),
        (
            "30",
            "You got 30 minutes. Your parents answered at 18:00. It stops at 19:00 all the same, as you wanted.",
            "Um 19:00 ist trotzdem Schluss, wie du es wolltest.",
        ),
    ],
)
def test_an_answer_says_that_the_wish_comes_first(hub: Hub, mia: str, choice: str, said: str, german: str) -> None:
    send(hub, "/me/stop", until="19:00")
    assert answer(hub, asked(hub, kind="time", minutes="30"), choice) == 303
    assert said in see(hub) and "until bedtime. Your parents" not in see(hub)
    hub.post(f"/children/{mia}/bonus", minutes="15")
    browser = hub.new_browser()
    browser.set_cookie(language.COOKIE, "de")
    assert german in html.unescape(hub.get("/me", browser, environ_overrides={"REMOTE_ADDR": "192.0.2.21"}).text)


# Until bedtime


def dinner(hub: Hub, person: str) -> None:
    hub.parts.acts.set_bedtime(person, 127, 18 * 60 + 30, 19 * 60)


def test_until_bedtime_means_bedtime_and_no_dinner(hub: Hub, mia: str) -> None:
    dinner(hub, mia)
    limit(hub, mia, minutes=60)
    count(hub, mia, 60)
    request = asked(hub, kind="time", minutes="0")
    page = hub.get("/").text
    assert "Until 20:30" in page and "Until 18:30" not in page
    assert answer(hub, request, "bedtime") == 303
    assert toast(hub) == "Mia has time until bedtime, 20:30; times off before it stay."
    assert toast(hub, "de") == "Mia hat Zeit bis zur Schlafenszeit um 20:30. Was davor aus ist, bleibt aus."
    policy = hub.broker.policy(ROUTER)[0]
    (bonus,) = policy.overrides
    assert (bonus.until, bonus.minutes) == (clock("18:30"), 120)
    assert open_from(hub, mia, "18:00", "24:00") == [("18:00", "18:30"), ("19:00", "20:30")]
    hub.clock.advance(HOUR)
    count(hub, mia, 30, end=int(clock("18:30")) % 86400 // 60)
    assert hub.parts.use.allowances(mia)[0].left == 90


def test_until_bedtime_puts_a_pause_off_until_then(hub: Hub, mia: str) -> None:
    dinner(hub, mia)
    hub.post(f"/children/{mia}/pause", until="20:00")
    assert answer(hub, asked(hub, kind="time", minutes="0"), "bedtime") == 303
    assert open_from(hub, mia, "18:00", "24:00") == [("18:00", "18:30"), ("19:00", "20:30")]


def test_a_dinner_hour_alone_is_no_bedtime(hub: Hub) -> None:
    noah = hub.add_child("Noah")
    hub.add_device(noah)
    hub.network.neighbours["192.0.2.21"] = "02:00:5e:10:00:01"
    dinner(hub, noah)
    assert send(hub, "/me/ask", kind="time", minutes="0")[0] == 409
    request = asked(hub, kind="time", minutes="15")
    path = f"/children/{noah}/requests/{request.id}/answer"
    refused = hub.post(path, revision=str(request.revision), choice="bedtime")
    assert refused.status_code == 409 and "No bedtime lies ahead now. Please choose minutes." in refused.text


@pytest.mark.parametrize(("start", "end"), [((22, 0), (0, 0)), ((21, 0), (23, 59))])
def test_a_night_in_two_parts_is_a_bedtime(hub: Hub, start: tuple[int, int], end: tuple[int, int]) -> None:
    noah = hub.add_child("Noah")
    hub.add_device(noah)
    hub.network.neighbours["192.0.2.21"] = "02:00:5e:10:00:01"
    hub.parts.acts.set_bedtime(noah, 127, start[0] * 60 + start[1], end[0] * 60 + end[1])
    hub.parts.acts.set_bedtime(noah, 127, 0, 420)
    asked(hub, kind="time", minutes="0")
    assert f"Until {start[0]}:{start[1]:02}" in hub.get("/").text


def test_until_bedtime_never_shortens_what_runs(hub: Hub, mia: str) -> None:
    hub.clock.advance(2 * HOUR)
    hub.post(f"/children/{mia}/bonus", minutes="60")
    assert open_from(hub, mia, "20:00", "24:00") == [("20:00", "21:30")]
    assert answer(hub, asked(hub, kind="time", minutes="30"), "bedtime") == 303
    assert open_from(hub, mia, "20:00", "24:00") == [("20:00", "21:30")]
    assert toast(hub) == "Mia has extra time until 21:30."


# Minutes that a child takes


def test_undo_gives_back_the_minutes_that_a_child_took(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/free-minutes", minutes="30")
    assert send(hub, "/me/take", minutes="15")[0] == 303
    assert send(hub, "/me/take", minutes="15")[0] == 303
    hub.post(f"/children/{mia}/undo")
    assert open_from(hub, mia, "18:00", "24:00") == [("18:00", "20:45")]
    assert "Yours without asking: 15 minutes today" in see(hub)
    assert send(hub, "/me/take", minutes="15")[0] == 303
    assert "Yours without asking" not in see(hub)


def test_undo_on_the_next_day_gives_nothing_of_yesterdays(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/free-minutes", minutes="30")
    hub.parts.acts.set_bedtime(mia, 127, 9 * 60, 10 * 60, level="open")
    hub.clock.advance(9 * HOUR + 55 * 60)  # 03:55
    hub.post(f"/children/{mia}/bonus", minutes="60")
    assert send(hub, "/me/take", minutes="15")[0] == 303
    hub.clock.advance(6 * 60)
    assert send(hub, "/me/take", minutes="30")[0] == 303
    hub.post(f"/children/{mia}/undo")
    assert "Yours without asking: 30 minutes today" in see(hub)


def test_they_leave_the_homework_list_alone(hub: Hub, mia: str) -> None:
    hub.parts.acts.set_bedtime(mia, 127, 17 * 60, 20 * 60, level="limited")
    hub.post(f"/children/{mia}/free-minutes", minutes="30")
    limit(hub, mia, minutes=60)
    count(hub, mia, 60)
    assert "Take 30" not in see(hub)
    assert send(hub, "/me/take", minutes="30")[0] == 409
    assert hub.family().overrides == ()
    hub.clock.advance(2 * HOUR)
    assert "Take 30" in see(hub) and send(hub, "/me/take", minutes="30")[0] == 303


@pytest.mark.parametrize(
    ("spoken", "hers", "theirs", "short"),
    [
        (
            "en",
            "You took extra time that you may take without asking; the internet is on until 20:45, then off until "
            "tomorrow 07:00.",
            "Mia took extra time that is allowed without asking; the internet is on until 20:45, then off until "
            "tomorrow 07:00.",
            "Mia took extra time.",
        ),
        (
            "de",
            "Du hast dir Extrazeit genommen, wie du es ohne Fragen darfst: Das Internet ist bis 20:45 an, danach bis "
            "morgen 07:00 aus.",
            "Mia hat sich Extrazeit genommen, wie es ohne Fragen erlaubt ist: Das Internet ist bis 20:45 an, danach "
            "bis morgen 07:00 aus.",
            "Mia hat sich Extrazeit genommen.",
        ),
    ],
)
def test_minutes_that_a_child_took_are_told_as_that(
    hub: Hub, mia: str, spoken: str, hers: str, theirs: str, short: str
) -> None:
    hub.post(f"/children/{mia}/free-minutes", minutes="30")
    assert send(hub, "/me/take", minutes="15")[0] == 303
    hub.browser.set_cookie(language.COOKIE, spoken)
    phone = hub.new_browser()
    phone.set_cookie(language.COOKIE, spoken)
    page = html.unescape(hub.get("/me", phone, environ_overrides={"REMOTE_ADDR": "192.0.2.21"}).text)
    assert hers in page and "Have a good time" not in page and "Viel Spaß" not in page
    page = html.unescape(hub.get("/").text)
    assert theirs in page and "gave extra time" not in page and "Extrazeit von" not in page
    assert short in html.unescape(hub.get(f"/devices/{hub.family().devices[0].id}").text)
    day = html.unescape(hub.get(f"/children/{mia}/day?at=20:40").text)
    assert short[:-1] in day and "A parent gave" not in day and "Eltern haben Extrazeit" not in day
    hub.post(f"/children/{mia}/pause", minutes="15")
    hub.post(f"/children/{mia}/undo")  # which does not make it a parent's
    assert theirs in html.unescape(hub.get("/").text)
    hub.post(f"/children/{mia}/bonus", minutes="15")
    assert theirs not in html.unescape(hub.get("/").text)


def test_on_a_shared_device_minutes_are_told_with_the_name(hub: Hub, mia: str) -> None:
    noah = hub.add_child("Noah", "13-15")
    device = hub.add_device(mia, "02:00:5e:10:00:03", "family tablet")
    revision = next(held.revision for held in hub.family().devices if held.id == device)
    form = {"revision": str(revision), "name": "family tablet", "kind": "tablet", "whose": [mia, noah]}
    assert hub.post(f"/devices/{device}", **form, asks_who="yes").status_code == 303
    hub.network.neighbours["192.0.2.23"] = "02:00:5e:10:00:03"
    hub.post(f"/children/{mia}/free-minutes", minutes="30")
    assert send(hub, "/me/take", minutes="15")[0] == 303
    assert send(hub, "/me/using", "192.0.2.23", person=mia)[0] == 303
    page = see(hub, "/me", "192.0.2.23")
    assert "Mia took extra time that is allowed without asking; the internet is on until 20:45" in page
    assert "gave extra time" not in page and "You took" not in page
