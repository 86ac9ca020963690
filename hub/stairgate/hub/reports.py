"""What the agents say they apply: the truth behind “applied on 1 of 1”.

It keeps each agent's last hello and compares it with the newest policy. What changed is written down, so that
a hub that restarts need not say "waiting" about a policy that holds. Whether its clock and its devices bear
it out is judged as each hello arrives, stays in RAM, and the next hello heals it. Only whether minutes are used up is
judged when it is asked: they go on being counted after a hello that said “open”.
"""

import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

from stairgate.core.decide import decide_all
from stairgate.core.messages import Hello
from stairgate.core.policy import Policy
from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.issue import Issued
from stairgate.hub.roster import Agent, Roster
from stairgate.hub.store import Store


class Report(NamedTuple):
    """An agent's last hello: what it applies, what became of the newest policy.

    Of this moment only, in RAM: heard (wall, seconds), clock_difference (agent minus hub, whole seconds) and
    devices (id, level, until) as it enforces them; open_devices are those of them that should be closed. open_since:
    those that are open, and since which hello in a row (wall seconds).
    """

    revision: int
    digest: str
    highest: int
    state: str
    reason: str
    heard: float
    clock_difference: int = 0
    devices: tuple[tuple[str, str, int | None], ...] = ()
    open_devices: tuple[str, ...] = ()
    open_since: tuple[tuple[str, float], ...] = ()

    def lasting(self) -> dict[str, str | int | float]:
        """What is written down."""
        return {name: getattr(self, name) for name in (*_COMPARED, "heard")}


_COMPARED = ("revision", "digest", "highest", "state", "reason")

#: Reasons of an agent that applies the policy all the same.
QUALIFIED = ("not_saved", "clock_untrusted", "no_dns", "no_pack")
SWITCHED_OFF = "switched_off"


class Standing(NamedTuple):
    """Where an agent stands with the newest policy.

    state: `applied` (with a reason of `QUALIFIED` where that is not the whole truth), `waiting`,
    `failed` (with the agent's reason, or `device_open` or `clock_differs` when it says applied and its devices or
    its clock say otherwise) or `silent` (nothing heard for 20 minutes; then the last policy it had is still
    enforced). heard: wall seconds of the last hello, None when there was none. clock_difference: seconds, the
    agent's clock minus the hub's, with reason `clock_differs`. until: UTC seconds at which an agent that is
    `switched_off` goes on, None when it does not say.
    """

    agent: Agent
    state: str
    reason: str
    heard: float | None
    clock_difference: int = 0
    until: int | None = None


class Reports:
    """The last report of each agent of one home. Safe for threads."""

    def __init__(self, store: Store, home: str, clock: Clock, roster: Roster) -> None:
        self._roster = roster
        self._store = store
        self._home = home
        self._clock = clock
        self._lock = threading.Lock()
        self._reports: dict[str, Report] = {}
        #: The values of an issued policy, and the minutes that every router must know: set when the parts are there.
        self.policy_of: Callable[[Issued], Policy | None] = lambda issued: None
        self.use: Callable[[Policy, int], dict[str, dict[str, int]]] = lambda policy, now: {}
        with store.transaction(home) as rows:
            for row in rows.page("agents"):
                self._reports[row.id] = Report(**row.document)

    def hello(self, hello: Hello, policy: Policy | None = None) -> None:
        """Take an agent's hello; agents that are not of this home are ignored.

        `policy`: the one that the hello names, when it is the newest.
        """
        if hello.agent not in self._roster.ids():
            return
        heard = self._clock.wall()
        report = Report(
            hello.revision,
            hello.digest,
            hello.highest,
            hello.state,
            hello.reason,
            heard,
            hello.t - int(heard),
            hello.devices,
            _wrongly_open(hello, policy) if policy else (),
        )
        with self._lock:
            before = self._reports.get(hello.agent)
            since = dict(before.open_since) if before else {}
            opened = tuple((device, since.get(device, heard)) for device, level, _ in hello.devices if level == "open")
            self._reports[hello.agent] = report = report._replace(open_since=opened)
        if before is None or any(getattr(before, name) != getattr(report, name) for name in _COMPARED):
            with self._store.transaction(self._home) as rows:
                rows.put("agents", hello.agent, report.lasting())

    def forget(self, agent: str) -> None:
        """An agent was removed or paired again: what it said before is no longer its word."""
        with self._lock:
            self._reports.pop(agent, None)
        with self._store.transaction(self._home) as rows:
            rows.delete("agents", agent)

    def standings(self, newest: Mapping[str, Issued]) -> list[Standing]:
        """Each agent's standing. `newest`: the last policy issued for each."""
        with self._lock:
            reports = dict(self._reports)
        return [self._standing(agent, reports.get(agent.id), newest.get(agent.id)) for agent in self._roster.agents()]

    def _standing(self, agent: Agent, report: Report | None, newest: Issued | None) -> Standing:
        if report is None:
            return Standing(agent, "silent", "", None)
        # A clock set back must not make an agent look fresh for ever.
        age = abs(self._clock.wall() - report.heard)
        applied = newest is not None and (report.revision, report.digest) == (newest.revision, newest.digest)
        if age > limits.AGENT_SILENT_SECONDS:
            return Standing(agent, "silent", "", report.heard)
        if report.state in ("failed", "refused"):
            until = _switched_off_until(report) if report.reason == SWITCHED_OFF else None
            return Standing(agent, "failed", report.reason, report.heard, until=until)
        if not applied:
            return Standing(agent, "waiting", "", report.heard)
        if report.open_devices or (newest and self._has_spent(report, newest)):
            return Standing(agent, "failed", "device_open", report.heard)
        if abs(report.clock_difference) > limits.CLOCK_DIFFERENCE_SECONDS:
            return Standing(agent, "failed", "clock_differs", report.heard, report.clock_difference)
        return Standing(agent, "applied", report.reason if report.reason in QUALIFIED else "", report.heard)

    def _has_spent(self, report: Report, newest: Issued) -> bool:
        """Whether a device is open though its minutes are used up, by what every router has known for a while.

        One that was opened a moment ago is not blamed: an agent that was killed is told its minutes again first.
        """
        wall = self._clock.wall()
        opened = {device for device, since in report.open_since if abs(wall - since) >= limits.USE_SETTLED_SECONDS}
        policy = self.policy_of(newest) if opened else None
        if not policy or not policy.budgets:
            return False
        now = int(wall) + report.clock_difference
        moments = (now, max(0, now - int(limits.USE_SETTLED_SECONDS)))
        decided = [decide_all(policy, moment, self.use(policy, moment)) for moment in moments]
        return any(all(device in at and at[device].reason == "budget_spent" for at in decided) for device in opened)


def _switched_off_until(report: Report) -> int | None:
    """While a gate is off a device is open until it is on again, or for longer if its rules say so."""
    return min((until for _, level, until in report.devices if level == "open" and until is not None), default=None)


def _wrongly_open(hello: Hello, policy: Policy) -> tuple[str, ...]:
    told_open = {device for device, level, _ in hello.devices if level == "open"}
    if not told_open:
        return ()
    # By the agent's own clock: that it differs is another fault.
    moments = (hello.t, max(0, hello.t - limits.LEVEL_CHANGE_SECONDS))
    may_be_open = {
        device
        for moment in moments
        for device, decision in decide_all(policy, moment, {}).items()
        if decision.level == "open"
    }
    return tuple(sorted(told_open - may_be_open))
