"""One look at policy, clock and kernel, after which the kernel holds exactly the grants that are due.

It decides when a change counts as made (only once read back from the kernel) and when to look again. Which grants are
due is left to `grants`, which flows are forgotten to `forgetting`, the policy to `sync`, the loop to `control`.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import NamedTuple

from stairgate.agent import gate, grants
from stairgate.agent.call_ranges import Calls, callers, render_calls, render_no_callers
from stairgate.agent.clock_trust import Belief, strictest
from stairgate.agent.doh_ranges import render_doh
from stairgate.agent.forgetting import Forgetting
from stairgate.agent.gate import GateSettings, SetName
from stairgate.agent.gate_rules import render_gate
from stairgate.agent.grants import CONSTANT_SETS, TIMED_SETS, Contents
from stairgate.agent.kernel import Kernel
from stairgate.agent.limits import LOOK_AFTER_SECONDS
from stairgate.agent.netlink import KernelRefused
from stairgate.agent.spending import Spending, budgeted
from stairgate.core.decide import Decision, decide_all
from stairgate.core.limits import GRANT_SECONDS_MAX
from stairgate.core.records import Policy
from stairgate.port.clock import SystemClock

Used = Mapping[str, Mapping[str, int]]


class Outcome(NamedTuple):
    """What one look found. decisions: by device id; next_look: seconds of the monotonic clock.

    by_budget: devices that a budget ends, so that their `until` moves on while nobody uses them.
    """

    decisions: dict[str, Decision]
    next_look: float
    by_budget: frozenset[str] = frozenset()

    def limited(self) -> frozenset[str]:
        """Devices on which only the homework list is open."""
        return frozenset(device for device, decision in self.decisions.items() if decision.level == "limited")


def _reach(policy: Policy) -> dict[str, Hashable]:
    """What narrows each device beside its level: flows begun before a change of it are begun anew."""
    named = {reach.device: reach.names for reach in policy.reaches}
    only = {record.person: record.only for record in policy.filters if record.only}
    return {
        device.id: (
            "resolved_only" in device.flags,
            tuple([only.get(person) for person in device.persons]),
            named.get(device.id),
        )
        for device in policy.devices
    }


class Enforcement:
    """Holds nothing that the kernel does not hold, but for the flows still to be forgotten."""

    def __init__(
        self,
        kernel: Kernel,
        settings: GateSettings,
        lan_interfaces: tuple[str, ...],
        clock: SystemClock,
        broker_port: int = 0,
    ) -> None:
        self._kernel, self._settings, self._clock = kernel, settings, clock
        self._lan_interfaces, self._broker_port = lan_interfaces, broker_port
        self._rules: bytes | None = None
        self._constant: Contents = {}
        # As text beside the rules; "" before a pack was used, which leaves what the kernel holds.
        self._resolvers = self._call_ranges = ""
        # None before a pack was used: nothing is known of the sets of callers.
        self._calls: Calls | None = None
        self._forgetting = Forgetting(kernel, clock)
        self.numbers: dict[str, int] = {}
        # Whether names are answered here: only then may the DNS of exempt devices be led here as well.
        self.dns_serves = False
        # What time it is, by the revision that is decided; who keeps a `ClockTrust` puts its own here.
        self.believe: Callable[[int], Belief] = lambda revision: Belief((clock.wall(),), trusted=True)

    def rules_stand(self) -> bool:
        """False when the gate's rules are not the ones this object loaded."""
        try:
            return self._rules is not None and self._kernel.rules() == self._rules
        except KernelRefused:
            return False

    def load_rules(self) -> None:
        """Load the constant rules and remember how the kernel tells them. Raises KernelRefused."""
        self._rules = None
        self._constant = {}
        text = render_gate(self._settings)
        try:
            self._kernel.load(text + self._resolvers)
        except KernelRefused:
            if not self._resolvers:
                raise
            # Whatever a list says, the gate stands.
            self._resolvers = ""
            self._kernel.load(text)
        try:
            if self._call_ranges:
                self._kernel.load(self._call_ranges)
        except KernelRefused:
            # Which chain leads to which app is not known now: nobody calls.
            self._call_ranges, self._calls = "", Calls((), lambda names: {})
        self._rules = self._kernel.rules()

    def lacks_ranges(self) -> bool:
        """True before a pack was used, and while the kernel refuses addresses of one."""
        return not (self._resolvers and self._call_ranges)

    def refuse_resolvers(self, ranges: Iterable[tuple[int, int, bytes]]) -> None:
        """No managed device reaches these encrypted resolvers, now and when the rules are loaded again.

        ranges: (family, prefix length, address). Raises KernelRefused, ValueError; the gate itself then stays.
        """
        text = render_doh(ranges, self._settings.table)
        if text != self._resolvers:
            self._resolvers = text
            self.load_rules()
            if not self._resolvers:
                raise KernelRefused("EINVAL", "loading the addresses of encrypted resolvers")

    def let_calls(self, calls: Calls) -> None:
        """Devices that reach only what was resolved reach the ranges of these apps too, where the apps are open.

        It holds from the next look on, and when the rules are loaded again. Raises KernelRefused, ValueError; the gate
        itself then stays, and nobody reaches them.
        """
        text = render_calls(calls.apps, self._settings.table)
        if self._calls and [app.tags for app in self._calls.apps] != [app.tags for app in calls.apps]:
            # The chains stand for other apps from now on.
            self._kernel.load(render_no_callers(self._settings.table))
        self._calls = calls
        if text != self._call_ranges:
            self._call_ranges = text
            self.load_rules()
            if not self._call_ranges:
                raise KernelRefused("EINVAL", "loading the addresses of calls")

    def enforce(
        self, policy: Policy, used: Used, everything: bool = True, spending: Mapping[str, Spending] | None = None
    ) -> Outcome:
        """Make the kernel hold what the policy grants now. Raises KernelRefused; what it held before then stays.

        used: minutes by person and category, as `decide` takes them. everything: also compare the sets that change with
        the family's devices only; a tap can do without when they have not. spending: budgets that are being used.
        """
        if self._rules is None:
            self.load_rules()
        self._renumber(policy)
        started = self._clock.monotonic()
        times, _, held = self.believe(policy.revision)
        now, minutes = times[0], {person: dict(by_category) for person, by_category in used.items()}
        decisions = strictest([decide_all(policy, int(time), minutes) for time in times], times, held)
        decisions, grant_ends = budgeted(policy, decisions, now, started, spending or {})
        due = {
            device: grant
            for device, decision in decisions.items()
            if (grant := grants.grant_of(device, decision, now, grant_ends.get(device))) is not None
        }
        constant = grants.constant_contents(
            policy, self.numbers, self._lan_interfaces, due, self.dns_serves, self._broker_port
        )
        constant_names: tuple[SetName, ...] = CONSTANT_SETS
        open_to = self._calls.open_to(policy) if self._calls else {}
        if self._calls:
            constant |= callers(policy, open_to)
            constant_names += gate.CALLERS
        wanted = grants.timed_contents(policy, due)
        names: tuple[SetName, ...] = TIMED_SETS
        if everything or constant != self._constant:
            wanted |= constant
            names += constant_names
        try:
            self._write(wanted, names, started)
        except KernelRefused as refused:
            if refused.code != "ENOENT":
                raise
            # Table or set is gone: somebody flushed. Once more, from the ground up.
            self.load_rules()
            wanted |= constant
            self._write(wanted, TIMED_SETS + constant_names, started)
        self._constant = constant
        self._forgetting.note(self.numbers, due, _reach(policy), open_to, started)
        return Outcome(decisions, self._next_look(decisions, now, started), frozenset(grant_ends))

    def forget_ended(self) -> None:
        """Forget the flows of devices whose grant, and TCP's second after it, have ended. Raises KernelRefused.

        It takes only so long; `next_forgetting` tells when it has not done all.
        """
        self._forgetting.forget(self.numbers)

    def next_forgetting(self) -> float | None:
        """When `forget_ended` has work next, in seconds of the monotonic clock."""
        return self._forgetting.next()

    def _write(self, wanted: Contents, names: tuple[SetName, ...], started: float) -> None:
        found = {name: self._kernel.elements(name) for name in names}
        changes = grants.changes_between(wanted, found, math.ceil((self._clock.monotonic() - started) * 1000))
        if not changes:
            return
        self._kernel.commit(changes)
        changed = {change.name for change in changes}
        found = {name: self._kernel.elements(name) for name in changed}
        elapsed_ms = int((self._clock.monotonic() - started) * 1000) + 1
        wrong = grants.differences({name: wanted[name] for name in changed}, found, elapsed_ms)
        if wrong:
            raise KernelRefused("EBADMSG", f"reading back: {'; '.join(wrong[:3])}")

    def _renumber(self, policy: Policy) -> None:
        devices = [device.id for device in policy.devices if not grants.is_exempt(device.flags)]
        if devices == list(self.numbers):
            return
        numbers = grants.allocate_numbers(self.numbers, devices, self._forgetting.given_up(self.numbers))
        self._forgetting.renumbered(self.numbers, numbers)
        self.numbers = numbers

    def _next_look(self, decisions: Mapping[str, Decision], now: float, started: float) -> float:
        waits = [GRANT_SECONDS_MAX / 2]
        for decision in decisions.values():
            if decision.until is not None:
                waits.append(decision.until - now + LOOK_AFTER_SECONDS)
        return started + max(0.0, min(waits))
