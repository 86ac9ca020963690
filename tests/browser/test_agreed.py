"""A parent offers rules for a grown-up's phone, which reads them, says yes and takes that back: in Chromium, on the
grown-up's side without scripts, without one complaint."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import LiveHub, Phone
from tests.browser.test_asking import CHILDS, Elsewhere
from tests.browser.test_parent import PALE, SMALL, STRAYED, TINY

GREY = "02:00:5e:10:00:aa"


@pytest.mark.parametrize("scripts", [False, True])
def test_offered_accepted_and_taken_back(chromium: Browser, hub: LiveHub, scripts: bool) -> None:
    hub.network.neighbours[CHILDS] = GREY
    parent, way = Phone(chromium, hub.address), Elsewhere(hub.address, CHILDS)
    parent.claim(hub)
    phone = hub.parts.acts.add_device("grey phone", GREY, "phone", (), ("exempt",))
    theirs = Phone(chromium, way.address, java_script_enabled=scripts)
    page, mine = parent.page, theirs.page

    page.goto(f"/devices/{phone.id}")
    page.get_by_role("link", name="Rules for this grown-up’s device").click()
    page.get_by_label("Who are they for?").fill("Kim")
    page.get_by_role("button", name="Write rules").click()
    page.get_by_role("button", name="Offer these rules").click()
    expect(page.get_by_role("alert")).to_contain_text("There is nothing to offer yet")
    parent.complaints.clear()  # browsers complain of a 409
    page.get_by_role("link", name="Times and minutes").click()
    page.get_by_role("button", name="Bedtimes for ages").first.click()
    page.get_by_role("link", name="Kim").click()  # back, to the rules and not to a child's page
    page.get_by_role("button", name="Offer these rules").click()
    expect(page.get_by_text("Nothing holds until somebody says yes on the device itself")).to_be_visible()

    mine.goto("/me")
    expect(mine.get_by_text("Always on")).to_be_visible()
    expect(mine.get_by_text("internet off").first).to_be_visible()
    look(mine)
    mine.get_by_role("button", name="Yes, these rules may hold here").click()
    expect(mine.get_by_role("heading", name="You said yes to rules here")).to_be_visible()
    expect(mine.get_by_text("Internet is on", exact=True)).to_be_visible()
    look(mine)
    page.reload()
    expect(page.get_by_text("Accepted on the device at")).to_be_visible()
    look(page)

    mine.get_by_role("button", name="Take it back").click()
    expect(mine.get_by_text("No rules, no watching")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Taken back on the device at")).to_be_visible()
    for one in (parent, theirs):
        one.context.close()
        assert one.complaints == []
    way.close()


def look(page: Page) -> None:
    """Nothing is too wide, too small or too pale."""
    for fault in (STRAYED, SMALL, TINY, PALE):
        assert page.evaluate(fault) == [], fault
