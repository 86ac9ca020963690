"""What every request passes before a page sees it, and what every answer carries.

Host allow-list (against DNS rebinding), Origin on everything that changes something, deny by default,
security headers. Each rule is for all routes, also for those that do not exist. CSRF tokens are Flask-WTF's
part.
"""

from ipaddress import ip_address
from typing import cast

from flask import Flask, Response, abort, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from stairgate.hub import roles
from stairgate.hub.childs_device import PASSWORD, REFUSED, ChildsDevice
from stairgate.hub.language import _
from stairgate.hub.network import Network
from stairgate.hub.parents import Parents
from stairgate.hub.web_session import WebSession

#: What answers before anybody is signed in. Everything else sends a visitor to the login.
PUBLIC = frozenset(
    {
        "static",
        "account.claim",
        "account.login",
        "accounts.join",
        "public.me",
        "public.help_page",
        "public.tell",
        "languages.choose",
        "public.using",
        "why.show",
        "why.ask",
        "asking.form",
        "asking.ask",
        "asking.withdraw",
        "asking.appeal",
        "asking.stop",
        "asking.take",
        "asking.asked",
        "agreed_here.accept",
        "agreed_here.refuse",
        "agreed_here.end",
        "pairing.pair",
        # A toy without a clock has no session either, and cannot check a certificate before it knows the date.
        "toy_time.tell",
        "toy_child.mine",
        # An agent has no session. Its address holds the SHA-256 that the signed policy names, and behind it are
        # hashes of names from lists: nothing of the family, and the same for whoever uses the same lists.
        "packs.fetch",
    }
)
#: What answers before the hub has an owner.
UNCLAIMED = frozenset(
    {"static", "account.claim", "keeping.restore", "public.help_page", "packs.fetch", "languages.choose"}
)
#: Where a session begins: not on a child's device.
_SIGNING_IN = ("account.login", "accounts.join")
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: with it browsers send `Origin: null` with our own forms (Fetch, "append a request Origin").
    "Referrer-Policy": "same-origin",
    # No Cross-Origin-Opener-Policy: over plain HTTP browsers ignore it and complain on each page.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def web_session() -> WebSession:
    """The session of this request, with its own type."""
    return cast(WebSession, session._get_current_object())  # type: ignore[attr-defined]


def host_name(host: str) -> str:
    """The name or address in a Host header, in its usual spelling; empty when it is neither."""
    name, _, port = host.rpartition(":") if host.count(":") == 1 or "]:" in host else (host, "", "")
    if port and not port.isdigit():
        return ""
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    try:
        return str(ip_address(name))
    except ValueError:
        return name.lower().rstrip(".")


def add_guard(
    app: Flask, network: Network, parents: Parents, names: frozenset[str], childs_device: ChildsDevice
) -> None:
    """Put the guard before every request of `app` and the headers on every answer."""

    @app.before_request
    def check_host() -> None:
        name = host_name(request.headers.get("Host", ""))
        if not name or (name not in names and name != "localhost" and name not in network.own_addresses()):
            g.is_stranger = True
            abort(400, _("This hub does not go by that name. Open it by its address in your home network."))

    @app.before_request
    def check_origin() -> None:
        origin = request.headers.get("Origin")
        if request.method in _CHANGING and origin is not None and origin != request.host_url.rstrip("/"):
            abort(403, _("This form did not come from the hub’s own pages."))

    def check_device() -> AnyResponse | None:
        """On a child's device a parent's session counts for nothing, on public pages too."""
        signed_in = web_session().signed_in
        if request.endpoint == "static" or not (signed_in or request.endpoint in _SIGNING_IN):
            return None
        verdict = childs_device.verdict(request.remote_addr or "", signed_in.created if signed_in else None)
        g.asks_password = verdict == PASSWORD
        if verdict in (PASSWORD, REFUSED):
            web_session().signed_in = None
        if verdict != REFUSED or (request.endpoint in PUBLIC and request.endpoint not in _SIGNING_IN):
            return None
        if request.endpoint == "home.status":
            abort(401, _("Please sign in."))
        return app.make_response((render_template("childs_device.html"), 403))

    def find_account() -> None:
        """Whose session it is; one of an account that is gone counts for nothing."""
        if signed_in := web_session().signed_in:
            g.account = parents.account(signed_in.parent)
            if g.account is None:
                web_session().signed_in = None

    def check_role() -> AnyResponse | None:
        """What an account may not do is said to it in a friendly way, and done by nobody."""
        view = app.view_functions.get(request.endpoint or "")
        if view is None or roles.suffices(g.account.role, roles.role_needed(view, request.blueprint)):
            return None
        return app.make_response((render_template("not_yours.html"), 403))

    @app.before_request
    def check_access() -> AnyResponse | None:
        if not parents.is_claimed():
            if request.endpoint in UNCLAIMED:
                return None
            return _turn_away("account.claim")
        if answer := check_device():
            return answer
        find_account()
        if request.endpoint in PUBLIC:
            return None
        return check_role() if web_session().signed_in else _turn_away("account.login")

    @app.before_request
    def check_parts() -> None:
        # A browser names every part of a form; what follows here looks for names.
        if request.mimetype == "multipart/form-data" and (None in request.form or None in request.files):
            abort(400, _("A part of this form has no name."))

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        if request.endpoint == "static" and response.status_code == 200:
            # Addressed with a digest of their content (`app.asset`).
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        else:
            response.headers["Cache-Control"] = "no-store"
        return response


def _turn_away(endpoint: str) -> AnyResponse:
    if request.endpoint == "home.status":
        abort(401, _("Please sign in."))
    return redirect(url_for(endpoint), 303)
