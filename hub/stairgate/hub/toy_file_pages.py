"""What a parent can download of a toy: its account, to read or for programs, and the papers made from its declaration.

It decides names and kinds of the files; what is in them is `toy_documents`', `toy_tables`' and `toy_ledger`'s.
"""

import json
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, url_for

from stairgate.core.declaration import Declaration
from stairgate.hub import audit, limits, toy_documents, toy_tables, toy_words, wording
from stairgate.hub.context import parts
from stairgate.hub.roster import TOY
from stairgate.hub.toy_entry_words import entry_text
from stairgate.hub.toy_lines import family
from stairgate.hub.toys import Toy

toy_files = Blueprint("toy_files", __name__, url_prefix="/toys")


@toy_files.get("/<agent>/label.json")
def label(agent: str) -> Response:
    """The machine-readable label."""
    toy, declaration = _declared(agent)
    return _json(toy_documents.label(declaration, toy.document), "label", agent)


@toy_files.get("/<agent>/mud.json")
def mud(agent: str) -> Response:
    """The MUD file."""
    _toy, declaration = _declared(agent)
    url = f"https://{request.host}{url_for('toy_files.mud', agent=agent)}"
    return _json(toy_documents.mud(declaration, url), "mud", agent)


@toy_files.get("/<agent>/tables.html")
def tables(agent: str) -> Response:
    """ICS and IXIT tables, in English."""
    _toy, declaration = _declared(agent)
    text = render_template("toy_tables.html", declaration=declaration, tables=toy_tables.tables(declaration))
    return _file(text, "text/html", "tables", agent, "html")


@toy_files.get("/<agent>/account.json")
def data(agent: str) -> Response:
    """What the hub keeps of the toy, for programs."""
    toy = _toy_or_404(agent)
    ledger = parts().toys.ledger
    return _json(
        {
            "format": "stairgate-toy-account 1",
            "toy": toy.id,
            "made": int(parts().clock.wall()),
            "consent": [vars(answer) for answer in toy.answers],
            "opened": [vars(opened) for opened in toy.opened],
            "switched_off": [vars(switched) for switched in toy.off],
            "accounts": {answer.by: audit.shown(answer.by) for answer in toy.answers if answer.by},
            "ledger": [list(entry) for entry in ledger.entries(agent, limits.LEDGER_ENTRIES_MAX)],
            "receipts": [each.decode("utf-8", "replace") for each in ledger.receipts(agent)],
            "observed": [each._asdict() for each in ledger.observed(agent)],
        },
        "account",
        agent,
    )


@toy_files.get("/<agent>/account.html")
def readable(agent: str) -> Response:
    """The same, to read."""
    toy = _toy_or_404(agent)
    zone, now = parts().parents.zone(), parts().clock.wall()
    declaration = toy.declaration
    rows = {row.id: row for row in declaration.rows} if declaration else {}
    found = parts().roster.find(agent)
    answers = [
        (
            toy_words.DATA_TYPES[rows[answer.row].data_type] if answer.row in rows else answer.row,
            answer.word,
            audit.shown(answer.by),
            wording.clock_time(answer.at, zone, now),
        )
        for answer in reversed(toy.answers)
    ]
    entries = parts().toys.ledger.entries(agent, limits.LEDGER_ENTRIES_MAX)
    text = render_template(
        "toy_account.html",
        name=found.label if found else "",
        made=wording.clock_time(now, zone, now),
        answers=answers,
        entries=[(each.seq, wording.clock_time(each.t, zone, now), entry_text(each, declaration)) for each in entries],
    )
    return _file(text, "text/html", "account", agent, "html")


def _toy_or_404(agent: str) -> Toy:
    found, toy = parts().roster.find(agent), family().toy(agent)
    if found is None or found.kind != TOY or toy is None:
        abort(404)
    return toy


def _declared(agent: str) -> tuple[Toy, Declaration]:
    toy = _toy_or_404(agent)
    if toy.declaration is None:
        abort(404)
    return toy, toy.declaration


def _json(content: dict[str, Any], what: str, agent: str) -> Response:
    return _file(json.dumps(content, indent=1, ensure_ascii=False), "application/json", what, agent, "json")


def _file(text: str, kind: str, what: str, agent: str, ending: str) -> Response:
    answer = Response(text, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="stairgate-{what}-{agent}.{ending}"'
    return answer
