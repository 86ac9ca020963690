"""The invitation: a one-time code with which somebody gets an account of their own, in the role that the owner chose.

Eight characters (40 bits), valid a quarter of an hour by the monotonic clock, five wrong tries, one try a second, used
once. It lives in memory only. Nobody's password is chosen or seen by the owner: who has the code chooses it. Pages are
`accounts_pages`' part, the account `parents`'.
"""

import hmac
import logging
import threading
from dataclasses import dataclass
from typing import NamedTuple

from stairgate.hub import limits
from stairgate.hub.claim_code import new_code, read_code
from stairgate.hub.clock import Clock
from stairgate.hub.language import N_, _

_log = logging.getLogger(__name__)

#: What a wrong, a void and an expired code are answered with: whoever tries learns nothing of whether one is open.
NOT_THE_CODE = N_("That is not a code that is open. Check each letter, or ask whoever invited you for a new one.")
TOO_QUICK = N_("That was too quick after the last try. Wait a second, then try again.")


class InvitationState(NamedTuple):
    """What the owner's page shows.

    stage: `closed`, `open` or `void` (too many wrong tries). code: as shown, only while open. seconds: left while open.
    """

    stage: str
    role: str = ""
    code: str = ""
    seconds: int = 0
    wrong: int = 0


@dataclass
class _Invitation:
    code: str
    role: str
    until: float
    wrong: int = 0


class Invitations:
    """The one invitation of a hub that may be open. Safe for threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: _Invitation | None = None
        self._taken: _Invitation | None = None
        self._tried = float("-inf")

    def open(self, role: str) -> None:
        """Make a code for an account in this role; the one before is worth nothing from now on."""
        with self._lock:
            until = self._clock.monotonic() + limits.INVITE_SECONDS
            self._held, self._taken = _Invitation(new_code(), role, until), None

    def cancel(self) -> None:
        """Forget the code, also one that was just taken."""
        with self._lock:
            self._held = self._taken = None

    def state(self) -> InvitationState:
        """How it stands now."""
        with self._lock:
            held = self._current()
            if not held:
                return InvitationState("closed")
            if not held.code:
                return InvitationState("void", held.role, wrong=held.wrong)
            seconds = max(1, int(held.until - self._clock.monotonic()))
            return InvitationState("open", held.role, f"{held.code[:4]}-{held.code[4:]}", seconds, held.wrong)

    def take(self, text: str) -> "tuple[str, str]":
        """The role of the invitation whose code this is, which is used up; else "" and a sentence.

        Two who come at the same time get one account between them.
        """
        with self._lock:
            now = self._clock.monotonic()
            if now - self._tried < limits.INVITE_SECONDS_BETWEEN_TRIES:
                return "", _(TOO_QUICK)
            self._tried = now
            held = self._current()
            if not held or not held.code:
                return "", _(NOT_THE_CODE)
            if hmac.compare_digest(held.code.encode(), read_code(text).encode("utf-8", "replace")):
                self._taken, self._held = held, None
                return held.role, ""
            held.wrong += 1
            if held.wrong >= limits.INVITE_TRIES:
                held.code = ""
                _log.warning("an invitation is void after %d wrong tries", held.wrong)
            return "", _(NOT_THE_CODE)

    def give_back(self, text: str) -> None:
        """A code that was just taken is open again, as no account came of it; not where one was opened since."""
        with self._lock:
            if self._taken and self._taken.code == read_code(text):
                self._held, self._taken = self._taken, None

    def _current(self) -> _Invitation | None:
        if self._held and self._clock.monotonic() >= self._held.until:
            self._held = None
        return self._held
