"""What a toy keeps of its children's data: one file for each thing, of a declared row, for as many days as declared.

It decides what may be kept and when it goes: at its age, or, for rows with no days, when the answer was given (the gate
has closed). What goes is gone from the folder first and in the ledger then; `receipts` signs it.
"""

from stairgate.core.refused import Refused
from stairgate.micro.limits import ITEM_BYTES, ITEMS, SWEEP_ITEMS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stairgate.core.declaration import Declaration, Row
    from stairgate.micro.ledger import Ledger
    from stairgate.micro.storage import Storage

FOLDER = "data"
DAY = 86400


class Kept:
    """The things kept by one toy, by row."""

    def __init__(
        self, storage: "Storage", ledger: "Ledger", declaration: "Declaration", now: "Callable[[], int]"
    ) -> None:
        self._storage = storage
        self._ledger = ledger
        self._now = now
        self._rows = {row.id: row for row in declaration.rows if row.stored == "toy"}
        self._declared = declaration.rows

    def keep(self, row: str, data: bytes) -> str:
        """Keep something, and note it in the ledger. Its name. On the flash when this returns.

        Raises Refused: `not_declared` (a row that is not stored on the toy), `too_large`, `full`; OSError.
        """
        if row not in self._rows:
            raise Refused("not_declared", f"expected a row that is stored on the toy, got {row}")
        if len(data) > ITEM_BYTES:
            raise Refused("too_large", f"expected at most {ITEM_BYTES} bytes, got {len(data)}")
        names = self.items(row)
        if len(names) >= ITEMS:
            raise Refused("full", f"expected less than {ITEMS} things of {row}")
        number = int(names[-1].split("-")[1]) + 1 if names else 0
        name = "%010d-%d" % (self._now(), number % 1_000_000)
        self._ledger.note(row, len(data))
        self._storage.folder(FOLDER)
        self._storage.folder(FOLDER + "/" + row)
        self._storage.write(FOLDER + "/" + row + "/" + name, data)
        return name

    def items(self, row: str) -> "list[str]":
        """The names of what is kept of a row, oldest first; each begins with its UTC second."""
        names = [name for name in self._storage.names(FOLDER + "/" + row) if not name.endswith(".new")]
        return sorted(names, key=_age)

    def rows(self) -> "list[str]":
        """The rows of which there is something, also of those that are not declared any more."""
        return [row for row in self._storage.names(FOLDER) if self._storage.names(FOLDER + "/" + row)]

    def read(self, row: str, name: str) -> "bytes | None":
        """What was kept, or None."""
        return self._storage.read(FOLDER + "/" + row + "/" + name, ITEM_BYTES)

    def remove(self, row: str, names: "list[str]", why: str) -> None:
        """Remove these, and tell the ledger why. Raises OSError."""
        for name in names:
            self._storage.remove(FOLDER + "/" + row + "/" + name)
        if names:
            self._ledger.record(("erased", row, len(names), why))

    def answered(self, gate: str) -> None:
        """The gate has closed: what was not to outlive the answer goes. Raises OSError."""
        for row in self._declared:
            if row.gate == gate and row.retention_days == 0:
                self.remove(row.id, self.items(row.id), "answered")

    def sweep_steps(self) -> "Iterator[None]":
        """Remove what is old enough, what is left from an answer, and what is of no declared row, a few at a time.

        Yields between, so that gates close meanwhile. Raises OSError.
        """
        now = self._now()
        for row in self.rows():
            declared = self._rows.get(row)
            over = [name for name in self.items(row) if _is_over(declared, name, now)]
            for start in range(0, len(over), SWEEP_ITEMS):
                self.remove(row, over[start : start + SWEEP_ITEMS], "retention")
                yield

    def sweep(self) -> None:
        """As `sweep_steps`, at once."""
        for _ in self.sweep_steps():
            pass


def _age(name: str) -> "tuple[int, int]":
    parts = name.split("-")
    try:
        return int(parts[0]), int(parts[1])
    except (ValueError, IndexError):
        return 0, 0  # not ours, and the oldest: it goes first


def _is_over(row: "Row | None", name: str, now: int) -> bool:
    return row is None or _age(name)[0] + row.retention_days * DAY <= now
