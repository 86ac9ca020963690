"""Letting a toy in: the form for its sticker's code, and whether it has come.

The code is read from the sticker by a parent; the proof is the toy's own request (`POST /pair`). What happens then is
`toy_acts`'.
"""

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import forms, wording
from stairgate.hub.context import overview, page, parts
from stairgate.hub.language import _
from stairgate.hub.pairing import PairingState
from stairgate.hub.refusal import NotPossible
from stairgate.hub.roster import TOY
from stairgate.hub.step_up import refuse_without_password
from stairgate.hub.toy_lines import line_or_404

toy_pairing = Blueprint("toy_pairing", __name__, url_prefix="/toys")
Answer = Response | tuple[str, int]


@toy_pairing.get("/add")
def add() -> Answer:
    """The form for a toy's code, and whether the toy has come; with `new` the form again."""
    return _add(is_new="new" in request.args)


@toy_pairing.post("/add")
def wait() -> Answer:
    """Wait for the toy: `code`, as on its sticker or in its QR code, `whose` (children's ids), the parent's `password`.

    again: the id of a toy that was reset.
    """
    again = request.form.get("again", "")
    if again:
        line_or_404(again)
    known = [card.person.id for card in overview().cards]
    whose = tuple(person for person in request.form.getlist("whose") if person in known)
    if not again and not whose:
        return _add(422, {"whose": _("Please say whose it is.")}, is_new=True)
    if refusal := refuse_without_password():
        return _add(refusal.status, {"password": refusal.sentence}, is_new=True)
    try:
        parts().toys.pairing.wait_for(request.form.get("code", ""), whose, again)
    except NotPossible as problem:
        return _add(422, {"code": str(problem)}, is_new=True)
    return redirect(url_for("toy_pairing.add"), 303)


@toy_pairing.post("/add/cancel")
def cancel() -> Answer:
    """No longer wait for a toy."""
    parts().toys.pairing.window.cancel()
    return redirect(url_for("toy.index"), 303)


def _add(status: int = 200, faults: forms.Faults | None = None, is_new: bool = False) -> Answer:
    state = PairingState("closed") if is_new else parts().toys.pairing.window.state()
    zone, now = parts().parents.zone(), parts().clock.wall()
    again = parts().roster.find(request.values.get("again", "") or state.again)
    return page(
        "toy_add.html",
        status,
        faults=faults or {},
        form=request.form,
        code=state,
        again=again if again and again.kind == TOY else None,
        until=wording.clock_time(now + state.seconds, zone, now),
        broker_fault=parts().router_acts.broker_fault,
    )
