"""A parent finds on a phone what a page of the homework list needs; with and without scripts, light and dark."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import LiveHub, Phone
from tests.browser.test_parent import PALE, SMALL, STRAYED, TINY
from tests.unit.hub.test_page_needs import Internet, html
from tests.unit.hub.test_source_fetch import Server, answer, serving

LONG = "a-very-long-name-of-a-content-network.with-many-parts.storage.example-cloud.example"
PAGE = (
    f"<link rel=stylesheet href=//styles.example/a.css><script src=//scripts.example/></script><img src=//{LONG}/>"
    "<img src=//googleads.g.doubleclick.net/1><iframe src=//www.youtube.com/embed/1></iframe><img src=//203.0.113.7/>"
)


@pytest.fixture
def server(hub: LiveHub) -> Iterator[Server]:
    with serving() as running:
        running.answers["/"] = html(PAGE)
        running.answers["/a.css"] = answer(200, b"@font-face { src: url(//fonts.example/a.woff2) }")
        hub.parts.looks.internet = lambda: Internet(running.port)
        yield running


@pytest.mark.parametrize(
    ("scheme", "has_scripts"), [("light", True), ("dark", False)], ids=["light with scripts", "dark without"]
)
def test_from_the_list_to_what_the_page_needs(
    chromium: Browser, hub: LiveHub, server: Server, scheme: str, has_scripts: bool
) -> None:
    phone = Phone(chromium, hub.address, color_scheme=scheme, java_script_enabled=has_scripts)
    page = phone.page
    phone.claim(hub)
    ids = hub.seed()
    page.goto(f"/children/{ids['Mia']}/filter")
    page.get_by_label("Open in those times").fill("school.example")
    page.locator("#only").get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Find what this page needs").click()

    for host in ("styles.example", "scripts.example", "fonts.example", LONG):
        expect(page.get_by_label(host)).to_be_checked()
    expect(page.get_by_label("googleads.g.doubleclick.net")).not_to_be_checked()
    expect(page.get_by_text("It belongs to YouTube, which is blocked here.")).to_be_visible()
    for check in (STRAYED, SMALL, TINY, PALE):
        assert page.evaluate(check) == [], check[:40]

    page.get_by_label("Other names").fill("lms.example")
    page.get_by_label("scripts.example").uncheck()
    page.get_by_role("button", name="Add to the homework list").click()
    opened = sorted(["school.example", "styles.example", "fonts.example", "lms.example", LONG])
    expect(page.get_by_label("Open in those times")).to_have_value("\n".join(opened))

    server.answers["/"] = answer(503, b"")
    page.get_by_role("link", name="Another page").click()
    page.get_by_label("Which page?").fill("https://other.example/start")
    page.get_by_role("button", name="Find what this page needs").click()
    expect(page.get_by_role("alert")).to_contain_text("Its server answered 503 instead of the page.")
    expect(page.get_by_label("Other names")).to_be_visible()
    for check in (STRAYED, SMALL, TINY, PALE):
        assert page.evaluate(check) == [], check[:40]
    assert phone.complaints == []
    phone.context.close()
