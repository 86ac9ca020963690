"""The language of a page: which one a phone gets, how another is chosen, and that it stays with its own request."""

import re
import threading
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.test import TestResponse

from stairgate.hub import language, limits
from tests.language.pseudo import pseudo_offered
from tests.unit.hub.conftest import Hub

GERMAN = language.LANGUAGES["de"]
HOSTILE = (
    *(",;q==;,", "de;q=nan", "de;q=1e999", "de;q=-1", "xx-" * 4000, ",".join(f"a{number}" for number in range(3000))),
    *("<script>", "%s%(name)s{0}", "../../de", "de/../en", "*;q=0"),
)


def accepted(header: str) -> LanguageAccept:
    return parse_accept_header(header, LanguageAccept)


def spoken(page: TestResponse) -> tuple[str, str]:
    """What a page says of itself: its language and its direction."""
    found = re.search(r'<html lang="([^"]*)" dir="([^"]*)">', page.text)
    assert found, page.text[:200]
    return found[1], found[2]


def choose(hub: Hub, browser: FlaskClient, code: str, back: str = "/login") -> TestResponse:
    return hub.post("/language", browser, code=code, back=back)


# The choice


@pytest.mark.parametrize(
    ("chosen", "header", "code"),
    [
        (None, "", "en"),
        (None, "de", "de"),
        (None, "de-AT", "de"),
        (None, "DE-ch, en;q=0.5", "de"),
        (None, "fr, de;q=0.5, en;q=0.4", "de"),
        (None, "en-GB, de;q=0.9", "en"),
        (None, "de-AT, en;q=0.5", "de"),
        (None, "de-Latn-AT-1996, en;q=0.5", "de"),
        (None, "den, deu", "en"),
        (None, "fr, nl", "en"),
        (None, "*", "en"),
        (None, "de;q=0, fr", "en"),
        ("de", "en", "de"),
        ("en", "de", "en"),
        ("", "de", "de"),
        ("xx", "de", "de"),
        ("xx", "xx", "en"),
        ("de-AT", "", "en"),
        ("DE", "", "en"),
    ],
)
def test_what_was_chosen_counts_before_what_the_browser_asks_for(chosen: str | None, header: str, code: str) -> None:
    assert language.choose(chosen, accepted(header)).code == code


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_header_or_cookie_gets_some_language(hub: Hub, text: str) -> None:
    assert language.choose(text, accepted(text)).code in language.LANGUAGES
    # A client that keeps cookies would send its own instead of this header.
    visitor = hub.app.test_client(use_cookies=False)
    page = visitor.get("/login", headers={"Accept-Language": text, "Cookie": f"{language.COOKIE}={text}"})
    assert page.status_code == 200
    assert spoken(page)[0] in language.LANGUAGES
    assert "<script>" not in page.text


# What a page says


def test_a_page_speaks_the_language_of_the_phone_and_names_it(hub: Hub) -> None:
    english, german = hub.new_browser(), hub.new_browser()
    page = german.get("/login", headers={"Accept-Language": "de-AT"})
    assert spoken(page) == ("de", "ltr")
    assert "<h1>Anmelden</h1>" in page.text and "Sign in" not in page.text
    page = english.get("/login")
    assert spoken(page) == ("en", "ltr")
    assert "<h1>Sign in</h1>" in page.text


def test_a_language_from_right_to_left_says_so(hub: Hub) -> None:
    with pseudo_offered():
        hub.browser.set_cookie(language.COOKIE, "ar-XB")
        assert spoken(hub.get("/more")) == ("ar-XB", "rtl")
    # It is no longer offered: the cookie is one that nobody knows.
    assert spoken(hub.get("/more")) == ("en", "ltr")


def test_each_language_is_offered_by_its_own_name_and_the_one_that_is_spoken_is_marked(hub: Hub) -> None:
    for code in language.LANGUAGES:
        page = hub.new_browser().get("/login", headers={"Accept-Language": code}).text
        buttons = re.findall(r'<button translate="no" name="code" value="([^"]+)" lang="\1"([^>]*)>([^<]+)<', page)
        assert [(value, name) for value, _, name in buttons] == [("en", "English"), ("de", "Deutsch")]
        assert [value for value, marks, _ in buttons if "aria-current" in marks] == [code]


def test_errors_speak_it_too(hub: Hub) -> None:
    german = {"Accept-Language": "de"}
    for answer, status in (
        (hub.get("/nothing", headers=german), 404),
        (hub.browser.put("/login", headers=german), 405),
        (hub.browser.post("/logout", headers=german), 400),
        (hub.get("/login", headers={**german, "Host": "evil.example"}), 400),
    ):
        assert (answer.status_code, spoken(answer)[0]) == (status, "de")


# Choosing another


def test_whoever_sees_a_page_may_choose(hub: Hub) -> None:
    visitor = hub.new_browser()
    answer = choose(hub, visitor, "de")
    assert (answer.status_code, answer.location) == (303, "/login")
    cookie = next(text for text in answer.headers.getlist("Set-Cookie") if text.startswith(f"{language.COOKIE}="))
    assert cookie.startswith("language=de;") and f"Max-Age={limits.LANGUAGE_SECONDS}" in cookie
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie and "Secure" not in cookie
    assert spoken(visitor.get("/login", headers={"Accept-Language": "en"}))[0] == "de"
    # It is this phone's, and nobody else's.
    assert spoken(hub.get("/more"))[0] == "en"
    choose(hub, visitor, "en")
    assert spoken(visitor.get("/login", headers={"Accept-Language": "de"}))[0] == "en"


def test_it_can_be_chosen_before_there_is_an_owner(unclaimed: Hub) -> None:
    browser = unclaimed.new_browser()
    answer = choose(unclaimed, browser, "de", back="/claim")
    assert (answer.status_code, answer.location) == (303, "/claim")
    assert "Willkommen bei Stairgate" in browser.get("/claim").text


def test_over_https_the_cookie_stays_there(hub: Hub) -> None:
    browser, base = hub.new_browser(), "https://localhost"
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/login", base_url=base).text)
    assert token
    data = {"csrf_token": token[1], "code": "de", "back": "/login"}
    answer = browser.post("/language", base_url=base, data=data, headers={"Origin": base})
    assert answer.status_code == 303
    assert any("language=de" in text and "Secure" in text for text in answer.headers.getlist("Set-Cookie"))


def test_it_needs_the_token_of_a_form(hub: Hub) -> None:
    for browser in (hub.browser, hub.new_browser()):
        browser.get("/login")
        for data in ({"code": "de"}, {"code": "de", "csrf_token": "wrong"}):
            answer = browser.post("/language", data=data)
            assert answer.status_code == 400
            assert not any("language=" in text for text in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("code", ["", "xx", "DE", "de-AT", "de;", "de\r\nSet-Cookie: a=b", "<script>", "de" * 4000])
def test_a_language_that_the_hub_does_not_speak_is_refused(hub: Hub, code: str) -> None:
    answer = choose(hub, hub.browser, code)
    assert answer.status_code == 400
    assert "does not speak that language" in answer.text
    assert not any("language=" in text for text in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("back", ["/", "/login", "/me", "/more", "/children/p1/schedule", "/static/app.css"])
def test_it_leads_back_to_the_page_it_was_chosen_on(hub: Hub, back: str) -> None:
    answer = choose(hub, hub.browser, "de", back)
    assert (answer.status_code, answer.location) == (303, back)


@pytest.mark.parametrize(
    "back",
    [
        *("", "me", "nothing", "/nothing", "/language", "/logout", "/claim/restore/x"),
        *("//evil.example", "///evil.example", "//evil.example/me", "https://evil.example", "https://evil.example/me"),
        *("http:/me", "javascript:alert(1)", "\\\\evil.example", "/\\evil.example", "\\/evil.example/me"),
        *("/me/../../evil", "//localhost/me", "/me?x=//evil.example", "/me#//evil.example", " //evil.example", "\t/me"),
        *("@evil.example/me", ".evil.example/me", "/me\r\nLocation: //evil.example", "/me\0", "/" * 3000),
    ],
)
def test_it_never_leads_away_from_this_hub_or_to_what_is_no_page(hub: Hub, back: str) -> None:
    answer = choose(hub, hub.browser, "de", back)
    assert (answer.status_code, answer.location) == (303, "/"), back


def test_a_place_in_an_address_leads_nowhere_else_either(hub: Hub) -> None:
    # Names of children and devices have any character but a slash in an address.
    for name in ("\\evil.example", "a\r\nLocation: evil", "@evil.example", "?evil", "#evil", "%2f%2fevil", "\ufffd\0"):
        answer = choose(hub, hub.browser, "de", f"/children/{name}")
        assert answer.status_code == 303
        assert re.fullmatch(r"/children/[\w.%-]+", answer.location, re.ASCII), answer.location
        assert unquote(answer.location) == f"/children/{name}"


# One request's language is not the next one's


def test_nothing_of_it_is_left_after_a_request(hub: Hub) -> None:
    for path in ("/login", "/nothing", "/more", "/static/app.css", "/language"):
        hub.get(path, headers={"Accept-Language": "de"})
        assert language.current() == language.ENGLISH, path
        assert spoken(hub.get("/more"))[0] == "en", path


def test_nothing_of_it_is_left_after_a_crash(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("for trial")

    monkeypatch.setitem(hub.app.view_functions, "account.more", broken)
    answer = hub.get("/more", headers={"Accept-Language": "de"})
    assert (answer.status_code, spoken(answer)[0]) == (500, "de")
    assert language.current() == language.ENGLISH
    assert spoken(hub.get("/account"))[0] == "en"


def test_requests_at_the_same_time_speak_each_its_own(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = threading.Barrier(2, timeout=20)
    said: dict[str, str] = {}

    def together() -> str:
        # Both are inside a page now, in two languages.
        meeting.wait()
        return language.gettext("Sign in")

    monkeypatch.setitem(hub.app.view_functions, "public.help_page", together)

    def ask(code: str) -> None:
        said[code] = hub.new_browser().get("/help", headers={"Accept-Language": code}).text

    threads = [threading.Thread(target=ask, args=(code,)) for code in ("de", "en")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert said == {"de": "Anmelden", "en": "Sign in"}


# Outside of a request


def test_outside_of_a_request_english_is_spoken() -> None:
    assert language.current() == language.ENGLISH
    assert language.gettext("Sign in") == "Sign in"


def test_another_is_spoken_for_a_while() -> None:
    with language.speaking(GERMAN):
        assert (language.current(), language.gettext("Sign in")) == (GERMAN, "Anmelden")
        with language.speaking(language.ENGLISH):
            assert language.gettext("Sign in") == "Sign in"
        assert language.current() == GERMAN
    assert language.current() == language.ENGLISH


def test_an_error_ends_it_as_well() -> None:
    with pytest.raises(ValueError, match="for trial"), language.speaking(GERMAN):
        raise ValueError("for trial")
    assert language.current() == language.ENGLISH


def test_another_thread_begins_in_english() -> None:
    heard: list[language.Language] = []
    with language.speaking(GERMAN):
        thread = threading.Thread(target=lambda: heard.append(language.current()))
        thread.start()
        thread.join(20)
    assert heard == [language.ENGLISH]


def test_nothing_is_nothing_in_every_language() -> None:
    # In a catalogue the empty text is the head of its file.
    with language.speaking(GERMAN):
        assert language.gettext("") == ""


def test_numbers_choose_their_form() -> None:
    one, many = "1 question waits in Stairgate", "{count} questions wait in Stairgate"
    assert [language.ngettext(one, many, number) for number in (0, 1, 2)] == [many, one, many]
    with language.speaking(GERMAN):
        assert language.ngettext(one, many, 1) == "1 Frage wartet in Stairgate"
        assert language.ngettext(one, many, 2) == "{count} Fragen warten in Stairgate"


def test_a_sentence_that_is_not_in_a_catalogue_is_said_in_english() -> None:
    with language.speaking(GERMAN):
        assert language.gettext("Nobody says this.") == "Nobody says this."
        assert language.pgettext("nowhere", "Nobody says this.") == "Nobody says this."
        assert language.npgettext("nowhere", "one", "many", 2) == "many"
