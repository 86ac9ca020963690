"""A child on a journey: parents read the clock at home and are told so, the child reads the clock where it is."""

import html
import re

import pytest

from stairgate.hub.local_time import local
from tests.unit.hub.conftest import ROUTER, Hub
from tests.unit.hub.test_me import THERE, send, there

TABLET = "02:00:5e:10:00:01"
NEW_YORK = "America/New_York"


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture
def mia(hub: Hub) -> str:
    """In New York for a week, where it is 12:00 when it is 18:00 at home, with the usual bedtime."""
    mia = hub.add_child("Mia")
    hub.add_device(mia, TABLET)
    hub.network.neighbours[THERE] = TABLET
    hub.post(f"/children/{mia}/bedtime", days="127", start="20:30", end="07:00")
    fields = {"first": "2026-08-07", "last": "2026-08-14", "as": "week", "zone": NEW_YORK}
    assert hub.post(f"/children/{mia}/schedule/dates", **fields).status_code == 303
    hub.broker.apply(ROUTER)
    return mia


def test_parents_read_the_clock_at_home_and_which_one_it_is(hub: Hub, mia: str) -> None:
    for path in ("/", f"/children/{mia}"):
        page = text_of(hub.get(path).text)
        assert "until tomorrow 02:30" in page, path
        assert (
            "Mia is on a journey: the rules follow the clock of America/New_York , where it is 12:00 now. "
            "The times here are by the clock at home." in page
        ), path


def test_the_child_reads_the_clock_where_it_is(hub: Hub, mia: str) -> None:
    page = text_of(there(hub))
    assert "until 20:30" in page and "02:30" not in page
    assert "the times on this page are by the clock of America/New_York , where it is 12:00 now." in page


def test_a_shared_device_goes_by_the_clock_of_whoever_uses_it(hub: Hub, mia: str) -> None:
    noah = hub.add_child("Noah")
    tablet = hub.family().device_with(TABLET)
    assert tablet
    fields = {"revision": str(tablet.revision), "name": "tablet", "kind": "tablet", "asks_who": "yes"}
    assert hub.post(f"/devices/{tablet.id}", **fields, whose=[mia, noah]).status_code == 303
    assert "journey" not in there(hub)
    assert send(hub, "/me/using", person=noah)[0] == 303
    assert "journey" not in there(hub)
    assert send(hub, "/me/using", person=mia)[0] == 303
    page = text_of(there(hub))
    assert "where it is 12:00 now" in page and "until 20:30" in page


def test_what_a_child_types_and_reads_of_its_own_wish_is_that_clock_too(hub: Hub, mia: str) -> None:
    assert send(hub, "/me/stop", until="15:00")[0] == 303
    (wish,) = hub.family().overrides
    assert f"{local(wish.start, NEW_YORK):%H:%M}" == "15:00"
    assert "It stops at 15:00" in text_of(there(hub))
    assert "wants to stop at 21:00 today" in text_of(hub.get("/").text)


def test_without_a_journey_no_clock_is_named(hub: Hub, mia: str) -> None:
    (rule,) = hub.family().dates
    hub.post(f"/children/{mia}/schedule/dates/{rule.id}/remove")
    for page in (hub.get("/").text, hub.get(f"/children/{mia}").text, there(hub)):
        assert "journey" not in page


def test_german_says_it_in_whole_sentences(hub: Hub, mia: str) -> None:
    hub.browser.set_cookie("language", "de")
    page = text_of(hub.get("/").text)
    assert "Mia ist auf Reisen: Die Regeln folgen der Uhr von America/New_York , dort ist es jetzt 12:00." in page
