"""A toy in a browser: a parent types its sticker’s code, agrees to one thing, opens the microphone and closes it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from stairgate.core.pairing import PairRequest, read_answer, read_toy_code, write_request
from stairgate.core.toy_messages import declaration_message
from stairgate.provisioning.signing import SigningKey
from tests.browser.a11y_toys import STICKER
from tests.browser.conftest import PASSWORD, ROUTER, LiveHub, Phone
from tests.portable.bear import declared


@pytest.fixture
def phone(chromium: Browser, hub: LiveHub) -> Iterator[Phone]:
    phone = Phone(chromium, hub.address)
    phone.claim(hub)
    hub.seed()
    hub.broker.apply(ROUTER)
    yield phone
    phone.context.close()


def come(hub: LiveHub) -> str:
    """The toy asks, and says what its maker declared; its id."""
    maker, secret = SigningKey.create(), read_toy_code(STICKER)
    request = write_request(secret, PairRequest(SigningKey.create().point, "0a" * 16, "toy", "Bruno"))
    agent = str(read_answer(secret, request, hub.parts.toys.pairing.window.answer(request).answer).agent)
    hub.broker.receive(agent, "declaration", declaration_message(maker.point, maker.sign("declaration", declared())))
    hub.broker.apply(agent)
    return agent


def pair(phone: Phone, hub: LiveHub) -> str:
    """As a parent does."""
    page = phone.page
    page.goto("/more")
    page.get_by_role("link", name="Toys").click()
    page.get_by_role("link", name="Add a toy").click()
    page.get_by_label("The code on the toy").fill(STICKER.lower())
    page.get_by_label("Mia").check(force=True)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Wait for this toy").click()
    expect(page.get_by_text("Waiting for the toy …", exact=True)).to_be_visible()
    agent = come(hub)
    expect(page.get_by_text("Toy paired", exact=True)).to_be_visible()
    page.get_by_role("link", name="Look at what it can do").click()
    return agent


def test_from_the_sticker_to_ten_minutes_of_microphone(phone: Phone, hub: LiveHub) -> None:
    agent = pair(phone, hub)
    page = phone.page
    microphone = page.locator("#gate-microphone")
    expect(microphone).to_contain_text("First agree below to what it may be for.")
    microphone.locator("#row-answers").get_by_role("button").click()
    expect(microphone).to_contain_text("agreed at 18:00.")
    microphone.get_by_role("button", name="10 min").click()
    expect(microphone).to_contain_text("until 18:10")
    policy, _digest = hub.broker.policy(agent)
    assert [opening.gate for opening in policy.openings] == ["microphone"]

    page.goto("/")
    card = page.locator(f"#open-{agent}-microphone")
    expect(card).to_contain_text("open until 18:10")
    card.get_by_role("button", name="Close now: Microphone").click()
    expect(card).to_have_count(0)
    policy, _digest = hub.broker.policy(agent)
    assert policy.openings == ()
    assert phone.complaints == []


def test_every_page_fits_a_narrow_phone_in_german(phone: Phone, hub: LiveHub) -> None:
    agent = pair(phone, hub)
    phone.context.add_cookies([{"name": "language", "value": "de", "url": hub.address}])
    page = phone.page
    page.set_viewport_size({"width": 320, "height": 640})
    for path in ("/toys", "/toys/add", f"/toys/{agent}"):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == 320, path
    expect(page.locator("#gate-microphone")).to_contain_text("Nur während eine Taste gedrückt ist.")
    expect(page.locator("#row-diary")).to_contain_text("Es wird nach 30 Tagen gelöscht.")
