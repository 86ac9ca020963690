"""What a child's page offers to ask for is what a yes opens; what no yes opens, it says."""

import re

import pytest

from stairgate.core.decide import decide
from tests.unit.hub.conftest import ROUTER, Hub
from tests.unit.hub.test_asking import BOTHS, MIAS, SHARED, TABLET, answer, asked, requests, see, send
from tests.unit.hub.test_asking import mia as mia
from tests.unit.hub.test_asking import noah as noah
from tests.unit.hub.test_use_pages import count, limit

PLAIN, GAME, BLOCKED = "wikipedia.org", "www.roblox.com", "www.tiktok.com"


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


def why(hub: Hub, name: str, address: str = MIAS) -> tuple[str, set[str]]:
    """What `/me/why` says of a name, and what can be asked for right below."""
    status, page = send(hub, "/me/why", address, name=name)
    assert status == 200
    form = page.partition('id="ask-for-it"')[2].partition("</section>")[0]
    offers = set(re.findall(r'name="kind" (?:type="hidden" )?value="(\w+)"', form))
    return words(page), offers | ({"time"} if 'name="minutes"' in form else set())


def taken(hub: Hub, name: str, offers: set[str]) -> dict[str, int]:
    """The status of each question that is offered."""
    return {kind: send(hub, "/me/ask", kind=kind, name=name, minutes="15")[0] for kind in offers}


@pytest.fixture
def games(hub: Hub, mia: str) -> str:
    """Mia, who has used the 30 minutes of games that she has a day; a preset would block the game anyhow."""
    hub.post(f"/children/{mia}/filter/preset", preset="none")
    limit(hub, mia, "games", 30)
    count(hub, mia, 30, "games")
    return mia


def test_a_category_without_minutes_is_said_to_be_what_blocks(hub: Hub, games: str) -> None:
    said, offers = why(hub, GAME)
    assert "“Games”, and today’s minutes for that are used up" in said and "Not blocked" not in said
    assert "There are new minutes from tomorrow 04:00 on." in said
    assert offers == {"time", "wrong"} and set(taken(hub, GAME, offers).values()) == {303}
    assert "Not blocked" in why(hub, PLAIN)[0]


def test_a_site_without_minutes_is_not_asked_for_but_minutes_are_and_open_it(hub: Hub, games: str) -> None:
    status, page = send(hub, "/me/ask", kind="site", name=GAME)
    assert status == 409 and "Today’s minutes for “Games” are used up. Please ask for more time instead." in page
    assert answer(hub, asked(hub, kind="time", minutes="30"), "30") == 303
    assert "Not blocked" in why(hub, GAME)[0]


def test_a_game_by_mistake_is_opened_though_no_minutes_are_left(hub: Hub, games: str) -> None:
    assert answer(hub, asked(hub, kind="wrong", name=GAME), "once") == 303
    held = hub.family().filter_at(games, hub.clock.wall())
    assert held and why(hub, GAME)[1] == set() and "It is open until" in why(hub, GAME)[0]


def test_what_is_always_open_needs_no_minutes(hub: Hub, games: str) -> None:
    hub.post(f"/children/{games}/filter/names", allow="roblox.com", deny="")
    assert "Not blocked" in why(hub, GAME)[0]


@pytest.mark.parametrize("closed", ["bedtime", "pause", "spent"])
def test_every_question_offered_while_nothing_is_open_is_taken(hub: Hub, mia: str, closed: str) -> None:
    if closed == "bedtime":
        hub.clock.advance(3 * 3600)
    if closed == "pause":
        hub.post(f"/children/{mia}/pause", minutes="60")
    if closed == "spent":
        limit(hub, mia, minutes=30)
        count(hub, mia, 30)
    said, offers = why(hub, PLAIN)
    assert "Nothing is open now" in said and "besides" not in said
    assert offers == {"time"} and set(taken(hub, PLAIN, offers).values()) == {303}
    said, offers = why(hub, BLOCKED)
    assert "A rule of the filter blocks it besides, at any time." in said
    assert offers == {"time", "site", "wrong"} and set(taken(hub, BLOCKED, offers).values()) == {303}


def test_what_nobody_can_open_is_not_asked_for(hub: Hub, mia: str) -> None:
    said, offers = why(hub, "mask.icloud.com")
    assert "past the rules of this home" in said and offers == set() and "Ask your parents" not in said


# On a shared device


def shared_level(hub: Hub, mac: str = SHARED) -> str:
    """What the router makes of the newest policy on the shared tablet."""
    device = hub.family().device_with(mac)
    assert device
    return decide(hub.broker.policy(ROUTER)[0], device.id, int(hub.clock.wall()), {}).level


def asked_here(hub: Hub, person: str, minutes: str = "30") -> None:
    status, page = send(hub, "/me/ask", BOTHS, kind="time", minutes=minutes, person=person)
    assert status == 303, page


def asks_nobody(hub: Hub, people: list[str]) -> None:
    """The parents do not want that anybody says on the tablet who is using it."""
    device = hub.family().device_with(SHARED)
    assert device
    form = {"revision": str(device.revision), "name": "family tablet", "kind": "tablet", "whose": people}
    assert hub.post(f"/devices/{device.id}", **form).status_code == 303


@pytest.mark.parametrize("may_say", [True, False])
def test_thirty_minutes_asked_on_the_shared_tablet_open_it_for_thirty_minutes(
    hub: Hub, mia: str, noah: str, may_say: bool
) -> None:
    if not may_say:
        asks_nobody(hub, [mia, noah])
    hub.clock.advance(4.5 * 3600)  # 22:30, both are in bed
    asked_here(hub, mia)
    assert shared_level(hub) == "closed"
    said = words(hub.get("/").text)
    assert "family tablet is shared: with a yes the rules of Mia hold there for these minutes" in said
    assert answer(hub, requests(hub)[-1], "30") == 303
    assert shared_level(hub) == "open"
    page = words(see(hub, "/me", BOTHS))
    assert "You got 30 minutes." in page and "Mia is using it, until 23:00 at the latest" in page
    assert ("Tap your own name only" in page) is may_say and "I’m done" in page
    hub.clock.advance(1801)
    hub.parts.devices.upkeep.run()
    assert shared_level(hub) == "closed" and "is using it, until" not in words(see(hub, "/me", BOTHS))


def test_undo_of_that_answer_takes_the_tablet_back_too(hub: Hub, mia: str, noah: str) -> None:
    asked_here(hub, mia, "60")
    request = requests(hub)[-1]
    assert answer(hub, request, "60") == 303
    assert "Mia is using it" in words(see(hub, "/me", BOTHS))
    assert hub.post(f"/children/{mia}/requests/{request.id}/undo").status_code == 303
    assert "Mia is using it" not in words(see(hub, "/me", BOTHS))


def test_nobody_is_taken_the_tablet_from_by_an_answer(hub: Hub, mia: str, noah: str) -> None:
    hub.clock.advance(3 * 3600)  # 21:00, Noah may still
    asked_here(hub, mia)
    assert send(hub, "/me/using", BOTHS, person=noah)[0] == 303
    assert "Somebody else is using family tablet now" in words(hub.get("/").text)
    assert answer(hub, requests(hub)[-1], "30") == 303
    assert "Noah is using it" in words(see(hub, "/me", BOTHS))
    assert send(hub, "/me/using", BOTHS, person="")[0] == 303
    hub.clock.advance(1200)
    assert "Mia has extra time until 21:30" not in words(see(hub, "/me", BOTHS))  # it is open
    hub.post(f"/children/{noah}/pause", minutes="15")
    page = words(see(hub, "/me", BOTHS))
    assert shared_level(hub) == "closed" and "Tap “Mia” at “Who is using it now?”, and it counts here." in page


def test_whose_internet_is_on_taps_the_own_name_or_asks(hub: Hub, mia: str, noah: str) -> None:
    for week in hub.family().weeks_of(noah):
        hub.post(f"/children/{noah}/bedtime/{week.id}/remove")
    with_end = hub.family().weeks_of(noah)
    hub.clock.advance(3 * 3600)  # 21:00: the tablet is closed for Mia’s bedtime
    assert with_end == () and shared_level(hub) == "closed"
    status, page = send(hub, "/me/ask", BOTHS, kind="time", minutes="15", person=noah)
    assert status == 409 and "Tap “Noah” at “Who is using it now?”" in page
    asks_nobody(hub, [mia, noah])
    asked_here(hub, noah, "15")
    assert answer(hub, requests(hub)[-1], "15") == 303 and shared_level(hub) == "open"


# In quiet hours


def quiet(hub: Hub, start: str = "17:30", end: str = "19:00") -> None:
    device = hub.family().device_with(TABLET)
    assert device
    form = {"start": start, "end": end, "days": "127", "action": "close", "revision": "0"}
    assert hub.post(f"/devices/{device.id}/quiet", **form).status_code == 303


def test_no_time_is_asked_for_where_quiet_hours_close_the_device(hub: Hub, mia: str) -> None:
    quiet(hub)
    for page in (see(hub), see(hub, "/me/ask")):
        assert "This device has quiet hours until 19:00, and minutes for you do not end them." in page
    assert 'name="minutes"' not in see(hub, "/me/ask") and "ask on this page" not in see(hub)
    status, page = send(hub, "/me/ask", kind="time", minutes="30")
    assert status == 409 and "quiet hours until 19:00" in page and requests(hub) == ()
    said, offers = why(hub, PLAIN)
    assert "quiet hours until 19:00" in said and offers == set()
    hub.clock.advance(3600)
    assert asked(hub, kind="time", minutes="30").minutes == 30


def test_no_minutes_are_taken_where_quiet_hours_close_the_device(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/free-minutes", minutes="30")
    assert "Take 15" in see(hub)
    quiet(hub)
    status, page = send(hub, "/me/take", minutes="15")
    assert status == 409 and "quiet hours until 19:00" in page
    assert "Take 15" not in see(hub) and hub.family().overrides == ()


def test_minutes_given_in_quiet_hours_are_said_to_open_nothing_here(hub: Hub, mia: str) -> None:
    request = asked(hub, kind="time", minutes="60")
    quiet(hub)
    assert "blue tablet has quiet hours until 19:00. Minutes do not end them" in words(hub.get("/").text)
    assert answer(hub, request, "60") == 303
    assert shared_level(hub, TABLET) == "closed"
    assert "extra time until 21:30, but this device has quiet hours until 19:00" in words(see(hub))


# After a child's own wish


def test_an_own_wish_is_nowhere_said_to_be_a_parents(hub: Hub, mia: str, noah: str) -> None:
    assert send(hub, "/me/stop", until="19:00")[0] == 303
    hub.clock.advance(3600)
    said, offers = why(hub, PLAIN)
    assert "Nothing is open now: you wanted to stop then. That was your own wish." in said
    assert "a parent paused" not in said and "Your parents set that" not in said
    assert offers == {"time"} and taken(hub, PLAIN, offers) == {"time": 303}
    assert "no punishment" not in see(hub)
    day = words(hub.get(f"/children/{mia}/day").text)
    assert "Mia wished to stop, until Sat 07:00." in day and "A parent’s pause" not in day
    said, _offers = why(hub, PLAIN, BOTHS)
    assert "one of you wanted to stop then. That was an own wish." in said


def test_a_parents_pause_is_still_said_to_be_one(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/pause", minutes="60")
    assert "a parent paused it" in why(hub, PLAIN)[0] and "no punishment" in see(hub)
    assert "A parent’s pause until 19:00 holds." in words(hub.get(f"/children/{mia}/day").text)
