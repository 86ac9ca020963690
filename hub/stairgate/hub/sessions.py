"""Who is signed in: server-side sessions that can be listed and revoked.

The browser holds a random token, the store its SHA-256. A session ends after 90 days, after 30 unused, by
logging out or by a tap of any parent. Cookie and request belong to `web_session`.
"""

import hashlib
import secrets
from contextlib import suppress
from typing import NamedTuple

from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.store import Row, Store, StoreError, Transaction


class Session(NamedTuple):
    """One signed-in browser. `browser`: in a few words, for the list. Times: wall seconds.

    is_secured: it came over HTTPS, and only there it is worth something.
    """

    id: str
    parent: str
    browser: str
    created: float
    seen: float
    is_secured: bool = False


class Sessions:
    """The sessions of one home."""

    def __init__(self, store: Store, home: str, clock: Clock) -> None:
        self._store = store
        self._home = home
        self._clock = clock

    def start(self, parent: str, browser: str, is_secured: bool = False) -> str:
        """A new session; returns the token for the cookie.

        The session unused longest makes room when there are 50.
        """
        token = secrets.token_urlsafe(32)
        now = self._clock.wall()
        with self._store.transaction(self._home) as rows:
            held = sorted(self._live(rows), key=lambda session: session.seen)
            for session in held[: max(0, len(held) - limits.SESSIONS_MAX + 1)]:
                rows.delete("sessions", session.id)
            document = {"parent": parent, "browser": browser, "created": now, "seen": now, "is_secured": is_secured}
            rows.put("sessions", session_id(token), document, expected=0)
        return token

    def find(self, token: str) -> Session | None:
        """The live session of a token, marked as used now (to the hour), or None."""
        with self._store.transaction(self._home) as rows:
            row = rows.get("sessions", session_id(token))
            if row is None or not self._is_live(session := _read(row)):
                return None
        now = self._clock.wall()
        if 0 <= now - session.seen < limits.SESSION_SEEN_SECONDS:
            return session
        # A full disk must not sign anybody out: then it is only not known when the session was used last.
        with suppress(StoreError), self._store.transaction(self._home) as rows:
            rows.put("sessions", row.id, {**row.document, "seen": now}, expected=row.revision)
        return session._replace(seen=now)

    def live(self) -> list[Session]:
        """Everybody who is signed in, used last first."""
        with self._store.transaction(self._home) as rows:
            held = [_read(row) for row in rows.page("sessions")]
        return sorted(filter(self._is_live, held), key=lambda session: -session.seen)

    def revoke(self, session: str) -> None:
        """End a session by its id."""
        with self._store.transaction(self._home) as rows:
            rows.delete("sessions", session)

    def revoke_others(self, session: str, parent: str = "") -> None:
        """End every session but this one; those of one account only, where `parent` names it."""
        with self._store.transaction(self._home) as rows:
            for row in rows.page("sessions"):
                if row.id != session and parent in ("", row.document["parent"]):
                    rows.delete("sessions", row.id)

    def revoke_all(self, parent: str) -> None:
        """End every session of an account."""
        with self._store.transaction(self._home) as rows:
            for row in rows.find("sessions", "parent", parent):
                rows.delete("sessions", row.id)

    def _live(self, rows: Transaction) -> list[Session]:
        live = []
        for row in rows.page("sessions"):
            session = _read(row)
            if self._is_live(session):
                live.append(session)
            else:
                rows.delete("sessions", row.id)
        return live

    def _is_live(self, session: Session) -> bool:
        now = self._clock.wall()
        return now - session.created < limits.SESSION_SECONDS and now - session.seen < limits.SESSION_IDLE_SECONDS


def session_id(token: str) -> str:
    """What the store knows of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _read(row: Row) -> Session:
    return Session(row.id, **row.document)
