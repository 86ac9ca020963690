"""Why a name is blocked: the same judgement as the router's, in words; never more than a device may know."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from stairgate.core.decide import Decision
from stairgate.hub import catalogue, limits, why
from stairgate.hub.asking_pace import AskingPace
from stairgate.hub.clock import ManualClock
from stairgate.hub.filters import ChildFilter, from_preset
from stairgate.hub.pack_builder import build
from stairgate.hub.packs import PackShelf, Written
from stairgate.hub.presets import BY_ID
from stairgate.hub.why_pages import tags_of
from tests.unit.hostile.corpus import TEXTS
from tests.unit.hub.conftest import EVENING, Hub

#: Half a surrogate pair cannot be sent in a form.
SENT = [text for text in TEXTS if text.encode("utf-8", "ignore").decode() == text]
TABLET = "02:00:5e:10:00:01"
HERE = {"REMOTE_ADDR": "192.0.2.7"}
OPEN = Decision("open", None, "default", "", None)
BEDTIME = Decision("closed", int(EVENING) + 3600, "week", "", "open")
HOMEWORK = Decision("limited", int(EVENING) + 3600, "week", "", "open")
MIA = from_preset("pmia", BY_ID["6-9"])


def ask(name: str, held: ChildFilter | None = MIA, decision: Decision = OPEN, *tags: str) -> why.Answer:
    known = why.Known(tags or catalogue.tags_of(name), lists=(("games", "Games of others"),))
    return why.answer(why.Subject((held,), decision, "Europe/Berlin"), name, known, EVENING)


@pytest.mark.parametrize(
    ("name", "held", "decision", "blocked", "words"),
    [
        ("www.tiktok.com", MIA, OPEN, True, ("Social networks", "preset for ages 6 to 9", "Stairgate’s own list")),
        ("www.youtube.com", MIA, OPEN, True, ("YouTube", "from 13", "over 9", "preset for ages 6 to 9")),
        ("www.roblox.com", replace(MIA, apps_blocked=("roblox",)), OPEN, True, ("Roblox", "Your parents blocked")),
        ("a.bad.example", replace(MIA, deny=("bad.example",)), OPEN, True, ("bad.example", "always blocked")),
        ("search.yahoo.com", MIA, OPEN, True, ("cannot be made safe", "Google, Bing")),
        ("www.google.de", MIA, OPEN, False, ("safe search",)),
        ("www.youtube.com", replace(MIA, age=0), OPEN, False, ("YouTube set to strict",)),
        ("example.org", MIA, OPEN, False, ("No rule here blocks it",)),
        ("example.org", MIA, BEDTIME, True, ("bedtime", "19:00", "Your parents set that")),
        ("example.org", MIA, HOMEWORK, True, ("homework list", "19:00")),
        ("a.example.org", replace(MIA, only=("example.org",)), HOMEWORK, False, ("homework list",)),
        ("www.tiktok.com", replace(MIA, allow=("tiktok.com",)), OPEN, False, ("always open",)),
        ("epdg.epc.mnc001.mcc262.pub.3gppnetwork.org", MIA, BEDTIME, False, ("emergency",)),
        ("captive.apple.com", MIA, BEDTIME, False, ("online",)),
        ("mask.icloud.com", MIA, OPEN, True, ("past the rules",)),
        ("www.tiktok.com", None, OPEN, False, ("No rule",)),
    ],
)
def test_answers(
    name: str, held: ChildFilter | None, decision: Decision, blocked: bool, words: tuple[str, ...]
) -> None:
    answer = ask(name, held, decision)
    assert answer.blocked == blocked
    said = " ".join((answer.says, answer.who, answer.until, answer.ask))
    for word in words:
        assert word in said


def test_a_list_is_named_and_a_parents_choice_is_one() -> None:
    answer = ask("some-game.example", replace(MIA, block=(*MIA.block, "games")), OPEN, "games")
    assert "“Games of others”" in answer.says and answer.who == "Your parents chose that."


def test_a_rule_of_the_whole_home_tells_nothing_of_its_list() -> None:
    known = why.Known(("illegal",), ("illegal",), (("illegal", "the secret list"),))
    answer = why.answer(why.Subject((MIA,), OPEN, "Europe/Berlin"), "bad.example", known, EVENING)
    said = " ".join((answer.says, answer.who, answer.until, answer.ask))
    assert answer.blocked and answer.is_everyones
    assert "illegal" not in said and "list" not in said
    assert "nothing wrong" in said


def test_of_two_children_the_one_decides_who_blocks() -> None:
    grown = from_preset("pnoah", BY_ID["16-17"])
    subject = why.Subject((grown, MIA), OPEN, "Europe/Berlin")
    name = "www.tiktok.com"
    answer = why.answer(subject, name, why.Known(catalogue.tags_of(name)), EVENING)
    assert answer.blocked and "preset for ages 6 to 9" in answer.who


@pytest.fixture
def child(hub: Hub) -> str:
    child = hub.add_child()
    hub.add_device(child, TABLET)
    hub.network.neighbours["192.0.2.7"] = TABLET
    return child


def ask_page(hub: Hub, name: str) -> TestResponse:
    browser = hub.new_browser()
    shown = browser.get("/me/why", environ_overrides=HERE)
    assert shown.status_code == 200
    token = shown.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    return browser.post("/me/why", data={"csrf_token": token, "name": name}, environ_overrides=HERE)


def test_the_page_of_a_childs_device_answers_and_keeps_nothing(
    hub: Hub, child: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = ask_page(hub, "https://www.tiktok.com/@somebody?x=1")
    assert answer.status_code == 200
    for sentence in ("Blocked", "www.tiktok.com", "Social networks", "preset for ages 6 to 9"):
        assert sentence in answer.text
    assert "Mia" not in answer.text and "somebody" not in answer.text
    assert "tiktok" not in caplog.text
    with hub.store.transaction("hhome") as rows:
        assert "tiktok" not in repr([rows.page("filters"), rows.page("acts"), rows.page("settings")])
    assert "tiktok" not in repr(hub.parts.keeping.history.all_events())


def test_me_says_what_is_filtered(hub: Hub, child: str) -> None:
    page = hub.get("/me", hub.new_browser(), environ_overrides=HERE).text
    assert "What is filtered" in page and "Adult sites" in page and "YouTube is set to strict" in page
    assert "Why is this blocked?" in page
    hub.post(f"/children/{child}/filter/preset", preset="none")
    assert "Nothing is filtered." in hub.get("/me", hub.new_browser(), environ_overrides=HERE).text


def test_a_device_without_rules_has_no_question(hub: Hub, child: str) -> None:
    answer = hub.get("/me/why", hub.new_browser())
    assert answer.status_code == 200 and 'action="/me/why"' not in answer.text
    assert "for a child’s device" in answer.text


@pytest.mark.parametrize("text", ["", "   ", "192.168.1.1", "http://", "com", *SENT])
def test_what_is_no_name_is_told(hub: Hub, child: str, text: str) -> None:
    answer = ask_page(hub, text)
    assert answer.status_code in (200, 413, 422)
    assert "<script>alert" not in answer.text and "<img src=x" not in answer.text
    assert "\u202e" not in answer.text


def test_too_many_questions_wait(hub: Hub, child: str) -> None:
    for _ in range(limits.WHY_ASKS):
        assert ask_page(hub, "example.org").status_code == 200
    assert ask_page(hub, "example.org").status_code == 429
    hub.clock.advance(limits.WHY_SECONDS + 1)
    assert ask_page(hub, "example.org").status_code == 200


def test_the_pace_has_a_bound() -> None:
    pace = AskingPace(ManualClock(EVENING))
    for number in range(limits.WHY_SOURCES * 2):
        assert pace.may_ask(str(number))
    assert len(pace._asked) == limits.WHY_SOURCES


def test_the_tags_are_those_of_the_pack_in_force_and_the_programs_own_where_it_cannot_be_read(tmp_path: Path) -> None:
    shelf = PackShelf(tmp_path)
    assert tags_of(shelf, "www.tiktok.com") == catalogue.tags_of("www.tiktok.com")

    def write(path: Path) -> Written:
        built = build([("bad.example", ("adult",))], (), path)
        return Written(built.names, built.tags)

    assert shelf.put("inputs", write, EVENING)
    assert tags_of(shelf, "www.bad.example") == ("adult",)
    assert tags_of(shelf, "www.tiktok.com") == ()
    kept = shelf.kept
    assert kept
    (tmp_path / "packs" / f"{kept.sha256}.pack").write_bytes(b"damaged")
    assert tags_of(shelf, "www.tiktok.com") == catalogue.tags_of("www.tiktok.com")
