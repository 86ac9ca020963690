"""The family's side of a toy: the list, and its label with what a parent may say to it.

Pages for parents; what a tap does is `toy_acts`', what the label says `toy_view`'s. Pairing is `toy_pairing_pages`, the
child's side `toy_child_pages`, what can be downloaded `toy_file_pages`.
"""

from collections.abc import Callable
from datetime import date

from flask import Blueprint, abort, g, redirect, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from stairgate.hub import audit, forms, limits, toy_view, toy_words, wording
from stairgate.hub.context import account, page, parts
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import N_, _
from stairgate.hub.local_time import local
from stairgate.hub.refusal import NotPossible
from stairgate.hub.step_up import refuse_without_password
from stairgate.hub.store import Conflict
from stairgate.hub.toy_connections import Seen, connections_of
from stairgate.hub.toy_entry_words import entry_text
from stairgate.hub.toy_erasing import Erasing, erasing_of
from stairgate.hub.toy_lines import line_or_404, lines
from stairgate.hub.toys import COMMAND, HANDOVER

toy = Blueprint("toy", __name__, url_prefix="/toys")
Answer = Response | tuple[str, int]
_ALARMS = {
    "other_maker": N_(
        "Another maker than before signed what this toy declares, so it was not taken. "
        "Keep its sensors closed and ask the maker."
    ),
    "faulty": N_("What this toy declares now lacks what it must say. It was not taken; the last one still holds."),
}


@toy.get("")
def index() -> Answer:
    """Every toy of the home."""
    return page("toys.html", lines=lines(), code=parts().toys.pairing.window.state())


@toy.get("/<agent>")
def show(agent: str) -> Answer:
    """The label of a toy."""
    return _show(agent)


@toy.post("/<agent>/agree")
def agree(agent: str) -> Answer:
    """Agree to the data row `row`."""
    return _act(agent, lambda: parts().toys.acts.agree(agent, request.form.get("row", ""), _by()))


@toy.post("/<agent>/withdraw")
def withdraw(agent: str) -> Answer:
    """Take the agreement to `row` back."""
    return _act(agent, lambda: parts().toys.acts.withdraw(agent, request.form.get("row", ""), _by()))


@toy.post("/<agent>/open")
def open_gate(agent: str) -> Answer:
    """Open `gate` for `minutes` (10, 30, 60)."""
    minutes = forms.read_minutes(request.form, limits.TOY_OPEN_MINUTES)
    if not minutes:
        abort(400)
    return _act(agent, lambda: parts().toys.acts.open_gate(agent, request.form.get("gate", ""), minutes, _by()))


@toy.post("/<agent>/close")
def close_gate(agent: str) -> Answer:
    """Close `gate` now."""
    return _act(agent, lambda: parts().toys.acts.close_gate(agent, request.form.get("gate", "")))


@toy.post("/<agent>/switch-off")
def switch_off(agent: str) -> Answer:
    """Switch the sensor behind `gate` off until further notice."""
    return _act(agent, lambda: parts().toys.acts.switch(agent, request.form.get("gate", ""), False, _by()))


@toy.post("/<agent>/switch-on")
def switch_on(agent: str) -> Answer:
    """Let the sensor behind `gate` be opened again; it stays closed until somebody does."""
    return _act(agent, lambda: parts().toys.acts.switch(agent, request.form.get("gate", ""), True, _by()))


@toy.post("/<agent>/rename")
def rename(agent: str) -> Answer:
    """Call it something else: `name`."""
    return _act(agent, lambda: parts().toys.acts.rename(agent, request.form.get("name", "")), "name")


@toy.post("/<agent>/erase")
def erase(agent: str) -> Answer:
    """Have the toy erase what it holds: `sure` and the parent's `password`."""
    return _erase(agent, COMMAND, "erase")


@toy.post("/<agent>/give-away")
def give_away(agent: str) -> Answer:
    """Have the toy forget this family: `sure` and the parent's `password`."""
    return _erase(agent, HANDOVER, "give")


@toy.post("/<agent>/remove")
def remove(agent: str) -> Answer:
    """Take the toy's rights away and forget it: `sure` and the parent's `password`."""
    line_or_404(agent)
    if faults := _sure_and_password("remove"):
        return _show(agent, 422, faults)
    try:
        parts().toys.acts.remove(agent)
    except NotPossible as problem:
        return _show(agent, 409, {"act": str(problem)})
    return redirect(url_for("toy.index"), 303)


def _erase(agent: str, why: str, form: str) -> Answer:
    line_or_404(agent)
    if faults := _sure_and_password(form):
        return _show(agent, 422, faults)
    return _act(agent, lambda: parts().toys.acts.erase(agent, why, _by()), anchor="erasing")


def _sure_and_password(form: str) -> forms.Faults:
    if not request.form.get("sure"):
        return {f"sure-{form}": _("Please tick the box first.")}
    if refusal := refuse_without_password():
        return {f"password-{form}": refusal.sentence}
    return {}


def _by() -> str:
    signed_in = account()
    return signed_in.id if signed_in else ""


def _act(agent: str, act: Callable[[], object], field: str = "act", anchor: str = "") -> Answer:
    line_or_404(agent)
    try:
        act()
    except NotPossible as problem:
        return _show(agent, 422 if field == "name" else 409, {field: str(problem)})
    except Conflict:
        return _show(agent, 409, {"act": audit.meanwhile()})
    except PolicyTooLarge:
        return _show(agent, 409, {"act": _("There are more rules than the routers can hold.")})
    if request.form.get("from") == "home":
        return redirect(url_for("home.index"), 303)
    gate = request.form.get("gate", "") or request.form.get("about", "")
    anchor = anchor or (f"gate-{gate}" if gate in toy_words.ICONS else "")
    return redirect(url_for("toy.show", agent=agent, _anchor=anchor or None), 303)


def _show(agent: str, status: int = 200, faults: forms.Faults | None = None) -> Answer:
    if status != 200:
        g.pop("overview", None)
    line = line_or_404(agent)
    own, ledger = line.toy, parts().toys.ledger
    now = parts().clock.wall()
    moment = toy_view.Moment(now, parts().parents.zone(), audit.everybody())
    declaration = own.declaration
    gates: tuple[toy_view.GateView, ...] = ()
    connections: tuple[Seen, ...] = ()
    erasing: Erasing = erasing_of(own, declaration, parts().toys, line.standing, moment)
    if declaration:
        with parts().store.transaction(parts().home) as rows:
            newest = parts().issuer.newest(rows, agent)
        policy = parts().issuer.policy_of(newest) if newest else None
        counts = ledger.counts(agent, int(now) - 86400)
        used = parts().keeping.use.used(policy, int(now)) if policy else {}
        gates = toy_view.gates_of(own, declaration, policy, used, counts, moment)
        connections = connections_of(declaration, ledger.observed(agent), moment)
    return page(
        "toy.html",
        status,
        line=line,
        declaration=declaration,
        about=toy_words.makers_words(declaration, "toy", "parent") if declaration else None,
        alarm=_(_ALARMS[own.alarm]) if own.alarm in _ALARMS else "",
        gates=gates,
        connections=connections,
        entries=[(entry_text(each, declaration), moment.time(each.t)) for each in ledger.entries(agent)],
        erasing=erasing,
        ai_place=toy_words.RUNS_ON,
        support_until=_day_text(declaration.toy.support_end) if declaration and declaration.toy else "",
        support_over=bool(declaration and declaration.toy and declaration.toy.support_end < _today()),
        faults=faults or {},
        form=request.form,
    )


def _bdi_only(text: str) -> Markup:
    """A maker's word in a fact, kept apart from the sentence and never put into another language."""
    return Markup('<bdi translate="no">{}</bdi>').format(text)


toy.add_app_template_filter(_bdi_only, "bdi_only")


def _day_text(day: str) -> str:
    return wording.full_date_text(date.fromisoformat(day))


def _today() -> str:
    return local(parts().clock.wall(), parts().parents.zone()).date().isoformat()
