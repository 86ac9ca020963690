"""A real hub on a loopback port, with a broker in memory, and a headless Chromium in front of it."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from stairgate.hub import demo_family
from stairgate.hub.claim_code import ClaimCode, ClaimSlot
from stairgate.hub.clock import ManualClock
from stairgate.hub.family import Family, read_family
from stairgate.hub.keeping import Keeping
from stairgate.hub.memory_broker import MemoryBroker
from stairgate.hub.memory_home import MemoryHome
from stairgate.hub.memory_store import MemoryStore
from stairgate.hub.network import MemoryNetwork
from stairgate.hub.parts import build
from stairgate.hub.roster import Agent
from stairgate.hub.serve import serve_pages
from stairgate.provisioning.signing import SigningKey
from tests import quick_apps
from tests.chromium import launch

quick_apps.begin()

HOME, ROUTER = "hhome", "rrouter"
PASSWORD = "correct horse battery"
#: Friday 2026-08-07, 18:00 in Berlin.
EVENING = 1786118400.0


class LiveHub:
    """A hub that really serves, whose clock and router the test moves."""

    def __init__(self, keeping: Callable[[ManualClock], Keeping] | None = None) -> None:
        self.clock = ManualClock(EVENING)
        self.store = MemoryStore()
        self.network = MemoryNetwork()
        self.codes: list[str] = []
        key = SigningKey.create()
        self.authority = MemoryHome(HOME, key, (Agent(ROUTER, "the router"),))
        self.parts = build(
            home=HOME,
            authority=self.authority,
            store=self.store,
            signer=key,
            clock=self.clock,
            network=self.network,
            claim_code=ClaimCode(ClaimSlot(), self.clock, self.codes.append),
            port=8080,
            keeping=keeping(self.clock) if keeping else None,
        )
        self.broker = MemoryBroker(self.parts.exchange, self.clock)
        self.parts.connect(self.broker)
        self.parts.claim_code.renew()
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen()  # a browser that is faster than the server's thread waits instead of being refused
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=serve_pages, args=(self.parts, [self._socket], self._stop))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def seed(self) -> dict[str, str]:
        """A demo family, as `make run` shows it."""
        ids = demo_family.seed(
            self.store,
            HOME,
            "Europe/Berlin",
            [
                demo_family.DemoChild(
                    "Mia", "6-9", [demo_family.DemoDevice("blue tablet", "02:00:5e:10:00:01", "tablet")]
                ),
                demo_family.DemoChild(
                    "Noah",
                    "13-15",
                    [
                        demo_family.DemoDevice("phone", "02:00:5e:10:00:02", "phone"),
                        demo_family.DemoDevice("games console", "02:00:5e:10:00:03", "console"),
                    ],
                    days=127,
                    start=22 * 60,
                    end=6 * 60 + 30,
                ),
            ],
        )
        self.parts.acts.change(lambda rows: None)
        return ids

    def family(self) -> Family:
        with self.store.transaction(HOME) as rows:
            return read_family(rows)


@pytest.fixture
def hub() -> Iterator[LiveHub]:
    live = LiveHub()
    live.start()
    yield live
    live.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a module: Playwright lives once in a process, and other modules begin it elsewhere."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


class Phone:
    """One browser window that remembers every complaint of its console."""

    def __init__(self, chromium: Browser, address: str, **options: Any) -> None:
        options = {"viewport": {"width": 360, "height": 740}, **options}
        self.context: BrowserContext = chromium.new_context(base_url=address, reduced_motion="reduce", **options)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.complaints: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def claim(self, hub: LiveHub) -> None:
        """As the page does, without looking at it."""
        hub.clock.advance(2)
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.context.request.get("/claim").text())
        assert token
        form = {"csrf_token": token[1], "code": hub.codes[-1], "password": PASSWORD, "zone": "Europe/Berlin"}
        assert self.context.request.post("/claim", form=form).ok
        self.page.goto("/")

    def claim_by_hand(self, hub: LiveHub) -> None:
        """On the page, as an owner does."""
        hub.clock.advance(2)
        self.page.goto("/")
        self.page.get_by_label("code on the hub").fill(hub.codes[-1])
        self.page.get_by_label("new password").fill(PASSWORD)
        self.page.get_by_label("time zone").select_option("Europe/Berlin")
        self.page.get_by_role("button", name="Claim this hub").click()
        self.page.wait_for_url("**/")

    def sign_in(self, name: str = "") -> None:
        """With a name where there are several accounts."""
        self.page.goto("/login")
        if name:
            self.page.get_by_label("called here").fill(name)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/")
