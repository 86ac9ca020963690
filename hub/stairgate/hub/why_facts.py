"""What the sentence of a decision needs besides the decision: whose rule won, their words, and what follows it.

It looks rules up by the line that the core names; how that becomes words is `why_sentence`'s part.
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from stairgate.core.decide import Decision
from stairgate.hub import outlook, wording
from stairgate.hub.accounts import names_by_id
from stairgate.hub.day_windows import rule_on
from stairgate.hub.family import Family, Person, Week
from stairgate.hub.notes import Note, read_notes
from stairgate.hub.schedule_words import minutes_text
from stairgate.hub.store import Transaction
from stairgate.hub.why_sentence import Facts, Why, why


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
    then = None
    if decision.until is not None:
        then = outlook.of_person(family, person, decision.until, use)
    return why(facts_of(family, decision, then, known, person.zone, now, use), view)


def why_of_device(
    family: Family, device: str, decision: Decision, known: Known, zone: str, now: float, view: str, use: outlook.Use
) -> Why:
    """Why it stands so for a device, which may be several children's."""
    then = None
    if decision.until is not None:
        then = outlook.of_everybody(family, decision.until, use).get(device)
    return why(facts_of(family, decision, then, known, zone, now, use), view)


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
    return Facts(
        reason=_reason(decision),
        level=decision.level,
        next_level=decision.next_level or "",
        until=wording.clock_time(decision.until, zone, now) if decision.until is not None else "",
        then=wording.clock_time(then.until, zone, now) if then and then.until is not None else "",
        who=known.names.get(note.by, ""),
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
    if kind == "date" and len(words) == 6:
        rule = rule_on(family.dates_of(words[0]), date.fromisoformat(words[1]))
        held = known.notes.get(rule.id, Note()) if rule else Note()
        return held._replace(text=rule.note or held.text) if rule else held
    if kind == "budget":
        budget = next((one for one in family.budgets_of(words[0]) if one.category == words[-1]), None)
        return known.notes.get(budget.id, Note()) if budget else Note()
    return Note()


def _week(family: Family, words: list[str]) -> Week | None:
    for week in family.weeks_of(words[0]):
        if [str(week.days), str(week.start), str(week.end), week.level] == words[1:]:
            return week
    return None


def _reason(decision: Decision) -> str:
    is_closed_window = decision.reason == "week" and decision.level == "closed"
    return "bedtime" if is_closed_window and wording.is_night(decision.rule) else decision.reason


def _minutes(family: Family, decision: Decision, now: float, use: outlook.Use) -> str:
    """How much time a child had today in words, where a spent budget decides."""
    rows = outlook.allowances_of(family, int(now), use).get(decision.rule.split(" ")[1], ())
    total = next((row for row in rows if row.category == "total"), None)
    return minutes_text(total.minutes) if total and total.minutes else ""
