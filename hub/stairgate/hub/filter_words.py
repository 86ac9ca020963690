"""What a filter does, in sentences: on a parent's page, on the child's own, the same facts in the same words.

It decides no more than how things are said. What is blocked is `filters`' part.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stairgate.hub import catalogue
from stairgate.hub.categories import CATEGORIES, GROUPS, OTHER, Category, ordered
from stairgate.hub.filters import AppState, ChildFilter, app_states, changes
from stairgate.hub.language import N_, _, ngettext
from stairgate.hub.said_tables import SaidTable

YOUTUBE_NAMES = SaidTable({"": N_("Unrestricted"), "moderate": N_("Moderate"), "strict": N_("Strict")})
YOUTUBE_SAYS = SaidTable(
    {
        "": N_("YouTube decides by the age in the account, and anybody can watch without one."),
        "moderate": N_(
            "Hides most of what is for grown-ups. Comments and live chats vanish, and some school videos too."
        ),
        "strict": N_(
            "Hides much more: comments and live chats vanish, and many harmless videos with them, school ones too."
        ),
    }
)
# For a child: {effect} is one of `YOUTUBE_SAYS`.
_YOUTUBE_IS = {
    "moderate": N_("YouTube is set to moderate. {effect}"),
    "strict": N_("YouTube is set to strict. {effect}"),
}


class AppGroup(NamedTuple):
    """The apps of one category on a page. blocked: how many of them are."""

    category: Category
    states: tuple[AppState, ...]
    blocked: int


class Blocked(NamedTuple):
    """What is filtered on a device, for whoever holds it. Categories and apps by title; sentences for the rest."""

    categories: tuple[Category, ...]
    apps: tuple[str, ...]
    deny: tuple[str, ...]
    sentences: tuple[str, ...]


def summary(held: ChildFilter | None) -> str:
    """`For ages 6 to 9, changed in 2 places`, or that nothing is filtered."""
    if held is None or held.is_off:
        return _("Nothing is filtered.")
    count, preset = changes(held), held.template.name
    if not count or not held.template.block:
        return _("{preset}.").format(preset=preset)
    changed = ngettext("{preset}, changed in {count} place.", "{preset}, changed in {count} places.", count)
    return changed.format(preset=preset, count=count)


def by_the_rules(held: ChildFilter, state: AppState) -> str:
    """What would hold for this app without a choice of its own: `By the rules: open`."""
    by_category = bool(set(state.app.categories) & set(held.block))
    is_blocked = by_category or (held.age and state.app.age > held.age)
    return _("By the rules: blocked") if is_blocked else _("By the rules: open")


def count_says(blocked: int, all_of_them: int) -> str:
    """`all blocked`, `2 of 7 blocked`, `open`."""
    if not blocked:
        return _("open")
    if blocked == all_of_them:
        return _("all blocked")
    return _("{count} of {all} blocked").format(count=blocked, all=all_of_them)


def app_facts(app: catalogue.App) -> str:
    """`from 13 (terms) · sells random items`."""
    age = _("from {age} ({source})") if app.age else _("no lower age ({source})")
    said = age.format(age=app.age, source=app.age_from)
    return _("{age} · sells random items").format(age=said) if app.loot else said


def app_groups(held: ChildFilter, search: str = "") -> tuple[AppGroup, ...]:
    """The apps by category, in the order of the pages; with `search` those whose title or name has it."""
    wanted = search.casefold()
    states = [s for s in app_states(held) if not wanted or _matches(s.app, wanted)]
    groups = []
    for category in (*(category for group in GROUPS for category in group.categories), OTHER):
        mine = tuple(state for state in states if state.app.categories[0] == category.id)
        if mine:
            groups.append(AppGroup(category, mine, sum(state.blocked for state in mine)))
    return tuple(groups)


def _matches(app: catalogue.App, wanted: str) -> bool:
    return wanted in app.title.casefold() or wanted in app.id or any(wanted in name for name in app.names)


def blocked_here(filters: Sequence[ChildFilter]) -> Blocked | None:
    """What the filters of a device's people block together, None when they block nothing."""
    active = [held for held in filters if not held.is_off]
    if not active:
        return None
    categories = ordered({category for held in active for category in held.block})
    apps = {
        state.app.title
        for held in active
        for state in app_states(held)
        if state.blocked and not set(state.app.categories) & set(held.block)
    }
    sentences = []
    if any(held.safesearch for held in active):
        sentences.append(_("Searches are made safe. Search engines that have no safe mode are blocked."))
    youtube = max((held.youtube for held in active), key=("", "moderate", "strict").index)
    if youtube:
        sentences.append(_(_YOUTUBE_IS[youtube]).format(effect=YOUTUBE_SAYS[youtube]))
    if any(held.resolved_only for held in active):
        sentences.append(
            _("Apps reach only what was looked up by its name, so some direct calls and games do not work.")
        )
    return Blocked(
        tuple(CATEGORIES[category] for category in categories),
        _titles(apps),
        tuple(sorted({name for held in active for name in held.deny})),
        tuple(sentences),
    )


def _titles(titles: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(titles, key=str.casefold))
