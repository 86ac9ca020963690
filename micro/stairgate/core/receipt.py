"""A receipt: what a toy says, signed with its own key, about data that it erased.

It decides what is a receipt and what it says; that the toy's key signed it is `envelope`'s part (kind `receipt`),
making one the toy's. It names rows and numbers of items, never content, and the ledger's entry up to which it counts.
"""

from collections import namedtuple

from stairgate.core import limits
from stairgate.core.fields import HEX, is_id, is_integer, is_made_of, is_time, is_word
from stairgate.core.ledger import CHECK_CHARACTERS
from stairgate.core.sections import Section, read_sections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple  # noqa: TID251

    class Receipt(NamedTuple):
        """`toy`: the declaration's id; `t`: UTC seconds; `gone`: (row, items, why) of each; the ledger's newest entry.

        why: `retention`, `answered`, `command`, `gesture` or `handover`; `check`: the hash of that entry's line.
        """

        toy: str
        t: int
        why: str
        gone: "tuple[tuple[str, int, str], ...]"
        seq: int
        check: str

else:
    Receipt = namedtuple("Receipt", ("toy", "t", "why", "gone", "seq", "check"))

KIND = "receipt"
SECTIONS = (
    Section("receipt", 1, 1, (is_id, is_time, is_word)),
    Section(
        "gone",
        0,
        limits.DECLARATION_ROWS + 1,
        (is_id, lambda value: is_integer(value, 0, limits.COUNTER_MAX), is_word),
    ),
    Section(
        "ledger",
        1,
        1,
        (
            lambda value: is_integer(value, 0, limits.REVISION_MAX),
            lambda value: is_made_of(value, HEX, CHECK_CHARACTERS, CHECK_CHARACTERS),
        ),
    ),
)


def read_receipt(body: bytes) -> "Receipt":
    """The content of a receipt whose signature was verified. Raises Refused `bad_message`."""
    (head,), gone, (ledger,) = read_sections(body, SECTIONS)
    rows = tuple([tuple(line) for line in gone])
    return Receipt(head[0], head[1], head[2], rows, ledger[0], ledger[1])  # type: ignore[arg-type]
