"""Time left, seen on a parent's phone and on the child's own device: live, read out, small, without scripts."""

import pytest
from playwright.sync_api import Browser, expect

from stairgate.core.usage import BITMAP_BYTES
from stairgate.hub.budget_acts import BudgetActs
from stairgate.hub.schedule_forms import BudgetForm
from tests.browser.conftest import EVENING, ROUTER, LiveHub, Phone

TODAY = int(EVENING) // 86400
NOW = int(EVENING) % 86400 // 60
TABLET = "02:00:5e:10:00:01"


def count(hub: LiveHub, person: str, minutes: int, category: str = "total") -> None:
    """The router counted so many minutes until now."""
    bits = (((1 << minutes) - 1) << (NOW - minutes)).to_bytes(BITMAP_BYTES, "little")
    hub.broker.minutes(ROUTER, (person, category, TODAY, bits))


def limit(hub: LiveHub, person: str, category: str, minutes: int) -> None:
    BudgetActs(hub.parts.acts, hub.clock).set_budget(person, BudgetForm(category, (minutes,) * 7))


@pytest.fixture
def mia(hub: LiveHub) -> str:
    person = hub.seed()["Mia"]
    limit(hub, person, "total", 120)
    limit(hub, person, "video", 30)
    count(hub, person, 75)
    count(hub, person, 20, "video")
    hub.broker.apply(ROUTER)
    return person


def test_the_card_shows_the_time_left_live_and_minutes_are_given_back(
    chromium: Browser, hub: LiveHub, mia: str
) -> None:
    phone = Phone(chromium, hub.address, viewport={"width": 320, "height": 700})
    phone.claim(hub)
    page = phone.page
    card = page.get_by_role("article", name="Mia")
    expect(card.get_by_text("45 min left of 2 h today")).to_be_visible()
    expect(card.get_by_text("Videos and films: 10 min left of 30 min today")).to_be_visible()
    count(hub, mia, 110)
    expect(card.get_by_text("10 min left of 2 h today")).to_be_visible()  # without a tap

    page.get_by_role("link", name="Mia").click()
    page.get_by_role("group", name="Give back").get_by_role("button", name="30 min").click()
    expect(page.get_by_text("40 min left of 2 h 30 min today")).to_be_visible()
    expect(page.get_by_text("30 min given back at 18:00 by")).to_be_visible()
    page.get_by_role("button", name="Undo the last change").click()
    expect(page.get_by_text("10 min left of 2 h today")).to_be_visible()

    week = page.locator("#use-week")
    expect(week.get_by_role("img", name="Minutes in use on the last 7 days: 1 h 50 min in all.")).to_be_visible()
    week.get_by_text("In numbers").click()
    expect(week.get_by_role("row", name="Fri 7 Aug 1 h 50 min Videos and films 20 min")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert phone.complaints == []


def test_a_child_sees_the_same_and_is_warned(chromium: Browser, hub: LiveHub, mia: str) -> None:
    Phone(chromium, hub.address).claim(hub)
    hub.network.neighbours["127.0.0.1"] = TABLET
    tablet = Phone(chromium, hub.address, viewport={"width": 320, "height": 700})
    page = tablet.page
    page.goto("/me")
    time = page.get_by_role("region", name="Your time today")
    expect(time.get_by_text("45 min left of 2 h today")).to_be_visible()
    time.get_by_text("What counts, and what does not").click()
    expect(time.get_by_text("Two devices in the same minute are one minute")).to_be_visible()
    said = page.locator("#announce")
    for minutes, words in (
        (105, "At most 15 minutes are left today."),
        (115, "At most 5 minutes are left today."),
        (119, "The last minute of today is running."),
        (120, "No time is left today."),
    ):
        count(hub, mia, minutes)
        expect(time.locator(".notice")).to_contain_text(words, timeout=20_000)
        expect(said).to_contain_text(words, timeout=20_000)
    expect(page.get_by_text("Time is used up", exact=True)).to_be_visible()
    expect(time.get_by_text("Two devices in the same minute are one minute")).to_be_visible()  # it stayed open
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert tablet.complaints == []


def test_without_scripts_the_childs_page_looks_again_when_asked(chromium: Browser, hub: LiveHub, mia: str) -> None:
    Phone(chromium, hub.address).claim(hub)
    hub.network.neighbours["127.0.0.1"] = TABLET
    page = Phone(chromium, hub.address, java_script_enabled=False).page
    page.goto("/me")
    expect(page.get_by_text("45 min left of 2 h today")).to_be_visible()
    count(hub, mia, 76)
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("44 min left of 2 h today")).to_be_visible()
