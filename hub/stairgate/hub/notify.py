"""A word to a parent's phone that a question waits, over an ntfy server of the owner's choice; off until it is set.

It decides when a word is sent: once for what is new, a few tries, never more often than once a minute. The word holds a
number and nothing else: no name, no question. Sending has a thread of its own, and no page or rule waits for it.
Where connections may go is `public_http`'s part: the public internet, over TLS with a verified certificate.
"""

import http.client
import logging
import ssl
import threading
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.language import ENGLISH, LANGUAGES, N_, _, ngettext, speaking
from stairgate.hub.public_http import NotPublic, PublicHttp
from stairgate.hub.requests import read_requests
from stairgate.hub.source_fetch import is_address
from stairgate.hub.store import Store, StoreError

_log = logging.getLogger(__name__)
_SETTINGS = "notify"
_AGENT = "Stairgate"
_PLAIN = "text/plain; charset=utf-8"
_TOPIC = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class Target(NamedTuple):
    """Where words go: the address of a server, and a topic that only the family knows. Both empty: off.

    speaks: the code of the language of whoever chose this, which is that of the words.
    """

    url: str = ""
    topic: str = ""
    speaks: str = ENGLISH.code

    @property
    def is_on(self) -> bool:
        """True when words are sent."""
        return bool(self.url and self.topic)


class Outcome(NamedTuple):
    """The last try. at: wall seconds, 0 for none since the hub began; fault: a sentence, "" when it arrived.

    It is the English one, as no page was asked for when it was tried. status: what the server answered.
    """

    at: float = 0.0
    fault: str = ""
    status: int = 0

    def said(self) -> str:
        """The sentence in the language that is spoken."""
        return _(self.fault).format(status=self.status)


class NotTaken(Exception):
    """The server's answer is no success. status: of HTTP."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status: expected 2xx, got {status}")
        self.status = status


def fault_of(target: Target) -> str:
    """What is wrong with a target, as a sentence; "" when it can be used or is off."""
    if not target.url and not target.topic:
        return ""
    if not is_address(target.url) or not target.url.startswith("https://"):
        return _("Please give the address of a server that begins with https://.")
    if not target.topic or len(target.topic) > limits.NOTIFY_TOPIC_CHARACTERS or set(target.topic) - _TOPIC:
        return _("A topic has letters, digits, - and _ only, up to 64; choose a long one that nobody guesses.")
    return ""


def says(waiting: int) -> str:
    """All that is ever sent, in the language that is spoken."""
    text = ngettext("1 question waits in Stairgate", "{count} questions wait in Stairgate", waiting)
    return text.format(count=waiting)


def _word(waiting: int | None, code: str) -> str:
    """A word in the language of a target; None for a trial."""
    # A language that this version no longer has is none to be silent for.
    with speaking(LANGUAGES.get(code, ENGLISH)):
        return _("This is a trial of Stairgate") if waiting is None else says(waiting)


def send(internet: PublicHttp, target: Target, text: str) -> None:
    """Post one word. Raises OSError, `http.client.HTTPException`, ValueError, and `NotTaken`."""
    parts = urlsplit(target.url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    connection = http.client.HTTPConnection(host, port)
    connection.sock = internet.connect(parts.scheme, host, port, limits.NOTIFY_SECONDS)
    try:
        path = f"{parts.path.rstrip('/')}/{target.topic}"
        headers = {"Host": parts.netloc, "User-Agent": _AGENT, "Content-Type": _PLAIN, "Connection": "close"}
        connection.request("POST", path, text.encode(), headers)
        answer = connection.getresponse()
        if not 200 <= answer.status < 300:  # nor is a redirect followed
            raise NotTaken(answer.status)
    finally:
        connection.close()


class Notifier:
    """Tells the owner's server. `turn` is called every few seconds. Safe for threads."""

    def __init__(self, store: Store, home: str, clock: Clock, internet: Callable[[], PublicHttp]) -> None:
        self._store = store
        self._home = home
        self._clock = clock
        self._internet = internet
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._told: frozenset[tuple[str, bool]] = frozenset()  # of the questions that a word told of
        self._tries = 0
        self._next = float("-inf")  # monotonic
        self._outcome = Outcome()

    def target(self) -> Target:
        """Where words go."""
        with self._store.transaction(self._home) as rows:
            row = rows.get("settings", _SETTINGS)
        if not row:
            return Target()
        # What was kept before the hub had languages names none.
        return Target(row.document["url"], row.document["topic"], row.document.get("speaks", ENGLISH.code))

    def choose(self, target: Target) -> None:
        """Send them there from now on; nothing of `target` is checked again."""
        with self._store.transaction(self._home) as rows:
            rows.put("settings", _SETTINGS, target._asdict())
        with self._lock:
            self._tries, self._next, self._outcome = 0, float("-inf"), Outcome()

    @property
    def outcome(self) -> Outcome:
        """What came of the last try."""
        with self._lock:
            return self._outcome

    def turn(self) -> None:
        """Send a word when a question waits that none has told of; returns at once."""
        target = self.target()
        if not target.is_on:
            return
        now = self._clock.wall()
        with self._store.transaction(self._home) as rows:
            waiting = frozenset((r.id, r.objected) for r in read_requests(rows) if r.is_open(now))
        with self._lock:
            is_busy = self._thread is not None and self._thread.is_alive()
            if waiting <= self._told or is_busy or self._clock.monotonic() < self._next:
                return
            self._thread = threading.Thread(target=self._run, args=(target, waiting), name="notify", daemon=True)
            self._thread.start()

    def try_now(self) -> None:
        """Send a word for trial, whether or not a question waits; returns at once."""
        target = self.target()
        with self._lock:
            is_busy = self._thread is not None and self._thread.is_alive()
            if not target.is_on or is_busy:
                return
            self._thread = threading.Thread(target=self._run, args=(target, None), name="notify", daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> None:
        """Until the word under way has arrived or failed; for tests and for whoever tries it."""
        with self._lock:
            thread = self._thread
        if thread:
            thread.join(seconds)

    def _run(self, target: Target, waiting: frozenset[tuple[str, bool]] | None) -> None:
        try:
            send(self._internet(), target, _word(None if waiting is None else len(waiting), target.speaks))
            fault, status = "", 0
        except (OSError, http.client.HTTPException, ValueError, NotTaken, StoreError) as problem:
            fault, status = _sentence(problem), problem.status if isinstance(problem, NotTaken) else 0
            _log.warning("a word to the owner's server was not taken: %s", type(problem).__name__)
        with self._lock:
            self._outcome = Outcome(self._clock.wall(), fault, status)
            if waiting is None:
                return
            self._tries = self._tries + 1 if fault else 0
            gives_up = self._tries >= limits.NOTIFY_TRIES
            if not fault or gives_up:
                self._told, self._tries = waiting, 0
            pause = limits.NOTIFY_RETRY_SECONDS if fault and not gives_up else limits.NOTIFY_SECONDS_BETWEEN
            self._next = self._clock.monotonic() + pause


def _sentence(problem: Exception) -> str:
    if isinstance(problem, ssl.SSLError):
        return N_("Its certificate is not one that can be believed.")
    if isinstance(problem, NotPublic):
        return N_("There is no such server on the public internet.")
    if isinstance(problem, NotTaken):
        return N_("The server answered {status}.")
    return N_("It did not answer.")
