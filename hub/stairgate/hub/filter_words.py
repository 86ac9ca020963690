"""What a filter does, in sentences: on a parent's page, on the child's own, the same facts in the same words.

It decides no more than how things are said. What is blocked is `filters`' part.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stairgate.hub import catalogue
from stairgate.hub.categories import CATEGORIES, GROUPS, OTHER, Category, ordered
from stairgate.hub.filters import AppState, ChildFilter, app_states, changes

YOUTUBE_NAMES = {"": "Unrestricted", "moderate": "Moderate", "strict": "Strict"}
YOUTUBE_SAYS = {
    "": "YouTube decides by the age in the account, and anybody can watch without one.",
    "moderate": "Hides most of what is for grown-ups. Comments and live chats vanish, and some school videos too.",
    "strict": "Hides much more: comments and live chats vanish, and many harmless videos with them, school ones too.",
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
        return "Nothing is filtered."
    count = changes(held)
    title = held.template.title
    name = f"Preset for ages {title[:1].lower()}{title[1:]}" if held.template.block else "Filter of your own"
    if not count or not held.template.block:
        return f"{name}."
    return f"{name}, changed in {count} {'place' if count == 1 else 'places'}."


def app_says(state: AppState) -> str:
    """`Blocked: from 13`, `Blocked with Social networks`, `Always open`, `Open`."""
    if state.by == "choice":
        return "Always blocked" if state.blocked else "Always open"
    if state.by == "category":
        return f"Blocked with {CATEGORIES[state.category].title}"
    if state.by == "age":
        return f"Blocked: from {state.app.age}"
    return "Open"


def by_the_rules(held: ChildFilter, state: AppState) -> str:
    """What would hold for this app without a choice of its own: `open` or `blocked`."""
    by_category = bool(set(state.app.categories) & set(held.block))
    return "blocked" if by_category or (held.age and state.app.age > held.age) else "open"


def count_says(blocked: int, all_of_them: int) -> str:
    """`all blocked`, `2 of 7 blocked`, `open`."""
    if not blocked:
        return "open"
    return "all blocked" if blocked == all_of_them else f"{blocked} of {all_of_them} blocked"


def app_facts(app: catalogue.App) -> str:
    """`from 13 (terms) · sells random items`."""
    age = f"from {app.age} ({app.age_from})" if app.age else f"no lower age ({app.age_from})"
    return f"{age} · sells random items" if app.loot else age


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
        sentences.append("Searches are made safe. Search engines that have no safe mode are blocked.")
    youtube = max((held.youtube for held in active), key=("", "moderate", "strict").index)
    if youtube:
        sentences.append(f"YouTube is set to {YOUTUBE_NAMES[youtube].lower()}. {YOUTUBE_SAYS[youtube]}")
    if any(held.resolved_only for held in active):
        sentences.append("Apps reach only what was looked up by its name, so some direct calls and games do not work.")
    return Blocked(
        tuple(CATEGORIES[category] for category in categories),
        _titles(apps),
        tuple(sorted({name for held in active for name in held.deny})),
        tuple(sentences),
    )


def _titles(titles: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(titles, key=str.casefold))
