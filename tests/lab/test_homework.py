"""Homework time as a family has it: only a listed page opens, and it opens whole, though its parts lie on other hosts.

A headless Chromium on Mia's phone loads the page behind the real router, filter and kernel gate; another one on the
parent's tablet finds what it needs and adds it. Each name has an address of its own, so nothing opens by accident.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.chromium import launch
from tests.lab import home as lab_home
from tests.lab import network
from tests.lab.home import HUB_PORT, LabHome
from tests.lab.parent import PASSWORD, Parent
from tests.lab.processes import python_module, wait_until
from tests.lab.web_sites import Site, Sites

SCHOOL, STYLES, SCRIPTS, PICTURES = "school.example", "styles.example", "scripts.example", "pictures.example"
OTHER, ADVERTISER = "elsewhere.example", "googleads.g.doubleclick.net"
OTHER_ADDRESS = "203.0.113.35"
PIXELS = b"<svg xmlns='http://www.w3.org/2000/svg' width='37' height='5'><rect width='37' height='5'/></svg>"
PAGE = f"""<!doctype html><title>Homework</title>
<link rel="stylesheet" href="http://{STYLES}/page.css">
<body><h1>Homework</h1><img src="http://{PICTURES}/map.svg" alt=""><img src="http://{ADVERTISER}/1.svg" alt="">
<a href="http://{OTHER}/">elsewhere</a><script src="http://{SCRIPTS}/page.js"></script>"""
ELSEWHERE = "<!doctype html><title>Elsewhere</title><body><h1>Elsewhere</h1><img src='/map.svg' alt=''>"
HTML, SVG = "text/html", "image/svg+xml"
SITES = {
    SCHOOL: Site("203.0.113.31", {"/": (HTML, PAGE.encode())}),
    STYLES: Site("203.0.113.32", {"/page.css": ("text/css", b"h1 { color: rgb(1, 2, 3) }")}),
    SCRIPTS: Site("203.0.113.33", {"/page.js": ("text/javascript", b"document.body.dataset.script = 'ran'")}),
    PICTURES: Site("203.0.113.34", {"/map.svg": (SVG, PIXELS)}),
    OTHER: Site(OTHER_ADDRESS, {"/": (HTML, ELSEWHERE.encode()), "/map.svg": (SVG, PIXELS)}),
    ADVERTISER: Site("203.0.113.36", {"/1.svg": (SVG, PIXELS)}),
}
WHOLE = {"came": True, "colour": "rgb(1, 2, 3)", "script": "ran", "picture": 37}
BARE = {"came": True, "colour": "rgb(0, 0, 0)", "script": "", "picture": 0}


class Family:
    """A claimed home in which it is homework time for Mia and her phone."""

    def __init__(self, folder: Path) -> None:
        self.home = LabHome(folder)
        self.sites = Sites(SITES)
        with mock.patch.dict(lab_home.NAMES, {name: (site.address,) for name, site in SITES.items()}):
            self.home.start_resolvers()
        self.home.start_broker()
        self.home.start_hub()
        self.home.start_agent()
        self.parent = Parent("tablet", network.HOME.v4, HUB_PORT)
        self.parent.claim(self.home.claim_code())
        self.mia = self.parent.add_child("Mia", "10-12")
        self.parent.add_device("phone", network.PHONE.mac, "phone", self.mia)
        now = time.gmtime(self.home.clock.wall())
        hours = [(now.tm_hour + shift) % 24 for shift in (-1, 2)]
        start, end = (f"{hour:02}:{now.tm_min:02}" for hour in hours)
        self.parent.post(f"/children/{self.mia}/bedtime", days="127", start=start, end=end, level="limited")

    def applied(self) -> None:
        """Wait until the router holds what the page says."""

        def holds() -> bool:
            child = self.parent.status()["children"][self.mia]
            return bool(child["level"] == "limited" and child["applied"] == child["agents"] == 1)

        wait_until("the router", holds, seconds=40)

    def close(self) -> None:
        """End everything."""
        self.parent.close()
        self.home.stop()
        self.sites.close()


@pytest.fixture
def family(home_network: None, folder: Path) -> Iterator[Family]:
    made = Family(folder)
    yield made
    made.close()


@pytest.fixture
def tablet(family: Family) -> Iterator[Page]:
    """The parent's browser, signed in; its processes inherit the namespace of the thread that starts them."""
    with network.inside("tablet"), sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_context(
            viewport={"width": 360, "height": 740}, base_url=f"http://{network.HOME.v4}:{HUB_PORT}"
        ).new_page()
        page.set_default_timeout(20_000)
        page.goto("/login")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/")
        yield page
        browser.close()


def seen_from(device: str, *urls: str) -> list[dict[str, Any]]:
    """What a browser on a device sees of these pages."""
    words = [*network.enter_words(device), *python_module("tests.lab.page_parts", *urls)]
    ran = subprocess.run(words, check=True, capture_output=True, text=True, timeout=90)
    return [json.loads(line) for line in ran.stdout.splitlines()]


def parts_of(seen: dict[str, Any]) -> dict[str, Any]:
    return {name: seen.get(name) for name in WHOLE}


def test_a_listed_page_opens_whole_and_nothing_else_does(family: Family, tablet: Page) -> None:
    pages = [f"http://{SCHOOL}/", f"http://{OTHER}/", f"http://{OTHER_ADDRESS}/"]
    # A grown-up's device sees all of it: what fails on the phone is refused there, not broken.
    school, *others = seen_from("tablet", *pages)
    assert parts_of(school) == WHOLE and school["failed"] == []
    assert [other["came"] for other in others] == [True, True]

    tablet.goto(f"/children/{family.mia}/filter")
    tablet.get_by_label("Open in those times").fill(SCHOOL)
    tablet.locator("#only").get_by_role("button", name="Save").click()
    family.applied()

    school, *others = seen_from("phone", *pages)
    assert parts_of(school) == BARE, "listed alone, the page comes without what lies elsewhere"
    assert len(school["failed"]) == 4
    assert [other["came"] for other in others] == [False, False]

    tablet.get_by_role("button", name="Find what this page needs").click()
    for host in (STYLES, SCRIPTS, PICTURES):
        expect(tablet.get_by_label(host)).to_be_checked()
    expect(tablet.get_by_label(ADVERTISER)).not_to_be_checked()
    expect(tablet.get_by_label(OTHER)).to_have_count(0)
    tablet.screenshot(path=family.home.folder / "needs.png", full_page=True)
    tablet.get_by_role("button", name="Add to the homework list").click()
    expect(tablet.get_by_label("Open in those times")).to_have_value(
        "\n".join(sorted([SCHOOL, STYLES, SCRIPTS, PICTURES]))
    )
    family.applied()

    school, *others = seen_from("phone", *pages)
    assert parts_of(school) == WHOLE, f"failed: {school['failed']}"
    assert school["failed"] == [f"http://{ADVERTISER}/1.svg"]
    assert [other["came"] for other in others] == [False, False]
