"""Which trust documents replace the keys that a device holds, and why the others do not."""

from stairgate.core import envelope
from stairgate.core.trust import Trust, TrustedKey, accept_trust, read_trust, write_trust
from tests.portable import trust_vectors as vectors
from tests.portable.refusals import reason_of
from tests.portable.trust_vectors import ROOT, A, B, C


def keys(*points: bytes) -> "dict[str, bytes]":
    return {envelope.key_id(point): point for point in points}


def key(point: bytes, state: str) -> TrustedKey:
    return TrustedKey(envelope.key_id(point), point, state)


HEAD = b'["trust","h1",2,5]\n'
A_LINE = vectors.REPEATED.split(b"\n")[2] + b"\n"
B_LINE = vectors.SWITCHED.split(b"\n")[2] + b"\n"

# Document, revision held, keys held, the revision accepted or the reason of the refusal.
CASES: "tuple[tuple[str, bytes, int, dict[str, bytes], object], ...]" = (
    ("the next one, announced by the current key", vectors.ANNOUNCED, 1, keys(A), 2),
    ("the one after, signed by the announced key", vectors.SWITCHED, 2, keys(A, B), 3),
    ("the one after, by a key that was not announced", vectors.SWITCHED, 2, keys(A), "unknown_key"),
    ("the one after, too early", vectors.SWITCHED, 1, keys(A, B), "skipped_revision"),
    ("a later one by the root key", vectors.BY_ROOT, 1, keys(A), 9),
    ("by the root key, while nothing is held", vectors.BY_ROOT, 0, {}, 9),
    ("by the root key, after it", vectors.BY_ROOT, 9, keys(C), "old_revision"),
    ("by the root key, long after it", vectors.ROOT_AT_2, 9, keys(C), "old_revision"),
    ("the next one by the root key", vectors.ROOT_AT_2, 1, keys(A), 2),
    ("one left out", vectors.SKIPPED, 1, keys(A), "skipped_revision"),
    ("the same once more", vectors.ANNOUNCED, 2, keys(A, B), "old_revision"),
    ("an older one", vectors.REPEATED, 1, keys(A), "old_revision"),
    ("of another home", vectors.OTHER_HOME, 1, keys(A), "wrong_home"),
    ("by a stranger", vectors.BY_FOREIGN, 1, keys(A), "unknown_key"),
    ("signed as a policy", vectors.SIGNED_AS_POLICY, 1, keys(A), "wrong_type"),
    (
        "a policy's signature under another name",
        vectors.SIGNED_AS_POLICY.replace(b"stairgate-policy", b"stairgate-trust"),
        1,
        keys(A),
        "bad_signature",
    ),
    ("a broken body", vectors.GARBAGE, 1, keys(A), "bad_message"),
    ("too large", vectors.ANNOUNCED + b"x" * 2048, 1, keys(A), "too_large"),
    ("empty", b"", 1, keys(A), "bad_header"),
)


def check(document: bytes, held: int, held_keys: "dict[str, bytes]", expected: object) -> None:
    reason = reason_of(accept_trust, document, "h1", held, held_keys, ROOT)
    if reason:
        assert reason == expected, reason
    else:
        trust = accept_trust(document, "h1", held, held_keys, ROOT)
        assert trust.home == "h1" and trust.revision == expected


def test_the_announced_keys_are_those_of_the_document() -> None:
    trust = accept_trust(vectors.ANNOUNCED, "h1", 1, keys(A), ROOT)
    assert trust == Trust("h1", 2, 1800000000, (key(A, "current"), key(B, "next")))


def test_cut_anywhere_it_is_refused() -> None:
    for length in range(0, len(vectors.ANNOUNCED), 9):
        document = vectors.ANNOUNCED[:length]
        assert reason_of(accept_trust, document, "h1", 1, keys(A), ROOT) in ("bad_header", "bad_signature")


def test_a_body_is_read_as_it_was_written() -> None:
    trust = Trust("h1", 5, 7, (key(C, "next"), key(A, "current"), key(B, "next"), key(ROOT, "next")))
    assert read_trust(write_trust(trust)) == trust


def test_bodies_that_are_no_trust() -> None:
    for body in (
        b"",
        HEAD,
        A_LINE,
        A_LINE + HEAD,
        HEAD + A_LINE[:-1],
        HEAD + A_LINE + A_LINE,
        HEAD + A_LINE + B_LINE,
        HEAD + A_LINE.replace(b"current", b"next"),
        HEAD + A_LINE.replace(b"current", b"former"),
        HEAD + A_LINE.replace(envelope.key_id(A).encode(), envelope.key_id(B).encode()),
        HEAD + A_LINE.replace(b'"04', b'"02'),
        HEAD + HEAD + A_LINE,
        HEAD.replace(b"2", b"0") + A_LINE,
        HEAD.replace(b"2", b'"2"') + A_LINE,
        HEAD.replace(b"5", b"-5") + A_LINE,
        HEAD.replace(b"h1", b"H1") + A_LINE,
        HEAD + A_LINE + b'["later"]\n',
        HEAD + A_LINE + b"\xff\n",
        HEAD + A_LINE + b"[[[[[]]]]]\n",
        HEAD + A_LINE + b'["' + b"x" * 600 + b'"]\n',
    ):
        assert reason_of(read_trust, body) == "bad_message", body
    assert read_trust(HEAD + A_LINE + b'["x-later",1]\n').revision == 2


def test_too_many_keys_are_refused() -> None:
    keys = tuple([key(point, "next") for point in (B, C, ROOT)])
    assert reason_of(write_trust, Trust("h1", 2, 5, keys + keys)) == "bad_message"
    assert reason_of(write_trust, Trust("h1", 2, 5, ())) == "bad_message"
