"""The ledger on the toy's flash: entries in small files, each on the flash before the thing it tells of goes on.

It decides when a file is full, which are the oldest that make room, and what a power cut has torn. The form of an entry
is `core.ledger`'s part. A torn line was never acknowledged to anybody, and is left behind; nothing is written after it.
"""

from stairgate.core import limits as core_limits
from stairgate.core.ledger import (
    CHECK_CHARACTERS,
    START,
    Entry,
    entry_line,
    message_end,
    message_head,
    plain,
    read_entry,
)
from stairgate.core.refused import Refused
from stairgate.micro.limits import SEGMENT_BYTES, SEGMENTS, STATE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stairgate.core.declaration import Declaration
    from stairgate.micro.storage import Storage

FOLDER = "ledger"
ACKNOWLEDGED = "acked"  # the highest number that the hub has
RECEIPTS = "receipts"
ORIGIN = "origin"  # where numbers go on after an erasure


def receipt_name(seq: int) -> str:
    """Where the document is that the entry of this number, of kind `receipt`, tells of."""
    return RECEIPTS + "/%010d" % seq


class Ledger:
    """The account of one toy. `last`: the number of the newest entry, 0 for none; `check`: the hash of its line."""

    def __init__(self, storage: "Storage", declaration: "Declaration", now: "Callable[[], int]") -> None:
        self._storage = storage
        self._declaration = declaration
        self._now = now
        storage.folder(FOLDER)
        self.last, self.check = self._origin()
        self._segment, self._bytes = "", SEGMENT_BYTES
        names = storage.names(FOLDER)
        for name in reversed(names):
            if self._open(name):
                break
        if self._segment not in names[-1:]:
            self._segment = ""  # nothing whole is in the newest: the next entry begins another
        self.acknowledged = storage.number(ACKNOWLEDGED, STATE_BYTES)

    def _origin(self) -> "tuple[int, str]":
        words = self._storage.words(ORIGIN, STATE_BYTES)
        if len(words) == 2 and len(words[1]) == CHECK_CHARACTERS and not words[0].strip("0123456789"):
            return int(words[0]), words[1]
        return 0, START

    def _open(self, name: str) -> bool:
        """Follow a file to its last whole line; False when there is none. It is written on unless it is torn."""
        size, found = self._storage.size(FOLDER + "/" + name), False
        for end, check, entry in self._lines(name):
            found = True
            self.last, self.check = entry.seq, check
            self._segment, self._bytes = name, size if end == size else SEGMENT_BYTES
        return found

    def _lines(self, name: str) -> "Iterator[tuple[int, str, Entry]]":
        """Where each whole line of a file ends, its check and its entry; stops at the first that is torn or changed."""
        try:
            with open(self._storage.path(FOLDER + "/" + name), "rb") as file:
                before = str(file.read(CHECK_CHARACTERS), "ascii")
                end = len(file.readline()) + len(before)
                while True:
                    line = file.readline()
                    if line[-1:] != b"\n" or len(line) > core_limits.ENTRY_BYTES:
                        return
                    before, entry = read_entry(before, line[:-1])
                    end += len(line)
                    yield end, before, entry
        except (OSError, ValueError, Refused):
            return

    def entries(self, after: int = 0) -> "Iterator[Entry]":
        """The entries with higher numbers that are still kept, oldest first."""
        names = self._storage.names(FOLDER)
        for index in range(len(names)):
            if index + 1 < len(names) and int(names[index + 1]) <= after + 1:
                continue
            for _, _, entry in self._lines(names[index]):
                if entry.seq > after:
                    yield entry

    def note(self, row: str, amount: int, destination: str = "") -> None:
        """Note bytes that were sensed for a row or, with a destination, sent there. On the flash when this returns.

        What the declaration lacks is noted as well, as `undeclared`. Raises OSError when it cannot be noted: then it
        must not be sent.
        """
        rows = [declared for declared in self._declaration.rows if declared.id == row]
        if not rows or (destination and destination != rows[0].destination):
            self.record(("undeclared", row if rows else "", amount, destination or row))
        else:
            self.record(("sent" if destination else "collected", row, amount, destination))

    def record(self, *found: "tuple[str, str, int, str]") -> None:
        """Write entries (kind, row, amount, where), all or, after a power cut, the first of them. Raises OSError."""
        lines, check = self._rendered(found)
        name, held = self._segment, self._bytes
        if not name or held + len(lines) > SEGMENT_BYTES:
            unread = self._make_room()
            if unread:
                found = (("dropped", "", unread, ""),) + found
                lines, check = self._rendered(found)
            name, held = "%010d" % (self.last + 1), 0
            lines = self.check.encode() + b"\n" + lines
        # A write that fails may leave half a line: then the next one begins a new file.
        self._segment = ""
        self._storage.append(FOLDER + "/" + name, lines)
        self._segment, self._bytes = name, held + len(lines)
        self.last, self.check = self.last + len(found), check

    def _rendered(self, found: "tuple[tuple[str, str, int, str], ...]") -> "tuple[bytes, str]":
        number, check, lines = self.last, self.check, b""
        for kind, row, amount, where in found:
            number += 1
            where = plain(where, core_limits.WHERE_CHARACTERS)
            line = entry_line(check, Entry(number, self._now(), kind, row, amount, where))
            check = str(line[:CHECK_CHARACTERS], "ascii")
            lines += line
        return lines, check

    def _make_room(self) -> int:
        """Remove what is torn and, when there are too many files, the oldest: how many entries the hub never had."""
        names = self._storage.names(FOLDER)
        if names and names[-1] == "%010d" % (self.last + 1):
            self._storage.remove(FOLDER + "/" + names.pop())
        unread = 0
        while len(names) >= SEGMENTS:
            unread += max(0, int(names[1]) - max(int(names[0]), self.acknowledged + 1))
            self._storage.remove(FOLDER + "/" + names.pop(0))
        return unread

    def message(self, id: str, agent: str) -> "tuple[bytes, int]":
        """The up/ledger message with the oldest entries that the hub lacks, and the highest number in it.

        The number is 0 when there is nothing to say. An entry that tells of a receipt is the last, with its document.
        """
        data = message_head(id, self._now(), agent)
        rows, last, end = 0, 0, message_end()
        for entry in self.entries(self.acknowledged):
            text = entry_line(START, entry)[CHECK_CHARACTERS + 1 : -1]
            if entry.kind == "receipt":
                end = message_end(self._storage.read(receipt_name(entry.seq), core_limits.RECEIPT_BYTES) or b"")
            if rows == core_limits.LEDGER_ROWS or len(data) + len(text) + 1 + len(end) > core_limits.LEDGER_BYTES:
                end = message_end()
                break
            data += (b"," if rows else b"") + text
            rows, last = rows + 1, entry.seq
            if entry.kind == "receipt":
                break
        return data + end, last

    def acknowledge(self, last: int) -> None:
        """The hub has everything up to this number. Raises OSError."""
        if self.acknowledged < last <= self.last:
            self._storage.write(ACKNOWLEDGED, str(last).encode())
            self.acknowledged = last
