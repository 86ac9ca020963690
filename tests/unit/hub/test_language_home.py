"""The first page and the history in German, times and amounts in words, and that each language has its own numbers."""

import html
import re
from datetime import date

import pytest
from werkzeug.exceptions import BadRequest

from stairgate.hub import language, two_words, wording
from stairgate.hub.history_words import _WITH_MINUTES, _WORDS
from stairgate.hub.reports import Standing
from stairgate.hub.roster import Agent
from tests.unit.hub.conftest import EVENING, ROUTER, Hub

GERMAN = language.LANGUAGES["de"]


@pytest.fixture
def german(hub: Hub) -> Hub:
    hub.browser.set_cookie(language.COOKIE, "de")
    return hub


def text_of(page: str) -> str:
    """What a page says, in a row."""
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page.split("<main", 1)[1]).split()))


# Pages


def test_the_first_page_says_how_things_stand(german: Hub) -> None:
    assert "Um wessen Internet geht es?" in text_of(german.get("/").text)
    child = german.add_child("Mia")
    assert "Mia hat noch kein Gerät, deshalb gibt es nichts zu pausieren." in text_of(german.get("/").text)
    german.add_device(child)
    german.broker.apply(ROUTER)
    german.post(f"/children/{child}/pause", minutes="30")
    page = german.get("/").text
    said = text_of(page)
    for sentence in ("Pause bis 18:30", "Mia hat Pause bis 18:30.", "Wird gesendet … angewendet auf 0 von 1"):
        assert sentence in said, said
    assert 'data-say="Mia hat Pause bis 18:30."' in page  # read aloud without markup
    german.broker.apply(ROUTER)
    assert "Angewendet auf 1 von 1" in text_of(german.get("/").text)


def test_a_name_is_no_markup_and_no_field(german: Hub) -> None:
    child = german.add_child("<b>{time}</b>")
    german.add_device(child)
    german.post(f"/children/{child}/pause", minutes="30")
    page = german.get("/").text
    assert "<bdi>&lt;b&gt;{time}&lt;/b&gt;</bdi> hat Pause bis 18:30." in page
    assert 'data-say="&lt;b&gt;{time}&lt;/b&gt; hat Pause bis 18:30."' in page


def test_the_history_is_told_in_whole_sentences(german: Hub) -> None:
    child = german.add_child("Mia")
    german.add_device(child)
    german.post(f"/children/{child}/bonus", minutes="30")
    german.post(f"/children/{child}/undo")
    said = text_of(german.get("/history").text)
    for sentence in (
        "Extrazeit für Mia: 30 Minuten 18:00 · von einem Elternteil",
        "Letzte Änderung für Mia rückgängig gemacht",
        "Mia hinzugefügt",
        "Dieser Hub bekam sein Hauptkonto",
    ):
        assert sentence in said, said


def test_every_act_has_fields_that_are_filled() -> None:
    for spoken in language.LANGUAGES.values():
        with language.speaking(spoken):
            for text in (*_WORDS.values(), *_WITH_MINUTES.values()):
                fields = dict.fromkeys(("child", "account", "device", "length", "router", "toy"), "x")
                assert "{" not in language.gettext(text).format(**fields)


def test_what_went_wrong_is_said_in_the_language(german: Hub) -> None:
    assert "Diese Seite gibt es hier nicht." in german.get("/nothing").text
    answer = german.browser.post("/children/new", headers={"Origin": "http://elsewhere.example"})
    assert (answer.status_code, "kam nicht von den Seiten des Hubs" in answer.text) == (403, True)


def test_what_the_library_says_in_english_reaches_no_page(german: Hub) -> None:
    app = german.browser.application
    with app.test_request_context("/login"), language.speaking(GERMAN):
        answer = app.make_response(app.handle_http_exception(BadRequest()))
    assert (answer.status_code, "Etwas ist schiefgegangen." in answer.get_data(as_text=True)) == (400, True)


def test_a_phone_looks_again_for_no_words_of_another_language(german: Hub) -> None:
    german.add_device(german.add_child("Mia"))
    german.broker.apply(ROUTER)
    english = german.new_browser()
    german.sign_in(english)

    def numbers() -> tuple[int, int]:
        return german.get("/status").json["state"], german.get("/status", english).json["state"]  # type: ignore[index]

    before = numbers()
    assert numbers() == before and before[0] != before[1]
    german.post(f"/children/{german.family().people[0].id}/pause", minutes="30")
    after = numbers()
    assert after[0] != before[0] and after[1] != before[1]


# Words


def test_times_days_and_amounts() -> None:
    def at(seconds: float) -> str:
        return wording.clock_time(EVENING + seconds, "Europe/Berlin", EVENING)

    with language.speaking(GERMAN):
        assert [at(0), at(86400), at(-86400)] == ["18:00", "morgen 18:00", "gestern 18:00"]
        assert [at(2 * 86400), at(28 * 86400)] == ["So 18:00", "Fr 4. September, 18:00"]
        assert wording.full_date_text(date(2027, 3, 1)) == "Mo 1. März 2027"
        assert [wording.length(60), wording.length(7200), wording.length(3 * 86400)] == [
            "1 Minute",
            "2 Stunden",
            "3 Tage",
        ]
        assert [wording.ago(0), wording.ago(60), wording.ago(125)] == [
            "gerade eben",
            "vor einer Minute",
            "vor 2 Minuten",
        ]
        assert [wording.bytes_text(3.4e6), wording.rate_text(12000)] == ["3,4 MB", "12 kB/s"]
        assert [wording.and_text(names) for names in ([], ["A"], ["A", "B"], ["A", "B", "C"])] == [
            "",
            "A",
            "A und B",
            "A, B und C",
        ]
        assert list(wording.DAY_NAMES[:2]) == ["Mo", "Di"] and wording.KIND_NAMES["phone"] == "Handy"


def test_what_is_wrong_with_a_router_is_a_sentence() -> None:
    behind = Standing(Agent(ROUTER, "Router oben"), "failed", "clock_differs", EVENING, -7200)
    refused = Standing(Agent(ROUTER, "Router oben"), "failed", "kernel", EVENING)
    with language.speaking(GERMAN):
        (said,) = wording.applied_of([behind], "Europe/Berlin", EVENING).details
        assert said == "Die Uhr von Router oben geht 2 Stunden nach, deshalb kommen Schlafenszeiten dort zu spät."
        assert wording.router_state(refused, "Europe/Berlin", EVENING).why == (
            "Seine Firewall hat die Regeln abgelehnt; was vorher galt, gilt weiter. Zuletzt gemeldet: gerade eben."
        )


@pytest.mark.parametrize("words", [two_words._FIRST, two_words._SECOND])
def test_each_language_has_a_word_for_every_place(words: str) -> None:
    for spoken in language.LANGUAGES.values():
        with language.speaking(spoken):
            said = language.gettext(words).split(" ")
        assert len(said) == len(set(said)) == len(words.split(" "))
