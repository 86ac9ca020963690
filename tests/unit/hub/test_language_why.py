"""Why, asking and the child's page in German: whole sentences in which names and unknown parents need no inflection."""

import html
import re

import pytest

from stairgate.hub.categories import CATEGORIES
from stairgate.hub.language import LANGUAGES, gettext, speaking
from stairgate.hub.note_suggestions import suggested
from stairgate.hub.notes import RECORDED, clean_note
from stairgate.hub.this_device import called
from stairgate.hub.why_sentence import CHILD, PARENT, Facts, why
from stairgate.hub.why_table import SENTENCES
from tests.unit.hub.conftest import Hub
from tests.unit.hub.test_roles import DAD, join

GERMAN = LANGUAGES["de"]
TABLET = "02:00:5e:10:00:01"
HERE = {"REMOTE_ADDR": "192.0.2.7"}


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())


#: Without those of minutes that a child took itself: there is always a name.
SET_BY_PARENTS = [sentence for (reason, *_), sentence in SENTENCES.items() if reason != "taken"]


@pytest.mark.parametrize("sentence", SET_BY_PARENTS)
def test_whoever_set_a_rule_stands_where_german_has_a_dative(sentence: str) -> None:
    with speaking(GERMAN):
        german = gettext(sentence)
    assert german != sentence
    whos = re.findall(r"(\w+) \{(?:who|Who|then_who)\}", german)
    assert [word.lower() for word in whos] == ["von"] * len(re.findall(r"\{(?:who|Who|then_who)\}", sentence))


@pytest.mark.parametrize(
    ("facts", "child", "parent"),
    [
        (
            Facts("pause", "closed", "open", "18:15"),
            "Pause von deinen Eltern: Das Internet ist bis 18:15 aus, danach wieder an.",
            "Pause von einem Elternteil: Das Internet ist bis 18:15 aus, danach wieder an.",
        ),
        (
            Facts("bedtime", "closed", "until", "morgen 07:00", "", "Papa"),
            "Es ist Schlafenszeit, eingestellt von Papa: Das Internet ist bis morgen 07:00 aus.",
            None,
        ),
        (
            Facts("default", "open", "closed", "20:30", "morgen 07:00"),
            "Das Internet ist bis 20:30 an; danach ist es bis morgen 07:00 aus, so von deinen Eltern eingestellt.",
            "Das Internet ist bis 20:30 an; danach ist es bis morgen 07:00 aus, so von einem Elternteil eingestellt.",
        ),
        (Facts("a later reason", "closed"), "Das Internet ist aus: So sagen es die Regeln.", None),
    ],
)
def test_a_decision_in_german(facts: Facts, child: str, parent: str | None) -> None:
    with speaking(GERMAN):
        assert why(facts, CHILD).sentence == child
        assert why(facts, PARENT).sentence == (parent or child)
        # Before their own words parents stand as who says something.
        assert why(facts._replace(who="", note="Essen!"), CHILD).note_by == "Deine Eltern"


@pytest.mark.parametrize("band", ["0-5", "6-9", "10-12", "13-15", "16-17"])
def test_a_suggestion_fits_into_its_field(band: str) -> None:
    with speaking(GERMAN):
        for what in (RECORDED, *CATEGORIES):
            text = suggested(band, what)
            assert clean_note(text) == text, (band, what)


def test_a_device_has_the_case_that_its_sentence_needs() -> None:
    with speaking(GERMAN):
        assert called("computer") == ("Dieser Computer", "dieser Computer", "diesen Computer")
        assert called("tv").first == "Dieses Gerät"
    assert called("console").within == "this games console"


def test_a_childs_page_and_its_parents_card_speak_german(hub: Hub) -> None:
    child = hub.add_child()
    hub.add_device(child, TABLET)
    hub.network.neighbours[HERE["REMOTE_ADDR"]] = TABLET
    hub.post("/account/name", name="Mama")
    hub.post(f"/children/{child}/bedtime", days="127", start="20:30", end="07:00")
    mine = hub.new_browser()
    mine.set_cookie("language", "de")

    def see(path: str) -> str:
        return hub.get(path, mine, environ_overrides=HERE).text

    def send(path: str, **fields: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', see("/me/ask"))
        assert found
        form = {"csrf_token": found[1], **fields}
        return text_of(mine.post(path, data=form, environ_overrides=HERE).text)

    assert "danach ist es bis morgen 07:00 aus, so von Mama eingestellt." in text_of(see("/me"))
    assert "Mama liest das. Es wird nach der Antwort noch 7 Tage aufbewahrt" in text_of(see("/me/ask"))
    send("/me/ask", kind="time", minutes="30")
    page = text_of(see("/me"))
    assert "30 Minuten mehr Deine Eltern sehen es jetzt. Die Frage wartet bis spätestens morgen 04:00;" in page
    page = send("/me/why", name="www.tiktok.com")
    assert "Das zählt zu „Soziale Netzwerke“, und das ist hier gesperrt." in page
    assert "Vorlage für 6- bis 9-Jährige, die deine Eltern benutzen." in page

    dad = join(hub, "coparent", "Papa", DAD)
    dad.set_cookie("language", "de")
    assert "Mama und Papa lesen das." in text_of(see("/me/ask"))
    card = text_of(hub.get("/", dad).text)
    assert "Mia möchte 30 Minuten mehr." in card and "seit 18:00; wartet bis morgen 04:00" in card
    assert "Mia asks for 30 minutes more." in text_of(hub.get("/").text)
