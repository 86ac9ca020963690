"""The hub's settings: what is chosen counts, mistakes are told at once, and the process starts with them or not."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from stairgate.core.settings import defaults
from stairgate.hub import limits
from stairgate.hub.config import ConfigError
from stairgate.hub.listening import page_sockets
from stairgate.hub.settings import put_in_force, read_settings
from stairgate.port.clock import SystemClock
from stairgate.provisioning.home import create_home

SECONDS = 20.0
BOUNDS = ("SESSION_SECONDS", "SESSION_IDLE_SECONDS", "HISTORY_EVENT_DAYS", "HISTORY_USAGE_DAYS", "TRIAL_SECONDS")


def test_nothing_chosen_is_what_limits_say(tmp_path: Path) -> None:
    before = {name: getattr(limits, name) for name in BOUNDS}

    values = read_settings(tmp_path)
    assert values == defaults("hub")
    put_in_force(values)
    assert {name: getattr(limits, name) for name in BOUNDS} == before


def test_what_is_chosen_is_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in BOUNDS:
        monkeypatch.setattr(limits, name, getattr(limits, name))
    (tmp_path / "stairgate.toml").write_text(
        "[hub]\nsession_days = 7\nsession_idle_days = 2\nhistory_days = 10\nusage_days = 3\ntrial_minutes = 5\n"
    )

    put_in_force(read_settings(tmp_path))
    assert [getattr(limits, name) for name in BOUNDS] == [7 * 86400, 2 * 86400, 10, 3, 300]


def test_all_mistakes_at_once_but_for_the_agents(tmp_path: Path) -> None:
    file = tmp_path / "chosen.toml"
    file.write_text("[hub]\nlisten = ['8080']\nsession_day = 1\nusage_days = 0\n[agent]\nmark_bit = 99\n[Hub]\n")
    with pytest.raises(ConfigError) as caught:
        read_settings(tmp_path, file)

    assert str(caught.value) == (
        f"{file}: hub.listen: expected a list of 1 to 8 texts ADDRESS:PORT, IPv6 in brackets, got '8080'; "
        "hub.session_day: expected a known setting, got an unknown one; did you mean session_days?; "
        "hub.usage_days: expected a whole number from 1 to 90 days, got 0; "
        "'Hub': expected one of the tables hub, agent, got an unknown one; did you mean hub?"
    )


@pytest.mark.parametrize("content", [b"\xff", b"[hub", b"#" * 100_000, b"[hub]\nx = " + b"[" * 5000])
def test_a_file_that_is_no_settings(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "stairgate.toml").write_bytes(content)
    with pytest.raises(ConfigError, match="stairgate.toml: file: expected TOML"):
        read_settings(tmp_path)


def test_a_file_that_was_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_settings(tmp_path, tmp_path / "chosen.toml")
    (tmp_path / "directory").mkdir()
    with pytest.raises(ConfigError, match="directory"):
        read_settings(tmp_path, tmp_path / "directory")


def test_what_was_asked_for_has_to_be_had() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError):
        page_sockets([f"127.0.0.1:{taken.getsockname()[1]}"], [])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_hub_started_with_settings_serves_where_they_say(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home", ["127.0.0.1"], ["hub.lan"], free_port(), [], SystemClock(), ["127.0.0.1"])
    plain, secured = free_port(), free_port()
    (home.directory / "hub" / "stairgate.toml").write_text(
        f"[hub]\nlisten = ['127.0.0.1:{plain}']\nhttps_listen = ['127.0.0.1:{secured}']\nnames = ['pages.lan']\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "stairgate.cli", "hub", str(home.directory / "hub"), "--data", str(tmp_path / "data")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_until_open(secured)
        wait_until_open(plain)
        trusted = ssl.create_default_context(cafile=str(home.directory / "web" / "ca.crt"))
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted)
        )
        for address in (f"http://127.0.0.1:{plain}/help", f"https://127.0.0.1:{secured}/help"):
            with opener.open(urllib.request.Request(address, headers={"Host": "pages.lan"}), timeout=SECONDS) as answer:
                assert b"What Stairgate does" in answer.read()
    finally:
        process.send_signal(signal.SIGTERM)
        lines, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, lines
    assert f"Stairgate listens on https://127.0.0.1:{secured}/" in lines
    assert "Certificate for phones, SHA-256: " in lines


def wait_until_open(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


def test_a_hub_with_wrong_settings_does_not_start_and_says_all_of_it(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home", ["127.0.0.1"], [], free_port(), [], SystemClock())
    (home.directory / "hub" / "stairgate.toml").write_text("[hub]\nlisten = []\nhttp = false\n")
    done = subprocess.run(
        [sys.executable, "-m", "stairgate.cli", "hub", str(home.directory / "hub"), "--data", str(tmp_path / "data")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )

    assert done.returncode == 1
    assert "hub.listen: expected a list of 1 to 8" in done.stderr
    assert "did you mean https?" in done.stderr
    assert not (home.directory / "web").exists()
