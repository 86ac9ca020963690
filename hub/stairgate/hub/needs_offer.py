"""What a parent is offered for a page: the hosts it loads from, what each is for, and which the child's filter blocks.

It decides what is ticked beforehand and the words beside it. Ticking is the parent's: in a limited time the homework
list alone counts, so a ticked advertiser would be open then. What a page loads is `page_needs`' part.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from stairgate.core import special_names
from stairgate.core.filtering import Names, judge, prepared, suffixes
from stairgate.hub import catalogue, categories
from stairgate.hub.filters import ChildFilter, compiled
from stairgate.hub.page_references import FONT, FRAME, KINDS, MEDIA, ONWARD, OTHER, PICTURE, SCRIPT, STYLE, Found

_KIND_WORDS = {
    ONWARD: "where the page leads to",
    STYLE: "how it looks",
    SCRIPT: "scripts",
    PICTURE: "pictures",
    FONT: "fonts",
    MEDIA: "film and sound",
    FRAME: "a page inside it",
    OTHER: "other parts",
}
NOTHING_FOUND = Found(())
_NEVER_OPEN = ("canary", "relay", "resolver")


class Line(NamedTuple):
    """One host. kinds: what it is for. tags: what it is known as, "" for nothing. reason: why it is not ticked."""

    host: str
    kinds: str
    tags: str = ""
    reason: str = ""

    @property
    def is_ticked(self) -> bool:
        """Whether it is ticked beforehand."""
        return not self.reason


class Offer(NamedTuple):
    """What is offered. listed: how many hosts are open already. hidden: how many are refused to everybody."""

    lines: tuple[Line, ...]
    listed: int = 0
    hidden: int = 0


def offer(
    found: Found, name: str, held: ChildFilter, everyone: Sequence[str], tags_of: Callable[[str], Sequence[str]]
) -> Offer:
    """What the page at `name` needs beyond the child's homework list; the page itself first, where it is not on it.

    everyone: tags that are refused in the whole home. tags_of: what the pack in force says of a host.
    """
    kinds: dict[str, set[str]] = {}
    for host, kind in found.hosts:
        kinds.setdefault(host, set()).add(kind)
    names = prepared(compiled(held))
    lines = [] if _is_on(held.only, name) else [Line(name, "The page itself")]
    listed = hidden = 0
    for host, of_host in kinds.items():
        tags = tags_of(host)
        if _is_on((name,), host):
            continue
        if any(tag in everyone for tag in tags):
            hidden += 1
        elif _is_on(held.only, host):
            listed += 1
        else:
            lines.append(_line(host, of_host, tags, names))
    return Offer(tuple(sorted(lines, key=lambda line: not line.is_ticked)), listed, hidden)


def by_hand(hosts: Iterable[str]) -> Offer:
    """An offer of what was ticked already, for a form that comes back with a fault."""
    return Offer(tuple(Line(host, "") for host in hosts))


def _is_on(names: Sequence[str], host: str) -> bool:
    return any(suffix in names for suffix in suffixes(host))


def _line(host: str, kinds: Iterable[str], tags: Sequence[str], names: Names) -> Line:
    words = ", ".join(_KIND_WORDS[kind] for kind in KINDS if kind in kinds)
    app = catalogue.app_of(host)
    known = [*([app.title] if app else []), *(categories.title(tag) for tag in categories.ordered(set(tags)))]
    return Line(host, words[:1].upper() + words[1:], " · ".join(known), _reason(host, tags, names))


def _reason(host: str, tags: Sequence[str], names: Names) -> str:
    if special_names.kind_of(host) in _NEVER_OPEN:
        return "The filter opens it for no child: it leads round the rules."
    verdict = judge((), (names,), "open", host, tags)
    if not verdict.refused:
        return ""
    if verdict.reason == "deny":
        return f"{verdict.rule} is on the list of what is always blocked, which wins."
    if verdict.reason == "unsafe_search":
        return "It is a search engine that cannot be made safe."
    if verdict.rule not in categories.CATEGORIES:  # an app's own tag, or that of its age
        app = catalogue.app(verdict.rule) or catalogue.app_of(host)
        return f"It belongs to {app.title if app else 'an app'}, which is blocked here."
    return f"It counts as “{categories.title(verdict.rule)}”, which is blocked here."
