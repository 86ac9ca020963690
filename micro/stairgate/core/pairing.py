"""Pairing: a device and a home that know the same short-lived code prove it to each other over their public keys.

It decides what the code is, what both sides say, and whether the other one knows the code: each document carries an
HMAC made with it, and the answer's covers the request too, so that an answer fits one request only. Who may try how
often, and when the code ends, is left to the hub; making and keeping keys to both sides' owners. docs/adr/0005 says
why it is built like this.
"""

from binascii import hexlify, unhexlify
from collections import namedtuple
from hashlib import sha256

from stairgate.core import limits
from stairgate.core.fields import (
    DIGITS,
    HEX,
    LOWER,
    is_host,
    is_id,
    is_integer,
    is_label,
    is_list_of,
    is_made_of,
    is_revision,
    is_word,
)
from stairgate.core.keyed_hash import is_same, keyed_hash
from stairgate.core.refused import Refused
from stairgate.core.sections import Section, binary_lines, is_chunk, joined, read_sections, write_sections
from stairgate.core.trust import KEY_CHECKS, is_point, key_lines, read_keys

# Crockford's base32: no I, L, O, U, so that nothing is misread, and no word is spelt by chance.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MISREAD = {"O": "0", "I": "1", "L": "1"}
SECRET_BYTES = 10
TOY_SECRET_BYTES = 16  # of a toy's sticker, which is not made anew for each pairing
TOY_QR = "stairgate:toy?code="
PROOF_CHARACTERS = 64
NONCE_CHARACTERS = 32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple  # noqa: TID251

    from stairgate.core.trust import TrustedKey

    class PairRequest(NamedTuple):
        """`point`: the device's public key, 65 bytes; `nonce`: 32 hex digits, new for each request."""

        point: bytes
        nonce: str
        kind: str
        label: str

    class PairAnswer(NamedTuple):
        """Everything a device needs to belong to the home.

        `broker` and `page` are hosts, tried in turn; `root` is the root key's point; `keys` are those of the trust
        document with the revision `trust`; `ca` and `certificate` are DER.
        """

        home: str
        agent: str
        shard: str
        hub: str
        broker: "tuple[str, ...]"
        broker_port: int
        page: "tuple[str, ...]"
        page_port: int
        root: bytes
        keys: "tuple[TrustedKey, ...]"
        trust: int
        ca: bytes
        certificate: bytes

else:
    PairRequest = namedtuple("PairRequest", "point nonce kind label")
    PairAnswer = namedtuple(
        "PairAnswer", "home agent shard hub broker broker_port page page_port root keys trust ca certificate"
    )


def _is_hosts(value: object) -> bool:
    return is_list_of(value, is_host, 1) and len(value) <= limits.HOSTS  # type: ignore[arg-type]


def _is_port(value: object) -> bool:
    return is_integer(value, 1, 65535)


def _is_shard(value: object) -> bool:
    return is_made_of(value, LOWER + DIGITS, 1, limits.ID_CHARACTERS)


def _is_nonce(value: object) -> bool:
    return is_made_of(value, HEX, NONCE_CHARACTERS, NONCE_CHARACTERS)


REQUEST = (Section("pair", 1, 1, (is_point, _is_nonce, is_word, is_label)),)
ANSWER = (
    Section("paired", 1, 1, (is_id, is_id, _is_shard, is_id)),
    Section("broker", 1, 1, (_is_hosts, _is_port)),
    Section("page", 1, 1, (_is_hosts, _is_port)),
    Section("root", 1, 1, (is_point,)),
    Section("key", 1, limits.TRUSTED_KEYS, KEY_CHECKS),
    Section("trust", 1, 1, (is_revision,)),
    Section("ca", 1, limits.CERTIFICATE_CHUNKS, (is_chunk,)),
    Section("certificate", 1, limits.CERTIFICATE_CHUNKS, (is_chunk,)),
)


def _letters(secret: bytes, count: int) -> str:
    number = int.from_bytes(secret, "big")
    letters = ""
    for _ in range(count):
        letters = ALPHABET[number & 31] + letters
        number >>= 5
    return "-".join([letters[start : start + 4] for start in range(0, count, 4)])


def new_code(random10: bytes) -> str:
    """The code of these ten random bytes, as it is shown: `XXXX-XXXX-XXXX-XXXX`."""
    if len(random10) != SECRET_BYTES:
        raise ValueError(f"{SECRET_BYTES} bytes, not {len(random10)}")
    return _letters(random10, limits.CODE_CHARACTERS)


def read_code(text: str) -> bytes:
    """The ten bytes of a code as a person typed it. Raises Refused `bad_code`."""
    return _read_letters(text, limits.CODE_CHARACTERS).to_bytes(SECRET_BYTES, "big")


def new_toy_code(random16: bytes) -> str:
    """The code of a toy's sixteen bytes, as its sticker shows it: 26 letters and digits in groups of four."""
    if len(random16) != TOY_SECRET_BYTES:
        raise ValueError(f"{TOY_SECRET_BYTES} bytes, not {len(random16)}")
    return _letters(random16, limits.TOY_CODE_CHARACTERS)


def toy_qr_text(random16: bytes) -> str:
    """The text of the QR code on the sticker."""
    return TOY_QR + new_toy_code(random16).replace("-", "")


def read_toy_code(text: str) -> bytes:
    """The sixteen bytes of a toy's code, typed or as the text of its QR code. Raises Refused `bad_code`."""
    text = text.strip(" ")
    if text[: len(TOY_QR)].lower() == TOY_QR:
        text = text[len(TOY_QR) :]
    number = _read_letters(text, limits.TOY_CODE_CHARACTERS)
    if number >> 8 * TOY_SECRET_BYTES:
        raise Refused("bad_code", "expected a first letter from 0 to 7")
    return number.to_bytes(TOY_SECRET_BYTES, "big")


def _read_letters(text: str, count: int) -> int:
    if len(text) > limits.CODE_TEXT_CHARACTERS:
        raise Refused("bad_code", f"expected {count} letters and digits")
    number = length = 0
    for character in text:
        if character in " -":
            continue
        # Of other alphabets the interpreters do not know the same capitals.
        if "a" <= character <= "z":
            character = character.upper()
        character = MISREAD.get(character, character)
        if character not in ALPHABET:
            raise Refused("bad_code", f"expected letters (no U) and digits, got {repr(character)}")
        number = number << 5 | ALPHABET.index(character)
        length += 1
    if length != count:
        raise Refused("bad_code", f"expected {count} letters and digits, got {length}")
    return number


def _seal(kind: str, secret: bytes, binding: bytes, body: bytes) -> bytes:
    """The document: its first line with the proof, and its body."""
    head = f"stairgate-{kind} 1".encode()
    return head + b" " + hexlify(keyed_hash(secret, head + b"\n" + binding + body)) + b"\n" + body


def _open(kind: str, secret: bytes, binding: bytes, data: bytes, cap: int) -> bytes:
    """The body of a document that was made with the secret."""
    if len(data) > cap:
        raise Refused("too_large", f"expected at most {cap} bytes, got {len(data)}")
    start = len(kind) + len("stairgate- 1 ")
    end = start + PROOF_CHARACTERS
    if data[:start] != f"stairgate-{kind} 1 ".encode() or data[end : end + 1] != b"\n":
        raise Refused("bad_message", f"expected: stairgate-{kind} 1 <HMAC in hex>")
    body = data[end + 1 :]
    if not is_same(data[: end + 1], _seal(kind, secret, binding, body)[: end + 1]):
        raise Refused("bad_proof", "this was not made with the code")
    return body


def _digest_of_body(document: bytes) -> bytes:
    return sha256(document[document.find(b"\n") + 1 :]).digest()


def _bounded(document: bytes, cap: int) -> bytes:
    if len(document) > cap:
        raise Refused("too_large", f"expected at most {cap} bytes, got {len(document)}")
    return document


def write_request(secret: bytes, request: "PairRequest") -> bytes:
    """What a device sends. Raises Refused `bad_message` for what it cannot say."""
    line = ["pair", str(hexlify(request.point), "ascii"), request.nonce, request.kind, request.label]
    return _seal("pair", secret, b"", write_sections([line], REQUEST))


def read_request(secret: bytes, data: bytes) -> "PairRequest":
    """What a device that knows the code asks. Raises Refused: `too_large`, `bad_message`, `bad_proof`."""
    ((line,),) = read_sections(_open("pair", secret, b"", data, limits.PAIR_REQUEST_BYTES), REQUEST)
    return PairRequest(unhexlify(str(line[0])), line[1], line[2], line[3])  # type: ignore[arg-type]


def write_answer(secret: bytes, request: bytes, answer: "PairAnswer") -> bytes:
    """What the home answers to this request (the whole document). Raises Refused: `bad_message`, `too_large`."""
    lines: "list[list[object]]" = [
        ["paired", answer.home, answer.agent, answer.shard, answer.hub],
        ["broker", list(answer.broker), answer.broker_port],
        ["page", list(answer.page), answer.page_port],
        ["root", str(hexlify(answer.root), "ascii")],
    ]
    lines += key_lines(answer.keys)
    lines += [["trust", answer.trust]]
    lines += binary_lines("ca", answer.ca) + binary_lines("certificate", answer.certificate)
    body = write_sections(lines, ANSWER)
    _answer_of(body)
    return _bounded(_seal("paired", secret, _digest_of_body(request), body), limits.PAIR_ANSWER_BYTES)


def read_answer(secret: bytes, request: bytes, data: bytes) -> "PairAnswer":
    """What a home that knows the code answered to this request (the whole document that was sent).

    Raises Refused: `too_large`, `bad_message`, `bad_proof`.
    """
    return _answer_of(_open("paired", secret, _digest_of_body(request), data, limits.PAIR_ANSWER_BYTES))


def _answer_of(body: bytes) -> "PairAnswer":
    (ids,), (broker,), (page,), (root,), keys, (trust,), ca, certificate = read_sections(body, ANSWER)
    servers = [tuple(broker[0]), broker[1], tuple(page[0]), page[1]]  # type: ignore[arg-type]
    values = ids + servers + [unhexlify(str(root[0])), read_keys(keys), trust[0], joined(ca), joined(certificate)]
    return PairAnswer(*values)  # type: ignore[arg-type]
