"""How erasing a toy stands: the order, the toy's signed receipt, and what the declared recipients answered.

A recipient that holds data outside the home is asked by the toy; it has a month to answer (GDPR, article 12). Nothing
here sends anything; the order itself is `toy_acts`'.
"""

from typing import TYPE_CHECKING, NamedTuple

from stairgate.core.refused import Refused
from stairgate.hub import limits, toy_words
from stairgate.hub.language import _, ngettext

if TYPE_CHECKING:
    from stairgate.core.declaration import Declaration
    from stairgate.hub.reports import Standing
    from stairgate.hub.toy_parts import ToyParts
    from stairgate.hub.toy_view import Moment
    from stairgate.hub.toys import Toy


class Gone(NamedTuple):
    """A receipt in words: when, why, what is gone (a sentence each), and the document that the toy signed."""

    at: str
    why: str
    gone: tuple[str, ...]
    document: str


class Recipient(NamedTuple):
    """One who was to erase. state: `waiting`, `asked`, `answered`, `unasked` or `overdue`; says: a sentence."""

    host: str
    who: str
    state: str
    says: str


class Erasing(NamedTuple):
    """stage: `none`, `waiting` (the toy was not heard since), `told` or `done`; says: a sentence."""

    stage: str
    says: str
    is_handover: bool
    receipts: tuple[Gone, ...]
    recipients: tuple[Recipient, ...]


def erasing_of(
    toy: "Toy", declaration: "Declaration | None", toys: "ToyParts", standing: "Standing", moment: "Moment"
) -> Erasing:
    """How it stands at this moment."""
    receipts = tuple(
        gone for each in toys.ledger.receipts(toy.id) if (gone := _gone(toy, declaration, toys, each, moment))
    )
    stage, says = _stage(toy, standing, moment)
    is_handover = toy.erasure is not None and toy.erasure.why == "handover"
    return Erasing(stage, says, is_handover, receipts, _recipients(toy, declaration, toys, moment))


def _stage(toy: "Toy", standing: "Standing", moment: "Moment") -> tuple[str, str]:
    order = toy.erasure
    if order is None:
        return "none", ""
    fields = {"who": moment.who(order.by), "when": moment.when(order.at), "done": moment.when(order.done)}
    if order.done:
        return "done", _("{who} wanted this {when}. It was erased {done}, and the toy signed a receipt.").format(
            **fields
        )
    if standing.heard is None or standing.heard < order.at:
        said = _("{who} wanted this {when}. The toy was not heard since; it is told as soon as it is on.")
        return "waiting", said.format(**fields)
    if order.why == "handover":
        said = _("{who} wanted this {when}, and the toy was told. It no longer knows this home and cannot answer.")
        return "told", said.format(**fields)
    return "told", _("{who} wanted this {when}, and the toy was told. Its receipt is not here yet.").format(**fields)


def _gone(
    toy: "Toy", declaration: "Declaration | None", toys: "ToyParts", document: bytes, moment: "Moment"
) -> Gone | None:
    try:
        told = toys.intake.read_receipt(toy, document)
    except Refused:
        return None  # of a key that it had before
    rows = {row.id: row for row in declaration.rows} if declaration else {}
    gone = []
    for row, items, _why in told.gone:
        what = toy_words.DATA_TYPES[rows[row].data_type] if row in rows else row
        gone.append(ngettext("{what}: {count} item.", "{what}: {count} items.", items).format(what=what, count=items))
    return Gone(moment.time(told.t), told.why, tuple(gone), document.decode("utf-8", "replace"))


def _recipients(
    toy: "Toy", declaration: "Declaration | None", toys: "ToyParts", moment: "Moment"
) -> tuple[Recipient, ...]:
    if declaration is None:
        return ()
    holders = {
        row.destination
        for row in declaration.rows
        if row.destination and (row.stored == "cloud" or "third_party" in row.flags)
    }
    # The newest of each kind: the list begins with it.
    newest: dict[tuple[str, str], int] = {}
    for entry in reversed(toys.ledger.of_kinds(toy.id, ("asked", "confirmed"))):
        newest[entry.kind, entry.where] = entry.t
    wanted = toy.erasure.at if toy.erasure else 0
    controllers = {each.host: each.controller for each in declaration.destinations}
    found = []
    for host in sorted(holders):
        asked, answered = newest.get(("asked", host), 0), newest.get(("confirmed", host), 0)
        if not (wanted or asked):
            continue
        state, says = _answer(wanted, asked, answered, moment)
        found.append(Recipient(host, controllers.get(host, ""), state, says))
    return tuple(found)


def _answer(wanted: int, asked: int, answered: int, moment: "Moment") -> tuple[str, str]:
    if asked >= wanted and answered >= asked > 0:
        return "answered", _("Answered {time}: it says that it erased what it held.").format(time=moment.time(answered))
    if asked and asked >= wanted:
        days = limits.ERASE_ANSWER_SECONDS // 86400
        if moment.now - asked > limits.ERASE_ANSWER_SECONDS:
            said = _("Overdue: asked {time}, and it has not answered within {count} days. You can complain.")
            return "overdue", said.format(time=moment.time(asked), count=days)
        return "asked", _("Asked {time}. It has {count} days to answer.").format(time=moment.time(asked), count=days)
    if moment.now - wanted > limits.ERASE_ASK_SECONDS:
        said = _("Not asked yet, since {time}. Is the toy on? You can write to the maker yourself.")
        return "unasked", said.format(time=moment.time(wanted))
    return "waiting", _("The toy asks it once it has erased its own.")
