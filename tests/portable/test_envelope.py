"""Which signed documents are opened, and with which reason the others are refused."""

from binascii import unhexlify
from hashlib import sha256
from io import BytesIO

from stairgate.core import envelope
from stairgate.core.refused import Refused
from tests.portable.vectors import BODY, POINT, SIGNATURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

KEY = unhexlify(POINT)
ID = envelope.key_id(KEY)
HEAD = b"stairgate-policy 1 " + ID.encode() + b" " + SIGNATURE.encode()
DOCUMENT = HEAD + b"\n" + BODY
ZERO = b"0" * 128

CASES = (
    ("valid", DOCUMENT, "policy", 4096, BODY),
    ("exactly as large as allowed", DOCUMENT, "policy", len(DOCUMENT), BODY),
    ("a byte too large", DOCUMENT, "policy", len(DOCUMENT) - 1, "too_large"),
    ("empty", b"", "policy", 4096, "bad_header"),
    ("no newline", HEAD, "policy", 4096, "bad_header"),
    ("a first line without end", b"stairgate-policy " * 40, "policy", 4096, "bad_header"),
    ("a bare policy", BODY, "policy", 4096, "bad_header"),
    ("asked for another kind", DOCUMENT, "time", 4096, "wrong_type"),
    ("the type rewritten", DOCUMENT.replace(b"-policy", b"-time"), "time", 4096, "bad_signature"),
    ("the type in capitals", DOCUMENT.replace(b"-policy", b"-Policy"), "policy", 4096, "wrong_type"),
    ("version 2", DOCUMENT.replace(b"y 1 ", b"y 2 "), "policy", 4096, "unknown_version"),
    ("version 01", DOCUMENT.replace(b"y 1 ", b"y 01 "), "policy", 4096, "unknown_version"),
    ("another key", DOCUMENT.replace(ID.encode(), b"0123456789abcdef"), "policy", 4096, "unknown_key"),
    ("a key id in capitals", DOCUMENT.replace(ID.encode(), b"ABCDEF0123456789"), "policy", 4096, "bad_header"),
    ("a key id too short", DOCUMENT.replace(ID.encode(), ID[:15].encode()), "policy", 4096, "bad_header"),
    (
        "a signature in capitals",
        HEAD.upper().replace(HEAD[:36].upper(), HEAD[:36]) + b"\n",
        "policy",
        4096,
        "bad_header",
    ),
    ("a signature too short", HEAD[:-2] + b"\n" + BODY, "policy", 4096, "bad_header"),
    ("a signature too long", HEAD + b"00\n" + BODY, "policy", 4096, "bad_header"),
    ("a signature of zeros", HEAD[:-128] + ZERO + b"\n" + BODY, "policy", 4096, "bad_signature"),
    ("a space at the end", HEAD + b" \n" + BODY, "policy", 4096, "bad_header"),
    ("two spaces", HEAD.replace(b" 1 ", b"  1 ") + b"\n" + BODY, "policy", 4096, "bad_header"),
    ("a carriage return", HEAD + b"\r\n" + BODY, "policy", 4096, "bad_header"),
    ("no UTF-8", b"\xff\xfe\n" + BODY, "policy", 4096, "bad_header"),
    ("a byte changed", DOCUMENT.replace(b'"r1"', b'"r2"'), "policy", 4096, "bad_signature"),
    ("a byte added", DOCUMENT + b"\n", "policy", 4096, "bad_signature"),
    ("a byte removed", DOCUMENT[:-1], "policy", 4096, "bad_signature"),
    ("no body", HEAD + b"\n", "policy", 4096, "bad_signature"),
    ("a line repeated", DOCUMENT + BODY, "policy", 4096, "bad_signature"),
)


def finish(steps: "Generator[None, None, tuple[int, str]]") -> "tuple[int, str]":
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def check(data: bytes, kind: str, cap: int, expected: "bytes | str") -> None:
    keys = {ID: KEY}
    got: bytes | str
    streamed: bytes | str
    try:
        got = envelope.open_signed(data, kind, keys, cap)
    except Refused as refused:
        got = refused.reason
    assert got == expected
    # The reader in constant memory must agree on everything.
    try:
        start, digest = finish(envelope.verify_stream_steps(BytesIO(data), len(data), kind, keys, cap))
        streamed = data[start:]
        assert digest == envelope.body_digest(streamed)
    except Refused as refused:
        streamed = refused.reason
    assert streamed == expected


def test_the_encoding_that_is_signed() -> None:
    expected = b"DSSEv1 34 application/vnd.stairgate.policy.1 3 abc"
    assert envelope.pre_authentication_encoding_head("policy", 3) + b"abc" == expected
    assert envelope.digest_to_sign("policy", b"abc") == sha256(expected).digest()


def test_the_key_id_is_the_beginning_of_the_hash() -> None:
    assert unhexlify(ID) == sha256(KEY).digest()[:8]


def test_the_header_line() -> None:
    assert envelope.header_line("policy", ID, unhexlify(SIGNATURE)) == HEAD + b"\n"


def test_the_digest_of_a_body_does_not_cover_the_header() -> None:
    assert unhexlify(envelope.body_digest(BODY)) == sha256(BODY).digest()


def test_opening_yields_while_it_verifies() -> None:
    assert len(list(envelope.open_signed_steps(DOCUMENT, "policy", {ID: KEY}, 4096))) >= 32


def test_a_trusted_point_off_the_curve_verifies_nothing() -> None:
    try:
        envelope.open_signed(DOCUMENT, "policy", {ID: b"\x04" + bytes(64)}, 4096)
    except Refused as refused:
        assert refused.reason == "bad_signature"
    else:
        raise AssertionError("a signature of no key was accepted")


def test_a_file_that_ends_early_is_torn() -> None:
    try:
        finish(envelope.verify_stream_steps(BytesIO(DOCUMENT), len(DOCUMENT) + 1, "policy", {ID: KEY}, 4096))
    except Refused as refused:
        assert refused.reason == "torn"
    else:
        raise AssertionError("a file shorter than its size was accepted")


def test_only_the_first_bytes_of_a_growing_file_count() -> None:
    steps = envelope.verify_stream_steps(BytesIO(DOCUMENT + b"more"), len(DOCUMENT), "policy", {ID: KEY}, 4096)
    assert finish(steps) == (len(HEAD) + 1, envelope.body_digest(BODY))


def test_a_long_body_is_read_in_pieces() -> None:
    body = BODY * 40
    data = HEAD + b"\n" + body
    keys = {ID: KEY}
    try:
        finish(envelope.verify_stream_steps(BytesIO(data), len(data), "policy", keys, 4096))
    except Refused as refused:
        assert refused.reason == "bad_signature"
    else:
        raise AssertionError("another body was accepted")
