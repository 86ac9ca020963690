"""The policy document read on a router: line by line, in the memory of one line besides the records.

It decides whether a body is a policy (order, references, repetition; single fields are `schema`'s part) and leaves
what the policy means to `decide` and `gates`, who signed it to `envelope`, and whether home, agent and revision are
the right ones to the agent. Writing policies, and all faults for people, are `policy`'s part; a toy reads less
(`policy_brief`).
"""

from stairgate.core import limits
from stairgate.core.fields import is_id
from stairgate.core.line_reader import LineReader
from stairgate.core.lines import as_tuples, split
from stairgate.core.records import (
    Budget,
    Consent,
    Date,
    Device,
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
from stairgate.core.schema import KINDS, SCHEMA

# How many leading fields order the lines of a kind; 1 for the others.
SORT_FIELDS = {"date": 3, "travel": 3, "budget": 2, "everyone": 0}
PERSONAL = ("week", "date", "travel", "budget", "filter", "block", "deny", "allow", "only")
OF_DEVICE = ("gate", "consent", "reach", "quiet")
FILTER_KINDS = ("filter", "block", "deny", "allow", "only")
# Kinds whose lines may repeat, for a list that is longer than a line.
REPEATED = ("week", "everyone", "block", "deny", "allow", "only", "consent", "reach")


class PolicyReader(LineReader):
    """Takes the lines of a policy one by one; the records are complete only when there are no `faults`."""

    def __init__(self) -> None:
        super().__init__(SCHEMA, KINDS, ("hub",), REPEATED, SORT_FIELDS)
        self._seen: "dict[str, set[object]]" = {"zone": set(), "person": set(), "device": set(), "mac": set()}
        self._records: "dict[str, list[object]]" = {kind: [] for kind in KINDS}

    def named(self, kind: str, fields: "list[object]") -> None:
        if kind in self._seen and is_id(fields[0]):
            self._seen[kind].add(fields[0])

    def checked(self, kind: str, fields: "list[object]") -> None:
        seen = self._seen
        if kind == "device":
            persons, macs = seen["person"], seen["mac"]
            for person in fields[2]:  # type: ignore[attr-defined]
                if person not in persons:
                    self.fault("bad_reference", "persons", "ids of person lines", person)
            for mac in fields[1]:  # type: ignore[attr-defined]
                if mac in macs:
                    self.fault("bad_reference", "macs", "each MAC address on one device only", mac)
                macs.add(mac)
            if fields[0] in persons:
                self.fault("bad_reference", "id", "an id that is no person's", fields[0])
            return
        if kind == "person" and fields[2] not in seen["zone"]:
            self.fault("bad_reference", "zone", "the id of a zone line", fields[2])
        if kind in PERSONAL and fields[0] not in seen["person"]:
            self.fault("bad_reference", "person", "the id of a person line", fields[0])
        if kind in OF_DEVICE and fields[0] not in seen["device"]:
            self.fault("bad_reference", "device", "the id of a device line", fields[0])
        if kind == "gate":
            self._check_openings(fields)
        if kind == "travel":
            self._check_travel(fields)
        if kind in ("date", "travel") and fields[1] > fields[2]:  # type: ignore[operator]
            self.fault("bad_field", "last", f"a date not before {fields[1]}", fields[2])
        if kind == "override":
            if fields[1] not in seen["person"] and fields[1] not in seen["device"]:
                self.fault("bad_reference", "target", "the id of a person or device line", fields[1])
            if not 0 < fields[4] - fields[3] <= limits.OVERRIDE_SECONDS_MAX:  # type: ignore[operator]
                self.fault("bad_field", "until", "a time after `from`, by 366 days at most", fields[4])

    def _check_travel(self, fields: "list[object]") -> None:
        if fields[3] not in self._seen["zone"]:
            self.fault("bad_reference", "zone", "the id of a zone line", fields[3])
        before = [kept for kept in self._records["travel"] if kept[0] == fields[0]]  # type: ignore[index]
        if len(before) >= limits.TRAVELS:
            self.fault("bad_field", "person", f"at most {limits.TRAVELS} travel lines of a person", fields[0])

    def _check_openings(self, fields: "list[object]") -> None:
        heads = self._records["policy"]
        last = (heads[0][3] if heads else 0) + limits.OPENING_SECONDS_MAX  # type: ignore[index]
        names: "list[str]" = []
        for gate, until in fields[1]:  # type: ignore[attr-defined]
            if names and gate <= names[-1]:
                self.fault("bad_field", "openings", "gates sorted and each once", gate)
            names.append(gate)
            # Without a sound first line there is no time to compare with; that line's fault refuses the policy.
            if heads and until > last:
                self.fault("bad_field", "openings", f"an end at most 12 hours after the issue, {last}", until)

    def keep(self, kind: str, fields: "list[object]") -> None:
        if kind == "week":
            for days, start, end, level in fields[1]:  # type: ignore[attr-defined]
                self._records[kind].append(Week(fields[0], days, start, end, level))  # type: ignore[arg-type]
        elif kind == "gate":
            for gate, until in fields[1]:  # type: ignore[attr-defined]
                self._records[kind].append(Opening(fields[0], gate, until))  # type: ignore[arg-type]
        elif kind == "everyone":
            self._records[kind] += fields[0]  # type: ignore[arg-type]
        else:
            self._records[kind].append(as_tuples(fields))

    def _made(self, kind: str, record: object) -> "tuple[object, ...]":
        return tuple([record(*fields) for fields in self._records[kind]])  # type: ignore[operator, misc]

    def _filters(self) -> "tuple[Filter, ...]":
        parts: "dict[str, dict[str, list[str]]]" = {}
        for kind in FILTER_KINDS:
            for fields in self._records[kind]:
                held = parts.setdefault(fields[0], {part: [] for part in FILTER_KINDS})  # type: ignore[index]
                held[kind] += fields[1]  # type: ignore[index]
        return tuple([Filter(who, *[tuple(parts[who][kind]) for kind in FILTER_KINDS]) for who in sorted(parts)])

    def _joined(self, kind: str, record: object) -> "tuple[object, ...]":
        """One record for each device, with the lists of all its lines one after the other."""
        parts: "dict[str, list[str]]" = {}
        for fields in self._records[kind]:
            held = parts.setdefault(fields[0], [])  # type: ignore[index]
            held += fields[1]  # type: ignore[index]
        return tuple([record(device, tuple(parts[device])) for device in sorted(parts)])  # type: ignore[operator]

    def finish(self) -> Policy:
        """The policy of all lines. Raises Refused with the first fault."""
        self.refuse()
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
            openings=tuple(self._records["gate"]),  # type: ignore[arg-type]
            consents=self._joined("consent", Consent),  # type: ignore[arg-type]
            reaches=self._joined("reach", Reach),  # type: ignore[arg-type]
            quiets=self._made("quiet", Quiet),  # type: ignore[arg-type]
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
