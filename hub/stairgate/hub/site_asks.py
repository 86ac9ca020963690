"""Which site or app a child asks for when a name is blocked: what a parent would have to open for it.

It decides what can be asked for at all, by the same function as the router. A rule of the whole home and ways round the
rules cannot; what nothing blocks need not; where minutes are used up, more of them are asked for.
"""

from collections.abc import Collection
from typing import NamedTuple

from stairgate.core import special_names
from stairgate.core.filtering import NO_FILTER, judge, prepared
from stairgate.hub import catalogue
from stairgate.hub.categories import title
from stairgate.hub.filters import ChildFilter, app_state, compiled
from stairgate.hub.language import _
from stairgate.hub.refusal import NotPossible


class Site(NamedTuple):
    """What is asked for. app: an id, where a whole app is blocked. is_limited: only the homework list is open."""

    name: str
    app: str = ""
    is_limited: bool = False


def site_of(
    held: ChildFilter | None,
    level: str,
    name: str,
    everyone: tuple[str, ...],
    tags: tuple[str, ...],
    spent: Collection[str] = (),
    is_mistake: bool = False,
) -> Site:
    """What to ask for so that this name (in its one form) opens. Raises `NotPossible` with a sentence for the child.

    held: the child's filter as it holds now. level: of its internet. everyone: tags refused in the whole home. tags: of
    the name. spent: categories whose minutes are used up. is_mistake: the child says that it is blocked by one.
    """
    if special_names.kind_of(name):
        said = _("{name} leads past the rules of this home, or always works. Nobody can open it for you.")
        raise NotPossible(said.format(name=name))
    asked = "limited" if level == "limited" else "open"  # in a bedtime a site may be asked for, for later
    names = prepared(compiled(held)) if held else NO_FILTER
    verdict = judge(everyone, (names,), asked, name, tags)
    if verdict.reason == "everyone":
        raise NotPossible(_("That is a rule of the whole home, for grown-ups too. Nobody can open it for one alone."))
    used_up = judge((), (names._replace(block=frozenset(spent)),), asked, name, tags)
    if not verdict.refused and used_up.refused:
        if is_mistake:
            return Site(name.removeprefix("www."))
        said = _("Today’s minutes for “{category}” are used up. Please ask for more time instead.")
        raise NotPossible(said.format(category=title(used_up.rule)))
    if not verdict.refused:
        said = _("Nothing here blocks {name}. If your internet is off, ask for time instead.")
        raise NotPossible(said.format(name=name))
    if verdict.reason == "deny":
        return Site(verdict.rule, is_limited=level == "limited")
    if verdict.reason == "limited":
        return Site(name.removeprefix("www."), is_limited=True)
    app = catalogue.app_of(name)
    if app and held and app_state(held, app).blocked:
        return Site(name, app.id)
    return Site(name.removeprefix("www."))
