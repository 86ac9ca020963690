"""What the agents say they apply: the truth behind “applied on 1 of 1”.

It keeps each agent's last hello and compares it with the newest policy. What changed is written down, so that
a hub that restarts need not say "waiting" about a policy that holds; when it was heard and each device's
level stay in RAM.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stairgate.core.messages import Hello
from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.issue import Issued
from stairgate.hub.store import Store


class Agent(NamedTuple):
    """A router with the label parents gave it."""

    id: str
    label: str


class Report(NamedTuple):
    """An agent's last hello: what it applies, what became of the newest policy, when it spoke (wall, seconds)."""

    revision: int
    digest: str
    highest: int
    state: str
    reason: str
    heard: float


class Standing(NamedTuple):
    """Where an agent stands with the newest policy.

    state: `applied`, `waiting`, `failed` (with the agent's reason) or `silent` (nothing heard for 20 minutes;
    then the last policy it had is still enforced). heard: wall seconds of the last hello, None when there was
    none.
    """

    agent: Agent
    state: str
    reason: str
    heard: float | None


class Reports:
    """The last report of each agent of one home. Safe for threads."""

    def __init__(self, store: Store, home: str, clock: Clock, agents: Sequence[Agent]) -> None:
        self.agents = tuple(agents)
        self._store = store
        self._home = home
        self._clock = clock
        self._lock = threading.Lock()
        self._reports: dict[str, Report] = {}
        with store.transaction(home) as rows:
            for row in rows.page("agents"):
                self._reports[row.id] = Report(**row.document)

    def hello(self, hello: Hello) -> None:
        """Take an agent's hello; agents that are not of this home are ignored."""
        if hello.agent not in [agent.id for agent in self.agents]:
            return
        report = Report(hello.revision, hello.digest, hello.highest, hello.state, hello.reason, self._clock.wall())
        with self._lock:
            before = self._reports.get(hello.agent)
            self._reports[hello.agent] = report
        if before is None or before[:-1] != report[:-1]:
            with self._store.transaction(self._home) as rows:
                rows.put("agents", hello.agent, report._asdict())

    def standings(self, newest: Mapping[str, Issued]) -> list[Standing]:
        """Each agent's standing. `newest`: the last policy issued for each."""
        with self._lock:
            reports = dict(self._reports)
        return [self._standing(agent, reports.get(agent.id), newest.get(agent.id)) for agent in self.agents]

    def _standing(self, agent: Agent, report: Report | None, newest: Issued | None) -> Standing:
        if report is None:
            return Standing(agent, "silent", "", None)
        # A clock set back must not make an agent look fresh for ever.
        age = abs(self._clock.wall() - report.heard)
        applied = newest is not None and (report.revision, report.digest) == (newest.revision, newest.digest)
        if age > limits.AGENT_SILENT_SECONDS:
            state = "silent"
        elif applied and report.state == "applied":
            state = "applied"
        elif report.state in ("failed", "refused"):
            state = "failed"
        else:
            state = "waiting"
        return Standing(agent, state, report.reason if state == "failed" else "", report.heard)
