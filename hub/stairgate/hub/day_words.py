"""One day of a child in sentences: what holds when, which rule won at a moment, and who set it where that is known.

Rules are named in the family's own words; a machine code never reaches a page. The stretches come from `day_segments`.
"""

from datetime import date
from typing import NamedTuple

from stairgate.core.decide import Decision
from stairgate.hub import wording
from stairgate.hub.day_clock import DayClock
from stairgate.hub.day_segments import Segment
from stairgate.hub.day_windows import rule_on
from stairgate.hub.family import Family, Person
from stairgate.hub.free_minutes import TAKEN
from stairgate.hub.language import N_, _
from stairgate.hub.own_stop import is_own
from stairgate.hub.schedule_words import LEVEL_FROM, dates_text, otherwise_text, rule_on_days, window_text

# What a stretch is -> its sentence as the first of a day and as a later one, each with an end and without.
_FIRST = {
    "open": (N_("Open until {until}."), N_("Open all day.")),
    "limited": (N_("Only the homework list until {until}."), N_("Only the homework list all day.")),
    "bedtime": (N_("Closed because of the bedtime until {until}."), N_("Closed because of the bedtime all day.")),
    "pause": (N_("Closed because of a pause until {until}."), N_("Closed because of a pause all day.")),
    "closed": (N_("Closed until {until}."), N_("Closed all day.")),
}
_THEN = {
    "open": (N_("Then open until {until}."), N_("Then open.")),
    "limited": (N_("Then only the homework list until {until}."), N_("Then only the homework list.")),
    "bedtime": (N_("Then closed because of the bedtime until {until}."), N_("Then closed because of the bedtime.")),
    "pause": (N_("Then closed because of a pause until {until}."), N_("Then closed because of a pause.")),
    "closed": (N_("Then closed until {until}."), N_("Then closed.")),
}
_AT = {
    "open": (N_("At {at} the internet is on until {until}."), N_("At {at} the internet is on.")),
    "limited": (
        N_("At {at} only the homework list is open until {until}."),
        N_("At {at} only the homework list is open."),
    ),
    "closed": (N_("At {at} the internet is off until {until}."), N_("At {at} the internet is off.")),
}
_PARTS_MAX = 8  # of the summary's sentence; the list below it has them all


class Line(NamedTuple):
    """One stretch of the day. says: `20:30–24:00 internet off`; note: a parent's own words.

    until: words, where it goes on over midnight.
    """

    says: str
    level: str
    why: str
    until: str
    note: str


class Rule(NamedTuple):
    """The rule that won: one or two sentences in the family's words, what a parent noted, and the record's id."""

    text: str
    note: str = ""
    id: str = ""


def lines_of(family: Family, person: Person, clock: DayClock, cut: tuple[Segment, ...]) -> tuple[Line, ...]:
    """The day's stretches, in order."""
    found = []
    for index, segment in enumerate(cut):
        decision = segment.decision
        rule = rule_of(family, person, clock, decision, segment.begin)
        last = index == len(cut) - 1
        goes_on = last and decision.until is not None and decision.until > segment.end
        begins, ends = clock.begins(segment.begin), clock.ends(segment.end)
        found.append(
            Line(
                LEVEL_FROM[decision.level].format(hours=f"{begins}–{'24:00' if last and ends == '00:00' else ends}"),
                decision.level,
                rule.text,
                clock.until(decision.until, segment.begin) if goes_on and decision.until else "",
                rule.note,
            )
        )
    return tuple(found)


def summary(clock: DayClock, cut: tuple[Segment, ...]) -> str:
    """`Closed because of the bedtime until 06:30. Then open until 20:00. Then closed …`: one sentence a stretch."""
    runs = _runs(cut)
    said = []
    for index, (segment, end) in enumerate(runs[:_PARTS_MAX]):
        until = end if index < len(runs) - 1 else segment.decision.until
        bounded, endless = (_THEN if index else _FIRST)[_kind(segment.decision)]
        if until is None:
            said.append(_(endless))
        else:
            said.append(_(bounded).format(until=clock.until(until, cut[0].begin)))
    if len(runs) > _PARTS_MAX:
        said.append(_("More changes follow."))
    return " ".join(said)


def at_moment(family: Family, person: Person, clock: DayClock, segment: Segment, moment: int) -> tuple[str, Rule]:
    """What holds at a moment and until when, and the rule that won."""
    decision = segment.decision
    bounded, endless = _AT[decision.level]
    until = clock.until(decision.until, moment) if decision.until else ""
    said = _(bounded if until else endless).format(at=clock.begins(moment), until=until)
    return said, rule_of(family, person, clock, decision, moment)


def rule_of(family: Family, person: Person, clock: DayClock, decision: Decision, moment: int) -> Rule:
    """The rule that won a decision at a moment (UTC seconds)."""
    day = clock.wall(moment).date()
    parts = decision.rule.split(" ")
    if decision.reason == "week":
        key = tuple(parts[2:6])
        week = next((w for w in family.weeks_of(person.id) if _key(w.days, w.start, w.end, w.level) == key), None)
        if not week:
            return Rule(_("A rule of the week holds."))
        return Rule(_("The rule “{rule}” holds.").format(rule=window_text(week)), id=week.id)
    if decision.reason == "date":
        return _date_rule(family, person, date.fromisoformat(parts[2]), day.year)
    if decision.reason in _OVERRIDES:
        held = next((o for o in family.overrides_of(person.id) if o.id == parts[-1]), None)
        bounded, endless = _OVERRIDES[decision.reason]
        until = clock.until(held.until, moment) if held else ""
        if held and is_own(held):
            said = _("{name} wished to stop, until {until}.").format(name=person.name, until=until)
            return Rule(said, id=held.id)
        if held and held.reason == TAKEN:
            return Rule(_("{name} took extra time until {until}.").format(name=person.name, until=until), id=held.id)
        return Rule(_(bounded if until else endless).format(until=until), id=parts[-1])
    if rule_on(family.dates_of(person.id), day):
        held_rule = _date_rule(family, person, day, day.year)
        return held_rule._replace(text=" ".join((held_rule.text, _("It takes the place of the usual times."))))
    return Rule(" ".join((_("No time is set then."), otherwise_text(person.default_level))))


_OVERRIDES = {
    "pause": (N_("A parent’s pause until {until} holds."), N_("A parent’s pause holds.")),
    "bonus": (N_("A parent gave extra time until {until}."), N_("A parent gave extra time.")),
    "override_open": (N_("A parent opened it until {until}."), N_("A parent opened it.")),
}


def _kind(decision: Decision) -> str:
    if decision.level != "closed":
        return decision.level
    if decision.reason in ("week", "date") and wording.is_night(decision.rule):
        return "bedtime"
    return "pause" if decision.reason == "pause" else "closed"


def _date_rule(family: Family, person: Person, first: date, year: int) -> Rule:
    held = rule_on(family.dates_of(person.id), first)
    if held is None:
        return Rule(_("An exception holds."))
    rule = rule_on_days(held, dates_text(held, year))
    return Rule(_("The exception “{rule}” holds.").format(rule=rule), held.note, held.id)


def _runs(cut: tuple[Segment, ...]) -> list[tuple[Segment, int]]:
    """Stretches of one kind: the first segment of each, and where it ends."""
    runs: list[tuple[Segment, int]] = []
    for segment in cut:
        if runs and _kind(runs[-1][0].decision) == _kind(segment.decision):
            first = runs[-1][0]
            until = first.decision._replace(until=segment.decision.until)
            runs[-1] = (first._replace(decision=until), segment.end)
        else:
            runs.append((segment, segment.end))
    return runs


def _key(*fields: object) -> tuple[str, ...]:
    return tuple(str(field) for field in fields)
