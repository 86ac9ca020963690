"""Two real hubs, one after the other: what the first had, the second has, and a paired router obeys it."""

import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from stairgate.core.envelope import body_digest
from stairgate.core.policy import Policy, read_policy
from stairgate.hub import claim_code, limits
from stairgate.hub.backup import Places, make_backup, stage
from stairgate.port.clock import SystemClock
from stairgate.provisioning.home import create_home
from stairgate.provisioning.settings import Home, read_home
from tests.unit.hub.test_process import PASSWORD, SECONDS, Agent, Hub, free_port, is_open, wait_for

PASSPHRASE = "four green owls at dusk"


@contextmanager
def broker_of(home: Home) -> Iterator[None]:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert program, "mosquitto is missing: apt install mosquitto"
    process = subprocess.Popen([program, "-c", str(home.directory / "broker" / "mosquitto.conf")])
    try:
        wait_for(lambda: is_open(home.endpoints.port), "the broker")
        yield
    finally:
        process.terminate()
        process.wait(SECONDS)


def make_home(directory: Path) -> Home:
    directory.mkdir()
    return create_home(
        directory / "home", ["127.0.0.1"], ["hub.lan"], free_port(), ["router"], SystemClock(), ["127.0.0.1"]
    )


def download(hub: Hub, path: str, page: str, **fields: str) -> bytes:
    """Post a form of a signed-in parent and take the answer's bytes."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', hub.get(page))
    assert found
    data = urllib.parse.urlencode({"csrf_token": found[1], **fields}).encode()
    with hub._browser.open(hub.address + path, data, timeout=SECONDS) as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
        return bytes(answer.read())


def upload(hub: Hub, data: bytes) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', hub.get("/claim/restore"))
    assert found
    fields = {"csrf_token": found[1], "code": hub.line(r"Claim code: (\S+)"), "passphrase": PASSPHRASE}
    body = b"".join(
        f'--mark\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )
    body += b'--mark\r\nContent-Disposition: form-data; name="file"; filename="b.stairgate"\r\n\r\n'
    body += data + b"\r\n--mark--\r\n"
    request = urllib.request.Request(
        f"{hub.address}/claim/restore", body, {"Content-Type": "multipart/form-data; boundary=mark"}
    )
    with hub._browser.open(request, timeout=SECONDS) as answer:
        return str(answer.read().decode())


def newest(agent: Agent) -> Policy:
    return read_policy(agent.documents("policy")[-1].partition(b"\n")[2])


def obeys(hub: Hub, agent: Agent, child: str, above: int) -> int:
    """A pause reaches this router as something newer than it has met; its revision."""
    count = len(agent.documents("policy"))
    hub.post(f"/children/{child}/pause", "/children/new", minutes="15")
    wait_for(lambda: len(agent.documents("policy")) > count and newest(agent).overrides, "the pause")
    assert newest(agent).revision > above
    agent.hello(newest(agent).revision, body_digest(agent.documents("policy")[-1].partition(b"\n")[2]))
    wait_for(lambda: '"applied":1' in hub.get("/status"), "applied on 1 of 1")
    return newest(agent).revision


def test_a_new_machine_goes_on_where_the_backup_ended(tmp_path: Path) -> None:
    first = make_home(tmp_path / "first")
    hub = Hub(first, tmp_path / "first" / "data")
    try:
        with broker_of(first):
            hub.claim()
            hub.post("/children", "/children/new", name="Mia", band="6-9")
            hub.line("connected to the broker")
            agent = Agent(first)
            agent.hello()
            wait_for(lambda: agent.documents("policy"), "the policy")
            child = newest(agent).persons[0].id
            sealed = download(hub, "/backup", "/backup", passphrase=PASSPHRASE, again=PASSPHRASE, password=PASSWORD)
            met = obeys(hub, agent, child, newest(agent).revision)  # after the backup
            agent.stop()
    finally:
        hub.stop()

    second = make_home(tmp_path / "second")
    hub = Hub(second, tmp_path / "second" / "data")
    try:
        assert "Restored" in upload(hub, sealed)
        hub.line("Restored from the backup")
        wait_for(lambda: "Sign in" in hub.get("/login"), "the hub that begins anew")
        restored = read_home(second.directory)
        assert restored.id == first.id
        with broker_of(restored):
            hub.line("connected to the broker")
            assert "restored on" in hub.post("/login", "/login", password=PASSWORD)
            # The router still has its own files, and met a revision that the backup knows nothing of.
            agent = Agent(replace(restored, directory=first.directory))
            agent.hello(met, "0" * 64)
            wait_for(lambda: agent.documents("policy") and newest(agent).revision > met, "a newer policy")
            obeys(hub, agent, child, met)
            agent.stop()
        assert "This hub was restored from a backup" in hub.get("/history")
        log = "".join(hub.lines)
        assert PASSPHRASE not in log
        assert "Traceback" not in log
    finally:
        hub.stop()
    assert (tmp_path / "second" / "home.before-restore" / "home.toml").exists()
    assert (tmp_path / "second" / "data.before-restore").is_dir()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(make_home(tmp_path / "one"), tmp_path / "one" / "data")
    yield hub
    if hub.process.poll() is None:
        hub.stop()


def raw(hub: Hub, head: str, body: bytes = b"") -> bytes:
    """One request as bytes, and all that is answered."""
    with socket.create_connection(("127.0.0.1", int(hub.address.rpartition(":")[2])), SECONDS) as connection:
        connection.settimeout(SECONDS)
        try:
            connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n" + body)
            answer = b""
            while part := connection.recv(65536):
                answer += part
        except ConnectionError:
            pass  # closed while we were still sending
        return answer


HEAD = "POST {path} HTTP/1.1\nHost: 127.0.0.1\nConnection: close\nContent-Type: text/plain\nContent-Length: {length}\n"


def test_a_large_body_is_taken_at_one_address_of_an_unclaimed_hub_only(hub: Hub) -> None:
    hub.line("Claim code")
    large = limits.REQUEST_BYTES_MAX * 5
    assert raw(hub, HEAD.format(path="/claim", length=large)).startswith(b"HTTP/1.1 413")
    assert raw(hub, HEAD.format(path="/claim/restore", length=large), bytes(large)).startswith(b"HTTP/1.1 400")
    assert raw(hub, HEAD.format(path="/claim/restore", length=2**25)).startswith(b"HTTP/1.1 413")
    hub.claim()
    assert raw(hub, HEAD.format(path="/claim/restore", length=large)).startswith(b"HTTP/1.1 413")


def test_one_upload_at_a_time(hub: Hub) -> None:
    hub.line("Claim code")
    large = limits.REQUEST_BYTES_MAX * 5
    head = HEAD.format(path="/claim/restore", length=large).replace("\n", "\r\n").encode() + b"\r\n"
    with socket.create_connection(("127.0.0.1", int(hub.address.rpartition(":")[2])), SECONDS) as slow:
        slow.sendall(head + b"x")
        wait_for(
            lambda: raw(hub, HEAD.format(path="/claim/restore", length=large)).startswith(b"HTTP/1.1 413"),
            "the second upload to be refused",
        )
        assert "Help" in hub.get("/help")


def test_a_password_is_set_anew_while_the_hub_runs(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.claim()
    assert claim_code.reset_main(["--data", str(tmp_path / "one" / "data")]) == 0
    found = re.search(r"new password: (\S+)", capsys.readouterr().out)
    assert found
    page = hub.post("/claim", "/claim", code=found[1], password="quite another one")
    assert "The owner’s password was set anew" in page
    assert "quite another one" not in "".join(hub.lines)


def test_history_and_wrong_tries_outlive_the_process(hub: Hub, tmp_path: Path) -> None:
    hub.claim()
    hub.post("/children", "/children/new", name="Mia", band="6-9")
    data = tmp_path / "one" / "data"
    stranger = Hub.__new__(Hub)
    stranger.address = hub.address
    stranger._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with pytest.raises(urllib.error.HTTPError, match="403"):
        stranger.post("/login", "/login", password="wrong password")
    assert (data / "guesses.json").exists()
    hub.stop()
    assert b"Mia" not in (data / "history.sqlite").read_bytes()
    assert b"child.add" in (data / "history.sqlite").read_bytes()


def test_a_stopped_restore_is_completed_at_the_start(tmp_path: Path) -> None:
    """The power went between the two renames."""
    clock = SystemClock()
    home = make_home(tmp_path / "one")
    places = Places(home.directory, tmp_path / "one" / "data")
    places.data.mkdir()
    stage(places, make_backup(places, PASSPHRASE, clock), PASSPHRASE, clock)
    places.home.rename(places.home.with_name("home.before-restore"))
    hub = Hub(home, places.data)
    try:
        hub.line("Restored from the backup")
        hub.line("Claim code")
    finally:
        hub.stop()
    assert places.home.is_dir()
