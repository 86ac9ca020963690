"""The command `stairgate preview`: what a policy decides for a device at a moment, through the agents' own core.

It decides nothing itself: it turns a local time into UTC, asks `stairgate.core.decide` and prints the answer as JSON.
It is the only place that accepts a policy without a signature, and it says so. Input and output: docs/policy.md.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from stairgate.core.decide import decide
from stairgate.core.envelope import key_id, open_signed
from stairgate.core.fields import is_word
from stairgate.core.limits import ROUTER_POLICY_BYTES
from stairgate.core.policy import Policy, check_policy, read_policy
from stairgate.core.records import Zone
from stairgate.core.refused import Refused
from stairgate.core.zone import clock_of, offset_seconds, utc_of_local, zone_at
from stairgate.port.atomic import read_bounded

UTC_ZONE = Zone("utc", "UTC", ((0, 0),))


class Document(NamedTuple):
    """A policy's body; `signature` is `missing`, `not checked` or `valid`, `first_line` the body's in the file."""

    body: bytes
    signature: str
    first_line: int


def used_minutes(text: str) -> dict[str, int]:
    """The minutes of `total=30,video=10`. Raises argparse.ArgumentTypeError."""
    used: dict[str, int] = {}
    for part in text.split(","):
        category, _, minutes = part.partition("=")
        if not is_word(category) or not minutes.isdecimal() or len(minutes) > 4 or int(minutes) > 1440:
            raise argparse.ArgumentTypeError(f"expected category=minutes (0 to 1440), got {part!r}")
        used[category] = int(minutes)
    return used


def local_moment(text: str) -> int:
    """Seconds since 1970-01-01 00:00 on the wall clock. Raises argparse.ArgumentTypeError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None or moment.microsecond or not 1970 < moment.year < 9999:
        raise argparse.ArgumentTypeError(f"expected a local time such as 2026-03-29T02:30, got {text!r}")
    return (moment - datetime(1970, 1, 1)) // timedelta(seconds=1)


def public_point(text: str) -> bytes:
    """The 65 bytes of an uncompressed point in hex. Raises argparse.ArgumentTypeError."""
    try:
        point = bytes.fromhex(text)
    except ValueError:
        point = b""
    if len(point) != 65 or point[0] != 4:
        raise argparse.ArgumentTypeError("expected an uncompressed P-256 point: 130 hex digits that begin with 04")
    return point


def open_document(data: bytes, point: bytes | None) -> Document:
    """The body of a signed or bare policy. Raises Refused; with a key, nothing but its valid signature will do."""
    if point is not None:
        return Document(open_signed(data, "policy", {key_id(point): point}, ROUTER_POLICY_BYTES), "valid", 2)
    if data.startswith(b"stairgate-"):
        if not data.startswith(b"stairgate-policy 1 "):
            raise Refused("wrong_type", "expected a first line that begins with: stairgate-policy 1")
        return Document(data.partition(b"\n")[2], "not checked", 2)
    return Document(data, "missing", 1)


def person_of(policy: Policy, device_id: str) -> str:
    """The device's first person, "" for a device of nobody."""
    persons = [device.persons for device in policy.devices if device.id == device_id]
    return persons[0][0] if persons and persons[0] else ""


def local_text(zone: Zone, utc: int | None) -> str | None:
    """ISO 8601 with the zone's offset, e.g. 2026-03-29T03:00:00+02:00."""
    if utc is None:
        return None
    offset = timezone(timedelta(seconds=offset_seconds(zone, utc)))
    return datetime.fromtimestamp(utc, UTC).astimezone(offset).isoformat()


def preview(policy: Policy, device_id: str, local: int, used: dict[str, int]) -> dict[str, object]:
    """The decision for a wall-clock time (in a gap the jump, in a fold the first), as it is printed."""
    person = person_of(policy, device_id)
    any_zone = policy.zones[0] if policy.zones else UTC_ZONE
    zone = clock_of(policy, person) if person else any_zone
    now = utc_of_local(zone, local)
    decision = decide(policy, device_id, now, {person.id: used for person in policy.persons})
    return {
        "device": device_id,
        "at": now,
        "at_local": local_text(zone, now),
        "zone": (zone_at(policy, person, now) if person else any_zone).name,
        "level": decision.level,
        "until": decision.until,
        "until_local": local_text(zone, decision.until),
        "next_level": decision.next_level,
        "reason": decision.reason,
        "rule": decision.rule,
    }


def _say(text: str) -> None:
    print(f"stairgate preview: {text}", file=sys.stderr)


def main(arguments: Sequence[str]) -> int:
    """Print the decision; exit status 1 when the policy is not accepted, 2 when the command line is not understood."""
    parser = argparse.ArgumentParser(
        prog="stairgate preview", description="Say what a policy decides for a device at a moment.", allow_abbrev=False
    )
    parser.add_argument("policy", metavar="POLICY", help="a policy file, signed or not")
    parser.add_argument("--device", required=True, metavar="ID", help="the device's id in the policy")
    parser.add_argument(
        "--at", required=True, type=local_moment, metavar="TIME", help="local time, e.g. 2026-03-29T02:30"
    )
    parser.add_argument(
        "--used", default={}, type=used_minutes, metavar="MINUTES", help="minutes used, e.g. total=30,video=10"
    )
    parser.add_argument(
        "--key", type=public_point, metavar="POINT", help="the public point (hex) that must have signed the policy"
    )
    options = parser.parse_args(arguments)
    try:
        document = open_document(read_bounded(options.policy, ROUTER_POLICY_BYTES), options.key)
    except (OSError, ValueError) as error:
        _say(str(error))
        return 1
    except Refused as refused:
        _say(f"{options.policy}: {refused}")
        return 1
    faults = check_policy(document.body)
    for fault in faults:
        line = fault.line + document.first_line - 1
        _say(f"{options.policy}:{line}: {fault.field}: expected {fault.expected}, got {fault.got}")
    if faults:
        return 1
    if document.signature == "missing":
        _say("the policy has no signature; no agent would accept it")
    elif document.signature == "not checked":
        _say("the signature was not checked; give the public point with --key")
    result = preview(read_policy(document.body), options.device, options.at, options.used)
    result["signed"] = document.signature != "missing"
    result["signature"] = document.signature
    print(json.dumps(result, indent=2))
    return 0
