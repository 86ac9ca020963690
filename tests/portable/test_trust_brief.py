"""A toy's short reading of trust and certificate documents decides as the long one does, over the same documents."""

from stairgate.core import envelope
from stairgate.core.certificate import accept_certificate
from stairgate.core.trust import accept_trust, read_trust
from stairgate.core.trust_brief import accept_certificate_steps, accept_trust_steps, read_trust_brief
from tests.portable import test_certificate as long_certificate
from tests.portable import test_trust as long_trust
from tests.portable.refusals import reason_of
from tests.portable.test_trust import A_LINE, B_LINE, HEAD
from tests.portable.trust_vectors import CERTIFICATE, ROOT, A

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

POINT = bytes(range(65))  # stands in the test's certificate


def trust(document: bytes, held: int, keys: "dict[str, bytes]") -> "object":
    return envelope.finish(accept_trust_steps(document, "h1", held, keys, ROOT))


def certificate(document: bytes, home: str, agent: str, keys: "dict[str, bytes]") -> bytes:
    return envelope.finish(accept_certificate_steps(document, home, agent, POINT, keys))


def _trust(document: bytes, held: int, keys: "dict[str, bytes]") -> "object":
    found = accept_trust(document, "h1", held, keys, ROOT)
    return found.revision, {key.key_id: key.point for key in found.keys}


def _certificate(document: bytes, home: str, agent: str, keys: "dict[str, bytes]") -> bytes:
    return accept_certificate(document, home, agent, keys).der


# Short form, long form, arguments.
CASES = tuple(
    [("trust: " + row[0], trust, _trust, row[1:4]) for row in long_trust.CASES]
    + [("certificate: " + row[0], certificate, _certificate, row[1:5]) for row in long_certificate.CASES]
)


def check(short: "Callable[..., object]", long: "Callable[..., object]", arguments: "tuple[object, ...]") -> None:
    expected = reason_of(long, *arguments)
    # What the reader finds first in a broken line has a name of its own; refused it is.
    found = reason_of(short, *arguments)
    assert bool(found) == bool(expected)
    assert found == expected or expected == "bad_message", found
    if not expected:
        assert short(*arguments) == long(*arguments)


def test_bodies_that_the_long_form_refuses_are_refused() -> None:
    current = HEAD + A_LINE
    assert reason_of(read_trust_brief, current) == reason_of(read_trust, current) == ""
    for body in (
        HEAD,
        HEAD + A_LINE + A_LINE,
        HEAD + B_LINE + B_LINE.replace(b"current", b"next"),
        HEAD + A_LINE.replace(b"current", b"next"),
        HEAD + A_LINE.replace(b"current", b"former"),
        HEAD + A_LINE.replace(b'"key","', b'"key","0'),
        HEAD + A_LINE.replace(b'","04', b'","05'),
        HEAD + A_LINE.replace(b'"current"', b'"current",1'),
        HEAD + A_LINE[:-1],
        A_LINE + HEAD,
        HEAD + HEAD + A_LINE,
        HEAD + b'["lock",1]\n' + A_LINE,
        b"",
        b"\n",
    ):
        assert reason_of(read_trust, body) != "", body
        assert reason_of(read_trust_brief, body) != "", body


def test_a_certificate_for_another_key_is_not_taken() -> None:
    keys = {envelope.key_id(A): A}

    def take(point: bytes) -> bytes:
        return envelope.finish(accept_certificate_steps(CERTIFICATE, "h1", "r1", point, keys))

    assert POINT in take(POINT)
    assert reason_of(take, bytes(65)) == "bad_certificate"
