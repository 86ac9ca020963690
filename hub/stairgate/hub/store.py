"""What the hub asks of a database: collections of small documents, transactions and optimistic revisions.

It declares every collection with its indexes and states the contract that `MemoryStore`, `TinyDbStore` and
later stores keep (one suite, `tests/unit/hub/test_store.py`, runs against each). How bytes reach a disk is
theirs.

Errors: `Conflict` when somebody else changed a row first, `Full` when a collection reached its bound,
`Unreadable` when no generation on disk can be trusted, `InUse` when another process holds the data.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

Document = dict[str, Any]

#: Every collection and the fields `find` may be asked for. A list is found by each of its members.
COLLECTIONS: Mapping[str, tuple[str, ...]] = {
    "settings": (),
    "parents": (),
    "sessions": ("parent",),
    "people": (),
    "devices": ("macs", "persons"),
    "weeks": ("person",),
    "dates": ("person",),
    "budgets": ("person",),
    "overrides": ("target",),
    "acts": (),
    "policies": (),
    "agents": (),
    "sources": (),
    "filters": (),
    "notes": (),
    "requests": ("person",),
    "passes": ("person",),
    "free_minutes": (),
    "agreements": (),
    "toys": (),
    "quiet": (),
    "alarms": (),
}

#: Rows in one collection of one home; a home has tens. Above this TinyDB is the wrong store.
ROWS_MAX = 2000


class StoreError(Exception):
    """The data could not be read or written as asked."""


class Conflict(StoreError):
    """The row is at another revision than the caller expected."""

    def __init__(self, collection: str, row_id: str, expected: int, got: int) -> None:
        super().__init__(f"{collection}/{row_id}: expected revision {expected}, got {got}")
        self.expected = expected
        self.got = got


class Full(StoreError):
    """The collection holds `ROWS_MAX` rows already."""


class Unreadable(StoreError):
    """A data file exists and no generation of it can be trusted. Never answered with an empty store."""


class InUse(StoreError):
    """Another process has these data open."""


class Row(NamedTuple):
    """One document as read. `revision` counts from 1; writing it back names the revision that was read."""

    id: str
    revision: int
    document: Document


class Transaction(Protocol):
    """Reads and writes of one home that happen together or not at all.

    Documents are copies: changing one writes nothing.
    """

    def get(self, collection: str, row_id: str) -> Row | None:
        """The row, or None."""

    def put(self, collection: str, row_id: str, document: Document, expected: int | None = None) -> int:
        """Write the whole document, return its new revision.

        `expected` is the revision that was read, 0 for "must be new", None for "whatever is there".
        Raises `Conflict`, `Full`.
        """

    def delete(self, collection: str, row_id: str, expected: int | None = None) -> bool:
        """Remove the row; False when there was none. Raises `Conflict`."""

    def find(self, collection: str, index: str, value: str) -> list[Row]:
        """Rows whose declared index holds `value`, by id. Raises ValueError for an index nobody declared."""

    def page(self, collection: str, after: str = "", limit: int = ROWS_MAX) -> list[Row]:
        """At most `limit` rows with an id greater than `after`, by id."""


class Store(Protocol):
    """Where the family's configuration lives."""

    #: A sentence for the parents when the newest generation could not be read, else an empty string.
    recovery: str

    def transaction(self, home: str) -> AbstractContextManager[Transaction]:
        """One transaction of a home: committed when the block ends, forgotten when it raises.

        One at a time over the whole store; a thread that opens a second one inside the first gets
        RuntimeError.
        """

    def close(self) -> None:
        """Let go of files and locks. A later transaction raises `StoreError`."""


def copy_document(document: Document) -> Document:
    """A copy that shares nothing; documents hold only what JSON holds (`copy.deepcopy` takes five times as long)."""
    return {name: _copy(value) for name, value in document.items()}


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copy(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_copy(held) for held in value]
    return value


def check_index(collection: str, index: str) -> None:
    """Raise ValueError unless the collection and the index are declared."""
    if index not in COLLECTIONS.get(collection, ()):
        raise ValueError(f"undeclared index: expected one of COLLECTIONS, got {collection}.{index}")


def matches(document: Mapping[str, Any], index: str, value: str) -> bool:
    """True when the indexed field is the value or holds it."""
    held = document.get(index)
    return value in held if isinstance(held, list) else held == value
