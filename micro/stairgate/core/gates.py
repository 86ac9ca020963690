"""Whether one gate of a toy may be open now, until when and why: the one function that toy, hub and preview ask.

It decides over the policy's openings and consents, the level of the device and what the maker declared. `play` and
`speaker` follow the level, so bedtime silences the bear; a sensor is closed unless a parent opened it, agreed to what
its data is for, and the level is open. Opening and closing the sensor itself, the gesture and the clock are the toy's.
"""

from collections import namedtuple

from stairgate.core.decide import decide
from stairgate.core.words import FUNCTION_GATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NamedTuple  # noqa: TID251

    from stairgate.core.declaration import Declaration
    from stairgate.core.records import Policy
    from stairgate.core.rules import Used

    class GateDecision(NamedTuple):
        """`level`: open or closed. `until`: the UTC second, excluded, at which to ask again, or None. `reason`: a code.

        An open sensor always has an end; an open function has one when the level changes.
        """

        level: str
        until: "int | None"
        reason: str

else:
    GateDecision = namedtuple("GateDecision", ("level", "until", "reason"))

# Why a toy trusts nobody's word at the moment; each closes every sensor. corrupt_policy: it had a policy and cannot
# read it. lost_time: it does not know the time. safe_mode: it started badly too often. new_owner: it was handed over.
TROUBLES = ("corrupt_policy", "lost_time", "safe_mode", "new_owner")
REASONS = TROUBLES + ("opened", "gesture", "not_declared", "not_opened", "no_consent", "no_hub")


def _closed(reason: str, until: "int | None" = None) -> "GateDecision":
    return GateDecision("closed", until, reason)


def decide_gate(
    policy: "Policy | None",
    declaration: "Declaration",
    device: str,
    gate: str,
    rows: "Sequence[str]",
    now: int,
    used: "Used",
    trouble: str = "",
    session: int = 0,
) -> "GateDecision":
    """The decision for one gate at `now` (UTC seconds).

    policy: a valid one, or None when this toy never met a hub. device: the toy's id in it. rows: ids of the declared
    data rows that the sensor is wanted for, at least one. used: as `decide`'s. trouble: one of `TROUBLES`, or none.
    session: the second at which what the declared gesture opened ends, 0 for none; it counts only without a policy.
    Reasons: `REASONS` and, where the level is decisive, those of `decide`.
    """
    if gate not in declaration.gates:
        return _closed("not_declared")
    if gate in FUNCTION_GATES:
        return _function(policy, device, now, used, trouble)
    wanted = [row for row in declaration.rows if row.id in rows and row.gate == gate]
    if not wanted or len(wanted) != len(set(rows)):
        return _closed("not_declared")
    # Without a policy nothing depends on the time: a toy without a hub has no clock, and its sessions are counted.
    if trouble and not (trouble == "lost_time" and policy is None):
        return _closed(trouble)
    if policy is None:
        # A press of a button is no consent to give data to others than the maker.
        if any("third_party" in row.flags for row in wanted):
            return _closed("no_consent")
        return GateDecision("open", session, "gesture") if now < session else _closed("no_hub")
    decision = decide(policy, device, now, used)
    if decision.level != "open":
        return _closed(decision.reason, decision.until)
    ends = [o.until for o in policy.openings if o.device == device and o.gate == gate and now < o.until]
    if not ends:
        return _closed("not_opened", decision.until)
    agreed = [row for consent in policy.consents if consent.device == device for row in consent.rows]
    if any(row.basis == "consent" and row.id not in agreed for row in wanted):
        return _closed("no_consent", decision.until)
    return GateDecision("open", ends[0] if decision.until is None else min(ends[0], decision.until), "opened")


def _function(policy: "Policy | None", device: str, now: int, used: "Used", trouble: str) -> "GateDecision":
    """Play and sound: they go on in every trouble but the one in which bedtime is no longer known."""
    if policy is None:
        return _closed(trouble) if trouble == "corrupt_policy" else GateDecision("open", None, "no_hub")
    decision = decide(policy, device, now, used)
    # Limited is a list of names to resolve; a toy has none to offer for it.
    level = "open" if decision.level == "open" else "closed"
    return GateDecision(level, decision.until, decision.reason)
