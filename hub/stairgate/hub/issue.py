"""From a changed family to new signed policies, inside the same transaction: a number, a signature, a row.

It decides whether an agent needs a new document (equal state is not issued again) and which revision it gets:
max(last + 1, UTC seconds, highest of any hello + 1), written down before anybody may send it. A number that
no honest home can have reached is damage: it is told (`numbers_lost`), and numbers begin again from today.
"""

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from stairgate.core.envelope import body_digest, signer
from stairgate.core.policy import Policy, read_policy, write_policy
from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.compile import NO_LISTS, Listed, Reachable, compile_policy, compile_toy_policy
from stairgate.hub.family import Family, read_family
from stairgate.hub.roster import TOY, Roster
from stairgate.hub.store import Row, Transaction
from stairgate.hub.toy_compile import BYTES_MAX as TOY_BYTES_MAX

_log = logging.getLogger(__name__)


class Signer(Protocol):
    """What signs: `stairgate.provisioning.signing.SigningKey`, or one that follows its rotation."""

    @property
    def key_id(self) -> str:
        """The 16 hex digits that name the key in use."""

    def sign(self, kind: str, body: bytes) -> bytes:
        """The signed document of this kind."""


class Issued(NamedTuple):
    """One policy as it goes out: `document` is header line and body, `digest` that of the body."""

    agent: str
    revision: int
    digest: str
    issued: int
    document: bytes


class PolicyTooLarge(Exception):
    """The family does not fit into a policy; the sentence says what to do."""


class Issuer:
    """Issues policies for the agents of one home.

    All state is in the transaction; the values of each last policy are remembered to compare with, by digest.
    numbers_lost: agents whose stored number could not be right, since this hub started.
    """

    def __init__(
        self,
        home: str,
        roster: Roster,
        signer: Signer,
        clock: Clock,
        reachable: Callable[[], Reachable],
        lists: Callable[[], Listed] = lambda: NO_LISTS,
    ) -> None:
        self.home = home
        self.numbers_lost: set[str] = set()
        self._roster = roster
        self._signer = signer
        self._clock = clock
        self._reachable = reachable
        self._lists = lists
        self._policies: dict[str, tuple[str, Policy]] = {}

    @property
    def agents(self) -> tuple[str, ...]:
        """The ids of the home's agents, now."""
        return self._roster.ids()

    def issue(self, rows: Transaction, seen: Mapping[str, int] | None = None) -> list[Issued]:
        """Write and return a policy for each agent whose rules changed.

        `seen`: agents that need a new one in any case, with the highest revision that they have met. Raises
        `PolicyTooLarge`.
        """
        family = read_family(rows)
        hub = self._reachable()
        return [
            issued
            for agent in self.agents
            if (issued := self._issue_one(rows, family, hub, agent, None if seen is None else seen.get(agent)))
        ]

    def newest(self, rows: Transaction, agent: str) -> Issued | None:
        """The last policy issued for an agent, or None."""
        row = rows.get("policies", agent)
        last = _read(row) if row else None
        return last if last and last.revision <= limits.REVISION_BELIEVABLE_MAX else None

    def _issue_one(
        self, rows: Transaction, family: Family, hub: Reachable, agent: str, seen: int | None
    ) -> Issued | None:
        row = rows.get("policies", agent)
        last = self.newest(rows, agent)
        if row and last is None:
            _log.error("the number of the last policy cannot be right (%d); beginning again", row.document["revision"])
            self.numbers_lost.add(agent)
        is_toy = self._is_toy(agent)
        if is_toy and family.toy(agent) is None:
            return None  # of a store from before it was paired: it is paired again, and told nothing until then
        now = int(self._clock.wall())
        # After a change of keys agents will not believe what the old one signed much longer.
        fresh = (
            last is not None
            and 0 <= now - last.issued < limits.POLICY_SECONDS_MAX
            and signer(last.document) == self._signer.key_id
        )
        # The same rules, judged at the moment of the last issue, make the same policy.
        if last and fresh and seen is None and self._compile(family, hub, last) == self.policy_of(last):
            return None
        revision = max(now, (last.revision if last else 0) + 1, (seen or 0) + 1)
        policy = self._compiled(family, agent, revision, now, hub)
        try:
            body = write_policy(policy, TOY_BYTES_MAX) if is_toy else write_policy(policy)
        except ValueError as problem:
            raise PolicyTooLarge(str(problem)) from problem
        issued = Issued(agent, revision, body_digest(body), now, self._signer.sign("policy", body))
        self._policies[agent] = (issued.digest, policy)
        rows.put(
            "policies",
            agent,
            {
                "revision": issued.revision,
                "digest": issued.digest,
                "issued": issued.issued,
                "document": issued.document.decode(),
            },
            expected=row.revision if row else 0,
        )
        return issued

    def _compile(self, family: Family, hub: Reachable, last: Issued) -> Policy:
        return self._compiled(family, last.agent, last.revision, last.issued, hub)

    def _compiled(self, family: Family, agent: str, revision: int, issued: int, hub: Reachable) -> Policy:
        if self._is_toy(agent):
            return compile_toy_policy(family, self.home, agent, revision, issued, hub)
        return compile_policy(family, self.home, agent, revision, issued, hub, self._lists())

    def _is_toy(self, agent: str) -> bool:
        found = self._roster.find(agent)
        return found is not None and found.kind == TOY

    def policy_of(self, issued: Issued) -> Policy:
        """The values of an issued policy; read from its bytes only after a restart."""
        digest, policy = self._policies.get(issued.agent, ("", None))
        if policy is None or digest != issued.digest:
            policy = read_policy(issued.document.partition(b"\n")[2])
            self._policies[issued.agent] = (issued.digest, policy)
        return policy


def _read(row: Row) -> Issued:
    document = row.document
    return Issued(row.id, document["revision"], document["digest"], document["issued"], document["document"].encode())
