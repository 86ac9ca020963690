"""The routers of the home: how each stands, letting one in by a code, renaming, pairing again and removing.

Pages are for parents; `POST /pair` is for the router itself, without a login: it proves that it knows the code.
Without an open code that address looks like any that does not exist. Nothing of a code is ever logged.
"""

import re
from dataclasses import dataclass

from flask import Blueprint, abort, g, redirect, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from stairgate.core.limits import PAIR_REQUEST_BYTES
from stairgate.hub import forms, wording
from stairgate.hub.acts import NotPossible
from stairgate.hub.context import asking_mac, overview, page, parts
from stairgate.hub.language import _
from stairgate.hub.pairing import PairingState
from stairgate.hub.qr_picture import qr_code
from stairgate.hub.reports import Standing
from stairgate.hub.roster import ROUTER
from stairgate.hub.step_up import refuse_without_password

pairing = Blueprint("pairing", __name__)
router = Blueprint("router", __name__, url_prefix="/routers")
Answer = Response | tuple[str, int]

MEDIA_TYPE = "application/vnd.stairgate.pair"
_TOY = re.compile(rb'\A[^\n]{1,200}\n\["pair","[0-9a-f]{130}","[0-9a-f]{32}","toy",')
_REFUSALS = {
    "early": (429, "Too quick after the last try. Wait a second, then try again.\n"),
    "wrong": (403, "This was not made with the code that the hub shows.\n"),
    "malformed": (400, "This is no request to be paired.\n"),
    "failed": (503, "The hub could not write this down; its page says why. The code still holds.\n"),
}


@dataclass(frozen=True)
class RouterLine:
    """A router as parents see it."""

    standing: Standing
    state: wording.State


# For routers


@pairing.post("/pair")
def pair() -> Response:
    """Prove the code and be told everything an agent needs; 404 when no code is open for such an agent."""
    desks = (parts().pairing, parts().toys.pairing.window)
    if not any(desk.state().stage in ("open", "paired") for desk in desks):
        abort(404)
    if request.mimetype != MEDIA_TYPE:
        # A form of a foreign page cannot say this type, so no page anywhere can use up the tries.
        return _plain(415, f"Expected Content-Type: {MEDIA_TYPE}\n")
    if (request.content_length or 0) > PAIR_REQUEST_BYTES:
        raise RequestEntityTooLarge
    data = request.get_data(cache=False)
    if len(data) > PAIR_REQUEST_BYTES:  # sent without its length
        raise RequestEntityTooLarge
    # By what it says it is, which is no proof: so that wrong answers of the one never use up the tries of the other.
    is_toy = _TOY.search(data) is not None
    outcome = desks[is_toy].answer(data)
    if outcome.word == "closed":
        abort(404)
    if outcome.word != "paired":
        return _plain(*_REFUSALS[outcome.word])
    if not outcome.is_repeat:
        parts().keeping.history.event("toy_paired" if is_toy else "paired")  # by whoever has what a parent typed
        toy = parts().toys.pairing.window.state().agent if is_toy else None
        if toy:
            parts().toys.pairing.came_from(toy.id, asking_mac())
    return Response(outcome.answer, 200, mimetype=MEDIA_TYPE)


def _plain(status: int, text: str) -> Response:
    return Response(text, status, mimetype="text/plain")


# For parents


@router.get("")
def index() -> Answer:
    """Every router, and those that were removed lately."""
    return _list()


@router.get("/add")
def add() -> Answer:
    """The code, and whether a router has used it; with `new`, the form for another one once it is not open any more."""
    is_new = "new" in request.args
    if is_new and parts().pairing.state().stage == "open":
        return redirect(url_for("router.add"), 303)
    return _add(is_new=is_new)


@router.post("/add")
def open_code() -> Answer:
    """Make a code, for the parent's `password`; `again` is the id of a router that gets a new key.

    A code for a new router that is asked for while one is open is that one, and needs no password.
    """
    again = request.form.get("again", "")
    if again:
        _router_or_404(again)
    elif parts().pairing.state().stage == "open":
        return redirect(url_for("router.add"), 303)
    # Whoever lets a router in has power that outlasts the session: a cookie read on plain HTTP must not be enough.
    if refusal := _password_refusal():
        status, sentence = refusal
        return _show(again, status, {"again": sentence}) if again else _add(status, {"password": sentence}, is_new=True)
    parts().pairing.open(again)
    return redirect(url_for("router.add"), 303)


@router.post("/add/cancel")
def cancel() -> Answer:
    """Forget the code."""
    parts().pairing.cancel()
    return redirect(url_for("router.index"), 303)


@router.post("/put-out")
def put_out() -> Answer:
    """Try again to end the connections of removed routers."""
    parts().removal.retry()
    return redirect(url_for("router.index"), 303)


@router.get("/<agent>")
def show(agent: str) -> Answer:
    """One router."""
    return _show(agent)


@router.post("/<agent>/rename")
def rename(agent: str) -> Answer:
    """Call it something else: `name`."""
    _router_or_404(agent)
    try:
        parts().router_acts.rename(agent, request.form.get("name", ""))
    except NotPossible as problem:
        return _show(agent, 422, {"name": str(problem)})
    return redirect(url_for("router.show", agent=agent), 303)


@router.post("/<agent>/remove")
def remove(agent: str) -> Answer:
    """Take its rights away: `sure` and the parent's `password`."""
    _router_or_404(agent)
    if not request.form.get("sure"):
        return _show(agent, 422, {"sure": _("Please tick the box first.")})
    if refusal := _password_refusal():
        return _show(agent, refusal[0], {"password": refusal[1]})
    try:
        parts().router_acts.revoke(agent)
    except NotPossible as problem:
        return _show(agent, 409, {"act": str(problem)})
    return redirect(url_for("router.index"), 303)


def _router_or_404(agent: str) -> None:
    found = parts().roster.find(agent)
    if found is None or found.kind != ROUTER:
        abort(404)


def _password_refusal() -> tuple[int, str] | None:
    """Whether the form holds the password of whoever is signed in: None, or a status and what to do."""
    refusal = refuse_without_password()
    return (refusal.status, refusal.sentence) if refusal else None


def _lines() -> tuple[RouterLine, ...]:
    zone, now = parts().parents.zone(), parts().clock.wall()
    routers = [standing for standing in overview().standings if standing.agent.kind == ROUTER]
    return tuple(RouterLine(standing, wording.router_state(standing, zone, now)) for standing in routers)


def _list(status: int = 200) -> Answer:
    zone, now = parts().parents.zone(), parts().clock.wall()
    removed = parts().removal.recent()
    return page(
        "routers.html",
        status,
        lines=_lines(),
        removed=[(each, wording.clock_time(each.at, zone, now)) for each in removed],
        is_removing=any(each.stage == "working" for each in removed),
        has_failed=any(each.stage == "failed" for each in removed),
        code=parts().pairing.state(),
        broker_fault=parts().router_acts.broker_fault,
        list_fault=parts().roster.fault,
        numbers_lost=parts().issuer.numbers_lost,
    )


def _show(agent: str, status: int = 200, faults: forms.Faults | None = None) -> Answer:
    if status != 200:
        g.pop("overview", None)
    line = next((line for line in _lines() if line.standing.agent.id == agent), None)
    if not line:
        abort(404)
    return page("router.html", status, line=line, faults=faults or {}, form=request.form)


def _add(status: int = 200, faults: forms.Faults | None = None, is_new: bool = False) -> Answer:
    """is_new: what became of the last code is not told, and the form for another one shown."""
    state = PairingState("closed") if is_new else parts().pairing.state()
    zone, now = parts().parents.zone(), parts().clock.wall()
    again = parts().roster.find(state.again) if state.again else None
    line = next((line for line in _lines() if state.agent and line.standing.agent.id == state.agent.id), None)
    hub = _hub_address()
    return page(
        "router_add.html",
        status,
        faults=faults or {},
        code=state,
        again=again,
        line=line,
        hub=hub,
        until=wording.clock_time(now + state.seconds, zone, now),
        picture=qr_code(f"stairgate:pair?hub={hub}&code={state.code.replace('-', '')}") if state.code else None,
        broker_fault=parts().router_acts.broker_fault,
    )


def _hub_address() -> str:
    """Where a router finds this hub, as this parent's phone does where that is an address."""
    pages = parts().pages()
    asked = request.host.rpartition(":")[0].strip("[]") or request.host
    host = asked if asked in pages.hosts else pages.hosts[0] if pages.hosts else asked
    return f"[{host}]:{pages.port}" if ":" in host else f"{host}:{pages.port}"
