"""The message up/ledger: the newest entries of a toy's ledger, as the hub reads them.

It decides what is a well-formed message; that a toy writes one is `ledger`'s part, keeping entries the hub's. Entries
of kinds that a later version has are left out; their numbers still count as received.
"""

from collections import namedtuple

from stairgate.core import limits
from stairgate.core.fields import is_id, is_integer, is_time, is_word
from stairgate.core.ledger import KINDS, Entry
from stairgate.core.messages import HEAD, read_message
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple  # noqa: TID251

    class LedgerMessage(NamedTuple):
        """`entries` in ascending order of `seq`; `last`: the highest number in the message, 0 for none.

        receipt: the signed document that the last entry, of kind `receipt`, tells of (`core.receipt`), or b"".
        """

        id: str
        t: int
        agent: str
        entries: "tuple[Entry, ...]"
        last: int
        receipt: bytes

else:
    LedgerMessage = namedtuple("LedgerMessage", ("id", "t", "agent", "entries", "last", "receipt"))


def is_where(value: object) -> bool:
    """Visible ASCII, at most as long as an entry's place may be, or nothing."""
    return (
        isinstance(value, str)
        and len(value) <= limits.WHERE_CHARACTERS
        and all("!" <= letter <= "~" and letter not in '"\\' for letter in value)
    )


def _is_entry(value: object) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) == 6
        and is_integer(value[0], 1, limits.REVISION_MAX)
        and is_time(value[1])
        and is_word(value[2])
        and (value[3] == "" or is_id(value[3]))
        and is_integer(value[4], 0, limits.COUNTER_MAX)
        and is_where(value[5])
    )


def _is_entries(value: object) -> bool:
    if not isinstance(value, (list, tuple)) or len(value) > limits.LEDGER_ROWS:
        return False
    last = 0
    for row in value:
        if not _is_entry(row) or row[0] <= last:
            return False
        last = row[0]
    return True


LEDGER = HEAD + (
    ("entries", "entries [seq, t, kind, row, amount, where], ascending", _is_entries),
    (
        "receipt",
        "a signed document or nothing",
        lambda value: isinstance(value, str) and len(value) <= limits.RECEIPT_BYTES,
    ),
)


def read_ledger(data: bytes) -> "LedgerMessage":
    """The entries of a message. Raises Refused: `too_large`, `unknown_version` or `bad_message`."""
    id, t, agent, rows, receipt = read_message(LEDGER, data, limits.LEDGER_BYTES, {"receipt": ""})
    entries = tuple([Entry(*row) for row in rows if row[2] in KINDS])  # type: ignore[attr-defined]
    last = rows[-1][0] if rows else 0  # type: ignore[index]
    try:
        document = str(receipt).encode()
    except ValueError:
        raise Refused("bad_message", "receipt: expected a signed document") from None
    return LedgerMessage(id, t, agent, entries, last, document)  # type: ignore[arg-type]
