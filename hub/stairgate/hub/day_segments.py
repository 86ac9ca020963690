"""A day cut into the stretches on which the same rule wins: values in, segments out.

It asks `stairgate.core.decide` at every moment at which the answer can change, so what it shows is what routers do.
Words and pictures are for `day_words` and `week_strip`.
"""

from dataclasses import replace
from typing import NamedTuple

from stairgate.core.decide import Decision, decide
from stairgate.core.policy import Policy
from stairgate.hub import limits
from stairgate.hub.family import Family, Override
from stairgate.hub.own_stop import is_own
from stairgate.hub.pauses import PUT_OFF

_DAY_SECONDS = 86400


class Segment(NamedTuple):
    """From second `begin` (UTC) to `end` (excluded) the decision is the same; its `until` may lie beyond the end."""

    begin: int
    end: int
    decision: Decision


def as_tapped(family: Family) -> Family:
    """The family with each parent's pause from the tap on: a policy lets it begin earlier, for routers' clocks."""
    return replace(family, overrides=tuple(_as_tapped(override) for override in family.overrides))


def edges(policy: Policy, begin: int, end: int) -> list[int]:
    """Every second after `begin` and before `end` at which a window, a date, an exception or an offset may change."""
    minutes = {0}
    for week in policy.weeks:
        minutes |= {week.start, week.end}
    for line in policy.dates:
        minutes |= {minute for window in line.windows for minute in window[:2]}
    minutes |= {budget.day_start for budget in policy.budgets}
    moments = {moment for override in policy.overrides for moment in (override.start, override.until)}
    for zone in policy.zones:
        offsets = {offset * 60 for _, offset in zone.changes}
        moments |= {utc for utc, _ in zone.changes}
        for offset in offsets:
            for day in range((begin + offset) // _DAY_SECONDS, (end + offset) // _DAY_SECONDS + 1):
                moments |= {day * _DAY_SECONDS + minute * 60 - offset for minute in minutes}
    return sorted(moment for moment in moments if begin < moment < end)


def segments(policy: Policy, device_id: str, begin: int, end: int) -> tuple[Segment, ...]:
    """The day of one device, in order and without a gap. `begin`, `end`: UTC seconds."""
    found: list[Segment] = []
    coming = edges(policy, begin, end)
    moment = begin
    while moment < end:
        decision = decide(policy, device_id, moment, {})
        while coming and coming[0] <= moment:
            coming.pop(0)
        after = min(coming[0] if coming else end, decision.until or end, end)
        if found and _same(found[-1].decision, decision):
            found[-1] = Segment(found[-1].begin, after, decision)
        else:
            found.append(Segment(moment, after, decision))
        moment = after
    return tuple(found)


def at(cut: tuple[Segment, ...], moment: int) -> Segment | None:
    """The segment that holds a second, None outside the day."""
    return next((segment for segment in cut if segment.begin <= moment < segment.end), None)


def _as_tapped(override: Override) -> Override:
    tap = override.start + limits.PAUSE_STARTS_EARLIER_SECONDS
    if override.kind != "pause" or is_own(override) or override.reason == PUT_OFF or tap >= override.until:
        return override
    return replace(override, start=tap)


def _same(one: Decision, other: Decision) -> bool:
    return (one.level, one.reason, one.rule) == (other.level, other.reason, other.rule)
