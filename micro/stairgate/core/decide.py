"""What a device may do now, until when and why: the one function that router, toy, hub and preview all ask.

It joins the rules of the device's persons (the strictest wins) and finds the second of the next change of
level. How a level is enforced, the longest grant and the counting of used minutes are left to whoever
enforces.
"""

from collections import namedtuple

from stairgate.core import limits
from stairgate.core.rules import CLOSED, LAYERS, PersonRules, Rules
from stairgate.core.words import LEVELS
from stairgate.core.zone import DAY_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple  # noqa: TID251

    from stairgate.core.records import Device, Policy
    from stairgate.core.rules import Used, Verdict

    class Decision(NamedTuple):
        """The answer for one device at one moment.

        `level` holds until the second `until` (UTC, excluded), when it becomes `next_level`; both are None
        when no change is in sight. `reason` is one of `REASONS`, `rule` the policy's line that won.
        """

        level: str
        until: "int | None"
        reason: str
        rule: str
        next_level: "str | None"

else:
    Decision = namedtuple("Decision", ("level", "until", "reason", "rule", "next_level"))

REASONS = LAYERS + ("exempt", "assistive", "hub", "unknown_device", "no_person", "not_in_policy")


def _strictest(verdicts: "list[Verdict]") -> "Verdict":
    """The strictest level; among equals the highest layer, then the first person."""
    best = verdicts[0]
    for verdict in verdicts[1:]:
        if verdict.level > best.level or (verdict.level == best.level and verdict.layer < best.layer):
            best = verdict
    return best


def _next_change(rules: "list[Rules]", now: int, verdicts: "list[Verdict]") -> "tuple[int, int] | None":
    """The second of the next change of level, and the level then.

    Looks at one possible moment after the other. Rules repeat every week but for overrides, dates and changes
    of the offset: when a quiet period brought no change, the search goes on at the next of those.
    """
    level = _strictest(verdicts).level
    moment = quiet_since = now
    irregular: "list[int] | None" = None
    for _ in range(limits.DECISION_STEPS):
        steps = [rules[index].next_moment(moment, verdicts[index]) for index in range(len(rules))]
        known = [step for step in steps if step is not None]
        if not known:
            return None
        if min(known) - quiet_since > limits.PERIOD_SECONDS:
            if irregular is None:
                irregular = [second for rule in rules for second in rule.irregular()]
            later = [second for second in irregular if second > quiet_since]
            if not later:
                return None
            quiet_since = min(later)
            moment = max(moment, quiet_since - 2 * DAY_SECONDS)
            verdicts = [rule.judge(moment) for rule in rules]
            continue
        moment = min(known)
        verdicts = [rule.judge(moment) for rule in rules]
        if _strictest(verdicts).level != level:
            return moment, _strictest(verdicts).level
    return None


def decide(policy: "Policy", device_id: str, now: int, used: "Used") -> Decision:
    """The decision for a device of a valid policy at `now` (whole seconds, UTC).

    `used` holds the minutes used by each person in the family day that holds `now`, by category, e.g. {"p1":
    {"total": 30}}; with minutes left, `until` assumes that the device is in use all the time. Only the
    category `total` closes a device. The search for the next change is bounded (`limits.DECISION_STEPS`): a
    policy made to exhaust it gets None, and whoever enforces asks again within six hours.
    """
    devices = [device for device in policy.devices if device.id == device_id]
    if not devices:
        return Decision("closed", None, "not_in_policy", "", None)
    return _decide(policy, devices[0], now, used)


def decide_all(policy: "Policy", now: int, used: "Used") -> "dict[str, Decision]":
    """As `decide` for every device of the policy: by device id, with one search for devices of the same persons."""
    decisions: "dict[str, Decision]" = {}
    shared: "dict[tuple[str, ...], Decision]" = {}
    # Devices with rules of their own: an exception, quiet hours.
    targets = {o.target for o in policy.overrides} | {quiet.device for quiet in policy.quiets}
    for device in policy.devices:
        alike = device.persons and not device.flags and device.id not in targets and not _is_hub(policy, device)
        if alike and device.persons in shared:
            decisions[device.id] = shared[device.persons]
            continue
        decisions[device.id] = _decide(policy, device, now, used)
        if alike:
            shared[device.persons] = decisions[device.id]
    return decisions


def _is_hub(policy: "Policy", device: "Device") -> bool:
    return policy.hub is not None and any(mac in policy.hub.macs for mac in device.macs)


def _quiet_rules(policy: "Policy", device: "Device") -> "list[Rules]":
    closing = [quiet for quiet in policy.quiets if quiet.device == device.id and quiet.action == "close"]
    if not closing:
        return []
    # Only a router's policy has such lines: a toy need not carry the module.
    from stairgate.core.quiet import QuietRules

    return [QuietRules(policy, device, quiet) for quiet in closing]


def _decide(policy: "Policy", device: "Device", now: int, used: "Used") -> Decision:
    if _is_hub(policy, device):
        return Decision("open", None, "hub", "hub", None)
    for flag in ("exempt", "assistive"):
        if flag in device.flags:
            return Decision("open", None, flag, "device " + device.id, None)
    rules: "list[Rules]" = [
        PersonRules(policy, device.id, person, used, now) for person in policy.persons if person.id in device.persons
    ]
    if not rules:
        overrides = [override for override in policy.overrides if override.target == device.id]
        rules = [Rules(overrides, "closed", "device " + device.id)]
    rules += _quiet_rules(policy, device)
    verdicts = [rule.judge(now) for rule in rules]
    winner = _strictest(verdicts)
    reason = LAYERS[winner.layer]
    if reason == "default" and not device.persons:
        reason = "no_person" if device.flags else "unknown_device"
    for rule in rules:
        rule.running = winner.level != CLOSED
    change = _next_change(rules, now, verdicts)
    if change is None:
        return Decision(LEVELS[winner.level], None, reason, winner.line, None)
    return Decision(LEVELS[winner.level], change[0], reason, winner.line, LEVELS[change[1]])
