"""What outlives the hub's process beside the store: history, minutes in use, guess counters, reset code, backups.

It puts them together for a data directory, or in RAM for tests, and runs the one thread that writes what may wait.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stairgate.hub import backup
from stairgate.hub.claim_code import RESET_FILE_NAME, ClaimCode, ClaimFile, ClaimSlot, reset_code
from stairgate.hub.clock import Clock
from stairgate.hub.guessing import GuessFile, Guessing, GuessSlot
from stairgate.hub.history import FILE_NAME as HISTORY_NAME
from stairgate.hub.history import History
from stairgate.hub.toy_ledger import FILE_NAME as TOYS_NAME
from stairgate.hub.toy_ledger import ToyLedger
from stairgate.hub.use_store import FILE_NAME as USE_NAME
from stairgate.hub.use_store import UseStore

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0


def _no_restart() -> None:
    """A hub that runs inside a test is begun anew by the test."""


@dataclass(frozen=True)
class Keeping:
    """places: home and data directory, None where there are none to back up. restart: begin the process's work anew,
    with what was restored; returns at once.
    """

    history: History
    reset_code: ClaimCode
    use: UseStore
    toys: ToyLedger
    guess_slot: GuessSlot = field(default_factory=GuessSlot)
    places: backup.Places | None = None
    restart: Callable[[], None] = _no_restart

    @contextmanager
    def writing(self, guessing: Guessing) -> Iterator[None]:
        """Write what waits every now and then as long as the block runs, and all of it at its end."""
        stop = threading.Event()

        def write() -> None:
            while not stop.wait(_LOOK_SECONDS):
                try:
                    self.history.write_due()
                    self.use.write_due()
                    guessing.write_due()
                except Exception:
                    # Without this thread nothing would be written any more, and nobody would know.
                    _log.exception("what waits could not be written")

        writer = threading.Thread(target=write, name="keeping", daemon=True)
        writer.start()
        try:
            yield
        finally:
            stop.set()
            writer.join()
            guessing.write()
            self.history.close()
            self.use.close()
            self.toys.close()


def in_memory(clock: Clock) -> Keeping:
    """Nothing outlives the process (the fake)."""
    return Keeping(History(None, clock), reset_code(ClaimSlot(), clock), UseStore(None, clock), ToyLedger(None, clock))


def on_disk(places: backup.Places, clock: Clock, restart: Callable[[], None]) -> Keeping:
    """Kept in the data directory."""
    data: Path = places.data
    return Keeping(
        history=History(data / HISTORY_NAME, clock),
        reset_code=reset_code(ClaimFile(data, RESET_FILE_NAME), clock),
        use=UseStore(data / USE_NAME, clock),
        toys=ToyLedger(data / TOYS_NAME, clock),
        guess_slot=GuessFile(data),
        places=places,
        restart=restart,
    )
