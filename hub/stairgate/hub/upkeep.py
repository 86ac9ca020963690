"""What the hub does by itself every two seconds, also when nobody opens a page: look, end what is over, roll back.

It decides only when; each step is its part's own. A step that fails is logged and tried again with the next turn,
and never keeps the others from theirs.
"""

import logging
import threading
from collections.abc import Callable, Sequence

from stairgate.hub import limits
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.store import StoreError

_log = logging.getLogger(__name__)


class Upkeep:
    """The steps, in their order."""

    def __init__(self, steps: Sequence[Callable[[], None]]) -> None:
        self._steps = tuple(steps)

    def add(self, step: Callable[[], None]) -> None:
        """One more step, after the others."""
        self._steps += (step,)

    def run(self) -> None:
        """One turn."""
        for step in self._steps:
            try:
                step()
            except (StoreError, PolicyTooLarge, OSError) as problem:
                _log.error("upkeep: %s", type(problem).__name__)


class Ticker:
    """A thread that does the upkeep until it is stopped."""

    def __init__(self, upkeep: Upkeep) -> None:
        self._upkeep = upkeep
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin, with a first turn at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the turn that runs."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._upkeep.run()
            except Exception:  # the next turn comes all the same; the traceback names code, never content
                _log.exception("upkeep failed")
            if self._stop.wait(limits.UPKEEP_SECONDS):
                return
