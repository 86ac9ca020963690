"""The first evening as a family has it: a real browser on the parent's tablet, a real router, real packets.

A headless Chromium in the tablet's namespace claims the hub, adds Mia and her phone and taps Pause; captures inside the
phone's namespace and in the internet's say when the last packet passed. Nothing stands between the tap and the packets
but the product.
"""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.chromium import launch
from tests.lab import network
from tests.lab.gate_check import LATE_NS, MILLISECOND, Window, late_packets, missing_resets
from tests.lab.home import HUB_PORT, LabHome
from tests.lab.parent import Parent
from tests.lab.processes import wait_until
from tests.lab.scene import Scene

PASSWORD = "correct horse battery"
TWO_WORDS = re.compile(r'class="words big">([a-z]+ [a-z]+)<')
WATCHED_NS = 1500 * MILLISECOND


@pytest.fixture(scope="module")
def home(home_network: None, folder: Path) -> Iterator[LabHome]:
    home = LabHome(folder)
    home.start_resolvers()
    home.start_broker()
    home.start_hub()
    home.start_agent()
    yield home
    home.stop()


@pytest.fixture
def tablet(home: LabHome) -> Iterator[Page]:
    """The parent's browser: its processes inherit the namespace of the thread that starts them."""
    with network.inside("tablet"), sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_context(
            viewport={"width": 360, "height": 740},
            base_url=f"http://{network.HOME.v4}:{HUB_PORT}",
            reduced_motion="reduce",
        ).new_page()
        page.set_default_timeout(20_000)
        yield page
        browser.close()


def test_from_the_claim_to_the_last_packet(home: LabHome, tablet: Page) -> None:
    tablet.goto("/")
    tablet.get_by_label("code on the hub").fill(home.claim_code())
    tablet.get_by_label("new password").fill(PASSWORD)
    tablet.get_by_role("button", name="Claim this hub").click()
    tablet.get_by_role("link", name="Add a child").click()
    tablet.get_by_label("Name").fill("Mia")
    tablet.get_by_label("10 to 12").check()
    tablet.get_by_role("button", name="Add").click()
    # Her phone joins the Wi-Fi; nobody types an address.
    subprocess.run([*network.enter_words("phone"), "ping", "-c1", "-W1", network.ROUTER_V4], check=False)
    phone = Parent("phone", network.HOME.v4, HUB_PORT)
    shown = wait_until("two words on her own page", lambda: TWO_WORDS.findall(phone.get("/me").body))
    phone.close()
    hers = tablet.get_by_role("listitem").filter(has_text=shown[0]).get_by_role("button")
    wait_until("the phone on Mia’s page", lambda: tablet.reload() and hers.count() == 1)
    hers.click()
    expect(tablet.get_by_text("Add a device")).to_be_visible()
    tablet.get_by_role("link", name="Home").first.click()
    expect(tablet.locator("#live").get_by_text("Applied on 1 of 1")).to_be_visible()

    scene = Scene(home.folder, ["phone"])
    scene.ask()
    wait_until("all transfers", scene.all_connected)
    opened = time.monotonic_ns()
    wait_until("half a second of streaming", lambda: time.monotonic_ns() > opened + 500 * MILLISECOND)
    tapped = time.monotonic_ns()
    tablet.get_by_role("button", name="30 min").first.click()
    expect(tablet.get_by_text("Paused", exact=True)).to_be_visible()
    expect(tablet.locator("#live").get_by_text("Applied on 1 of 1")).to_be_visible()
    # What the page has said holds from this moment on, whoever looks.
    applied = time.monotonic_ns()
    wait_until("the watch", lambda: time.monotonic_ns() > applied + WATCHED_NS)
    tablet.screenshot(path=home.folder / "paused.png")
    footage = scene.cut()

    window = Window("pause", opened, applied, applied + WATCHED_NS)
    late = late_packets(footage.device, footage.internet, [window])
    before = [row for row in footage.device if opened < row.t_ns < tapped]
    assert len({row.flow for row in before}) == 10 and len(before) > 100, "every flow must have something to lose"
    assert footage.dropped == 0
    assert late == [], f"packets after the page said Paused (allowed: {LATE_NS} ms)"
    assert missing_resets(footage.events, ["phone"], window._replace(end_ns=tapped)) == []
    # The same judge sees packets where nothing has ended yet.
    assert late_packets(footage.device, footage.internet, [Window("none", opened, opened + MILLISECOND, tapped)]) != []
