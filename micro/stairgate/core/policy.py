"""The policy document: checking it for people, writing it in the one canonical form.

It decides what the bytes of a policy are: equal policies give equal bytes. Reading is `policy_reader`'s part and named
here as well, for all who do both; what the policy means is left to `decide`, who signed it to `envelope`.
"""

from stairgate.core import limits
from stairgate.core.lines import split, write_line
from stairgate.core.policy_reader import FILTER_KINDS, PolicyReader, read_policy
from stairgate.core.records import (
    Budget,
    Consent,
    Date,
    Device,
    Fault,
    Filter,
    Hub,
    Opening,
    Override,
    Pack,
    Person,
    Policy,
    Quiet,
    Reach,
    Travel,
    Week,
    Zone,
)
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar  # noqa: TID251

    T = TypeVar("T")

__all__ = [
    "Budget",
    "Consent",
    "Date",
    "Device",
    "Fault",
    "Filter",
    "Hub",
    "Opening",
    "Override",
    "Pack",
    "Person",
    "Policy",
    "PolicyReader",
    "Quiet",
    "Reach",
    "Travel",
    "Week",
    "Zone",
    "canonical",
    "check_policy",
    "read_policy",
    "write_policy",
]


def check_policy(body: bytes, cap: int = limits.ROUTER_POLICY_BYTES) -> "list[Fault]":
    """Everything that is wrong with a body, for people; empty exactly when `read_policy` accepts it."""
    faults = []
    if len(body) > cap:
        faults.append(Fault(0, "size", f"at most {cap} bytes", str(len(body))))
    reader = PolicyReader()
    lines = 0
    try:
        for line in split(body[: cap + 1]):
            lines += 1
            reader.take(line)
    except Refused:
        if not faults:
            faults.append(Fault(lines + 1, "line", "a newline at the end of the last line", "none"))
    if not lines and not faults:
        faults.append(Fault(1, "kind", "policy on the first line", "nothing"))
    return faults + reader.faults


def canonical(policy: Policy) -> Policy:
    """The same policy with every list sorted and every repetition gone, as `write_policy` writes it."""
    hub = policy.hub
    return Policy(
        home=policy.home,
        agent=policy.agent,
        revision=policy.revision,
        issued=policy.issued,
        zones=tuple(sorted(policy.zones)),
        hub=None if hub is None else Hub(_sorted(hub.macs), _sorted(hub.addresses), hub.port),
        persons=tuple(sorted(policy.persons)),
        devices=tuple(
            sorted(
                [Device(d.id, _sorted(d.macs), _sorted(d.persons), d.kind, _sorted(d.flags)) for d in policy.devices]
            )
        ),
        weeks=_sorted(policy.weeks),
        dates=tuple(sorted([Date(d.person, d.first, d.last, _sorted(d.windows)) for d in policy.dates])),
        travels=_sorted(policy.travels),
        budgets=tuple(sorted(policy.budgets)),
        overrides=tuple(sorted(policy.overrides)),
        packs=tuple(sorted(policy.packs)),
        everyone=_sorted(policy.everyone),
        filters=tuple(sorted([Filter(f[0], *[_sorted(part) for part in f[1:]]) for f in policy.filters if any(f[1:])])),
        openings=_sorted(policy.openings),
        consents=tuple(sorted([Consent(c.device, _sorted(c.rows)) for c in policy.consents if c.rows])),
        reaches=tuple(sorted([Reach(r.device, _sorted(r.names)) for r in policy.reaches if r.names])),
        quiets=tuple(sorted([Quiet(q.device, _sorted(q.windows), q.action) for q in policy.quiets])),
    )


def _sorted(values: "tuple[T, ...]") -> "tuple[T, ...]":
    return tuple(sorted(set(values)))  # type: ignore[type-var]


def _week_lines(weeks: "tuple[Week, ...]") -> "list[bytes]":
    """As few lines as possible for each person."""
    lines: "list[bytes]" = []
    person = ""
    windows: "list[tuple[int, int, int, str]]" = []
    for week in weeks:
        window = (week.days, week.start, week.end, week.level)
        if week.person == person:
            try:
                lines[-1] = write_line(("week", person, windows + [window]))
                windows.append(window)
                continue
            except ValueError:
                pass  # the line is full: begin another one
        person = week.person
        windows = [window]
        lines.append(write_line(("week", person, windows)))
    return lines


def _opening_lines(openings: "tuple[Opening, ...]") -> "list[bytes]":
    """One line for each device."""
    devices = sorted({opening.device for opening in openings})
    return [write_line(("gate", d, [(o.gate, o.until) for o in openings if o.device == d])) for d in devices]


def _filled_lines(head: "tuple[str, ...]", words: "tuple[str, ...]") -> "list[bytes]":
    """As few lines as possible that begin with `head`, each with as many of the words as fit."""
    lines: "list[bytes]" = []
    filled: "list[str]" = []
    for word in words:
        try:
            line = write_line(head + (filled + [word],))
        except ValueError:
            line = b""
        if line and filled:
            lines[-1] = line
            filled.append(word)
        else:
            filled = [word]
            lines.append(write_line(head + (filled,)))
    return lines


def write_policy(policy: Policy, cap: int = limits.ROUTER_POLICY_BYTES) -> bytes:
    """The body of a policy in canonical form: equal policies give equal bytes.

    Raises ValueError with all faults when the values make no policy, or one larger than `cap` bytes.
    """
    policy = canonical(policy)
    lines = [write_line(("policy", policy.home, policy.agent, policy.revision, policy.issued))]
    lines += [write_line(("zone",) + tuple(zone)) for zone in policy.zones]
    if policy.hub is not None:
        lines.append(write_line(("hub",) + tuple(policy.hub)))
    lines += [write_line(("person",) + tuple(person)) for person in policy.persons]
    lines += [write_line(("device",) + tuple(device)) for device in policy.devices]
    lines += _week_lines(policy.weeks)
    lines += [write_line(("date",) + tuple(date)) for date in policy.dates]
    lines += [write_line(("travel",) + tuple(travel)) for travel in policy.travels]
    lines += [write_line(("budget",) + tuple(budget)) for budget in policy.budgets]
    lines += [write_line(("override",) + tuple(override)) for override in policy.overrides]
    lines += [write_line(("pack",) + tuple(pack)) for pack in policy.packs]
    lines += _filled_lines(("everyone",), policy.everyone)
    lines += [write_line(("filter", f.person, f.flags)) for f in policy.filters if f.flags]
    for index, kind in enumerate(FILTER_KINDS[1:], 2):
        for f in policy.filters:
            lines += _filled_lines((kind, f.person), f[index])  # type: ignore[arg-type]
    lines += _opening_lines(policy.openings)
    for consent in policy.consents:
        lines += _filled_lines(("consent", consent.device), consent.rows)
    for reach in policy.reaches:
        lines += _filled_lines(("reach", reach.device), reach.names)
    lines += [write_line(("quiet",) + tuple(quiet)) for quiet in policy.quiets]
    body = b"".join(lines)
    faults = check_policy(body, cap)
    if faults:
        raise ValueError("; ".join([f"line {f.line}, {f.field}: expected {f.expected}, got {f.got}" for f in faults]))
    return body
