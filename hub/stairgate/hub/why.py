"""Why a name is open or blocked on a device, in words for whoever holds it: which rule, who set it, until when, whom
to ask.

It asks the same function as the router (`stairgate.core.filtering`) and decides only how its answer is said. Nothing is
kept or logged, and what a list nobody may read holds is never told apart from other rules of the whole home.
"""

from collections.abc import Sequence
from typing import NamedTuple

from stairgate.core import safesearch, special_names
from stairgate.core.decide import Decision
from stairgate.core.filtering import NO_FILTER, Verdict, judge, prepared
from stairgate.hub import catalogue, wording
from stairgate.hub.categories import CATEGORIES
from stairgate.hub.filters import ChildFilter, compiled

_PAST = "It leads past the rules of this home, so here it does not exist. That is so on every device with rules."
_SPECIAL = {
    "probe": "Devices ask there whether they are online. The router answers that itself, so it always works.",
    "epdg": "Calls over Wi-Fi and emergency calls go through it, so it is never closed.",
    "canary": _PAST,
    "relay": _PAST,
    "resolver": _PAST,
}
_ASK = "If that is wrong, for school say, ask your parents right below: they can open it."
_TALK = "If you think it is unfair, talk with your parents about it."


class Subject(NamedTuple):
    """A device as far as names go. filters: one for each of its people, None for somebody without a filter."""

    filters: tuple[ChildFilter | None, ...]
    decision: Decision
    zone: str


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
    one that blocks it, or "".
    """

    name: str
    blocked: bool
    says: str
    who: str = ""
    until: str = ""
    ask: str = ""
    is_everyones: bool = False
    category: str = ""


def answer(subject: Subject, name: str, known: Known, now: float) -> Answer:
    """Why this name (in its one form) is open or blocked for the subject at `now` (UTC seconds)."""
    kind = special_names.kind_of(name)
    if kind:
        return Answer(name, kind not in ("probe", "epdg"), _SPECIAL[kind])
    names = [prepared(compiled(held)) if held else NO_FILTER for held in subject.filters]
    level = subject.decision.level
    verdict = judge(known.everyone, names, level, name, known.tags)
    if not verdict.refused:
        return Answer(name, False, _open(subject, verdict, name))
    if verdict.reason == "everyone":
        return Answer(
            name,
            True,
            "It is blocked for everybody in this home, grown-ups too.",
            "That is a rule of the whole home.",
            "It does not end.",
            "If you met something there that frightened you: you have done nothing wrong. Tell somebody you trust.",
            is_everyones=True,
        )
    if verdict.reason in ("closed", "limited"):
        return _by_level(subject, name, verdict, now)
    deciding = [
        held
        for held, prepared_names in zip(subject.filters, names, strict=True)
        if held and judge((), (prepared_names,), level, name, known.tags) == verdict
    ]
    return _by_filter(deciding[0], name, verdict, known)


def _open(subject: Subject, verdict: Verdict, name: str) -> str:
    filters = [held for held in subject.filters if held]
    youtube = max((held.youtube for held in filters), key=("", "moderate", "strict").index, default="")
    if verdict.reason == "only":
        return "It is open: it is on the homework list."
    if youtube and name in safesearch.YOUTUBE_NAMES:
        return (
            f"It is open, with YouTube set to {youtube}: comments and some videos are missing. Your parents chose that."
        )
    if any(held.safesearch for held in filters) and safesearch.rewrite(name, ""):
        return "It is open, with its safe search switched on. Your parents chose that."
    if verdict.reason == "allow" and any(_is_on(held.allow, name) for held in filters):
        return "It is open: your parents put it on the list of what is always open."
    return "No rule here blocks it. If it does not open, the fault is elsewhere, or the page needs another name."


def _is_on(names: Sequence[str], name: str) -> bool:
    return any(name == held or name.endswith("." + held) for held in names)


def _by_level(subject: Subject, name: str, verdict: Verdict, now: float) -> Answer:
    state = wording.state_of(subject.decision, subject.zone, now)
    until = f"That ends {state.until.removeprefix('until ')}." if state.until else "No end is set."
    if verdict.reason == "limited":
        says = "Only what is on the homework list is open now, and this is not."
        return Answer(name, True, says, "Your parents set these times and the list.", until, _ASK)
    why = state.why[:1].lower() + state.why[1:]
    return Answer(name, True, f"Nothing is open now: {why}", "Your parents set that.", until, _TALK)


def _by_filter(held: ChildFilter, name: str, verdict: Verdict, known: Known) -> Answer:
    until = "It holds until your parents change it."
    if verdict.reason == "deny":
        says = f"{verdict.rule} is on your parents’ list of what is always blocked."
        return Answer(name, True, says, "A parent typed it there.", until, _TALK)
    if verdict.reason == "unsafe_search":
        says = "It is a search engine that cannot be made safe, and searches are made safe here."
        who = _preset(held) if held.safesearch == held.template.safesearch else "Your parents chose that."
        return Answer(name, True, says, who, until, "Google, Bing, DuckDuckGo and others work.")
    app = catalogue.app(verdict.rule) or _app_of_age(name, verdict.rule)
    if app and app.id in held.apps_blocked:
        return Answer(name, True, f"It belongs to {app.title}.", "Your parents blocked this app.", until, _TALK)
    if app:
        says = f"It belongs to {app.title}, from {app.age} ({app.age_from}). Apps for over {held.age} are blocked."
        who = _preset(held) if held.age == held.template.age else "Your parents chose that age."
        return Answer(name, True, says, who, until, _TALK)
    category = CATEGORIES.get(verdict.rule)
    title = category.title if category else verdict.rule
    says = f"It counts as “{title}”, which is blocked here.{_lists(name, verdict.rule, known)}"
    who = _preset(held) if verdict.rule in held.template.block else "Your parents chose that."
    return Answer(name, True, says, who, until, _ASK, category=title)


def _app_of_age(name: str, rule: str) -> catalogue.App | None:
    return catalogue.app_of(name) if rule in {catalogue.age_tag(age) for age in catalogue.ages()} else None


def _preset(held: ChildFilter) -> str:
    return f"It is part of the preset for ages {held.template.title.lower()}, which your parents use."


def _lists(name: str, tag: str, known: Known) -> str:
    if tag in catalogue.tags_of(name):
        return " Stairgate’s own list says so."
    titles = [title for listed, title in known.lists if listed == tag]
    if not titles:
        return ""
    return " The list here for that: " + ", ".join(f"“{title}”" for title in titles) + ". Lists make mistakes."
