"""The page “What a page needs”: a parent names a page of the homework list and adds the hosts it loads from in one tap.

It reads requests and lays out answers. Looking at the page is `page_look`'s part, what is offered `needs_offer`'s. The
name travels in the form, and nothing is stored but the names that were ticked.
"""

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import filter_forms, needs_offer
from stairgate.hub.acts import NoSuchChild, NotPossible
from stairgate.hub.context import overview, page, parts
from stairgate.hub.filter_acts import FilterActs
from stairgate.hub.filters import ChildFilter, read_filter
from stairgate.hub.forms import Faults
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import N_, _
from stairgate.hub.needs_offer import Offer
from stairgate.hub.page_look import Looked, PageFault
from stairgate.hub.why_pages import tags_of

needs = Blueprint("needs", __name__, url_prefix="/children/<person>/filter/needs")
Answer = Response | tuple[str, int]

_NOTHING = N_("Please type a name, such as school.example.")
_TOO_LARGE = N_("These are more names than the router can hold. Remove some first, here or at another child.")


@needs.get("")
def show(person: str) -> Answer:
    """The form alone."""
    return _show(person)


@needs.post("")
def find(person: str) -> Answer:
    """`name`: a name, or the address of a page. Answers 200 with what it loads, or with why that is not known."""
    typed = request.form.get("name", "")
    if not overview().card(person):
        abort(404)
    try:
        name = filter_forms.read_name(typed)
    except ValueError as problem:
        fault = str(problem) if typed.strip() else _(_NOTHING)
        return _show(person, 422, faults={"name": fault}, typed=filter_forms.shown(typed))
    try:
        looked = parts().looks.look(name)
    except PageFault as problem:
        # The page alone is offered: a list without it would open nothing of it.
        return _show(person, name=name, offer=_offer(person, name, None), failed=str(problem))
    return _show(person, name=name, offer=_offer(person, name, looked), looked=looked)


@needs.post("/add")
def add(person: str) -> Answer:
    """`host` (may repeat) and `more` (one a line): names that are open in limited times from now on."""
    names, faults = filter_forms.read_needs(request.form)
    if not faults:
        try:
            FilterActs(parts().acts, parts().clock).add_only(person, names)
        except NoSuchChild:
            abort(404)
        except NotPossible as problem:
            faults = {"act": str(problem)}
        except PolicyTooLarge:
            faults = {"act": _(_TOO_LARGE)}
        else:
            return redirect(url_for("filter.show", person=person, _anchor="only"), 303)
    typed = filter_forms.as_typed(request.form.get("more", ""))
    status = 409 if "act" in faults else 422
    ticked = filter_forms.ticked(request.form)[0]
    return _show(person, status, offer=needs_offer.by_hand(ticked), faults=faults, more=typed)


def _held(person: str) -> ChildFilter:
    with parts().acts.reading() as rows:
        return read_filter(rows, person) or ChildFilter(person)


def _offer(person: str, name: str, looked: Looked | None) -> Offer:
    shelf = parts().lists.shelf
    found = looked.found if looked else needs_offer.NOTHING_FOUND
    return needs_offer.offer(found, name, _held(person), shelf.listed().everyone, lambda host: tags_of(shelf, host))


def _show(
    person: str,
    status: int = 200,
    name: str = "",
    offer: Offer | None = None,
    looked: Looked | None = None,
    failed: str = "",
    faults: Faults | None = None,
    typed: str = "",
    more: str = "",
) -> Answer:
    card = overview().card(person)
    if not card:
        abort(404)
    return page(
        "needs.html",
        status,
        card=card,
        name=name,
        offer=offer,
        looked=looked,
        failed=failed,
        faults=faults or {},
        typed=typed or name,
        more=more,
    )
