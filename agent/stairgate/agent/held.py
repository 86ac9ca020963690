"""The policy in force and its files: what is held, what is on the disk of it, and what hello says became of the newest.

It decides what is fallen back on when a file is damaged (the policy before it, then what is never closed), keeps the
highest revision ever accepted, and tries a disk that was full again. Whether a document is believed is left to `sync`,
how files are written to `state`, enforcing and the order of things to `control`.
"""

import logging
from collections.abc import Callable

from stairgate.agent import clock_trust, sync
from stairgate.agent.clock_trust import Record
from stairgate.agent.limits import RETRY_SECONDS
from stairgate.agent.state import State
from stairgate.agent.sync import Identity, Received
from stairgate.core.policy import write_policy
from stairgate.core.records import Policy
from stairgate.core.refused import Refused

APPLIED, NOT_SAVED = ("applied", ""), ("applied", "not_saved")

log = logging.getLogger("stairgate.agent")


class Held:
    """What the agent goes by. `received` is the policy in force, None before the first; `highest` the highest revision.

    identity: whom to believe; may be replaced when the home's keys change. clock_record: what is known of the time, as
    it is on the disk. retry_at: seconds of the monotonic clock when `save` is to be called again, None while everything
    is on the disk.
    """

    def __init__(self, identity: Identity, state: State) -> None:
        self.identity, self._state = identity, state
        self.received: Received | None = None
        self.highest = 0
        self.retry_at: float | None = None
        # What became of the newest document.
        self._verdict = APPLIED
        # Without a usable policy: what is never closed, and nothing else.
        self._constants: Policy | None = None
        self._saved_constants: bytes | None = None
        self._saved: Received | None = None
        # Accepted since the start, and not what the disk has; and what was in force before.
        self._unsaved: Received | None = None
        self._replaced: Received | None = None
        self._saved_numbers: dict[str, int] = {}
        self.clock_record = clock_trust.read_record(state.load_clock() or b"")

    def open(self) -> dict[str, int]:
        """Make the last good policy the one in force; returns the devices' numbers.

        When the newest cannot be used, the one before it is; when neither can, only what is never closed. The newest
        one's fault is told until the hub has sent a policy.
        """
        self._state.remove_unfinished()
        self._saved_numbers = self._state.load_numbers()
        fault = self._open_saved(self._state.load_policy)
        if self.received:
            self._saved = self.received
        else:
            self._open_saved(self._state.load_previous)
        self._open_constants()
        if self.received:
            self.highest = max(self.highest, self.received.revision)
        if fault and (self.received or self._constants or fault != "missing"):
            self._verdict = ("refused", fault)
        return self._saved_numbers

    def _open_saved(self, load: Callable[[], bytes | None]) -> str:
        """Make a saved document the policy; returns a reason code when it cannot be."""
        try:
            document = load()
            if document is None:
                return "missing"
            self.received = sync.open_policy(document, self.identity)
        except Refused as refused:
            log.error("a saved policy is not usable: %s", refused)
            return refused.reason
        except (OSError, ValueError) as error:
            log.error("a saved policy is not readable: %s", error)
            return "unreadable"
        return ""

    def _open_constants(self) -> None:
        self._saved_constants = self._state.load_constants()
        if self._saved_constants is None:
            return
        try:
            self._constants = sync.open_constants(self._saved_constants, self.identity)
        except Refused as refused:
            log.error("the saved constants are not usable: %s", refused)
        else:
            self.highest = self._constants.revision

    def policy(self) -> Policy | None:
        """What is to be enforced, None when there is nothing to go by."""
        return self.received.policy if self.received else self._constants

    def body(self) -> bytes:
        """The lines of that policy, as the filter reads them; b"" without one."""
        if self.received:
            return self.received.document.partition(b"\n")[2]
        return write_policy(self._constants) if self._constants else b""

    def verdict(self) -> tuple[str, str]:
        """State and reason for hello: what became of the newest document."""
        return NOT_SAVED if self._verdict == APPLIED and self.retry_at is not None else self._verdict

    def accept(self, document: bytes) -> bool:
        """True when the document is the policy now; it is to be enforced, then saved."""
        try:
            received = sync.accept_policy(document, self.identity, self.received, self.highest)
        except Refused as refused:
            log.warning("a policy was refused: %s", refused.reason)
            # One that a queue held back says nothing about the newest policy, which is what hello tells.
            if refused.reason != "older":
                self._verdict = ("refused", refused.reason)
            return False
        if self.received and self.received.digest != received.digest:
            self._replaced = self.received
        self.highest = received.revision
        self.received, self._verdict = received, APPLIED
        self._unsaved = received
        return True

    def save(self, numbers: dict[str, int], clock: Record | None, now: float) -> None:
        """Keep what was enforced, only then: a full disk must not keep a child's gate open.

        clock: what is known of the time. now: seconds of the monotonic clock, from which `retry_at` follows when the
        disk refuses.
        """
        failed_before, self.retry_at = self.retry_at is not None, None
        for write in (
            self._save_policy,
            self._save_constants,
            lambda: self._save_numbers(numbers),
            lambda: self._save_clock(clock),
        ):
            try:
                write()
            except OSError as error:
                if not failed_before:
                    log.error("not saved: %s", error)
                self.retry_at = now + RETRY_SECONDS

    def _save_policy(self) -> None:
        if self._unsaved and (self._saved is None or self._saved.digest != self._unsaved.digest):
            self._state.save_policy(self._unsaved.document, self._replaced.document if self._replaced else None)
            self._saved, self._replaced = self._unsaved, None

    def _save_constants(self) -> None:
        if self._unsaved:
            constants = sync.constant_part(self._unsaved.policy, self._unsaved.revision)
            if constants != self._saved_constants:
                self._state.save_constants(constants)
                self._saved_constants = constants

    def _save_numbers(self, numbers: dict[str, int]) -> None:
        if list(numbers.items()) != list(self._saved_numbers.items()):
            self._state.save_numbers(numbers)
            self._saved_numbers = dict(numbers)

    def _save_clock(self, record: Record | None) -> None:
        if record and clock_trust.is_news(record, self.clock_record):
            self._state.save_clock(clock_trust.write_record(record))
            self.clock_record = record
