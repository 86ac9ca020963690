"""A parent sets a child's filter on a phone, the child reads it and asks why; with and without scripts, at 360 px."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import LiveHub, Phone
from tests.browser.test_parent import PALE, SMALL, STRAYED, TINY

TABLET = "02:00:5e:10:00:01"
REFUSED = "status of 422"


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def phone(request: pytest.FixtureRequest, chromium: Browser, hub: LiveHub) -> Iterator[Phone]:
    phone = Phone(chromium, hub.address, java_script_enabled=request.param)
    yield phone
    phone.context.close()
    # A form with a fault answers 422, which Chromium tells its console.
    assert [text for text in phone.complaints if REFUSED not in text] == []


def test_from_the_preset_to_the_childs_question(phone: Phone, hub: LiveHub, chromium: Browser) -> None:
    page = phone.page
    phone.claim(hub)
    ids = hub.seed()
    page.goto(f"/children/{ids['Mia']}")
    expect(page.get_by_text("Preset for ages 6 to 9.")).to_be_visible()
    page.get_by_role("link", name="Look at it or change it").click()

    page.get_by_role("button", name=re.compile("^10 to 12")).click()
    expect(page.get_by_text("Preset for ages 10 to 12.")).to_be_visible()
    page.get_by_role("button", name="Undo the last change").click()
    expect(page.get_by_text("Preset for ages 6 to 9.")).to_be_visible()

    page.locator("#group-2 summary").click()
    page.get_by_label("Games Online games").check()
    page.locator("#categories").get_by_role("button", name="Save").click()
    expect(page.get_by_text("changed in 1 place.")).to_be_visible()

    page.get_by_label("Find an app").fill("minecr")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("#apps select")).to_have_count(1)
    page.get_by_label("Minecraft").select_option("Always open")
    page.locator("#apps").get_by_role("button", name="Save").click()
    expect(page.get_by_text("changed in 2 places.")).to_be_visible()

    page.get_by_label("Always blocked").fill("192.168.1.1\nbücher.example")
    page.locator("#names").get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("“192.168.1.1” is an address")
    page.get_by_label("Always blocked").fill("bücher.example")
    page.locator("#names").get_by_role("button", name="Save").click()
    expect(page.get_by_label("Always blocked")).to_have_value("xn--bcher-kva.example")
    (held,) = [one for one in hub.family().filters if one.id == ids["Mia"]]
    assert (held.deny, held.apps_open) == (("xn--bcher-kva.example",), ("minecraft",))
    assert "games" in held.block

    hub.network.neighbours = {"127.0.0.1": TABLET}
    child = chromium.new_context(base_url=hub.address, viewport={"width": 360, "height": 740}).new_page()
    child.goto("/me")
    expect(child.get_by_text("YouTube is set to strict.")).to_be_visible()
    child.get_by_role("link", name="Why is this blocked?").click()
    for asked, says in (
        ("https://www.roblox.com/games", "It counts as “Games”, which is blocked here."),
        ("www.minecraft.net", "No rule here blocks it."),
        ("www.bücher.example", "is on your parents’ list of what is always blocked."),
    ):
        child.get_by_label("Which page or app does not open?").fill(asked)
        child.get_by_role("button", name="Why?").click()
        expect(child.locator("#answer")).to_contain_text(says)
    child.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_is_readable_and_within_reach(chromium: Browser, hub: LiveHub, scheme: str) -> None:
    phone = Phone(chromium, hub.address, color_scheme=scheme)
    page = phone.page
    phone.claim(hub)
    ids = hub.seed()
    hub.parts.acts.set_bedtime(ids["Mia"], 31, 900, 1020, level="limited")
    hub.network.neighbours = {"127.0.0.1": "02:00:5e:10:00:55"}  # a grown-up's
    for path in (f"/children/{ids['Mia']}/filter", f"/children/{ids['Mia']}/filter?q=tube", f"/children/{ids['Mia']}"):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
        for check in (STRAYED, SMALL, TINY, PALE):
            assert page.evaluate(check) == [], (path, check[:40])
    hub.network.neighbours = {"127.0.0.1": TABLET}
    child = Phone(chromium, hub.address, color_scheme=scheme)
    for path in ("/me", "/me/why"):
        child.page.goto(path)
        child.page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
        for check in (STRAYED, SMALL, TINY, PALE):
            assert child.page.evaluate(check) == [], (path, check[:40])
    assert phone.complaints == child.complaints == []
    phone.context.close()
    child.context.close()
