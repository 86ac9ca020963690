"""New devices on a phone: one tap says whose, Undo, the page in the child's hand, closing new ones; at 360 px."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from stairgate.core.messages import Seen
from stairgate.hub import limits
from tests.browser.conftest import ROUTER, LiveHub, Phone
from tests.browser.test_parent import PALE, SMALL, STRAYED, TINY

SWITCH, PAD = "da:a1:19:00:00:01", "3c:22:fb:00:00:02"
HERE = "127.0.0.1"


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def phone(request: pytest.FixtureRequest, chromium: Browser, hub: LiveHub) -> Iterator[Phone]:
    phone = Phone(chromium, hub.address, java_script_enabled=request.param)
    phone.claim(hub)
    hub.seed()
    yield phone
    phone.context.close()
    assert phone.complaints == []


def arrive(hub: LiveHub, mac: str, name: str, *addresses: str) -> str:
    """A router's agent sees a device; returns its id."""
    hub.clock.advance(limits.LISTING_SECONDS)
    hub.parts.devices.discovery.seen(ROUTER, [Seen(mac, addresses, name, "dnsmasq")])
    device = hub.family().device_with(mac)
    assert device
    return device.id


def test_one_tap_says_whose_it_is_and_one_takes_it_back(phone: Phone, hub: LiveHub) -> None:
    page = phone.page
    device = arrive(hub, SWITCH, "<b>Switch</b>")
    page.goto("/")
    card = page.locator(f"#new-{device}")
    expect(card.get_by_role("heading", name="New device: <b>Switch</b>")).to_be_visible()
    card.get_by_role("button", name="Mia: this device").click()
    expect(page.locator("#toast")).to_contain_text("<b>Switch</b> is Mia’s now.")
    expect(card).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    page.goto("/")
    expect(card).to_be_visible()
    card.get_by_role("button", name="Visitor until 22:00").click()
    page.goto("/devices")
    expect(page.get_by_text("A visitor’s · until 22:00")).to_be_visible()


def test_a_new_device_appears_without_a_reload(chromium: Browser, hub: LiveHub) -> None:
    phone = Phone(chromium, hub.address)
    phone.claim(hub)
    hub.seed()
    phone.page.goto("/devices")
    device = arrive(hub, PAD, "Omas-iPad")
    expect(phone.page.locator(f"#new-{device}")).to_be_visible()
    phone.context.close()
    assert phone.complaints == []


def test_the_child_shows_two_words_and_the_parent_sees_the_same(phone: Phone, hub: LiveHub, chromium: Browser) -> None:
    hub.network.neighbours[HERE] = PAD
    device = arrive(hub, PAD, "")
    childs = Phone(chromium, hub.address)
    childs.page.goto("/me")
    words = childs.page.locator(".words.big").inner_text()
    childs.page.get_by_label("Tablet").check()
    childs.page.get_by_role("button", name="Tell a parent").click()
    expect(childs.page.get_by_text("Your parents see it when they open Stairgate.")).to_be_visible()
    childs.context.close()
    assert childs.complaints == []

    phone.page.goto("/")
    card = phone.page.locator(f"#new-{device}")
    expect(card).to_contain_text(words)
    expect(card).to_contain_text("it is a tablet")


def test_who_is_using_the_shared_tablet(phone: Phone, hub: LiveHub, chromium: Browser) -> None:
    device = arrive(hub, PAD, "family tablet")
    phone.page.goto("/devices")
    phone.page.get_by_role("button", name="Ours for all").click()
    hub.network.neighbours[HERE] = PAD
    childs = Phone(chromium, hub.address)
    childs.page.goto("/me")
    childs.page.get_by_role("button", name="Noah").click()
    expect(childs.page.get_by_text("Noah is using it, until 20:00 at the latest.")).to_be_visible()
    childs.context.close()
    assert childs.complaints == []
    hub.network.neighbours.clear()

    phone.page.goto(f"/devices/{device}")
    expect(phone.page.get_by_text("Noah is using it since 18:00")).to_be_visible()
    phone.page.get_by_role("button", name="End this").click()
    expect(phone.page.get_by_text("the strictest rules of its people hold")).to_be_visible()


def test_closing_new_devices_is_tried_and_kept(phone: Phone, hub: LiveHub) -> None:
    page = phone.page
    arrive(hub, PAD, "Omas-iPad")
    page.goto("/devices")
    page.get_by_role("link", name="Close new devices until I decide").click()
    expect(page.locator("#preview")).to_contain_text("Omas-iPad")
    page.get_by_role("button", name="Close new devices until I decide").click()
    expect(page.locator("#trial")).to_contain_text("until 18:10")
    page.goto("/")
    page.get_by_role("button", name="Keep it on").click()
    expect(page.locator("#trial")).to_have_count(0)
    hub.clock.advance(2 * limits.TRIAL_SECONDS)
    hub.parts.devices.upkeep.run()
    assert hub.family().new_closed


@pytest.mark.parametrize(("scheme", "width"), [("dark", 320), ("light", 360)])
def test_the_pages_of_devices_fit_and_can_be_tapped_and_read(
    chromium: Browser, hub: LiveHub, scheme: str, width: int
) -> None:
    phone = Phone(chromium, hub.address, color_scheme=scheme, viewport={"width": width, "height": 740})
    page = phone.page
    phone.claim(hub)
    ids = hub.seed()
    devices = hub.parts.devices
    new = arrive(hub, SWITCH, "Q" * limits.NAME_CHARACTERS_MAX, "192.0.2.20", "192.0.2.21", "192.0.2.22")
    shared = arrive(hub, PAD, "family tablet")
    visitor = arrive(hub, "3c:22:fb:00:00:03", "Omas-iPad")
    devices.assignment.assign(shared, "all")
    devices.assignment.assign(visitor, "visitor")
    devices.assignment.use(shared, ids["Noah"])
    devices.asks.tell(new, "console")
    devices.quarantine.try_it()
    mine = {"/me": [SWITCH, PAD, "3c:22:fb:00:00:03", ""]}
    paths = [f"/devices/{device}" for device in (new, shared, visitor)]
    for path in ("/", "/devices", f"/children/{ids['Mia']}", *paths, "/quarantine", "/me"):
        for mac in mine.get(path, [""]):
            hub.network.neighbours = {HERE: mac} if mac else {}
            page.goto(path)
            page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            for probe in (STRAYED, SMALL, TINY, PALE):
                assert page.evaluate(probe) == [], (path, mac)
            assert page.locator("h1").count() == 1, path
    phone.context.close()
    assert phone.complaints == []
