"""The policy as a toy reads it: its own device, its people, and what parents opened and agreed to.

It decides whether a signed body is a policy that this toy can enforce: one device, every kind of line known, and an
answer for that device at the moment of its issue. The complete check is the hub's (`policy`); filters, packs and
names are the router's.
"""

from stairgate.core.brief import read_brief
from stairgate.core.decide import decide
from stairgate.core.records import (
    Budget,
    Consent,
    Date,
    Device,
    Opening,
    Override,
    Person,
    Policy,
    Travel,
    Week,
    Zone,
)
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_SHAPES = {
    "policy": "ssii",
    "zone": "ssl",
    "person": "ssss",
    "device": "sllsl",
    "week": "sl",
    "date": "sssl",
    "travel": "ssss",
    "budget": "ssli",
    "override": "sssiiis",
    "gate": "sl",
    "consent": "sl",
}
_SKIPPED = ("hub", "pack", "everyone", "filter", "block", "deny", "allow", "only", "reach", "quiet")


def read_toy_policy(lines: "Iterable[bytes]") -> "Policy":
    """The policy of these lines, given one by one without their newlines.

    Raises Refused: the reasons of `brief.read_brief`, and `bad_reference` when it has not exactly one device.
    """
    found = read_brief(lines, "policy", _SHAPES, _SKIPPED)
    if len(found["device"]) != 1:
        raise Refused("bad_reference", f"expected one device, the toy, got {len(found['device'])}")

    def made(kind: str, record: object) -> "tuple[object, ...]":
        return tuple([record(*fields) for fields in found[kind]])  # type: ignore[operator]

    head = found["policy"][0]
    try:
        policy = Policy(
            head[0],  # type: ignore[arg-type]
            head[1],  # type: ignore[arg-type]
            head[2],  # type: ignore[arg-type]
            head[3],  # type: ignore[arg-type]
            made("zone", Zone),  # type: ignore[arg-type]
            None,
            made("person", Person),  # type: ignore[arg-type]
            made("device", Device),  # type: ignore[arg-type]
            tuple([Week(person, *window) for person, windows in found["week"] for window in windows]),  # type: ignore[arg-type, attr-defined]
            made("date", Date),  # type: ignore[arg-type]
            made("travel", Travel),  # type: ignore[arg-type]
            made("budget", Budget),  # type: ignore[arg-type]
            made("override", Override),  # type: ignore[arg-type]
            (),
            (),
            (),
            tuple([Opening(device, *opening) for device, all in found["gate"] for opening in all]),  # type: ignore[arg-type, attr-defined]
            made("consent", Consent),  # type: ignore[arg-type]
            (),
            (),
        )
        # A value that nothing can be decided by is found here, not at bedtime.
        decide(policy, policy.devices[0].id, policy.issued, {})
        if [1 for opening in policy.openings if type(opening.until) is not int]:
            raise TypeError
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        raise Refused("bad_field", "a value that nothing can be decided by") from None
    return policy
