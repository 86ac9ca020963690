"""A child's calendar as it was before an act, kept for Undo: windows, exceptions on dates, minutes a day.

It decides what is put back; when an act can still be undone is `acts`' part, with which this shares the row of a
child's last act.
"""

from stairgate.hub.family import Budget, DateRule, Family, Person, Week, from_row, remove, to_document, write
from stairgate.hub.store import Document, Row, Transaction

_KEY = "calendar"


def remember_calendar(rows: Transaction, person: str, before: Family) -> None:
    """Add the calendar of `before` to the child's last act, which `acts.remember` has just written."""
    row, child = rows.get("acts", person), before.person(person)
    if row and child:
        rows.put("acts", person, {**row.document, _KEY: _snapshot(before, child)})


def restore_calendar(rows: Transaction, family: Family, person: str, act: Row) -> None:
    """Put back what the row of an act has kept; nothing where the act was of another kind."""
    kept = act.document.get(_KEY)
    child = family.person(person)
    if not kept or not child:
        return
    for held in (*family.weeks_of(person), *family.dates_of(person), *family.budgets_of(person)):
        remove(rows, held)  # type: ignore[arg-type]
    for old in kept["weeks"]:
        write(rows, from_row(Week, Row(old["id"], 0, old["document"])))
    for old in kept["dates"]:
        write(rows, from_row(DateRule, Row(old["id"], 0, old["document"])))
    for old in kept["budgets"]:
        write(rows, from_row(Budget, Row(old["id"], 0, old["document"])))
    if kept["default_level"] != child.default_level:
        rows.put("people", person, {**to_document(child), "default_level": kept["default_level"]}, child.revision)


def _snapshot(family: Family, child: Person) -> Document:
    return {
        "default_level": child.default_level,
        "weeks": [{"id": held.id, "document": to_document(held)} for held in family.weeks_of(child.id)],
        "dates": [{"id": held.id, "document": to_document(held)} for held in family.dates_of(child.id)],
        "budgets": [{"id": held.id, "document": to_document(held)} for held in family.budgets_of(child.id)],
    }
