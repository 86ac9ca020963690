"""What a child's page offers to ask for is what a yes opens; what no yes opens, it says."""

import re

import pytest

from tests.unit.hub.conftest import Hub
from tests.unit.hub.test_asking import MIAS, answer, asked, send
from tests.unit.hub.test_asking import mia as mia
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
