"""The page on which a parent writes and offers rules for a grown-up's device; every act is a POST that answers 303.

Times, minutes and filter are set on the same pages as a child's; what belongs to children only (a pause, questions,
growing up) is turned away here. What a tap does is `agreed_acts`' part, what the device itself shows `agreed_here`'s.
"""

from collections.abc import Callable

from flask import Blueprint, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import agreed_words, audit
from stairgate.hub.agreed import agreement_of, counted_people, is_grown_ups
from stairgate.hub.agreed_acts import AgreedActs
from stairgate.hub.context import account, page, parts
from stairgate.hub.family import Device, read_family
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import _
from stairgate.hub.plain_text import clean_name
from stairgate.hub.refusal import NotPossible
from stairgate.hub.store import Conflict

agreed = Blueprint("agreed", __name__, url_prefix="/devices/<device_id>/rules")
Answer = Response | tuple[str, int]
#: Pages and acts with a child's id in their address that are for grown-ups as well.
_ALSO = ("schedule", "day", "filter", "needs")
_UNDO = "child.undo"


@agreed.get("")
def show(device_id: str) -> Answer:
    """The rules for this grown-up's device, and how it stands with them."""
    return _show(device_id)


@agreed.post("/begin")
def begin(device_id: str) -> Answer:
    """Begin to write rules: `name`, of whoever they are for."""
    name = clean_name(request.form.get("name", ""))
    if not name:
        return _show(device_id, 422, {"name": _("Please give a name; a nickname is fine.")})
    return _act(device_id, lambda acts: acts.begin(device_id, name, parts().parents.zone()))


@agreed.post("/offer")
def offer(device_id: str) -> Answer:
    """Ask on the device."""
    signed_in = account()
    by = signed_in.id if signed_in else ""
    return _act(device_id, lambda acts: acts.offer(device_id, by))


@agreed.post("/withdraw")
def withdraw(device_id: str) -> Answer:
    """Offer them no more, and end what was accepted."""
    return _act(device_id, lambda acts: acts.withdraw(device_id))


@agreed.post("/discard")
def discard(device_id: str) -> Answer:
    """Delete the rules: `sure`."""
    if not request.form.get("sure"):
        return _show(device_id, 422, {"sure": _("Please tick the box first.")})
    with parts().acts.reading() as rows:
        held = next((one for one in read_family(rows).agreements if one.id == device_id), None)
    answer = _act(device_id, lambda acts: acts.discard(device_id))
    if held and isinstance(answer, Response):
        parts().keeping.history.forget_person(held.person, ())
    return answer


@agreed.before_app_request
def turn_away() -> Response | None:
    """What is for children only does not exist for a grown-up's rules."""
    person = (request.view_args or {}).get("person")
    if not person or request.blueprint in _ALSO or request.endpoint == _UNDO:
        return None
    with parts().acts.reading() as rows:
        family = read_family(rows)
    if person not in {adult.id for adult in family.adults}:
        return None
    held = next((one for one in family.agreements if one.person == person), None)
    if request.method != "GET" or not held:
        abort(409, _("This is for children only. A grown-up’s rules are what was accepted, nothing else."))
    return redirect(url_for("agreed.show", device_id=held.id), 303)


def line_of(device: Device) -> str:
    """How it stands with rules for a device, for its own page; "" where none can be offered."""
    if not is_grown_ups(device):
        return ""
    with parts().acts.reading() as rows:
        family = read_family(rows)
    held = agreement_of(family, device)
    person = family.person(held.person) if held else None
    if not held or not person:
        return _("No rules hold here. You can offer some; they hold only after a yes on this very device.")
    return agreed_words.standing_of(family, held, person, parts().parents.zone(), parts().clock.wall()).says


def _act(device_id: str, act: Callable[[AgreedActs], object]) -> Answer:
    try:
        act(AgreedActs(parts().acts, parts().clock))
    except NotPossible as problem:
        return _show(device_id, 409, {"act": str(problem)})
    except Conflict:
        return _show(device_id, 409, {"act": audit.meanwhile()})
    except PolicyTooLarge:
        return _show(device_id, 409, {"act": _("These are more rules than the router can hold. Remove some first.")})
    forget_minutes()
    return redirect(url_for("agreed.show", device_id=device_id), 303)


def forget_minutes() -> None:
    """Delete the minutes of whoever has no rules any more."""
    with parts().acts.reading() as rows:
        counted = counted_people(read_family(rows))
    parts().keeping.use.keep_persons(counted)


def _show(device_id: str, status: int = 200, faults: dict[str, str] | None = None) -> Answer:
    if status != 200:
        g.pop("overview", None)
    now, zone = parts().clock.wall(), parts().parents.zone()
    with parts().acts.reading() as rows:
        family = read_family(rows)
    device = family.device(device_id)
    if not device or not is_grown_ups(device):
        abort(404)
    held = agreement_of(family, device)
    person = family.person(held.person) if held else None
    return page(
        "agreed.html",
        status,
        device=device,
        person=person,
        held=held,
        rules=agreed_words.rules_of(family, person, now) if person else None,
        standing=agreed_words.standing_of(family, held, person, zone, now) if held and person else None,
        faults=faults or {},
    )
