"""Pictures of every page for `docs/pictures`, from a whole home in the lab, as a phone shows them.

`make pictures` draws them anew: a real hub, router and broker, devices that really fetch pages, and a Chromium in the
namespace of the device whose page it is. It decides which pages are shown and in which state; that a page works is for
the tests.
"""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, StorageState, ViewportSize, sync_playwright

from stairgate.hub.acts import new_id
from stairgate.hub.demo_family import DemoChild, DemoDevice, seed
from stairgate.hub.family import Budget, write
from stairgate.hub.tinydb_store import TinyDbStore
from tests.chromium import launch
from tests.lab import network
from tests.lab.home import HUB_PORT, LabHome
from tests.lab.processes import Program, python_module, stop_all, wait_until
from tests.lab.run import HABITS

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
PASSWORD = "correct horse battery"
# 18:40 on the day of the drawing.
EVENING_SECONDS = (18 * 60 + 40) * 60
FAMILY = (
    DemoChild(
        "Mia",
        "10-12",
        (
            DemoDevice("Mia’s phone", network.PHONE.mac, "phone"),
            DemoDevice("Games console", network.CONSOLE.mac, "console"),
        ),
        127,
        20 * 60 + 30,
        7 * 60,
    ),
    DemoChild("Ben", "6-9", (DemoDevice("Ben’s laptop", network.LAPTOP.mac, "computer"),), 127, 19 * 60 + 30, 7 * 60),
)
SCREEN = ViewportSize(width=360, height=740)


class Picture(NamedTuple):
    """One picture: file name, address (`{Mia}`: her id), what is done on the page first, and how it answers."""

    name: str
    path: str
    then: Callable[[Page], object] = lambda page: None
    scheme: str = "light"
    status: int = 200


def press(name: str) -> Callable[[Page], object]:
    """A button or link of the page is tapped."""
    return lambda page: page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name)).first.click()


def show_code(page: Page) -> None:
    """The page with a pairing code, which takes the password."""
    page.get_by_label("Your password").fill(PASSWORD)
    press("Show a code")(page)


def ask(page: Page) -> None:
    """A child asks for half an hour more."""
    page.get_by_label("What for?").first.fill("The film is not over yet")
    press("30 min")(page)
    page.goto("/me/ask")


def ask_why(page: Page) -> None:
    """A child asks about an app that its filter blocks."""
    page.get_by_label("Which page or app").fill("www.instagram.com")
    press("Why?")(page)


BEFORE_THE_CLAIM = (Picture("claim", "/claim"),)
PARENTS = (
    Picture("home", "/"),
    Picture("home-dark", "/", scheme="dark"),
    Picture("child", "/children/{Mia}"),
    Picture("calendar", "/children/{Mia}/schedule"),
    Picture("calendar-dark", "/children/{Mia}/schedule", scheme="dark"),
    Picture("day", "/children/{Mia}/day"),
    Picture("filter", "/children/{Mia}/filter"),
    Picture("filter-dark", "/children/{Mia}/filter", scheme="dark"),
    Picture("lists", "/lists"),
    Picture("devices", "/devices"),
    Picture("device", "/devices/{device}"),
    Picture("quarantine", "/quarantine"),
    Picture("traffic", "/traffic"),
    Picture("accounts", "/accounts"),
    Picture("routers", "/routers"),
    Picture("router-add", "/routers/add", show_code),
    Picture("secure", "/secure"),
    Picture("history", "/history"),
    Picture("home-paused", "/", press("Pause until")),
)
# Before the parents' pages: the question is on their first one.
ASKING_CHILD_S = (Picture("ask", "/me/ask", ask),)
CHILD_S = (Picture("me", "/me"), Picture("me-dark", "/me", scheme="dark"), Picture("why", "/me/why", ask_why))
NEW_DEVICE_S = (Picture("me-new", "/me"), Picture("login", "/login"))
OTHER_CHILD_S = (Picture("childs-device", "/login", status=403),)


@contextlib.contextmanager
def chromium(namespace: str) -> Iterator[Browser]:
    """A browser on this device: its processes inherit the namespace of the thread that starts them."""
    with network.inside(namespace), sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            yield browser
        finally:
            browser.close()


def phone(browser: Browser, cookies: StorageState | None = None) -> Page:
    """A phone's screen."""
    page = browser.new_context(
        viewport=SCREEN,
        base_url=f"http://{network.HOME.v4}:{HUB_PORT}",
        device_scale_factor=1,
        storage_state=cookies,
        reduced_motion="reduce",
    ).new_page()
    page.set_default_timeout(20_000)
    return page


def shows(page: Page, path: str, text: str) -> bool:
    """True when the page says this, asked a second later at the earliest: a page a moment would starve the hub."""
    page.wait_for_timeout(1000)
    page.goto(path)
    return text in page.content()


def take(page: Page, picture: Picture, ids: dict[str, str], folder: Path) -> None:
    """One picture."""
    page.emulate_media(color_scheme="dark" if picture.scheme == "dark" else "light", reduced_motion="reduce")
    answer = page.goto(picture.path.format(**ids))
    if not answer or answer.status != picture.status:
        raise AssertionError(f"{picture.name}: expected {picture.status}, got {answer.status if answer else None}")
    picture.then(page)
    page.wait_for_load_state("networkidle")
    # A screen as long as the page: the tab bar then stands below it and not across its middle.
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size(ViewportSize(width=SCREEN["width"], height=max(height, SCREEN["height"])))
    page.screenshot(path=folder / f"{picture.name}.png")
    page.set_viewport_size(SCREEN)
    print(picture.name, flush=True)


def draw(folder: Path, temporary: Path) -> None:
    """Every picture into the folder."""
    home = LabHome(temporary)
    home.clock.move_to(int(home.clock.wall()) // 86400 * 86400 + EVENING_SECONDS)
    with contextlib.closing(TinyDbStore(home.data)) as store:
        ids = seed(store, home.home.id, "Etc/UTC", FAMILY)
        with store.transaction(home.home.id) as rows:
            ids["device"] = rows.page("devices")[0].id
            write(rows, Budget(new_id("b"), ids["Mia"], "total", (90,) * 5 + (120,) * 2))
            write(rows, Budget(new_id("b"), ids["Mia"], "video", (45,) * 7))
    ids["router"] = home.home.agents["router"]
    home.start_resolvers()
    home.start_broker()
    home.start_agent()
    home.start_hub()
    internet = Program(
        "internet", python_module("tests.lab.internet", str(temporary)), temporary, "internet", speaks=True
    )
    internet.wait_for("ready")
    for device, name, seconds in HABITS:
        Program(f"browsing-{device}", python_module("tests.lab.browsing", name, str(seconds)), temporary, device)
    with chromium("tablet") as browser:
        page = phone(browser)
        for picture in BEFORE_THE_CLAIM:
            take(page, picture, ids, folder)
        page.goto("/claim")
        page.get_by_label("code on the hub").fill(home.claim_code())
        page.get_by_label("new password").fill(PASSWORD)
        page.get_by_role("button", name="Claim this hub").click()
        page.wait_for_url("**/")
        cookies = page.context.storage_state()
    draw_for("phone", ASKING_CHILD_S, ids, folder)
    with chromium("tablet") as browser:
        page = phone(browser, cookies)
        network.add_device(network.STRANGER)
        subprocess.run([*network.enter_words("stranger"), "ping", "-c1", "-W2", network.ROUTER_V4], check=False)
        # Bars of a minute and a new device on the list: then the pictures show a home that lives.
        wait_until("the new device", lambda: shows(page, "/devices", "New device"), seconds=60)
        page.goto("/traffic")
        page.wait_for_timeout(45_000)
        for picture in PARENTS:
            take(page, picture, ids, folder)
    for namespace, pictures in (("stranger", NEW_DEVICE_S), ("phone", CHILD_S), ("laptop", OTHER_CHILD_S)):
        draw_for(namespace, pictures, ids, folder)


def draw_for(namespace: str, pictures: Sequence[Picture], ids: dict[str, str], folder: Path) -> None:
    """What nobody has to sign in for, on this device."""
    with chromium(namespace) as browser:
        page = phone(browser)
        for picture in pictures:
            take(page, picture, ids, folder)


def main(target: Path) -> int:
    """`python -m tests.lab.sandbox python -m tests.lab.pictures [FOLDER]`."""
    target.mkdir(parents=True, exist_ok=True)
    network.build()
    try:
        with tempfile.TemporaryDirectory(prefix="stairgate-") as temporary:
            draw(target, Path(temporary))
            stop_all()
    finally:
        stop_all()
        network.destroy()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
