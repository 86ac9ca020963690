"""The calendar, the minutes and growing up in German: whole sentences, with days, times and names in their places."""

import re

import pytest
from werkzeug.test import TestResponse

from stairgate.core.usage import BITMAP_BYTES
from stairgate.hub import language
from tests.unit.hub.conftest import EVENING, ROUTER, Hub

MAC = "02:00:5e:10:00:01"


@pytest.fixture
def mia(hub: Hub) -> str:
    """A child with a bedtime, school holidays and minutes, on a hub that is read in German."""
    hub.browser.set_cookie(language.COOKIE, "de")
    person = hub.add_child()
    hub.add_device(person, MAC)
    hub.post(f"/children/{person}/schedule/preset", preset="6-9")
    holidays = {"first": "2026-08-10", "last": "2026-08-21", "as": "saturday", "zone": "Europe/Rome"}
    hub.post(f"/children/{person}/schedule/dates", **holidays)
    hub.post(f"/children/{person}/schedule/budget/preset", preset="6-9")
    return person


def said(answer: TestResponse) -> str:
    """What a page says, without markup and soft hyphens."""
    text = re.sub(r"<[^>]+>", " ", answer.text).replace("\N{SOFT HYPHEN}", "")
    return " ".join(text.split())


def test_a_calendar_is_whole_sentences(hub: Hub, mia: str) -> None:
    page = said(hub.get(f"/children/{mia}/schedule"))
    assert "Dann bis 20:30 offen. Dann wegen der Schlafenszeit bis Sa 07:30 zu." in page
    assert "Vor Schultagen (So–Do): Internet aus 20:00–06:30" in page
    assert "Mo 10. August bis Fr 21. August: wie samstags, nach der Uhr von Europe/Rome" in page
    assert "Insgesamt: Mo–Fr 1 h; Sa, So 1 h 30 min" in page
    assert "Schlafenszeiten für das Alter 6 bis 9" in page


def test_a_day_names_the_rule_that_wins(hub: Hub, mia: str) -> None:
    page = said(hub.get(f"/children/{mia}/day?date=2026-08-12&at=21:00"))
    assert "Mittwoch, 12. August 2026" in page
    assert "Um 21:00 ist das Internet aus, bis Do 07:30." in page
    rule = "Mo 10. August bis Fr 21. August: wie samstags, nach der Uhr von Europe/Rome"
    assert f"Es gilt die Ausnahme „{rule}“." in page


def test_a_form_with_faults_says_what_is_wrong(hub: Hub, mia: str) -> None:
    answer = hub.post(f"/children/{mia}/schedule/dates", first="2026-08-12", last="2026-08-11")
    assert answer.status_code == 422
    assert "Der letzte Tag darf nicht vor dem ersten liegen." in said(answer)


def test_the_time_left_and_minutes_given_back(hub: Hub, mia: str) -> None:
    now = int(EVENING)
    bits = (((1 << 50) - 1) << (now % 86400 // 60 - 50)).to_bytes(BITMAP_BYTES, "little")
    hub.broker.minutes(ROUTER, (mia, "total", now // 86400, bits))
    assert "Noch 10 min von 1 h heute" in said(hub.get(f"/children/{mia}"))
    hub.post(f"/children/{mia}/give", minutes=15)
    page = said(hub.get(f"/children/{mia}"))
    assert "Noch 25 min von 1 h 15 min heute" in page
    assert "hat um 18:00 15 min zurückgegeben." in page


def test_growing_up(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/growing/born", born="2016-07")
    page = said(hub.get("/"))
    assert "Mia ist jetzt 10 Die Vorlage für das Alter 10 bis 12 würde passen." in page
    hub.post(f"/children/{mia}/growing/born", born="2008-09")
    assert "Am Di 1. September 2026 ist Mia 18." in said(hub.get("/"))
