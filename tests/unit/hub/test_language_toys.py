"""The pages of toys in German: whole sentences around names, numbers and times; a maker's words keep their language."""

import re
from html import unescape

import pytest
from werkzeug.test import TestResponse

from stairgate.hub import language
from tests.unit.hub.conftest import PASSWORD, Hub
from tests.unit.hub.toys import Bear


@pytest.fixture
def bear(hub: Hub) -> Bear:
    """Mia's bear, and a parent's browser that has chosen German."""
    bear = Bear(hub)
    bear.pair(hub.add_child("Mia"))
    bear.declare()
    hub.browser.set_cookie(language.COOKIE, "de")
    return bear


def text(answer: TestResponse) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", "", answer.text)).split())


def test_a_label_in_german(bear: Bear) -> None:
    hub = bear.hub
    hub.post(f"/toys/{bear.agent}/agree", row="answers")
    hub.post(f"/toys/{bear.agent}/open", gate="microphone", minutes="10")
    bear.tell(("collected", "answers", 40_000, ""), ("collected", "answers", 2_000, ""))
    bear.tell(("closed", "answers", 95, "microphone:not_opened"))
    page = text(hub.get(f"/toys/{bear.agent}"))
    for said in (
        "Gehört: Mia",
        "Ein Elternteil hat um 18:00 zugestimmt.",
        "Ein Elternteil hat es um 18:00 aufgemacht.",
        "bis 18:10Dann geht es von selbst zu.",
        "Es geht an Honey Toys in DE (talk.honey.example).",
        "Es wird nach 30 Tagen gelöscht.",
        "2-mal in den letzten 24 Stunden, 42 kB; nichts wurde verschickt.",
        "Mikrofon: wieder zu. Dauer: 2 Minuten.",
        "Hears your child while a paw is held, to answer.",
    ):
        assert said in page, said
    assert '<bdi lang="en" translate="no">Hears your child' in hub.get(f"/toys/{bear.agent}").text


def test_faults_and_what_happened_in_german(bear: Bear) -> None:
    hub = bear.hub
    mia = hub.family().people[0].id
    answer = hub.post("/toys/add", code="ABC", whose=mia, password=PASSWORD)
    assert "Das ist kein Code eines Spielzeugs" in text(answer)
    hub.post(f"/toys/{bear.agent}/switch-off", gate="camera")
    answer = hub.post(f"/toys/{bear.agent}/open", gate="camera", minutes="10")
    assert "Das ist ausgeschaltet. Schalte es erst ein." in text(answer)
    assert "Hat einen Sensor ausgeschaltet: Bruno" in text(hub.get("/history"))
