"""“Secure this phone” in a real Chromium: a certificate from the page, into its store, and no warning afterwards.

What the certificate is not good for is tried with the authority's own key, as a thief would have it.
"""

import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import Error as Refused

from stairgate.hub.https_start import open_https
from stairgate.hub.listening import bind
from stairgate.hub.serve import serve_pages
from stairgate.provisioning.web_authority import OWN_NAME
from tests.browser.conftest import EVENING, PASSWORD, LiveHub, Phone
from tests.chromium import launch
from tests.unit.provisioning.test_web_authority import stolen

Start = Callable[..., AbstractContextManager[Browser]]


class SecuredHub(LiveHub):
    """A hub at the time of this machine, which browsers compare certificates with, with HTTPS."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.clock.advance(time.time() - EVENING)
        self.parts.claim_code.renew()
        self.web = directory / "web"
        self.lines: list[str] = []
        https = bind("127.0.0.1:0")
        self.secured = f"https://127.0.0.1:{https.getsockname()[1]}"
        front = open_https(self.parts, self.web, [https], self.lines.append)
        assert front
        self._thread = threading.Thread(target=serve_pages, args=(self.parts, [self._socket], self._stop, front))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[SecuredHub]:
    live = SecuredHub(tmp_path)
    live.start()
    yield live
    live.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a Chromium with a certificate store of its own; what is imported counts from the next start."""
    (tmp_path / ".pki" / "nssdb").mkdir(parents=True)
    certutil(tmp_path, "-N", "--empty-password")
    with sync_playwright() as playwright:

        @contextmanager
        def begin(*flags: str) -> Iterator[Browser]:
            browser = launch(playwright, *flags, home=tmp_path)
            yield browser
            browser.close()

        yield begin


def certutil(home: Path, *arguments: str) -> None:
    program = shutil.which("certutil")
    assert program, "certutil is missing: apt install libnss3-tools"
    subprocess.run([program, "-d", f"sql:{home}/.pki/nssdb", *arguments], check=True)


def trust(home: Path, file: Path) -> None:
    """What a parent does in the browser's settings: an authority, for websites only."""
    certutil(home, "-A", "-n", "Stairgate", "-t", "C,,", "-i", str(file))


def download(page: Page, hub: SecuredHub, home: Path) -> Path:
    """Claim on the plain page and take the certificate from it."""
    page.goto(hub.address)
    page.get_by_label("code on the hub").fill(hub.codes[-1])
    page.get_by_label("new password").fill(PASSWORD)
    page.get_by_role("button", name="Claim this hub").click()
    expect(page.get_by_text("This connection can be read by others at home")).to_be_visible()
    page.get_by_role("link", name="More").first.click()
    page.get_by_role("link", name="Secure this phone", exact=True).click()
    assert hub.lines[0].partition(": ")[2] in page.locator("main").inner_text()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Get the certificate").first.click()
    file = home / "downloaded.crt"
    downloading.value.save_as(file)
    return file


def test_from_the_plain_page_to_a_pause_over_https(hub: SecuredHub, start: Start, tmp_path: Path) -> None:
    with start() as browser:
        page = browser.new_context(accept_downloads=True).new_page()
        file = download(page, hub, tmp_path)
        with pytest.raises(Refused, match="ERR_CERT_AUTHORITY_INVALID"):
            page.goto(f"{hub.secured}/secure/check")
    trust(tmp_path, file)
    with start() as browser:
        phone = Phone(browser, hub.address)
        page = phone.page
        page.goto("/login")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.goto("/secure")
        page.get_by_role("link", name="Check").click()
        expect(page.get_by_text("This phone is secured")).to_be_visible()
        assert page.url == f"{hub.secured}/login"

        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.goto(f"{hub.secured}/secure/check")
        expect(page.get_by_text("This phone is secured")).to_be_visible()
        page.goto(f"{hub.secured}/children/new")
        page.get_by_label("Name").fill("Mia")
        page.get_by_label("6 to 9").check()
        page.get_by_role("button", name="Add").click()
        page.get_by_label("Name").fill("blue tablet")
        page.get_by_label("Hardware address").fill("02:00:5E:10:00:01")
        page.get_by_role("button", name="Add device").click()
        page.goto(f"{hub.secured}/")
        page.get_by_role("button", name="30 min").first.click()
        expect(page.get_by_text("Paused", exact=True)).to_be_visible()
        assert [override.kind for override in hub.family().overrides] == ["pause"]

        cookies = {each["name"]: each for each in phone.context.cookies()}
        assert set(cookies) == {"sg", "__Host-sg"}
        assert cookies["__Host-sg"]["secure"] and not cookies["sg"]["secure"]
        assert cookies["__Host-sg"]["value"] != cookies["sg"]["value"]
        expect(page.get_by_text("can be read by others")).to_have_count(0)
        page.goto(f"{hub.secured}/sessions")
        expect(page.get_by_text("Secured connection")).to_have_count(1)
        assert phone.complaints == []


@contextmanager
def impostor(file: Path) -> Iterator[str]:
    """A web server with this key and certificate; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *about: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield str(server.server_port)
        server.shutdown()
        thread.join(10)


@pytest.mark.parametrize("name", ["www.example.com", "router.lan", OWN_NAME])
def test_a_stolen_key_of_the_hub_speaks_for_no_other_site(
    hub: SecuredHub, start: Start, tmp_path: Path, name: str
) -> None:
    trust(tmp_path, hub.web / "ca.crt")
    with impostor(stolen(hub.web, name)) as port, start(f"--host-resolver-rules=MAP {name} 127.0.0.1") as browser:
        page = browser.new_page()
        outcome = ""
        with suppress(Refused):
            page.goto(f"https://{name}:{port}/nothing")
            outcome = "shown"
        # The last one is the proof that the attempt itself is sound.
        assert outcome == ("shown" if name == OWN_NAME else "")
