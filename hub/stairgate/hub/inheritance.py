"""Which tags a name has, when lists speak of it and of the domains above it.

It decides the rule, in one place: a name has the tags that any source gives to it or to a domain above it; an exception
takes back, for its name and all below, whatever its own source says there. So the exception of one list opens nothing
that another list names, and within a list it wins over a longer name. Sorting and looking up is for others.
"""

from collections.abc import Iterable

from stairgate.hub.limits import BUILDER_STATES
from stairgate.hub.list_entry import EXCEPTION, Entry

#: (source, tag) for each tag; (source, "") for a source that is silent from here on down.
Held = frozenset[tuple[str, str]]

NOTHING: Held = frozenset()


def held_below(above: Held, entries: Iterable[Entry]) -> Held:
    """What holds for a name: above, for the nearest domain above it; entries: those of the name itself."""
    entries = tuple(entries)
    silent = {source for source, tag in above if not tag}
    silent |= {entry.source for entry in entries if entry.kind == EXCEPTION}
    said = {pair for pair in above if pair[0] not in silent}
    said |= {(entry.source, tag) for entry in entries for tag in entry.tags if entry.source not in silent}
    return frozenset(said | {(source, "") for source in silent})


def tags_of(held: Held) -> frozenset[str]:
    """The tags among what holds for a name."""
    return frozenset(tag for _, tag in held if tag)


class Inheritance:
    """`held_below`, with an answer remembered: a million names need some hundred different ones.

    rules: entries without their names, which `below` knows by their place.
    """

    def __init__(self, rules: list[Entry]) -> None:
        self._rules = rules
        self._known: dict[tuple[Held, tuple[int, ...]], tuple[Held, frozenset[str]]] = {}

    def below(self, above: Held, numbers: tuple[int, ...]) -> tuple[Held, frozenset[str]]:
        """What holds for a name, and its tags."""
        known = self._known.get((above, numbers))
        if known is None:
            if len(self._known) >= BUILDER_STATES:
                self._known.clear()
            held = held_below(above, (self._rules[number] for number in numbers))
            known = self._known[above, numbers] = held, tags_of(held)
        return known
