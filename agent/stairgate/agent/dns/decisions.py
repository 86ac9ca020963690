"""What is done with a name that a device asks for: resolved, refused, sent elsewhere, or answered by the router.

It decides in this order: names of the resolver's own and the hub's, what `reach` lines leave, Wi-Fi calling, canaries,
connectivity checks, the filter, safe search. The filter itself is `stairgate.core.filtering`, the names are
`special_names` and `safesearch`; how the answer looks is `answers`'s part.
"""

from collections.abc import Container, Sequence
from typing import NamedTuple

from stairgate.agent.declared import covering
from stairgate.agent.dns.devices import OPEN, Profile
from stairgate.core import filtering, safesearch, special_names
from stairgate.core.filtering import Verdict

RESOLVE, REFUSE, REWRITE, PROBE, ABSENT, EMPTY, NOT_READY, HUB = range(8)
# The hub's own name in every home (RFC 8375): a toy that is being paired knows no address yet.
HUB_NAME = "stairgate.home.arpa"
UNDECLARED = "undeclared"


class Decision(NamedTuple):
    """What to do with a name.

    act: RESOLVE upstream, REFUSE, REWRITE to `target`, PROBE (the router answers the connectivity check), ABSENT
    (NXDOMAIN), EMPTY (nothing of any type), NOT_READY (the list it needs is not there), HUB (its addresses). code: for
    the extended error.
    """

    act: int
    tags: tuple[str, ...] = ()
    code: str = ""
    target: str = ""


class Rules(NamedTuple):
    """What all devices share: the tags refused in the whole home, and whether the policy's list is there."""

    everyone: frozenset[str] = frozenset()
    has_list: bool = True


def code_of(verdict: Verdict, spent: Container[str] = ()) -> str:
    """The short code of a refusal: `block:ads`, `everyone:malware`, else the reason. No name, no person.

    spent: tags whose minutes are used up, `budget:games`.
    """
    if verdict.reason == "block" and verdict.rule in spent:
        return f"budget:{verdict.rule}"
    if verdict.reason in ("block", "everyone"):
        return f"{verdict.reason}:{verdict.rule}"
    return verdict.reason


def _needs_list(person: filtering.Names) -> bool:
    return bool(person.block) or "safesearch" in person.flags


def _judged(profile: Profile, rules: Rules, name: str, tags: tuple[str, ...]) -> Decision | None:
    """A refusal, or None. Without the list, only what the list has no say in gets through."""
    verdict = filtering.judge(rules.everyone, profile.persons, profile.level, name, tags)
    if verdict.refused:
        return Decision(REFUSE, tags, code_of(verdict, profile.spent))
    if rules.has_list:
        return None
    for person in profile.persons or (filtering.NO_FILTER,):
        reason = filtering.judge((), (person,), profile.level, name, ()).reason
        if reason not in ("allow", "only") and (_needs_list(person) or rules.everyone):
            return Decision(NOT_READY)
    return None


def decide(profile: Profile, rules: Rules, name: str, tags: tuple[str, ...]) -> Decision:
    """What is done with a name, in lower case without a dot at the end, whose tags are these."""
    kind = special_names.kind_of(name)
    if kind == "resolver":
        return Decision(EMPTY)
    if name == HUB_NAME:
        return Decision(HUB)
    if profile.reach and not covering(profile.reach, name):
        # Whether it is online, the router tells it: that leads nowhere else.
        return Decision(PROBE) if kind == "probe" else Decision(REFUSE, tags, UNDECLARED)
    if kind == "epdg":
        return Decision(RESOLVE, tags)
    if profile.exempt:
        verdict = filtering.judge(rules.everyone, (), OPEN, name, tags)
        return Decision(REFUSE, tags, code_of(verdict)) if verdict.refused else Decision(RESOLVE, tags)
    if kind in ("canary", "relay"):
        return Decision(ABSENT)
    # A device that believes to be offline would leave the Wi-Fi, and with it the calls that must get through.
    if kind == "probe" and profile.level != OPEN:
        return Decision(PROBE)
    refused = _judged(profile, rules, name, tags)
    if refused:
        return refused
    if profile.safesearch or profile.youtube:
        target = safesearch.rewrite(name, profile.youtube, profile.safesearch)
        if target:
            return Decision(REWRITE, tags, target=target)
    return Decision(RESOLVE, tags)


def decide_alias(
    profile: Profile, rules: Rules, name: str, target: str, tags: tuple[str, ...], is_exception: bool = False
) -> Decision | None:
    """The refusal of a name, otherwise resolved, that is an alias of `target` with these tags; None when there is none.

    What a person's own list opens is open whatever it is an alias of; what is refused to everyone never is. The lists
    of the limited level name what a device is to reach, not the servers it is kept on. is_exception: the list says of
    the name that it is none of it, so no tag of its target takes it away.
    """
    if special_names.kind_of(name) == "epdg":
        return None
    verdict = filtering.judge(rules.everyone, (), OPEN, target, tags)
    if verdict.refused:
        return Decision(REFUSE, tags, code_of(verdict))
    for person in profile.persons:
        if filtering.judge((), (person,), profile.level, name, ()).reason in ("allow", "only"):
            continue
        verdict = filtering.judge((), (person,), OPEN, target, () if is_exception else tags)
        if verdict.refused:
            return Decision(REFUSE, tags, code_of(verdict, profile.spent))
    return None


# Names that only some rule of the resolver's own or of safe search speaks of, exactly.
_EXACT = frozenset(special_names.EXACT) | safesearch.NAMES | {HUB_NAME}
_NOBODYS = "nobodys-name.invalid"


class Decider:
    """`decide` for one profile, many times faster: of a name that no rule mentions, the tags alone decide.

    sets: the tags of each set of the pack; a name's set is given by its number.
    """

    def __init__(self, profile: Profile, rules: Rules, sets: tuple[tuple[str, ...], ...]) -> None:
        self._profile, self._rules, self._sets = profile, rules, sets
        lists = [names for person in profile.persons for names in (person.deny, person.allow, person.only)]
        # Few names are longer than what is listed: one set of them all is asked for each domain above a name.
        self._mentioned = frozenset(special_names.BELOW).union(profile.reach, *lists)
        self._of_sets: list[Decision | None] = [None] * len(sets)
        self._of_aliases: list[Decision | None] = [None] * len(sets)

    def decide(self, name: str, number: int) -> Decision:
        """What is done with a name, of the set with this number."""
        suffix, mentioned = name, self._mentioned
        while suffix not in mentioned:
            dot = suffix.find(".")
            if dot < 0:
                if name in _EXACT:
                    break
                decision = self._of_sets[number]
                if decision is None:
                    decision = self._of_sets[number] = decide(self._profile, self._rules, _NOBODYS, self._sets[number])
                return decision
            suffix = suffix[dot + 1 :]
        return decide(self._profile, self._rules, name, self._sets[number])

    def clears(self, targets: Sequence[tuple[str, int]]) -> bool:
        """Whether any name may be an alias of these, each with the number of its set. Nearly all are."""
        return all(self._alias_of_nobody(target, number).act == RESOLVE for target, number in targets)

    def decide_aliases(self, name: str, targets: Sequence[tuple[str, int]], is_exception: bool) -> Decision | None:
        """The refusal of a resolved name for one of these aliases, None when there is none. is_exception: the list says
        of the name that it is none of it."""
        for target, number in targets:
            refusal = decide_alias(self._profile, self._rules, name, target, self._sets[number], is_exception)
            if refusal is not None:
                return refusal
        return None

    def _alias_of_nobody(self, target: str, number: int) -> Decision:
        suffix, mentioned = target, self._mentioned
        while suffix not in mentioned:
            dot = suffix.find(".")
            if dot < 0:
                found = self._of_aliases[number]
                if found is None:
                    found = self._of_aliases[number] = self._aliased(_NOBODYS, number)
                return found
            suffix = suffix[dot + 1 :]
        return self._aliased(target, number)

    def _aliased(self, target: str, number: int) -> Decision:
        refusal = decide_alias(self._profile, self._rules, _NOBODYS, target, self._sets[number])
        return refusal or Decision(RESOLVE)
