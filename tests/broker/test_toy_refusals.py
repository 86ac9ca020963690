"""Whom a toy and its broker refuse: wrong authority, wrong host, out of date, too early, no certificate. Real TLS.

Each refusal is shown beside the same attempt with the one thing right. Prints how many each side refused.
"""

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from stairgate.port.clock import SystemClock
from stairgate.provisioning import private_files
from stairgate.provisioning.authority import Authority, Role, certificate_pem, key_pem, new_key, read_key
from tests.broker.mosquitto import LOOPBACK
from tests.broker.rig import ROUTER, UNPROMISED, Rig
from tests.broker.toy_rig import toy_words
from tests.lab.processes import wait_until

DAY = timedelta(days=1)
NOW = datetime.fromtimestamp(int(SystemClock().wall()), UTC)


def der(path: Path) -> bytes:
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)


def figure(name: str, value: int, unit: str = "1") -> None:
    print(json.dumps({"figure": name, "value": value, "unit": unit}, ensure_ascii=False))


def attempt(rig: Rig, folder: Path, identity: Path | None, host: str = LOOPBACK, authority: bytes | None = None) -> str:
    """What becomes of a toy's connection: "connected", or what its link says."""
    folder.mkdir(exist_ok=True)
    (folder / "ca").write_bytes(authority or der(rig.ca))
    for name in ("certificate", "scalar"):
        (folder / name).unlink(missing_ok=True)
    if identity is not None:
        key = read_key(identity.with_suffix(".key").read_bytes())
        (folder / "certificate").write_bytes(der(identity.with_suffix(".crt")))
        (folder / "scalar").write_bytes(key.private_numbers().private_value.to_bytes(32, "big"))
    name = rig.home.agents[ROUTER]
    words = toy_words("toy_link_program.py", str(folder), host, str(rig.port), name, rig.topic(ROUTER, "down/#"))
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    if "longest_step_us" in told:
        # Nothing else runs meanwhile, so no gate closes: the TLS library's longest computation.
        figure("toy_handshake_longest_step_us", told["longest_step_us"], "µs")
    return str(told["outcome"]).strip()


def server(rig: Rig, begins: datetime, ends: datetime, authority: Authority | None = None) -> None:
    """Another certificate for the broker, as good as the right one but for what is asked."""
    folder = rig.home.directory / "broker"
    right = x509.load_pem_x509_certificate((folder / "broker.crt").read_bytes())
    name = str(right.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)
    key = new_key()
    made = (authority or rig.authority).issue(Role.BROKER, name, key.public_key(), begins, ends, [LOOPBACK])
    private_files.replace(folder / "broker.crt", certificate_pem(made))
    private_files.replace(folder / "broker.key", key_pem(key))


def stranger() -> Authority:
    return Authority.create("hother", NOW - DAY, NOW + 365 * DAY)


UNKNOWN_AUTHORITY = "The certificate is not correctly signed by the trusted CA"
# What is wrong with the broker, and what the toy's TLS library says of it.
BROKERS: dict[str, tuple[Callable[[Rig], None], str]] = {
    "wrong authority": (lambda rig: server(rig, NOW - DAY, NOW + DAY, stranger()), UNKNOWN_AUTHORITY),
    "expired": (lambda rig: server(rig, NOW - 9 * DAY, NOW - DAY), "The certificate validity has expired"),
    "not yet valid": (
        lambda rig: server(rig, NOW + DAY, NOW + 9 * DAY),
        "The certificate validity starts in the future",
    ),
}


@pytest.mark.parametrize("fault", BROKERS)
def test_a_toy_refuses_a_broker(rig: Rig, tmp_path: Path, fault: str) -> None:
    make, expected = BROKERS[fault]
    make(rig)
    rig.start()
    outcome = attempt(rig, tmp_path / "toy", rig.identity(ROUTER))
    print(f"toy_refuses_broker: {fault}: {outcome}")
    assert outcome == expected


def test_a_toy_takes_the_right_broker_at_the_right_address_only(rig: Rig, tmp_path: Path) -> None:
    server(rig, NOW - DAY, NOW + DAY)
    rig.start()
    identity = rig.identity(ROUTER)
    assert attempt(rig, tmp_path / "toy", identity) == "connected"
    # The same broker under an address that its certificate does not promise, and a home of another family.
    wrong = attempt(rig, tmp_path / "toy", identity, UNPROMISED)
    other = attempt(rig, tmp_path / "toy", identity, authority=stranger().certificate.public_bytes(Encoding.DER))
    print(f"toy_refuses_broker: wrong host: {wrong}\ntoy_refuses_broker: authority of another home: {other}")
    assert wrong == "The certificate Common Name (CN) does not match with the expected CN"
    assert other == UNKNOWN_AUTHORITY
    figure("toy_refuses_brokers", len(BROKERS) + 2)


def test_the_broker_refuses_a_toy(rig: Rig, tmp_path: Path) -> None:
    rig.start()
    name = rig.home.agents[ROUTER]
    right = rig.issue(Role.AGENT, name, NOW - DAY, NOW + DAY)
    assert attempt(rig, tmp_path / "toy", right) == "connected"
    refused = {
        "wrong authority": rig.issue(Role.AGENT, name, NOW - DAY, NOW + DAY, stranger()),
        "expired": rig.issue(Role.AGENT, name, NOW - 9 * DAY, NOW - DAY),
        "not yet valid": rig.issue(Role.AGENT, name, NOW + DAY, NOW + 9 * DAY),
        "none": None,
    }
    for fault, identity in refused.items():
        said = len(rig.log.read_text())
        outcome = attempt(rig, tmp_path / "toy", identity)
        reason = "peer did not return a certificate" if identity is None else "certificate verify failed"
        wait_until("word of the broker", lambda said=said, reason=reason: reason in rig.log.read_text()[said:])  # type: ignore[misc]
        print(f"broker_refuses_toy: {fault}: {reason}")
        assert outcome != "connected"
    # It was the certificate: the right one still does.
    assert attempt(rig, tmp_path / "toy", right) == "connected"
    figure("broker_refuses_toys", len(refused))
