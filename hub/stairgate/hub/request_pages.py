"""A parent's answer to a child's question, in one tap from the card; and what stands beside it on the child's page.

Every act is a POST that answers 303 to a page. A carer answers questions for time, everything else is for parents.
What an answer does is `answer_acts`' part.
"""

from collections.abc import Callable

from flask import Blueprint, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import audit, forms, limits, roles
from stairgate.hub.acts import NoSuchChild
from stairgate.hub.context import account, may, page, parts
from stairgate.hub.free_minutes import CHOICES
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import _
from stairgate.hub.plain_text import clean_line
from stairgate.hub.refusal import NotPossible
from stairgate.hub.requests import TIME, find_request
from stairgate.hub.store import Conflict

requests = Blueprint("requests", __name__, url_prefix="/children/<person>")
Answer = Response | tuple[str, int]


@requests.post("/requests/<request_id>/answer")
@roles.needs(roles.CARER)
def answer(person: str, request_id: str) -> Answer:
    """`choice` (minutes, bedtime, once, always, no), `revision` of the question as it was seen, `words` (optional)."""
    choice = request.form.get("choice", "")[:16]
    words = clean_line(request.form.get("words", ""), limits.REQUEST_WORDS_MAX)
    typed = request.form.get("revision", "")
    revision = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    signed_in = account()
    if not signed_in or not _is_mine(person, request_id):
        abort(403, _("Questions for a site are answered by a parent."))
    return _act(
        person,
        lambda: parts().asking.parent.answer(person, request_id, revision, choice, words, signed_in.id),
    )


@requests.post("/requests/<request_id>/undo")
@roles.needs(roles.CARER)
def undo(person: str, request_id: str) -> Answer:
    """Take an answer back, up to 10 minutes later: the question waits again. A carer: only the own one."""
    signed_in = account()
    only_by = signed_in.id if signed_in and not may(roles.COPARENT) else ""
    if not _is_mine(person, request_id):
        abort(403, _("Questions for a site are answered by a parent."))
    return _act(person, lambda: parts().asking.parent.undo(person, request_id, only_by))


@requests.post("/passes/<pass_id>/end")
@roles.needs(roles.COPARENT)
def end_pass(person: str, pass_id: str) -> Answer:
    """Close a site again that was opened for today."""
    return _act(person, lambda: parts().asking.parent.end_pass(person, pass_id))


@requests.post("/stop/lift")
@roles.needs(roles.COPARENT)
def lift_stop(person: str) -> Answer:
    """Take back that the child wanted to stop."""
    return _act(person, lambda: parts().asking.parent.lift_stop(person))


@requests.post("/free-minutes")
@roles.needs(roles.COPARENT)
def free_minutes(person: str) -> Answer:
    """`minutes` a day that the child may take without asking: 0, 15, 30, 60 or 120."""
    minutes = forms.read_minutes(request.form, CHOICES)
    if minutes is None:
        return _fault(_("Please choose how many minutes a day."), 422)
    return _act(person, lambda: parts().asking.parent.allow_free(person, minutes))


def _is_mine(person: str, request_id: str) -> bool:
    """Whether whoever is signed in may answer this: a carer only what asks for time."""
    if may(roles.COPARENT):
        return True
    with parts().acts.reading() as rows:
        found = find_request(rows, request_id)
    return found is None or found.person != person or found.kind == TIME


def _act(person: str, act: Callable[[], object]) -> Answer:
    try:
        act()
    except NoSuchChild:
        abort(404)
    except NotPossible as problem:
        return _fault(str(problem))
    except Conflict:
        return _fault(audit.meanwhile())
    except PolicyTooLarge:
        return _fault(_("These are more rules than the router can hold. Remove some first."))
    if request.form.get("from") == "child" and may(roles.COPARENT):
        return redirect(url_for("child.show", person=person, _anchor="asked"), 303)
    return redirect(url_for("home.index"), 303)


def _fault(sentence: str, status: int = 409) -> Answer:
    g.pop("overview", None)
    return page("home.html" if may(roles.COPARENT) else "carer_home.html", status, fault=sentence)
