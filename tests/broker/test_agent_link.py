"""The agent's connection on a real Mosquitto, with the paho that is installed and with the one that routers have."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from stairgate.agent.certificates import fingerprint, read_certificate_file, validity
from stairgate.core.certificate import Certificate, write_certificate
from stairgate.core.limits import ROUTER_POLICY_BYTES
from stairgate.port.clock import SystemClock
from stairgate.provisioning.authority import Authority, Role, read_key
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.signing import SigningKey
from tests.broker.clients import Message
from tests.broker.mosquitto import LOOPBACK, Mosquitto
from tests.broker.rig import HUB, ROUTER, UNPROMISED, Rig
from tests.lab.processes import Program, wait_until

ROOT = Path(__file__).resolve().parents[2]
OLD_PAHO = ROOT / "build" / "paho-1.6"
SOURCES = [str(ROOT), *(str(ROOT / name) for name in ("agent", "micro"))]
DAY = timedelta(days=1)

Start = Callable[[Path], Program]


@pytest.fixture(params=["2.", "1.6.1"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Starts the agent's connection, with settings from a folder, on each paho."""
    before = [str(OLD_PAHO)] if request.param == "1.6.1" else []
    if before and not OLD_PAHO.is_dir():
        pytest.fail(f"expected paho-mqtt 1.6.1 in {OLD_PAHO.relative_to(ROOT)}, found nothing: run `make setup`")
    path = os.pathsep.join([*before, *SOURCES])
    programs: list[Program] = []

    def started(folder: Path) -> Program:
        words = ["env", f"PYTHONPATH={path}", sys.executable, "-m", "tests.broker.link_program", str(folder)]
        program = Program(f"link-{len(programs)}", words, tmp_path, speaks=True)
        programs.append(program)
        assert program.wait_for("ready")["paho"].startswith(request.param)
        return program

    yield started
    for program in programs:
        program.stop()
        print(f"{program.name} said:\n{program.tail()}")


def agent_folder(rig: Rig, copy: str = "") -> Path:
    """The folder that provisioning made for the router, or a copy of it to be changed."""
    folder = rig.home.agent_directory(ROUTER)
    if not copy:
        return folder
    return Path(shutil.copytree(folder, rig.directory / copy))


def hub_of(rig: Rig) -> Any:
    hub = rig.connected(HUB)
    hub.subscribe(f"sg/v1/{rig.home.shard}/{rig.home.id}/+/up/#")
    return hub


def hub_that_hears(rig: Rig, agent: Program) -> Any:
    """The hub, once the agent's subscriptions hold: the broker has read them before what the agent says after them."""
    hub = hub_of(rig)
    agent.say("listening")
    hub.messages_until(b"listening")
    return hub


def restart_broker(rig: Rig) -> None:
    assert rig.broker is not None
    rig.broker.stop()
    rig.broker = Mosquitto(rig.home.directory / "broker" / "mosquitto.conf", rig.home.bind, rig.port, rig.log)
    rig.broker.wait_until_it_answers()


def test_a_policy_comes_down_and_a_hello_goes_up(rig: Rig, start: Start) -> None:
    rig.start()
    hub = hub_of(rig)
    agent = start(agent_folder(rig))
    agent.wait_for("connected")
    assert agent.is_running()

    agent.say("a hello")
    assert hub.messages_until(b"a hello") == [Message(rig.topic(ROUTER, "up/hello"), b"a hello")]
    hub.publish(rig.topic(ROUTER, "down/policy"), b"a policy")

    assert agent.wait_for("policy")["payload"] == "a policy"
    agent.say("stop")
    agent.wait_for("stopped")


def test_a_broker_that_was_restarted_is_found_again(rig: Rig, start: Start) -> None:
    rig.start()
    agent = start(agent_folder(rig))
    agent.wait_for("connected")

    restart_broker(rig)

    agent.wait_for("connected")
    hub_that_hears(rig, agent).publish(rig.topic(ROUTER, "down/policy"), b"after the restart")
    assert agent.wait_for("policy")["payload"] == "after the restart"


def test_a_broker_that_comes_late_is_found(rig: Rig, start: Start) -> None:
    agent = start(agent_folder(rig))
    assert agent.wait_for("attempt")["error"] == "ConnectionRefusedError"

    rig.start()

    agent.wait_for("connected")


def with_foreign_authority(rig: Rig) -> Path:
    folder = agent_folder(rig, "foreign")
    (folder / "ca.crt").unlink()
    now = datetime.now(UTC)
    Authority.create(rig.home.id, now - DAY, now + DAY).save(folder)
    return folder


def with_unpromised_address(rig: Rig) -> Path:
    folder = agent_folder(rig, "elsewhere")
    change_addresses(folder, [UNPROMISED])
    return folder


def change_addresses(folder: Path, addresses: list[str]) -> None:
    path = folder / "agent.toml"
    before = path.read_text()
    path.write_text(before.replace(f'["{LOOPBACK}"]', str(addresses).replace("'", '"')))
    assert path.read_text() != before


@pytest.mark.parametrize("make_folder", [with_foreign_authority, with_unpromised_address])
def test_a_broker_that_is_not_proved_to_be_ours_is_never_talked_to(
    rig: Rig, start: Start, make_folder: Callable[[Rig], Path]
) -> None:
    rig.start()
    hub = hub_of(rig)
    deceived = start(make_folder(rig))

    told = list(islice(events(deceived), 6))

    errors = {event["error"] for event in told if event["event"] == "attempt"}
    assert errors == {"SSLCertVerificationError"}
    assert not [event for event in told if event["event"] == "connected"]
    deceived.say("a hello to a stranger")

    good = start(agent_folder(rig))
    good.wait_for("connected")
    good.say("a hello to the hub")
    assert [message.payload for message in hub.messages_until(b"a hello to the hub")] == [b"a hello to the hub"]


def events(program: Program) -> Iterator[dict[str, Any]]:
    while True:
        event = program.told.get(timeout=20)
        assert event["event"] != "crashed", event
        yield event


def test_the_addresses_are_tried_in_turn(rig: Rig, start: Start) -> None:
    rig.start()
    folder = agent_folder(rig, "two addresses")
    change_addresses(folder, [UNPROMISED, LOOPBACK])

    told = list(islice((e for e in events(start(folder)) if e["event"] in ("attempt", "connected")), 3))

    assert [event.get("host", "connected") for event in told] == [UNPROMISED, LOOPBACK, "connected"]


def test_a_broker_that_refuses_us_is_tried_less_and_less(rig: Rig, start: Start) -> None:
    rig.start()
    folder = agent_folder(rig, "expired")
    now = datetime.now(UTC)
    expired = rig.issue(Role.AGENT, rig.home.agents[ROUTER], now - 2 * DAY, now - DAY)
    for suffix in (".crt", ".key"):
        shutil.copy(expired.with_suffix(suffix), folder / f"agent{suffix}")

    told = list(islice((event for event in events(start(folder)) if event["event"] != "refused"), 20))

    pauses = [event["seconds"] for event in told if event["event"] == "pause"]
    assert not [event for event in told if event["event"] == "connected"]
    assert len(pauses) >= 8
    for number, seconds in enumerate(pauses):
        longest = min(2.0**number, 60.0)
        assert longest / 2 <= seconds <= longest


def test_a_lost_connection_is_made_again_at_once_however_long_the_way_to_it_was(rig: Rig, start: Start) -> None:
    agent = start(agent_folder(rig))
    for _ in range(3):
        assert agent.wait_for("attempt")["error"] == "ConnectionRefusedError"
    rig.start()
    agent.wait_for("connected")

    restart_broker(rig)

    assert agent.wait_for("pause")["seconds"] <= 0.5


def test_no_message_is_held_longer_than_a_policy_can_be(rig: Rig, start: Start) -> None:
    lines = (rig.home.directory / "broker" / "mosquitto.conf").read_text().splitlines()
    limit = next(line for line in lines if line.startswith("max_packet_size "))
    rig.start(conf=lambda text: text.replace(limit, "max_packet_size 100000"))
    agent = start(agent_folder(rig))
    agent.wait_for("connected")

    hub_that_hears(rig, agent).publish(rig.topic(ROUTER, "down/policy"), b"p" * 50_000)

    assert agent.wait_for("policy")["length"] == ROUTER_POLICY_BYTES + 1


def signed_certificate(rig: Rig, der: bytes) -> bytes:
    """What the hub sends to the router with a new certificate."""
    said = Certificate(rig.home.id, rig.home.agents[ROUTER], validity(der).ends, der)
    key = SigningKey.load(rig.home.directory / "signing" / "policy.key")
    return key.sign("certificate", write_certificate(said))


def test_trust_certificate_and_time_come_down_too(rig: Rig, start: Start) -> None:
    rig.start()
    agent = start(agent_folder(rig))
    agent.wait_for("connected")
    hub = hub_that_hears(rig, agent)
    for kind in ("trust", "certificate", "time"):
        hub.publish(rig.topic(ROUTER, f"down/{kind}"), kind.encode())
        assert agent.wait_for(kind)["payload"] == kind


def test_a_new_certificate_is_shown_from_then_on(rig: Rig, start: Start) -> None:
    rig.start()
    folder = agent_folder(rig)
    old = read_certificate_file(folder / "agent.crt")
    agent = start(folder)
    assert agent.wait_for("connected")["certificate"] == fingerprint(old)
    registry, identifier = Registry(rig.home.directory), rig.home.agents[ROUTER]
    new = registry.renew(identifier, SystemClock().wall())
    hub = hub_that_hears(rig, agent)

    hub.publish(rig.topic(ROUTER, "down/certificate"), signed_certificate(rig, new))

    assert agent.wait_for("connected")["certificate"] == fingerprint(new) != fingerprint(old)
    agent.say("a hello with the new one")
    hub.messages_until(b"a hello with the new one")
    registry.refuse(identifier, x509.load_der_x509_certificate(old).serial_number, SystemClock().wall())
    restart_broker(rig)
    assert agent.wait_for("connected")["certificate"] == fingerprint(new)


def test_a_new_certificate_that_the_broker_refuses_is_given_up(rig: Rig, start: Start) -> None:
    rig.start()
    folder = agent_folder(rig)
    old = read_certificate_file(folder / "agent.crt")
    agent = start(folder)
    agent.wait_for("connected")
    now = datetime.now(UTC)
    stranger = Authority.create(rig.home.id, now - DAY, now + 9000 * DAY)
    key = read_key((folder / "agent.key").read_bytes())
    bad = stranger.issue(Role.AGENT, rig.home.agents[ROUTER], key.public_key(), now - DAY, now + 8000 * DAY)
    der = bad.public_bytes(serialization.Encoding.DER)

    hub_that_hears(rig, agent).publish(rig.topic(ROUTER, "down/certificate"), signed_certificate(rig, der))

    refusals = [agent.wait_for("refused")["certificate"] for _ in range(3)]
    assert refusals == [fingerprint(der), fingerprint(der), fingerprint(old)]
    assert agent.wait_for("connected")["certificate"] == fingerprint(old)
    agent.say("stop")
    agent.wait_for("stopped")
    assert read_certificate_file(folder / "agent.crt") == old
    assert start(folder).wait_for("connected")["certificate"] == fingerprint(old)


def test_a_revoked_agent_is_told_that_it_is_refused(rig: Rig, start: Start) -> None:
    rig.start()
    agent = start(agent_folder(rig))
    agent.wait_for("connected")
    Registry(rig.home.directory).revoke(rig.home.agents[ROUTER], SystemClock().wall())

    restart_broker(rig)

    assert agent.wait_for("refused")


def test_it_ends_when_asked_to_with_and_without_a_broker(rig: Rig, start: Start) -> None:
    without = start(agent_folder(rig))
    without.wait_for("attempt")
    without.say("stop")
    without.wait_for("stopped")
    rig.start()
    connected = start(agent_folder(rig))
    connected.wait_for("connected")

    connected.say("stop")

    connected.wait_for("stopped")
    wait_until("its end", lambda: not connected.is_running())
