"""What a maker declares about a toy: what it has, which data it collects and why, where to, and for how long.

It decides what a toy takes from the document of its maker: the lines it enforces, by their shape. Every field, order
and reference is checked by `declaration_reader`, what a maker must say at all by `declaration_rules`: before signing,
and again by the hub. Signed with the maker's P-256 key, as a document of the kind `declaration` (docs/declaration.md).
"""

from collections import namedtuple

from stairgate.core import limits
from stairgate.core.brief import read_brief
from stairgate.core.envelope import open_signed_steps
from stairgate.core.lines import split
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import NamedTuple  # noqa: TID251

    from stairgate.core.declaration_reader import Ai, Ixit, Provision, Words

    class Toy(NamedTuple):
        """`support_end`: a day, YYYY-MM-DD; the contacts are `https:` or `mailto:` addresses."""

        model: str
        hardware: str
        firmware: str
        maker: str
        support_end: str
        vulnerability_contact: str
        privacy_contact: str

    class Gesture(NamedTuple):
        """What a grown-up does to the toy. `hold`, `session`: seconds; session: how long `open` opens, else 0."""

        use: str
        code: str
        hold: int
        session: int

    class Sensor(NamedTuple):
        """A part that senses, the gate before it, and the sign that it is on."""

        name: str
        gate: str
        indicator: str

    class Destination(NamedTuple):
        """Where the toy connects to; `controller`: who answers for the data there; `country`: two letters."""

        host: str
        port: int
        transport: str
        controller: str
        country: str

    class Row(NamedTuple):
        """One kind of data for one purpose. `sensor`, `destination`: "" for none; `retention_days`: 0, not kept."""

        id: str
        sensor: str
        gate: str
        data_type: str
        collected: str
        purpose: str
        basis: str
        stored: str
        destination: str
        retention_days: int
        flags: "tuple[str, ...]"

    class Declaration(NamedTuple):
        """Everything of one toy's declaration; `toy` is None only where the line is missing.

        On a toy `ixits`, `ais`, `provisions` and `words` are empty: only people read them.
        """

        id: str
        version: int
        issued: int
        toy: "Toy | None"
        gestures: "tuple[Gesture, ...]"
        gates: "tuple[str, ...]"
        sensors: "tuple[Sensor, ...]"
        destinations: "tuple[Destination, ...]"
        rows: "tuple[Row, ...]"
        ixits: "tuple[Ixit, ...]"
        ais: "tuple[Ai, ...]"
        provisions: "tuple[Provision, ...]"
        words: "tuple[Words, ...]"

else:
    Toy = namedtuple(
        "Toy",
        ("model", "hardware", "firmware", "maker", "support_end", "vulnerability_contact", "privacy_contact"),
    )
    Gesture = namedtuple("Gesture", ("use", "code", "hold", "session"))
    Sensor = namedtuple("Sensor", ("name", "gate", "indicator"))
    Destination = namedtuple("Destination", ("host", "port", "transport", "controller", "country"))
    Row = namedtuple(
        "Row",
        (
            "id",
            "sensor",
            "gate",
            "data_type",
            "collected",
            "purpose",
            "basis",
            "stored",
            "destination",
            "retention_days",
            "flags",
        ),
    )
    Declaration = namedtuple(
        "Declaration",
        (
            "id",
            "version",
            "issued",
            "toy",
            "gestures",
            "gates",
            "sensors",
            "destinations",
            "rows",
            "ixits",
            "ais",
            "provisions",
            "words",
        ),
    )

KIND = "declaration"
_SHAPES = {
    "declaration": "sii",
    "toy": "sssssss",
    "gesture": "ssii",
    "gate": "s",
    "sensor": "sss",
    "destination": "sisss",
    "row": "sssssssssil",
}
_FOR_PEOPLE = ("ixit", "ai", "provision", "words")


def read_brief_declaration(body: bytes) -> "Declaration":
    """The declaration of a body as a toy keeps it. Raises Refused: `too_large`, or as `brief.read_brief`."""
    if len(body) > limits.DECLARATION_BYTES:
        raise Refused("too_large", f"expected at most {limits.DECLARATION_BYTES} bytes, got {len(body)}")
    found = read_brief(split(body), KIND, _SHAPES, _FOR_PEOPLE)

    def made(kind: str, record: object) -> "tuple[object, ...]":
        return tuple([record(*fields) for fields in found[kind]])  # type: ignore[operator]

    head, toys = found[KIND][0], made("toy", Toy)
    return Declaration(
        head[0],  # type: ignore[arg-type]
        head[1],  # type: ignore[arg-type]
        head[2],  # type: ignore[arg-type]
        toys[0] if toys else None,  # type: ignore[arg-type]
        made("gesture", Gesture),  # type: ignore[arg-type]
        tuple([str(fields[0]) for fields in found["gate"]]),
        made("sensor", Sensor),  # type: ignore[arg-type]
        made("destination", Destination),  # type: ignore[arg-type]
        made("row", Row),  # type: ignore[arg-type]
        (),
        (),
        (),
        (),
    )


def open_declaration_steps(data: bytes, keys: "dict[str, bytes]") -> "Generator[None, None, Declaration]":
    """The declaration of a document that one of the maker's keys (id to point) signed; yields while it verifies.

    Raises Refused: the reasons of `envelope.open_signed` and of `read_brief_declaration`.
    """
    return read_brief_declaration((yield from open_signed_steps(data, KIND, keys, limits.DECLARATION_BYTES)))
