"""A revoked agent is out: its connection, its certificate, its topics; everybody else goes on as if nothing had been.

Against the real Mosquitto, with the product's own lists and signals. What is shown first in each test is that the agent
was in before.
"""

import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from stairgate.port.clock import SystemClock
from stairgate.provisioning import broker_control, private_files
from stairgate.provisioning.authority import (
    Authority,
    Role,
    certificate_pem,
    key_pem,
    new_key,
    public_point,
    read_key,
    validity,
)
from stairgate.provisioning.broker_control import BrokerNotReached
from stairgate.provisioning.home import add_agent
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.revocation import render_revocation_list
from stairgate.provisioning.servers import renew_servers
from tests.broker.clients import Client, Message, try_to_connect, verifying_context
from tests.broker.mosquitto import DEADLINE_SECONDS, LOOPBACK
from tests.broker.rig import ATTIC, HUB, ROUTER, Rig

REVOKED = "CERTIFICATE_REVOKED"


def now() -> float:
    return SystemClock().wall()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Ask again until it is so; the broker does its part in its own time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"expected within {DEADLINE_SECONDS} s: {what}"
        threading.Event().wait(0.05)


def is_refused(rig: Rig, path: Path) -> bool:
    """Whether the broker refuses this certificate now; in one attempt, because it may change its mind between two."""
    return not try_to_connect(LOOPBACK, rig.port, verifying_context(rig.ca, path)).accepted


def is_refused_by_tls(rig: Rig, path: Path) -> bool:
    """As `is_refused`, without a word of MQTT: one would take over the live session while it is still accepted."""
    context = verifying_context(rig.ca, path)
    try:
        with (
            socket.create_connection((LOOPBACK, rig.port), DEADLINE_SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=LOOPBACK) as secured,
        ):
            secured.settimeout(0.3)
            return secured.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:  # ssl.SSLError among them
        return True


def identity(rig: Rig, name: str, certificate: bytes, key: bytes) -> Path:
    """Key and certificate written down, as a device that was paired has them."""
    path = rig.directory / name
    private_files.write_new(path.with_suffix(".key"), key)
    private_files.write_new(path.with_suffix(".crt"), certificate_pem(x509.load_der_x509_certificate(certificate)))
    return path


def paired_again(rig: Rig, identifier: str) -> Path:
    """The agent with a key of its own making and the certificate that pairing gave for it."""
    key = new_key()
    _, certificate = Registry(rig.home.directory).re_enrol(identifier, public_point(key.public_key()), now())
    return identity(rig, f"again-{identifier}", certificate, key_pem(key))


def kept_identity(rig: Rig, who: str) -> Path:
    """A copy of what the device has: revoking deletes what the home has of it."""
    source, target = rig.identity(who), rig.directory / f"kept-{who}"
    for suffix in (".key", ".crt"):
        private_files.write_new(target.with_suffix(suffix), source.with_suffix(suffix).read_bytes())
    return target


class Scene:
    """Hub, the agent to be revoked and another one, all connected and heard."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.router_id = rig.home.agents[ROUTER]
        self.router_identity = kept_identity(rig, ROUTER)
        self.up = rig.topic(ROUTER, "up/hello")
        self.down = rig.topic(ROUTER, "down/policy")
        self.attic_up = rig.topic(ATTIC, "up/hello")
        self.hub, self.attic, self.router = rig.connected(HUB), rig.connected(ATTIC), rig.connected(ROUTER)
        self.hub.subscribe(f"sg/v1/{rig.home.shard}/{rig.home.id}/+/up/#")
        self.router.subscribe(rig.topic(ROUTER, "down/#"))
        self.attic.subscribe(rig.topic(ATTIC, "down/#"))
        self.router.publish(self.up, b"before")
        self.hub.messages_until(b"before")

    def others_go_on(self, payload: bytes) -> None:
        """Hub and the other agent still talk over the connections that they had."""
        assert self.hub.is_connected() and self.attic.is_connected()
        self.attic.publish(self.attic_up, payload)
        self.hub.messages_until(payload)
        down = self.rig_down(payload)
        self.attic.messages_until(down)

    def rig_down(self, payload: bytes) -> bytes:
        answer = b"to " + payload
        self.hub.publish(self.rig.topic(ATTIC, "down/policy"), answer)
        return answer

    def stays_out(self) -> None:
        """The certificate of the revoked agent is refused, over and over, and for this reason."""
        for _ in range(3):
            outcome = self.rig.try_identity(self.router_identity)
            assert not outcome.accepted
            assert REVOKED in outcome.reason
        client = self.rig.client(self.router_identity)
        try:
            accepted = client.connect()
        except OSError:
            accepted = False
        assert not accepted


def test_a_revoked_agent_is_put_out_and_stays_out(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.start()
    scene = Scene(rig)
    passing = rig.directory / "passing"
    private_files.make_directory(passing)
    monkeypatch.setattr(tempfile, "tempdir", str(passing))

    Registry(rig.home.directory).revoke(scene.router_id, now())
    broker_control.take_over(rig.home.directory, scene.router_id)

    scene.router.wait_until_disconnected()
    scene.stays_out()
    scene.others_go_on(b"after")
    assert [message for message in scene.hub.messages if message.topic == scene.up] == [Message(scene.up, b"before")]
    # No key that was made on the way is left, and what was issued for it is refused.
    assert list(passing.iterdir()) == []
    (record,) = [each for each in Registry(rig.home.directory).read() if each.id == scene.router_id]
    assert len(record.serials) == 3
    assert all(serial.revoked for serial in record.serials)


def test_an_agent_that_comes_back_at_once_is_put_out_as_well(rig: Rig) -> None:
    """As agents do: whenever its connection ends, it makes a new one, as fast as it can."""
    rig.start()
    scene = Scene(rig)
    context = verifying_context(rig.ca, scene.router_identity)
    accepted: list[Client] = []
    refused: list[str] = []
    stopping = threading.Event()

    def come_back() -> None:
        while not stopping.is_set():
            client = Client(LOOPBACK, rig.port, context, scene.router_id)
            try:
                if client.connect():
                    accepted.append(client)
                    client.wait_until_disconnected()
                else:
                    refused.append("the connection ended")
            except OSError as error:
                refused.append(str(error))
            finally:
                client.close()

    def refuse_more() -> int:
        count = len(refused) + 5
        wait_until(lambda: len(refused) >= count, "further attempts to be refused")
        return len(accepted)

    returning = threading.Thread(target=come_back)
    returning.start()
    try:
        wait_until(lambda: bool(accepted), "the agent to have come back once")
        Registry(rig.home.directory).revoke(scene.router_id, now())
        broker_control.take_over(rig.home.directory, scene.router_id)

        in_before = refuse_more()
        assert not any(client.is_connected() for client in accepted)
        scene.others_go_on(b"after")
        assert refuse_more() == in_before
    finally:
        stopping.set()
        returning.join(DEADLINE_SECONDS)
    assert not returning.is_alive()


def test_what_a_revoked_agent_still_says_over_an_old_connection_reaches_nobody(rig: Rig) -> None:
    """Between the signal and the take-over, or where that cannot be done: the access list holds for each message."""
    rig.start()
    scene = Scene(rig)

    Registry(rig.home.directory).revoke(scene.router_id, now())
    broker_control.reload(rig.home.directory)
    wait_until(lambda: is_refused_by_tls(rig, scene.router_identity), "the revocation list to be in force")

    # Mosquitto 2.0.11 leaves the connection as it is.
    assert scene.router.is_connected()
    scene.router.publish(scene.up, b"still here")
    scene.hub.publish(scene.down, b"for its ears")
    scene.others_go_on(b"after")
    assert b"still here" not in {message.payload for message in scene.hub.messages}
    assert scene.router.messages == []


def test_without_the_lists_it_would_be_heard(rig: Rig) -> None:
    """What the other tests show is the lists' doing: without them, the same steps leave everything open."""
    rig.start(conf=lambda text: "\n".join(line for line in text.splitlines() if not line.startswith("crlfile")) + "\n")
    scene = Scene(rig)
    Registry(rig.home.directory).revoke(scene.router_id, now())
    (rig.home.directory / "broker" / "acl").write_text("pattern readwrite #\n")
    broker_control.reload(rig.home.directory)

    # Connecting ends its older connection, which is how it is put out otherwise.
    back = rig.client(scene.router_identity)
    assert back.connect()
    scene.router.wait_until_disconnected()
    back.publish(scene.up, b"still here")
    scene.hub.messages_until(b"still here")


def test_the_proof_is_missing_where_the_broker_does_not_look_at_the_list(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.start(conf=lambda text: "\n".join(line for line in text.splitlines() if not line.startswith("crlfile")) + "\n")
    scene = Scene(rig)
    Registry(rig.home.directory).revoke(scene.router_id, now())
    monkeypatch.setattr(broker_control, "DEADLINE_SECONDS", 0.5)

    with pytest.raises(BrokerNotReached, match="does not refuse certificates that are revoked"):
        broker_control.take_over(rig.home.directory, scene.router_id)


def test_an_agent_that_was_paired_again_works_at_once_and_its_old_key_does_not(rig: Rig) -> None:
    rig.start()
    scene = Scene(rig)

    again = paired_again(rig, scene.router_id)
    broker_control.take_over(rig.home.directory, scene.router_id)

    scene.router.wait_until_disconnected()
    scene.stays_out()
    client = rig.client(again)
    assert client.connect()
    client.subscribe(rig.topic(ROUTER, "down/#"))
    client.publish(scene.up, b"again")
    scene.hub.messages_until(b"again")
    scene.hub.publish(scene.down, b"welcome")
    client.messages_until(b"welcome")
    scene.others_go_on(b"after")


def test_a_new_agent_is_let_in_without_a_restart(rig: Rig) -> None:
    rig.start()
    scene = Scene(rig)
    grown = add_agent(rig.home.directory, "Garage", SystemClock())
    files = grown.agent_directory("Garage") / "agent"
    topic = f"sg/v1/{grown.shard}/{grown.id}/{grown.agents['Garage']}"
    garage = rig.client(files)
    assert garage.connect()

    broker_control.reload(rig.home.directory)

    def is_heard() -> bool:
        garage.publish(f"{topic}/up/hello", b"hello")
        scene.attic.publish(scene.attic_up, b"marker")
        return b"hello" in {message.payload for message in scene.hub.messages}

    wait_until(is_heard, "the new agent's topics to be open")
    # Its own branch, and no more.
    garage.subscribe("#")
    garage.publish(scene.up, b"as another")
    scene.hub.publish(scene.down, b"for another")
    scene.hub.publish(f"{topic}/down/policy", b"for it")
    received = garage.messages_until(b"for it")
    assert received == [Message(f"{topic}/down/policy", b"for it")]
    scene.others_go_on(b"after")
    assert b"as another" not in {message.payload for message in scene.hub.messages}


def test_two_revoked_in_the_same_second_are_both_out(rig: Rig) -> None:
    """Lists of the same second: the broker must not go on with the first of them."""
    rig.start()
    registry, moment = Registry(rig.home.directory), now()
    kept = {who: kept_identity(rig, who) for who in (ROUTER, ATTIC)}
    assert all(rig.try_identity(path).accepted for path in kept.values())

    registry.revoke(rig.home.agents[ROUTER], moment)
    broker_control.reload(rig.home.directory)
    wait_until(lambda: is_refused(rig, kept[ROUTER]), "the first list to be in force")
    registry.revoke(rig.home.agents[ATTIC], moment)
    broker_control.take_over(rig.home.directory, rig.home.agents[ATTIC], lambda: moment)

    for path in kept.values():
        assert REVOKED in rig.try_identity(path).reason
    assert rig.try_identity(rig.identity(HUB)).accepted


def test_a_damaged_list_is_not_given_to_the_broker(rig: Rig) -> None:
    """Mosquitto 2.0.11 goes on with no list at all when it cannot read the one it finds."""
    rig.start()
    scene = Scene(rig)
    registry, path = Registry(rig.home.directory), rig.home.directory / "broker" / "crl.pem"
    registry.revoke(scene.router_id, now())
    broker_control.take_over(rig.home.directory, scene.router_id)
    sound = path.read_bytes()
    foreign = Authority.create(rig.home.id, *validity(now(), timedelta(days=1)))

    for damaged in (b"", sound[:100], sound[:-40], render_revocation_list(foreign, [], 5)):
        path.write_bytes(damaged)
        with pytest.raises(BrokerNotReached, match="expected a list of this home's authority"):
            broker_control.reload(rig.home.directory)
        scene.stays_out()
    path.unlink()
    with pytest.raises(BrokerNotReached, match="expected a list of this home's authority"):
        broker_control.reload(rig.home.directory)

    registry.refresh(now())
    broker_control.reload(rig.home.directory)
    scene.others_go_on(b"mended")
    scene.stays_out()


def test_somebody_else_s_signal_with_a_damaged_list_opens_no_topics(rig: Rig) -> None:
    """Mosquitto 2.0.11 then accepts the revoked certificate, but grants nobody anything until it is told anew."""
    rig.start()
    scene = Scene(rig)
    Registry(rig.home.directory).revoke(scene.router_id, now())
    broker_control.take_over(rig.home.directory, scene.router_id)
    (rig.home.directory / "broker" / "crl.pem").write_bytes(b"")
    assert rig.broker is not None
    rig.broker.process.send_signal(signal.SIGHUP)
    wait_until(lambda: not is_refused(rig, scene.router_identity), "the broker to go on without a list")

    back = rig.client(scene.router_identity)
    assert back.connect()
    back.subscribe("#")
    back.publish(scene.up, b"back")
    scene.attic.publish(scene.attic_up, b"lost as well")
    Registry(rig.home.directory).refresh(now())
    broker_control.take_over(rig.home.directory, scene.router_id)

    back.wait_until_disconnected()
    scene.stays_out()
    scene.others_go_on(b"after")
    assert {b"back", b"lost as well"}.isdisjoint({message.payload for message in scene.hub.messages})
    assert back.messages == []


@pytest.mark.parametrize("days", [(-20, -10), (10, 20)], ids=["run out", "not valid yet"])
def test_a_list_with_dates_of_its_own_would_lock_everybody_out(rig: Rig, days: tuple[int, int]) -> None:
    """Why the home's lists begin and end with its authority."""
    rig.start()
    assert rig.broker is not None
    begin, end = (datetime.now(UTC) + timedelta(days=day) for day in days)
    builder = x509.CertificateRevocationListBuilder().issuer_name(rig.authority.certificate.subject)
    dated = builder.last_update(begin).next_update(end).sign(rig.authority.key, hashes.SHA256())
    private_files.replace(rig.home.directory / "broker" / "crl.pem", dated.public_bytes(Encoding.PEM))

    rig.broker.process.send_signal(signal.SIGHUP)

    wait_until(lambda: is_refused(rig, rig.identity(HUB)), "the hub to be refused")
    assert is_refused(rig, rig.identity(ATTIC))
    Registry(rig.home.directory).refresh(now())
    broker_control.reload(rig.home.directory)
    wait_until(lambda: not is_refused(rig, rig.identity(HUB)), "the hub to be let in again")


def test_a_renewed_broker_is_shown_without_a_restart(rig: Rig) -> None:
    rig.start()
    scene = Scene(rig)
    before = shown_serial(rig)
    path = rig.home.directory / "broker" / "broker.crt"
    # One that ends soon, so that it is renewed today; the broker goes on showing the one that it has read.
    key = read_key(path.with_suffix(".key").read_bytes()).public_key()
    ending = rig.authority.issue(Role.BROKER, "qending", key, *validity(now(), timedelta(days=100)), [LOOPBACK])
    private_files.replace(path, certificate_pem(ending))

    assert renew_servers(rig.home.directory, now()) == ("broker",)
    assert shown_serial(rig) == before
    broker_control.reload(rig.home.directory)

    wait_until(lambda: shown_serial(rig) != before, "the new certificate to be shown")
    assert shown_serial(rig) == x509.load_pem_x509_certificate(path.read_bytes()).serial_number
    assert rig.try_identity(rig.identity(ATTIC)).accepted
    assert scene.hub.is_connected()


def shown_serial(rig: Rig) -> int:
    """The serial number of the certificate that the broker shows."""
    pem = ssl.get_server_certificate((LOOPBACK, rig.port))
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def test_the_broker_is_found_only_where_it_is_ours(rig: Rig) -> None:
    broker = rig.home.directory / "broker"
    pid = broker / "mosquitto.pid"
    with pytest.raises(BrokerNotReached, match="no broker runs with"):
        broker_control.reload(rig.home.directory)
    before = Registry(rig.home.directory).read()
    with pytest.raises(BrokerNotReached, match="no broker runs with"):
        broker_control.take_over(rig.home.directory, rig.home.agents[ROUTER])
    assert Registry(rig.home.directory).read() == before

    rig.start()
    assert rig.broker is not None
    assert broker_control.reload(rig.home.directory) == rig.broker.process.pid
    # A relative path on its command line, and the home under another name: the same file all the same.
    link = rig.directory / "link"
    link.symlink_to(rig.home.directory)
    assert broker_control.reload(link) == rig.broker.process.pid

    running = pid.read_text()
    for text in ("", "0", "1", "-1", "x", "9" * 11, "١"):
        pid.write_text(text)
        with pytest.raises(BrokerNotReached, match="expected the number of a process"):
            broker_control.reload(rig.home.directory)
    # Of a broker that is gone, or that was started a second time and took the file along: ours is found all the same.
    pid.write_text("4194305")
    assert broker_control.reload(rig.home.directory) == rig.broker.process.pid
    pid.unlink()
    assert broker_control.reload(rig.home.directory) == rig.broker.process.pid
    pid.write_text(running)
    rig.broker.stop()
    with pytest.raises(BrokerNotReached, match="no broker runs with"):
        broker_control.reload(rig.home.directory)


def test_a_broker_that_is_starting_is_not_ended(rig: Rig) -> None:
    """It answers before it has a handler for the signal, and the signal would end it."""
    program = rig.directory / "mosquitto"
    program.symlink_to(os.path.realpath(sys.executable))
    starting = (
        "import os, signal, sys, threading\n"
        "print('begun', flush=True)\n"
        "threading.Event().wait(0.5)\n"
        "signal.signal(signal.SIGHUP, lambda *_: os._exit(7))\n"
        "signal.pause()\n"
    )
    broker = rig.home.directory / "broker"
    process = subprocess.Popen(
        [program, "-c", starting, str(broker / "mosquitto.conf")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    with process.stdout:
        assert process.stdout.readline() == "begun\n"
    (broker / "mosquitto.pid").write_text(str(process.pid))

    assert broker_control.reload(rig.home.directory) == process.pid
    assert process.wait(20) == 7


def test_another_program_with_the_broker_s_number_gets_no_signal(rig: Rig) -> None:
    """After a power cut the pid file stays, and the number belongs to somebody else."""
    (rig.home.directory / "broker" / "mosquitto.pid").write_text(str(os.getpid()))

    with pytest.raises(BrokerNotReached, match="no broker runs with"):
        broker_control.reload(rig.home.directory)
