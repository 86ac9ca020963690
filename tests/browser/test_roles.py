"""Somebody is invited, joins on their own phone, and gives extra time; every new page fits, can be tapped and read."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from stairgate.hub import roles
from tests.browser.conftest import PASSWORD, ROUTER, LiveHub, Phone
from tests.browser.test_parent import PALE, SMALL, STRAYED, TINY

GRAN = "gran likes long passwords"
TABLET = "02:00:5e:10:00:01"


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def phones(request: pytest.FixtureRequest, chromium: Browser, hub: LiveHub) -> Iterator[tuple[Phone, Phone]]:
    pair = tuple(Phone(chromium, hub.address, java_script_enabled=request.param) for _ in range(2))
    yield pair[0], pair[1]
    for phone in pair:
        phone.context.close()
        # That another account may not do something is told by the status as well, which the console repeats.
        assert [said for said in phone.complaints if "403" not in said] == []


def test_from_the_invitation_to_extra_time(phones: tuple[Phone, Phone], hub: LiveHub) -> None:
    mum, gran = phones[0].page, phones[1].page
    phones[0].claim(hub)
    child = hub.seed()["Mia"]
    hub.network.neighbours["127.0.0.1"] = ""
    hub.clock.advance(4 * 3600)  # bedtime
    mum.goto("/more")
    mum.get_by_role("link", name="Who has an account").click()
    mum.locator("#invitation").get_by_label("Carer").check()
    mum.get_by_label("And what are you called here?").fill("Mum")
    mum.locator("#password-invite").fill(PASSWORD)
    mum.get_by_role("button", name="Make a code").click()
    code = mum.locator("#code").inner_text()
    hub.clock.advance(2)

    gran.goto("/login")
    gran.get_by_role("link", name="Join with your code").click()
    gran.get_by_label("code that you were shown").fill(code)
    gran.get_by_label("What you are called here").fill("Gran")
    gran.get_by_label("A password of your own").fill(GRAN)
    gran.get_by_role("button", name="Join").click()
    expect(gran.get_by_role("heading", name="Mia")).to_be_visible()
    expect(gran.get_by_role("button", name="Pause")).to_have_count(0)
    gran.locator(f"#bonus-{child}-30").click()
    expect(gran.get_by_text("Gran gave extra time")).to_be_visible()
    assert [override.kind for override in hub.family().overrides] == ["bonus"]

    gran.goto(f"/children/{child}")
    expect(gran.get_by_role("heading", name="This is for somebody else")).to_be_visible()

    mum.goto("/history")
    expect(mum.get_by_text("by Gran").first).to_be_visible()
    mum.goto("/accounts")
    mum.locator("details[id^=remove-u]").locator("summary").click()
    remove = mum.locator("details[id^=remove-u]")
    remove.get_by_label("Yes, remove").check()
    remove.get_by_label("Your password").fill(PASSWORD)
    remove.get_by_role("button", name="Remove").click()
    expect(mum.get_by_text("Gran")).to_have_count(0)
    gran.goto("/")
    expect(gran.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_child_reads_the_parents_words(chromium: Browser, hub: LiveHub) -> None:
    phone = Phone(chromium, hub.address)
    phone.claim(hub)
    child = hub.seed()["Mia"]
    page = phone.page
    page.goto(f"/children/{child}")
    page.get_by_role("link", name="Say why, in your own words").click()
    page.get_by_role("button", name="Use the suggestion about What is recorded").click()
    expect(page.get_by_label("What is recorded")).to_have_value(
        "I can see how long you were online, and not what you looked at or wrote. It is deleted after some weeks."
    )
    page.goto(f"/children/{child}")
    page.locator("#pause-until summary").click()
    page.get_by_label("Why? (optional)").fill("Dinner is ready")
    page.get_by_label("Until", exact=True).fill("19:00")
    page.locator("#pause-until").get_by_role("button", name="Pause").click()
    hub.broker.apply(ROUTER)
    hub.network.neighbours["127.0.0.1"] = TABLET
    page.context.clear_cookies()
    page.goto("/me")
    expect(page.get_by_text("Your parents paused the internet; it is off until 19:00, then on again.")).to_be_visible()
    expect(page.get_by_text("Dinner is ready")).to_be_visible()
    expect(page.get_by_text("I can see how long you were online")).to_be_visible()
    phone.context.close()
    assert phone.complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("dark", 320), ("light", 1200)])
def test_every_page_fits_and_can_be_tapped_and_read(chromium: Browser, hub: LiveHub, scheme: str, width: int) -> None:
    phone = Phone(chromium, hub.address, color_scheme=scheme, viewport={"width": width, "height": 740})
    page = phone.page
    phone.claim(hub)
    child = hub.seed()["Mia"]
    hub.broker.apply(ROUTER)
    name = "W" * 60
    hub.parts.parents.rename("owner", name)
    hub.parts.parents.add(roles.CARER, "Gran" * 15, GRAN)
    hub.parts.growing.set_born(child, "2016-07")
    hub.parts.growing.set_born(next(person.id for person in hub.family().people if person.name == "Noah"), "2008-09")
    hub.parts.devices.upkeep.run()
    hub.parts.acts.pause(child, 60)
    shots = os.environ.get("STAIRGATE_SHOTS")
    paths = ["/", "/accounts", "/account", f"/children/{child}/words", f"/children/{child}", "/history", "/sessions"]
    for path in [*paths, "/accounts#open", "/me", "/join", "/login"]:
        if path == "/accounts#open":
            hub.parts.invitations.open(roles.COPARENT)
        if path == "/me":
            page.context.clear_cookies()
            hub.network.neighbours["127.0.0.1"] = TABLET
        if path == "/join":
            hub.network.neighbours.clear()
        page.goto(path.partition("#")[0])
        page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
        if shots:
            page.screenshot(path=f"{shots}/{width}{path.replace('/', '-').replace(child, 'x')}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        for probe in (STRAYED, SMALL, TINY, PALE):
            assert page.evaluate(probe) == [], path
        assert page.locator("h1").count() == 1, path
    page.get_by_label("What you are called here").fill("Gran" * 15)
    page.get_by_label("Password").fill(GRAN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Mia")).to_be_visible()
    if shots:
        page.screenshot(path=f"{shots}/{width}-carer.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for probe in (STRAYED, SMALL, TINY, PALE):
        assert page.evaluate(probe) == []
    phone.context.close()
    assert phone.complaints == []
