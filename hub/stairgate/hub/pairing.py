"""The pairing code: when it is open, what a wrong answer costs, and that a lost answer can be asked for again.

Sixteen characters (80 bits), valid ten minutes, five wrong tries, one try a second, used once. The secret lives in
memory only and is dropped when used, void, cancelled or expired; the clock is the monotonic one, so that setting the
wall clock buys no time. What a proof looks like is `stairgate.core.pairing`'s part (it compares in constant time),
who is let in `router_acts`', HTTP `router_pages`'.
"""

import hashlib
import hmac
import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from stairgate.core import pairing as documents
from stairgate.core.refused import Refused
from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.roster import Agent
from stairgate.hub.said_later import SaidLater, what_it_says

_log = logging.getLogger(__name__)

#: (request, id of the agent that is paired again or "") -> the agent and what it is told. Raises OSError, ValueError.
Enrol = Callable[[documents.PairRequest, str], tuple[Agent, documents.PairAnswer]]


class PairingState(NamedTuple):
    """What the page shows.

    stage: `closed`, `open`, `paired`, `void` (too many wrong tries) or `expired`. code: as shown, only while open.
    seconds: left while open. wrong: tries so far. again: the id of the agent that is paired again, or "". agent: who
    was paired. fault: why the last right answer could not be taken, a sentence, or "".
    """

    stage: str
    code: str = ""
    seconds: int = 0
    wrong: int = 0
    again: str = ""
    agent: Agent | None = None
    fault: str = ""


class Outcome(NamedTuple):
    """What became of a request.

    word: `paired` (with the answer), `closed` (no code is open), `early`, `wrong`, `malformed` or `failed`.
    is_repeat: the answer was given before.
    """

    word: str
    answer: bytes = b""
    is_repeat: bool = False


@dataclass
class _Code:
    shown: str
    secret: bytes | None
    until: float
    again: str
    wrong: int = 0
    tried: float = float("-inf")
    fault: str | SaidLater = ""
    is_void: bool = False
    agent: Agent | None = None
    digest: bytes = b""  # of the request that was answered
    answer: bytes = b""


class Pairing:
    """The one code of a hub for routers, or the one secret for toys. Safe for threads."""

    def __init__(self, clock: Clock, enrol: Enrol, tries: int = limits.PAIRING_TRIES) -> None:
        self._clock = clock
        self._enrol = enrol
        self._tries = tries
        self._lock = threading.Lock()
        self._code: _Code | None = None

    def open(self, again: str = "") -> None:
        """Make a code; the one before is worth nothing from now on. `again`: the agent that is to be paired again."""
        shown = documents.new_code(secrets.token_bytes(10))
        code = _Code(shown, documents.read_code(shown), self._clock.monotonic() + limits.PAIRING_SECONDS, again)
        with self._lock:
            self._code = code

    def open_for(self, secret: bytes, again: str = "") -> None:
        """Wait for the one that knows this secret: a toy's, which a parent read from its sticker. It is not shown."""
        until = self._clock.monotonic() + limits.PAIRING_SECONDS
        with self._lock:
            self._code = _Code("", secret, until, again)

    def cancel(self) -> None:
        """Forget the code, and what was answered to it."""
        with self._lock:
            self._code = None

    def state(self) -> PairingState:
        """How it stands now."""
        with self._lock:
            code = self._current()
            if code is None:
                return PairingState("closed")
            if code.agent:
                return PairingState("paired", again=code.again, agent=code.agent)
            if code.secret is None:
                stage = "void" if code.is_void else "expired"
                return PairingState(stage, wrong=code.wrong, again=code.again)
            seconds = max(1, int(code.until - self._clock.monotonic()))
            return PairingState("open", code.shown, seconds, code.wrong, code.again, fault=str(code.fault))

    def answer(self, request: bytes) -> Outcome:
        """Take a request as it came. The same request again gets the same answer, as long as it is remembered."""
        with self._lock:
            code = self._current()
            if code is None:
                return Outcome("closed")
            if code.answer and hmac.compare_digest(code.digest, hashlib.sha256(request).digest()):
                return Outcome("paired", code.answer, is_repeat=True)
            if code.secret is None:
                return Outcome("closed")
            now = self._clock.monotonic()
            if now - code.tried < limits.PAIRING_SECONDS_BETWEEN_TRIES:
                return Outcome("early")
            outcome = self._try(code, code.secret, request)
            if outcome.word != "malformed":
                # What is no request tries no code; else whoever sends rubbish would have every second to himself.
                code.tried = now
            return outcome

    def _try(self, code: _Code, secret: bytes, request: bytes) -> Outcome:
        try:
            asked = documents.read_request(secret, request)
        except Refused as refused:
            if refused.reason != "bad_proof":
                return Outcome("malformed")
            code.wrong += 1
            if code.wrong >= self._tries:
                code.secret, code.shown, code.is_void = None, "", True
                _log.warning("the pairing code is void after %d wrong tries", code.wrong)
            return Outcome("wrong")
        try:
            agent, told = self._enrol(asked, code.again)
            answer = documents.write_answer(secret, request, told)
        except (OSError, ValueError, Refused) as problem:
            # The code stays open: the router tries again, and the page says what is wrong.
            _log.error("pairing failed: %s", problem)
            code.fault = what_it_says(problem)
            return Outcome("failed")
        code.secret, code.shown = None, ""
        code.agent, code.digest, code.answer = agent, hashlib.sha256(request).digest(), answer
        return Outcome("paired", answer)

    def _current(self) -> _Code | None:
        code = self._code
        if code and self._clock.monotonic() >= code.until:
            if code.agent:
                self._code = code = None  # what it was is told by the list of routers
            else:
                code.secret, code.shown = None, ""
        return code
