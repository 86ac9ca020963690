"""Every page of the hub and the state it is looked at in; and what answers without a page, each with its reason.

The URL map is compared with this table: a new address that is in neither part fails.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from flask import Flask
from playwright.sync_api import Page
from werkzeug.exceptions import NotFound

from tests.browser.a11y_home import mac
from tests.browser.a11y_toys import ANOTHER
from tests.browser.conftest import PASSWORD

PARENT, THE_CARER, NOBODY = "a parent", "a carer", "nobody"


def nothing(page: Page) -> None:
    """The page as it comes."""


class Visit(NamedTuple):
    """One look. path: with the ids of `FullHome` in braces; who: signed in as; mac: of the device in the hand."""

    name: str
    path: str
    state: str = "filled"
    who: str = PARENT
    then: Callable[[Page], object] = nothing
    status: int = 200
    mac: str = ""


def press(name: str) -> Callable[[Page], object]:
    """The first button of this name."""
    return lambda page: page.get_by_role("button", name=name).first.click()


def fill_and_press(fields: Mapping[str, str], button: str) -> Callable[[Page], object]:
    """Fields by label, then a button: what a form answers."""

    def act(page: Page) -> None:
        for label, text in fields.items():
            page.get_by_label(label).first.fill(text)
        press(button)(page)

    return act


def wrong_device(page: Page) -> None:
    """A device whose address is none."""
    page.locator("input[name=person]").first.check(force=True)
    page.get_by_label("Name").last.fill("tablet")
    page.get_by_label("Hardware address").fill("not an address")
    press("Add device")(page)


def wrong_list(page: Page) -> None:
    """A list inside the home network."""
    page.locator("#own summary").click()
    page.get_by_label("What you call it").fill("list of our school")
    page.get_by_label("Where it is").fill("http://192.168.1.1/list")
    press("Add the list")(page)


def wrong_names(page: Page) -> None:
    """Names that are none."""
    page.locator("#names-allow").fill("not a name\nexample.org")
    page.locator("form:has(#names-allow)").get_by_role("button").click()


def ask_why(page: Page) -> None:
    """What a child asks."""
    page.get_by_label("Which page or app").fill("www.instagram.com")
    press("Why?")(page)


def no_days(page: Page) -> None:
    """A time that begins on no day."""
    form = page.locator("form:has(#new-start)")
    if not form.is_visible():
        page.locator("details:has(#new-start) > summary").first.click()
    while form.locator("input[name=days]:checked").count():
        form.locator("input[name=days]:checked").first.uncheck(force=True)
    form.get_by_role("button").last.click()


def invite(page: Page) -> None:
    """A code for another carer."""
    if page.get_by_label("Carer").first.is_visible():
        page.get_by_label("Carer").first.check()
        page.locator("#password-invite").fill(PASSWORD)
        press("Make a code")(page)


def ask_for_no_site(page: Page) -> None:
    """A question for a site that is none."""
    page.get_by_label("Which one is blocked?").fill("not a name")
    press("Ask to open it")(page)


def type_toy_code(code: str) -> Callable[[Page], object]:
    """The code of a toy, and whose it is."""

    def act(page: Page) -> None:
        page.get_by_label("The code on the toy").fill(code)
        page.locator("input[name=whose]").first.check(force=True)
        page.get_by_label("Your password").fill(PASSWORD)
        press("Wait for this toy")(page)

    return act


def refuse_to_erase(page: Page) -> None:
    """Without the right password."""
    page.locator("#erase > summary").click()
    page.locator("#erase input[name=sure]").check()
    page.locator("#password-erase").fill("wrong password")
    press("Erase")(page)


UNCLAIMED = "unclaimed"
VISITS = (
    Visit("claim", "/claim", UNCLAIMED, NOBODY),
    Visit("claim, wrong code", "/claim", UNCLAIMED, NOBODY,
          fill_and_press({"code on the hub": "AAAA-AAAA", "new password": PASSWORD}, "Claim this hub")),
    Visit("restore", "/claim/restore", UNCLAIMED, NOBODY),
    Visit("help before the claim", "/help", UNCLAIMED, NOBODY),
    Visit("empty home", "/", "empty"),
    Visit("no devices", "/devices", "empty"),
    Visit("no traffic", "/traffic", "empty"),
    Visit("no history", "/history", "empty"),
    Visit("no child to see", "/children/new", "empty"),
    Visit("unknown device", "/me", "empty", NOBODY),
    Visit("home", "/"),
    Visit("home after a tap", "/", then=press("30 min")),
    Visit("child", "/children/{person}"),
    Visit("paused child", "/children/{second}"),
    Visit("new child", "/children/new"),
    Visit("filter", "/children/{person}/filter"),
    Visit("filter, wrong names", "/children/{person}/filter", then=wrong_names),
    Visit("needs", "/children/{person}/filter/needs"),
    Visit("needs, no name", "/children/{person}/filter/needs",
          then=fill_and_press({"Which page?": "not a name"}, "Find what this page needs")),
    Visit("devices", "/devices"),
    Visit("devices, wrong address", "/devices", then=wrong_device),
    Visit("device", "/devices/{device_id}"),
    Visit("shared device", "/devices/{shared}"),
    Visit("visitor", "/devices/{visitor}"),
    Visit("grown-up’s device", "/devices/{agreed}"),
    Visit("rules for a grown-up", "/devices/{agreed}/rules"),
    Visit("no rules for a grown-up", "/devices/{grown_up}/rules"),
    Visit("new device", "/devices/{new}"),
    Visit("repeater", "/devices/{repeater}"),
    Visit("traffic", "/traffic"),
    Visit("quarantine", "/quarantine"),
    Visit("more", "/more"),
    Visit("sessions", "/sessions"),
    Visit("help", "/help"),
    Visit("secure", "/secure"),
    Visit("secured?", "/secure/check"),
    Visit("backup", "/backup"),
    Visit("backup, wrong password", "/backup",
          then=fill_and_press({"passphrase for this file": "a long passphrase", "same again": "another passphrase",
                               "password you sign in with": "wrong password"}, "Download the backup")),
    Visit("history", "/history"),
    Visit("data", "/data"),
    Visit("routers", "/routers"),
    Visit("router", "/routers/{agent}"),
    Visit("another router", "/routers/add"),
    Visit("pairing code", "/routers/add", then=fill_and_press({"Your password": PASSWORD}, "Show a code")),
    Visit("toys", "/toys"),
    Visit("no toys", "/toys", "empty"),
    Visit("toy", "/toys/{toy}"),
    Visit("toy, not sure", "/toys/{toy}", then=refuse_to_erase),
    Visit("another toy", "/toys/add"),
    Visit("another toy, wrong code", "/toys/add", then=type_toy_code("ABCD")),
    Visit("waiting for a toy", "/toys/add", then=type_toy_code(ANOTHER)),
    Visit("a child’s toys", "/me/toys", who=NOBODY, mac=mac(0)),
    Visit("a small child’s toys", "/me/toys?read=small", who=NOBODY, mac=mac(0)),
    Visit("no toys of this device", "/me/toys", who=NOBODY, mac=mac(15)),
    Visit("lists", "/lists"),
    Visit("lists, a list at home", "/lists", then=wrong_list),
    Visit("calendar", "/children/{person}/schedule"),
    Visit("calendar without times", "/children/{third}/schedule"),
    Visit("calendar, no day", "/children/{person}/schedule", then=no_days),
    Visit("a day", "/children/{person}/day"),
    Visit("a day and a moment", "/children/{person}/day?date=2026-08-15&at=20:45"),
    Visit("parents’ words", "/children/{person}/words"),
    Visit("accounts", "/accounts"),
    Visit("invitation", "/accounts", then=invite),
    Visit("account", "/account"),
    Visit("notifications", "/notify"),
    Visit("carer’s home", "/", who=THE_CARER),
    Visit("carer’s account", "/account", who=THE_CARER),
    Visit("not a carer’s page", "/devices", who=THE_CARER, status=403),
    Visit("join", "/join", who=NOBODY),
    Visit("join, wrong code", "/join", who=NOBODY,
          then=fill_and_press({"code that you were shown": "AAAA-AAAA", "called here": "Dad",
                               "password of your own": PASSWORD}, "Join")),
    Visit("ask", "/me/ask", who=NOBODY, mac=mac(0)),
    Visit("ask, no name", "/me/ask", who=NOBODY, mac=mac(0), then=ask_for_no_site),
    Visit("ask on another device", "/me/ask", who=NOBODY, mac=mac(15)),
    Visit("login", "/login", who=NOBODY),
    Visit("login, wrong", "/login", who=NOBODY, then=fill_and_press({"Password": "wrong password"}, "Sign in")),
    Visit("child’s page", "/me", who=NOBODY, mac=mac(0)),
    Visit("paused child’s page", "/me", who=NOBODY, mac=mac(1)),
    Visit("shared device’s page", "/me", who=NOBODY, mac=mac(12)),
    Visit("visitor’s page", "/me", who=NOBODY, mac=mac(14)),
    Visit("grown-up’s page", "/me", who=NOBODY, mac=mac(15)),
    Visit("rules offered to a grown-up", "/me", who=NOBODY, mac=mac(16)),
    Visit("new device’s page", "/me", who=NOBODY, mac=mac(18)),
    Visit("why", "/me/why", who=NOBODY, mac=mac(0)),
    Visit("why, answered", "/me/why", who=NOBODY, mac=mac(0), then=ask_why),
    Visit("parents’ pages on a child’s device", "/login", who=NOBODY, mac=mac(0), status=403),
    Visit("home where much is wrong", "/", "wrong"),
    Visit("child where much is wrong", "/children/{third}", "wrong"),
    Visit("device that was not quiet", "/devices/{shared}", "wrong"),
    Visit("child’s page where much is wrong", "/me", "wrong", NOBODY, mac=mac(0)),
    Visit("routers where much is wrong", "/routers", "wrong"),
    Visit("trial", "/quarantine", "wrong"),
    Visit("no such page", "/nothing", "wrong", status=404),
    Visit("new password", "/claim", "forgotten", NOBODY),
)  # fmt: skip
#: Addresses that answer GET, but not with a page.
NO_PAGES = {
    "static": "a file of the pages",
    "home.status": "a number for scripts",
    "toy_files.label": "a file to download",
    "toy_files.mud": "a file to download",
    "toy_files.tables": "a file to download",
    "toy_files.data": "a file to download",
    "toy_files.readable": "a file to download",
    "asking.asked": "a number for scripts",
    "packs.fetch": "a file for routers",
    "secure.certificate": "a file to download",
    "secure.profile": "a file to download",
}


def unvisited(app: Flask, ids: Mapping[str, str]) -> list[str]:
    """The addresses of the URL map that answer GET and are neither looked at nor named with a reason."""
    adapter = app.url_map.bind("hub.example")
    seen = set(NO_PAGES)
    for visit in VISITS:
        try:
            seen.add(adapter.match(visit.path.format(**ids), method="GET")[0])
        except NotFound:
            continue
    return sorted(
        rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and rule.endpoint not in seen
    )


def stale(app: Flask) -> list[str]:
    """What is named with a reason and is no address any more."""
    return sorted(set(NO_PAGES) - {rule.endpoint for rule in app.url_map.iter_rules()})
