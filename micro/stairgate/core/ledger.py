"""One entry of a toy's ledger: what was sensed, sent, opened, closed, agreed to and erased, and its line on flash.

It decides the form of an entry and of the line that keeps it, chained by a hash to the line before: a torn or changed
line is noticed, and so is a missing one. Keeping lines is the toy's part (`stairgate.micro.ledger`), reading them in a
message `ledger_message`'s.
"""

import json
from binascii import hexlify
from collections import namedtuple
from hashlib import sha256

from stairgate.core import limits
from stairgate.core.lines import read_line, write_line
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple  # noqa: TID251

    class Entry(NamedTuple):
        """`seq` counts from 1 without gaps; `t`: UTC seconds by the toy's clock; `kind`: one of `KINDS`.

        row: id of a data row, or "". amount: bytes of `collected`, `sent` and `undeclared`; seconds that a sensor was
        open of `closed`; items of `erased`; entries of `dropped`; of `receipt` the last entry that it counts.
        where: a gate, a host, or a reason.
        """

        seq: int
        t: int
        kind: str
        row: str
        amount: int
        where: str

else:
    Entry = namedtuple("Entry", ("seq", "t", "kind", "row", "amount", "where"))

# collected: sensed for a row. sent: given to a destination. undeclared: a row or destination that is not declared.
# opened, closed, refused: a sensor gate; where: the gate, and for the last two its reason after a colon. consent,
# withdrawn: a row. erased: items of a row. receipt: a signed one was made. asked, confirmed: a recipient was asked to
# erase, and said it did. dropped: the oldest entries, unread by the hub, made room. time: the clock was set or lost.
KINDS = (
    "collected",
    "sent",
    "undeclared",
    "opened",
    "closed",
    "refused",
    "consent",
    "withdrawn",
    "erased",
    "receipt",
    "asked",
    "confirmed",
    "dropped",
    "time",
)
CHECK_CHARACTERS = 16
START = "0" * CHECK_CHARACTERS  # what stands for the line before the first


def plain(text: str, longest: int) -> str:
    """The text as a ledger keeps it: visible ASCII without quotes, backslashes and spaces, at most so long."""
    return "".join([c if "!" <= c <= "~" and c not in '"\\' else "_" for c in text[:longest]])


def chained(before: str, text: bytes) -> str:
    """The check of a line: 16 hex digits over the check before and the line's text."""
    return str(hexlify(sha256(before.encode() + text).digest()), "ascii")[:CHECK_CHARACTERS]


def entry_line(before: str, entry: "Entry") -> bytes:
    """The line of an entry, with its newline. before: the check of the line before."""
    text = write_line(tuple(entry))
    return chained(before, text[:-1]).encode() + b" " + text


def read_entry(before: str, line: bytes) -> "tuple[str, Entry]":
    """The check and the entry of a line without its newline. Raises Refused `bad_check` or `bad_entry`."""
    text = line[CHECK_CHARACTERS + 1 :]
    if len(line) > limits.ENTRY_BYTES or line[CHECK_CHARACTERS : CHECK_CHARACTERS + 1] != b" ":
        raise Refused("bad_entry", "expected a check and an array")
    check = chained(before, text)
    if check.encode() != line[:CHECK_CHARACTERS]:
        raise Refused("bad_check", "the line does not follow the one before")
    values = read_line(text)
    if [type(value) for value in values] != [int, int, str, str, int, str] or values[2] not in KINDS:
        raise Refused("bad_entry", "expected [seq, t, kind, row, amount, where]")
    return check, Entry(*values)  # type: ignore[arg-type]


def message_head(id: str, t: int, agent: str) -> bytes:
    """How a message up/ledger begins; entries as JSON arrays follow, with commas between, then `message_end`."""
    return f'{{"v":1,"id":"{id}","t":{t},"agent":"{agent}","entries":['.encode()


def message_end(receipt: bytes = b"") -> bytes:
    """How the message ends. receipt: the signed document that its last entry, of kind `receipt`, tells of."""
    if not receipt:
        return b"]}"
    return b'],"receipt":' + json.dumps(str(receipt, "utf-8")).encode() + b"}"
