"""Devices under a watch, told to the hub: what those with `reach` lines tried, and who streams up in quiet hours.

It decides when something is read and told: an alarm with the next reading, the rest every few seconds, and all of it at
each connection. A home without such lines costs nothing. What counts is `reached`'s and `streaming`'s part, how it is
put into messages `outbox`'s.
"""

import logging
from collections.abc import Iterable, Mapping

from stairgate.agent import gate
from stairgate.agent.asked import AskedInbox
from stairgate.agent.clock_trust import ClockTrust
from stairgate.agent.declared import reach_of
from stairgate.agent.grants import mac_key
from stairgate.agent.kernel import Kernel
from stairgate.agent.limits import OBSERVED_SECONDS, OBSERVED_TOLD, TRIED_LOOK_SECONDS
from stairgate.agent.netlink import KernelRefused
from stairgate.agent.outbox import Outbox
from stairgate.agent.reached import ReachedBook
from stairgate.agent.streaming import Streaming
from stairgate.agent.usage import Moved
from stairgate.core.observed import Reached, Streamed
from stairgate.core.records import Policy

log = logging.getLogger("stairgate.agent")


class Watch:
    """Call `follow` with each policy, `moved` after each reading of flows and `turn` at every turn of the loop."""

    def __init__(self, kernel: Kernel, outbox: Outbox, clock: ClockTrust, asked: AskedInbox) -> None:
        self._kernel, self._outbox, self._clock, self._asked = kernel, outbox, clock, asked
        self._book, self._streaming = ReachedBook(), Streaming()
        self._policy: Policy | None = None
        self._devices: dict[bytes, str] = {}
        self._next_telling = self._next_look = float("-inf")

    def follow(self, policy: Policy) -> None:
        """This policy is enforced."""
        if policy is self._policy:
            return
        self._policy = policy
        named = reach_of(policy)
        self._devices = {mac_key(mac): each.id for each in policy.devices if each.id in named for mac in each.macs}
        self._book.keep(named)
        self._streaming.follow(policy)

    def moved(self, flows: Iterable[Moved], numbers: Mapping[str, int], now: float) -> None:
        """What a reading has found. numbers: of the devices; now: monotonic seconds."""
        self._streaming.moved(flows, numbers, int(self._clock.wall()), now)

    def connected(self) -> None:
        """What was told before may not have arrived."""
        self._book.tell_all()
        self._streaming.tell_all()
        self._next_telling = float("-inf")

    def turn(self, now: float) -> None:
        """Look and tell, when it is time. now: monotonic seconds."""
        utc = int(self._clock.wall())
        self._book.asked(self._asked.drained(), utc)
        if self._devices and now >= self._next_look:
            self._next_look = now + TRIED_LOOK_SECONDS
            try:
                counts = self._kernel.counts(gate.TRIED4) | self._kernel.counts(gate.TRIED6)
                self._book.tried(counts, self._devices, utc)
            except KernelRefused as refused:
                log.warning("%s", refused)
        if now < self._next_telling:
            return
        rows: list[Reached | Streamed] = [*self._streaming.news(), *self._book.news(OBSERVED_TOLD)]
        if rows:
            self._next_telling = now + OBSERVED_SECONDS
            self._outbox.observed(rows)
