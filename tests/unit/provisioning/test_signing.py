"""A signature that the library and the device's own code both believe, and a key that is kept."""

import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from stairgate.core import envelope
from stairgate.core.refused import Refused
from stairgate.provisioning import private_files
from stairgate.provisioning.signing import SigningKey

BODY = b'["policy","hhome","ragent",7,1767225600]\n'
CAP = 4096


def split(document: bytes) -> tuple[int, int, bytes]:
    """r, s and the body of a signed document."""
    header, _, body = document.partition(b"\n")
    signature = bytes.fromhex(header.split(b" ")[3].decode())
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"), body


def test_the_library_verifies_what_was_signed() -> None:
    """Built here from the text of DSSE (secure-systems-lab/dsse, protocol.md), not with the code under test."""
    key = SigningKey.create()
    name = b"application/vnd.stairgate.policy.1"
    encoded = b"DSSEv1 %d %s %d %s" % (len(name), name, len(BODY), BODY)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key.point)

    for _ in range(50):
        r, s, body = split(key.sign("policy", BODY))
        assert body == BODY
        public.verify(utils.encode_dss_signature(r, s), encoded, ec.ECDSA(hashes.SHA256()))

    with pytest.raises(InvalidSignature):
        public.verify(utils.encode_dss_signature(r, s), encoded + b"x", ec.ECDSA(hashes.SHA256()))


def test_a_device_opens_what_was_signed() -> None:
    key = SigningKey.create()
    trusted = {key.key_id: key.point}

    for kind in ("policy", "time"):
        assert envelope.open_signed(key.sign(kind, BODY), kind, trusted, CAP) == BODY


def test_a_device_refuses_another_kind_another_key_and_another_body() -> None:
    key, other = SigningKey.create(), SigningKey.create()
    document = key.sign("policy", BODY)
    trusted = {key.key_id: key.point}

    assert refusal(document, "time", trusted) == "wrong_type"
    assert refusal(document.replace(b"stairgate-policy", b"stairgate-time"), "time", trusted) == "bad_signature"
    assert refusal(document, "policy", {other.key_id: other.point}) == "unknown_key"
    assert refusal(document, "policy", {key.key_id: other.point}) == "bad_signature"
    assert refusal(document.replace(b",7,", b",8,"), "policy", trusted) == "bad_signature"


def refusal(document: bytes, kind: str, keys: dict[str, bytes]) -> str:
    """The reason for which a device refuses a document."""
    with pytest.raises(Refused) as refused:
        envelope.open_signed(document, kind, keys, CAP)
    return str(refused.value.reason)


def test_a_key_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    key = SigningKey.create()
    path = tmp_path / "policy.key"

    key.save(path)
    loaded = SigningKey.load(path)

    assert (loaded.point, loaded.key_id) == (key.point, key.key_id)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")
    opened = envelope.open_signed(loaded.sign("policy", BODY), "policy", {key.key_id: key.point}, CAP)
    assert opened == BODY


def test_saving_replaces_a_key_whole(tmp_path: Path) -> None:
    path = tmp_path / "policy.key"
    SigningKey.create().save(path)
    second = SigningKey.create()

    second.save(path)

    assert SigningKey.load(path).key_id == second.key_id
    assert [each.name for each in tmp_path.iterdir()] == ["policy.key"]


@pytest.mark.parametrize(
    "content", [b"", b"no key", b"x" * (private_files.READ_CAP_BYTES + 1)], ids=["empty", "text", "too large"]
)
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "policy.key"
    path.write_bytes(content)

    with pytest.raises(ValueError):
        SigningKey.load(path)
