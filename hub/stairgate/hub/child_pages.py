"""A child's page and everything a parent can do for the child.

Every act is a POST that answers 303 to a page.
"""

from collections.abc import Callable

from flask import Blueprint, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import audit, filter_words, forms, limits, roles
from stairgate.hub.acts import NoSuchChild, NotPossible
from stairgate.hub.context import may, overview, page, parts
from stairgate.hub.filters import read_filter
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import _
from stairgate.hub.local_time import zone_names
from stairgate.hub.refusal import Overtaken
from stairgate.hub.store import Conflict
from stairgate.hub.use_acts import UseActs

child = Blueprint("child", __name__, url_prefix="/children")
Answer = Response | tuple[str, int]


@child.get("/new")
def new() -> Answer:
    """The form for a child."""
    return page("child_new.html", form={}, faults={}, zone=parts().parents.zone(), zones=zone_names())


@child.post("")
def add() -> Answer:
    """Add a child: name, band, zone (optional)."""
    wanted, faults = forms.read_child(request.form, parts().parents.zone())
    if not faults:
        try:
            added = parts().acts.add_child(*wanted)
            return redirect(url_for("child.show", person=added.id), 303)
        except (NotPossible, PolicyTooLarge) as problem:
            faults["name"] = str(problem)
    return page("child_new.html", 422, form=request.form, faults=faults, zone=wanted.zone, zones=zone_names())


@child.get("/<person>")
def show(person: str) -> Answer:
    """The child's page."""
    return _show(person)


@child.post("/<person>/pause")
def pause(person: str) -> Answer:
    """Close: `minutes` 15, 30 or 60; 0 until the morning; or `until`, a time of day."""
    until = None
    minutes = forms.read_minutes(request.form, (0, *limits.PAUSE_MINUTES))
    if request.form.get("until"):
        until = forms.read_minute(request.form["until"])
        minutes = None if until is None else 0
    if minutes is None:
        return _show(person, 422, {"pause": _("Please choose how long.")})
    return _act(person, lambda: parts().acts.pause(person, minutes, until))


@child.post("/<person>/bonus")
@roles.needs(roles.CARER)
def bonus(person: str) -> Answer:
    """Open for longer: `minutes` 15, 30 or 60."""
    minutes = forms.read_minutes(request.form, limits.BONUS_MINUTES)
    if minutes is None:
        return _show(person, 422, {"pause": _("Please choose how long.")})
    return _act(person, lambda: parts().acts.bonus(person, minutes))


@child.post("/<person>/give")
def give(person: str) -> Answer:
    """Give back minutes of today that were counted wrongly: `minutes` 15 or 30."""
    minutes = forms.read_minutes(request.form, limits.GIVE_MINUTES)
    if minutes is None:
        return _show(person, 422, {"give": _("Please choose how many minutes.")})
    return _act(person, lambda: UseActs(parts().acts, parts().clock).give_back(person, minutes))


@child.post("/<person>/end")
def end(person: str) -> Answer:
    """Back to the rules: no pause, no extra time."""
    return _act(person, lambda: parts().acts.end_exceptions(person))


@child.post("/<person>/undo")
def undo(person: str) -> Answer:
    """Put back what was before the last act; `act` names it, without it the last one is meant."""
    return _act(person, lambda: parts().acts.undo(person, request.form.get("act", "")))


@child.post("/<person>/remove")
def remove(person: str) -> Answer:
    """Remove a child and its rules; `sure` must be given."""
    if not request.form.get("sure"):
        return _show(person, 422, {"sure": _("Please tick the box first.")})
    parts().acts.remove_child(person)
    return redirect(url_for("home.index"), 303)


def _act(person: str, act: Callable[[], object]) -> Answer:
    try:
        act()
    except NoSuchChild:
        abort(404)
    except Overtaken:
        return _show(person, 409, {"act": " ".join((_("Nothing was undone."), audit.meanwhile()))})
    except NotPossible as problem:
        return _show(person, 409, {"act": str(problem)})
    except Conflict:
        return _show(person, 409, {"act": audit.meanwhile()})
    except PolicyTooLarge:
        return _show(person, 409, {"act": _("These are more rules than the router can hold. Remove some first.")})
    if request.form.get("from") in ("child", "schedule"):
        return redirect(url_for(f"{request.form['from']}.show", person=person), 303)
    return redirect(url_for("home.index"), 303)


def _show(person: str, status: int = 200, faults: forms.Faults | None = None) -> Answer:
    if status != 200:
        g.pop("overview", None)
    card = overview().card(person)
    if not card:
        abort(404)
    if not may(roles.COPARENT):  # a carer, whose extra time was not possible
        return page("carer_home.html", status, fault=next(iter((faults or {}).values()), ""))
    with parts().acts.reading() as rows:
        held = read_filter(rows, person)
    says = filter_words.summary(held)
    return page("child.html", status, card=card, faults=faults or {}, form=request.form, held=held, filter_says=says)
