"""Adding a router on a phone: the code, the live answer with and without JavaScript, and removing it again."""

import urllib.request

import pytest
from playwright.sync_api import Browser, expect

from stairgate.core.pairing import PairRequest, read_answer, read_code, write_request
from stairgate.provisioning.signing import SigningKey
from tests.browser.conftest import PASSWORD, LiveHub, Phone
from tests.browser.test_parent import look_again


def pair(hub: LiveHub) -> str:
    """A router answers with the open code; its id."""
    code = read_code(hub.parts.pairing.state().code)
    document = write_request(code, PairRequest(SigningKey.create().point, "0a" * 16, "router", "OpenWrt"))
    post = urllib.request.Request(f"{hub.address}/pair", document, {"Content-Type": "application/vnd.stairgate.pair"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(post, timeout=15) as answer:
        return str(read_answer(code, document, answer.read()).agent)


@pytest.mark.parametrize(
    ("scheme", "scripts"), [("dark", True), ("light", False)], ids=["dark with JavaScript", "light without"]
)
def test_a_router_is_added_while_the_page_is_open(hub: LiveHub, chromium: Browser, scripts: bool, scheme: str) -> None:
    phone = Phone(chromium, hub.address, java_script_enabled=scripts, color_scheme=scheme)
    page = phone.page
    phone.claim(hub)
    page.get_by_role("link", name="More").click()
    page.get_by_role("link", name="Routers").click()
    page.get_by_role("link", name="Add a router").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Show a code").click()
    expect(page.get_by_text(hub.parts.pairing.state().code)).to_be_visible()
    picture = page.get_by_role("img", name="A QR code that holds the hub’s address and the code above.")
    box = picture.bounding_box()
    assert box
    assert box["width"] >= 200
    assert page.locator("main").bounding_box()["width"] <= 360  # type: ignore[index]

    agent = pair(hub)
    look_again(page)
    expect(page.get_by_text("Router paired", exact=True)).to_be_visible()
    hub.broker.apply(agent)
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("heading", name="OpenWrt")).to_be_visible()
    assert phone.complaints == []


def test_removing_a_router_tells_when_it_is_out(hub: LiveHub, chromium: Browser) -> None:
    phone = Phone(chromium, hub.address)
    page = phone.page
    phone.claim(hub)
    page.goto("/routers")
    page.get_by_role("link", name="the router").click()
    page.get_by_text("Remove the router").click()
    page.get_by_label("Yes, remove").check()
    page.locator("#remove").get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("Being put out …")).to_be_visible()
    hub.parts.removal.work()
    expect(page.get_by_text("It is out: its old key was refused.")).to_be_visible()
    expect(page.get_by_role("heading", name="No router yet")).to_be_visible()
    assert phone.complaints == []
