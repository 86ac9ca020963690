"""Which agents a home has and had, as values and as the text of `agents/agents.json`.

It decides what is kept of an agent, how long, and whether a file is such a register; nothing is read or written here
(`registry`). A revoked agent is kept until its last certificate has ended, because the broker has to be told of its
serial numbers until then.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from stairgate.core.fields import is_id, is_integer, is_time, is_word
from stairgate.core.p256 import read_point
from stairgate.provisioning.faults import Fault, Invalid
from stairgate.provisioning.request_checks import AGENTS_MAX, find_label_faults

FORMAT = 1
ACTIVE, REVOKED = "active", "revoked"
ROUTER = "router"
# Somebody pairs once a year, or again and again on one bad evening: ten a day for months. All of it in 256 KB.
RECORDS_MAX = 256
SERIALS_MAX = 1024
_EDITION_MAX = 2**31
_SERIAL_BITS = 160  # RFC 5280, 4.1.2.2: 20 octets


class Serial(NamedTuple):
    """One certificate of an agent. not_after: UTC seconds. revoked: the broker refuses it."""

    number: int
    not_after: int
    revoked: bool = False


@dataclass(frozen=True)
class AgentRecord:
    """One agent. state: ACTIVE or REVOKED. point: its public key, 65 bytes. not_after: when the certificate that it is
    meant to use ends. paired: when it got its key, UTC seconds.
    """

    id: str
    label: str
    kind: str
    state: str
    point: bytes
    serials: tuple[Serial, ...]
    not_after: int
    paired: int


@dataclass(frozen=True)
class Register:
    """All records in the order in which they came, and `edition`: how often the broker's lists were made."""

    agents: tuple[AgentRecord, ...] = ()
    edition: int = 0

    def active(self) -> tuple[AgentRecord, ...]:
        """The agents that belong to the home now."""
        return tuple(record for record in self.agents if record.state == ACTIVE)

    def find(self, identifier: str) -> AgentRecord:
        """The active agent with this id. Raises Invalid."""
        for record in self.active():
            if record.id == identifier:
                return record
        raise Invalid([Fault("agent", "the id of an agent of this home", repr(identifier))])

    def revoked_serials(self) -> tuple[int, ...]:
        """What the broker has to refuse."""
        return tuple(serial.number for record in self.agents for serial in record.serials if serial.revoked)

    def with_agent(self, record: AgentRecord, now: float) -> "Register":
        """This record instead of the one with its id, or added; without certificates that have ended at `now`.

        Raises Invalid with every fault.
        """
        others = [_without_ended(other, now) for other in self.agents if other.id != record.id]
        kept = [other for other in others if other.state == ACTIVE or other.serials]
        place = [other.id for other in self.agents].index(record.id) if self._has(record.id) else len(kept)
        kept.insert(min(place, len(kept)), record)
        grown = replace(self, agents=tuple(kept))
        faults = find_label_faults([other.label for other in grown.active()])
        if len(kept) > RECORDS_MAX or sum(len(other.serials) for other in kept) > SERIALS_MAX:
            expected = (
                f"at most {RECORDS_MAX} agents and {SERIALS_MAX} certificates, those revoked counted until they end"
            )
            faults.append(Fault("agent", expected, f"{len(kept)} agents"))
        if faults:
            raise Invalid(faults)
        return grown

    def _has(self, identifier: str) -> bool:
        return any(record.id == identifier for record in self.agents)


def _without_ended(record: AgentRecord, now: float) -> AgentRecord:
    return replace(record, serials=tuple(serial for serial in record.serials if serial.not_after > now))


def revoke_serials(serials: Iterable[Serial]) -> tuple[Serial, ...]:
    """The same certificates, none of which is accepted any more."""
    return tuple(serial._replace(revoked=True) for serial in serials)


def render_register(register: Register) -> bytes:
    """The text of `agents.json`."""
    agents = [
        {
            "id": record.id,
            "label": record.label,
            "kind": record.kind,
            "state": record.state,
            "point": record.point.hex(),
            "serials": [[f"{number:x}", not_after, revoked] for number, not_after, revoked in record.serials],
            "not_after": record.not_after,
            "paired": record.paired,
        }
        for record in register.agents
    ]
    content = {"format": FORMAT, "edition": register.edition, "agents": agents}
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def read_register(data: bytes) -> Register:
    """What `render_register` wrote. Raises Invalid with every fault."""
    try:
        content = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise Invalid([Fault("agents.json", "JSON", str(error)[:80])]) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise Invalid([Fault("agents.json", f"a register of format {FORMAT}", repr(content)[:60])])
    listed, edition = content.get("agents"), content.get("edition")
    faults = []
    if not isinstance(listed, list) or len(listed) > RECORDS_MAX:
        faults.append(Fault("agents", f"a list of at most {RECORDS_MAX} agents", repr(listed)[:60]))
        listed = []
    if not isinstance(edition, int) or not is_integer(edition, 0, _EDITION_MAX):
        faults.append(Fault("edition", "a whole number from 0", repr(edition)[:60]))
    records = []
    for number, entry in enumerate(listed):
        found = _entry_faults(f"agents[{number}]", entry)
        faults += found
        if not found:
            records.append(_record(entry))
    faults += _relation_faults(records)
    if faults:
        raise Invalid(faults)
    return Register(tuple(records), int(edition or 0))


def _entry_faults(where: str, entry: Any) -> list[Fault]:
    if not isinstance(entry, dict):
        return [Fault(where, "an object", repr(entry)[:60])]
    checks = {
        "id": ("an id", is_id),
        "label": ("a label", lambda value: isinstance(value, str) and not find_label_faults([value])),
        "kind": ("a word", is_word),
        "state": (f"{ACTIVE} or {REVOKED}", lambda value: value in (ACTIVE, REVOKED)),
        "point": ("the hex of a point of P-256", _is_point),
        "serials": ("a list of [serial in hex, end, revoked]", _is_serials),
        "not_after": ("UTC seconds", is_time),
        "paired": ("UTC seconds", is_time),
    }
    return [
        Fault(f"{where}.{name}", expected, repr(entry.get(name))[:60])
        for name, (expected, check) in checks.items()
        if not check(entry.get(name))
    ]


def _relation_faults(records: Sequence[AgentRecord]) -> list[Fault]:
    identifiers = [record.id for record in records]
    faults = [
        Fault("agents", "each id once", repr(each)) for each in sorted({*identifiers}) if identifiers.count(each) > 1
    ]
    active = [record.label for record in records if record.state == ACTIVE]
    if len(active) > AGENTS_MAX or len(set(active)) != len(active):
        faults.append(Fault("agents", f"at most {AGENTS_MAX} active agents with different labels", f"{len(active)}"))
    return faults


def _is_point(value: object) -> bool:
    try:
        return isinstance(value, str) and len(value) == 130 and read_point(bytes.fromhex(value)) is not None
    except ValueError:
        return False


def _is_serials(value: object) -> bool:
    return isinstance(value, list) and len(value) <= SERIALS_MAX and all(_is_serial(item) for item in value)


def _is_serial(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 3 or not isinstance(value[0], str):
        return False
    number, not_after, revoked = value
    digits = number.isascii() and number.isalnum() and len(number) <= _SERIAL_BITS // 4
    try:
        return digits and 0 < int(number, 16) < 2**_SERIAL_BITS and is_time(not_after) and isinstance(revoked, bool)
    except ValueError:
        return False


def _record(entry: dict[str, Any]) -> AgentRecord:
    serials = tuple(Serial(int(number, 16), not_after, revoked) for number, not_after, revoked in entry["serials"])
    return AgentRecord(
        entry["id"],
        entry["label"],
        entry["kind"],
        entry["state"],
        bytes.fromhex(entry["point"]),
        serials,
        entry["not_after"],
        entry["paired"],
    )
