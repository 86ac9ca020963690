"""What a maker must say, and all that is wrong with a declaration at once: for builds and the hub, not for the toy.

It decides over a whole declaration: required lines, rows that need consent, signs and words that a child must get.
Sources: EN 303 645 V3.1.3 (5.2-1, 5.3-13, 5.8-3, 5.11-1, 6-1, 6-2), COPPA as amended (16 CFR 312.2, 312.10), the
Children's Code (standards 4, 5, 12). Order, fields and references are `declaration_reader`'s part.
"""

from stairgate.core import limits
from stairgate.core.declaration_fields import AUDIENCES, KINDS, SORT_FIELDS
from stairgate.core.declaration_reader import DeclarationReader
from stairgate.core.fields import SENSOR_GATES
from stairgate.core.lines import split, write_line
from stairgate.core.records import Fault
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from stairgate.core.declaration import Declaration, Row

# Flags of rows that no toy may need without being asked.
ASKED = ("biometric", "child_voice", "sensitive", "third_party")
ASKED_TYPES = ("face", "health", "voice")


def _missing(field: str, expected: str) -> Fault:
    """A fault of the whole: it stands on no line."""
    return Fault(0, field, expected, "none")


def _of_lines(declaration: "Declaration") -> "Iterable[Fault]":
    if declaration.toy is None:
        yield _missing("toy", "a toy line: model, hardware, firmware, maker, support end and two contacts")
    if not declaration.gates:
        yield _missing("gate", "a gate line for each sensor and function")
    uses = [gesture.use for gesture in declaration.gestures]
    if "erase" not in uses:
        yield _missing("gesture", "a gesture erase: what a grown-up does to erase everything")
    sensing = [gate for gate in declaration.gates if gate in SENSOR_GATES]
    if sensing and "open" not in uses:
        yield _missing("gesture", "a gesture open: what opens a sensor where there is no hub")
    for gesture in declaration.gestures:
        if (gesture.session > 0) != (gesture.use == "open"):
            expected = "60 to 3600 seconds for open, 0 for the others"
            yield Fault(0, f"gesture {gesture.use} session", expected, str(gesture.session))


def _of_sensors(declaration: "Declaration") -> "Iterable[Fault]":
    for sensor in declaration.sensors:
        if sensor.gate in SENSOR_GATES:
            if sensor.indicator == "none":
                yield Fault(0, f"sensor {sensor.name} indicator", "light or sound: a child must notice", "none")
            if not any(row.sensor == sensor.name for row in declaration.rows):
                yield _missing(f"sensor {sensor.name}", "a row that says what its data is for")
    for gate in declaration.gates:
        if gate in SENSOR_GATES:
            if not any(row.gate == gate for row in declaration.rows):
                yield _missing(f"gate {gate}", "a row that says what its data is for")
            for audience in AUDIENCES:
                if not any(w.about == gate and w.audience == audience for w in declaration.words):
                    yield _missing(f"words {gate} {audience}", "what it is for, in words for this audience")
    for destination in declaration.destinations:
        if not any(row.destination == destination.host for row in declaration.rows):
            yield _missing(f"destination {destination.host}", "a row that says what is sent there")


def _of_row(row: "Row") -> "Iterable[Fault]":
    asked = [flag for flag in row.flags if flag in ASKED] + [row.data_type] * (row.data_type in ASKED_TYPES)
    if asked and row.basis != "consent":
        yield Fault(0, f"row {row.id} basis", "consent, because of " + ", ".join(asked), row.basis)
    if row.data_type == "voice" and "child_voice" not in row.flags:
        yield Fault(
            0, f"row {row.id} flags", "child_voice: whoever speaks to a toy is a child", ", ".join(row.flags) or "none"
        )
    if (row.stored == "cloud" or "third_party" in row.flags) and not row.destination:
        yield _missing(f"row {row.id} destination", "a destination, because it leaves the house")
    if row.retention_days and row.stored == "nowhere":
        yield Fault(0, f"row {row.id} retention_days", "0, because it is stored nowhere", str(row.retention_days))


def faults_of(declaration: "Declaration") -> "list[Fault]":
    """What the maker must still say, or may not say so. `line` is 0: it belongs to no single line."""
    faults = list(_of_lines(declaration)) + list(_of_sensors(declaration))
    for row in declaration.rows:
        faults += list(_of_row(row))
        if not any(ixit.row == row.id and ixit.column == "description" for ixit in declaration.ixits):
            faults.append(_missing(f"ixit {row.id} description", "what the data is, for the test lab"))
        if "derived" in row.flags and not any(ai.row == row.id for ai in declaration.ais):
            faults.append(_missing(f"ai {row.id}", "which model derives it, where it runs, and who helps instead"))
    return faults


def check_declaration(body: bytes) -> "list[Fault]":
    """Everything that is wrong with a body, for people; empty when a toy may be built from it."""
    faults = []
    if len(body) > limits.DECLARATION_BYTES:
        faults.append(Fault(0, "size", f"at most {limits.DECLARATION_BYTES} bytes", str(len(body))))
    reader = DeclarationReader()
    lines = 0
    try:
        for line in split(body[: limits.DECLARATION_BYTES + 1]):
            lines += 1
            reader.take(line)
    except Refused:
        if not faults:
            faults.append(Fault(lines + 1, "line", "a newline at the end of the last line", "none"))
    if not lines and not faults:
        faults.append(Fault(1, "kind", "declaration on the first line", "nothing"))
    return faults + reader.faults + faults_of(reader.declaration())


def write_declaration(lines: "Iterable[list[object] | tuple[object, ...]]") -> bytes:
    """The body of these lines, whichever order they come in: sorted as the format asks.

    Raises ValueError with all faults when they make no declaration that a toy may be built from.
    """

    def key(line: "list[object] | tuple[object, ...]") -> "tuple[int, list[str]]":
        kind = str(line[0])
        rank = KINDS.index(kind) if kind in KINDS else len(KINDS)
        return rank, [str(part) for part in line[1 : 1 + SORT_FIELDS.get(kind, 1)]]

    body = b"".join([write_line(line) for line in sorted(lines, key=key)])
    faults = check_declaration(body)
    if faults:
        raise ValueError("\n".join([f"line {f.line}, {f.field}: expected {f.expected}, got {f.got}" for f in faults]))
    return body
