"""Signed receipts for what was erased: one for everything that the ledger tells since the last one.

They decide nothing about erasing; they read the ledger, so that a power cut between erasing and signing loses none. The
form is `core.receipt`'s part, the key `keys`'. The newest sixteen are kept.
"""

from stairgate.core.limits import RECEIPT_BYTES
from stairgate.core.lines import write_line
from stairgate.micro.agent import STEP_ENTRIES
from stairgate.micro.ledger import RECEIPTS, receipt_name
from stairgate.micro.limits import RECEIPTS as KEPT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from stairgate.core.declaration import Declaration
    from stairgate.micro.keys import DeviceKey
    from stairgate.micro.ledger import Ledger
    from stairgate.micro.storage import Storage


class Receipts:
    """The receipts of one toy."""

    def __init__(
        self,
        storage: "Storage",
        ledger: "Ledger",
        declaration: "Declaration",
        key: "DeviceKey",
        now: "Callable[[], int]",
    ) -> None:
        self._storage = storage
        self._ledger = ledger
        self._declaration = declaration
        self._key = key
        self._now = now

    def owed_steps(self) -> "Generator[None, None, list[tuple[str, int, str]]]":
        """What was erased and has no receipt yet: (row, items, why last), sorted. Yields while it reads."""
        counted = 0
        found: "list[tuple[int, str, int, str]]" = []
        for entry in self._ledger.entries():
            if entry.kind == "receipt":
                counted = max(counted, entry.amount)
            elif entry.kind == "erased":
                found.append((entry.seq, entry.row or "toy", entry.amount, entry.where))
            if entry.seq % STEP_ENTRIES == 0:
                yield
        gone: "dict[str, tuple[int, str]]" = {}
        for seq, row, items, why in found:
            if seq > counted:
                gone[row] = (gone.get(row, (0, ""))[0] + items, why)
        return [(row,) + gone[row] for row in sorted(gone)]

    def make_steps(self) -> "Generator[None, None, bytes]":
        """Sign a receipt for what is owed, keep it, and tell the ledger; b"" when nothing is. Yields while it signs."""
        owed = yield from self.owed_steps()
        if not owed:
            return b""
        last, why = self._ledger.last, owed[-1][2]
        body = write_line(("receipt", self._declaration.id, self._now(), why))
        body += b"".join([write_line(("gone",) + gone) for gone in owed])
        body += write_line(("ledger", last, self._ledger.check))
        document = yield from self._key.signed_steps("receipt", body)
        self._storage.folder(RECEIPTS)
        names = self._storage.names(RECEIPTS)
        for name in names[: max(0, len(names) - KEPT + 1)]:
            self._storage.remove(RECEIPTS + "/" + name)
        self._storage.write(receipt_name(self._ledger.last + 1), document)
        self._ledger.record(("receipt", "", last, why))
        return document

    def documents(self) -> "list[bytes]":
        """The receipts kept, oldest first."""
        held = [self._storage.read(RECEIPTS + "/" + name, RECEIPT_BYTES) for name in self._storage.names(RECEIPTS)]
        return [document for document in held if document]
