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
from stairgate.hub.language import N_, _
from stairgate.hub.page_references import FONT, FRAME, KINDS, MEDIA, ONWARD, OTHER, PICTURE, SCRIPT, STYLE, Found
from stairgate.hub.time_words import in_a_row

# At the beginning of a line, and further on in it.
_KIND_WORDS = {
    ONWARD: (N_("Where the page leads to"), N_("where the page leads to")),
    STYLE: (N_("How it looks"), N_("how it looks")),
    SCRIPT: (N_("Scripts"), N_("scripts")),
    PICTURE: (N_("Pictures"), N_("pictures")),
    FONT: (N_("Fonts"), N_("fonts")),
    MEDIA: (N_("Film and sound"), N_("film and sound")),
    FRAME: (N_("A page inside it"), N_("a page inside it")),
    OTHER: (N_("Other parts"), N_("other parts")),
}
NOTHING_FOUND = Found(())
_NEVER_OPEN = ("canary", "relay", "resolver")


class Line(NamedTuple):
    """One host. kinds: what it is for. tags: what it is known as, app: whose it is, each "" for nothing.

    reason: why it is not ticked. is_page: it is what the parent asked about.
    """

    host: str
    kinds: str
    tags: str = ""
    reason: str = ""
    app: str = ""
    is_page: bool = False

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
    lines = [] if _is_on(held.only, name) else [Line(name, _("The page itself"), is_page=True)]
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
    words = in_a_row([_(_KIND_WORDS[kind][place > 0]) for place, kind in enumerate(k for k in KINDS if k in kinds)])
    known = " · ".join(categories.title(tag) for tag in categories.ordered(set(tags)))
    app = catalogue.app_of(host)
    return Line(host, words, known, _reason(host, tags, names), app.title if app else "")


def _reason(host: str, tags: Sequence[str], names: Names) -> str:
    if special_names.kind_of(host) in _NEVER_OPEN:
        return _("The filter opens it for no child: it leads round the rules.")
    verdict = judge((), (names,), "open", host, tags)
    if not verdict.refused:
        return ""
    if verdict.reason == "deny":
        return _("{name} is on the list of what is always blocked, which wins.").format(name=verdict.rule)
    if verdict.reason == "unsafe_search":
        return _("It is a search engine that cannot be made safe.")
    if verdict.rule not in categories.CATEGORIES:  # an app's own tag, or that of its age
        app = catalogue.app(verdict.rule) or catalogue.app_of(host)
        if not app:
            return _("It belongs to an app, which is blocked here.")
        return _("It belongs to {app}, which is blocked here.").format(app=app.title)
    return _("It counts as “{category}”, which is blocked here.").format(category=categories.title(verdict.rule))
