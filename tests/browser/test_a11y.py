"""The judge of `make a11y` can fail, no address is left out, and a few pages are without fault in every variation."""

import pytest
from flask import Flask
from playwright.sync_api import Browser

from stairgate.hub.app import create_app
from tests.browser.a11y_check import left_out, look_at_all
from tests.browser.a11y_home import FullHome
from tests.browser.a11y_judge import judge
from tests.browser.a11y_pages import VISITS, unvisited
from tests.browser.a11y_variations import VARIATIONS, Window
from tests.browser.a11y_walk import Keys
from tests.browser.conftest import LiveHub, Phone

SAMPLE = ("home", "child’s page")
LIGHT, DARK, PSEUDO, NARROW, PLAIN = VARIATIONS
# One fault of each kind: no name, pale, too small, no label, another word heard than seen, too wide, under the bar.
PLANTS = {
    "image-alt": "<img src='/static/icon.svg'>",
    "color-contrast": "<p class='faint'>pale words</p>",
    "target-size": "<p class='dense'><button class='tiny'>a</button><button class='tiny'>b</button></p>",
    "label": "<input>",
    "label-content-name-mismatch": "<button aria-label='Delete'>Remove</button>",
    "list": "<ul><p>no item</p></ul>",
    "reflow": "<p class='broad'>wide</p>",
    "meta-refresh": "<meta http-equiv='refresh' content='30'>",
}
_STYLES = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`.faint { color: #ccc; background: #ddd } .broad { inline-size: 200vw }
    .tiny { all: unset; inline-size: 9px; block-size: 9px; font-size: 8px } .dense { line-height: 9px }`);
  document.adoptedStyleSheets = [sheet];
}"""
_PLANT = """(html) => {
  const parsed = new DOMParser().parseFromString("", "text/html");
  const range = parsed.createRange();
  document.querySelector("main").append(...range.createContextualFragment(html).childNodes);
}"""


@pytest.mark.parametrize("rule", sorted(PLANTS))
def test_a_planted_fault_is_found(rule: str, chromium: Browser, hub: LiveHub) -> None:
    context = chromium.new_context(base_url=hub.address, bypass_csp=True)
    page = context.new_page()
    page.goto("/help")
    assert [finding for finding in judge(page) if not finding.is_advice] == []
    page.evaluate(_STYLES)
    page.evaluate(_PLANT, PLANTS[rule])
    assert rule in {finding.rule for finding in judge(page) if not finding.is_advice}
    context.close()


def test_what_has_the_focus_under_the_bar_is_found(chromium: Browser, hub: LiveHub) -> None:
    phone = Phone(chromium, hub.address)
    phone.claim(hub)
    hub.seed()
    phone.page.goto("/")
    assert "focus-not-obscured" not in {finding.rule for finding in judge(phone.page)}
    phone.page.evaluate("document.querySelector('nav').style.blockSize = '100vh'")
    assert "focus-not-obscured" in {finding.rule for finding in judge(phone.page)}
    phone.context.close()


def test_no_address_is_left_out() -> None:
    assert left_out() == []


def test_a_new_address_is_missed(hub: LiveHub) -> None:
    home = FullHome(hub)
    home.fill()
    app: Flask = create_app(hub.parts)
    app.add_url_rule("/new-page", "new_page", lambda: "")
    assert unvisited(app, home.ids) == ["/new-page"]


def test_the_pseudo_language_is_longer_from_right_to_left_and_leaves_names_alone(
    chromium: Browser, hub: LiveHub
) -> None:
    plain, strange = (Window(chromium, hub.address, variation, None) for variation in (LIGHT, PSEUDO))
    texts = []
    for window in (plain, strange):
        window.begin().goto("/help")
        page = window.finish()
        texts.append(page.locator("main").inner_text())
    assert strange.page.locator("html").get_attribute("dir") == "rtl"
    assert len(texts[1]) > 1.4 * len(texts[0])
    for window in (plain, strange):
        window.close()


def test_without_javascript_no_script_of_the_page_runs(chromium: Browser, hub: LiveHub) -> None:
    window = Window(chromium, hub.address, PLAIN, None)
    window.begin().goto("/claim")
    page = window.finish()
    # `app.js` shows this button, and only it.
    assert page.locator("[data-shows]").is_hidden()
    window.close()


def test_a_sample_of_pages_is_without_fault_in_every_variation(chromium: Browser) -> None:
    assert set(SAMPLE) <= {visit.name for visit in VISITS}
    looks = list(look_at_all(chromium, SAMPLE))
    assert len(looks) == len(SAMPLE) * len(VARIATIONS)
    assert [(look.visit.name, look.variation.name, look.violations) for look in looks if look.violations] == []


def test_taps_are_counted_and_what_no_key_reaches_is_missed(chromium: Browser, hub: LiveHub) -> None:
    phone = Phone(chromium, hub.address)
    phone.claim(hub)
    hub.seed()
    home = FullHome(hub)
    keys = Keys(phone, home)
    keys.tap(".tabs a[href='/more']")
    keys.tap("main a[href='/sessions']")
    assert keys.taps == 2
    with pytest.raises(AssertionError, match="to be reached by Tab"):
        keys.to("#nowhere")
    phone.context.close()
