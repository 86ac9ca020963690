"""The whole declaration, each field, order and reference checked: for builds, the hub and the lab's tables.

It decides whether a body is a declaration; single fields are `declaration_fields`' part, what a maker must say besides
`declaration_rules`'. A toy reads less of it, with less code (`declaration`).
"""

from collections import namedtuple

from stairgate.core import limits
from stairgate.core.declaration import Declaration, Destination, Gesture, Row, Sensor, Toy
from stairgate.core.declaration_fields import KINDS, SCHEMA, SORT_FIELDS
from stairgate.core.line_reader import LineReader
from stairgate.core.lines import as_tuples, split
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple  # noqa: TID251

    class Ixit(NamedTuple):
        """A column of a row that is prose, for the test lab."""

        row: str
        column: str
        text: str

    class Ai(NamedTuple):
        """A row that a model works on; `recourse`: how to get a person's judgement instead."""

        row: str
        model: str
        runs_on: str
        purpose: str
        recipient: str
        recourse: str

    class Provision(NamedTuple):
        """What the maker says of one provision of EN 303 645, and where the evidence is."""

        number: str
        state: str
        evidence: str

    class Words(NamedTuple):
        """Wording of the label: about `toy`, a gate or a row; for parents, small children, or children who read."""

        about: str
        audience: str
        language: str
        text: str

else:
    Ixit = namedtuple("Ixit", ("row", "column", "text"))
    Ai = namedtuple("Ai", ("row", "model", "runs_on", "purpose", "recipient", "recourse"))
    Provision = namedtuple("Provision", ("number", "state", "evidence"))
    Words = namedtuple("Words", ("about", "audience", "language", "text"))

_MANY = {"row": limits.DECLARATION_ROWS, "destination": limits.DESTINATIONS}


class DeclarationReader(LineReader):
    """Takes the lines of a declaration one by one; the records are complete only when there are no `faults`."""

    def __init__(self) -> None:
        super().__init__(SCHEMA, KINDS, ("toy",), (), SORT_FIELDS)
        self._records: "dict[str, list[list[object]]]" = {kind: [] for kind in KINDS}
        self._names: "dict[str, set[object]]" = {"gate": set(), "sensor": set(), "destination": set(), "row": set()}
        self._gate_of: "dict[object, object]" = {}

    def named(self, kind: str, fields: "list[object]") -> None:
        if kind in self._names and isinstance(fields[0], str):
            self._names[kind].add(fields[0])

    def checked(self, kind: str, fields: "list[object]") -> None:
        names = self._names
        if kind in ("sensor", "row"):
            gate = fields[1] if kind == "sensor" else fields[2]
            if gate not in names["gate"]:
                self.fault("bad_reference", "gate", "the name of a gate line", gate)
        if kind == "sensor":
            self._gate_of[fields[0]] = fields[1]
        if kind == "row":
            self._check_row(fields)
        if kind in ("ixit", "ai") and fields[0] not in names["row"]:
            self.fault("bad_reference", "row", "the id of a row line", fields[0])
        if kind == "words" and fields[0] != "toy" and fields[0] not in names["gate"] and fields[0] not in names["row"]:
            self.fault("bad_reference", "about", "toy, the name of a gate or the id of a row", fields[0])
        if kind in _MANY and len(self._records[kind]) >= _MANY[kind]:
            self.fault("bad_field", "kind", f"at most {_MANY[kind]} lines of this kind", "one more")

    def _check_row(self, fields: "list[object]") -> None:
        row, sensor, gate, destination = fields[0], fields[1], fields[2], fields[8]
        if row == "toy" or row in self._names["gate"]:
            self.fault("bad_reference", "id", "an id that is no gate's name and not toy", row)
        if sensor and sensor not in self._names["sensor"]:
            self.fault("bad_reference", "sensor", "the name of a sensor line, or nothing", sensor)
        elif sensor and self._gate_of.get(sensor, gate) != gate:
            self.fault("bad_reference", "gate", "the gate of its sensor", gate)
        if destination and destination not in self._names["destination"]:
            self.fault("bad_reference", "destination", "the host of a destination line, or nothing", destination)

    def keep(self, kind: str, fields: "list[object]") -> None:
        self._records[kind].append(as_tuples(fields))

    def _made(self, kind: str, record: object) -> "tuple[object, ...]":
        return tuple([record(*fields) for fields in self._records[kind]])  # type: ignore[operator]

    def declaration(self) -> "Declaration":
        """What was read so far, whether or not there are faults; without a sound first line it has no id."""
        head = (self._records["declaration"] or [["", 0, 0]])[0]
        toys = self._made("toy", Toy)
        return Declaration(
            head[0],  # type: ignore[arg-type]
            head[1],  # type: ignore[arg-type]
            head[2],  # type: ignore[arg-type]
            toys[0] if toys else None,  # type: ignore[arg-type]
            self._made("gesture", Gesture),  # type: ignore[arg-type]
            tuple([fields[0] for fields in self._records["gate"]]),  # type: ignore[misc]
            self._made("sensor", Sensor),  # type: ignore[arg-type]
            self._made("destination", Destination),  # type: ignore[arg-type]
            self._made("row", Row),  # type: ignore[arg-type]
            self._made("ixit", Ixit),  # type: ignore[arg-type]
            self._made("ai", Ai),  # type: ignore[arg-type]
            self._made("provision", Provision),  # type: ignore[arg-type]
            self._made("words", Words),  # type: ignore[arg-type]
        )


def read_declaration(body: bytes) -> "Declaration":
    """The declaration of a body, all of it. Stops at the first fault.

    Raises Refused: `too_large`, `line_too_long`, `bad_line`, `bad_end`, `unknown_kind`, `bad_order`, `bad_field` or
    `bad_reference`, with the line, the field, what was expected and what came.
    """
    if len(body) > limits.DECLARATION_BYTES:
        raise Refused("too_large", f"expected at most {limits.DECLARATION_BYTES} bytes, got {len(body)}")
    reader = DeclarationReader()
    for line in split(body):
        reader.take(line)
        if reader.faults:
            break
    reader.refuse()
    return reader.declaration()
