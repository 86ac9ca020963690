"""What the agent says upwards: each message with its id, its time and its size below the cap.

It decides how reports are cut into messages, and remembers the nonce of the last hello, which the hub's signed time
answers. When to say what is `control`'s part, carrying it `broker_link`'s.
"""

import logging
import secrets
from collections.abc import Callable, Sequence
from typing import TypeVar

from stairgate.agent.broker_link import Link
from stairgate.agent.limits import USAGE_ROWS
from stairgate.agent.sync import Received
from stairgate.core.limits import EVENT_ROWS, USAGE_MINUTE_ROWS
from stairgate.core.messages import (
    Events,
    Hello,
    Seen,
    Usage,
    encode_events,
    encode_hello,
    encode_usage,
)
from stairgate.core.observed import Reached, Streamed, encode_observed
from stairgate.core.refused import Refused
from stairgate.port.clock import SystemClock

Row = TypeVar("Row")

log = logging.getLogger("stairgate.agent")


class Outbox:
    """The messages of one agent. nonce: of the last hello, "" before the first; said_at: when, monotonic."""

    def __init__(self, link: Link, clock: SystemClock, agent: str) -> None:
        self._link, self._clock, self._agent = link, clock, agent
        self.nonce = ""
        self.said_at = 0.0

    def hello(
        self,
        policy: Received | None,
        highest: int,
        verdict: tuple[str, str],
        devices: tuple[tuple[str, str, int | None], ...],
        clock_trusted: bool,
        trust: int,
        certificate: str = "",
    ) -> None:
        """Say hello. policy: the one in force; verdict: state and reason; the rest as in `core.messages.Hello`."""
        self.nonce, self.said_at = secrets.token_hex(8), self._clock.monotonic()
        hello = Hello(
            id=_new_id(),
            t=int(self._clock.wall()),
            agent=self._agent,
            nonce=self.nonce,
            revision=policy.revision if policy else 0,
            digest=policy.digest if policy else "",
            highest=highest,
            state=verdict[0],
            reason=verdict[1],
            devices=devices,
            clock="trusted" if clock_trusted else "untrusted",
            trust=trust,
            certificate=certificate,
        )
        self._link.publish("hello", encode_hello(hello), 1)

    def usage(self, rows: Sequence[tuple[str, int, int]]) -> None:
        """Tell the counts of bytes, in as many messages as they need."""
        for first in range(0, len(rows), USAGE_ROWS):
            usage = Usage(_new_id(), int(self._clock.wall()), self._agent, tuple(rows[first : first + USAGE_ROWS]), ())
            self._link.publish("usage", encode_usage(usage), 0)

    def minutes(self, rows: Sequence[tuple[str, str, int, bytes]]) -> None:
        """Tell bitmaps of use, in as many messages as they need."""
        for first in range(0, len(rows), USAGE_MINUTE_ROWS):
            some = tuple(rows[first : first + USAGE_MINUTE_ROWS])
            usage = Usage(_new_id(), int(self._clock.wall()), self._agent, (), some)
            self._link.publish("usage", encode_usage(usage), 0)

    def seen(self, rows: Sequence[Seen]) -> None:
        """Tell which devices were seen, in as many messages as they need."""
        self._events(rows, lambda id, t, agent, some: encode_events(Events(id, t, agent, tuple(some))))

    def observed(self, rows: Sequence[Reached | Streamed]) -> None:
        """Tell what was observed of devices under a watch, in as many messages as it needs."""
        self._events(rows, encode_observed)

    def _events(self, rows: Sequence[Row], encode: Callable[[str, int, str, Sequence[Row]], bytes]) -> None:
        waiting = [rows[first : first + EVENT_ROWS] for first in range(0, len(rows), EVENT_ROWS)]
        while waiting:
            some = waiting.pop(0)
            try:
                payload = encode(_new_id(), int(self._clock.wall()), self._agent, some)
            except Refused as refused:
                if refused.reason != "too_large" or len(some) == 1:
                    log.error("events could not be told: %s", refused)
                    continue
                # A name in another script, or a long one, takes many bytes: half as many rows are tried.
                waiting[:0] = [some[: len(some) // 2], some[len(some) // 2 :]]
                continue
            self._link.publish("events", payload, 1)


def _new_id() -> str:
    return "m" + secrets.token_hex(8)
