"""One sentence for each decision: true to the rule, with who set it, until when and what follows."""

import re
import string

import pytest

from stairgate.core.decide import REASONS, Decision
from stairgate.hub import limits
from stairgate.hub.categories import CATEGORIES
from stairgate.hub.family import Budget, DateRule, Family, Person, Week
from stairgate.hub.memory_store import MemoryStore
from stairgate.hub.note_suggestions import suggested
from stairgate.hub.notes import RECORDED, Note, Signature, SignedRows, about, clean_note, read_notes
from stairgate.hub.roles import CARER, COPARENT
from stairgate.hub.why_facts import Known, facts_of, note_of
from stairgate.hub.why_sentence import CHILD, MINUTES_RUN, PARENT, RULED, Facts, why
from stairgate.hub.why_table import SENTENCES
from tests.unit.hub.conftest import EVENING, HOME, Hub
from tests.unit.hub.test_roles import DAD, GRAN, join

TABLET = "02:00:5e:10:00:01"
HOSTILE = "<script>alert(1)</script> {who} {0.__class__} %s \u202e"


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


# Every reason, both views


@pytest.mark.parametrize("view", [CHILD, PARENT])
@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_words_for_both(reason: str, view: str) -> None:
    levels = RULED.get(reason) or (("closed",) if reason == "not_in_policy" else ("open",))
    for level in levels:
        said = why(Facts(reason, level), view)
        assert said.sentence.endswith("."), said
        assert said.sentence != why(Facts("nobody knows", level), view).sentence
        assert not set("{}") & set(said.sentence)
        assert bool(said.to_do) == (view == CHILD and level != "open" and reason in RULED)


@pytest.mark.parametrize("reason", [*RULED, "bedtime", "dates", "minutes_spent"])
def test_each_ruled_reason_says_all_that_is_known(reason: str) -> None:
    for level in RULED.get("date" if reason == "dates" else reason, ("closed",)):
        for follows in {"open", "closed", "limited"} - {level}:
            facts = Facts(reason, level, follows, "20:30", "tomorrow 07:00", "Mum", "Dad")
            sentence = why(facts, CHILD).sentence
            assert "20:30" in sentence
            # Only what a rule decides has somebody behind it; outside all rules it is whoever set the next one.
            assert ("Dad" if (reason, level) == ("default", "open") else "Mum") in sentence, sentence
            if follows != "open" and (reason, level, follows) in SENTENCES:
                assert "tomorrow 07:00" in sentence, sentence
            without = why(facts._replace(who="", then_who=""), CHILD).sentence
            assert "your parents" in without.lower()
            assert "a parent" in why(facts._replace(who="", then_who=""), PARENT).sentence.lower()


def test_the_sentences_are_whole_and_use_known_words_only() -> None:
    for key, sentence in SENTENCES.items():
        fields = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
        assert fields <= {"who", "Who", "then_who", "until", "then", "minutes"}, key
        assert sentence.endswith(".") and sentence.count(". ") <= 1, key
        # Nobody knows at what time minutes are used up.
        assert ("until" in fields) == (key[2] != "" and key[0] != MINUTES_RUN), key
        assert ("then" in fields) == (key[2] in ("closed", "limited")), key


@pytest.mark.parametrize(
    ("facts", "child", "parent"),
    [
        (
            Facts("pause", "closed", "open", "18:15", "20:30", "Mum"),
            "Mum paused the internet; it is off until 18:15, then on again.",
            "Mum paused the internet; it is off until 18:15, then on again.",
        ),
        (
            Facts("pause", "closed", "open", "18:15"),
            "Your parents paused the internet; it is off until 18:15, then on again.",
            "A parent paused the internet; it is off until 18:15, then on again.",
        ),
        (
            Facts("bonus", "open", "closed", "21:00", "tomorrow 07:00", "Gran"),
            "Gran gave extra time; the internet is on until 21:00, then off until tomorrow 07:00.",
            "Gran gave extra time; the internet is on until 21:00, then off until tomorrow 07:00.",
        ),
        (
            Facts("budget_spent", "closed", "open", "tomorrow 04:00"),
            "Today’s minutes, set by your parents, are used up; the internet is off until tomorrow 04:00, then there "
            "are new ones.",
            "Today’s minutes, set by a parent, are used up; the internet is off until tomorrow 04:00, then there are "
            "new ones.",
        ),
        (
            Facts("budget_spent", "closed", "until", "tomorrow 04:00", "", "Dad", minutes="1 h 30 min"),
            "All of today’s time, 1 h 30 min and set by Dad, is used up; the internet is off until tomorrow 04:00.",
            None,
        ),
        (
            Facts("default", "open", "closed", "20:30", "tomorrow 07:00", "", ""),
            "The internet is on until 20:30; then it is off until tomorrow 07:00, as your parents set it.",
            "The internet is on until 20:30; then it is off until tomorrow 07:00, as a parent set it.",
        ),
        # What is not known is not said.
        (
            Facts("bonus", "open", "closed", "21:00"),
            "Your parents gave extra time; the internet is on until 21:00.",
            "A parent gave extra time; the internet is on until 21:00.",
        ),
        (Facts("default", "open"), "The internet is on: no rule is set for now.", None),
        (Facts("a later reason", "closed"), "The internet is off: the rules say so.", None),
    ],
)
def test_the_words(facts: Facts, child: str, parent: str | None) -> None:
    assert why(facts, CHILD).sentence == child
    assert why(facts, PARENT).sentence == (parent or child)


def test_a_pause_and_extra_time_have_a_phrase_where_a_parent_gave_none() -> None:
    assert "no punishment" in why(Facts("pause", "closed"), CHILD).phrase
    assert why(Facts("bonus", "open"), CHILD).phrase
    said = why(Facts("pause", "closed", who="Mum", note="Dinner!"), CHILD)
    assert (said.note, said.note_by, said.phrase) == ("Dinner!", "Mum", "")
    assert why(Facts("pause", "closed"), PARENT).phrase == ""
    assert why(Facts("week", "closed"), CHILD).phrase == ""


def test_a_name_is_only_a_name() -> None:
    said = why(Facts("pause", "closed", "open", "18:15", who=HOSTILE), CHILD)
    assert HOSTILE in said.sentence


# What stands behind a decision


CHILD_ROW = Person("p1", "Mia", "6-9", "Europe/Berlin")
FAMILY = Family(
    people=(CHILD_ROW,),
    devices=(),
    weeks=(Week("w1", "p1", 127, 1230, 420), Week("w2", "p1", 31, 480, 780), Week("w3", "p1", 1, 900, 1020, "limited")),
    overrides=(),
    dates=(DateRule("t1", "p1", "2026-08-01", "2026-08-31", ((1320, 480, "closed"),), note="Holidays!"),),
    budgets=(Budget("b1", "p1", "total", (60,) * 7),),
)
KNOWN = Known(
    {
        "w1": Note("u1", 0, "You need your sleep."),
        "w2": Note("u2"),
        "t1": Note("u2"),
        "b1": Note("u1"),
        "o1": Note("p1", 0, ""),
    },
    {"u1": "Mum", "u2": "Dad", "p1": "Mia"},
)


@pytest.mark.parametrize(
    ("line", "by", "text"),
    [
        ("week p1 127 1230 420 closed", "u1", "You need your sleep."),
        ("week p1 31 480 780 closed", "u2", ""),
        ("week p1 31 480 781 closed", "", ""),
        ("week p2 31 480 780 closed", "", ""),
        ("date p1 2026-08-01 2026-08-31 1320 480 closed", "u2", "Holidays!"),
        ("date p1 2027-08-01 2027-08-31 1320 480 closed", "", ""),
        ("budget p1 total", "u1", ""),
        ("override o1", "p1", ""),
        ("override o2", "", ""),
        ("person p1 open", "", ""),
        ("", "", ""),
    ],
)
def test_a_line_of_the_policy_leads_to_whoever_set_it(line: str, by: str, text: str) -> None:
    note = note_of(FAMILY, line, KNOWN)
    assert (note.by, note.text) == (by, text)


def test_a_spent_budget_says_how_much_it_was() -> None:
    decision = Decision("closed", int(EVENING) + 3600, "budget_spent", "budget p1 total", "open")
    used = lambda policy, now: {"p1": {"total": 60}}  # noqa: E731
    facts = facts_of(FAMILY, decision, None, KNOWN, "Europe/Berlin", EVENING, used)
    assert (facts.who, facts.minutes) == ("Mum", "1 h")


def test_a_window_over_midnight_is_bedtime_and_another_is_not() -> None:
    night = Decision("closed", int(EVENING) + 3600, "week", "week p1 127 1230 420 closed", "open")
    school = Decision("closed", int(EVENING) + 3600, "week", "week p1 31 480 780 closed", "open")
    after = Decision("open", None, "default", "person p1 open", None)
    assert facts_of(FAMILY, night, after, KNOWN, "Europe/Berlin", EVENING) == Facts(
        "bedtime", "closed", "open", "19:00", "", "Mum", "", "You need your sleep."
    )
    assert facts_of(FAMILY, school, after, KNOWN, "Europe/Berlin", EVENING).reason == "week"


# Notes


def test_what_is_written_is_signed_and_a_note_goes_with_its_rule() -> None:
    store = MemoryStore()
    with store.transaction(HOME) as rows:
        signed = SignedRows(rows, Signature("u1", "Because."), 5.0)
        signed.put("weeks", "w1", {})
        signed.put("filters", "p1", {})
        signed.put("devices", "d1", {})
        signed.put("people", "p1", {})
        rows.put("notes", about("p1", "social"), {"by": "u1", "at": 5.0, "text": "Not yet."})
        rows.put("notes", about("p11", "social"), {"by": "u1", "at": 5.0, "text": "Another child."})
        assert set(read_notes(rows)) == {"w1", "p1", "p1.social", "p11.social"}
        # Somebody else changes the rule and says nothing: the words stay.
        SignedRows(rows, Signature("u2"), 6.0).put("weeks", "w1", {"x": 1})
        assert read_notes(rows)["w1"] == Note("u2", 6.0, "Because.")
        SignedRows(rows, Signature("u2", ""), 7.0).put("weeks", "w1", {"x": 2})
        assert read_notes(rows)["w1"].text == ""
        signed.delete("weeks", "w1")
        signed.delete("filters", "p1")
        signed.delete("people", "p1")
        assert set(read_notes(rows)) == {"p11.social"}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  You need\n your sleep. ", "You need your sleep."),
        ("\u202eevil\x00", "evil"),
        ("x" * 5000, "x" * limits.WORDS_CHARACTERS_MAX),
        ("", ""),
    ],
)
def test_a_note_is_one_bounded_line(typed: str, kept: str) -> None:
    assert clean_note(typed) == kept


# On the pages


@pytest.fixture
def child(hub: Hub) -> str:
    child = hub.add_child()
    hub.add_device(child, TABLET)
    hub.network.neighbours["192.0.2.7"] = TABLET
    hub.post("/account/name", name="Mum")
    return child


def me(hub: Hub) -> str:
    return text_of(hub.get("/me", hub.new_browser(), environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).text)


def test_a_child_reads_who_set_it_what_follows_and_the_parents_words(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="127", start="20:30", end="07:00", note="You need your sleep, Mia.")
    assert "The internet is on until 20:30; then it is off until tomorrow 07:00, as Mum set it." in me(hub)
    hub.post(f"/children/{child}/pause", minutes="15", note="Dinner!")
    page = me(hub)
    assert "Mum paused the internet; it is off until 18:15, then on again." in page
    assert "“ Dinner! ”" in page
    assert "If you need it sooner, ask on this page." in page
    hub.clock.advance(3 * 3600)
    page = me(hub)
    assert "It is bedtime, as Mum set it: the internet is off until tomorrow 07:00, then on again." in page
    assert "“ You need your sleep, Mia. ”" in page
    assert "It is bedtime, as Mum set it" in text_of(hub.get("/").text)


def test_each_rule_names_its_own_author(hub: Hub, child: str) -> None:
    dad, gran = join(hub, COPARENT, "Dad", DAD), join(hub, CARER, "Gran", GRAN)
    hub.post(f"/children/{child}/bedtime", dad, days="127", start="17:00", end="07:00")
    assert "as Dad set it" in me(hub)
    hub.post(f"/children/{child}/bonus", gran, minutes="30")
    page = me(hub)
    assert "Gran gave extra time; the internet is on until 18:30, then off until tomorrow 07:00." in page
    assert "Have a good time with it." in page


def test_hostile_words_are_only_words(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/pause", minutes="15", note=HOSTILE)
    answer = hub.get("/me", hub.new_browser(), environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert "<script>alert" not in answer.text
    assert "{0.__class__}" in answer.text


def test_notes_never_leave_the_hub(hub: Hub, child: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    hub.post(f"/children/{child}/bedtime", days="127", start="20:30", end="07:00", note="Swordfish")
    hub.post(f"/children/{child}/pause", minutes="15", note="Swordfish")
    assert hub.broker.sent
    assert not any(b"Swordfish" in message.payload for message in hub.broker.sent)
    assert "Swordfish" not in caplog.text


def test_only_a_parents_form_carries_a_note(hub: Hub, child: str) -> None:
    hub.post("/me/using", hub.new_browser(), person="", note="Swordfish")
    with hub.store.transaction(HOME) as rows:
        assert not any("Swordfish" in note.text for note in read_notes(rows).values())


# Words about what is recorded and blocked


def test_words_are_asked_for_with_a_suggestion_and_read_by_the_child(hub: Hub, child: str) -> None:
    page = text_of(hub.get(f"/children/{child}/words").text)
    assert "You could say: “I can see how long you were online" in page
    assert "Social networks" in page
    assert "online, and not what" not in me(hub)  # a suggestion is nobody's word yet

    assert hub.post(f"/children/{child}/words", about="recorded", words="So that we can talk.").status_code == 303
    assert hub.post(f"/children/{child}/words", about="social", words=HOSTILE).status_code == 303

    page = hub.get("/me", hub.new_browser(), environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).text
    assert "Your parents say: “ So that we can talk. ”" in text_of(page)
    assert "Social networks: “" in page and "<script>alert" not in page
    assert not any(b"we can talk" in message.payload for message in hub.broker.sent)
    assert "Said why to" in text_of(hub.get("/history").text)

    hub.post(f"/children/{child}/words", about="recorded", words=" ")
    assert "Your parents say" not in me(hub)


@pytest.mark.parametrize("what", ["nothing", "dating.x", "", "x" * 3000])
def test_words_are_about_what_is_there(hub: Hub, child: str, what: str) -> None:
    assert hub.post(f"/children/{child}/words", about=what, words="x").status_code == 404
    assert hub.post("/children/pnobody/words", about="recorded", words="x").status_code == 404
    with hub.store.transaction(HOME) as rows:
        assert not any("." in note_id for note_id in read_notes(rows))


def test_the_answer_to_why_is_this_blocked_has_the_parents_words(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/words", about="social", words="Not before you are twelve.")
    browser, asking = hub.new_browser(), {"REMOTE_ADDR": "192.0.2.7"}
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/me/why", environ_overrides=asking).text)
    assert found
    fields = {"csrf_token": found[1], "name": "instagram.com"}
    page = text_of(browser.post("/me/why", data=fields, environ_overrides=asking).text)
    assert "Your parents say: “ Not before you are twelve. ”" in page


def test_words_about_a_category_that_is_open_again_are_not_shown(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/words", about="social", words="Not yet.")
    assert "Not yet." in me(hub)
    hub.post(f"/children/{child}/filter/preset", preset="none")
    assert "Not yet." not in me(hub)


@pytest.mark.parametrize("band", ["0-5", "6-9", "10-12", "13-15", "16-17", "a later band"])
def test_there_is_a_suggestion_for_each_age_and_category(band: str) -> None:
    for what in (RECORDED, *CATEGORIES):
        text = suggested(band, what)
        assert clean_note(text) == text and text.endswith("."), (band, what)


def test_a_removed_child_takes_its_words_along(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/words", about="recorded", words="x")
    hub.post(f"/children/{child}/pause", minutes="15", note="Dinner!")
    hub.post(f"/children/{child}/remove", sure="yes")
    with hub.store.transaction(HOME) as rows:
        assert read_notes(rows) == {}


def test_a_pause_that_runs_into_bedtime_ends_when_it_ends(hub: Hub, child: str) -> None:
    hub.post(f"/children/{child}/bedtime", days="127", start="20:30", end="07:00")
    hub.clock.advance(2 * 3600)
    hub.post(f"/children/{child}/pause", minutes="60")
    for page in (me(hub), text_of(hub.get("/").text)):
        assert "Paused until 21:00" in page
        assert "Mum paused the internet until 21:00; then it stays off until tomorrow 07:00." in page
    (device,) = hub.family().devices
    assert "Paused until 21:00" in text_of(hub.get(f"/devices/{device.id}").text)
    hub.browser.set_cookie("language", "de")
    assert "Pause von Mum bis 21:00: Danach bleibt das Internet bis morgen 07:00 aus." in text_of(hub.get("/").text)
    hub.clock.advance(3600)
    assert "It is bedtime, as Mum set it: the internet is off until tomorrow 07:00, then on again." in me(hub)


@pytest.mark.parametrize(
    ("days", "start", "end", "until"),
    [("127", "20:00", "20:30", "until 20:00"), ("8", "17:00", "17:59", "until Thu 17:00")],
)
def test_a_device_says_of_what_follows_only_that_it_is_off(
    hub: Hub, child: str, days: str, start: str, end: str, until: str
) -> None:
    """Neither a time of the day nor a day far away is “no bedtime”, or one."""
    hub.clock.advance(-30 * 60)
    hub.post(f"/children/{child}/bedtime", days=days, start=start, end=end)
    (device,) = hub.family().devices
    page = text_of(hub.get(f"/devices/{device.id}").text)
    assert f"Internet is on {until} Then the internet is off." in page
    assert "bedtime" not in page.split("Home Traffic")[1].split("Pause")[0]
