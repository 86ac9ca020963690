"""Quiet hours on a phone at 360 px: set on a device's page, told as an alarm on the first page, cleared by a tap."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from stairgate.core.observed import Streamed
from tests.browser.conftest import ROUTER, LiveHub, Phone
from tests.browser.test_parent import PALE, SMALL, STRAYED, TINY


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def phone(request: pytest.FixtureRequest, chromium: Browser, hub: LiveHub) -> Iterator[Phone]:
    phone = Phone(chromium, hub.address, java_script_enabled=request.param)
    phone.claim(hub)
    hub.seed()
    yield phone
    phone.context.close()
    assert phone.complaints == []


def stream(hub: LiveHub, device: str) -> None:
    """The router says that it sends."""
    now = int(hub.clock.wall())
    hub.parts.alarms.take(ROUTER, [Streamed(device, now, now + 60, 3_000_000)])


def test_hours_are_set_and_an_alarm_is_cleared_by_a_tap(phone: Phone, hub: LiveHub) -> None:
    page = phone.page
    device = next(each for each in hub.family().devices if each.persons and not each.flags)
    page.goto(f"/devices/{device.id}")
    card = page.locator("#quiet")
    expect(card).to_contain_text("No quiet hours")
    card.get_by_text("Set quiet hours").click()
    card.get_by_label("From").fill("21:00")
    card.get_by_label("Until").fill("07:00")
    card.get_by_role("radio", name="Close it").check()
    card.get_by_role("button", name="Save quiet hours").click()
    expect(card).to_contain_text("Mon–Sun, 21:00–07:00: its internet is off.")
    card.get_by_role("button", name="Undo the last change").click()
    expect(card).to_contain_text("No quiet hours")
    card.get_by_text("Set quiet hours").click()
    card.get_by_role("button", name="Save quiet hours").click()
    expect(card).to_contain_text("you are told when it sends out more than it should")

    page.goto("/")
    stream(hub, device.id)
    page.goto("/")
    alarm = page.get_by_role("alert", name=f"Alarm: {device.name}")
    expect(alarm).to_contain_text("It sent 3.0 MB out in its quiet hours")
    for check in (TINY, SMALL, STRAYED, PALE):
        assert page.evaluate(check) == []
    alarm.get_by_role("button", name="I have seen it").click()
    expect(alarm).to_have_count(0)
    page.goto(f"/devices/{device.id}")
    expect(page.get_by_role("heading", name="Not quiet in its quiet hours")).to_be_visible()
    for check in (TINY, SMALL, STRAYED, PALE):
        assert page.evaluate(check) == []


def test_an_alarm_appears_without_a_reload(chromium: Browser, hub: LiveHub) -> None:
    phone = Phone(chromium, hub.address)
    phone.claim(hub)
    hub.seed()
    device = next(each for each in hub.family().devices if each.persons and not each.flags)
    phone.page.goto(f"/devices/{device.id}")
    phone.page.locator("#quiet").get_by_text("Set quiet hours").click()
    phone.page.get_by_role("button", name="Save quiet hours").click()
    phone.page.goto("/")
    stream(hub, device.id)
    expect(phone.page.get_by_role("alert", name=f"Alarm: {device.name}")).to_be_visible()
    phone.context.close()
