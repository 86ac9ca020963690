"""Flask's session over `sessions`: a cookie with a random token, everything else on the server.

A visitor who is not signed in costs no storage: the CSRF secret of a browser is derived from its token
(HMAC with the hub's secret), so nothing is kept for it and a flood of visits fills nothing.

Over HTTPS the cookie has another name, which browsers neither send nor accept over HTTP, and stands for another
session: a token that somebody read at home on the plain connection opens nothing here, and never becomes a better one.
"""

import hashlib
import hmac
import re
import secrets
from typing import Any

from flask import Flask, Request, Response, g, request
from flask.sessions import SessionInterface, SessionMixin

from stairgate.hub import limits
from stairgate.hub.sessions import Session, Sessions

COOKIE = "sg"
SECURED_COOKIE = "__Host-sg"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class WebSession(dict[str, Any], SessionMixin):
    """The session of one request. `signed_in` is None for a visitor."""

    def __init__(self, sessions: Sessions, token: str, is_known: bool, secret: bytes, is_secured: bool) -> None:
        super().__init__()
        self._sessions = sessions
        self._secret = secret
        self._is_secured = is_secured
        self.is_known = is_known  # the browser has this token already
        self.has_ended = False
        self._use(token)
        found = sessions.find(token) if is_known else None
        self.signed_in: Session | None = found if found and found.is_secured == is_secured else None

    def _use(self, token: str) -> None:
        self.token = token
        self["csrf_token"] = hmac.new(self._secret, b"csrf " + token.encode(), hashlib.sha256).hexdigest()

    def sign_in(self, parent: str, browser: str) -> None:
        """Begin a session with a new token; what was known of the old one is worth nothing."""
        self.sign_out()
        self._use(self._sessions.start(parent, browser, self._is_secured))
        self.signed_in = self._sessions.find(self.token)
        self.is_known = self.has_ended = False
        g.pop("csrf_token", None)

    def sign_out(self) -> None:
        """End this browser's session, if it has one."""
        if self.signed_in:
            self._sessions.revoke(self.signed_in.id)
        self.signed_in = None
        self.has_ended = True


class WebSessions(SessionInterface):
    """Opens and saves a `WebSession`; the only cookie the hub sets beside that of the language."""

    def __init__(self, sessions: Sessions, secret: bytes) -> None:
        self._sessions = sessions
        self._secret = secret

    def open_session(self, app: Flask, request: Request) -> WebSession:
        """See Flask."""
        token = request.cookies.get(_cookie(request), "")
        is_known = _TOKEN.fullmatch(token) is not None
        token = token if is_known else secrets.token_urlsafe(32)
        return WebSession(self._sessions, token, is_known, self._secret, request.is_secure)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set the cookie where the browser needs it: after signing in, and with the first form it got."""
        assert isinstance(session, WebSession)
        if session.has_ended:
            response.delete_cookie(_cookie(request), secure=request.is_secure, httponly=True, samesite="Strict")
        elif not session.is_known and (session.signed_in or "csrf_token" in g):
            response.set_cookie(
                _cookie(request),
                session.token,
                max_age=limits.SESSION_SECONDS if session.signed_in else None,
                secure=request.is_secure,
                httponly=True,
                samesite="Strict",
            )


def _cookie(request: Request) -> str:
    return SECURED_COOKIE if request.is_secure else COOKIE
