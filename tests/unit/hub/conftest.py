"""A whole hub in memory, with a clock that stands still and a parent who is signed in."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from stairgate.hub import passwords
from stairgate.hub.app import create_app
from stairgate.hub.claim_code import ClaimCode, ClaimSlot
from stairgate.hub.clock import ManualClock
from stairgate.hub.family import Family, read_family
from stairgate.hub.keeping import Keeping
from stairgate.hub.memory_broker import MemoryBroker
from stairgate.hub.memory_home import MemoryHome
from stairgate.hub.memory_store import MemoryStore
from stairgate.hub.network import MemoryNetwork
from stairgate.hub.parts import Parts, build
from stairgate.hub.public_http import PublicHttp
from stairgate.hub.roster import Agent
from stairgate.provisioning.signing import SigningKey
from tests import quick_apps

HOME = "hhome"
ROUTER = "rrouter"
PASSWORD = "correct horse battery"
#: Friday 2026-08-07, 18:00 in Berlin.
EVENING = 1786118400.0


quick_apps.begin()


class Client(FlaskClient):
    """Reads each answer at once, so that no file stays open."""

    def open(self, *arguments: Any, **options: Any) -> TestResponse:
        return super().open(*arguments, **{"buffered": True, **options})


class Hub:
    """One hub with one router, and a browser in front of it."""

    def __init__(self, keeping: Callable[[ManualClock], Keeping] | None = None) -> None:
        self.clock = ManualClock(EVENING)
        self.store = MemoryStore()
        self.network = MemoryNetwork()
        self.codes: list[str] = []
        self.key = SigningKey.create()
        self.authority = MemoryHome(HOME, self.key, (Agent(ROUTER, "the router"),))
        self.parts: Parts = build(
            home=HOME,
            authority=self.authority,
            store=self.store,
            signer=self.key,
            clock=self.clock,
            network=self.network,
            claim_code=ClaimCode(ClaimSlot(), self.clock, self.codes.append),
            port=8080,
            names=["stairgate.lan"],
            keeping=keeping(self.clock) if keeping else None,
        )
        # No name of a test leads anywhere.
        self.parts.looks.internet = lambda: PublicHttp(lambda host, port: [])
        self.broker = MemoryBroker(self.parts.exchange, self.clock)
        self.parts.connect(self.broker)
        self.parts.claim_code.renew()
        self.app = create_app(self.parts)
        self.app.test_client_class = Client
        self.browser = self.new_browser()

    def new_browser(self) -> FlaskClient:
        return self.app.test_client()

    def get(self, path: str, browser: FlaskClient | None = None, **arguments: Any) -> TestResponse:
        return (browser or self.browser).get(path, **arguments)

    def post(self, path: str, browser: FlaskClient | None = None, /, **fields: Any) -> TestResponse:
        """Post a form with the token of a page that has one."""
        browser = browser or self.browser
        token = self.token(browser, "/login" if self.parts.parents.is_claimed() else "/claim")
        return browser.post(path, data={"csrf_token": token, **fields})

    def token(self, browser: FlaskClient, page: str) -> str:
        answer = browser.get(page)
        if answer.status_code == 303:
            answer = browser.get("/account")
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        assert found, answer.text
        return found[1]

    def claim(self, browser: FlaskClient | None = None) -> TestResponse:
        self.clock.advance(2)
        return self.post("/claim", browser, code=self.codes[-1], password=PASSWORD, zone="Europe/Berlin")

    def sign_in(self, browser: FlaskClient) -> TestResponse:
        return self.post("/login", browser, password=PASSWORD)

    def family(self) -> Family:
        with self.store.transaction(HOME) as rows:
            return read_family(rows)

    def add_child(self, name: str = "Mia", band: str = "6-9") -> str:
        answer = self.post("/children", name=name, band=band, zone="Europe/Berlin")
        assert answer.status_code == 303, answer.text
        return answer.location.rpartition("/")[2]

    def add_device(self, person: str, mac: str = "02:00:5e:10:00:01", name: str = "blue tablet") -> str:
        answer = self.post("/devices", name=name, mac=mac, kind="tablet", person=person)
        assert answer.status_code == 303, answer.text
        device = self.family().device_with(mac)
        assert device
        return device.id


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real cost of a hash is not under test."""
    monkeypatch.setattr(passwords, "_METHOD", "scrypt:1024:8:1")


@pytest.fixture
def unclaimed() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.store.close()


@pytest.fixture
def hub(unclaimed: Hub) -> Hub:
    assert unclaimed.claim().status_code == 303
    return unclaimed
