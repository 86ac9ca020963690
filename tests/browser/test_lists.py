"""The page “Block lists” on a phone, with scripts and without: switching on, adding one's own, what went wrong."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from stairgate.hub.sources import Outcome
from tests.browser.conftest import EVENING, LiveHub, Phone
from tests.browser.test_parent import PALE, SMALL, STRAYED, TINY


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def phone(request: pytest.FixtureRequest, chromium: Browser, hub: LiveHub) -> Iterator[Phone]:
    phone = Phone(chromium, hub.address, java_script_enabled=request.param)
    phone.claim(hub)
    yield phone
    phone.context.close()
    # The browser notes what the hub refused, as it should.
    assert [text for text in phone.complaints if "422" not in text] == []


def test_a_known_list_is_switched_on_and_one_of_ones_own_added(phone: Phone, hub: LiveHub) -> None:
    page = phone.page
    page.goto("/more")
    page.get_by_role("link", name="Block lists").click()
    page.get_by_text("Safety and privacy").click()
    page.get_by_role("button", name="Switch on: Tracking, by").click()
    expect(page.locator("#list-ktrackingbp")).to_contain_text("Will be fetched in a moment.")

    page.locator("#own summary").click()
    page.get_by_label("What you call it").fill("list of our school")
    page.get_by_label("Where it is").fill("http://192.168.1.1/list")
    page.get_by_label("Its form").select_option("plain")
    page.get_by_label("What its names are").select_option("games")
    page.get_by_role("button", name="Add the list").click()
    expect(page.get_by_role("alert")).to_contain_text("not fetched from inside a home network")
    expect(page.get_by_label("What you call it")).to_have_value("list of our school")
    page.get_by_label("Where it is").fill("school.txt")
    page.get_by_role("button", name="Add the list").click()
    expect(page.get_by_text("list of our school")).to_be_visible()
    assert [source.title for source in hub.parts.lists.sources.all() if source.enabled and not source.is_known] == [
        "list of our school"
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_of_the_page_can_be_read_and_tapped(phone: Phone, hub: LiveHub, scheme: str) -> None:
    sources, now = hub.parts.lists.sources, int(EVENING)
    for source_id, fault in (
        ("kadultsb", ""),
        ("kgamblinghz", "It has 12 entries where it had 201,234."),
        ("kadshz", ""),
    ):
        sources.switch(source_id, True)
        source = sources.get(source_id)
        assert source
        if source_id != "kadshz":
            outcome = Outcome(now - 60, now - 3600, fault, int(bool(fault)), 201234, (("local_name", 12),), "ab")
            sources.note(source_id, outcome, source.url)
    page = phone.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto("/lists")
    for summary in page.locator("summary").all():
        summary.click()
    for probe in (STRAYED, SMALL, TINY, PALE):
        assert page.evaluate(probe) == []
    expect(page.get_by_role("button", name="Take the new one all the same")).to_be_visible()
