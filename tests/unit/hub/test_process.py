"""The hub as a process: settings, console code, sockets, signals, the broker by mutual TLS."""

import http.cookiejar
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stairgate.core import messages
from stairgate.core.envelope import body_digest, open_signed
from stairgate.core.policy import read_policy
from stairgate.hub import claim_code, kernel_tables
from stairgate.hub.clock import ManualClock
from stairgate.hub.config import ConfigError, read_config
from stairgate.hub.link import BrokerSettings, new_client
from stairgate.hub.listening import bind, page_sockets, to_open
from stairgate.hub.memory_store import MemoryStore
from stairgate.hub.network import KernelNetwork
from stairgate.hub.tinydb_store import TinyDbStore
from stairgate.port.clock import SystemClock
from stairgate.provisioning.home import create_home
from stairgate.provisioning.settings import Home
from stairgate.provisioning.signing import SigningKey

PASSWORD = "correct horse battery"
SECONDS = 60.0


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {SECONDS} s for {what}"
        threading.Event().wait(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return create_home(
        tmp_path / "home", ["127.0.0.1"], ["hub.lan"], free_port(), ["router"], SystemClock(), ["127.0.0.1"]
    )


@pytest.fixture
def broker(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program, "mosquitto is missing: apt install mosquitto"
    process = subprocess.Popen([program, "-c", str(home.directory / "broker" / "mosquitto.conf")])
    wait_for(lambda: is_open(home.endpoints.port), "the broker")
    yield process
    process.terminate()
    process.wait(SECONDS)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Hub:
    """A hub in its own process, on a socket that this one opened."""

    def __init__(self, home: Home, data: Path) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen()
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        number = self._socket.fileno()
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "stairgate.cli", "hub", str(home.directory / "hub")),
                *("--data", str(data), "--socket-fd", str(number)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[number],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"},
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), urllib.request.ProxyHandler({})
        )

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)

    def line(self, pattern: str) -> str:
        wait_for(lambda: any(re.search(pattern, line) for line in self.lines), pattern)
        found = next(match for line in reversed(self.lines) if (match := re.search(pattern, line)))
        return found[1] if found.groups() else found[0]

    def get(self, path: str) -> str:
        with self._browser.open(self.address + path, timeout=SECONDS) as answer:
            return str(answer.read().decode())

    def post(self, path: str, page: str, **fields: str) -> str:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page))
        assert token
        data = urllib.parse.urlencode({"csrf_token": token[1], **fields}).encode()
        with self._browser.open(self.address + path, data, timeout=SECONDS) as answer:
            return str(answer.read().decode())

    def claim(self) -> None:
        self.post("/claim", "/claim", code=self.line(r"Claim code: (\S+)"), password=PASSWORD)

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(SECONDS)
        self._reader.join(SECONDS)
        assert self.process.stdout
        self.process.stdout.close()
        self._socket.close()
        assert status == 0, "".join(self.lines)


@pytest.fixture
def start(home: Home, tmp_path: Path) -> Iterator[Callable[[], Hub]]:
    hubs: list[Hub] = []

    def begin() -> Hub:
        hubs.append(Hub(home, tmp_path / "data"))
        return hubs[-1]

    yield begin
    for hub in hubs:
        if hub.process.poll() is None:
            hub.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_claimed_by_the_code_on_the_console_and_there_again_after_a_restart(
    start: Callable[[], Hub], number: int
) -> None:
    hub = start()
    hub.claim()
    assert "Mia" in hub.post("/children", "/children/new", name="Mia", band="6-9")
    hub.stop(number)

    again = start()
    assert "Mia" in again.post("/login", "/login", password=PASSWORD)
    log = "".join(hub.lines + again.lines)
    assert "Claim code" not in "".join(again.lines)
    assert "Mia" not in log
    assert PASSWORD not in log
    assert "Traceback" not in log


def test_a_new_code_while_the_hub_runs(
    start: Callable[[], Hub], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = start()
    hub.line(r"Claim code: (\S+)")
    assert claim_code.main(["--data", str(tmp_path / "data")]) == 0
    said = capsys.readouterr().out
    code = re.search(r"Claim code: (\S+)", said)
    assert code
    # An owner who has forgotten the password ends up here first.
    assert "stairgate reset-password" in said
    assert "Whose internet is it?" in hub.post("/claim", "/claim", code=code[1], password=PASSWORD)


def test_silent_sockets_keep_nobody_out(start: Callable[[], Hub]) -> None:
    hub = start()
    hub.line("Claim code")
    port = int(hub.address.rpartition(":")[2])
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(30)]
    try:
        for each in silent[::2]:
            each.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1")
        assert "Help" in hub.get("/help")
    finally:
        for each in silent:
            each.close()


def test_the_same_data_are_opened_once(start: Callable[[], Hub], home: Home, tmp_path: Path) -> None:
    start().line("Claim code")
    second = subprocess.run(
        [sys.executable, "-m", "stairgate.cli", "hub", str(home.directory / "hub"), "--data", str(tmp_path / "data")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert second.returncode == 1
    assert "expected no other hub" in second.stderr


class Agent:
    """A router agent's end of the broker, over mutual TLS, with paho in its own thread."""

    def __init__(self, home: Home) -> None:
        self._home = home
        directory = home.agent_directory("router")
        self.id = home.agents["router"]
        self.received: list[tuple[str, bytes]] = []
        self._client = new_client(self.id)
        files = (directory / "ca.crt", directory / "agent.crt", directory / "agent.key")
        settings = BrokerSettings(("127.0.0.1",), home.endpoints.port, self.id, "000", *files)
        self._client.tls_set_context(settings.context())
        self._client.on_message = lambda client, data, message: self.received.append((message.topic, message.payload))
        self._granted = threading.Event()
        self._client.on_subscribe = lambda *rest: self._granted.set()
        self._client.connect("127.0.0.1", home.endpoints.port)
        self._client.loop_start()
        self._client.subscribe(f"sg/v1/000/{home.id}/{self.id}/down/#", 1)
        assert self._granted.wait(SECONDS)

    def documents(self, kind: str) -> list[bytes]:
        return [payload for topic, payload in list(self.received) if topic.endswith(f"/down/{kind}")]

    def hello(self, revision: int = 0, digest: str = "") -> None:
        hello = messages.Hello(
            "m1", int(time.time()), self.id, "nonce123", revision, digest, revision, "applied", "", (), "trusted", 0, ""
        )
        name = messages.topic(self._home.id, self.id, "up", "hello")
        self._client.publish(name, messages.encode_hello(hello), 1)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_a_tap_reaches_the_router_and_its_answer_the_page(
    broker: subprocess.Popen[bytes], start: Callable[[], Hub], home: Home
) -> None:
    hub = start()
    hub.claim()
    hub.post("/children", "/children/new", name="Mia", band="6-9")
    hub.line("connected to the broker")
    agent = Agent(home)
    try:
        agent.hello()
        wait_for(lambda: agent.documents("policy") and agent.documents("time"), "policy and time")
        key = SigningKey.load(home.directory / "signing" / "policy.key")
        keys = {key.key_id: key.point}
        first = read_policy(open_signed(agent.documents("policy")[-1], "policy", keys, 16384))
        assert (first.home, first.agent, len(first.persons)) == (home.id, agent.id, 1)
        assert messages.read_time(open_signed(agent.documents("time")[-1], "time", keys, 512)).nonce == "nonce123"

        hub.post(f"/children/{first.persons[0].id}/pause", "/children/new", minutes="15")

        def newest() -> bytes:
            return open_signed(agent.documents("policy")[-1], "policy", keys, 16384)

        wait_for(lambda: read_policy(newest()).overrides, "the pause")
        paused = read_policy(newest())
        assert paused.revision > first.revision
        agent.hello(paused.revision, body_digest(newest()))
        wait_for(lambda: '"applied":1' in hub.get("/status"), "applied on 1 of 1")

        count = len(agent.documents("policy"))
        broker.send_signal(signal.SIGHUP)  # reload: the connection stays
        agent.hello()
        wait_for(lambda: len(agent.documents("policy")) > count, "the policy for a router that lost it")
    finally:
        agent.stop()


def test_the_hub_starts_without_a_broker_and_finds_it_later(
    start: Callable[[], Hub], home: Home, request: pytest.FixtureRequest
) -> None:
    hub = start()
    hub.claim()
    hub.line("the broker cannot be reached at 127.0.0.1, port")
    request.getfixturevalue("broker")
    hub.line("connected to the broker")


# Settings, sockets, own addresses


def test_the_settings_of_a_home(home: Home) -> None:
    config = read_config(home.directory / "hub")
    assert (config.home, config.broker.client_id, config.broker.port) == (home.id, home.hub, home.endpoints.port)
    assert config.home_directory == home.directory.resolve()
    assert config.signing_key.resolve() == (home.directory / "signing" / "policy.key").resolve()
    assert {"127.0.0.1", "hub.lan"} <= set(config.names)


def test_all_faults_of_the_settings_at_once(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text('home = "H!"\nport = true\nbroker = []\n')
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path)
    for fault in ("home: expected an id", "port: expected a port", "broker: expected", "key: expected a path"):
        assert fault in str(caught.value)
    with pytest.raises(ConfigError, match="stairgate home init"):
        read_config(tmp_path / "nothing")


@pytest.mark.parametrize(
    "text", ["8080", "127.0.0.1", "127.0.0.1:x", ":8080", "127.0.0.1:65536", "127.0.0.1:²", "127.0.0.1:" + "9" * 5000]
)
def test_an_address_to_listen_on(text: str) -> None:
    with pytest.raises(ValueError, match="expected ADDRESS:PORT"):
        bind(text)


def test_an_address_that_is_taken_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        text = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(OSError, match=f"{text}: another program listens there already.*--listen"):
            page_sockets([text], [])


def test_what_to_type_on_a_phone() -> None:
    """`0.0.0.0` is no address to open; the home's own are."""
    everywhere, here = bind("0.0.0.0:0"), bind("127.0.0.1:0")
    port = everywhere.getsockname()[1]
    with everywhere, here:
        hosts = ["192.0.2.2", "2001:db8::2", "hub.lan"]
        assert to_open([everywhere, here], hosts) == [
            f"http://192.0.2.2:{port}/",
            f"http://[2001:db8::2]:{port}/",
            f"http://hub.lan:{port}/",
        ]
        assert to_open([here], hosts) == []


def test_the_kernel_tells_own_addresses() -> None:
    network = KernelNetwork(ManualClock(0))
    assert "127.0.0.1" in network.own_addresses()
    reachable = network.reachable(8080)
    assert "127.0.0.1" not in reachable.addresses
    assert all(re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", mac) for mac in reachable.macs)
    assert network.mac_of("203.0.113.99") is None
    assert all(":" in mac for mac in kernel_tables.neighbours().values())


def test_addresses_that_makers_gave_come_before_those_of_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    link, up = struct.Struct("=BBHiII"), 0x1
    macs = [bytes.fromhex(text) for text in ("0242ac110002", "b827eb000001", "000000000000", "02000000aa01")]
    entries = [(link.pack(0, 0, 1, number, up, 0), {1: mac}) for number, mac in enumerate(macs)]
    monkeypatch.setattr(kernel_tables, "_dump", lambda kind, fixed: iter(entries))

    assert kernel_tables.own_macs() == ["b8:27:eb:00:00:01", "02:00:00:00:aa:01", "02:42:ac:11:00:02"]


def test_the_claim_state_survives_damage(tmp_path: Path) -> None:
    slot = claim_code.ClaimFile(tmp_path)
    code = claim_code.ClaimCode(slot, ManualClock(1000.0), lambda shown: None)
    shown = code.renew()
    assert claim_code.ClaimCode(slot, ManualClock(1000.0), print).check(shown) == ""
    (tmp_path / "claim.json").write_bytes(b"\xff{")
    assert "run out" in claim_code.ClaimCode(slot, ManualClock(1000.0), print).check(shown)


def test_a_store_that_went_back_tells_the_parents(tmp_path: Path) -> None:
    store = TinyDbStore(tmp_path)
    for name in ("a", "b"):
        with store.transaction("hhome") as rows:
            rows.put("people", "p1", {"name": name})
    store.close()
    path = tmp_path / "store.json"
    path.write_bytes(path.read_bytes()[:-1])
    store = TinyDbStore(tmp_path)
    try:
        assert "store.json" in store.recovery
        assert MemoryStore().recovery == ""
    finally:
        store.close()


def test_the_link_survives_a_broker_that_comes_and_goes(
    start: Callable[[], Hub], home: Home, request: pytest.FixtureRequest
) -> None:
    broker: subprocess.Popen[bytes] = request.getfixturevalue("broker")
    hub = start()
    hub.claim()
    hub.line("connected to the broker")
    broker.terminate()
    broker.wait(SECONDS)
    hub.line("the broker connection was lost")
    hub.post("/children", "/children/new", name="Mia", band="6-9")

    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program
    again = subprocess.Popen([program, "-c", str(home.directory / "broker" / "mosquitto.conf")])
    try:
        wait_for(lambda: is_open(home.endpoints.port), "the broker")
        agent = Agent(home)
        agent.hello()
        wait_for(lambda: agent.documents("policy"), "the policy made meanwhile")
        assert len(read_policy(agent.documents("policy")[-1].partition(b"\n")[2]).persons) == 1
        agent.stop()
    finally:
        again.terminate()
        again.wait(SECONDS)
