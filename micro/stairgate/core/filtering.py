"""Whether a person's devices may resolve a name, and why not: the one function that router, hub and `explain` ask.

It decides over a policy's filter lines, the level of the moment and the tags that the pack gives the name. Which names
carry which tags is the pack's part, what a refusal looks like on the wire the DNS server's, where searches are sent
`safesearch`'s. Names come in lower case, as A-labels, without a dot at the end.
"""

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence
    from typing import NamedTuple  # noqa: TID251

    from stairgate.core.records import Filter

    class Verdict(NamedTuple):
        """`refused` or not; reason: one of `REASONS`; rule: the tag or the listed name that was decisive, or ""."""

        refused: bool
        reason: str
        rule: str

    class Names(NamedTuple):
        """A person's filter with its lists as sets: made once, asked often."""

        flags: "frozenset[str]"
        block: "frozenset[str]"
        deny: "frozenset[str]"
        allow: "frozenset[str]"
        only: "frozenset[str]"

else:
    Verdict = namedtuple("Verdict", ("refused", "reason", "rule"))
    Names = namedtuple("Names", ("flags", "block", "deny", "allow", "only"))

# everyone: refused in the whole home. closed: the device's level. deny, allow: a name of the person's own lists.
# limited: not on the list of the limited level. block: a category or app. unsafe_search: a search engine that cannot
# be made safe. open: no rule speaks of it.
REASONS = ("everyone", "closed", "deny", "allow", "only", "limited", "block", "unsafe_search", "open")
UNSAFE_SEARCH = "unsafe_search"  # the tag of engines without a safe mode
NO_FILTER = Names(frozenset(), frozenset(), frozenset(), frozenset(), frozenset())


def suffixes(name: str) -> "Iterator[str]":
    """The name itself, then each domain above it: a.b.example, b.example, example."""
    while True:
        yield name
        dot = name.find(".")
        if dot < 0:
            return
        name = name[dot + 1 :]


def prepared(record: "Filter") -> "Names":
    """A filter record for `judge`."""
    return Names(*[frozenset(part) for part in record[1:]])


def _listed(name: str, names: "Container[str]") -> str:
    """The longest suffix of the name that is in the list, "" when none is."""
    # Without `suffixes`: a resolver asks this for every name, and most of its time would go there.
    while names:
        if name in names:
            return name
        dot = name.find(".")
        if dot < 0:
            break
        name = name[dot + 1 :]
    return ""


def _judge_for(person: "Names", level: str, name: str, tags: "Sequence[str]") -> "Verdict":
    denied = _listed(name, person.deny)
    if level == "limited":
        listed = _listed(name, person.only)
        if denied and len(denied) >= len(listed):
            return Verdict(True, "deny", denied)
        return Verdict(False, "only", listed) if listed else Verdict(True, "limited", "")
    allowed = _listed(name, person.allow)
    # The longer name is the more deliberate word; of two equal ones the stricter counts.
    if denied and len(denied) >= len(allowed):
        return Verdict(True, "deny", denied)
    if allowed:
        return Verdict(False, "allow", allowed)
    for tag in tags:
        if tag in person.block:
            return Verdict(True, "block", tag)
    if UNSAFE_SEARCH in tags and "safesearch" in person.flags:
        return Verdict(True, "unsafe_search", "")
    return Verdict(False, "open", "")


def judge(
    everyone: "Container[str]", persons: "Sequence[Names]", level: str, name: str, tags: "Sequence[str]"
) -> "Verdict":
    """The verdict for a device: what is refused to one of its persons is refused.

    everyone: tags refused in the whole home. persons: the filters of the device's persons, none for a grown-up's.
    level: the device's level now. tags: of the name, from the pack, in the pack's order.
    """
    for tag in tags:
        if tag in everyone:
            return Verdict(True, "everyone", tag)
    if level == "closed":
        return Verdict(True, "closed", "")
    verdict = Verdict(False, "open", "")
    for person in persons:
        found = _judge_for(person, level, name, tags)
        if found.refused:
            return found
        if verdict.reason == "open":
            verdict = found
    if level == "limited" and not persons:
        return Verdict(True, "limited", "")
    return verdict
