"""The loop of the DNS process: it waits for descriptors and moments, and lets no error of a handler end it.

It decides the order of things within one turn; what is read is the handlers' part. One thread, level-triggered epoll:
a handler takes a bounded share of what waits for it, and the rest makes it ready again.
"""

import select
import time
from collections.abc import Callable
from typing import Any, Protocol

from stairgate.agent.limits import WAIT_MAX_SECONDS

READ, WRITE = select.EPOLLIN, select.EPOLLOUT
EVENTS_A_TURN = 64

Handler = Callable[[int], None]
Sending = tuple[Callable[[Any, Any], object], Any, Any]  # what sends, what, and where to


class Held(Protocol):
    """A socket, or something that holds one."""

    def fileno(self) -> int:
        """Its descriptor, negative once it is closed."""

    def close(self) -> None:
        """Free it."""


class Loop:
    """`now` is the monotonic time of the turn, `errors` how many messages nobody could handle.

    outbox: datagrams that leave together at the end of the turn. Sent one by one, each would wake whoever waits for it,
    which costs as much as all else about it.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._held: dict[int, Held] = {}
        self._ticks: dict[Callable[[float], float], float] = {}
        self._due = 0.0
        self.outbox: list[Sending] = []
        self.now = time.monotonic()
        self.errors = 0
        self.last_error = ""
        self.is_running = True

    def add(self, held: Held, handler: Handler, events: int = READ) -> None:
        """Call the handler, with the events, whenever this is ready. The loop owns it from now on."""
        descriptor = held.fileno()
        self._handlers[descriptor] = handler
        self._held[descriptor] = held
        self._epoll.register(descriptor, events)

    def change(self, held: Held, events: int) -> None:
        """Wait for other events."""
        self._epoll.modify(held.fileno(), events)

    def remove(self, held: Held) -> None:
        """Close it, once."""
        descriptor = held.fileno()
        if self._held.get(descriptor) is held:
            del self._handlers[descriptor], self._held[descriptor]
            self._epoll.unregister(descriptor)
            held.close()

    def close(self) -> None:
        """Close everything."""
        for held in list(self._held.values()):
            self.remove(held)
        self._epoll.close()

    def at_times(self, tick: Callable[[float], float]) -> None:
        """Call with the time, from the next turn on; it returns when it wants to be called again.

        Nothing that begins later may be due before that time, or `hurry` is to be called.
        """
        self._ticks[tick] = self._due = 0.0

    def forget(self, tick: Callable[[float], float]) -> None:
        """Call it no more."""
        self._ticks.pop(tick, None)

    def hurry(self, tick: Callable[[float], float]) -> None:
        """Call it in this turn."""
        self._ticks[tick] = self._due = 0.0

    def failed(self, error: Exception) -> None:
        """An error of a handler that nobody expected: counted, its kind kept, never its text (it may hold a name)."""
        self.errors += 1
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""
        self.last_error = f"{type(error).__name__} in {where}"

    def run(self) -> None:
        """Turn until `stop`."""
        while self.is_running:
            self.turn()

    def turn(self) -> None:
        """One turn: wait for what comes first, a descriptor or a moment."""
        wait = self._due - time.monotonic()
        events = self._epoll.poll(wait if wait > 0 else 0, EVENTS_A_TURN)
        self.now = time.monotonic()
        for descriptor, ready in events:
            handler = self._handlers.get(descriptor)
            if handler is None:  # removed by an earlier one of this turn
                continue
            try:
                handler(ready)
            except Exception as error:
                self.failed(error)
        self.flush()
        if self.now >= self._due:
            self._due = self.now + WAIT_MAX_SECONDS
            self._tick()
            self.flush()

    def flush(self) -> None:
        """Send the outbox, and what comes into it meanwhile. What cannot be sent is lost, as datagrams are."""
        for send, what, target in self.outbox:
            try:
                send(what, target)
            except OSError:
                pass
            except Exception as error:
                self.failed(error)
        self.outbox.clear()

    def _tick(self) -> None:
        for tick, due in list(self._ticks.items()):
            if due <= self.now:
                try:
                    due = tick(self.now)
                except Exception as error:
                    due = self.now + WAIT_MAX_SECONDS
                    self.failed(error)
                if tick in self._ticks:
                    self._ticks[tick] = due
            self._due = min(self._due, due)

    def stop(self) -> None:
        """End after this turn."""
        self.is_running = False
