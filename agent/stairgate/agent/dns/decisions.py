"""What is done with a name that a device asks for: resolved, refused, sent elsewhere, or answered by the router.

It decides in this order: names of the resolver's own, Wi-Fi calling, canaries, connectivity checks, the filter, safe
search. The filter itself is `stairgate.core.filtering`, the names are `special_names` and `safesearch`; how the answer
looks is `answers`'s part.
"""

from typing import NamedTuple

from stairgate.agent.dns.devices import OPEN, Profile
from stairgate.core import filtering, safesearch, special_names
from stairgate.core.filtering import Verdict

RESOLVE, REFUSE, REWRITE, PROBE, ABSENT, EMPTY, NOT_READY = range(7)


class Decision(NamedTuple):
    """What to do with a name.

    act: RESOLVE upstream, REFUSE, REWRITE to `target`, PROBE (the router answers the connectivity check), ABSENT
    (NXDOMAIN), EMPTY (nothing of any type), NOT_READY (the list it needs is not there). code: for the extended error.
    """

    act: int
    name: str
    tags: tuple[str, ...] = ()
    code: str = ""
    target: str = ""


class Rules(NamedTuple):
    """What all devices share: the tags refused in the whole home, and whether the policy's list is there."""

    everyone: frozenset[str] = frozenset()
    has_list: bool = True


def code_of(verdict: Verdict) -> str:
    """The short code of a refusal: `block:ads`, `everyone:malware`, else the reason. No name, no person."""
    if verdict.reason in ("block", "everyone"):
        return f"{verdict.reason}:{verdict.rule}"
    return verdict.reason


def _needs_list(person: filtering.Names) -> bool:
    return bool(person.block) or "safesearch" in person.flags


def _judged(profile: Profile, rules: Rules, name: str, tags: tuple[str, ...]) -> Decision | None:
    """A refusal, or None. Without the list, only what the list has no say in gets through."""
    verdict = filtering.judge(rules.everyone, profile.persons, profile.level, name, tags)
    if verdict.refused:
        return Decision(REFUSE, name, tags, code_of(verdict))
    if rules.has_list:
        return None
    for person in profile.persons or (filtering.NO_FILTER,):
        reason = filtering.judge((), (person,), profile.level, name, ()).reason
        if reason not in ("allow", "only") and (_needs_list(person) or rules.everyone):
            return Decision(NOT_READY, name)
    return None


def decide(profile: Profile, rules: Rules, name: str, tags: tuple[str, ...]) -> Decision:
    """What is done with a name, in lower case without a dot at the end, whose tags are these."""
    kind = special_names.kind_of(name)
    if kind == "resolver":
        return Decision(EMPTY, name)
    if kind == "epdg":
        return Decision(RESOLVE, name, tags)
    if profile.exempt:
        verdict = filtering.judge(rules.everyone, (), OPEN, name, tags)
        return Decision(REFUSE, name, tags, code_of(verdict)) if verdict.refused else Decision(RESOLVE, name, tags)
    if kind in ("canary", "relay"):
        return Decision(ABSENT, name)
    # A device that believes to be offline would leave the Wi-Fi, and with it the calls that must get through.
    if kind == "probe" and profile.level != OPEN:
        return Decision(PROBE, name)
    refused = _judged(profile, rules, name, tags)
    if refused:
        return refused
    if profile.safesearch or profile.youtube:
        target = safesearch.rewrite(name, profile.youtube, profile.safesearch)
        if target:
            return Decision(REWRITE, name, tags, target=target)
    return Decision(RESOLVE, name, tags)
