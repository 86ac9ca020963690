"""A parent with a phone: claim, child, pause, undo; with and without scripts, at 360 px, without one complaint."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ROUTER, LiveHub, Phone

STRAYED = """() => [...document.querySelectorAll('main *, nav *')]
  .filter(e => !e.closest('.hidden, svg')
    && e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => e.outerHTML.slice(0, 80))"""
SMALL = """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary')]
  .filter(e => e.getClientRects().length && !e.matches('.skip') && !e.closest('p, .prose li'))
  .map(e => [e, e.matches('[type=checkbox], [type=radio]') ? e.closest('label') : e])
  .filter(([e, box]) => box.getBoundingClientRect().height < 47.5 || box.getBoundingClientRect().width < 47.5)
  .map(([e]) => e.outerHTML.slice(0, 80))"""
TINY = """() => [...document.querySelectorAll('body *')]
  .filter(e => e.getClientRects().length && !e.closest('.hidden, svg')
    && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
  .filter(e => parseFloat(getComputedStyle(e).fontSize) < 16).map(e => e.outerHTML.slice(0, 80))"""

# WCAG 2.2, 1.4.3: 4.5 to 1 for text against the nearest background that is painted.
PALE = """() => {
  const linear = (v) => v <= 10 ? v / 3295 : ((v / 255 + .055) / 1.055) ** 2.4;
  const light = (c) => { const [r, g, b] = c.map(linear);
    return .2126 * r + .7152 * g + .0722 * b; };
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] === 1) return c.slice(0, 3); } };
  return [...document.querySelectorAll('body *')]
    .filter(e => e.getClientRects().length && !e.closest('.hidden, svg, option, .skip'))
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => { const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
      return [(a + .05) / (b + .05), e.outerHTML.slice(0, 80)]; })
    .filter(([ratio]) => ratio < 4.5); }"""


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def phone(request: pytest.FixtureRequest, chromium: Browser, hub: LiveHub) -> Iterator[Phone]:
    phone = Phone(chromium, hub.address, java_script_enabled=request.param)
    yield phone
    phone.context.close()
    assert phone.complaints == []


@pytest.fixture
def scripted(chromium: Browser, hub: LiveHub) -> Iterator[Phone]:
    phone = Phone(chromium, hub.address)
    yield phone
    phone.context.close()
    assert phone.complaints == []


def look_again(page: Page) -> None:
    """Without scripts a page that waits is looked at again by a tap: none changes by itself (WCAG 2.2.1)."""
    link = page.locator("noscript a", has_text="Look again")
    if link.is_visible():
        link.click()


def test_from_the_claim_to_undo(phone: Phone, hub: LiveHub) -> None:
    page = phone.page
    phone.claim_by_hand(hub)
    page.get_by_role("link", name="Add a child").click()
    page.get_by_label("Name").fill("Mia")
    page.get_by_label("6 to 9").check()
    page.get_by_role("button", name="Add").click()
    page.get_by_label("Name").fill("blue tablet")
    page.get_by_label("What is it?").select_option("Tablet")
    page.get_by_label("Hardware address").fill("02:00:5E:10:00:01")
    page.get_by_role("button", name="Add device").click()
    page.get_by_role("link", name="Set a bedtime").click()
    page.locator("#add-time summary").click()
    page.get_by_role("button", name="Add this time").click()
    expect(page.get_by_text("School nights (Sun–Thu): internet off 20:30–07:00")).to_be_visible()
    hub.broker.apply(ROUTER)

    page.get_by_role("link", name="Home").first.click()
    expect(page.get_by_text("Internet is on", exact=True)).to_be_visible()
    expect(page.get_by_text("Applied on 1 of 1")).to_be_visible()
    page.get_by_role("button", name="30 min").first.click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    expect(page.locator("#toast")).to_contain_text("Mia is paused until 18:30.")
    assert [override.kind for override in hub.family().overrides] == ["pause"]

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Internet is on", exact=True)).to_be_visible()
    assert hub.family().overrides == ()


def test_applied_becomes_true_without_a_reload(phone: Phone, hub: LiveHub) -> None:
    page = phone.page
    phone.claim(hub)
    child = hub.seed()["Mia"]
    hub.broker.apply(ROUTER)
    page.goto("/")
    page.locator(f"#pause-{child}-15").click()
    expect(page.get_by_text("Sending … applied on 0 of 1").first).to_be_visible()

    hub.broker.apply(ROUTER)

    look_again(page)
    expect(page.get_by_text("Applied on 1 of 1").first).to_be_visible()


def test_another_parents_tap_appears_by_itself_and_keeps_the_focus(scripted: Phone, hub: LiveHub) -> None:
    page = scripted.page
    scripted.claim(hub)
    child = hub.seed()["Mia"]
    hub.broker.apply(ROUTER)
    page.goto("/")
    page.locator(f"#pause-{child}-60").focus()
    hub.parts.acts.pause(child, 15)
    expect(page.get_by_text("until 18:15", exact=True)).to_be_visible()
    expect(page.locator(f"#pause-{child}-60")).to_be_focused()


def test_the_toast_leaves_after_eight_seconds(scripted: Phone, hub: LiveHub) -> None:
    page = scripted.page
    scripted.claim(hub)
    child = hub.seed()["Mia"]
    page.clock.install()
    page.goto("/")
    page.locator(f"#pause-{child}-15").click()
    expect(page.locator("#toast")).to_be_visible()
    page.clock.fast_forward(9000)
    expect(page.locator("#toast")).to_be_hidden()


def test_traffic_moves_without_a_reload(scripted: Phone, hub: LiveHub) -> None:
    page = scripted.page
    scripted.claim(hub)
    hub.seed()
    device = next(device.id for device in hub.family().devices if device.name == "blue tablet")
    page.goto("/traffic")
    expect(page.get_by_text("Mia · Internet is on")).to_be_visible()
    hub.broker.usage(ROUTER, (device, 0, 0))
    hub.broker.usage(ROUTER, (device, 4_000_000, 0))
    hub.clock.advance(2)
    expect(page.get_by_text("2.0 MB/s", exact=True)).to_be_visible()
    page.locator(f"#twin-{device} summary").click()
    expect(page.get_by_role("cell", name="4.0 MB")).to_be_visible()


def test_a_hub_that_is_gone_is_said(chromium: Browser, hub: LiveHub) -> None:
    phone = Phone(chromium, hub.address)
    phone.claim(hub)
    phone.context.set_offline(True)
    expect(phone.page.get_by_text("The hub cannot be reached")).to_be_visible()
    phone.context.set_offline(False)
    expect(phone.page.get_by_text("The hub cannot be reached")).to_be_hidden()
    phone.context.close()


@pytest.mark.parametrize(("scheme", "width"), [("dark", 320), ("light", 1200)])
def test_every_page_fits_and_can_be_tapped_and_read(chromium: Browser, hub: LiveHub, scheme: str, width: int) -> None:
    phone = Phone(chromium, hub.address, color_scheme=scheme, viewport={"width": width, "height": 740})
    page = phone.page
    page.goto("/claim")
    assert page.evaluate(STRAYED) == []
    phone.claim(hub)
    ids = hub.seed()
    hub.parts.acts.pause(ids["Mia"], 60)
    hub.network.neighbours["127.0.0.1"] = "02:00:5e:10:00:01"
    for path in (
        "/",
        f"/children/{ids['Noah']}",
        "/children/new",
        "/devices",
        "/traffic",
        "/more",
        "/sessions",
        "/help",
        "/me",
    ):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(STRAYED) == [], path
        assert page.evaluate(SMALL) == [], path
        assert page.evaluate(TINY) == [], path
        assert page.evaluate(PALE) == [], path
        assert page.locator("h1").count() == 1, path
    phone.context.close()
    assert phone.complaints == []


def test_these_probes_can_fail(scripted: Phone, hub: LiveHub) -> None:
    page = scripted.page
    page.goto("/help")
    for probe in (STRAYED, SMALL, TINY, PALE):
        assert page.evaluate(probe) == []
    page.evaluate("""() => {
        const link = document.createElement('a');
        link.href = '/'; link.textContent = 'x';
        Object.assign(link.style, {position: 'absolute', insetInlineStart: '400px', fontSize: '9px', color: '#eee'});
        document.querySelector('main').append(link);
    }""")
    for probe in (STRAYED, SMALL, TINY, PALE):
        assert len(page.evaluate(probe)) == 1


def test_everything_can_be_reached_by_keyboard(scripted: Phone, hub: LiveHub) -> None:
    page = scripted.page
    scripted.claim(hub)
    child = hub.seed()["Mia"]
    page.goto("/")
    page.locator("body").press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    for _ in range(30):
        if page.evaluate("document.activeElement.id") == f"pause-{child}":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()


def test_the_pages_are_small(hub: LiveHub, scripted: Phone) -> None:
    sizes: dict[str, int] = {}
    scripted.page.on("response", lambda answer: sizes.__setitem__(answer.url, len(answer.body())))
    scripted.claim(hub)
    hub.seed()
    scripted.page.goto("/", wait_until="networkidle")
    script = next(size for url, size in sizes.items() if "app.js" in url)
    assert script <= 10_240
    assert sum(sizes.values()) <= 120_000
