"""A child's filter on one page: preset, categories, searching, apps and names; every act is a POST that answers 303.

It reads requests and lays out answers; what a tap does is `filter_acts`' part, what may be typed `filter_forms`'.
"""

from collections.abc import Callable

from flask import Blueprint, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import audit, categories, filter_forms, filter_words, limits
from stairgate.hub.acts import NoSuchChild, NotPossible
from stairgate.hub.context import overview, page, parts
from stairgate.hub.filter_acts import FilterActs
from stairgate.hub.filters import ChildFilter, read_filter
from stairgate.hub.forms import Faults
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import N_, _
from stairgate.hub.plain_text import clean_name
from stairgate.hub.presets import PRESETS
from stairgate.hub.store import Conflict

filters = Blueprint("filter", __name__, url_prefix="/children/<person>/filter")
Answer = Response | tuple[str, int]

_TOO_LARGE = N_("These are more names than the router can hold. Remove some first, here or at another child.")


@filters.get("")
def show(person: str) -> Answer:
    """What is filtered for this child; `q` finds apps, `open` names the group that is shown open."""
    return _show(person)


@filters.post("/preset")
def choose(person: str) -> Answer:
    """Begin anew with a preset: `preset`, an age band or `none`."""
    preset = filter_forms.read_preset(request.form)
    if preset is None:
        return _show(person, 422, {"preset": _("Please choose one of the presets.")})
    return _act(person, lambda acts: acts.choose(person, preset), "")


@filters.post("/categories")
def switch(person: str) -> Answer:
    """Block exactly the categories `block` (may repeat), and apps above `age`."""
    block, age, faults = filter_forms.read_switches(request.form)
    return _act(person, lambda acts: acts.switch(person, block, age, _revision()), "categories", faults)


@filters.post("/search")
def search(person: str) -> Answer:
    """`safesearch` and `youtube`."""
    safe, youtube, faults = filter_forms.read_search(request.form)
    return _act(person, lambda acts: acts.search(person, safe, youtube, _revision()), "search", faults)


@filters.post("/way")
def way(person: str) -> Answer:
    """`resolved_only` and `page`."""
    resolved_only, leads = bool(request.form.get("resolved_only")), bool(request.form.get("page"))
    return _act(person, lambda acts: acts.way(person, resolved_only, leads, _revision()), "way")


@filters.post("/apps")
def set_apps(person: str) -> Answer:
    """`app-ID`: `blocked`, `open`, or empty for what its age and category say; apps that are not named stay."""
    states, faults = filter_forms.read_apps(request.form)
    return _act(person, lambda acts: acts.set_apps(person, states, _revision()), "apps", faults)


@filters.post("/names")
def set_names(person: str) -> Answer:
    """`allow` and `deny`: names, one a line."""
    names, faults = filter_forms.read_names(request.form)
    return _act(person, lambda acts: acts.set_names(person, names.allow, names.deny, _revision()), "names", faults)


@filters.post("/only")
def set_only(person: str) -> Answer:
    """`only`: what is open in limited times, one name a line."""
    names, faults = filter_forms.read_only(request.form)
    return _act(person, lambda acts: acts.set_only(person, names, _revision()), "only", faults)


@filters.post("/undo")
def undo(person: str) -> Answer:
    """Put back the filter from before the last change, up to ten minutes later."""
    return _act(person, lambda acts: acts.undo(person), "")


def _revision() -> int | None:
    return filter_forms.read_revision(request.form)


def _act(person: str, act: Callable[[FilterActs], ChildFilter], anchor: str, faults: Faults | None = None) -> Answer:
    if faults:
        return _show(person, 422, faults)
    try:
        act(FilterActs(parts().acts, parts().clock))
    except NoSuchChild:
        abort(404)
    except NotPossible as problem:
        return _show(person, 409, {"act": str(problem)})
    except Conflict:
        return _show(person, 409, {"act": audit.meanwhile()}, keep_typed=False)
    except PolicyTooLarge:
        return _show(person, 409, {"act": _(_TOO_LARGE)})
    group = request.form.get("group", "")
    shown = {"open": group} if group in categories.CATEGORIES or group == categories.OTHER.id else {}
    return redirect(url_for("filter.show", person=person, _anchor=anchor or None, **shown), 303)  # type: ignore[arg-type]


def _show(person: str, status: int = 200, faults: Faults | None = None, keep_typed: bool = True) -> Answer:
    if status != 200:
        g.pop("overview", None)
    card = overview().card(person)
    if not card:
        abort(404)
    with parts().acts.reading() as rows:
        held = read_filter(rows, person)
    shown = held or ChildFilter(person)
    query = clean_name(request.args.get("q", "")[: limits.NAME_CHARACTERS_MAX])
    return page(
        "filter.html",
        status,
        card=card,
        held=shown,
        is_chosen=held is not None,
        can_undo=FilterActs(parts().acts, parts().clock).can_undo(person),
        latest=FilterActs(parts().acts, parts().clock).latest_only(person),
        faults=faults or {},
        typed={field: _typed(field, getattr(shown, field), keep_typed) for field in ("allow", "deny", "only")},
        groups=categories.GROUPS,
        presets=PRESETS,
        ages=filter_forms.AGES,
        query=query,
        opened=request.args.get("open", "") or request.form.get("group", ""),
        app_groups=filter_words.app_groups(shown, query),
        words=filter_words,
    )


def _typed(field: str, held: tuple[str, ...], keep_typed: bool) -> str:
    """What a list's field shows: what was typed where it had a fault, without what hides or turns a line."""
    if keep_typed and field in request.form:
        return filter_forms.as_typed(request.form[field])
    return "\n".join(held)
