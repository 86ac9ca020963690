"""A disk that is full, and one that has become read-only, under a running hub: told on the page, nothing lost."""

import subprocess
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from stairgate.port.clock import SystemClock
from stairgate.provisioning.home import create_home
from tests.unit.hub.test_process import PASSWORD, Hub, free_port


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 256 kB."""
    data = tmp_path / "data"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "hub", str(data)], check=True)
    yield data
    subprocess.run(["umount", str(data)], check=True)


@pytest.fixture
def start(disk: Path, tmp_path: Path) -> Iterator[Callable[[], Hub]]:
    home = create_home(
        tmp_path / "home", ["127.0.0.1"], ["hub.lan"], free_port(), ["router"], SystemClock(), ["127.0.0.1"]
    )
    hubs: list[Hub] = []

    def begin() -> Hub:
        hubs.append(Hub(home, disk))
        return hubs[-1]

    yield begin
    for hub in hubs:
        if hub.process.poll() is None:
            hub.stop()


def refused(hub: Hub) -> str:
    with pytest.raises(urllib.error.HTTPError) as caught:
        hub.post("/children", "/children/new", name="Noah", band="6-9")
    assert caught.value.code == 503
    return str(caught.value.read().decode())


def says_so_and_keeps_everything(hub: Hub) -> None:
    assert "could not write this down, so nothing was changed" in refused(hub)
    assert "Mia" in hub.get("/")
    assert "Noah" not in hub.get("/")
    for page in ("/history", "/sessions", "/devices", "/more", "/backup", "/data", "/me"):
        assert "Stairgate" in hub.get(page)


def test_a_full_disk(start: Callable[[], Hub], disk: Path) -> None:
    hub = start()
    hub.claim()
    hub.post("/children", "/children/new", name="Mia", band="6-9")
    filler = disk / "filler"
    fill(filler)

    says_so_and_keeps_everything(hub)

    filler.unlink()
    assert "Noah" in hub.post("/children", "/children/new", name="Noah", band="6-9")
    hub.post("/logout", "/children/new")
    assert "Noah" in hub.post("/login", "/login", password=PASSWORD)
    fill(filler)
    hub.stop()
    hub = start()
    assert "Sign in" in hub.get("/login")
    filler.unlink()
    assert "Noah" in hub.post("/login", "/login", password=PASSWORD)
    assert "Traceback" not in "".join(hub.lines)


def test_a_read_only_disk(start: Callable[[], Hub], disk: Path) -> None:
    hub = start()
    hub.claim()
    hub.post("/children", "/children/new", name="Mia", band="6-9")
    cookies = hub._browser
    hub.stop()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

    hub = start()
    hub._browser = cookies
    says_so_and_keeps_everything(hub)

    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert "Noah" in hub.post("/children", "/children/new", name="Noah", band="6-9")
    hub.stop()
    assert "Traceback" not in "".join(hub.lines)


def fill(path: Path) -> None:
    """Write until there is no byte left."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1024))
