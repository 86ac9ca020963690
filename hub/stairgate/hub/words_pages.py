"""A parent's own words to a child: why something is recorded, why a category is blocked.

They are asked for, never demanded: each field has a suggestion by age beside it. The child reads them on its own page;
they stay in the hub. What a note may look like is `notes`' part.
"""

from typing import NamedTuple

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import limits, roles
from stairgate.hub.audit import signature
from stairgate.hub.categories import title
from stairgate.hub.context import asking_mac, overview, page, parts
from stairgate.hub.family import Family, read_family
from stairgate.hub.language import _
from stairgate.hub.note_suggestions import suggested
from stairgate.hub.notes import RECORDED, Note, about, clean_note, notes_about, read_notes, write_note
from stairgate.hub.store import Transaction

words = Blueprint("words", __name__, url_prefix="/children/<person>/words")
Answer = Response | tuple[str, int]


class Field(NamedTuple):
    """One field: `what` it is about, how that is called, what was said, and what could be."""

    what: str
    label: str
    text: str
    suggestion: str


@words.get("")
@roles.needs(roles.COPARENT)
def show(person: str) -> Answer:
    """What a parent has said to this child, and what could be said."""
    card = overview().card(person)
    if not card:
        abort(404)
    with parts().acts.reading() as rows:
        family, notes = read_family(rows), read_notes(rows)
    said = notes_about(notes, person)
    fields = [
        Field(what, label, said.get(what, Note()).text, suggested(card.person.band, what))
        for what, label in _subjects(family, person)
    ]
    return page("words.html", card=card, fields=fields, longest=limits.WORDS_CHARACTERS_MAX)


@words.post("")
@roles.needs(roles.COPARENT)
def save(person: str) -> Answer:
    """Say it: `about` (a blocked category, or `recorded`), `words`; empty takes it back."""
    what, text = request.form.get("about", ""), clean_note(request.form.get("words", ""))
    by = signature().by

    def edit(rows: Transaction) -> None:
        family = read_family(rows)
        if not family.person(person) or what not in dict(_subjects(family, person)):
            abort(404)
        if text:
            write_note(rows, about(person, what), Note(by, parts().clock.wall(), text))
        else:
            rows.delete("notes", about(person, what))

    parts().acts.change(edit)
    return redirect(url_for("words.show", person=person, _anchor=f"about-{what}"), 303)


def _subjects(family: Family, person: str) -> list[tuple[str, str]]:
    held = family.filter_of(person)
    blocked = [(tag, title(tag)) for tag in held.block] if held else []
    return [(RECORDED, _("What is recorded")), *blocked]


def said_here() -> dict[str, str]:
    """What was said about categories and recording, for the device that asks; nothing where several children share it.

    By category, under its title; what is recorded under `RECORDED`.
    """
    mac = asking_mac()
    with parts().acts.reading() as rows:
        family, notes = read_family(rows), read_notes(rows)
    device = family.device_with(mac) if mac else None
    if not device or len(device.persons) != 1:
        return {}
    subjects = dict(_subjects(family, device.persons[0]))
    said = notes_about(notes, device.persons[0])
    return {what if what == RECORDED else subjects[what]: note.text for what, note in said.items() if what in subjects}


def note_text(rule: str) -> str:
    """What a parent said of a rule, for the field of its form."""
    with parts().acts.reading() as rows:
        return read_notes(rows).get(rule, Note()).text
