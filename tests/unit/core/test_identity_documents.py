"""Pairing, trust and certificates with any content: what is written is read, anything else is Refused."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stairgate.core import certificate, limits, pairing, sections, trust
from stairgate.core.keyed_hash import is_same, keyed_hash
from stairgate.core.p256 import N, public_point
from stairgate.core.refused import Refused

SECRETS = st.binary(min_size=10, max_size=10)
POINTS = st.integers(1, 2**64).map(public_point)
LABELS = st.text(min_size=1, max_size=60)
ANYTHING = st.one_of(
    st.binary(max_size=400),
    st.lists(
        st.sampled_from([b'["pair",', b"]\n", b'"', b"[", b"5,", b"\\u0041", b"\xff", b'"x"', b"{}", b"null"])
    ).map(b"".join),
)


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_the_keyed_hash_is_the_library_s(secret: bytes, message: bytes) -> None:
    assert keyed_hash(secret, message) == hmac.digest(secret, message, "sha256")


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_the_comparison_is_the_library_s(one: bytes, other: bytes) -> None:
    assert is_same(one, other) == hmac.compare_digest(one, other)
    assert is_same(one, bytes(one))


@settings(max_examples=40)
@given(st.one_of(st.integers(1, N - 1), st.integers(N - 300, N - 1), st.integers(1, 300)))
@example(2**255)
@example(2**255 - 1)
def test_a_public_point_is_the_library_s(scalar: int) -> None:
    key = ec.derive_private_key(scalar, ec.SECP256R1()).public_key()

    assert public_point(scalar) == key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@given(SECRETS)
def test_a_code_is_read_back(secret: bytes) -> None:
    code = pairing.new_code(secret)

    assert pairing.read_code(code) == secret
    assert pairing.read_code(code.lower().replace("-", " ")) == secret


@given(st.text(max_size=80))
def test_any_text_is_a_code_or_refused(text: str) -> None:
    try:
        secret = pairing.read_code(text)
    except Refused as refused:
        reason = refused.reason
    else:
        reason = "bad_code"
        assert len(secret) == 10
    assert reason == "bad_code"


@settings(max_examples=60)
@given(SECRETS, POINTS, st.binary(min_size=16, max_size=16), LABELS)
def test_a_request_is_read_as_written_or_not_written(secret: bytes, point: bytes, nonce: bytes, label: str) -> None:
    request = pairing.PairRequest(point, nonce.hex(), "router", label)
    try:
        document = pairing.write_request(secret, request)
    except Refused:
        assert not label.isprintable() or not 0 < len(label) <= 40 or label.strip() != label or set(label) & set('"\\')
    else:
        assert pairing.read_request(secret, document) == request
        # The whole proof, computed as the format's page says and not with the code under test.
        head, body = document.split(b"\n", 1)
        assert head.split(b" ")[2].decode() == hmac.new(secret, b"stairgate-pair 1\n" + body, "sha256").hexdigest()


@given(SECRETS, ANYTHING)
def test_any_body_with_a_proof_is_refused_and_nothing_else(secret: bytes, body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        pairing.read_request(secret, pairing._seal("pair", secret, b"", body))
    assert refused.value.reason == "bad_message"
    binding = hashlib.sha256(b"").digest()
    with pytest.raises(Refused) as refused:
        pairing.read_answer(secret, b"\n", pairing._seal("paired", secret, binding, body))
    assert refused.value.reason == "bad_message"


@given(ANYTHING)
def test_any_bytes_are_refused(data: bytes) -> None:
    for read in (
        lambda: pairing.read_request(bytes(10), data),
        lambda: pairing.read_answer(bytes(10), data, data),
        lambda: trust.read_trust(data),
        lambda: certificate.read_certificate(data),
        lambda: trust.accept_trust(data, "h1", 1, {}, public_point(5)),
        lambda: certificate.accept_certificate(data, "h1", "r1", {}),
    ):
        with pytest.raises(Refused):
            read()


@given(st.binary(min_size=1, max_size=limits.BASE64_CHARACTERS // 4 * 3 * limits.CERTIFICATE_CHUNKS))
def test_binary_lines_come_back(data: bytes) -> None:
    lines = sections.binary_lines("der", data)

    assert all(sections.is_chunk(text) for _, text in lines)
    assert sections.joined([line[1:] for line in lines]) == data


@given(st.text(max_size=12))
def test_any_text_is_a_chunk_in_one_form_only(text: str) -> None:
    if sections.is_chunk(text):
        assert sections.binary_lines("der", sections.joined([[text]])) == [["der", text]]
