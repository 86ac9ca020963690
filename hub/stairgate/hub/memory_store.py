"""The store that forgets: for tests and for trying out. Keeps the contract of `store` without a disk."""

from collections.abc import Iterator
from contextlib import contextmanager

from stairgate.hub.store import (
    COLLECTIONS,
    ROWS_MAX,
    Conflict,
    Document,
    Full,
    Row,
    StoreError,
    Transaction,
    check_index,
    copy_document,
    matches,
)
from stairgate.hub.turn import Turn

_Key = tuple[str, str, str]  # home, collection, id


class _MemoryTransaction:
    def __init__(self, rows: dict[_Key, Row], home: str) -> None:
        self._rows = rows
        self._home = home

    def get(self, collection: str, row_id: str) -> Row | None:
        row = self._rows.get(self._key(collection, row_id))
        return _copy(row) if row else None

    def put(self, collection: str, row_id: str, document: Document, expected: int | None = None) -> int:
        key = self._key(collection, row_id)
        old = self._rows.get(key)
        held = old.revision if old else 0
        if expected is not None and expected != held:
            raise Conflict(collection, row_id, expected, held)
        if old is None and len(self._of(collection)) >= ROWS_MAX:
            raise Full(f"{collection}: expected fewer than {ROWS_MAX} rows")
        self._rows[key] = Row(row_id, held + 1, copy_document(document))
        return held + 1

    def delete(self, collection: str, row_id: str, expected: int | None = None) -> bool:
        key = self._key(collection, row_id)
        old = self._rows.get(key)
        held = old.revision if old else 0
        if expected is not None and expected != held:
            raise Conflict(collection, row_id, expected, held)
        return self._rows.pop(key, None) is not None

    def find(self, collection: str, index: str, value: str) -> list[Row]:
        check_index(collection, index)
        return [row for row in self.page(collection) if matches(row.document, index, value)]

    def page(self, collection: str, after: str = "", limit: int = ROWS_MAX) -> list[Row]:
        rows = sorted(row for row in self._of(collection) if row.id > after)
        return [_copy(row) for row in rows[:limit]]

    def _of(self, collection: str) -> list[Row]:
        self._key(collection, "")
        return [row for key, row in self._rows.items() if key[:2] == (self._home, collection)]

    def _key(self, collection: str, row_id: str) -> _Key:
        if collection not in COLLECTIONS:
            raise ValueError(f"undeclared collection: expected one of COLLECTIONS, got {collection!r}")
        return (self._home, collection, row_id)


def _copy(row: Row) -> Row:
    return row._replace(document=copy_document(row.document))


class MemoryStore:
    """Everything in one dictionary, copied for each transaction."""

    recovery = ""

    def __init__(self) -> None:
        self._rows: dict[_Key, Row] = {}
        self._turn = Turn()
        self._closed = False

    @contextmanager
    def transaction(self, home: str) -> Iterator[Transaction]:
        """See `store.Store`."""
        with self._turn.take():
            if self._closed:
                raise StoreError("the store is closed")
            rows = dict(self._rows)
            yield _MemoryTransaction(rows, home)
            self._rows = rows

    def close(self) -> None:
        """See `store.Store`."""
        with self._turn.take():
            self._closed = True
