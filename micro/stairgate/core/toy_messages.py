"""What a hub says to a toy beside policy, time and trust, and the one message that only a toy sends.

It decides what is well formed. Signed (types `ledger` and `erase`): what the hub has received, and that everything is
to be erased. Unsigned: rows that a parent takes back. A toy reads these with less code (`stairgate.micro.sync`).
"""

import json
from binascii import hexlify, unhexlify

from stairgate.core import limits
from stairgate.core.envelope import key_id
from stairgate.core.fields import HEX, is_id, is_integer, is_made_of
from stairgate.core.lines import write_line
from stairgate.core.messages import VERSION, is_nonce
from stairgate.core.refused import Refused

LEDGER_KIND, ERASE_KIND = "ledger", "erase"
ERASURES = ("command", "handover")  # the family's data; that, and whom the toy belongs to
POINT_CHARACTERS = 130


def ledger_body(home: str, agent: str, seq: int) -> bytes:
    """The body of down/ledger: the hub has every entry up to this number. Raises Refused `bad_message`."""
    if not (is_id(home) and is_id(agent) and is_integer(seq, 0, limits.REVISION_MAX)):
        raise Refused("bad_message", 'expected ["ledger", home, agent, number]')
    return write_line(("ledger", home, agent, seq))


def erase_body(home: str, agent: str, nonce: str, why: str) -> bytes:
    """The body of down/erase. nonce: of the toy's last hello; why: one of `ERASURES`. Raises Refused `bad_message`."""
    if not (is_id(home) and is_id(agent) and is_nonce(nonce) and why in ERASURES):
        raise Refused("bad_message", 'expected ["erase", home, agent, nonce, command or handover]')
    return write_line(("erase", home, agent, nonce, why))


def close_message(rows: "tuple[str, ...] | list[str]") -> bytes:
    """The message down/close: these rows are taken back; with none, every open gate closes. Raises Refused."""
    if len(rows) > limits.DECLARATION_ROWS or not all(is_id(row) for row in rows):
        raise Refused("bad_message", "expected ids of data rows")
    return json.dumps({"v": VERSION, "rows": list(rows)}).encode()


def declaration_message(point: bytes, document: bytes) -> bytes:
    """The message up/declaration: the maker's public point and the declaration that it signed."""
    return hexlify(point) + b"\n" + document


def read_declaration_message(data: bytes) -> "tuple[bytes, bytes]":
    """The maker's point and the signed document, which is not verified yet. Raises Refused: `too_large`, `bad_message`.

    Verify it with `declaration.open_declaration_steps(document, {key_id(point): point})`, and compare the point with
    the one that this toy's maker had before.
    """
    if len(data) > limits.DECLARATION_BYTES + POINT_CHARACTERS + 1:
        raise Refused("too_large", "expected a point and a declaration")
    words = data[:POINT_CHARACTERS]
    try:
        text = str(words, "ascii")
    except ValueError:
        text = ""
    if data[POINT_CHARACTERS : POINT_CHARACTERS + 1] != b"\n" or not is_made_of(text, HEX, 130, 130):
        raise Refused("bad_message", "expected the hex of a point, then a declaration")
    point, document = unhexlify(words), data[POINT_CHARACTERS + 1 :]
    if document.split(b"\n")[0].split(b" ")[2:3] != [key_id(point).encode()]:
        raise Refused("bad_message", "expected a declaration signed with this key")
    return point, document
