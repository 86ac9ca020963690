"""Which data rows a parent agreed to, as the toy remembers it, and what was withdrawn at the toy itself.

It decides what is new in a policy, so that the ledger tells of it, and keeps a withdrawal until the hub has heard of
it: a policy that was on its way must not agree again in the parents' name. What consent opens is `core.gates`' part.
"""

from stairgate.micro.limits import STATE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.records import Policy
    from stairgate.micro.ledger import Ledger
    from stairgate.micro.storage import Storage

AGREED, WITHDRAWN = "agreed", "withdrawn"


class Consents:
    """What is agreed to (by the last policy) and what was withdrawn here. Ids of rows."""

    def __init__(self, storage: "Storage", ledger: "Ledger") -> None:
        self._storage = storage
        self._ledger = ledger
        self.agreed = self._read(AGREED)
        self.withdrawn = self._read(WITHDRAWN)

    def _read(self, name: str) -> "list[str]":
        return self._storage.words(name, STATE_BYTES)

    def _write(self, name: str, rows: "list[str]") -> None:
        self._storage.write(name, " ".join(rows).encode())

    def apply(self, policy: "Policy") -> None:
        """Take over what a policy says; the ledger tells each difference first. Raises OSError: ask again later."""
        rows = sorted({row for consent in policy.consents for row in consent.rows})
        found = [("consent", row, 0, "hub") for row in rows if row not in self.agreed]
        found += [("withdrawn", row, 0, "hub") for row in self.agreed if row not in rows + self.withdrawn]
        if found:
            self._ledger.record(*found)
        heard = [row for row in self.withdrawn if row in rows]
        if heard != self.withdrawn:
            self._write(WITHDRAWN, heard)
            self.withdrawn = heard
        if rows != self.agreed:
            self._write(AGREED, rows)
            self.agreed = rows

    def mark(self, row: str) -> None:
        """Take a row back in memory: the gate closes before the flash is asked."""
        if row not in self.withdrawn:
            self.withdrawn = sorted(self.withdrawn + [row])

    def withdraw(self, row: str) -> None:
        """Take a row back for good. On the flash when this returns. Raises OSError."""
        self.mark(row)
        self._write(WITHDRAWN, self.withdrawn)
        self._ledger.record(("withdrawn", row, 0, "toy"))

    def forget(self) -> None:
        """Nothing was ever agreed to: after an erasure. Withdrawals stay."""
        self._storage.remove(AGREED)
        self.agreed = []
