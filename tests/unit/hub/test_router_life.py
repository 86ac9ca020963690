"""A router's life with a real hub process and a real Mosquitto: paired, keys changed, removed while connected.

The router is a client made of the core's documents and paho; the product's own agent is `tests/lab`'s.
"""

import re
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from stairgate.core import messages
from stairgate.core.certificate import accept_certificate
from stairgate.core.envelope import open_signed, signer
from stairgate.core.pairing import PairAnswer, PairRequest, read_answer, read_code, write_request
from stairgate.core.policy import read_policy
from stairgate.core.trust import accept_trust
from stairgate.hub.credentials import fingerprint
from stairgate.hub.link import BrokerSettings, new_client
from stairgate.provisioning.authority import key_pem, new_key, public_point
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.rotation import rotate
from stairgate.provisioning.settings import Home, read_home
from tests.unit.hub.test_process import PASSWORD, SECONDS, Hub, broker, home, start, wait_for  # noqa: F401

pytestmark = pytest.mark.usefixtures("broker")


class Router:
    """A device with its own key that knows a code."""

    def __init__(self, folder: Path, hub: Hub, label: str = "OpenWrt") -> None:
        self._folder = folder
        self._hub = hub
        self._label = label
        self._key = new_key()
        self._client: Any = None
        self.answer: PairAnswer
        self.received: list[tuple[str, bytes]] = []
        self.is_connected = False
        self.refusals = 0

    def ask(self, code: bytes) -> int:
        """Send a request; the status. A 200 is kept."""
        request = PairRequest(public_point(self._key.public_key()), "0a" * 16, "router", self._label)
        document = write_request(code, request)
        post = urllib.request.Request(
            f"{self._hub.address}/pair", document, {"Content-Type": "application/vnd.stairgate.pair"}
        )
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(post, timeout=SECONDS) as answer:
                self.answer = read_answer(code, document, answer.read())
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code

    def connect(self) -> None:
        """Connect with what pairing gave, and subscribe to what comes down."""
        told = self.answer
        files = [self._folder / name for name in ("ca.crt", "agent.crt", "agent.key")]
        for path, der in zip(files, (told.ca, told.certificate), strict=False):
            path.write_text(ssl.DER_cert_to_PEM_cert(der))
        files[2].write_bytes(key_pem(self._key))
        self._client = client = new_client(told.agent)
        settings = BrokerSettings(told.broker, told.broker_port, told.agent, told.shard, *files)
        client.tls_set_context(settings.context())
        client.reconnect_delay_set(1, 1)
        client.on_message = lambda _, __, message: self.received.append((message.topic, message.payload))
        granted = threading.Event()
        client.on_subscribe = lambda *rest: granted.set()

        def connected(*rest: Any) -> None:
            self.is_connected = True
            client.subscribe(f"sg/v1/{told.shard}/{told.home}/{told.agent}/down/#", 1)

        def disconnected(*rest: Any) -> None:
            self.is_connected = False

        def failed(*rest: Any) -> None:
            self.refusals += 1

        client.on_connect, client.on_disconnect = connected, disconnected
        client.on_connect_fail = failed
        client.connect(told.broker[0], told.broker_port)
        client.loop_start()
        assert granted.wait(SECONDS)

    def documents(self, kind: str) -> list[bytes]:
        return [payload for topic, payload in list(self.received) if topic.endswith(f"/down/{kind}")]

    def hello(self, trust: int = 1, certificate: str = "") -> None:
        told = self.answer
        hello = messages.Hello(
            "m1", int(time.time()), told.agent, "nonce123", 0, "", 0, "applied", "", (), "trusted", trust, certificate
        )
        name = messages.topic(told.home, told.agent, "up", "hello")
        self._client.publish(name, messages.encode_hello(hello), 1)

    def tries_and_is_refused(self) -> bool:
        """One connection with the old certificate: True when the broker says that it is revoked."""
        context = ssl.create_default_context(cafile=str(self._folder / "ca.crt"))
        context.load_cert_chain(str(self._folder / "agent.crt"), str(self._folder / "agent.key"))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection((self.answer.broker[0], self.answer.broker_port), SECONDS) as plain:
            try:
                with context.wrap_socket(plain, server_hostname=self.answer.broker[0]):
                    return False
            except ssl.SSLError as refusal:
                return "REVOKED" in (refusal.reason or "")

    def stop(self) -> None:
        if self._client:
            self._client.disconnect()
            self._client.loop_stop()


@pytest.fixture
def hub(start: Callable[[], Hub]) -> Hub:  # noqa: F811
    hub = start()
    hub.claim()
    hub.post("/children", "/children/new", name="Mia", band="6-9")
    hub.line("connected to the broker")
    return hub


@pytest.fixture
def router(tmp_path: Path, hub: Hub) -> Any:
    folder = tmp_path / "device"
    folder.mkdir()
    router = Router(folder, hub)
    yield router
    router.stop()


def show_code(hub: Hub, page: str = "/routers/add?new=1", **fields: str) -> bytes:
    shown = hub.post("/routers/add", page, password=PASSWORD, **fields)
    found = re.search(r'id="code"><code>([0-9A-Z-]{19})</code>', shown)
    assert found
    return read_code(found[1])


def pair(hub: Hub, router: Router, **fields: str) -> None:
    assert router.ask(show_code(hub, **fields)) == 200
    router.connect()
    router.hello()
    wait_for(lambda: router.documents("policy") and router.documents("time"), "policy and time")


def remove(hub: Hub, agent: str) -> str:
    return hub.post(f"/routers/{agent}/remove", f"/routers/{agent}", sure="yes", password=PASSWORD)


def test_a_router_is_paired_while_the_hub_runs(hub: Hub, router: Router, home: Home) -> None:  # noqa: F811
    code = show_code(hub)
    assert router.ask(b"\0" * 10) == 403
    wait_for(lambda: router.ask(code) == 200, "a second to pass between two tries")
    told = router.answer
    assert (told.home, told.hub, told.broker_port) == (home.id, home.hub, home.endpoints.port)
    assert router.ask(code) == 200  # the same request, the same answer
    assert router.answer == told
    assert "Router paired" in hub.get("/routers/add")
    router.connect()
    router.hello()
    wait_for(lambda: router.documents("policy"), "the policy")
    keys = {key.key_id: key.point for key in told.keys}
    policy = read_policy(open_signed(router.documents("policy")[-1], "policy", keys, 16384))
    assert (policy.agent, len(policy.persons)) == (told.agent, 1)
    hub.post(f"/routers/{told.agent}/rename", f"/routers/{told.agent}", name="Upstairs")
    assert "Upstairs" in hub.get("/routers")
    said = "".join(hub.lines)
    for secret in (code.hex(), "OpenWrt", "Upstairs", told.certificate.hex()[:40]):
        assert secret not in said


def test_a_removed_router_is_gone_and_stays_out(hub: Hub, router: Router, home: Home) -> None:  # noqa: F811
    pair(hub, router)
    agent = router.answer.agent
    assert not router.tries_and_is_refused()
    assert "Removed lately" in remove(hub, agent)
    wait_for(lambda: not router.is_connected, "the end of the live connection")
    wait_for(lambda: "It is out" in hub.get("/routers"), "the hub to have seen it")
    assert router.tries_and_is_refused()
    assert not router.is_connected
    count = len(router.received)
    hub.post("/children", "/children/new", name="Noah", band="10-12")
    assert len(router.received) == count
    assert agent not in (home.directory / "broker" / "acl").read_text()
    # Those that stay are heard as before.
    other = Router(router._folder, hub, "other")
    try:
        pair(hub, other)
        assert len(read_policy(other.documents("policy")[-1].partition(b"\n")[2]).persons) == 2
    finally:
        other.stop()


def test_a_router_that_is_paired_again_replaces_its_old_key(hub: Hub, router: Router, tmp_path: Path) -> None:
    pair(hub, router)
    folder = tmp_path / "reset"
    folder.mkdir()
    again = Router(folder, hub, "reset")
    try:
        assert again.ask(show_code(hub, f"/routers/{router.answer.agent}", again=router.answer.agent)) == 200
        assert again.answer.agent == router.answer.agent
        wait_for(lambda: "It is out" in hub.get("/routers"), "the old key to be refused")
        assert router.tries_and_is_refused()
        router.stop()
        again.connect()
        again.hello()
        wait_for(lambda: again.documents("policy"), "the policy for the new key")
        assert "OpenWrt" in hub.get("/routers")
    finally:
        again.stop()


def test_the_signing_key_is_changed_while_the_hub_runs(hub: Hub, router: Router, home: Home) -> None:  # noqa: F811
    pair(hub, router)
    told = router.answer
    keys = {key.key_id: key.point for key in told.keys}
    now = time.time()
    rotate(read_home(home.directory), now)
    wait_for(lambda: router.documents("trust"), "the announced key")
    announced = accept_trust(router.documents("trust")[-1], home.id, 1, keys, told.root)
    assert announced.revision == 2
    held = home.directory / "signing" / "trust-held.json"
    for agent in Registry(home.directory).active():
        if agent.id != told.agent:
            Registry(home.directory).revoke(agent.id, now)
    router.hello(trust=2)
    wait_for(lambda: f'"{told.agent}": 2' in held.read_text(), "what the router holds to be written down")
    rotate(read_home(home.directory), now)
    following = {key.key_id: key.point for key in announced.keys if key.state == "next"}
    wait_for(lambda: signer(router.documents("policy")[-1]) in following, "a policy signed by the new key")
    open_signed(router.documents("policy")[-1], "policy", following, 16384)
    wait_for(lambda: len(router.documents("trust")) > 1, "the second document")
    accept_trust(router.documents("trust")[-1], home.id, 2, following, told.root)


def test_a_certificate_is_renewed_before_it_ends(
    start: Callable[[], Hub],  # noqa: F811
    hub: Hub,
    router: Router,
    home: Home,  # noqa: F811
) -> None:
    pair(hub, router)
    router.stop()
    hub.stop()
    # The register says that it ends soon; hubs look at their start and daily.
    register = home.directory / "agents" / "agents.json"
    soon = int(time.time()) + 86400
    register.write_text(re.sub(r'"not_after": \d+', f'"not_after": {soon}', register.read_text()))
    again = start()
    again.line("connected to the broker")
    router.connect()
    router.hello(certificate=fingerprint(router.answer.certificate))
    wait_for(lambda: router.documents("certificate"), "a new certificate")
    keys = {key.key_id: key.point for key in router.answer.keys}
    renewed = accept_certificate(router.documents("certificate")[-1], home.id, router.answer.agent, keys)
    assert renewed.not_after > soon
    store = home.directory.parent / "data" / "store.json"

    def is_waiting() -> bool:
        """Whether the store names the new certificate; between the two renames of a commit, the last one does."""
        for path in (store, store.with_name("store.json.previous"), store):
            with suppress(FileNotFoundError):
                return fingerprint(renewed.der) in path.read_text()
        raise AssertionError("no store")

    assert is_waiting()
    router.hello(certificate=fingerprint(renewed.der))
    wait_for(lambda: not is_waiting(), "the hub to know that it arrived")


def test_a_broker_that_does_not_run_is_told(
    hub: Hub,
    router: Router,
    broker: "subprocess.Popen[bytes]",  # noqa: F811
) -> None:
    broker.terminate()
    broker.wait(SECONDS)
    assert router.ask(show_code(hub)) == 200
    assert "read at its next start" in hub.get("/routers/add")
