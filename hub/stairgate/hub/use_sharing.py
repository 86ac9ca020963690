"""Minutes between the agents: what one counted, the others are told, so that router and toy share one budget.

It decides whose minutes an agent may tell (the people and budgets of its own policy), and which agent lacks what: a
message goes out when somebody has said something that this agent cannot know yet, and after each hello, as QoS 0 loses
what an agent did not hear. One message to one agent in a few seconds, the newest days first. What is kept and for how
long is `use_store`'s.
"""

import secrets
from collections.abc import Callable, Collection

from stairgate.core import limits as core_limits
from stairgate.core import messages
from stairgate.core.policy import Policy
from stairgate.core.usage import UseBook
from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.delivery import Outgoing
from stairgate.hub.use_file import Row
from stairgate.hub.use_store import UseStore

_DAY_SECONDS = 86400

#: The newest policy of an agent, None before the first.
PolicyOf = Callable[[str], Policy | None]


class _Desk:
    """What one agent knows already: what it said, and what it was told since its last hello."""

    def __init__(self) -> None:
        self.known = UseBook()
        self.may_lack = True
        self.next_at = float("-inf")


class UseSharing:
    """One thread at a time (the owner of the broker connection). All times are monotonic seconds."""

    def __init__(self, use: UseStore, clock: Clock, policy_of: PolicyOf) -> None:
        self._use = use
        self._clock = clock
        self._policy_of = policy_of
        self._desks: dict[str, _Desk] = {}

    def take(self, usage: messages.Usage) -> None:
        """An agent told minutes: those of its own people, in total and in categories that have a budget."""
        policy = self._policy_of(usage.agent)
        if not usage.minutes or policy is None:
            return
        counted = _counted(policy)
        rows = [row for row in usage.minutes if row[:2] in counted]
        new = self._use.take(rows)
        desk = self._desk(usage.agent)
        for row in rows:
            if row[2] >= self._first_day():
                desk.known.merge(*row)
        # It may have begun anew with less than it was told.
        for other in self._desks.values() if new else (desk,):
            other.may_lack = True

    def hello(self, agent: str) -> None:
        """An agent is there (again): what it was told before may never have come, or be forgotten."""
        desk = self._desk(agent)
        desk.known, desk.may_lack = UseBook(), True

    def connected(self) -> None:
        """The broker is there (again): what was sent last may be lost."""
        for agent in self._desks:
            self.hello(agent)

    def keep(self, agents: Collection[str]) -> None:
        """Forget the agents that are not among these: they were removed."""
        self._desks = {agent: desk for agent, desk in self._desks.items() if agent in agents}

    def due(self) -> list[Outgoing]:
        """The messages whose time has come."""
        now = self._clock.monotonic()
        sent = []
        for agent, desk in self._desks.items():
            if not desk.may_lack or desk.next_at > now:
                continue
            rows = self._lacking(agent, desk)
            part = tuple(rows[: core_limits.USAGE_MINUTE_ROWS])
            desk.may_lack = len(rows) > len(part)
            if part:
                usage = messages.Usage("m" + secrets.token_hex(8), int(self._clock.wall()), agent, (), part)
                sent.append(Outgoing(agent, "usage", messages.encode_usage(usage)))
                desk.next_at = now + limits.USE_SHARE_SECONDS
                for row in part:
                    desk.known.merge(*row)
        return sent

    def next_due(self) -> float | None:
        """When `due` may have something next, None for never."""
        return min((desk.next_at for desk in self._desks.values() if desk.may_lack), default=None)

    def _lacking(self, agent: str, desk: _Desk) -> list[Row]:
        """The newest days first."""
        policy = self._policy_of(agent)
        counted = _counted(policy) if policy else set()
        known = {row[:3]: row[3] for row in desk.known.rows(0)}
        desk.known.drop_before(self._first_day())
        rows = [
            row
            for row in self._use.rows(self._first_day())
            if row[:2] in counted and _has_more(row[3], known.get(row[:3], b""))
        ]
        return sorted(rows, key=lambda row: (-row[2], row[:2]))

    def _desk(self, agent: str) -> _Desk:
        return self._desks.setdefault(agent, _Desk())

    def _first_day(self) -> int:
        return int(self._clock.wall()) // _DAY_SECONDS - limits.USE_SHARED_DAYS + 1


def _counted(policy: Policy) -> set[tuple[str, str]]:
    """The people of a policy with the categories in which their minutes count."""
    total = {(person.id, "total") for person in policy.persons}
    return total | {(budget.person, budget.category) for budget in policy.budgets}


def _has_more(bits: bytes, known: bytes) -> bool:
    """True when a minute is set that is not known."""
    return bool(int.from_bytes(bits, "little") & ~int.from_bytes(known, "little"))
