"""What the filter is told: policy, level of each device, spent categories and pack, at every change of one.

It decides when a frame is due, whether the filter counts as serving and as up to date, which pack it is given (not one
that it could not use), and the reason for hello while something is missing. The process is `filter_process`'s part, the
packs `pack_fetch`'s, the levels the kernel's and the core's: whoever calls has brought the kernel in line before.
"""

import json
from collections.abc import Mapping, Sequence

from stairgate.agent.asked import AskedInbox
from stairgate.agent.filter_process import NameFilter
from stairgate.agent.limits import FILTER_APPLIED_SECONDS, FILTER_PACK_SECONDS
from stairgate.agent.packs import Packs, wanted_by
from stairgate.agent.timed_addresses import TimedAddresses
from stairgate.core.decide import Decision
from stairgate.core.records import Policy

NO_DNS, NO_PACK = "no_dns", "no_pack"
NEVER = float("inf")


def frame_of(
    levels: Mapping[str, str], pack: str, body: bytes, spent: Mapping[str, Sequence[str]] | None = None
) -> bytes:
    """A frame for the filter. levels: by device id; pack: the path of its file, "" for none; body: the policy's.

    spent: by person, the timed categories without minutes.
    """
    head: dict[str, object] = {"v": 1, "levels": levels, "pack": pack}
    if spent:
        head["spent"] = spent
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + body


class FilterFeed:
    """Call `enforced` after every look at the kernel and `turn` at every turn of the loop."""

    def __init__(self, process: NameFilter, packs: Packs) -> None:
        self._process, self._packs = process, packs
        self._policy: Policy | None = None
        self._levels: dict[str, str] = {}
        self._spent: dict[str, tuple[str, ...]] = {}
        self._body = b""
        self._told: tuple[dict[str, str], bytes, str, dict[str, tuple[str, ...]]] | None = None
        self._refused: frozenset[str] = frozenset()
        self._asked_at = NEVER
        self._kept = ""
        self._seen: tuple[object, ...] = ()

    def watch(self) -> tuple[int, ...]:
        """Descriptors that become readable when `turn` has something to do."""
        return (self._process.fileno(), self._packs.fileno())

    @property
    def timed(self) -> TimedAddresses:
        """Which addresses belong to timed categories."""
        return self._process.timed

    @property
    def asked(self) -> AskedInbox:
        """What devices with `reach` lines asked for."""
        return self._process.asked

    def enforced(
        self,
        policy: Policy,
        body: bytes,
        decisions: Mapping[str, Decision],
        now: float,
        spent: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """The kernel holds this now; the filter is to follow. spent: by person, timed categories without minutes.

        In this order: what closes or becomes limited is stopped by the kernel, running flows too, which no answer to a
        name could do, and a kernel that refused leaves both as they were. What opens waits some milliseconds for names.
        """
        if policy is not self._policy:
            self._policy = policy
            self._want(policy)
        self._levels = {device: decision.level for device, decision in decisions.items()}
        self._body, self._spent = body, dict(spent or {})
        self._tell(now)

    def _want(self, policy: Policy) -> None:
        wanted = wanted_by(policy)
        # Of a pack that could not be used nothing is remembered once another one is named.
        self._refused &= {wanted.sha256}
        self._packs.want(wanted._replace(refused=self._refused))
        # Whatever came of another one in between is to go as well.
        self._kept = ""

    def _tell(self, now: float) -> None:
        if self._policy is None:
            return
        content = (self._levels, self._body, self._packs.found.path, self._spent)
        if content != self._told:
            self._told, self._asked_at = content, now
            self._process.tell(frame_of(self._levels, content[2], self._body, self._spent))
            self._process.turn(now)

    def turn(self, now: float) -> bool:
        """Do what can be done without waiting; True when `serves` or `reason` may have changed, or a hello waits."""
        self._packs.acknowledge()
        self._tell(now)
        self._process.turn(now)
        if self._process.is_current():
            self._judge_pack(now)
        seen = (self._process.serving, self._process.is_current(), self._packs.found, self._named())
        changed, self._seen = seen != self._seen, seen
        return changed

    def _named(self) -> str:
        return wanted_by(self._policy).sha256 if self._policy else ""

    def _judge_pack(self, now: float) -> None:
        """What it uses counts, not what it was told to use."""
        found, named = self._packs.found, self._named()
        used = self._process.serving.pack if self._process.serving else ""
        if self._told is None or found.path != self._told[2] or not found.sha256:
            return
        if used == named:
            if self._kept != named:
                self._packs.keep_only(named)
                self._kept = named
        elif used != found.sha256 and now >= self._asked_at + FILTER_PACK_SECONDS and self._policy is not None:
            # Named by the policy, and yet no pack that this filter can read: the last good one it is, then.
            self._refused |= {found.sha256}
            self._packs.want(wanted_by(self._policy, self._refused))

    def next_moment(self) -> float:
        """When `turn` has something to do though no descriptor is readable; monotonic seconds."""
        return self._process.next_moment()

    def serves(self) -> bool:
        """True while somebody answers names: until then nobody but the family's devices may be sent there."""
        return self._process.serving is not None

    def pack_in_use(self) -> str | None:
        """The path of the pack that the filter uses, "" when none is to be used, None while that is open."""
        if self._policy is None or self._process.serving is None:
            return None
        found = self._packs.found
        if found.sha256 and self._process.serving.pack == found.sha256:
            return found.path
        return None if self._named() else ""

    def applied_by(self, now: float) -> float:
        """When to say hello: `now`, or a little later while the filter has not yet taken what the kernel holds."""
        latest = self._asked_at + FILTER_APPLIED_SECONDS
        return latest if self._process.is_asked() and now < latest else now

    def reason(self) -> str:
        """What is missing though the policy is applied: `no_dns`, `no_pack`, or ""."""
        if self._policy is None:
            return ""
        serving = self._process.serving
        if not self._process.is_current() or serving is None or serving.revision != self._policy.revision:
            return NO_DNS
        used, named = serving.pack, self._named()
        if named and used != named and (self._packs.found.failing or not used):
            return NO_PACK
        return ""

    def close(self) -> None:
        """End the process and the fetching."""
        self._process.close()
        self._packs.close()
