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
    assert "wants to stop at 21:00, until" in text_of(hub.get("/").text)


def test_without_a_journey_no_clock_is_named(hub: Hub, mia: str) -> None:
    (rule,) = hub.family().dates
    hub.post(f"/children/{mia}/schedule/dates/{rule.id}/remove")
    for page in (hub.get("/").text, hub.get(f"/children/{mia}").text, there(hub)):
        assert "journey" not in page


def test_german_says_it_in_whole_sentences(hub: Hub, mia: str) -> None:
    hub.browser.set_cookie("language", "de")
    page = text_of(hub.get("/").text)
    assert "Mia ist auf Reisen: Die Regeln folgen der Uhr von America/New_York , dort ist es jetzt 12:00." in page


def leaves(hub: Hub, mia: str, zone: str, first: str = "2026-08-08") -> str:
    """The journey goes elsewhere, or begins on another day; the calendar as it is then."""
    (rule,) = hub.family().dates
    hub.post(f"/children/{mia}/schedule/dates/{rule.id}/remove")
    fields = {"first": first, "last": "2026-08-14", "as": "week", "zone": zone}
    hub.post(f"/children/{mia}/schedule/dates", **fields)
    hub.broker.apply(ROUTER)
    return text_of(hub.get(f"/children/{mia}/schedule").text)


def test_a_clock_that_counts_before_the_child_leaves_is_said_on_each_page(hub: Hub, mia: str) -> None:
    """Midnight of 8 August in Tokyo is 17:00 of the seventh at home."""
    calendar = leaves(hub, mia, "Asia/Tokyo")
    assert hub.get("/status").json["children"][mia]["level"] == "closed"  # type: ignore[index]
    assert "It is 01:00 there now. The times of the calendar are by that clock, “open until” by the one" in calendar
    assert "Today Closed because of the bedtime until 07:00." in calendar
    for path in ("/", f"/children/{mia}"):
        assert (
            "Because of the journey from Sat 8 Aug, the clock of Asia/Tokyo counts already for Mia , also at home. "
            "It is 01:00 there now. The times here are by the clock at home." in text_of(hub.get(path).text)
        ), path
    assert "until tomorrow 00:00" in text_of(hub.get("/").text)
    page = text_of(there(hub))
    assert (
        "Because of the journey from Sat 8 Aug, the clock of Asia/Tokyo counts already, also at home. "
        "The times on this page are by that clock. It is 01:00 there now." in page
    )
    assert "until 07:00" in page
    assert (
        "Journey from Sat 8 Aug: the clock of Asia/Tokyo counts from Fri 7 Aug, 17:00 to Fri 14 Aug, 17:00, by the "
        "clock at home. Bedtimes follow it from then on, also at home. "
        "If the child leaves later, choose a later first day." in calendar
    )
    hub.browser.set_cookie("language", "de")
    assert (
        "Wegen der Reise ab Sa 8. August gilt die Uhr von Asia/Tokyo für Mia schon jetzt, auch zu Hause. "
        "Dort ist es jetzt 01:00. Die Zeiten hier sind nach der Uhr zu Hause." in text_of(hub.get("/").text)
    )


def test_a_clock_that_counts_soon_is_said_a_day_before(hub: Hub, mia: str) -> None:
    leaves(hub, mia, "Asia/Tokyo")
    hub.clock.advance(-3600 * 2)
    hub.broker.apply(ROUTER)
    home = text_of(hub.get("/").text)
    assert "until 17:00" in home
    assert (
        "Because of the journey from Sat 8 Aug, the rules of Mia follow the clock of Asia/Tokyo from 17:00 on, "
        "by the clock at home." in home
    )
    assert "your times follow the clock of Asia/Tokyo from 17:00 on, by the clock at home." in text_of(there(hub))
    hub.clock.advance(-3600 * 24)
    hub.broker.apply(ROUTER)
    assert "journey" not in text_of(hub.get("/").text)


def test_the_clock_at_home_counts_until_midnight_there(hub: Hub, mia: str) -> None:
    """Midnight of 7 August in New York is 06:00 at home: an hour and a minute before, bedtime is by the one at home."""
    hub.clock.advance(-12 * 3600 - 3600 - 60)
    hub.broker.apply(ROUTER)
    assert "follow the clock of America/New_York from 06:00 on, by the clock at home." in text_of(hub.get("/").text)
    hub.clock.advance(3600 + 60)
    hub.broker.apply(ROUTER)
    assert "Mia is on a journey" in text_of(hub.get("/").text)
    assert "where it is 00:00 now" in text_of(there(hub))
    hub.clock.advance(7 * 86400 + 24 * 3600 - 60)
    hub.broker.apply(ROUTER)
    assert (
        "Because of the journey until Fri 14 Aug, the clock of America/New_York still counts for Mia , also at home. "
        "It is 23:59 there now." in text_of(hub.get("/").text)
    )
    hub.clock.advance(60)
    hub.broker.apply(ROUTER)
    assert "journey" not in text_of(hub.get("/").text)


def test_what_a_parent_types_is_the_clock_at_home_everywhere(hub: Hub, mia: str) -> None:
    for path in ("free", "pause"):
        hub.post(f"/children/{mia}/schedule/free" if path == "free" else f"/children/{mia}/pause", until="22:00")
        override = next(held for held in hub.family().overrides if held.kind != "give")
        assert f"{local(override.until, 'Europe/Berlin'):%H:%M}" == "22:00", path
        hub.post(f"/children/{mia}/end")


def test_a_bedtime_by_the_clock_there_says_so_on_its_button(hub: Hub, mia: str) -> None:
    page = text_of(hub.get("/").text)
    assert "Bedtime at 21:30 by the clock there" in page
    hub.post(f"/children/{mia}/schedule/today", choice="later")
    page = text_of(hub.get("/").text)
    assert "Only today: bedtime at 21:30 by the clock there" in page
    assert "until tomorrow 03:30" in page
