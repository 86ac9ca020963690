"""New devices that ask “please tell whose I am”: a few at a time, each for an hour, in RAM only.

It decides which ask is taken. Anybody on the network may send one, so three at most are open, one a minute from
each device; what they make parents see is bounded text from here.
"""

import threading
from typing import NamedTuple

from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.language import _


class Ask(NamedTuple):
    """One device's ask: wall seconds, and the kind of device it says it is (one of DEVICE_KINDS, or empty)."""

    at: float
    kind: str


class Asks:
    """The open asks of a home, by device id. Safe for threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asks: dict[str, tuple[float, Ask]] = {}

    def tell(self, device: str, kind: str) -> str:
        """Take an ask; returns why not, or an empty string."""
        now = self._clock.monotonic()
        with self._lock:
            self._forget(now)
            held = self._asks.get(device)
            if held and now - held[0] < limits.ASK_SECONDS_BETWEEN:
                return ""  # told already, and the parents see it
            if not held and len(self._asks) >= limits.ASKS_MAX:
                return _("Other new devices are asking already. Please tell a parent yourself.")
            self._asks[device] = (now, Ask(self._clock.wall(), kind))
        return ""

    def of(self, device: str) -> Ask | None:
        """What this device asks, or None."""
        with self._lock:
            self._forget(self._clock.monotonic())
            held = self._asks.get(device)
        return held[1] if held else None

    def answered(self, device: str) -> None:
        """A parent has said whose it is."""
        with self._lock:
            self._asks.pop(device, None)

    def _forget(self, now: float) -> None:
        for device in [device for device, (at, _ask) in self._asks.items() if now - at >= limits.ASK_SECONDS_MAX]:
            del self._asks[device]
