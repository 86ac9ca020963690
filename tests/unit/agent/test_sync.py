"""What the agent believes: only what is newer, genuine, and meant for it."""

from collections.abc import Callable

import pytest

from stairgate.agent.sync import accept_policy, accept_time, claimed_revision, newest_first, open_policy
from stairgate.core.limits import ROUTER_POLICY_BYTES
from stairgate.core.messages import time_body
from stairgate.core.records import Policy
from stairgate.core.refused import Refused
from tests.lab.policies import family_policy
from tests.unit.agent.rig import identity, signed, signing_key


def tampered(document: bytes) -> bytes:
    """One letter of the family's rules changed after signing."""
    changed = document.replace(b'"closed"', b'"open"', 1) if b'"closed"' in document else document[:-3] + b"0]\n"
    assert changed != document
    return changed


def with_header(word: int, text: bytes) -> bytes:
    head, body = signed().split(b"\n", 1)
    words = head.split(b" ")
    words[word] = text
    return b" ".join(words) + b"\n" + body


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "another home's": (lambda: signed(family_policy()._replace(home="hother")), "wrong_home"),
    "another agent's": (lambda: signed(family_policy()._replace(agent="rother")), "wrong_agent"),
    "changed after signing": (lambda: tampered(signed(family_policy(default_level="closed"))), "bad_signature"),
    "signed by a stranger": (lambda: signed(key=signing_key("stranger")), "unknown_key"),
    "by a stranger who claims our key": (
        lambda: signed(key=signing_key("stranger")).replace(
            signing_key("stranger").key_id.encode(), signing_key().key_id.encode()
        ),
        "bad_signature",
    ),
    "without a signature": (lambda: signed().split(b"\n", 1)[1], "bad_header"),
    "a signature of zeros": (lambda: with_header(3, b"0" * 128), "bad_signature"),
    "signed for another purpose": (lambda: signing_key().sign("time", signed().split(b"\n", 1)[1]), "wrong_type"),
    "of another version": (lambda: with_header(1, b"2"), "unknown_version"),
    "nothing": (lambda: b"", "bad_header"),
    "too large": (lambda: signed() + b" " * ROUTER_POLICY_BYTES, "too_large"),
    "a genuine signature over no policy": (lambda: signing_key().sign("policy", b'["x-other"]\n'), "unknown_kind"),
    "a genuine signature over nothing": (lambda: signing_key().sign("policy", b""), "bad_order"),
    "a second document behind it": (lambda: signed() + signed(), "bad_signature"),
}


@pytest.mark.parametrize(("document", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused_whether_there_is_a_policy_already_or_not(document: Callable[[], bytes], reason: str) -> None:
    current = open_policy(signed(family_policy(1)), identity())

    for before in (None, current):
        with pytest.raises(Refused) as refused:
            accept_policy(document(), identity(), before)
        assert refused.value.reason == reason


def accepted(policy: Policy, current: Policy | None) -> int:
    before = open_policy(signed(current), identity()) if current else None
    received = accept_policy(signed(policy), identity(), before)
    assert received.policy == policy
    return received.revision


def test_accepted_the_first_a_newer_and_the_very_same_again() -> None:
    assert accepted(family_policy(5), None) == 5
    assert accepted(family_policy(6), family_policy(5)) == 6
    # A hub that issues again signs again: another signature over the same body.
    assert accepted(family_policy(5), family_policy(5)) == 5


def test_an_older_one_never_returns() -> None:
    with pytest.raises(Refused, match="older: expected 5 or more, got 4"):
        accepted(family_policy(4), family_policy(5))


def test_the_same_number_with_other_rules_is_refused() -> None:
    with pytest.raises(Refused, match="revision_reused"):
        accepted(family_policy(5, default_level="closed"), family_policy(5))


def test_the_digest_is_the_body_s_whoever_signs_it_again() -> None:
    first, again = (open_policy(signed(), identity()) for _ in range(2))

    assert first.document != again.document
    assert first.digest == again.digest
    assert len(first.digest) == 64


CLAIMS = {
    b"": -1,
    b"\n": -1,
    b'head\n["policy","h","r",43,1]\n': 43,
    b'head\n["policy","h","r", 43 ,1]\n': 43,
    b'head\n["policy","h","r",43': 43,
    b'head\n["policy","h","r",-43,1]\n': -1,
    b'head\n["policy","h","r",4e9,1]\n': -1,
    b'head\n["policy","h"]\n': -1,
    b'["policy","h","r",43,1]\n': -1,
    b'head\n["policy","h","r",' + b"9" * 17 + b",1]\n": -1,
    b'head\n["policy","h","r",' + b"9" * 16 + b",1]\n": 10**16 - 1,
    b"\xff\xfe\n\xff,\xff,\xff,\xb2,\n": -1,
}


@pytest.mark.parametrize(("document", "revision"), CLAIMS.items())
def test_claimed_revision(document: bytes, revision: int) -> None:
    assert claimed_revision(document) == revision


def test_the_newest_comes_first_and_garbage_last() -> None:
    documents = [signed(family_policy(number)) for number in (43, 45, 44)]

    ordered = newest_first([documents[0], b"garbage", documents[1], b"", documents[2]])

    assert ordered == [documents[1], documents[2], documents[0], b"garbage", b""]


def signed_time(nonce: str, kind: str = "time", name: str = "") -> bytes:
    key = signing_key(name) if name else signing_key()
    return key.sign(kind, time_body(1_774_602_000, nonce, 7, "0a" * 32))


def test_the_hub_s_time_answers_the_last_hello() -> None:
    assert accept_time(signed_time("n0123456789"), identity(), "n0123456789").utc == 1_774_602_000


@pytest.mark.parametrize(
    ("document", "nonce", "reason"),
    [
        (signed_time("n0123456789"), "nanother789", "wrong_nonce"),
        (signed_time("n0123456789"), "", "wrong_nonce"),
        (signed_time("n0123456789", name="stranger"), "n0123456789", "unknown_key"),
        (signed_time("n0123456789", kind="policy"), "n0123456789", "wrong_type"),
        (signed_time("n0123456789").replace(b"1774602000", b"1774602001"), "n0123456789", "bad_signature"),
        (signed_time("n0123456789") + b" " * 512, "n0123456789", "too_large"),
        (signing_key().sign("time", b'["time","noon"]\n'), "n0123456789", "bad_message"),
        (b"", "n0123456789", "bad_header"),
    ],
)
def test_a_time_that_is_not_the_hub_s_answer_is_refused(document: bytes, nonce: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        accept_time(document, identity(), nonce)
    assert refused.value.reason == reason
