"""The label of a toy as values: each gate with its state and its data rows, and what was counted.

Made from the maker's declaration, the toy's own policy by the very function that the toy asks (`core.gates`), and its
ledger. Templates only lay it out; words are `toy_words`'.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from stairgate.core.declaration import Declaration, Row
from stairgate.core.declaration_reader import Ai, Words
from stairgate.core.gates import GateDecision, decide_gate
from stairgate.core.policy import Policy
from stairgate.hub import toy_words, wording
from stairgate.hub.card_state import State
from stairgate.hub.language import _, ngettext
from stairgate.hub.toy_ledger import Count
from stairgate.hub.toys import Opened, SwitchedOff, Toy

if TYPE_CHECKING:
    from stairgate.core.rules import Used


class RowView(NamedTuple):
    """One kind of data. purpose: its code. consent: `none` (not needed), `open`, `agreed`, `withdrawn` or `changed`.

    says: who answered and when; ai: what a model does with it, or None; description: the maker's, or "".
    """

    id: str
    what: str
    purpose: str
    description: str
    when: str
    why: str
    where: str
    kept: str
    notes: tuple[tuple[str, bool], ...]
    consent: str
    says: str
    counted: str
    ai: Ai | None


class GateView(NamedTuple):
    """One sensor or function. words: the maker's; opened: who opened it and when; off: who switched it off and when."""

    gate: str
    name: str
    icon: str
    is_sensor: bool
    state: State
    is_open: bool
    opened: str
    off: str
    sign: str
    words: Words | None
    rows: tuple[RowView, ...]
    needs_consent: bool


class Moment(NamedTuple):
    """What a view is made at: UTC seconds, the clock at home, and how whoever answered is called, by id."""

    now: float
    zone: str
    names: Mapping[str, str]

    def time(self, at: float) -> str:
        """A moment in words."""
        return wording.clock_time(at, self.zone, self.now)

    def when(self, at: float) -> str:
        """A moment within a sentence: `yesterday at 18:00`."""
        return wording.at_time(at, self.zone, self.now)

    def who(self, account: str) -> str:
        """An account's name, at the beginning of a sentence."""
        return self.names.get(account) or _("A parent")


def gates_of(
    toy: Toy,
    declaration: Declaration,
    policy: Policy | None,
    used: "Used",
    counts: Mapping[tuple[str, str], Count],
    moment: Moment,
) -> tuple[GateView, ...]:
    """Every declared gate, sensors first."""
    gates = sorted(declaration.gates, key=lambda gate: (not toy_words.is_sensor(gate), gate))
    return tuple(_gate(toy, declaration, policy, used, counts, moment, gate) for gate in gates)


def _gate(
    toy: Toy,
    declaration: Declaration,
    policy: Policy | None,
    used: "Used",
    counts: Mapping[tuple[str, str], Count],
    moment: Moment,
    gate: str,
) -> GateView:
    rows = [row for row in declaration.rows if row.gate == gate]
    agreed = toy.agreed_rows()
    usable = [row.id for row in rows if row.basis != "consent" or row.id in agreed]
    is_sensor = toy_words.is_sensor(gate)
    off = next((switched for switched in toy.off if switched.gate == gate), None)
    # Any of its rows: what is asked for is decided in the toy each time.
    decisions = [
        decide_gate(policy, declaration, toy.device, gate, [row], int(moment.now), used) for row in usable or [""]
    ]
    decision = next((each for each in decisions if each.level == "open"), decisions[0])
    opened = toy.opening(gate, moment.now)
    signs = {sensor.indicator for sensor in declaration.sensors if sensor.gate == gate}
    return GateView(
        gate=gate,
        name=toy_words.gate_name(gate),
        icon=toy_words.ICONS.get(gate, "box"),
        is_sensor=is_sensor,
        state=_state(decision, bool(off), is_sensor, bool(usable) or not rows, opened is not None, policy, moment),
        is_open=opened is not None,
        opened=_said(_("{who} opened it {when}."), opened, moment),
        off=_said(_("{who} switched it off {when}."), off, moment),
        sign=toy_words.INDICATORS[sorted(signs)[0]] if signs else "",
        words=toy_words.makers_words(declaration, gate, "parent"),
        rows=tuple(_row(toy, declaration, row, counts, moment) for row in rows),
        needs_consent=bool(rows) and not usable,
    )


def _said(text: str, act: Opened | SwitchedOff | None, moment: Moment) -> str:
    return text.format(who=moment.who(act.by), when=moment.when(act.at)) if act else ""


def _state(
    decision: GateDecision,
    is_off: bool,
    is_sensor: bool,
    has_rows: bool,
    is_opened: bool,
    policy: Policy | None,
    moment: Moment,
) -> State:
    level, until, reason = decision
    until_text = _("until {time}").format(time=moment.time(until)) if until is not None else ""
    if not is_sensor:
        if level == "open":
            return State("check", "open", _("On"), until_text, _("It follows the rules of its child."))
        return State("moon", "night", _("Off"), until_text, _("It follows the rules of its child."))
    if is_off:
        return State("lock", "night", _("Switched off"), "", _("Nobody opens it until you switch it on again."))
    if level == "open":
        return State("eye", "paused", _("Open"), until_text, _("Then it closes by itself."))
    if not has_rows:
        return State("lock", "night", _("Closed"), "", _("Nobody has agreed to what it is for."))
    if is_opened and policy is not None and reason not in ("not_opened", "no_consent"):
        return State("moon", "night", _("Closed"), until_text, _("You opened it, but the rules close it now."))
    return State("lock", "night", _("Closed"), "", _("It stays closed until a parent opens it."))


def _row(
    toy: Toy, declaration: Declaration, row: Row, counts: Mapping[tuple[str, str], Count], moment: Moment
) -> RowView:
    destination = next((each for each in declaration.destinations if each.host == row.destination), None)
    prose = {(ixit.row, ixit.column): ixit.text for ixit in declaration.ixits}
    consent, says = _consent(toy, row, moment)
    return RowView(
        id=row.id,
        what=toy_words.DATA_TYPES[row.data_type],
        purpose=row.purpose,
        description=prose.get((row.id, "description"), ""),
        when=toy_words.COLLECTED[row.collected],
        why=toy_words.PURPOSES[row.purpose],
        where=toy_words.stays(row, destination),
        kept=toy_words.kept(row),
        notes=toy_words.notes(row),
        consent=consent,
        says=says,
        counted=_counted(counts.get((row.id, "collected")), counts.get((row.id, "sent")), moment),
        ai=next((ai for ai in declaration.ais if ai.row == row.id), None),
    )


def _consent(toy: Toy, row: Row, moment: Moment) -> tuple[str, str]:
    if row.basis != "consent":
        return "none", ""
    last = toy.answer(row.id)
    if last is None:
        return "open", ""
    fields = {"who": moment.who(last.by), "when": moment.when(last.at)}
    if toy.is_agreed(row):
        return "agreed", _("{who} agreed {when}.").format(**fields)
    if toy.has_changed(row):
        said = _("{who} agreed {when}, but the maker has changed this since. So it does not hold any more.")
        return "changed", said.format(**fields)
    return "withdrawn", _("{who} took it back {when}.").format(**fields)


def _counted(taken: Count | None, sent: Count | None, moment: Moment) -> str:
    """What the toy's own ledger says of the last day."""
    if not taken or not taken.times:
        if taken and taken.last:
            return _("Nothing in the last 24 hours. Last time: {time}.").format(time=moment.time(taken.last))
        return _("Nothing in the last 24 hours.")
    text = (
        ngettext(
            "Once in the last 24 hours, {amount}; {sent} of it sent.",
            "{count} times in the last 24 hours, {amount}; {sent} of it sent.",
            taken.times,
        )
        if sent and sent.times
        else ngettext(
            "Once in the last 24 hours, {amount}; nothing was sent.",
            "{count} times in the last 24 hours, {amount}; nothing was sent.",
            taken.times,
        )
    )
    amount, given = wording.bytes_text(taken.bytes), wording.bytes_text(sent.bytes if sent else 0)
    return text.format(count=taken.times, amount=amount, sent=given)
