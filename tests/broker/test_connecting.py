"""Who may connect: holders of a valid client certificate of this home's authority, over TLS 1.2 or newer.

Every refusal is followed by a client that the same broker accepts, so none passes because the broker is down.
"""

import gc
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stairgate.port.clock import SystemClock
from stairgate.provisioning.authority import Authority, Role
from stairgate.provisioning.home import render_broker
from tests.broker.clients import (
    CONNECT,
    CONNECT_ACCEPTED,
    DEADLINE_SECONDS,
    try_to_connect,
    verifying_context,
)
from tests.broker.mosquitto import LOOPBACK
from tests.broker.rig import ATTIC, HUB, ROUTER, UNPROMISED, Rig

DAY = timedelta(days=1)


def now() -> datetime:
    """This moment; the dates of the test's certificates are days away from it."""
    return datetime.now(UTC)


def no_certificate(_rig: Rig) -> Path | None:
    return None


def foreign_authority(rig: Rig) -> Path:
    """Another home's authority that pretends to be this one's: same home id, same agent id."""
    foreign = Authority.create(rig.home.id, now() - DAY, now() + DAY)
    return rig.issue(Role.AGENT, rig.home.agents[ROUTER], now() - DAY, now() + DAY, foreign)


def expired(rig: Rig) -> Path:
    return rig.issue(Role.AGENT, rig.home.agents[ROUTER], now() - 2 * DAY, now() - DAY)


def not_yet_valid(rig: Rig) -> Path:
    return rig.issue(Role.AGENT, rig.home.agents[ROUTER], now() + DAY, now() + 2 * DAY)


def broker_as_client(rig: Rig) -> Path:
    return rig.home.directory / "broker" / "broker"


REFUSED = [
    pytest.param(no_certificate, "PEER_DID_NOT_RETURN|HANDSHAKE_FAILURE|CERTIFICATE_REQUIRED", id="none"),
    pytest.param(foreign_authority, "UNKNOWN_CA|DECRYPT_ERROR|BAD_CERTIFICATE", id="foreign"),
    pytest.param(expired, "CERTIFICATE_EXPIRED", id="expired"),
    pytest.param(not_yet_valid, "BAD_CERTIFICATE", id="not yet valid"),
    pytest.param(broker_as_client, "UNSUPPORTED_CERTIFICATE", id="broker's"),
]


@pytest.mark.parametrize("who", [HUB, ROUTER, ATTIC])
def test_the_home_s_own_certificates_are_accepted(rig: Rig, who: str) -> None:
    rig.start()

    assert rig.try_identity(rig.identity(who)).accepted
    assert rig.client(who).connect()


@pytest.mark.parametrize(("make_identity", "reasons"), REFUSED)
def test_refused(rig: Rig, make_identity: Callable[[Rig], Path | None], reasons: str) -> None:
    rig.start()
    identity = make_identity(rig)

    outcome = rig.try_identity(identity)
    assert not outcome.accepted
    assert any(reason in outcome.reason for reason in reasons.split("|")), outcome

    with_paho = rig.client(identity)
    try:
        accepted = with_paho.connect()
    except (ssl.SSLError, ConnectionError):
        accepted = False
    assert not accepted

    assert rig.client(ROUTER).connect()


def test_a_certificate_issued_alike_but_valid_now_is_accepted(rig: Rig) -> None:
    """What `expired` and `not_yet_valid` were refused for is their dates, nothing else about them."""
    rig.start()

    outcome = rig.try_identity(rig.issue(Role.AGENT, rig.home.agents[ROUTER], now() - DAY, now() + DAY))

    assert outcome.accepted, outcome


# paho leaves the socket of a broker that it has refused to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_client_refuses_an_address_that_the_broker_s_certificate_does_not_carry(rig: Rig) -> None:
    rig.start()
    context = verifying_context(rig.ca, rig.identity(ROUTER))

    outcome = try_to_connect(UNPROMISED, rig.port, context)
    assert not outcome.accepted
    assert "IP address mismatch" in outcome.reason
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        rig.client(ROUTER, host=UNPROMISED).connect()

    gc.collect()

    assert try_to_connect(LOOPBACK, rig.port, context).accepted
    assert rig.client(ROUTER, host=LOOPBACK).connect()


def test_a_client_refuses_the_broker_of_another_home(rig: Rig, tmp_path: Path) -> None:
    rig.start()
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    Authority.create(rig.home.id, now() - DAY, now() + DAY).save(foreign)

    outcome = try_to_connect(LOOPBACK, rig.port, verifying_context(foreign / "ca.crt", rig.identity(ROUTER)))
    assert not outcome.accepted
    assert "self-signed" in outcome.reason or "unable to get local issuer" in outcome.reason, outcome

    assert rig.client(ROUTER).connect()


def test_without_tls_nothing_is_answered(rig: Rig) -> None:
    rig.start()

    answer = exchange(rig.port, CONNECT)
    assert not answer.startswith(CONNECT_ACCEPTED[:1]), answer

    assert rig.client(ROUTER).connect()


def client_hello(version: int) -> bytes:
    """A ClientHello (RFC 5246, 7.4.1.2) that offers at most this version, and ciphers of old and new ones.

    Written by hand, because the libraries of the machine refuse to speak the old versions themselves.
    """
    ciphers = b"\xc0\x2b\xc0\x2c\xc0\x09\xc0\x0a"
    groups, point_formats = b"\x00\x0a\x00\x04\x00\x02\x00\x17", b"\x00\x0b\x00\x02\x01\x00"
    algorithms = b"\x00\x0d\x00\x04\x00\x02\x04\x03"
    extensions = groups + point_formats + algorithms
    body = version.to_bytes(2, "big") + bytes(range(32)) + b"\x00"
    body += len(ciphers).to_bytes(2, "big") + ciphers + b"\x01\x00"
    body += len(extensions).to_bytes(2, "big") + extensions
    handshake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(handshake).to_bytes(2, "big") + handshake


@pytest.mark.parametrize("version", [0x0301, 0x0302], ids=["TLS 1.0", "TLS 1.1"])
def test_old_tls_is_refused(rig: Rig, version: int) -> None:
    rig.start()
    alert, fatal, protocol_version = 0x15, 2, 70

    refusal = exchange(rig.port, client_hello(version))
    assert refusal[0] == alert
    assert refusal[5:7] == bytes((fatal, protocol_version))

    server_hello = exchange(rig.port, client_hello(0x0303))
    assert server_hello[0] == 0x16
    assert server_hello[9:11] == b"\x03\x03"
    assert rig.client(ROUTER).connect()


def exchange(port: int, data: bytes) -> bytes:
    """Send bytes without TLS; the first of the answer, or none when the broker just ends the connection."""
    with socket.create_connection((LOOPBACK, port), timeout=DEADLINE_SECONDS) as plain:
        plain.sendall(data)
        try:
            return plain.recv(64)
        except ConnectionError:
            return b""


def test_the_broker_listens_where_the_settings_say_after_the_home_was_moved(rig: Rig) -> None:
    moved = rig.home.directory.with_name("moved")
    rig.home.directory.rename(moved)
    rig.home = render_broker(moved, SystemClock())
    rig.ca = moved / "hub" / "ca.crt"

    rig.start()

    assert rig.client(ROUTER).connect()
