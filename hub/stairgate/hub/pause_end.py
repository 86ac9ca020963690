"""When a pause itself ends, where something else keeps the level closed after it: a bedtime, used up minutes.

The core's decision ends where the level changes; this decides which of the two seconds pages name for the pause. What
they say is `wording`'s and `why_facts`' part.
"""

from stairgate.core.decide import Decision
from stairgate.hub.family import Family


def until_pause_ends(decision: Decision, family: Family) -> Decision:
    """A pause's decision up to the end of the pause, and `closed` after it; any other decision as it is."""
    held = next((one for one in family.overrides if decision.rule == f"override {one.id}"), None)
    if decision.reason != "pause" or held is None:
        return decision
    end = held.until
    for other in sorted(family.overrides_of(held.target), key=lambda one: one.start):
        if other.kind == "pause" and other.start <= end < other.until:
            end = other.until
    if decision.until is not None and end >= decision.until:
        return decision
    return decision._replace(until=end, next_level="closed")
