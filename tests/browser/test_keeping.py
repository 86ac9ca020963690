"""A parent's phone takes a backup along and brings a new hub back to it; nothing but the pages is used."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PASSWORD, Phone
from tests.unit.hub.test_process import Hub
from tests.unit.hub.test_restore_process import PASSPHRASE, make_home


@pytest.fixture
def hubs(tmp_path: Path) -> Iterator[list[Hub]]:
    started: list[Hub] = []
    for name in ("first", "second"):
        started.append(Hub(make_home(tmp_path / name), tmp_path / name / "data"))
    yield started
    for hub in started:
        hub.stop()


def claim(page: Page, hub: Hub) -> None:
    page.goto("/")
    page.get_by_label("code on the hub").fill(hub.line(r"Claim code: (\S+)"))
    page.get_by_label("new password").fill(PASSWORD)
    page.get_by_role("button", name="Claim this hub").click()
    page.wait_for_url("**/")


def test_a_backup_from_one_hub_to_the_next(chromium: Browser, hubs: list[Hub], tmp_path: Path) -> None:
    old, new = hubs
    phone = Phone(chromium, old.address, accept_downloads=True)
    page = phone.page
    claim(page, old)
    page.goto("/children/new")
    page.get_by_label("Name").fill("Mia")
    page.get_by_label("6 to 9").check()
    page.get_by_role("button", name="Add").click()
    page.get_by_role("link", name="More").click()
    page.get_by_role("link", name="Backup").click()
    saved = tmp_path / "b.stairgate"
    for _ in range(2):  # a download leaves the page as it was: it works again
        page.get_by_label("passphrase for this file").fill(PASSPHRASE)
        page.get_by_label("same again").fill(PASSPHRASE)
        page.get_by_label("password you sign in with").fill(PASSWORD)
        with page.expect_download() as download:
            page.get_by_role("button", name="Download the backup").click()
        download.value.save_as(saved)
    assert saved.read_bytes().startswith(b"stairgate-backup 1 scrypt ")

    restorer = Phone(chromium, new.address)
    page = restorer.page
    page.goto("/")
    page.get_by_role("link", name="Restore a backup").click()
    page.get_by_label("code on the hub").fill(new.line(r"Claim code: (\S+)"))
    page.get_by_label("file of the backup").set_input_files(saved)
    page.get_by_label("Its passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Show passphrase").click()
    assert page.get_by_role("button", name="Hide passphrase").is_visible()
    page.get_by_role("button", name="Restore").click()
    page.get_by_role("heading", name="Restored").wait_for()
    new.line("Restored from the backup")
    page.get_by_role("link", name="Sign in").click()
    page.wait_for_url("**/login")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Mia").wait_for()
    assert page.get_by_text("This hub was restored on").is_visible()
    assert phone.complaints + restorer.complaints == []
