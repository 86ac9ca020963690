"""The tables that a test lab asks for, from a maker's declaration: which provisions are met (ICS), and the IXIT tables.

It decides how a maker's own word stands beside what our agent does, and never calls a product compliant. Only the
tables that a declaration can fill are there: personal data (IXIT 21), sensors (22), deletion (25), communication (11),
and what users are told (2). In English, as the standard's own tables are.
"""

from typing import NamedTuple

from stairgate.core.declaration import Declaration, Row
from stairgate.hub.toy_provisions import PROVISIONS

_WORDS = {"shown": "met, the maker says", "not_met": "not met", "not_applicable": "not applicable, the maker says"}


class Line(NamedTuple):
    """One provision: what can be said of it, and why."""

    number: str
    status: str
    asks: str
    state: str
    because: str


class Table(NamedTuple):
    """One IXIT table, or the ICS."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def provisions(declaration: Declaration) -> tuple[Line, ...]:
    """Every provision, with the maker's word where there is one."""
    said = {each.number: each for each in declaration.provisions}
    lines = []
    for each in PROVISIONS:
        own = said.get(each.number)
        state = _WORDS[own.state] if own else each.state
        because = f"{own.evidence} (Maker.) {each.because}" if own else each.because
        lines.append(Line(each.number, each.status, each.asks, state, because))
    return tuple(lines)


def tables(declaration: Declaration) -> tuple[Table, ...]:
    """The ICS, then the IXIT tables."""
    ics = Table(
        "Implementation conformance statement (EN 303 645 V3.1.3)",
        ("Provision", "Status", "What it asks, in our words", "State", "Because"),
        tuple(tuple(line) for line in provisions(declaration)),
    )
    return (
        ics,
        _informed(declaration),
        _communication(declaration),
        _personal(declaration),
        _sensing(declaration),
        _deletion(declaration),
    )


def _personal(declaration: Declaration) -> Table:
    prose = {(ixit.row, ixit.column): ixit.text for ixit in declaration.ixits}

    def told(row: Row, column: str) -> str:
        return prose.get((row.id, column), "maker must show")

    return Table(
        "IXIT 21-PersData",
        (
            "ID", "Description", "Purpose", "Aggregation", "Authorised parties", "Lifecycle", "Processing",
            "Secure communication", "Sensitive", "Consent: obtained, stored, withdrawn", "Anonymisation",
        ),
        tuple(
            (
                row.id,
                f"{row.data_type}, collected: {row.collected}. {told(row, 'description')}",
                row.purpose,
                "aggregated" if "aggregated" in row.flags else told(row, "aggregation"),
                _parties(declaration, row, told(row, "parties")),
                f"stored: {row.stored}; deleted after {row.retention_days} days. {told(row, 'lifecycle')}",
                told(row, "processing"),
                _secured(declaration, row),
                "yes" if {"sensitive", "biometric", "child_voice"} & set(row.flags) else "no",
                "By a tap for this row, off by default; kept at the hub with who and when; taken back by a tap."
                if row.basis == "consent"
                else "Needed: no consent.",
                "anonymised" if "anonymised" in row.flags else told(row, "anonymisation"),
            )
            for row in declaration.rows
        ),
    )  # fmt: skip


def _parties(declaration: Declaration, row: Row, prose: str) -> str:
    destination = next((each for each in declaration.destinations if each.host == row.destination), None)
    if destination is None:
        return "none outside the home"
    third = ", a third party" if "third_party" in row.flags else ""
    return f"{destination.controller} ({destination.country.upper()}){third}. {prose}"


def _secured(declaration: Declaration, row: Row) -> str:
    destination = next((each for each in declaration.destinations if each.host == row.destination), None)
    return f"11-{destination.host}" if destination else "does not leave the home"


def _sensing(declaration: Declaration) -> Table:
    words = {(each.about, each.audience): each.text for each in declaration.words if each.language == "en"}
    return Table(
        "IXIT 22-ExtSens",
        ("ID", "Gate", "Sign before the first sample", "Told to consumers"),
        tuple(
            (sensor.name, sensor.gate, sensor.indicator, words.get((sensor.gate, "parent"), "no gate of a sensor"))
            for sensor in declaration.sensors
        ),
    )


def _communication(declaration: Declaration) -> Table:
    own = ("11-hub", "the family's hub", "mutual TLS 1.2, P-256; host name and dates verified")
    return Table(
        "IXIT 11-SecComMech",
        ("ID", "With", "How"),
        (
            own,
            *(
                (f"11-{each.host}", each.controller, f"{each.transport}, port {each.port}")
                for each in declaration.destinations
            ),
        ),
    )


def _deletion(declaration: Declaration) -> Table:
    gestures = tuple(
        (
            f"25-{gesture.use}",
            f"{gesture.code}, held for {gesture.hold} s",
            "at the toy",
            "a receipt signed with its key",
        )
        for gesture in declaration.gestures
        if gesture.use == "erase"
    )
    tap = ("25-tap", "“Erase” on the toy's page, with a password", "at the hub", "a receipt signed with the toy's key")
    return Table("IXIT 25-DelFunc", ("ID", "How", "Where", "Confirmation"), (tap, *gestures))


def _informed(declaration: Declaration) -> Table:
    toy = declaration.toy
    rows = (
        (
            ("Model", toy.model),
            ("Hardware", toy.hardware),
            ("Firmware", toy.firmware),
            ("Maker", toy.maker),
            ("Support until", toy.support_end),
            ("Vulnerability contact", toy.vulnerability_contact),
            ("Privacy contact", toy.privacy_contact),
        )
        if toy
        else ()
    )
    return Table("IXIT 2-UserInfo", ("What", "Told to consumers"), rows)
