"""Which agent needs which policy when: a state machine without a network and without a clock.

An issued policy goes out at once and again after 1, 2, 4 … 60 s until a hello says that it is applied. A
hello that names another policy is answered with the newest. Only the newest is ever sent. Who sends is
`link`.
"""

from collections.abc import Container, Sequence
from typing import NamedTuple, Protocol

from stairgate.core.messages import Hello
from stairgate.hub import limits
from stairgate.hub.issue import Issued


class Outgoing(NamedTuple):
    """One message to one agent; `kind` as in the topic."""

    agent: str
    kind: str
    payload: bytes


class Publisher(Protocol):
    """Takes new policies to the agents. Never blocks and never fails: what it drops it fetches again."""

    def publish(self, policies: Sequence[Issued]) -> None:
        """Send these, newest wins."""

    def tell(self, messages: Sequence[Outgoing]) -> None:
        """Send these if the broker is there; a policy says what they say, or they are said again."""


class _Desk:
    def __init__(self, newest: Issued) -> None:
        self.newest = newest
        self.sent = 0  # times, since it was new or asked for
        self.next_at: float | None = None  # None: acknowledged
        self.last_at = float("-inf")


class Delivery:
    """The newest policy of each agent and when to send it again. All times are monotonic seconds."""

    def __init__(self) -> None:
        self._desks: dict[str, _Desk] = {}

    def newest(self, agent: str) -> Issued | None:
        """The newest policy of an agent, or None."""
        desk = self._desks.get(agent)
        return desk.newest if desk else None

    def offer(self, issued: Issued, now: float) -> list[Outgoing]:
        """A policy was issued; an older one than the newest is dropped."""
        desk = self._desks.get(issued.agent)
        if desk and issued.revision <= desk.newest.revision:
            return []
        self._desks[issued.agent] = desk = _Desk(issued)
        return [self._send(desk, now)]

    def connected(self, now: float) -> list[Outgoing]:
        """The broker is there again: everything unacknowledged goes out."""
        waiting = [desk for desk in self._desks.values() if desk.next_at is not None]
        for desk in waiting:
            desk.sent = 0
        return [self._send(desk, now) for desk in waiting]

    def hello(self, hello: Hello, now: float) -> list[Outgoing]:
        """An agent said what it applies."""
        desk = self._desks.get(hello.agent)
        if desk is None:
            return []
        same = (hello.revision, hello.digest) == (desk.newest.revision, desk.newest.digest)
        if same and hello.state == "applied":
            desk.next_at = None
            return []
        if desk.next_at is None:
            desk.sent, desk.next_at = 0, now
        # An agent that refuses, or whose hello crossed the policy, is answered by the repetition: an answer to
        # each of its hellos would make a storm.
        if hello.state != "applied" or now - desk.last_at < limits.REPEAT_SECONDS[0]:
            return []
        desk.sent = 0
        return [self._send(desk, now)]

    def keep(self, agents: Container[str]) -> None:
        """Forget the agents that are not among these: they were removed."""
        for agent in [agent for agent in self._desks if agent not in agents]:
            del self._desks[agent]

    def due(self, now: float) -> list[Outgoing]:
        """What is to be repeated by now."""
        return [
            self._send(desk, now) for desk in self._desks.values() if desk.next_at is not None and desk.next_at <= now
        ]

    def next_due(self) -> float | None:
        """When `due` has something next, None for never."""
        return min((desk.next_at for desk in self._desks.values() if desk.next_at is not None), default=None)

    def _send(self, desk: _Desk, now: float) -> Outgoing:
        delay = limits.REPEAT_SECONDS[min(desk.sent, len(limits.REPEAT_SECONDS) - 1)]
        desk.sent += 1
        desk.last_at = now
        desk.next_at = now + delay
        return Outgoing(desk.newest.agent, "policy", desk.newest.document)
