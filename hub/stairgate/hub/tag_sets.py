"""Which sets of tags a pack gets when the lists make more combinations than it can hold.

It decides what a name loses then: of many categories the milder ones, as few as will do, never an app and never a tag
that says how a name is treated. So nothing that was listed is open to a child whose parents block the gravest of its
categories, and nothing is refused as what no list calls it. The rest of the table is `pack_table`'s part.
"""

from collections.abc import Iterable

from stairgate.core.limits import PACK_SETS
from stairgate.hub.language import N_
from stairgate.hub.sentence import Told

Tags = frozenset[str]
_TOO_MANY_SETS = N_(
    "expected at most {most} combinations of tags, got {count}; there are {one} without {first}, {two} without "
    "{second}, {three} without {third}"
)

#: Categories of which a name may lose the later ones. What is not here stays: apps, `illegal`, `doh`, `vpn`, `tor`,
#: `unsafe_search`, `dedicated`, `calls`.
GRAVEST_FIRST = (
    *("adult", "malware", "phishing", "violence", "drugs", "gambling", "lootboxes", "warez", "dating", "crypto"),
    *("chat", "social", "games", "video", "music", "shopping", "tracking", "ads", "other"),
)


class PackError(Told, ValueError):
    """No pack can be made of this; the message says what was expected, what came, and what helps."""


def fitting(sets: Iterable[Tags]) -> dict[Tags, Tags]:
    """For each set the one that a pack has in its place, itself wherever that is possible.

    Raises `PackError` when even one category a name makes more than 256 different ones; it names what to switch off.
    """
    sets = set(sets)
    kept = max((len(each.intersection(GRAVEST_FIRST)) for each in sets), default=0)
    while True:
        fitted = {each: _gravest(each, kept) for each in sets}
        found = set(fitted.values())
        if len(found) <= PACK_SETS:
            return fitted
        if kept <= 1:
            fewer = sorted((len({each - {tag} for each in found}), tag) for tag in frozenset().union(*found))[:3]
            # There are more sets than eight tags make, so there are three to choose from.
            (one, first), (two, second), (three, third) = fewer
            raise PackError(
                _TOO_MANY_SETS,
                most=PACK_SETS,
                count=len(found),
                one=one,
                two=two,
                three=three,
                first=first,
                second=second,
                third=third,
            )
        kept -= 1


def _gravest(tags: Tags, kept: int) -> Tags:
    return tags - frozenset([tag for tag in GRAVEST_FIRST if tag in tags][kept:])
