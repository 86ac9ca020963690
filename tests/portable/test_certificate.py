"""Which certificate documents are for this device, and how their bytes travel."""

from stairgate.core import envelope, sections
from stairgate.core.certificate import Certificate, accept_certificate, read_certificate, write_certificate
from tests.portable.refusals import reason_of
from tests.portable.trust_vectors import CERTIFICATE, A, B

DER = bytes(range(256)) * 2
KEYS = {envelope.key_id(A): A}
HEAD = b'["certificate","h1","r1",5]\n'

CASES = (
    ("ours", CERTIFICATE, "h1", "r1", KEYS, ""),
    ("another agent's", CERTIFICATE, "h1", "r2", KEYS, "wrong_agent"),
    ("another home's", CERTIFICATE, "h2", "r1", KEYS, "wrong_home"),
    ("by a key that is not believed", CERTIFICATE, "h1", "r1", {envelope.key_id(B): B}, "unknown_key"),
    ("changed", CERTIFICATE.replace(b"190", b"191"), "h1", "r1", KEYS, "bad_signature"),
    ("too large", CERTIFICATE + b"x" * 4096, "h1", "r1", KEYS, "too_large"),
    ("a trust document", CERTIFICATE.replace(b"certificate 1", b"trust 1"), "h1", "r1", KEYS, "wrong_type"),
)


def check(document: bytes, home: str, agent: str, keys: "dict[str, bytes]", expected: str) -> None:
    assert reason_of(accept_certificate, document, home, agent, keys) == expected


def test_the_content_is_what_was_signed() -> None:
    found = accept_certificate(CERTIFICATE, "h1", "r1", KEYS)
    assert found == Certificate("h1", "r1", 1900000000, DER)


def test_bytes_of_each_length_come_back() -> None:
    for length in list(range(1, 8)) + [299, 300, 301, 600, 2399, 2400]:
        content = Certificate("h1", "r1", 5, (DER * 5)[:length])
        assert read_certificate(write_certificate(content)) == content
    for length in (0, 2401):
        assert reason_of(write_certificate, Certificate("h1", "r1", 5, bytes(length))) == "bad_message"


def test_bodies_that_carry_no_certificate() -> None:
    whole = b'["der","' + b"AAAA" * 100 + b'"]\n'
    assert read_certificate(HEAD + whole + b'["der","AA=="]\n').der == bytes(301)
    for body in (
        HEAD,
        whole,
        HEAD + b'["der",""]\n',
        HEAD + b'["der","A"]\n',
        HEAD + b'["der","AAA"]\n',
        HEAD + b'["der","AAA="]\n' + whole,
        HEAD + b'["der","AB=="]\n',
        HEAD + b'["der","A==="]\n',
        HEAD + b'["der","===="]\n',
        HEAD + b'["der","AA A"]\n',
        HEAD + b'["der","AA-_"]\n',
        HEAD + b'["der","AAA\xc3\xa9"]\n',
        HEAD + b'["der","AAAA","AAAA"]\n',
        HEAD + b'["der",5]\n',
        HEAD + b'["der","' + b"AAAA" * 101 + b'"]\n',
        HEAD + whole * 9,
    ):
        assert reason_of(read_certificate, body) == "bad_message", body


def test_a_chunk_of_base64_has_one_form() -> None:
    assert sections.is_chunk("AAAA")
    for text in ("AAAA\n", "\nAAAA", "AA\nAA", "AAAAA", None, b"AAAA", "AAAB====", "AB=="):
        assert not sections.is_chunk(text), text
