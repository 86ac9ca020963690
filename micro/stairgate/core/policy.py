"""The policy document: reading it on a device, checking it for people, writing it in the one canonical form.

It decides whether a body is a policy (order, references, repetition; single fields are `schema`'s part) and
leaves what the policy means to `decide`, who signed it to `envelope`, and whether home, agent and revision
are the right ones to the agent.
"""

from stairgate.core import limits
from stairgate.core.fields import is_id
from stairgate.core.lines import read_line, split, write_line
from stairgate.core.records import (
    Budget,
    Date,
    Device,
    Fault,
    Filter,
    Hub,
    Override,
    Pack,
    Person,
    Policy,
    Travel,
    Week,
    Zone,
)
from stairgate.core.refused import Refused
from stairgate.core.schema import KINDS, SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar  # noqa: TID251

    T = TypeVar("T")

__all__ = [
    "Budget",
    "Date",
    "Device",
    "Fault",
    "Filter",
    "Hub",
    "Override",
    "Pack",
    "Person",
    "Policy",
    "PolicyReader",
    "Travel",
    "Week",
    "Zone",
    "canonical",
    "check_policy",
    "read_policy",
    "write_policy",
]

GOT_CHARACTERS = 60
# How many leading fields order the lines of a kind; 1 for the others.
SORT_FIELDS = {"date": 3, "travel": 3, "budget": 2, "everyone": 0}
# Kinds whose lines may repeat, for a list that is longer than a line.
PERSONAL = ("week", "date", "travel", "budget", "filter", "block", "deny", "allow", "only")
FILTER_KINDS = ("filter", "block", "deny", "allow", "only")
REPEATED = ("week", "everyone", "block", "deny", "allow", "only")
RANKS = {KINDS[rank]: rank for rank in range(len(KINDS))}


def _as_kept(fields: "list[object]") -> "list[object]":
    """Sound fields with tuples for lists. In a list of a sound field, all items are lists, or none is."""
    kept: "list[object]" = []
    for value in fields:
        if isinstance(value, list):
            nested = value and isinstance(value[0], list)
            value = tuple([tuple(item) for item in value]) if nested else tuple(value)
        kept.append(value)
    return kept


class PolicyReader:
    """Takes the lines of a policy one by one, so that no more than one line is held besides the records.

    `faults` collects everything wrong so far and `reason` the machine code of the first; the records are
    complete only when there are none.
    """

    def __init__(self) -> None:
        self.faults: "list[Fault]" = []
        self.reason = ""
        self._number = 0
        self._rank = -1
        self._sort_key = ""
        self._seen: "dict[str, set[object]]" = {"zone": set(), "person": set(), "device": set(), "mac": set()}
        self._records: "dict[str, list[object]]" = {kind: [] for kind in KINDS}

    def _fault(self, reason: str, field: str, expected: str, got: object) -> None:
        self.reason = self.reason or reason
        shown = got if isinstance(got, str) and got else repr(got)
        self.faults.append(Fault(self._number, field, expected, shown[:GOT_CHARACTERS]))

    def take(self, line: bytes) -> None:
        """The next line, without its newline."""
        self._number += 1
        try:
            values = read_line(line)
        except Refused as refused:
            expected, _, got = refused.detail.partition(", got")
            self._fault(refused.reason, "line", expected.replace("expected ", "", 1), got.lstrip(": "))
            return
        kind = values[0] if values else ""
        if not isinstance(kind, str) or kind not in SCHEMA:
            if self._number == 1 or not isinstance(kind, str) or not kind.startswith("x-"):
                self._fault("unknown_kind", "kind", "one of " + ", ".join(KINDS) + ", or x-…", kind)
            return
        fields = values[1:]
        schema = SCHEMA[kind]
        self._check_order(kind, fields)
        if len(fields) != len(schema):
            names = ", ".join([name for name, _, _ in schema])
            self._fault("bad_field", "fields", f"{len(schema)} fields ({names})", f"{len(fields)} fields")
            return
        sound = True
        for (name, expected, check), value in zip(schema, fields):
            if not check(value):
                sound = False
                self._fault("bad_field", name, expected, value)
        if kind in self._seen and (sound or is_id(fields[0])):
            self._seen[kind].add(fields[0])
        if sound:
            self._check_references(kind, fields)
            self._keep(kind, fields)

    def _check_order(self, kind: str, fields: "list[object]") -> None:
        rank = RANKS[kind]
        if (self._number == 1) != (rank == 0):
            self._fault("bad_order", "kind", "policy on the first line, and only there", kind)
        elif rank < self._rank:
            self._fault("bad_order", "kind", "lines in the order " + ", ".join(KINDS), kind)
        elif kind == "hub" and rank == self._rank:
            self._fault("bad_order", "kind", "one hub at most", "a second one")
        leading = SORT_FIELDS.get(kind, 1)
        key = str(fields[0]) if leading == 1 and fields else " ".join([str(part) for part in fields[:leading]])
        # A long list may fill several lines; any other key stands once.
        if rank == self._rank and (key < self._sort_key or (key == self._sort_key and kind not in REPEATED)):
            self._fault("bad_order", "order", f"{kind} lines sorted and each once", key)
        if rank > self._rank:
            self._rank = rank
        self._sort_key = key

    def _check_references(self, kind: str, fields: "list[object]") -> None:
        seen = self._seen
        if kind == "device":
            persons, macs = seen["person"], seen["mac"]
            for person in fields[2]:  # type: ignore[attr-defined]
                if person not in persons:
                    self._fault("bad_reference", "persons", "ids of person lines", person)
            for mac in fields[1]:  # type: ignore[attr-defined]
                if mac in macs:
                    self._fault("bad_reference", "macs", "each MAC address on one device only", mac)
                macs.add(mac)
            if fields[0] in persons:
                self._fault("bad_reference", "id", "an id that is no person's", fields[0])
            return
        if kind == "person" and fields[2] not in seen["zone"]:
            self._fault("bad_reference", "zone", "the id of a zone line", fields[2])
        if kind in PERSONAL and fields[0] not in seen["person"]:
            self._fault("bad_reference", "person", "the id of a person line", fields[0])
        if kind == "travel":
            self._check_travel(fields)
        if kind in ("date", "travel") and fields[1] > fields[2]:  # type: ignore[operator]
            self._fault("bad_field", "last", f"a date not before {fields[1]}", fields[2])
        if kind == "override":
            if fields[1] not in seen["person"] and fields[1] not in seen["device"]:
                self._fault("bad_reference", "target", "the id of a person or device line", fields[1])
            if not 0 < fields[4] - fields[3] <= limits.OVERRIDE_SECONDS_MAX:  # type: ignore[operator]
                self._fault("bad_field", "until", "a time after `from`, by 366 days at most", fields[4])

    def _check_travel(self, fields: "list[object]") -> None:
        if fields[3] not in self._seen["zone"]:
            self._fault("bad_reference", "zone", "the id of a zone line", fields[3])
        before = [kept for kept in self._records["travel"] if kept[0] == fields[0]]  # type: ignore[index]
        if len(before) >= limits.TRAVELS:
            self._fault("bad_field", "person", f"at most {limits.TRAVELS} travel lines of a person", fields[0])

    def _keep(self, kind: str, fields: "list[object]") -> None:
        if kind == "week":
            for days, start, end, level in fields[1]:  # type: ignore[attr-defined]
                self._records[kind].append(Week(fields[0], days, start, end, level))  # type: ignore[arg-type]
        elif kind == "everyone":
            self._records[kind] += fields[0]  # type: ignore[arg-type]
        else:
            self._records[kind].append(_as_kept(fields))

    def _made(self, kind: str, record: object) -> "tuple[object, ...]":
        return tuple([record(*fields) for fields in self._records[kind]])  # type: ignore[operator, misc]

    def _filters(self) -> "tuple[Filter, ...]":
        parts: "dict[str, dict[str, list[str]]]" = {}
        for kind in FILTER_KINDS:
            for fields in self._records[kind]:
                held = parts.setdefault(fields[0], {part: [] for part in FILTER_KINDS})  # type: ignore[index]
                held[kind] += fields[1]  # type: ignore[index]
        return tuple([Filter(who, *[tuple(parts[who][kind]) for kind in FILTER_KINDS]) for who in sorted(parts)])

    def finish(self) -> Policy:
        """The policy of all lines. Raises Refused with the first fault."""
        if not self._number:
            self._number = 1
            self._fault("bad_order", "kind", "policy on the first line", "nothing")
        if self.faults:
            first = self.faults[0]
            raise Refused(self.reason, f"line {first.line}, {first.field}: expected {first.expected}, got {first.got}")
        head: "tuple[str, str, int, int]" = self._records["policy"][0]  # type: ignore[assignment]
        hubs = self._made("hub", Hub)
        return Policy(
            home=head[0],
            agent=head[1],
            revision=head[2],
            issued=head[3],
            zones=self._made("zone", Zone),  # type: ignore[arg-type]
            hub=hubs[0] if hubs else None,  # type: ignore[arg-type]
            persons=self._made("person", Person),  # type: ignore[arg-type]
            devices=self._made("device", Device),  # type: ignore[arg-type]
            weeks=tuple(self._records["week"]),  # type: ignore[arg-type]
            dates=self._made("date", Date),  # type: ignore[arg-type]
            travels=self._made("travel", Travel),  # type: ignore[arg-type]
            budgets=self._made("budget", Budget),  # type: ignore[arg-type]
            overrides=self._made("override", Override),  # type: ignore[arg-type]
            packs=self._made("pack", Pack),  # type: ignore[arg-type]
            everyone=tuple(self._records["everyone"]),  # type: ignore[arg-type]
            filters=self._filters(),
        )


def read_policy(body: bytes, cap: int = limits.ROUTER_POLICY_BYTES) -> Policy:
    """The policy of a body of at most `cap` bytes. Stops at the first fault.

    Raises Refused: `too_large`, `line_too_long`, `bad_line`, `bad_end`, `unknown_kind`, `bad_order`,
    `bad_field` or `bad_reference`, with the line, the field, what was expected and what came.
    """
    if len(body) > cap:
        raise Refused("too_large", f"expected at most {cap} bytes, got {len(body)}")
    reader = PolicyReader()
    for line in split(body):
        reader.take(line)
        if reader.faults:
            break
    return reader.finish()


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
    body = b"".join(lines)
    faults = check_policy(body, cap)
    if faults:
        raise ValueError("; ".join([f"line {f.line}, {f.field}: expected {f.expected}, got {f.got}" for f in faults]))
    return body
