"""The router's own key: drawn evenly, and written so that every library reads it."""

import os
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from stairgate.agent.own_key import new_key
from stairgate.core.p256 import N
from stairgate.provisioning.authority import Authority, Role, certificate_pem, key_pem, read_key
from tests.unit.agent.test_certificates import NOW, YEAR


def test_a_library_reads_the_key_and_finds_the_same_point() -> None:
    key = new_key()
    read = read_key(key.pem)
    point = read.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    assert point == key.point
    assert key_pem(read) == key.pem, "it is written otherwise than a library would"


@pytest.mark.parametrize("scalar", [1, 2, N - 1, 0x80 << 248, 0xFF])
def test_small_and_large_numbers_are_written_in_full(scalar: int) -> None:
    key = new_key(lambda size: scalar.to_bytes(size, "big"))
    expected = ec.derive_private_key(scalar, ec.SECP256R1())
    assert key.pem == key_pem(expected)


def test_numbers_outside_the_curve_are_drawn_again() -> None:
    drawn = [bytes(32), N.to_bytes(32, "big"), b"\xff" * 32, (N + 1).to_bytes(32, "big"), (7).to_bytes(32, "big")]
    assert new_key(lambda _size: drawn.pop(0)) == new_key(lambda size: (7).to_bytes(size, "big"))
    assert drawn == []


def test_no_two_keys_are_the_same() -> None:
    assert len({new_key().point for _ in range(8)}) == 8


def test_the_tls_library_takes_it_with_its_certificate(tmp_path: Path) -> None:
    key = new_key()
    authority = Authority.create("hhome", NOW - YEAR, NOW + YEAR)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key.point)
    certificate = authority.issue(Role.AGENT, "rrouter", public, NOW, NOW + YEAR)
    (tmp_path / "agent.crt").write_bytes(certificate_pem(certificate))
    (tmp_path / "agent.key").write_bytes(key.pem)
    ssl.create_default_context().load_cert_chain(tmp_path / "agent.crt", tmp_path / "agent.key")
    (tmp_path / "agent.key").write_bytes(new_key(os.urandom).pem)
    with pytest.raises(ssl.SSLError):
        ssl.create_default_context().load_cert_chain(tmp_path / "agent.crt", tmp_path / "agent.key")
