"""Claiming a new hub, signing in and out, and the list of who is signed in."""

import logging
from contextlib import suppress

from flask import Blueprint, redirect, request, url_for
from flask import render_template as render
from werkzeug.wrappers import Response

from stairgate.hub import forms, passwords, roles, wording
from stairgate.hub.accounts import FIRST
from stairgate.hub.acts import NotPossible
from stairgate.hub.context import asking_mac, may, page, parts, source
from stairgate.hub.guard import web_session
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import _
from stairgate.hub.local_time import system_zone, zone_names
from stairgate.hub.plain_text import clean_name
from stairgate.hub.step_up import BUSY, too_many_tries

account = Blueprint("account", __name__)
Answer = Response | tuple[str, int]
_log = logging.getLogger(__name__)


@account.route("/claim", methods=["GET", "POST"])
def claim() -> Answer:
    """Become the owner: code, password, zone (optional). With a code of `stairgate reset-password`: a new password."""
    if parts().parents.is_claimed():
        if parts().keeping.reset_code.is_open():
            return _set_password()
        return redirect(url_for("account.login"), 303)
    if request.method != "POST":  # also HEAD, which carries no CSRF token
        return _claim_page({}, 200)
    password = forms.password_of(request.form)
    faults = {}
    if fault := passwords.fault_of_password(password):
        faults["password"] = fault
        return _claim_page(faults, 422)
    # Counted before it is checked, so that tries at the same time count each.
    wait = parts().guessing.begin(source())
    if wait:
        return _claim_page({"code": too_many_tries(wait)}, 429)
    if fault := parts().claim_code.check(request.form.get("code", "")):
        return _claim_page({"code": fault}, 403)
    try:
        if not parts().parents.claim(password, request.form.get("zone", "")):
            return redirect(url_for("account.login"), 303)
    except passwords.Busy:
        return _claim_page({"password": _(BUSY)}, 503)
    parts().guessing.succeeded(source())
    parts().keeping.history.event("claimed", by=FIRST)
    _log.info("the hub has its owner")
    answer = _welcome(FIRST)
    # At the first sign-in only, and to nobody else's surprise: later ones may happen on anybody's device.
    if mac := asking_mac():
        with suppress(NotPossible, PolicyTooLarge):
            parts().acts.exempt_parent(mac)
    return answer


@account.route("/login", methods=["GET", "POST"])
def login() -> Answer:
    """Sign in: password, and name where there are several accounts.

    The page asks for both and names nobody. With a password alone each guess would be one at every account, and two
    who chose the same could not be told apart.
    """
    if web_session().signed_in:
        return redirect(url_for("home.index"), 303)
    if request.method != "POST":
        return _login_page("", 200)
    wait = parts().guessing.begin(source())
    if wait:
        return _login_page(too_many_tries(wait), 429)
    name = clean_name(request.form.get("name", ""))
    try:
        found = parts().parents.find(name, forms.password_of(request.form))
    except passwords.Busy:
        return _login_page(_(BUSY), 503)
    if not found:
        _log.warning("a wrong password")
        fault = _("That is not the password.") if _is_one_account() else _("Name and password do not fit.")
        return _login_page(fault, 403)
    parts().guessing.succeeded(source())
    return _welcome(found.id)


@account.post("/logout")
@roles.needs(roles.CARER)
def logout() -> Answer:
    """Sign this browser out."""
    web_session().sign_out()
    return redirect(url_for("account.login"), 303)


@account.get("/more")
def more() -> Answer:
    """Everything that is not needed every day."""
    return page("more.html")


@account.get("/sessions")
def sessions() -> Answer:
    """Who is signed in: an owner sees everybody, others their own browsers."""
    zone, now = parts().parents.zone(), parts().clock.wall()
    names = parts().parents.names()
    lines = [
        {
            "session": session,
            "browser": _browser_said(session.browser),
            "name": names.get(session.parent, ""),
            "since": wording.clock_time(session.created, zone, now),
            "seen": wording.clock_time(session.seen, zone, now),
        }
        for session in parts().sessions.live()
        if _only_parent() in ("", session.parent)
    ]
    return page("sessions.html", lines=lines, own=_own_id())


@account.post("/sessions/<session>/revoke")
def revoke(session: str) -> Answer:
    """Sign one browser out."""
    if session == _own_id():
        return logout()
    theirs = _only_parent()
    if not theirs or any(live.id == session and live.parent == theirs for live in parts().sessions.live()):
        parts().sessions.revoke(session)
    return redirect(url_for("account.sessions"), 303)


@account.post("/sessions/revoke-others")
def revoke_others() -> Answer:
    """Sign every other browser out: an owner everybody's, others their own."""
    parts().sessions.revoke_others(_own_id(), _only_parent())
    return redirect(url_for("account.sessions"), 303)


def _browser_said(held: str) -> str:
    """The words of `wording.browser_text`, which a session keeps in English, in the language of the page."""
    browser, joint, system = held.partition(" on ")
    if not joint:
        return _("Another program") if held == "Another program" else held
    if browser == "A browser":
        return _("A browser on {system}").format(system=system)
    return _("{browser} on {system}").format(browser=browser, system=system)


def _own_id() -> str:
    signed_in = web_session().signed_in
    return signed_in.id if signed_in else ""


def _only_parent() -> str:
    """Whose sessions are shown and ended: one's own; an owner's are everybody's ("")."""
    signed_in = web_session().signed_in
    return "" if may(roles.OWNER) or not signed_in else signed_in.parent


def _is_one_account() -> bool:
    return len(parts().parents.accounts()) == 1


def _login_page(fault: str, status: int) -> Answer:
    faults = {"password": fault} if fault else {}
    return render("login.html", faults=faults, asks_name=not _is_one_account()), status


def _set_password() -> Answer:
    if request.method != "POST":
        return render("reset.html", faults={}), 200
    password = forms.password_of(request.form)
    if fault := passwords.fault_of_password(password):
        return render("reset.html", faults={"password": fault}), 422
    if wait := parts().guessing.begin(source()):
        return render("reset.html", faults={"code": too_many_tries(wait)}), 429
    if fault := parts().keeping.reset_code.check(request.form.get("code", "")):
        return render("reset.html", faults={"code": fault}), 403
    try:
        owner = parts().parents.set_password(password)
    except passwords.Busy:
        return render("reset.html", faults={"password": _(BUSY)}), 503
    parts().keeping.reset_code.clear()
    parts().invitations.cancel()  # by whoever knew the password before
    parts().guessing.succeeded(source())
    parts().keeping.history.event("password_set")
    _log.warning("the owner's password was set anew with a code from the console")
    return _welcome(owner.id)


def _claim_page(faults: forms.Faults, status: int) -> Answer:
    zone = request.form.get("zone") or system_zone()
    return render("claim.html", faults=faults, zone=zone, zones=zone_names()), status


def _welcome(account_id: str) -> Answer:
    """Sign in."""
    web_session().sign_in(account_id, wording.browser_text(request.headers.get("User-Agent", "")))
    return redirect(url_for("home.index"), 303)
