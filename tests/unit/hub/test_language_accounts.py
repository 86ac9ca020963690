"""Accounts and sessions in German: whole sentences with names, numbers and words that are kept in English."""

import html
import re

import pytest

from stairgate.hub import language, limits, roles
from stairgate.hub.home_authority import BrokerFault
from stairgate.hub.said_later import SaidLater
from stairgate.hub.step_up import too_many_tries
from tests.unit.hub.conftest import PASSWORD, ROUTER, Hub

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"


@pytest.fixture
def german(hub: Hub) -> Hub:
    hub.browser.set_cookie(language.COOKIE, "de")
    return hub


def text_of(hub: Hub, path: str) -> str:
    """What a page says, in a row."""
    page = re.sub(r"<(script|style|select).*?</\1>", "", hub.get(path).text, flags=re.DOTALL)
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


def test_accounts_are_told_in_whole_sentences(german: Hub) -> None:
    german.parts.parents.add(roles.CARER, "Oma Ilse", "correct horse battery")
    page = text_of(german, "/accounts")
    for sentence in (
        "Hauptkonto, seit 18:00. In 1 Browser angemeldet.",
        "Ohne Namen (du)",
        "Oma Ilse Betreuungsperson, seit 18:00. In 0 Browsern angemeldet.",
        "Was darf diese Person?",
    ):
        assert sentence in page, page


def test_an_invitation_names_whom_it_is_for_and_counts_wrong_codes(german: Hub) -> None:
    assert german.post("/accounts/invite", role=roles.CARER, name="Mama", password=PASSWORD).status_code == 303
    page = text_of(german, "/accounts")
    assert "Die Einladung für eine Betreuungsperson" in page and "falschen Code" not in page
    for count, sentence in ((1, "Einmal hat jemand einen falschen Code"), (2, "2 Mal hat jemand einen falschen Code")):
        german.clock.advance(limits.INVITE_SECONDS_BETWEEN_TRIES)
        german.parts.invitations.take(f"AAAA-AAA{count}")
        assert sentence in text_of(german, "/accounts")


def test_a_session_keeps_its_browser_in_english_and_says_it_in_the_language_of_the_page(german: Hub) -> None:
    for agent in (PHONE, "Strange/1.0 (Android)", "curl/8.0"):
        browser = german.new_browser()
        browser.environ_base["HTTP_USER_AGENT"] = agent
        browser.set_cookie(language.COOKIE, "de")
        assert german.sign_in(browser).status_code == 303
    held = {session.browser for session in german.parts.sessions.live()}
    assert {"Safari on iPhone", "A browser on Android", "Another program"} <= held
    page = text_of(german, "/sessions")
    for words in ("Safari auf iPhone", "Ein Browser auf Android", "Ein anderes Programm", "(dieser hier)"):
        assert words in page, page


def test_roles_have_names_in_both_languages() -> None:
    assert [roles.name_of(role) for role in roles.ROLES] == ["Owner", "Co-parent", "Carer"]
    with language.speaking(language.LANGUAGES["de"]):
        assert [roles.name_of(role) for role in roles.ROLES] == ["Hauptkonto", "Zweiter Elternteil", "Betreuungsperson"]
        assert all(roles.says_of(role).endswith(".") for role in roles.ROLES)
        assert (roles.name_of("nobody's"), roles.says_of("nobody's")) == ("nobody's", "")


def test_one_second_is_one(german: Hub) -> None:
    assert too_many_tries(1).endswith("wait 1 second.") and too_many_tries(2).endswith("wait 2 seconds.")
    with language.speaking(language.LANGUAGES["de"]):
        assert too_many_tries(1).endswith("warte 1 Sekunde.") and too_many_tries(2).endswith("warte 2 Sekunden.")


def test_why_a_router_is_not_out_yet_is_said_in_the_language_of_whoever_reads(
    german: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "The broker refused to end the connection of {agent} ({reason}); restart it."

    def refuse(agent: str) -> None:
        raise BrokerFault(SaidLater(text, agent=agent, reason=135))

    monkeypatch.setattr(german.authority, "take_over", refuse)
    german.parts.removal.begin(ROUTER, "the router")
    german.parts.removal.work()
    assert str(german.parts.removal.recent()[0].fault) == text.format(agent=ROUTER, reason=135)
    page = text_of(german, "/routers")
    assert ROUTER in page and "135" in page and "refused to end" not in page
