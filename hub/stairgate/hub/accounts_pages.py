"""Who has an account: inviting, changing a role, removing; joining with a code; and each one's own name and password.

It reads requests and lays out answers. What an invitation is worth is `invitations`' part, what an account may do
`roles`', passwords `parents`'.
"""

from flask import Blueprint, abort, redirect, request, url_for
from flask import render_template as render
from werkzeug.wrappers import Response

from stairgate.hub import forms, limits, passwords, roles, wording
from stairgate.hub.accounts import Account, AccountFault
from stairgate.hub.context import account, page, parts, source
from stairgate.hub.guard import web_session
from stairgate.hub.language import _
from stairgate.hub.plain_text import clean_name
from stairgate.hub.qr_picture import qr_code
from stairgate.hub.step_up import BUSY, refuse_without_password, too_many_tries

accounts = Blueprint("accounts", __name__)
Answer = Response | tuple[str, int]
#: What somebody can be invited as; an owner is made of a co-parent.
INVITED = (roles.COPARENT, roles.CARER)


# For the owner


@accounts.get("/accounts")
@roles.needs(roles.OWNER)
def index() -> Answer:
    """Every account, and the invitation that is open."""
    return _list()


@accounts.post("/accounts/invite")
@roles.needs(roles.OWNER)
def invite() -> Answer:
    """Make a code: `role`, `password`; `name` where the owner has none yet."""
    own = _own()
    role, name = request.form.get("role", ""), clean_name(request.form.get("name", ""))
    faults: forms.Faults = {}
    if role not in INVITED:
        faults["role"] = _("Please choose what they may do.")
    if not own.name and not name:
        faults["name"] = _("Please say what you are called: with two accounts, the login asks for a name.")
    if len(parts().parents.accounts()) >= limits.ACCOUNTS_MAX:
        text = _("There are {count} accounts already. Remove one first.")
        faults["role"] = text.format(count=limits.ACCOUNTS_MAX)
    if faults:
        return _list(422, faults)
    if refusal := refuse_without_password():
        return _list(refusal.status, {"password": refusal.sentence})
    try:
        if not own.name:
            parts().parents.rename(own.id, name)
    except AccountFault as problem:
        return _list(422, {"name": str(problem)})
    parts().invitations.open(role)
    return redirect(url_for("accounts.index", _anchor="invitation"), 303)


@accounts.post("/accounts/invite/cancel")
@roles.needs(roles.OWNER)
def cancel() -> Answer:
    """Forget the code."""
    parts().invitations.cancel()
    return redirect(url_for("accounts.index"), 303)


@accounts.post("/accounts/<account>/role")
@roles.needs(roles.OWNER)
def change_role(account: str) -> Answer:
    """Let an account do more or less: `role`, `password`."""
    role = request.form.get("role", "")
    if role not in roles.ROLES:
        return _list(422, {account: _("Please choose what they may do.")})
    if refusal := refuse_without_password():
        return _list(refusal.status, {account: refusal.sentence})
    try:
        parts().parents.change_role(account, role)
    except AccountFault as problem:
        return _list(409, {account: str(problem)})
    parts().invitations.cancel()  # it may be theirs
    return redirect(url_for("accounts.index"), 303)


@accounts.post("/accounts/<account>/remove")
@roles.needs(roles.OWNER)
def remove(account: str) -> Answer:
    """Take an account away: `sure`, `password`."""
    if not request.form.get("sure"):
        return _list(422, {account: _("Please tick the box first.")})
    if refusal := refuse_without_password():
        return _list(refusal.status, {account: refusal.sentence})
    try:
        parts().parents.remove(account)
    except AccountFault as problem:
        return _list(409, {account: str(problem)})
    parts().invitations.cancel()  # it may be theirs
    return redirect(url_for("accounts.index"), 303)


@accounts.post("/accounts/<account>/sign-out")
@roles.needs(roles.OWNER)
def sign_out(account: str) -> Answer:
    """Sign every browser of an account out."""
    parts().sessions.revoke_all(account)
    return redirect(url_for("accounts.index"), 303)


# For whoever was invited


@accounts.route("/join", methods=["GET", "POST"])
def join() -> Answer:
    """Get an account: `code`, `name`, `password`."""
    if request.method != "POST":
        return _join_page({}, 200)
    name, password = clean_name(request.form.get("name", "")), forms.password_of(request.form)
    faults: forms.Faults = {}
    if not name:
        faults["name"] = _("Please give a name, such as the one that the children call you.")
    if fault := passwords.fault_of_password(password):
        faults["password"] = fault
    if faults:
        return _join_page(faults, 422)
    # Counted before it is checked, so that tries at the same time count each.
    if wait := parts().guessing.begin(source()):
        return _join_page({"code": too_many_tries(wait)}, 429)
    code = request.form.get("code", "")
    role, fault = parts().invitations.take(code)
    if fault:
        return _join_page({"code": fault}, 403)
    parts().guessing.succeeded(source())
    try:
        joined = parts().parents.add(role, name, password)
    except (AccountFault, passwords.Busy) as problem:
        # Whoever has the code may know that a name is taken, and tries again with it.
        parts().invitations.give_back(code)
        is_busy = isinstance(problem, passwords.Busy)
        return _join_page({"password": _(BUSY)} if is_busy else {"name": str(problem)}, 503 if is_busy else 409)
    web_session().sign_in(joined.id, wording.browser_text(request.headers.get("User-Agent", "")))
    return redirect(url_for("home.index"), 303)


# For each account


@accounts.get("/account")
@roles.needs(roles.CARER)
def own() -> Answer:
    """One's own name and password."""
    return _own_page({}, 200)


@accounts.post("/account/name")
@roles.needs(roles.CARER)
def rename() -> Answer:
    """Be called otherwise: `name`."""
    try:
        parts().parents.rename(_own().id, clean_name(request.form.get("name", "")))
    except AccountFault as problem:
        return _own_page({"name": str(problem)}, 422)
    return redirect(url_for("accounts.own"), 303)


@accounts.post("/account/password")
@roles.needs(roles.CARER)
def change_password() -> Answer:
    """Another password: `new`, and `password`, the one until now. Every other browser of the account is signed out."""
    own, wanted = _own(), request.form.get("new", "")[: limits.PASSWORD_CHARACTERS_MAX + 1]
    if fault := passwords.fault_of_password(wanted):
        return _own_page({"new": fault}, 422)
    if refusal := refuse_without_password():
        return _own_page({"password": refusal.sentence}, refusal.status)
    try:
        parts().parents.change_password(own.id, wanted)
    except passwords.Busy:
        return _own_page({"password": _(BUSY)}, 503)
    if own.role == roles.OWNER:
        parts().invitations.cancel()  # by whoever knew the password before
    web_session().sign_in(own.id, wording.browser_text(request.headers.get("User-Agent", "")))
    return redirect(url_for("accounts.own"), 303)


def _own() -> Account:
    signed_in = account()
    if signed_in is None:
        abort(401)
    return signed_in


def _own_page(faults: forms.Faults, status: int) -> Answer:
    return page("account.html", status, faults=faults, own=_own(), form=request.form if faults else {})


def _join_page(faults: forms.Faults, status: int) -> Answer:
    code = request.form.get("code", "") or request.args.get("code", "")
    return render("join.html", faults=faults, code=code[:16], name=clean_name(request.form.get("name", ""))), status


def _list(status: int = 200, faults: forms.Faults | None = None) -> Answer:
    zone, now = parts().parents.zone(), parts().clock.wall()
    sessions = parts().sessions.live()
    state = parts().invitations.state()
    address = f"{request.host_url}join"
    return page(
        "accounts.html",
        status,
        faults=faults or {},
        form=request.form,
        own=_own(),
        lines=[
            {
                "account": each,
                "since": wording.clock_time(each.created, zone, now),
                "browsers": sum(session.parent == each.id for session in sessions),
            }
            for each in parts().parents.accounts()
        ],
        invitation=state,
        until=wording.clock_time(now + state.seconds, zone, now),
        address=address,
        picture=qr_code(f"{address}?code={state.code}") if state.code else None,
        invited=INVITED,
    )
