"""What the hub keeps of each toy: whose device it is, what its maker declared, what parents agreed to, opened and shut.

Records, how they are stored, and what of it holds at a moment: an agreement only for the very row it was given for, as
its maker may change what a row means. Who may do what is `toy_acts`', what leaves the hub `toy_compile`'s.
"""

import hashlib
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from stairgate.core.declaration_reader import read_declaration
from stairgate.core.fields import SENSOR_GATES
from stairgate.core.lines import write_line
from stairgate.hub import limits
from stairgate.hub.store import Row as StoredRow
from stairgate.hub.store import Transaction

if TYPE_CHECKING:
    from stairgate.core.declaration import Declaration, Row

AGREED, WITHDRAWN = "agreed", "withdrawn"
COMMAND, HANDOVER, GESTURE = "command", "handover", "gesture"
OTHER_MAKER, FAULTY = "other_maker", "faulty"


@dataclass(frozen=True)
class Answer:
    """A parent's word on one data row. word: `AGREED` or `WITHDRAWN`; by: an account's id; at: UTC seconds.

    meaning: of the row at that moment (`meaning_of`).
    """

    row: str
    word: str
    by: str
    at: int
    meaning: str


@dataclass(frozen=True)
class Opened:
    """A sensor's gate that a parent opened, until a UTC second."""

    gate: str
    until: int
    by: str
    at: int


@dataclass(frozen=True)
class SwitchedOff:
    """A sensor's gate that nobody opens until a parent switches it on again."""

    gate: str
    by: str
    at: int


@dataclass(frozen=True)
class Erasure:
    """What a parent told the toy to erase. why: `COMMAND` or `HANDOVER`; done: UTC second of its receipt, or 0.

    receipt: the document that the toy signed.
    """

    why: str
    by: str
    at: int
    done: int = 0
    receipt: str = ""


@dataclass(frozen=True)
class Toy:
    """One paired toy. id: the agent's; device: the family's device; point: the toy's public key, in hex.

    sticker: what tells its sticker from others (`sticker_of`); the sticker's secret itself is not kept.
    maker: the public key that signed its first declaration, in hex, and document that declaration; both "" before it
    came. declared: UTC seconds. alarm: `OTHER_MAKER` or `FAULTY` for a declaration that was not taken, else "".
    """

    id: str
    device: str
    point: str
    paired: int
    maker: str = ""
    document: str = ""
    declared: int = 0
    alarm: str = ""
    answers: tuple[Answer, ...] = ()
    opened: tuple[Opened, ...] = ()
    off: tuple[SwitchedOff, ...] = ()
    erasure: Erasure | None = None
    sticker: str = ""
    revision: int = 0

    @property
    def declaration(self) -> "Declaration | None":
        """What its maker declared, None as long as it has not said so."""
        return declaration_of(self.document) if self.document else None

    def answer(self, row: str) -> Answer | None:
        """The last word on a row."""
        return next((answer for answer in reversed(self.answers) if answer.row == row), None)

    def agreed_rows(self) -> tuple[str, ...]:
        """The rows that a parent agreed to as they are declared now, and whose sensor is not switched off."""
        declaration = self.declaration
        off = self.off_gates()
        return tuple(
            row.id
            for row in (declaration.rows if declaration else ())
            if row.basis == "consent" and row.gate not in off and self.is_agreed(row)
        )

    def is_agreed(self, row: "Row") -> bool:
        """Whether a parent agreed to this row as it is declared."""
        last = self.answer(row.id)
        return last is not None and last.word == AGREED and last.meaning == meaning_of(row)

    def has_changed(self, row: "Row") -> bool:
        """Whether a parent agreed to the row before its maker changed what it means."""
        last = self.answer(row.id)
        return last is not None and last.word == AGREED and last.meaning != meaning_of(row)

    def off_gates(self) -> frozenset[str]:
        """The gates that are switched off."""
        return frozenset(switched.gate for switched in self.off)

    def opening(self, gate: str, now: float) -> Opened | None:
        """The opening of a gate that holds at `now`."""
        return next((opened for opened in self.opened if opened.gate == gate and opened.until > now), None)


def sticker_of(secret: bytes) -> str:
    """What tells a sticker from others, from its 128 random bits; nobody finds those from it."""
    return hashlib.sha256(b"stairgate sticker " + secret).hexdigest()[:32]


def sensor_gates(declaration: "Declaration") -> tuple[str, ...]:
    """The declared gates with a sensor behind them."""
    return tuple(gate for gate in declaration.gates if gate in SENSOR_GATES)


@lru_cache(maxsize=limits.TOYS_MAX * 2)
def declaration_of(document: str) -> "Declaration":
    """The declaration of a document whose signature was checked when it came."""
    return read_declaration(document.encode().partition(b"\n")[2])


def meaning_of(row: "Row") -> str:
    """16 hex digits that change when the maker changes anything about a row."""
    return hashlib.sha256(write_line(("row", *row))).hexdigest()[:16]


def with_answer(toy: Toy, answer: Answer) -> Toy:
    """The toy with one more word; the oldest that was overtaken makes room."""
    answers = (*toy.answers, answer)
    last = {each.row: number for number, each in enumerate(answers)}
    for number, each in enumerate(answers):
        if len(answers) > limits.TOY_ANSWERS_KEPT and last[each.row] != number:
            answers = answers[:number] + answers[number + 1 :]
            break
    return replace(toy, answers=answers[-limits.TOY_ANSWERS_KEPT :])


def write_toy(rows: Transaction, toy: Toy) -> None:
    """Write a toy over the revision it was read at. Raises `Conflict`."""
    document = asdict(toy)
    del document["id"], document["revision"]
    rows.put("toys", toy.id, document | _as_lists(document), expected=toy.revision)


def _as_lists(document: dict[str, object]) -> dict[str, object]:
    return {name: list(value) for name, value in document.items() if isinstance(value, tuple)}


def read_toys(rows: Transaction) -> tuple[Toy, ...]:
    """Every toy of this transaction's home, by id."""
    return tuple(_toy(row) for row in rows.page("toys"))


def _toy(row: StoredRow) -> Toy:
    held = row.document
    return Toy(
        **{
            **held,
            "id": row.id,
            "revision": row.revision,
            "answers": tuple(Answer(**each) for each in held["answers"]),
            "opened": tuple(Opened(**each) for each in held["opened"]),
            "off": tuple(SwitchedOff(**each) for each in held["off"]),
            "erasure": Erasure(**held["erasure"]) if held["erasure"] else None,
        }
    )
