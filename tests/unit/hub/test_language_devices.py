"""The pages of devices and routers in German: whole sentences around names, numbers and times, and who reads them."""

import re
import socket
from html import unescape

import pytest
from werkzeug.test import TestResponse

from stairgate.core.pairing import read_code, write_request
from stairgate.hub import language, limits
from stairgate.hub.assignment import possessive
from stairgate.hub.discovery import NEW_NAME
from stairgate.hub.said_later import SaidLater, what_it_says
from tests.unit.hub.conftest import PASSWORD, ROUTER, Hub
from tests.unit.hub.test_discovery import MAC, device, seen
from tests.unit.hub.test_pairing import REQUEST, ask

GERMAN = language.LANGUAGES["de"]
SECOND = "3c:22:fb:10:00:02"


@pytest.fixture
def german(hub: Hub) -> Hub:
    """A hub whose parent's browser has chosen German, with Mia, who goes to bed at 20:30, and Ben."""
    mia = hub.add_child("Mia")
    hub.add_child("Ben")
    hub.post(f"/children/{mia}/bedtime", days="127", start="20:30", end="07:00")
    hub.browser.set_cookie(language.COOKIE, "de")
    return hub


def text(answer: TestResponse) -> str:
    """What is read on a page, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", answer.text)).split())


def test_a_new_device_and_whose_it_becomes(german: Hub) -> None:
    seen(german, hostname="Switch")
    german.clock.advance(3 * 3600)  # 21:00
    german.parts.devices.asks.tell(device(german).id, "console")
    with language.speaking(GERMAN):
        words = german.parts.devices.arrivals.words(device(german))
    page = german.get("/devices")
    said = text(page)
    assert f"Neues Gerät: Switch neu seit 18:00 · auf seiner Seite steht {words}" in said
    assert "und fragt, wem es gehört (21:00): „es ist eine Spielkonsole“." in said
    assert "die strengsten Regeln deiner Kinder: Schlafenszeit bis morgen 07:00." in said
    assert 'data-say="1 neues Gerät"' in page.text

    german.post(f"/devices/{device(german).id}/assign", whose="all")
    late = german.post(f"/devices/{device(german).id}/assign", whose="adult")
    assert late.status_code == 409
    assert "Jemand hat schon geantwortet: „Switch“ gehört " in text(late)


def test_a_name_that_nobody_gave_is_shown_in_german_and_kept_in_english(german: Hub) -> None:
    seen(german)
    new = device(german)
    page = german.get(f"/devices/{new.id}").text
    assert "<h1><bdi>Neues Gerät</bdi></h1>" in page
    german.post(f"/devices/{new.id}", revision=new.revision, name="Neues Gerät", kind="phone")
    assert (device(german).name, device(german).kind) == (NEW_NAME, "phone")


def test_numbers_decide_between_one_and_several(german: Hub) -> None:
    for address in (MAC, SECOND):
        seen(german, address)
        german.clock.advance(5)
        german.parts.devices.upkeep.run()
    german.clock.advance(3 * 3600)
    assert "2 weitere neue Geräte haben jetzt ohnehin kein Internet." in text(german.get("/quarantine"))
    german.post(f"/devices/{device(german, SECOND).id}/assign", whose="adult")
    assert "1 weiteres neues Gerät hat jetzt ohnehin kein Internet." in text(german.get("/quarantine"))


@pytest.mark.parametrize(
    ("names", "english", "in_german"),
    [
        (["Mia"], "Mia’s", "Mia"),
        (["Mia", "Ben"], "Mia’s and Ben’s", "Mia und Ben"),
        (["Mia", "Ben", "Zoe"], "Mia’s and Ben’s and Zoe’s", "Mia, Ben und Zoe"),
        (["Mia", "Ben", "Zoe", "Leo"], "4 children’s", "4 Kindern"),
    ],
)
def test_whose_a_device_is(names: list[str], english: str, in_german: str) -> None:
    assert possessive(names) == english
    with language.speaking(GERMAN):
        assert possessive(names) == in_german


def test_all_faults_of_a_form(german: Hub) -> None:
    said = text(german.post("/devices", name=" ", mac="1", kind="x"))
    assert "Bitte sieh dir diese Felder noch einmal an." in said
    for sentence in (
        "zum Beispiel „blaues Tablet“.",
        "02:00:5E:10:00:01.",
        "Bitte wähle, was es ist.",
        "wem es gehört.",
    ):
        assert sentence in said


def test_a_look_at_a_page_fails_in_the_language_of_whoever_waits(german: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look is made by a thread of its own, which speaks no language."""

    class NoInternet:
        def connect(self, *_: object) -> socket.socket:
            raise socket.gaierror

        def close(self) -> None:
            """Nothing is open."""

    monkeypatch.setattr(german.parts.looks, "internet", NoInternet)
    child = german.family().people[0].id
    said = text(german.post(f"/children/{child}/filter/needs", name="schule.example"))
    assert "Diese Seite gibt es nicht, oder die Internetverbindung funktioniert nicht. Du kannst unten" in said


def test_why_a_router_was_not_let_in_is_read_by_the_parent(german: Hub) -> None:
    """It was found out while the router asked, whose request is in no parent's language."""
    german.post("/routers/add", password=PASSWORD)
    secret = read_code(german.parts.pairing.state().code)
    gadget = REQUEST._replace(kind="gadget")
    assert ask(german, write_request(secret, gadget)).status_code == 503
    said = text(german.get("/routers/add"))
    assert "gemeldet hat sich ein Gerät der Art 'gadget'. Der Code gilt noch; versuch es am Router" in said
    assert german.parts.pairing.state().fault == "expected a router, got a device of the kind 'gadget'"


def test_a_router(german: Hub) -> None:
    page = german.get(f"/routers/{ROUTER}").text
    label = german.parts.roster.agents()[0].label
    assert f"<bdi>{label}</bdi> entfernen" in page
    assert "tippe an seiner Konsole ein: <code>stairgate off --remove</code>" in page
    german.post("/routers/add", password=PASSWORD)
    minutes = limits.PAIRING_SECONDS // 60
    assert f"Der Code gilt {minutes} Minuten und nur einmal." in text(german.get("/routers/add"))


def test_what_an_exception_says_is_kept_without_it() -> None:
    later = SaidLater("This home has {count} routers already.", count=32)
    assert what_it_says(ValueError(later)) is later
    assert what_it_says(OSError(28, "No space left")) == "[Errno 28] No space left"
    with language.speaking(GERMAN):
        assert str(ValueError(later)) == "Dieses Zuhause hat schon 32 Router."
    assert str(later) == "This home has 32 routers already."
