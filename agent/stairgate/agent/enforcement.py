"""One look at policy, clock and kernel, after which the kernel holds exactly the grants that are due.

It decides when a change counts as made (only once read back from the kernel), when to look again, and when a device's
tracked flows are forgotten: once the return path of TCP has ended and nobody has opened the gate again. Which grants
are due is left to `grants`, the policy to `sync`, the loop to `control`.
"""

import heapq
import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from stairgate.agent import gate, grants
from stairgate.agent.clock_trust import Belief, strictest
from stairgate.agent.gate import GateSettings, SetName
from stairgate.agent.grants import CONSTANT_SETS, TIMED_SETS, Contents, Grant
from stairgate.agent.kernel import Kernel
from stairgate.agent.limits import (
    FORGET_AFTER_SECONDS,
    FORGETTING_SECONDS,
    LOOK_AFTER_SECONDS,
    NUMBER_MAX,
    RETRY_SECONDS,
)
from stairgate.agent.netlink import KernelRefused
from stairgate.core.decide import Decision, decide_all
from stairgate.core.limits import GRANT_SECONDS_MAX
from stairgate.core.records import Policy
from stairgate.port.clock import SystemClock

Used = Mapping[str, Mapping[str, int]]


class Outcome(NamedTuple):
    """What one look found. decisions: by device id; next_look: seconds of the monotonic clock."""

    decisions: dict[str, Decision]
    next_look: float


class Enforcement:
    """Holds nothing that the kernel does not hold, but for the flows still to be forgotten."""

    def __init__(
        self, kernel: Kernel, settings: GateSettings, lan_interfaces: tuple[str, ...], clock: SystemClock
    ) -> None:
        self._kernel, self._settings, self._clock = kernel, settings, clock
        self._lan_interfaces = lan_interfaces
        self._rules: bytes | None = None
        self._constant: Contents = {}
        self._ends: dict[str, float] = {}
        self._forget: list[tuple[float, str, int]] = []
        self.numbers: dict[str, int] = {}
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
        self._kernel.load(gate.render_gate(self._settings))
        self._rules = self._kernel.rules()

    def enforce(self, policy: Policy, used: Used, everything: bool = True) -> Outcome:
        """Make the kernel hold what the policy grants now. Raises KernelRefused; what it held before then stays.

        used: minutes by person and category, as `decide` takes them. everything: also compare the sets that change with
        the family's devices only; a tap can do without when they have not.
        """
        if self._rules is None:
            self.load_rules()
        self._renumber(policy)
        started = self._clock.monotonic()
        times, _, held = self.believe(policy.revision)
        now, minutes = times[0], {person: dict(by_category) for person, by_category in used.items()}
        decisions = strictest([decide_all(policy, int(time), minutes) for time in times], times, held)
        due = {
            device: grant
            for device, decision in decisions.items()
            if (grant := grants.grant_of(device, decision, now)) is not None
        }
        constant = grants.constant_contents(policy, self.numbers, self._lan_interfaces)
        wanted = grants.timed_contents(policy, due)
        names: tuple[SetName, ...] = TIMED_SETS
        if everything or constant != self._constant:
            wanted |= constant
            names += CONSTANT_SETS
        try:
            self._write(wanted, names, started)
        except KernelRefused as refused:
            if refused.code != "ENOENT":
                raise
            # Table or set is gone: somebody flushed. Once more, from the ground up.
            self.load_rules()
            wanted |= constant
            self._write(wanted, TIMED_SETS + CONSTANT_SETS, started)
        self._constant = constant
        self._note_ends(due, started)
        return Outcome(decisions, self._next_look(decisions, now, started))

    def forget_ended(self) -> None:
        """Forget the flows of devices whose grant, and TCP's second after it, have ended. Raises KernelRefused.

        It takes only so long; `next_forgetting` tells when it has not done all.
        """
        now = self._clock.monotonic()
        while self._forget and self._forget[0][0] <= now:
            if self._clock.monotonic() - now > FORGETTING_SECONDS:
                return
            _, device, number = heapq.heappop(self._forget)
            # An entry may stem from an earlier end: since then the gate was opened, and perhaps shut again just now.
            # A number that the device has no more is forgotten even when it has come back with another.
            over = self._ends.get(device, 0.0) + FORGET_AFTER_SECONDS <= now
            if self.numbers.get(device) != number or over:
                try:
                    self._kernel.forget(number)
                except KernelRefused:
                    heapq.heappush(self._forget, (now + RETRY_SECONDS, device, number))
                    raise

    def next_forgetting(self) -> float | None:
        """When `forget_ended` has work next, in seconds of the monotonic clock."""
        return self._forget[0][0] if self._forget else None

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
        given_up = {number for _, device, number in self._forget if self.numbers.get(device) != number}
        numbers = grants.allocate_numbers(self.numbers, devices, given_up)
        at = self._clock.monotonic() + FORGET_AFTER_SECONDS
        for device, number in self.numbers.items():
            if device not in numbers:
                heapq.heappush(self._forget, (at, device, number))
                self._ends.pop(device, None)
        self.numbers = numbers

    def _note_ends(self, due: Mapping[str, Grant], started: float) -> None:
        finished = self._clock.monotonic()
        for device, number in self.numbers.items():
            # Whether a device had a grant before this process began, only its flows would tell: they are forgotten.
            before = self._ends.get(device, math.inf)
            grant = due.get(device)
            # A pause ends now, at the finished read-back; a grant at its own end.
            end = started + grant.milliseconds / 1000 if grant else min(before, finished)
            self._ends[device] = end
            if end != before:
                heapq.heappush(self._forget, (end + FORGET_AFTER_SECONDS, device, number))
        # Superseded entries are harmless, but a grant renewed for months must not let them pile up.
        if len(self._forget) > 4 * NUMBER_MAX:
            live = [(end + FORGET_AFTER_SECONDS, device, self.numbers[device]) for device, end in self._ends.items()]
            self._forget = [entry for entry in live if entry[0] > finished]
            heapq.heapify(self._forget)

    def _next_look(self, decisions: Mapping[str, Decision], now: float, started: float) -> float:
        waits = [GRANT_SECONDS_MAX / 2]
        for decision in decisions.values():
            if decision.until is not None:
                waits.append(decision.until - now + LOOK_AFTER_SECONDS)
        return started + max(0.0, min(waits))
