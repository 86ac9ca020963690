"""Why a name is open or blocked on a device, in words for whoever holds it: which rule, who set it, until when, whom
to ask.

It asks the same function as the router (`stairgate.core.filtering`) and decides only how its answer is said. Nothing is
kept or logged, and what a list nobody may read holds is never told apart from other rules of the whole home.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stairgate.core import safesearch, special_names
from stairgate.core.decide import Decision
from stairgate.core.filtering import NO_FILTER, Verdict, judge, prepared
from stairgate.hub import catalogue, wording
from stairgate.hub.categories import title
from stairgate.hub.filters import ChildFilter, compiled
from stairgate.hub.language import N_, _
from stairgate.hub.requests import SITE, TIME, WRONG

_PAST = N_("It leads past the rules of this home, so here it does not exist. That is so on every device with rules.")
_SPECIAL = {
    "probe": N_("Devices ask there whether they are online. The router answers that itself, so it always works."),
    "epdg": N_("Calls over Wi-Fi and emergency calls go through it, so it is never closed."),
    "canary": _PAST,
    "relay": _PAST,
    "resolver": _PAST,
}
_ASK = N_("If that is wrong, for school say, ask your parents right below: they can open it.")
_TALK = N_("If you think it is unfair, talk with your parents about it.")
_CHOSEN = N_("Your parents chose that.")
_YOUTUBE = {
    "moderate": N_(
        "It is open, with YouTube set to moderate: comments and some videos are missing. Your parents chose that."
    ),
    "strict": N_(
        "It is open, with YouTube set to strict: comments and some videos are missing. Your parents chose that."
    ),
}
# By the template's id, which is an age band: a language may need another form of each.
_PRESETS = {
    "0-5": N_("It is part of the preset for ages up to 5, which your parents use."),
    "6-9": N_("It is part of the preset for ages 6 to 9, which your parents use."),
    "10-12": N_("It is part of the preset for ages 10 to 12, which your parents use."),
    "13-15": N_("It is part of the preset for ages 13 to 15, which your parents use."),
    "16-17": N_("It is part of the preset for ages 16 and 17, which your parents use."),
}
# By the decision's reason; `bedtime` is a window that lasts over midnight.
_NOTHING_OPEN = {
    "pause": N_("Nothing is open now: a parent paused it."),
    "bedtime": N_("Nothing is open now: it is bedtime."),
    "week": N_("Nothing is open now: it is off at this time of the day."),
    "date": N_("Nothing is open now: it is off at this time of the day."),
    "unknown_device": N_("Nothing is open now: nobody has said yet whose this is."),
    "no_person": N_("Nothing is open now: nobody has said yet whose this is."),
    "not_in_policy": N_("Nothing is open now: nobody has said yet whose this is."),
    "budget_spent": N_("Nothing is open now: today’s minutes are used."),
    "quiet": N_("Nothing is open now: these are the device’s quiet hours."),
    "": N_("Nothing is open now: the rules say so."),
}
_OWN_WISH = {
    "one": (N_("Nothing is open now: you wanted to stop then."), N_("That was your own wish.")),
    "some": (N_("Nothing is open now: one of you wanted to stop then."), N_("That was an own wish.")),
}


class Subject(NamedTuple):
    """A device as far as names go. filters: one for each of its people, None for somebody without a filter.

    spent: the categories whose minutes are used up for one of them, with the second (UTC) at which there are new ones.
    own_wish: what is off is so because one of them wished to stop, which is said to "one" whose device it is, or to
    "some"; "" otherwise.
    """

    filters: tuple[ChildFilter | None, ...]
    decision: Decision
    zone: str
    spent: Mapping[str, int] = {}
    own_wish: str = ""


class Known(NamedTuple):
    """What the home's lists say of a name. tags: from the pack. everyone: tags refused in the whole home.

    lists: titles of the lists in use, by tag.
    """

    tags: tuple[str, ...]
    everyone: tuple[str, ...] = ()
    lists: tuple[tuple[str, str], ...] = ()


class Answer(NamedTuple):
    """What the page says. says: open or blocked, and by which rule; who: set it; until: when it ends; ask: what to do.

    is_everyones: the rule holds for the whole home, and the page says what help there is. category: the title of the
    one that blocks it, or "". asks: what a question to the parents can be about, of `TIME`, `SITE` and `WRONG`, so that
    a yes opens the name.
    """

    name: str
    blocked: bool
    says: str
    who: str = ""
    until: str = ""
    ask: str = ""
    is_everyones: bool = False
    category: str = ""
    asks: tuple[str, ...] = ()


def answer(subject: Subject, name: str, known: Known, now: float) -> Answer:
    """Why this name (in its one form) is open or blocked for the subject at `now` (UTC seconds)."""
    kind = special_names.kind_of(name)
    if kind:
        return Answer(name, kind not in ("probe", "epdg"), _(_SPECIAL[kind]))
    names = [prepared(compiled(held)) if held else NO_FILTER for held in subject.filters]
    level = subject.decision.level
    verdict = judge(known.everyone, names, level, name, known.tags)
    if not verdict.refused:
        spent = [each._replace(block=frozenset(subject.spent)) for each in names]
        used_up = judge((), spent, level, name, known.tags)
        if used_up.refused:
            return _by_minutes(subject, name, used_up, now)
        return Answer(name, False, _open(subject, verdict, name))
    if verdict.reason == "everyone":
        return Answer(
            name,
            True,
            _("It is blocked for everybody in this home, grown-ups too."),
            _("That is a rule of the whole home."),
            _("It does not end."),
            _("If you met something there that frightened you: you have done nothing wrong. Tell somebody you trust."),
            is_everyones=True,
        )
    if verdict.reason in ("closed", "limited"):
        is_filtered = judge((), names, "open", name, known.tags).refused
        return _by_level(subject, name, verdict, now, is_filtered)
    deciding = [
        held
        for held, prepared_names in zip(subject.filters, names, strict=True)
        if held and judge((), (prepared_names,), level, name, known.tags) == verdict
    ]
    return _by_filter(deciding[0], name, verdict, known)._replace(asks=(SITE, WRONG))


def _open(subject: Subject, verdict: Verdict, name: str) -> str:
    filters = [held for held in subject.filters if held]
    youtube = max((held.youtube for held in filters), key=("", "moderate", "strict").index, default="")
    if verdict.reason == "only":
        return _("It is open: it is on the homework list.")
    if youtube and name in safesearch.YOUTUBE_NAMES:
        return _(_YOUTUBE[youtube])
    if any(held.safesearch for held in filters) and safesearch.rewrite(name, ""):
        return _("It is open, with its safe search switched on. Your parents chose that.")
    if verdict.reason == "allow" and any(_is_on(held.allow, name) for held in filters):
        return _("It is open: your parents put it on the list of what is always open.")
    return _("No rule here blocks it. If it does not open, the fault is elsewhere, or the page needs another name.")


def _is_on(names: Sequence[str], name: str) -> bool:
    return any(name == held or name.endswith("." + held) for held in names)


def _by_minutes(subject: Subject, name: str, verdict: Verdict, now: float) -> Answer:
    category = title(verdict.rule)
    says = _("It counts as “{category}”, and today’s minutes for that are used up.").format(category=category)
    ends = wording.clock_time(subject.spent[verdict.rule], subject.zone, now)
    until = _("There are new minutes from {when} on.").format(when=ends)
    ask = _("If you need it today, ask your parents right below for more time.")
    return Answer(name, True, says, _("Your parents set these minutes."), until, ask, asks=(TIME, WRONG))


def _by_level(subject: Subject, name: str, verdict: Verdict, now: float, is_filtered: bool) -> Answer:
    decision = subject.decision
    until = _("No end is set.")
    if decision.until is not None:
        until = _("That ends {until}.").format(until=wording.clock_time(decision.until, subject.zone, now))
    if verdict.reason == "limited":
        says = _("Only what is on the homework list is open now, and this is not.")
        who = _("Your parents set these times and the list.")
        return Answer(name, True, says, who, until, _(_ASK), asks=(SITE, WRONG))
    is_night = decision.reason in ("week", "date") and wording.is_night(decision.rule)
    says = _NOTHING_OPEN.get("bedtime" if is_night else decision.reason, _NOTHING_OPEN[""])
    asks: tuple[str, ...] = (TIME,)
    if is_filtered:
        until = " ".join((until, _("A rule of the filter blocks it besides, at any time.")))
        asks = (*asks, SITE, WRONG)
    if subject.own_wish:
        says, set_by = _OWN_WISH[subject.own_wish]
        return Answer(name, True, _(says), _(set_by), until, _("A parent can open it again."), asks=asks)
    return Answer(name, True, _(says), _("Your parents set that."), until, _(_TALK), asks=asks)


def _by_filter(held: ChildFilter, name: str, verdict: Verdict, known: Known) -> Answer:
    until = _("It holds until your parents change it.")
    if verdict.reason == "deny":
        says = _("{name} is on your parents’ list of what is always blocked.").format(name=verdict.rule)
        return Answer(name, True, says, _("A parent typed it there."), until, _(_TALK))
    if verdict.reason == "unsafe_search":
        says = _("It is a search engine that cannot be made safe, and searches are made safe here.")
        who = _preset(held) if held.safesearch == held.template.safesearch else _(_CHOSEN)
        return Answer(name, True, says, who, until, _("Google, Bing, DuckDuckGo and others work."))
    app = catalogue.app(verdict.rule) or _app_of_age(name, verdict.rule)
    if app and app.id in held.apps_blocked:
        says = _("It belongs to {app}.").format(app=app.title)
        return Answer(name, True, says, _("Your parents blocked this app."), until, _(_TALK))
    if app:
        says = _("It belongs to {app}, from {age} ({age_from}). Apps for over {limit} are blocked.").format(
            app=app.title, age=app.age, age_from=_(app.age_from), limit=held.age
        )
        who = _preset(held) if held.age == held.template.age else _("Your parents chose that age.")
        return Answer(name, True, says, who, until, _(_TALK))
    category = title(verdict.rule)
    says = _("It counts as “{category}”, which is blocked here.").format(category=category)
    says = " ".join(part for part in (says, _lists(name, verdict.rule, known)) if part)
    who = _preset(held) if verdict.rule in held.template.block else _(_CHOSEN)
    return Answer(name, True, says, who, until, _(_ASK), category=category)


def _app_of_age(name: str, rule: str) -> catalogue.App | None:
    return catalogue.app_of(name) if rule in {catalogue.age_tag(age) for age in catalogue.ages()} else None


def _preset(held: ChildFilter) -> str:
    return _(_PRESETS.get(held.template.id, _CHOSEN))


def _lists(name: str, tag: str, known: Known) -> str:
    if tag in catalogue.tags_of(name):
        return _("Stairgate’s own list says so.")
    titles = [_("“{title}”").format(title=held) for listed, held in known.lists if listed == tag]
    if not titles:
        return ""
    return _("The list here for that: {lists}. Lists make mistakes.").format(lists=wording.in_a_row(titles))
