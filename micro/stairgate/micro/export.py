"""Everything a toy holds about a family, in one file: JSON to take along, and a page to read without any program.

It decides the form only. Both are made in pieces, so that a toy never holds the whole; nothing is left out, and nothing
is asked of a server (GDPR, articles 15 and 20; Children's Code, standard 15).
"""

import json
from binascii import b2a_base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from stairgate.micro.agent import Agent

STYLE = "body{font:16px sans-serif;max-width:50em;margin:auto}td,th{text-align:left;padding:.2em .8em .2em 0}"


def json_pieces(agent: "Agent") -> "Iterator[str]":
    """The export as one JSON object: `toy`, `rows`, `agreed`, `withdrawn`, `kept` (base64), `ledger`, `receipts`, …"""
    declaration = agent.declaration
    yield '{"v":1,"t":%d,"toy":' % agent.clock.now()
    yield json.dumps([declaration.id, declaration.version] + list(declaration.toy or ()))
    yield ',"rows":' + json.dumps([list(row) for row in declaration.rows])
    yield ',"agreed":' + json.dumps(agent.consents.agreed)
    yield ',"withdrawn":' + json.dumps(agent.consents.withdrawn)
    yield ',"requests":' + json.dumps([[host] + agent.requests.open[host] for host in sorted(agent.requests.open)])
    yield ',"kept":['
    comma = ""
    for row in agent.kept.rows():
        for name in agent.kept.items(row):
            data = str(b2a_base64(agent.kept.read(row, name) or b""), "ascii")[:-1]
            yield comma + json.dumps([row, name, data])
            comma = ","
    yield '],"ledger":['
    comma = ""
    for entry in agent.ledger.entries():
        yield comma + json.dumps(list(entry))
        comma = ","
    yield '],"receipts":' + json.dumps([str(document, "utf-8") for document in agent.receipts.documents()]) + "}"


def escaped(value: object) -> str:
    """The value as text of a page."""
    text = ", ".join([str(item) for item in value]) if isinstance(value, (list, tuple)) else str(value)
    for mark, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(mark, name)
    return text


def day(utc: int) -> str:
    """`2026-03-27 20:30` of a UTC second, by the calendar alone."""
    days, second = divmod(utc, 86400)
    # Days since 0000-03-01, in eras of 400 years (Hinnant, civil_from_days).
    days += 719468
    era, of_era = divmod(days, 146097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * of_year + 2) // 153
    year = year_of_era + era * 400 + (1 if month >= 10 else 0)
    return "%04d-%02d-%02d %02d:%02d" % (
        year,
        month + 3 if month < 10 else month - 9,
        of_year - (153 * month + 2) // 5 + 1,
        second // 3600,
        second % 3600 // 60,
    )


def _table(title: str, head: "tuple[str, ...]", rows: "Iterator[tuple[object, ...]]") -> "Iterator[str]":
    yield "<h2>" + title + "</h2><table><tr><th>" + "<th>".join(head) + "\n"
    for row in rows:
        yield "<tr><td>" + "<td>".join([escaped(cell) for cell in row]) + "\n"
    yield "</table>\n"


def html_pieces(agent: "Agent") -> "Iterator[str]":
    """The export as a page of its own, without scripts and without anything loaded. Times are UTC."""
    toy = agent.declaration.toy
    name = escaped(toy.model if toy else agent.declaration.id)
    yield '<!doctype html><html lang="en"><meta charset="utf-8"><title>%s</title><style>%s</style>\n' % (name, STYLE)
    yield "<h1>%s: everything it holds</h1><p>Made %s UTC.</p>\n" % (name, day(agent.clock.now()))
    head = ("What", "Data", "Why", "Agreed", "Kept", "Days", "Sent to", "Marks")
    yield from _table(
        "What it may collect",
        head,
        (
            (
                row.id,
                row.data_type,
                row.purpose,
                "not needed" if row.basis == "needed" else "yes" if row.id in agent.consents.agreed else "no",
                row.stored,
                row.retention_days,
                row.destination or "nobody",
                row.flags,
            )
            for row in agent.declaration.rows
        ),
    )
    yield from _table(
        "What it keeps",
        ("What", "Since", "Bytes"),
        (
            (row, day(int(name.split("-")[0])), len(agent.kept.read(row, name) or b""))
            for row in agent.kept.rows()
            for name in agent.kept.items(row)
        ),
    )
    yield from _table(
        "What it did",
        ("Number", "When", "What", "Of", "How much", "Where, why"),
        ((e.seq, day(e.t), e.kind, e.row, e.amount, e.where) for e in agent.ledger.entries()),
    )
    yield from _table(
        "Who was asked to erase",
        ("Who", "Wanted", "Asked", "Confirmed"),
        (
            (host,) + tuple([day(time) if time else "not yet" for time in agent.requests.open[host]])
            for host in sorted(agent.requests.open)
        ),
    )
