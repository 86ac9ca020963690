"""Pairing codes and documents: what both sides read, and every reason to refuse."""

from stairgate.core import envelope, limits, pairing
from stairgate.core.pairing import PairAnswer, PairRequest
from stairgate.core.refused import Refused
from stairgate.core.trust import TrustedKey
from tests.portable.refusals import reason_of
from tests.portable.trust_vectors import ROOT, A, B, C

SECRET = bytes(range(10))
OTHER_SECRET = bytes(range(1, 11))
NONCE = "0123456789abcdef0123456789abcdef"
REQUEST = PairRequest(A, NONCE, "router", "Router")
DOCUMENT = pairing.write_request(SECRET, REQUEST)
ANSWER = PairAnswer(
    "h1",
    "r1",
    "000",
    "b1",
    ("192.168.77.2", "fd00::2", "hub.lan"),
    8883,
    ("192.168.77.2",),
    8080,
    ROOT,
    (TrustedKey(envelope.key_id(A), A, "current"), TrustedKey(envelope.key_id(B), B, "next")),
    7,
    bytes(range(256)) * 3,
    b"certificate" * 60,
)
ANSWERED = pairing.write_answer(SECRET, DOCUMENT, ANSWER)

# Text of a code, the bytes it stands for or the reason.
CASES = (
    ("zeros", "0000-0000-0000-0000", bytes(10)),
    ("ones", "ZZZZ-ZZZZ-ZZZZ-ZZZZ", b"\xff" * 10),
    ("counting", "000G-40R4-0M30-E209", bytes(range(10))),
    ("as a person types it", " 000g 40r40m30e209 ", bytes(range(10))),
    ("misread letters", "OoOG-4OR4-0M3O-E2O9", bytes(range(10))),
    ("I and L for 1", "ILil-1111-1111-1111", int("1" * 16, 32).to_bytes(10, "big")),
    ("empty", "", "bad_code"),
    ("a letter too few", "0000-0000-0000-000", "bad_code"),
    ("a letter too many", "0000-0000-0000-0000-0", "bad_code"),
    ("U", "U000-0000-0000-0000", "bad_code"),
    ("a letter with an accent", "É000-0000-0000-0000", "bad_code"),
    ("a letter whose capital is ASCII", "ı000-0000-0000-0000", "bad_code"),
    ("full-width digits", "０000-0000-0000-0000", "bad_code"),
    ("a newline", "0000-0000-0000-0000\n", "bad_code"),
    ("only hyphens", "-" * 16, "bad_code"),
    ("64 KB", "0" * 65536, "bad_code"),
)


def check(text: str, expected: object) -> None:
    try:
        found: object = pairing.read_code(text)
    except Refused as refused:
        found = refused.reason
    assert found == expected, found


def test_a_code_is_read_as_it_is_shown() -> None:
    for first in range(256):
        random10 = bytes([first, 255 - first] * 5)
        code = pairing.new_code(random10)
        assert len(code) == 19 and code.count("-") == 3
        assert pairing.read_code(code) == random10


def test_a_request_is_read_by_who_knows_the_code_only() -> None:
    assert pairing.read_request(SECRET, DOCUMENT) == REQUEST
    assert reason_of(pairing.read_request, OTHER_SECRET, DOCUMENT) == "bad_proof"


def test_an_answer_fits_its_request_only() -> None:
    assert pairing.read_answer(SECRET, DOCUMENT, ANSWERED) == ANSWER
    assert reason_of(pairing.read_answer, OTHER_SECRET, DOCUMENT, ANSWERED) == "bad_proof"
    another = pairing.write_request(SECRET, PairRequest(A, "f" * 32, "router", "Router"))
    assert reason_of(pairing.read_answer, SECRET, another, ANSWERED) == "bad_proof"


def test_a_request_sent_back_is_no_answer() -> None:
    assert reason_of(pairing.read_answer, SECRET, DOCUMENT, DOCUMENT) == "bad_message"
    as_answer = DOCUMENT.replace(b"stairgate-pair ", b"stairgate-paired ")
    assert reason_of(pairing.read_answer, SECRET, DOCUMENT, as_answer) == "bad_proof"


def test_each_changed_byte_is_noticed() -> None:
    for position in range(len(DOCUMENT)):
        changed = bytearray(DOCUMENT)
        changed[position] ^= 1
        assert reason_of(pairing.read_request, SECRET, bytes(changed)) in ("bad_proof", "bad_message")
    for position in range(0, len(ANSWERED), 7):
        changed = bytearray(ANSWERED)
        changed[position] ^= 32
        assert reason_of(pairing.read_answer, SECRET, DOCUMENT, bytes(changed)) in ("bad_proof", "bad_message")


def test_cut_anywhere_it_is_refused() -> None:
    for length in range(len(DOCUMENT)):
        assert reason_of(pairing.read_request, SECRET, DOCUMENT[:length]) in ("bad_proof", "bad_message")
    for length in range(0, len(ANSWERED), 5):
        assert reason_of(pairing.read_answer, SECRET, DOCUMENT, ANSWERED[:length]) in ("bad_proof", "bad_message")


def test_too_large_is_told_before_anything_is_read() -> None:
    assert reason_of(pairing.read_request, SECRET, b"x" * (limits.PAIR_REQUEST_BYTES + 1)) == "too_large"
    assert reason_of(pairing.read_answer, SECRET, DOCUMENT, b"x" * (limits.PAIR_ANSWER_BYTES + 1)) == "too_large"
    assert reason_of(pairing.read_request, SECRET, b"x" * limits.PAIR_REQUEST_BYTES) == "bad_message"


def sealed(body: bytes) -> bytes:
    """A request with a valid proof over any body: what somebody with the code could send."""
    return pairing._seal("pair", SECRET, b"", body)


POINT = b'"04' + DOCUMENT.split(b'"04')[1].split(b'"')[0] + b'"'
REST = b',"' + NONCE.encode() + b'","router","Router"]\n'


def test_a_body_with_a_proof_is_read_as_strictly() -> None:
    assert pairing.read_request(SECRET, sealed(b'["pair",' + POINT + REST)) == REQUEST
    for body in (
        b"",
        b"\n",
        b"[]\n",
        b"{}\n",
        b"[[[[[[[[[[]]]]]]]]]]\n",
        b"[" * 900,
        b'["pair"]\n',
        b'["x-pair"]\n',
        b'["pair",' + POINT + REST[:-1],
        (b'["pair",' + POINT + REST) * 2,
        b'["pair",' + POINT + REST + b'["also"]\n',
        b'["pair",' + POINT.replace(b"0", b"1") + REST,
        b'["pair",' + POINT.upper() + REST,
        b'["pair","",' + REST,
        b'["pair",7' + REST,
        b'["pair",[]' + REST,
        b'["pair",' + POINT + REST.replace(b"0123", b"012g"),
        b'["pair",' + POINT + REST.replace(b"0123", b""),
        b'["pair",' + POINT + REST.replace(b'"router"', b'"Toy!"'),
        b'["pair",' + POINT + REST.replace(b'"Router"', b"true"),
        b'["pair",' + POINT + REST.replace(b'"Router"', b'""'),
        b'["pair",' + POINT + REST.replace(b"Router", b"R" * 41),
        b'["pair",' + POINT + REST.replace(b"Router", b" Router"),
        b'["pair",' + POINT + REST.replace(b"Router", b"Rou\tter"),
        b'["pair",' + POINT + REST.replace(b"Router", b"Rou\\u0009ter"),
        b'["pair",' + POINT + REST.replace(b"Router", b"\xff\xfe"),
        b'["pair",' + POINT + REST.replace(b"Router", "evil\u202egnp".encode()),
        b'["pair",' + POINT + REST.replace(b"Router", "\u200b".encode()),
        b'["pair",' + POINT + REST.replace(b"Router", "\x7f".encode()),
    ):
        assert reason_of(pairing.read_request, SECRET, sealed(body)) == "bad_message", body


def test_a_later_kind_of_line_is_skipped() -> None:
    body = b'["pair",' + POINT + REST + b'["x-model","bear",[1,2]]\n'
    assert pairing.read_request(SECRET, sealed(body)) == REQUEST


def test_a_label_may_be_in_any_language() -> None:
    request = PairRequest(A, NONCE, "router", "Маршрутизатор 路由器 \U0001f43b")
    assert pairing.read_request(SECRET, pairing.write_request(SECRET, request)) == request


def test_what_cannot_be_said_is_not_sent() -> None:
    for request in (
        PairRequest(A, NONCE, "router", 'a "quote"'),
        PairRequest(A[:-1], NONCE, "router", "Router"),
        PairRequest(bytes(65), NONCE, "router", "Router"),
        PairRequest(A, NONCE.upper(), "router", "Router"),
    ):
        assert reason_of(pairing.write_request, SECRET, request) == "bad_message", request


# Field by field of an answer, what must not stand there.
SPOILT = ("H1", "", "a/b", 7, (), 0, ("a b",), 65536, bytes(65), (), 0, b"", bytes(2401))


def test_an_answer_is_checked_in_each_field() -> None:
    for at in range(len(SPOILT)):
        values = tuple(ANSWER[:at]) + (SPOILT[at],) + tuple(ANSWER[at + 1 :])
        assert reason_of(pairing.write_answer, SECRET, DOCUMENT, PairAnswer(*values)) == "bad_message", at  # type: ignore[arg-type]


def test_the_largest_answer_fits() -> None:
    host = "a" * 45 + ".lan"
    hosts = tuple([str(number) + host for number in range(8)])
    largest = PairAnswer(*(ANSWER[:4] + (hosts, 65535, hosts, 65535) + ANSWER[8:11] + (bytes(2400), bytes(2400))))
    assert pairing.read_answer(SECRET, DOCUMENT, pairing.write_answer(SECRET, DOCUMENT, largest)) == largest


def test_hosts_are_different_and_eight_at_most() -> None:
    for hosts in (("a.lan", "a.lan"), tuple(["10.0.0." + str(number) for number in range(9)]), ("-a",), ("1.2.3",)):
        values = ANSWER[:4] + (hosts,) + ANSWER[5:]
        assert reason_of(pairing.write_answer, SECRET, DOCUMENT, PairAnswer(*values)) == "bad_message", hosts


def test_an_answer_that_nobody_would_read_is_not_sent() -> None:
    hosts = tuple([str(number) + "a" * 53 + ".lan" for number in range(8)])
    keys = ANSWER.keys + tuple([TrustedKey(envelope.key_id(point), point, "next") for point in (C, ROOT)])
    too_large = PairAnswer(*(ANSWER[:4] + (hosts, 8883, hosts, 8080, ROOT, keys, 2**53 - 1, bytes(2400), bytes(2400))))
    assert reason_of(pairing.write_answer, SECRET, DOCUMENT, too_large) == "too_large"
