"""What the agent believes of what it is sent: which policy is newer, genuine and for this agent, and what hello says.

It decides whether a received document is accepted, before anything is parsed that was not verified, and keeps the
newest revision ever accepted so that an older one never returns. Pure: bytes in, a `Received` or `Refused` out. Saving
is left to `state`, enforcing to `enforcement`, carrying to `broker_link`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stairgate.agent.grants import is_exempt
from stairgate.core import envelope
from stairgate.core.limits import ROUTER_POLICY_BYTES, TIME_BYTES
from stairgate.core.messages import Time, read_time
from stairgate.core.policy import read_policy, write_policy
from stairgate.core.records import Policy
from stairgate.core.refused import Refused

POLICY_KIND, TRUST_KIND, CERTIFICATE_KIND, TIME_KIND, USAGE_KIND = KINDS = (
    "policy",
    "trust",
    "certificate",
    "time",
    "usage",
)


class Identity(NamedTuple):
    """Who this agent is and whom it believes.

    keys: key id -> 65-byte point of each trusted signing key; trust: the revision of the trust document they stand in.
    root: the point of the home's root key, which may name other keys at any time; b"" when it is not known.
    """

    home: str
    agent: str
    shard: str
    keys: Mapping[str, bytes]
    trust: int = 1
    root: bytes = b""


class Received(NamedTuple):
    """An accepted policy: the document as received, its parsed form and its digest."""

    document: bytes
    policy: Policy
    digest: str

    @property
    def revision(self) -> int:
        """The policy's number."""
        return self.policy.revision


def open_policy(document: bytes, identity: Identity) -> Received:
    """Verify and read one document, whatever its revision. Raises Refused with a reason code."""
    body = envelope.open_signed(document, POLICY_KIND, dict(identity.keys), ROUTER_POLICY_BYTES)
    policy = read_policy(body)
    if policy.home != identity.home:
        raise Refused("wrong_home", f"expected {identity.home}, got {policy.home}")
    if policy.agent != identity.agent:
        raise Refused("wrong_agent", f"expected {identity.agent}, got {policy.agent}")
    return Received(document, policy, envelope.body_digest(body))


def constant_part(policy: Policy, highest: int) -> bytes:
    """What outlives the rules, to be kept beside them: the hub, the devices never closed, the highest revision.

    It is the body of a policy that grants nothing else, for the day when no saved policy can be read.
    """
    kept = tuple(device._replace(persons=()) for device in policy.devices if is_exempt(device.flags))
    empty = Policy(policy.home, policy.agent, highest, policy.issued, (), policy.hub, (), kept, *[()] * 12)
    return write_policy(empty)


def open_constants(body: bytes, identity: Identity) -> Policy:
    """What `constant_part` made, for this agent. Raises Refused."""
    policy = read_policy(body)
    if (policy.home, policy.agent) != (identity.home, identity.agent):
        raise Refused("wrong_agent", f"expected {identity.agent}, got {policy.agent}")
    return policy


def accept_policy(document: bytes, identity: Identity, current: Received | None, highest: int = 0) -> Received:
    """The policy to enforce from now on: newer than the current one, or the very same.

    highest: the highest revision ever accepted; more than the current one's when the newest saved policy was damaged.
    Raises Refused: `older`, or `revision_reused` for the same revision with another digest, which the hub heals by a
    new issue; else as `open_policy`.
    """
    received = open_policy(document, identity)
    least = max(highest, current.revision if current else 0)
    if received.revision < least:
        raise Refused("older", f"expected {least} or more, got {received.revision}")
    if current is None:
        return received
    if received.revision == current.revision and received.digest != current.digest:
        raise Refused("revision_reused", f"revision {received.revision} came with two digests")
    return received


def accept_time(document: bytes, identity: Identity, nonce: str) -> Time:
    """The hub's time, when it answers the hello with this nonce: an answer to an older one may be of any age.

    Raises Refused: as `envelope.open_signed` and `read_time`, and `wrong_nonce`.
    """
    time = read_time(envelope.open_signed(document, TIME_KIND, dict(identity.keys), TIME_BYTES))
    if not nonce or time.nonce != nonce:
        raise Refused("wrong_nonce", "expected the nonce of the last hello")
    return time


def claimed_revision(document: bytes) -> int:
    """The revision a document claims, unverified, to try the highest of several first; -1 when it claims none."""
    lines = document.split(b"\n", 2)
    parts = lines[1].split(b",")[:4] if len(lines) > 1 else []
    digits = parts[3].strip() if len(parts) == 4 else b""
    return int(digits) if digits.isdigit() and len(digits) <= 16 else -1


def newest_first(documents: Sequence[bytes]) -> list[bytes]:
    """Documents in the order they are worth trying: a queue may hold stale ones (measured: 43, 44 and 45 all came)."""
    return sorted(documents, key=claimed_revision, reverse=True)
