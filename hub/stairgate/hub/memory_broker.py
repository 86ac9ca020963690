"""The fake beside `link`: a broker and its agents in this process, for tests and the browser.

It hands policies to the exchange at once, in the caller's thread, and lets a test speak for an agent.
"""

import secrets
import threading
from collections.abc import Sequence

from stairgate.core import messages
from stairgate.core.envelope import body_digest
from stairgate.core.policy import Policy, read_policy
from stairgate.hub.clock import Clock
from stairgate.hub.delivery import Outgoing
from stairgate.hub.exchange import Exchange
from stairgate.hub.issue import Issued


class MemoryBroker:
    """Everything that was sent, newest last; `apply` answers as an agent that applies it."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self.sent: list[Outgoing] = []
        self._exchange = exchange
        self._clock = clock
        self._lock = threading.RLock()

    def publish(self, policies: Sequence[Issued]) -> None:
        """See `delivery.Publisher`."""
        with self._lock:
            self._keep(self._exchange.offer(policies))

    def tell(self, messages: Sequence[Outgoing]) -> None:
        """See `delivery.Publisher`."""
        with self._lock:
            self._keep(messages)

    def policy(self, agent: str) -> tuple[Policy, str]:
        """The last policy that was sent to an agent, with its digest. Raises LookupError."""
        with self._lock:
            for message in reversed(self.sent):
                if message.agent == agent and message.kind == "policy":
                    body = message.payload.partition(b"\n")[2]
                    return read_policy(body), body_digest(body)
        raise LookupError(f"nothing was sent to {agent}")

    def apply(self, agent: str, state: str = "applied", reason: str = "") -> None:
        """The agent says hello about the last policy that was sent to it; `applied`, or what went wrong."""
        policy, digest = self.policy(agent)
        failed = state != "applied"
        self.hello(agent, 0 if failed else policy.revision, "" if failed else digest, state, reason, policy.revision)

    def hello(
        self,
        agent: str,
        revision: int,
        digest: str,
        state: str = "applied",
        reason: str = "",
        highest: int = 0,
        clock_difference: int = 0,
        devices: "tuple[tuple[str, str, int | None], ...]" = (),
        trust: int = 0,
        certificate: str = "",
    ) -> None:
        """The agent says hello; clock_difference: seconds that its clock is ahead."""
        hello = messages.Hello(
            id="m" + secrets.token_hex(8),
            t=int(self._clock.wall()) + clock_difference,
            agent=agent,
            nonce=secrets.token_hex(8),
            revision=revision,
            digest=digest,
            highest=max(highest, revision),
            state=state,
            reason=reason,
            devices=devices,
            clock="trusted",
            trust=trust,
            certificate=certificate,
        )
        self.receive(agent, "hello", messages.encode_hello(hello))

    def usage(self, agent: str, *counts: tuple[str, int, int]) -> None:
        """The agent counted bytes: (device, to it, from it), cumulative."""
        usage = messages.Usage("m" + secrets.token_hex(8), int(self._clock.wall()), agent, counts, ())
        self.receive(agent, "usage", messages.encode_usage(usage))

    def minutes(self, agent: str, *rows: tuple[str, str, int, bytes]) -> None:
        """The agent counted minutes: (person, category, UTC day, bitmap), cumulative."""
        usage = messages.Usage("m" + secrets.token_hex(8), int(self._clock.wall()), agent, (), rows)
        self.receive(agent, "usage", messages.encode_usage(usage))

    def receive(self, agent: str, kind: str, payload: bytes) -> None:
        """A message of the agent arrives."""
        with self._lock:
            self._keep(self._exchange.message(messages.topic(self._exchange.home, agent, "up", kind), payload))

    def _keep(self, outgoing: Sequence[Outgoing]) -> None:
        self.sent = (self.sent + list(outgoing))[-1000:]
