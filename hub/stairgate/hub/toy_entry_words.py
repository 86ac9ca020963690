"""A toy's ledger in sentences: one for each entry.

Every code that an entry can hold becomes words here. Nothing here judges.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stairgate.hub.language import N_, _
from stairgate.hub.time_words import bytes_text, length
from stairgate.hub.toy_words import DATA_TYPES, gate_name

if TYPE_CHECKING:
    from stairgate.core.declaration import Declaration
    from stairgate.core.ledger import Entry

_REFUSED = {
    "corrupt_policy": N_("{gate}: stayed closed, because the rules in the toy are damaged."),
    "lost_time": N_("{gate}: stayed closed, because the toy did not know the time."),
    "safe_mode": N_("{gate}: stayed closed, because the toy started badly."),
    "new_owner": N_("{gate}: stayed closed for its new family."),
    "not_opened": N_("{gate}: stayed closed, because nobody had opened it."),
    "no_consent": N_("{gate}: stayed closed, because nobody had agreed to it."),
    "not_declared": N_("{gate}: stayed closed, because the maker does not declare it."),
    "no_hub": N_("{gate}: stayed closed, because the toy knew no hub."),
}
_ERASED = {
    "retention": N_("{what}: erased, because its time was over."),
    "answered": N_("{what}: erased after the answer."),
    "command": N_("{what}: erased, as a parent wanted."),
    "gesture": N_("{what}: erased by the gesture on the toy."),
    "handover": N_("{what}: erased before it was given away."),
}


def entry_text(entry: "Entry", declaration: "Declaration | None") -> str:
    """One entry of a ledger, as a sentence."""
    fields = {
        "what": _what(entry.row, declaration),
        "gate": gate_name(entry.where.partition(":")[0]),
        "amount": bytes_text(entry.amount),
        "host": entry.where,
        "length": length(entry.amount),
    }
    return _entry_text(entry, entry.where.partition(":")[2]).format(**fields)


def _entry_text(entry: "Entry", reason: str) -> str:
    plain: Mapping[str, str] = {
        "collected": N_("{what}: taken in, {amount}."),
        "sent": N_("{what}: {amount} sent to {host}."),
        "undeclared": N_("Not declared by the maker: {host}, {amount}."),
        "closed": N_("{gate}: closed again after {length}."),
        "consent": N_("{what}: the toy knows that you agreed."),
        "withdrawn": N_("{what}: the toy knows that you no longer agree."),
        "receipt": N_("The toy signed a receipt for what it erased."),
        "asked": N_("{host} was asked to erase what it holds."),
        "confirmed": N_("{host} says that it erased what it held."),
        "dropped": N_("The oldest entries made room."),
    }
    if entry.kind == "opened":
        by_gesture = reason == "gesture"
        return _("{gate}: opened, by the gesture on the toy.") if by_gesture else _("{gate}: opened by a parent.")
    if entry.kind == "refused":
        return _(_REFUSED.get(reason, N_("{gate}: stayed closed, because of the rules of that time.")))
    if entry.kind == "erased":
        return _(_ERASED.get(entry.where, N_("{what}: erased.")))
    if entry.kind == "time":
        return _("The clock was lost.") if entry.where == "lost" else _("The clock was set.")
    return _(plain[entry.kind])


def _what(row: str, declaration: "Declaration | None") -> str:
    declared = next((each for each in declaration.rows if each.id == row), None) if declaration else None
    if declared:
        return DATA_TYPES[declared.data_type]
    return row or _("Everything")
