"""The filter and the block lists in German; and what went wrong at night, said in the morning in anybody's language."""

import copy
import html
import re

import pytest

from stairgate.hub import catalogue, filter_words, language
from stairgate.hub.known_sources import KNOWN
from stairgate.hub.sentence import Sentence, from_kept, kept, said
from stairgate.hub.sources import Outcome
from tests.unit.hub.conftest import EVENING, Hub

GERMAN = language.LANGUAGES["de"]
SHRUNK = "It has {taken} entries where it had {before}, so it is taken for broken."


@pytest.fixture
def german(hub: Hub) -> Hub:
    hub.browser.set_cookie(language.COOKIE, "de")
    return hub


def text(hub: Hub, path: str) -> str:
    """The words of a page."""
    answer = hub.get(path)
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_a_filter_in_german(german: Hub) -> None:
    child = german.add_child()
    page = text(german, f"/children/{child}/filter")
    assert "Vorlage für 6- bis 9-Jährige." in page and "Seiten für Erwachsene" in page
    assert "ab 13 (Nutzungsbedingungen)" in page and "OmeTV und andere Anrufe mit Fremden" in page

    german.post(f"/children/{child}/filter/names", allow="a.example", deny="b.example")
    assert "Vorlage für 6- bis 9-Jährige, an 2 Stellen geändert." in text(german, f"/children/{child}/filter")
    answer = german.post(f"/children/{child}/filter/names", allow="192.0.2.1 com", deny="childline.org.uk")
    page = html.unescape(answer.text)
    assert "„192.0.2.1“ ist eine IP-Adresse." in page and "„com“ ist keine einzelne Seite" in page
    assert "childline.org.uk hilft Kindern in Not" in page


def test_what_was_wrong_with_a_list_is_said_in_the_language_of_whoever_looks(german: Hub) -> None:
    sources = german.parts.lists.sources
    sources.switch("kadultsb", True)
    url = next(known.url for known in KNOWN if known.id == "kadultsb")
    fault = Sentence(SHRUNK, taken=12, before=76543)
    sources.note("kadultsb", Outcome(int(EVENING), int(EVENING) - 60, fault, 1, 76543, (), "ab"), url)

    assert (
        "Sie hat 12 Einträge, vorher waren es 76.543; deshalb gilt sie als kaputt. Es gilt die Fassung von 17:59 "
        in (text(german, "/lists"))
    )
    german.browser.set_cookie(language.COOKIE, "en")
    assert "It has 12 entries where it had 76,543, so it is taken for broken." in text(german, "/lists")


def test_apps_are_found_by_what_they_are_called_in_german(german: Hub) -> None:
    child = german.add_child()
    assert "OmeTV" in text(german, f"/children/{child}/filter?q=fremden")


# Sentences


def test_a_sentence_is_english_until_somebody_reads_it() -> None:
    held = Sentence(SHRUNK, taken=1200, before=76543)
    assert held == "It has 1,200 entries where it had 76,543, so it is taken for broken."
    with language.speaking(GERMAN):
        assert held.startswith("It has 1,200")
        assert said(held) == "Sie hat 1.200 Einträge, vorher waren es 76.543; deshalb gilt sie als kaputt."
    assert said("as it is") == "as it is"


def test_a_sentence_may_stand_in_another() -> None:
    inner = Sentence("expected at most {most} hashed names", most=2000)
    text = "The lists could not be put together, so what was in force before still is: {why}."
    with language.speaking(GERMAN):
        assert (
            Sentence(text, why=inner).said().endswith("was vorher galt: erlaubt sind höchstens 2.000 Namen als Hash.")
        )


@pytest.mark.parametrize("sentence", [Sentence(), Sentence("It came damaged."), Sentence(SHRUNK, taken=1, before=2)])
def test_a_sentence_is_stored_and_copied_whole(sentence: Sentence) -> None:
    for again in (from_kept(kept(sentence)), copy.deepcopy(sentence)):
        assert (again, again.text, again.fields) == (sentence, sentence.text, sentence.fields)
        with language.speaking(GERMAN):
            assert again.said() == sentence.said()


def test_a_text_from_before_there_were_sentences_stays_as_it_is() -> None:
    assert from_kept("It has 1 entries where it had 2.").said() == "It has 1 entries where it had 2."
    assert bool(from_kept("")) is False


@pytest.mark.parametrize("text", ["{", "}", "{0}", "{x.__class__}", "{taken!r:>9999}", "{no_such}", "{{taken}}"])
def test_what_a_file_of_others_says_reaches_into_nothing(text: str) -> None:
    assert Sentence(text, taken="t").said() == text.replace("{taken}", "t")


def test_numbers_have_their_thousands_where_a_language_has_them() -> None:
    assert [language.number(count) for count in (0, 999, 1000, 1234567)] == ["0", "999", "1,000", "1,234,567"]
    with language.speaking(GERMAN):
        assert language.number(1234567) == "1.234.567"


def test_words_beside_apps_are_in_the_catalogue_and_names_are_not() -> None:
    words = catalogue.words()
    assert "terms" in words and "WOW and Sky" in words and "YouTube" not in words
    with language.speaking(GERMAN):
        tiktok = catalogue.app("tiktok")
        assert tiktok and filter_words.app_facts(tiktok) == "ab 13 (Nutzungsbedingungen)"
