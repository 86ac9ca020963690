"""The sticker's code, and what hub and toy say to each other beside the messages of every agent."""

from stairgate.core import pairing, toy_messages
from stairgate.core.envelope import header_line, key_id
from stairgate.core.messages import parse_topic
from tests.portable.refusals import reason_of
from tests.portable.trust_vectors import A, B

COUNTING = bytes(range(16))
TEXT = "0000-G402-0R40-M30E-2091-85GR-38E1-W"
DOCUMENT = header_line("declaration", key_id(A), bytes(64)) + b'["declaration"]\n'

# Text of a sticker's code, the bytes it stands for or the reason.
CASES = (
    ("zeros", "0" * 26, bytes(16)),
    ("ones", "7" + "Z" * 25, b"\xff" * 16),
    ("one bit too many", "8" + "0" * 25, "bad_code"),
    ("as it is typed", " 7zzz zzzz-zzzz zzzz zzzz zzzz zz ", b"\xff" * 16),
    ("misread letters", "O" * 25 + "l", bytes(15) + b"\x01"),
    ("the QR code", "stairgate:toy?code=" + "0" * 26, bytes(16)),
    ("the QR code in capitals", "STAIRGATE:TOY?CODE=" + "0" * 26, bytes(16)),
    ("another QR code", "stairgate:pair?code=" + "0" * 26, "bad_code"),
    ("a router's code", "0000-0000-0000-0000", "bad_code"),
    ("a letter too few", "0" * 25, "bad_code"),
    ("a letter too many", "0" * 27, "bad_code"),
    ("empty", "", "bad_code"),
    ("64 KB", "0" * 65536, "bad_code"),
)


def check(text: str, expected: object) -> None:
    reason = reason_of(pairing.read_toy_code, text)
    assert (reason or pairing.read_toy_code(text)) == expected


def test_a_code_is_read_as_it_is_shown() -> None:
    for first in range(256):
        secret = bytes([first, 255 - first] * 8)
        assert len(pairing.new_toy_code(secret)) == 32
        assert pairing.read_toy_code(pairing.new_toy_code(secret)) == secret
        assert pairing.read_toy_code(pairing.toy_qr_text(secret)) == secret


def test_a_router_s_document_is_not_a_toy_s() -> None:
    request = pairing.PairRequest(A, "0" * 32, "toy", "Bruno")
    document = pairing.write_request(COUNTING, request)
    assert pairing.read_request(COUNTING, document) == request
    assert reason_of(pairing.read_request, COUNTING[:10], document) == "bad_proof"


def test_bodies_and_messages() -> None:
    assert toy_messages.ledger_body("h1", "t1", 7) == b'["ledger","h1","t1",7]\n'
    assert toy_messages.erase_body("h1", "t1", "0" * 32, "handover") == b'["erase","h1","t1","%s","handover"]\n' % (
        b"0" * 32
    )
    assert reason_of(toy_messages.ledger_body, "h1", "t1", -1) == "bad_message"
    assert reason_of(toy_messages.ledger_body, "h1", "", 1) == "bad_message"
    assert reason_of(toy_messages.erase_body, "h1", "t1", "0" * 32, "sell") == "bad_message"
    assert reason_of(toy_messages.erase_body, "h1", "t1", "", "command") == "bad_message"
    assert reason_of(toy_messages.close_message, ["../voice"]) == "bad_message"
    assert reason_of(toy_messages.close_message, ["aa"] * 100) == "bad_message"


def test_topics_of_a_toy() -> None:
    for direction, kind in (("up", "declaration"), ("down", "ledger"), ("down", "erase"), ("down", "close")):
        assert parse_topic(f"sg/v1/000/h1/t1/{direction}/{kind}").kind == kind
    assert reason_of(parse_topic, "sg/v1/000/h1/t1/up/erase") == "bad_topic"


def test_a_declaration_comes_with_its_maker_s_key() -> None:
    data = toy_messages.declaration_message(A, DOCUMENT)
    assert toy_messages.read_declaration_message(data) == (A, DOCUMENT)
    for other in (
        toy_messages.declaration_message(B, DOCUMENT),
        data[1:],
        DOCUMENT,
        b"",
        data.upper(),
        data[:131],
        b"\xff" * 131 + DOCUMENT,
    ):
        assert reason_of(toy_messages.read_declaration_message, other) == "bad_message"
    assert reason_of(toy_messages.read_declaration_message, data + bytes(9000)) == "too_large"
