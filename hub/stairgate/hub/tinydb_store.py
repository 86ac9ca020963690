"""The store of a home: TinyDB on `atomic_storage`, one lock, one process.

It keeps the contract of `store` for a home's configuration (at most 2,000 documents a collection). Events and
usage do not belong here: every commit writes the whole file.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinydb import TinyDB, where
from tinydb.table import Document as TinyDocument
from tinydb.table import Table

from stairgate.hub.atomic_storage import AtomicStorage
from stairgate.hub.store import (
    COLLECTIONS,
    ROWS_MAX,
    Conflict,
    Document,
    Full,
    InUse,
    Row,
    StoreError,
    Transaction,
    check_index,
    copy_document,
    matches,
)
from stairgate.hub.turn import Turn

FILE_NAME = "store.json"


class _TextKeyTable(Table):
    document_id_class = str  # type: ignore[assignment]


class _TextKeyDatabase(TinyDB):
    table_class = _TextKeyTable


class _TinyDbTransaction:
    def __init__(self, database: TinyDB, home: str) -> None:
        self._database = database
        self._home = home

    def get(self, collection: str, row_id: str) -> Row | None:
        held = self._table(collection).get(doc_id=self._key(row_id))  # type: ignore[call-overload]
        return _row(held) if held else None

    def put(self, collection: str, row_id: str, document: Document, expected: int | None = None) -> int:
        table = self._table(collection)
        revision = self._check(collection, row_id, expected)
        key = self._key(row_id)
        if revision:
            table.remove(doc_ids=[key])  # type: ignore[list-item]
        # Counted by home only where all of them together could be too many.
        elif len(table) >= ROWS_MAX and table.count(where("home") == self._home) >= ROWS_MAX:
            raise Full(f"{collection}: expected fewer than {ROWS_MAX} rows")
        held = {"home": self._home, "id": row_id, "revision": revision + 1, "document": copy_document(document)}
        table.insert(TinyDocument(held, doc_id=key))  # type: ignore[arg-type]
        return revision + 1

    def delete(self, collection: str, row_id: str, expected: int | None = None) -> bool:
        if not self._check(collection, row_id, expected):
            return False
        self._table(collection).remove(doc_ids=[self._key(row_id)])  # type: ignore[list-item]
        return True

    def find(self, collection: str, index: str, value: str) -> list[Row]:
        check_index(collection, index)
        return [row for row in self.page(collection) if matches(row.document, index, value)]

    def page(self, collection: str, after: str = "", limit: int = ROWS_MAX) -> list[Row]:
        rows = self._table(collection).search((where("home") == self._home) & (where("id") > after))
        return [_row(held) for held in sorted(rows, key=lambda held: str(held["id"]))[:limit]]

    def _check(self, collection: str, row_id: str, expected: int | None) -> int:
        old = self._table(collection).get(doc_id=self._key(row_id))  # type: ignore[call-overload]
        revision = int(old["revision"]) if old else 0
        if expected is not None and expected != revision:
            raise Conflict(collection, row_id, expected, revision)
        return revision

    def _table(self, collection: str) -> Table:
        if collection not in COLLECTIONS:
            raise ValueError(f"undeclared collection: expected one of COLLECTIONS, got {collection!r}")
        return self._database.table(collection)

    def _key(self, row_id: str) -> str:
        return f"{self._home}/{row_id}"


class TinyDbStore:
    """One directory of data, opened by one process.

    Raises `InUse` when another process has it, `Unreadable` when no generation can be trusted.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock_file = _open_lock(directory / "lock")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock_file)
            raise InUse(f"{directory}: expected no other hub running on these data") from None
        try:
            self._database = _TextKeyDatabase(directory / FILE_NAME, storage=AtomicStorage)
        except BaseException:
            os.close(self._lock_file)
            raise
        storage = self._database.storage
        assert isinstance(storage, AtomicStorage)
        self._storage = storage
        self.recovery = storage.recovery
        self._turn = Turn()
        self._closed = False

    @contextmanager
    def transaction(self, home: str) -> Iterator[Transaction]:
        """See `store.Store`."""
        with self._turn.take():
            if self._closed:
                raise StoreError("the store is closed")
            try:
                yield _TinyDbTransaction(self._database, home)
                self._storage.commit()
            except BaseException:
                self._storage.rollback()
                for collection in COLLECTIONS:  # TinyDB remembers the answers of queries
                    self._database.table(collection).clear_cache()
                raise

    def close(self) -> None:
        """See `store.Store`."""
        with self._turn.take():
            if not self._closed:
                self._closed = True
                os.close(self._lock_file)


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as problem:
        if problem.errno != errno.EROFS:
            raise
        # What can be read can be shown; each change is refused with a sentence.
        return os.open(path, os.O_RDONLY)


def _row(held: Document) -> Row:
    return Row(held["id"], held["revision"], copy_document(held["document"]))
