"""Devices of which the policy names all that they may reach: which those are, and whether a name is one of theirs.

It decides only over the policy's `reach` lines: an exempt device's have no effect. What follows for names is
`dns.decisions`' part, what for packets `grants`' and `gate_rules`'.
"""

from collections.abc import Collection

from stairgate.agent.grants import is_exempt
from stairgate.core.filtering import suffixes
from stairgate.core.records import Policy

RESOLVED_ONLY = "resolved_only"


def reach_of(policy: Policy) -> dict[str, frozenset[str]]:
    """By device id, the only names that it resolves and reaches, each with all below it."""
    exempt = {device.id for device in policy.devices if is_exempt(device.flags)}
    return {reach.device: frozenset(reach.names) for reach in policy.reaches if reach.device not in exempt}


def covering(names: Collection[str], name: str) -> str:
    """The one of these names that a name is, or is below; "" for none."""
    return next((suffix for suffix in suffixes(name) if suffix in names), "")
