"""Who set a rule and, where they said so, why: kept beside each rule, in the hub only.

It decides that whatever is written of the calendar, exceptions, budgets and filters carries the author of the act that
wrote it, and that a note goes with its rule. Who the author is, is told by whoever runs the act (`Signature`); what a
note may look like `clean_note`. No policy, message or log has any of it: `compile` never sees this collection.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from stairgate.hub import limits
from stairgate.hub.plain_text import clean_line
from stairgate.hub.store import Document, Row, Transaction

COLLECTION = "notes"
#: The collections whose rows are signed. A filter's row has its child's id, and so has its note.
SIGNED = frozenset({"weeks", "dates", "budgets", "overrides", "filters"})
#: What a note can be about besides a rule and a blocked category: what is recorded.
RECORDED = "recorded"
#: Who set what holds outside all windows; that is part of the child's own row.
OTHERWISE = "otherwise"


class Signature(NamedTuple):
    """Whoever acts: the id of an account or a child, "" for the hub itself. note: their words, None to leave them."""

    by: str = ""
    note: str | None = None


class Note(NamedTuple):
    """What is kept beside a rule. by: an id, "" for nobody. at: UTC seconds. text: a parent's words, or ""."""

    by: str = ""
    at: float = 0.0
    text: str = ""


def clean_note(text: str) -> str:
    """A note on one line, without control characters, at most `limits.WORDS_CHARACTERS_MAX`."""
    return clean_line(text, limits.WORDS_CHARACTERS_MAX)


def about(person: str, what: str) -> str:
    """The id of a note about a blocked category of a child, or about `RECORDED`."""
    return f"{person}.{what}"


def write_note(rows: Transaction, note_id: str, note: Note) -> None:
    """Keep a note."""
    rows.put(COLLECTION, note_id, {"by": note.by, "at": note.at, "text": note.text})


def note_of(rows: Transaction, note_id: str) -> Note | None:
    """What is kept beside one rule, or None."""
    row = rows.get(COLLECTION, note_id)
    return Note(**row.document) if row else None


def read_notes(rows: Transaction) -> dict[str, Note]:
    """Every note of the home, by the id of what it is about."""
    return {row.id: Note(**row.document) for row in rows.page(COLLECTION)}


def notes_about(notes: Mapping[str, Note], person: str) -> dict[str, Note]:
    """What was said of a child's blocked categories and of what is recorded, by category."""
    start = about(person, "")
    return {note_id[len(start) :]: note for note_id, note in notes.items() if note_id.startswith(start) and note.text}


class SignedRows:
    """A transaction in which each rule that is written is signed, and a rule's note goes with it."""

    def __init__(self, rows: Transaction, signature: Signature, now: float) -> None:
        self._rows = rows
        self._signature = signature
        self._now = now

    def get(self, collection: str, row_id: str) -> Row | None:
        """See `Transaction`."""
        return self._rows.get(collection, row_id)

    def find(self, collection: str, index: str, value: str) -> list[Row]:
        """See `Transaction`."""
        return self._rows.find(collection, index, value)

    def page(self, collection: str, *arguments: Any, **options: Any) -> list[Row]:
        """See `Transaction`."""
        return self._rows.page(collection, *arguments, **options)

    def put(self, collection: str, row_id: str, document: Document, expected: int | None = None) -> int:
        """See `Transaction`; signs a rule."""
        if collection == "people":
            self._sign_otherwise(row_id, document)
        revision = self._rows.put(collection, row_id, document, expected)
        if collection in SIGNED:
            text = self._signature.note
            if text is None:
                held = self._rows.get(COLLECTION, row_id)
                text = held.document["text"] if held else ""
            write_note(self._rows, row_id, Note(self._signature.by, self._now, text))
        return revision

    def _sign_otherwise(self, person: str, document: Document) -> None:
        held = self._rows.get("people", person)
        if held and held.document.get("default_level") != document.get("default_level"):
            write_note(self._rows, about(person, OTHERWISE), Note(self._signature.by, self._now))

    def delete(self, collection: str, row_id: str, expected: int | None = None) -> bool:
        """See `Transaction`; the note goes with its rule, and with a child all that was said of it."""
        gone = self._rows.delete(collection, row_id, expected)
        if gone and collection in SIGNED:
            self._rows.delete(COLLECTION, row_id)
        if gone and collection == "people":
            for row in self._rows.page(COLLECTION):
                if row.id.startswith(about(row_id, "")):
                    self._rows.delete(COLLECTION, row.id)
        return gone
