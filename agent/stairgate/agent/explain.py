"""Why a device may resolve a name or not, at a moment: what the filter would do, with each part that led to it.

It decides nothing about names: it asks the functions that the filter itself asks (`dns.devices`, `dns.decisions`) and
puts the answer into one plain sentence and its parts. Pure: policy, tags and a time in, an `Explanation` out. Which
policy and pack this router has is `explain_command`'s part.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from stairgate.agent.dns import decisions
from stairgate.agent.dns.decisions import Rules
from stairgate.agent.dns.devices import Profile, profiles
from stairgate.agent.spending import Used
from stairgate.core import filtering, special_names
from stairgate.core.budget import allowances, spent_categories
from stairgate.core.decide import Decision, decide
from stairgate.core.filtering import Verdict
from stairgate.core.records import Device, Policy, Zone
from stairgate.core.zone import clock_of, offset_seconds

ACTS = {
    decisions.RESOLVE: "resolved",
    decisions.REFUSE: "refused",
    decisions.REWRITE: "rewritten",
    decisions.PROBE: "answered_here",
    decisions.ABSENT: "absent",
    decisions.EMPTY: "empty",
    decisions.NOT_READY: "not_ready",
    decisions.HUB: "answered_here",
}
_WHY = {
    "pause": "a parent paused it",
    "override_open": "a parent opened it",
    "bonus": "of extra time",
    "budget_spent": "the day’s time is used up",
    "date": "of this day’s rules",
    "week": "of the weekly rules",
    "default": "of the person’s usual level",
    "quiet": "of the device’s quiet hours",
    "unknown_device": "it belongs to nobody yet",
    "no_person": "it belongs to nobody",
}
_ASK = "Ask a parent: the device’s own page {} takes the wish."
_HOME = "It holds for the whole home; a parent can change that on the parents’ pages."
_WAIT = "The list is fetched from the hub by itself; `stairgate agent` says in its log what keeps it."
UTC_ZONE = Zone("utc", "UTC", ((0, 0),))


class Explanation(NamedTuple):
    """What becomes of one name. act: of `ACTS`; level, until, level_reason, level_rule, next_level: as in `Decision`.

    reason, rule: of the filter's verdict; tags: of the name in the pack; kind: of a special name, ""; target: the name
    answered instead, ""; ends: the second (UTC) at which the level that was decisive ends, None when it was not, or has
    no end in sight; sentence, help: for a person.
    """

    device: str
    name: str
    at: int
    act: str
    level: str
    until: int | None
    next_level: str | None
    level_reason: str
    level_rule: str
    reason: str
    rule: str
    tags: tuple[str, ...]
    kind: str
    target: str
    ends: int | None
    sentence: str
    help: str


def find_device(policy: Policy, wanted: str) -> Device | None:
    """The device with this id or MAC address."""
    for device in policy.devices:
        if wanted == device.id or wanted.lower() in device.macs:
            return device
    return None


def zone_of(policy: Policy, device: Device) -> Zone:
    """The clock of the device's first person, travels included, else the policy's first zone, else UTC."""
    for person in policy.persons:
        if person.id in device.persons[:1]:
            return clock_of(policy, person.id)
    return policy.zones[0] if policy.zones else UTC_ZONE


def local_text(zone: Zone, utc: int) -> str:
    """A moment on the home's wall clock."""
    offset = timezone(timedelta(seconds=offset_seconds(zone, utc)))
    return datetime.fromtimestamp(utc, UTC).astimezone(offset).strftime("%A %Y-%m-%d %H:%M")


def explain(
    policy: Policy,
    device: Device,
    name: str,
    now: int,
    tags: Sequence[str],
    has_list: bool = True,
    used: Used | None = None,
) -> Explanation:
    """What the filter does with a name at `now` (UTC seconds), for a device of the policy.

    name: in lower case, A-labels, no dot at the end. tags: its tags in the pack; has_list: a pack is there, or the
    policy names none. used: minutes used by person and category, none when they are not known.
    """
    used = used or {}
    level, spent = decide(policy, device.id, now, used), spent_categories(policy, now, used)
    if level.level == "limited":
        # No minute counts meanwhile, so none ends it.
        level = decide(policy._replace(budgets=()), device.id, now, used)
    (profile,) = [each for each in profiles(policy, {device.id: level.level}, spent) if each.device == device.id]
    if level.reason == "hub":
        profile = profile._replace(persons=(), exempt=True)
    rules = Rules(frozenset(policy.everyone), has_list)
    decision = decisions.decide(profile, rules, name, tuple(tags))
    verdict = filtering.judge(rules.everyone, profile.persons, profile.level, name, tags)
    refused = decision.act == decisions.REFUSE
    if decision.code == decisions.UNDECLARED:
        verdict = Verdict(True, decisions.UNDECLARED, "")
    zone = zone_of(policy, device)
    by_level = refused and verdict.reason in ("closed", "limited")
    by_budget = refused and verdict.reason == "block" and verdict.rule in profile.spent
    ends = level.until if by_level else None
    if by_budget:
        verdict = verdict._replace(reason="budget")
        ends = _minutes_again(policy, device, verdict.rule, now, used)
    return Explanation(
        device=device.id,
        name=name,
        at=now,
        act=ACTS[decision.act],
        level=level.level,
        until=level.until,
        next_level=level.next_level,
        level_reason=level.reason,
        level_rule=level.rule,
        reason=verdict.reason,
        rule=verdict.rule,
        tags=tuple(tags),
        kind=special_names.kind_of(name),
        target=decision.target,
        ends=ends,
        sentence=f"{device.id}: {name} {_sentence(name, profile, decision, verdict, level, zone)}",
        help=_help(policy, decision, verdict),
    )


def _minutes_again(policy: Policy, device: Device, category: str, now: int, used: Used) -> int | None:
    """When all persons of a device have minutes of a category again."""
    rows = [row for person in device.persons for row in allowances(policy, person, now, used)]
    return max((row.ends for row in rows if row.category == category and row.left == 0), default=None)


def _sentence(
    name: str, profile: Profile, decision: decisions.Decision, verdict: Verdict, level: Decision, zone: Zone
) -> str:
    if decision.act == decisions.REFUSE:
        return f"is not resolved: {_refusal(verdict, level, zone)}."
    if decision.act == decisions.RESOLVE:
        return f"is resolved: {_permission(profile, name, verdict, level)}."
    return {
        decisions.REWRITE: f"is answered with {decision.target}: safe search, or YouTube’s restricted mode, is on.",
        decisions.PROBE: "is answered by the router: devices ask there whether they are online.",
        decisions.ABSENT: "is said not to exist, so that names are resolved here and not past the filter.",
        decisions.EMPTY: "is answered with nothing: it would lead to a resolver past the filter.",
        decisions.HUB: "is answered with the hub’s addresses: it is the hub’s own name in this home.",
        decisions.NOT_READY: "is not answered: the policy names a list of names, and none is on this router yet.",
    }[decision.act]


def _refusal(verdict: Verdict, level: Decision, zone: Zone) -> str:
    until = f" until {local_text(zone, level.until)}" if level.until is not None else ""
    because = f", because {_WHY.get(level.reason, level.reason)}"
    return {
        "everyone": f"the list tags it “{verdict.rule}”, which nobody in the home resolves",
        decisions.UNDECLARED: "the device reaches only what is named for it, and this is none of it",
        "closed": f"the device is closed{until}{because}",
        "limited": f"the device is limited to a list of names{until}{because}, and this name is not on it",
        "deny": f"{verdict.rule} is on the list of names that are refused to its person",
        "budget": f"the list tags it “{verdict.rule}”, and today’s minutes of that are used up",
        "block": f"the list tags it “{verdict.rule}”, which is blocked for its person",
        "unsafe_search": "it is a search engine without a safe mode, and safe search is on",
    }[verdict.reason]


def _permission(profile: Profile, name: str, verdict: Verdict, level: Decision) -> str:
    if special_names.kind_of(name) == "epdg":
        return "Wi-Fi and emergency calls are never closed"
    if profile.exempt:
        return f"no rule limits this device ({level.reason})"
    return {
        "allow": f"{verdict.rule} is on the list of names that are always allowed",
        "only": f"{verdict.rule} is on the list for limited times",
    }.get(verdict.reason, "no rule speaks of it")


def _help(policy: Policy, decision: decisions.Decision, verdict: Verdict) -> str:
    if decision.act == decisions.NOT_READY:
        return _WAIT
    if decision.act not in (decisions.REFUSE, decisions.REWRITE):
        return ""
    if verdict.reason == "everyone":
        return _HOME
    if policy.hub is None:
        return _ASK.format("(/me at the parents’ app)")
    address = policy.hub.addresses[0]
    return _ASK.format(f"http://{f'[{address}]' if ':' in address else address}:{policy.hub.port}/me")
