"""A child asks on its own page, a parent answers with one tap on the first page, the child reads it: in Chromium, with
and without scripts, without one complaint."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from stairgate.hub import limits
from tests.browser.conftest import LiveHub, Phone
from tests.browser.test_parent import PALE, SMALL, STRAYED, TINY

TABLET = "02:00:5e:10:00:01"
#: The child's device, for the hub; the parent's browser comes from 127.0.0.1.
CHILDS = "127.0.0.2"


class Elsewhere:
    """Carries connections to a hub so that they come from another address of this machine."""

    def __init__(self, hub: str, source: str) -> None:
        host, _, port = hub.rpartition("//")[2].partition(":")
        self._to, self._source = (host, int(port)), source
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._to, source_address=(self._source, 0))
            for ends in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=ends, daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        target.close()


@pytest.fixture
def parent(chromium: Browser, hub: LiveHub) -> Iterator[Phone]:
    phone = Phone(chromium, hub.address)
    phone.claim(hub)
    hub.seed()
    phone.page.goto("/")
    yield phone
    phone.context.close()
    assert phone.complaints == []


Opened = Callable[..., Phone]


@pytest.fixture
def opened(chromium: Browser, hub: LiveHub) -> Iterator[Opened]:
    """Opens Mia's own page on her tablet."""
    hub.network.neighbours[CHILDS] = TABLET
    way, phones = Elsewhere(hub.address, CHILDS), []

    def open_page(**options: object) -> Phone:
        phone = Phone(chromium, way.address, **options)
        phones.append(phone)
        return phone

    yield open_page
    for phone in phones:
        phone.context.close()
        assert phone.complaints == []
    way.close()


def test_ask_answer_read_without_a_reload(parent: Phone, opened: Opened, hub: LiveHub) -> None:
    hub.parts.acts.pause(next(person.id for person in hub.family().people if person.name == "Mia"), 60)
    hub.clock.advance(limits.TOAST_SECONDS)
    mine = opened().page
    mine.goto("/me")
    mine.get_by_role("link", name="Ask for time or a site").click()
    mine.get_by_label("What for?").first.fill("One more chapter <b>please</b>")
    mine.get_by_role("button", name="30 min").click()
    expect(mine.locator("#asking")).to_contain_text("Waiting")
    expect(mine.locator("#asking")).to_contain_text("Your parents see it now.")

    # The parent's page shows it by itself: on the card, in the tab bar and in the title.
    page = parent.page
    expect(page.get_by_text("asks for 30 minutes more.")).to_be_visible()
    expect(page.get_by_text("One more chapter <b>please</b>")).to_be_visible()
    expect(page.locator("#badge")).to_contain_text("1 question waits")
    expect(page).to_have_title("(1) Home · Stairgate")
    page.get_by_role("button", name="Give Mia 30 minutes").click()

    expect(mine.locator("#asking")).to_contain_text("You got 30 minutes.")
    expect(mine.get_by_text("Extra time").first).to_be_visible()
    expect(page.locator("#badge")).to_have_text("")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("asks for 30 minutes more.")).to_be_visible()
    assert [override.kind for override in hub.family().overrides] == ["pause"]


def test_a_no_with_words_from_the_childs_page(parent: Phone, opened: Opened) -> None:
    mine = opened().page
    mine.goto("/me/ask")
    mine.get_by_role("button", name="15 min").click()
    page = parent.page
    page.get_by_role("link", name="Answer with words").click()
    page.get_by_label("Your words to Mia").fill("We eat at half past seven.")
    page.get_by_role("button", name="Say no to Mia").click()
    expect(mine.locator("#asking")).to_contain_text("We eat at half past seven.")


def test_all_of_it_without_scripts(chromium: Browser, parent: Phone, opened: Opened, hub: LiveHub) -> None:
    mine = opened(java_script_enabled=False).page
    mine.goto("/me/why")
    mine.get_by_label("Which page or app").fill("www.tiktok.com")
    mine.get_by_role("button", name="Why?").click()
    mine.get_by_label("What for?").fill("the dance club")
    mine.get_by_role("button", name="Ask to open it").click()
    expect(mine.locator("#asking")).to_contain_text("Open a site: TikTok")

    plain = Phone(chromium, hub.address, java_script_enabled=False, storage_state=parent.context.storage_state())
    plain.page.goto("/")
    plain.page.get_by_role("button", name="Open TikTok for Mia until").click()
    expect(plain.page.locator("#toast")).to_contain_text("may open TikTok today.")
    mine.get_by_role("link", name="Look for an answer").click()
    expect(mine.locator("#asking")).to_contain_text("It is open for today.")
    plain.page.get_by_role("button", name="Undo").click()
    expect(plain.page.get_by_text("asks you to open this:")).to_be_visible()
    plain.context.close()
    assert plain.complaints == []


def test_stop_me_is_seen_by_the_parent_who_alone_takes_it_back(parent: Phone, opened: Opened) -> None:
    mine = opened().page
    mine.goto("/me/ask")
    mine.get_by_label("From what time today?").fill("19:00")
    mine.get_by_role("button", name="Stop me then").click()
    expect(mine.get_by_text("It stops at 19:00, as you wanted")).to_be_visible()
    expect(mine.get_by_role("button", name="Take the wish back")).to_have_count(0)
    page = parent.page
    expect(page.get_by_text("wants to stop at 19:00, until")).to_be_visible()
    page.get_by_role("button", name="Take the wish back").click()
    expect(page.get_by_text("wants to stop at 19:00, until")).to_have_count(0)


@pytest.mark.parametrize(("scheme", "width"), [("dark", 320), ("light", 1200)])
def test_every_page_of_it_fits_and_can_be_tapped_and_read(
    chromium: Browser, parent: Phone, opened: Opened, hub: LiveHub, scheme: str, width: int
) -> None:
    look = {"color_scheme": scheme, "viewport": {"width": width, "height": 740}}
    child = next(person for person in hub.family().people if person.name == "Mia")
    hub.parts.asking.parent.allow_free(child.id, 60)
    mine = opened(**look)
    for minutes in (15, 60):
        mine.page.goto("/me/ask")
        mine.page.get_by_label("What for?").first.fill("w" * limits.REQUEST_WORDS_MAX)
        mine.page.get_by_role("button", name=f"{minutes} min").click()
    mine.page.goto("/me/why")
    mine.page.get_by_label("Which page or app").fill("www.tiktok.com")
    mine.page.get_by_role("button", name="Why?").click()
    wrong = [fault for script in (STRAYED, SMALL, TINY, PALE) for fault in mine.page.evaluate(script)]
    mine.page.get_by_role("button", name="It is blocked by mistake").click()
    for path in ("/me", "/me/ask"):
        mine.page.goto(path)
        wrong += [fault for script in (STRAYED, SMALL, TINY, PALE) for fault in mine.page.evaluate(script)]
    theirs = Phone(chromium, hub.address, storage_state=parent.context.storage_state(), **look)
    for path in ("/", f"/children/{child.id}"):
        theirs.page.goto(path)
        wrong += [fault for script in (STRAYED, SMALL, TINY, PALE) for fault in theirs.page.evaluate(script)]
    theirs.context.close()
    assert wrong == []
