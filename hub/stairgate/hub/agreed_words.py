"""Rules for a grown-up in plain sentences: what would hold, what would be filtered, how the question stands.

Only words are decided here; the sentences about times and filters are those of a child's pages.
"""

from typing import NamedTuple

from stairgate.hub import filter_words, schedule_words, wording
from stairgate.hub.agreed import digest_of
from stairgate.hub.agreed_acts import is_asked, is_empty
from stairgate.hub.agreements import ACCEPTED, DRAFT, ENDED, OFFERED, REFUSED, Agreement
from stairgate.hub.family import Family, Person
from stairgate.hub.language import _
from stairgate.hub.local_time import local


class Rules(NamedTuple):
    """What somebody would accept. times: sentences; blocked: what is filtered, None for nothing; digest: of all of it.

    only: names of the homework list, where there are times for it.
    """

    times: tuple[str, ...]
    blocked: filter_words.Blocked | None
    only: tuple[str, ...]
    has_minutes: bool
    digest: str


class Standing(NamedTuple):
    """How the question stands, for parents. says: sentences; may_offer: nothing waits and nothing holds."""

    says: str
    tone: str
    icon: str
    may_offer: bool
    may_withdraw: bool


def rules_of(family: Family, person: Person, now: float) -> Rules:
    """The rules of a grown-up as they are read before a yes."""
    today = local(now, person.zone).date()
    weeks, budgets, held = family.weeks_of(person.id), family.budgets_of(person.id), family.filter_of(person.id)
    dates = sorted(family.dates_of(person.id), key=lambda rule: (rule.first, rule.last, rule.id))
    levels = [*(week.level for week in weeks), *(window[2] for rule in dates for window in rule.windows)]
    limited = "limited" in (person.default_level, *levels)
    times = [
        *sorted({schedule_words.window_text(week) for week in weeks}),
        *([schedule_words.otherwise_text(person.default_level)] if weeks or person.default_level != "open" else []),
        *(schedule_words.rule_text(rule, today) for rule in dates if rule.last >= today.isoformat()),
        *(_("Minutes a day: {budget}").format(budget=schedule_words.budget_text(budget)) for budget in budgets),
    ]
    return Rules(
        tuple(times),
        filter_words.blocked_here([held]) if held else None,
        held.only if held and limited else (),
        bool(budgets),
        digest_of(family, person),
    )


def standing_of(family: Family, held: Agreement, person: Person, zone: str, now: float) -> Standing:
    """How it stands with these rules."""
    when = wording.at_time(held.at, zone, now)
    if held.state in (OFFERED, ACCEPTED) and is_empty(family, person):
        says = _("Nothing is set any more, so the device asks nothing, and nothing holds.")
        return Standing(says, "waiting", "clock", False, True)
    if held.state == ACCEPTED and is_asked(held, digest_of(family, person)):
        says = _(
            "The rules were changed after they were accepted, so nothing holds. The device shows the new ones and asks."
        )
        return Standing(says, "waiting", "clock", False, True)
    says = {
        DRAFT: _("Not offered. Nothing holds."),
        OFFERED: _("Offered {when}. Nothing holds until somebody says yes on the device itself, on its page /me."),
        ACCEPTED: _("Accepted on the device {when}. They hold until somebody takes that back there, or you do."),
        REFUSED: _("The answer on the device was no, {when}. Nothing holds."),
        ENDED: _("Taken back on the device {when}. Nothing holds any more."),
    }[held.state].format(when=when)
    tone, icon = {
        OFFERED: ("waiting", "clock"),
        ACCEPTED: ("good", "check"),
    }.get(held.state, ("waiting", "lock"))
    return Standing(says, tone, icon, held.state in (DRAFT, REFUSED, ENDED), held.state in (OFFERED, ACCEPTED))
