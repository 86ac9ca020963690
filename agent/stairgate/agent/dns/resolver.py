"""Names that resolve: from the cache, from a question already under way, or from upstream, within bounds for each.

It decides who may wait: so many queries of one device, so many of all; a device that asks without end takes no other's
place. How a question travels is `upstream`'s part, what is done with the reply the caller's.
"""

from collections.abc import Hashable, Sequence
from typing import Protocol

from stairgate.agent.dns.cache import Cache, Entry
from stairgate.agent.dns.devices import Subject
from stairgate.agent.dns.loop import Loop
from stairgate.agent.dns.message import Reply
from stairgate.agent.dns.upstream import Asked, Upstream
from stairgate.agent.limits import UPSTREAM_ASKED, WAITING, WAITING_A_DEVICE


class Waiter(Protocol):
    """A query that waits. identity: equal for a repetition of the same query by the same client."""

    subject: Subject
    identity: Hashable

    def resolved(self, entry: Entry | None) -> None:
        """The answer has come; None when there is none to be had."""


_BITS = (b"\0", b"\1", b"\2", b"\3")


def cache_key(question: bytes, do: bool, cd: bool) -> bytes:
    """What an answer depends on: the question in lower case, and the two bits."""
    return question + _BITS[do | cd << 1]


class Resolver:
    """servers: address and port of each, the first one asked first."""

    def __init__(self, loop: Loop, servers: Sequence[tuple[str, int]], cache: Cache) -> None:
        self._loop, self.cache = loop, cache
        self._upstream = Upstream(loop, servers, self._finished)
        self._under_way: dict[bytes, Asked] = {}
        self.waiting = 0

    def known(self, question: bytes, do: bool, cd: bool) -> Entry | None:
        """What the cache holds. question: in lower case."""
        return self.cache.get(cache_key(question, do, cd), self._loop.now)

    def wait(self, question: bytes, do: bool, cd: bool, waiter: Waiter) -> bool:
        """Ask, and tell the waiter; False when there are too many questions already."""
        key = cache_key(question, do, cd)
        asked = self._under_way.get(key)
        if asked is not None and waiter.identity in asked.waiters:
            return True  # the client sent it again: one answer is enough
        if waiter.subject.pending >= WAITING_A_DEVICE or self.waiting >= WAITING:
            return False
        if asked is None and len(self._under_way) >= UPSTREAM_ASKED:
            return False
        waiter.subject.pending += 1
        self.waiting += 1
        if asked is not None:
            asked.waiters[waiter.identity] = waiter
            return True
        asked = Asked(key, question, do, cd)
        asked.waiters[waiter.identity] = waiter
        self._under_way[key] = asked
        self._upstream.ask(asked)
        return True

    def _finished(self, asked: Asked, reply: Reply | None) -> None:
        self._under_way.pop(asked.key, None)
        entry = None
        if reply is not None:
            entry = self.cache.put(asked.key, reply, self._loop.now)
        waiters: list[Waiter] = list(asked.waiters.values())  # type: ignore[arg-type]
        asked.waiters.clear()
        for waiter in waiters:
            waiter.subject.pending -= 1
            self.waiting -= 1
        for waiter in waiters:
            try:
                waiter.resolved(entry)
            except Exception as error:
                self._loop.failed(error)
