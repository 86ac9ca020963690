"""What the sentence of a decision needs besides the decision: whose rule won, their words, and what follows it.

It looks rules up by the line that the core names; how that becomes words is `why_sentence`'s part.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from stairgate.core.decide import Decision
from stairgate.core.policy import Policy
from stairgate.hub import outlook, wording
from stairgate.hub.accounts import names_by_id
from stairgate.hub.day_windows import rule_on
from stairgate.hub.family import DateRule, Family, Person, Week
from stairgate.hub.free_minutes import TAKEN, took
from stairgate.hub.notes import OTHERWISE, Note, about, read_notes
from stairgate.hub.pause_end import until_pause_ends
from stairgate.hub.schedule_words import minutes_text
from stairgate.hub.store import Transaction
from stairgate.hub.use_words import ends_by_budget
from stairgate.hub.why_sentence import CHILD, MINUTES_RUN, TAKEN_HERE, Facts, Why, why

_ALL_MINUTES = 48 * 60  # more than a day of any length has, and may have been given


class Known(NamedTuple):
    """What the hub knows of rules: notes by the id of what they are about, names of accounts and children by id."""

    notes: Mapping[str, Note] = {}
    names: Mapping[str, str] = {}


def read_known(rows: Transaction, family: Family, now: float) -> Known:
    """What is known in this transaction."""
    children = {person.id: person.name for person in family.people}
    return Known(read_notes(rows), children | names_by_id(rows, now))


def why_of_person(
    family: Family, person: Person, decision: Decision, known: Known, now: float, view: str, use: outlook.Use
) -> Why:
    """Why it stands so for a child as such."""
    ending = _whose_minutes(family, (person.id,), decision, now, use)
    then = None
    if decision.until is not None:
        then = outlook.of_person(family, person, decision.until, _used_up(ending, use))
    return why(
        _by_minutes(family, decision, ending, facts_of(family, decision, then, known, person.zone, now, use), known),
        view,
    )


def why_of_device(
    family: Family, device: str, decision: Decision, known: Known, zone: str, now: float, view: str, use: outlook.Use
) -> Why:
    """Why it stands so for a device, which may be several children's."""
    devices = {held.id: held.persons for held in outlook.policy_of(family, int(now)).devices}
    ending = _whose_minutes(family, devices.get(device, ()), decision, now, use)
    then = None
    if decision.until is not None:
        then = outlook.of_everybody(family, decision.until, _used_up(ending, use)).get(device)
    facts = facts_of(family, decision, then, known, zone, now, use)
    held = family.device(device)
    if facts.reason == TAKEN and view == CHILD and held and len(held.persons) == 1:
        facts = facts._replace(reason=TAKEN_HERE)
    return why(_by_minutes(family, decision, ending, facts, known), view)


def _whose_minutes(family: Family, persons: Sequence[str], decision: Decision, now: float, use: outlook.Use) -> str:
    """The child whose minutes end what is open now, were they used without a break; "" where something else does."""
    if decision.level != "open" or decision.next_level != "closed":
        return ""
    rows = outlook.allowances_of(family, int(now), use)
    return next((person for person in persons if ends_by_budget(decision, rows.get(person, ()), now)), "")


def _used_up(person: str, use: outlook.Use) -> outlook.Use:
    """The minutes as they are when this child has used all of them."""

    def used(policy: Policy, now: int) -> outlook.Used:
        told = use(policy, now)
        return {**told, person: {**told.get(person, {}), "total": _ALL_MINUTES}} if person else told

    return used


def _by_minutes(family: Family, decision: Decision, person: str, facts: Facts, known: Known) -> Facts:
    """The facts where a child's minutes end it: no time of day is promised, because nobody knows when they are used."""
    kind, _, rest = decision.rule.partition(" ")
    lasting = {held.id: held.until for held in family.overrides_of(person)} if kind == "override" else {}
    if not person or lasting.get(rest) == decision.until:
        return facts
    note = note_of(family, f"budget {person} total", known)
    return facts._replace(reason=MINUTES_RUN, until="", who=known.names.get(note.by, ""), note=note.text)


def facts_of(
    family: Family,
    decision: Decision,
    then: Decision | None,
    known: Known,
    zone: str,
    now: float,
    use: outlook.Use = outlook.nothing_used,
) -> Facts:
    """What the sentence of a decision is made of. then: the decision at the second at which this one ends."""
    note = note_of(family, decision.rule, known)
    after = note_of(family, then.rule, known) if then else Note()
    paused, taken = until_pause_ends(decision, family), took(decision, family.overrides)
    until, follows = decision.until, then.until if then else None
    if paused != decision:  # it stays off after the pause: two ends are named, or neither where the second is not known
        until, follows = paused.until if decision.until is not None else None, decision.until
    return Facts(
        reason=_reason(family, decision),
        level=decision.level,
        next_level=paused.next_level or "",
        until=wording.clock_time(until, zone, now) if until is not None else "",
        then=wording.clock_time(follows, zone, now) if follows is not None else "",
        who=known.names.get(taken.target if taken else note.by, ""),
        then_who=known.names.get(after.by, ""),
        note=note.text,
        minutes=_minutes(family, decision, now, use) if decision.reason == "budget_spent" else "",
    )


def note_of(family: Family, line: str, known: Known) -> Note:
    """Who set the rule of a policy's line, and their words; an empty note where that is not known."""
    kind, _, rest = line.partition(" ")
    words = rest.split(" ")
    if kind == "override":
        return known.notes.get(rest, Note())
    if kind == "week" and (week := _week(family, words)):
        return known.notes.get(week.id, Note())
    if kind == "date" and (rule := _exception(family, words)):
        held = known.notes.get(rule.id, Note())
        return held._replace(text=rule.note or held.text)
    if kind == "budget":
        budget = next((one for one in family.budgets_of(words[0]) if one.category == words[-1]), None)
        return known.notes.get(budget.id, Note()) if budget else Note()
    if kind == "person":
        return known.notes.get(about(words[0], OTHERWISE), Note())
    return Note()


def _exception(family: Family, words: list[str]) -> DateRule | None:
    return rule_on(family.dates_of(words[0]), date.fromisoformat(words[1])) if len(words) == 6 else None


def _week(family: Family, words: list[str]) -> Week | None:
    for week in family.weeks_of(words[0]):
        if [str(week.days), str(week.start), str(week.end), week.level] == words[1:]:
            return week
    return None


def _reason(family: Family, decision: Decision) -> str:
    if decision.reason == "date" and (rule := _exception(family, decision.rule.split(" ")[1:])):
        return "date" if rule.first == rule.last else "dates"
    if took(decision, family.overrides):
        return TAKEN
    is_closed_window = decision.reason == "week" and decision.level == "closed"
    return "bedtime" if is_closed_window and wording.is_night(decision.rule) else decision.reason


def _minutes(family: Family, decision: Decision, now: float, use: outlook.Use) -> str:
    """How much time a child had today in words, where a spent budget decides."""
    rows = outlook.allowances_of(family, int(now), use).get(decision.rule.split(" ")[1], ())
    total = next((row for row in rows if row.category == "total"), None)
    return minutes_text(total.minutes) if total and total.minutes else ""
