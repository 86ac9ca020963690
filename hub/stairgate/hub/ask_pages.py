"""`/me/ask` and its acts: a child asks for time or a site, takes it back, objects, stops itself. Without a login.

It recognises the device as `/me` does: a child's own speaks for that child only, a shared one for whoever said “I'm
using it now”, which nobody can prove. Words are cleaned and bounded, posts are few; what is asked for travels in forms,
never in an address. Who may do what is `ask_acts`' part.
"""

from collections.abc import Callable
from typing import NamedTuple

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import filter_forms, forms, limits, outlook
from stairgate.hub.ask_acts import WHO, Wanted, speaker
from stairgate.hub.context import asking_mac, parts
from stairgate.hub.family import Device, Family, read_family
from stairgate.hub.free_minutes import read_free
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import N_, _
from stairgate.hub.my_asking import MyAsking, my_asking, number_of
from stairgate.hub.plain_text import clean_line
from stairgate.hub.refusal import NotPossible
from stairgate.hub.requests import KINDS, TIME, WRONG, read_requests
from stairgate.hub.site_asks import site_of
from stairgate.hub.store import Conflict
from stairgate.hub.why_pages import tags_of

asking = Blueprint("asking", __name__, url_prefix="/me")
Answer = Response | tuple[str, int]
_UNSEEN = N_("The hub does not see which device this is. Please open this page again in a minute.")


class Here(NamedTuple):
    """The device that asks, where it is a child's with rules."""

    family: Family
    device: Device


def here() -> Here | None:
    """The child's device that asks, None for any other."""
    with parts().store.transaction(parts().home) as rows:
        family = read_family(rows)
    mac = asking_mac()
    device = family.device_with(mac) if mac else None
    if not device or "exempt" in device.flags or not any(family.person(person) for person in device.persons):
        return None
    return Here(family, device)


def asked_here() -> MyAsking | None:
    """What the pages of the device that asks say of questions, None where it is no child's with rules."""
    place = here()
    return _asked_on(*place) if place else None


def _asked_on(family: Family, device: Device) -> MyAsking:
    with parts().store.transaction(parts().home) as rows:
        requests = read_requests(rows)
        free = {person: read_free(rows, person) for person in device.persons}
    names = [account.name for account in parts().parents.accounts()]
    readers = tuple(names) if all(names) else ()
    return my_asking(family, device, requests, free, readers, parts().acts.use, parts().clock.wall())


@asking.get("/ask")
def form() -> Answer:
    """The forms alone."""
    return _form()


@asking.post("/ask")
def ask() -> Answer:
    """`kind` time (with `minutes`), site or wrong (with `name`); `words`; `person` on a device that several share."""
    kind = request.form.get("kind", "")
    place = here()
    if kind not in KINDS or not place:
        return _form(422, _("Please choose what you ask for."))
    # The answer says whether a name is blocked, as `why_pages` does.
    if kind != TIME and not parts().asking_pace.may_ask(place.device.id):
        return _form(429, _("These were many names. Please wait a minute."))
    try:
        wanted = _time() if kind == TIME else _site(kind, place)
    except ValueError as problem:
        return _form(422, str(problem))
    except NotPossible as problem:
        return _form(409, str(problem))
    person = request.form.get("person", "")
    return _act(lambda device: parts().asking.child.ask(device, person, wanted))


@asking.post("/ask/<request_id>/withdraw")
def withdraw(request_id: str) -> Answer:
    """Take a question back that waits."""
    return _act(lambda device: parts().asking.child.withdraw(device, request_id))


@asking.post("/ask/<request_id>/object")
def appeal(request_id: str) -> Answer:
    """Once, after a no to a mistake: `words`, why it is one all the same."""
    words = _words()
    if not words:
        return _form(422, _("Please say why it is a mistake: your parents have said no once."))
    return _act(lambda device: parts().asking.child.appeal(device, request_id, words))


@asking.post("/stop")
def stop() -> Answer:
    """`until`: the time of today from which this child wants to be stopped."""
    minute = forms.read_minute(request.form.get("until", ""))
    if minute is None:
        return _form(422, _("Please choose a time later today, such as 18:00."))
    return _act(lambda device: parts().asking.child.stop(device, minute), "asking.stop")


@asking.post("/take")
def take() -> Answer:
    """`minutes`: some of those that a parent allows without asking."""
    minutes = forms.read_minutes(request.form, limits.REQUEST_MINUTES)
    if minutes is None:
        return _form(422, _("Please choose how many minutes."))
    return _act(lambda device: parts().asking.child.take(device, minutes), "asking.take", minutes)


@asking.get("/asked")
def asked() -> Response:
    """A number for a waiting page: another one after an answer. 304 as long as it is the one in If-None-Match."""
    place = here()
    number = ""
    if place:
        with parts().store.transaction(parts().home) as rows:
            number = number_of(read_requests(rows), place.device, parts().clock.wall())
    response = jsonify(state=number)
    response.set_etag(number or "none")
    return response.make_conditional(request)


def _time() -> Wanted:
    minutes = forms.read_minutes(request.form, (0, *limits.REQUEST_MINUTES))
    if minutes is None:
        raise ValueError(_("Please choose how long."))
    return Wanted(TIME, _words(), minutes)


def _site(kind: str, place: Here) -> Wanted:
    typed = request.form.get("name", "")
    if not typed.strip():
        raise ValueError(_("Please type a name, such as example.org."))
    try:
        name = filter_forms.read_name(typed)
    except ValueError as problem:
        raise ValueError(str(problem)) from None
    now = parts().clock.wall()
    family, device = place
    person = speaker(device, now) or request.form.get("person", "")
    if person not in device.persons:
        raise NotPossible(_(WHO))
    held = family.filter_at(person, now)
    level = outlook.of_everybody(family, int(now), parts().acts.use)[device.id].level
    shelf = parts().lists.shelf
    spent = outlook.spent_of(family, int(now), parts().acts.use).get(person, {})
    site = site_of(held, level, name, shelf.listed().everyone, tags_of(shelf, name), spent, kind == WRONG)
    return Wanted(kind, _words(), name=site.name, app=site.app, is_limited=site.is_limited)


def _words() -> str:
    return clean_line(request.form.get("words", ""), limits.REQUEST_WORDS_MAX)


def _act(act: Callable[[str], object], told: str = "", minutes: int = 0) -> Answer:
    """Do it for the device that asks; `told`: the event that parents read of, for what has an effect."""
    place = here()
    if not place:
        return _form(409, _(_UNSEEN))
    if not parts().asking.pace.may_ask(place.device.id):
        return _form(429, _("These were many at once. Please wait some minutes; nothing of what you asked is lost."))
    try:
        act(place.device.id)
    except NotPossible as problem:
        return _form(409, str(problem))
    except Conflict:
        return _form(409, _("There was an answer just now. This is how it stands."))
    except PolicyTooLarge:
        return _form(409, _("The router cannot hold more rules just now. Please talk to your parents."))
    if told:
        person = speaker(place.device, parts().clock.wall())
        parts().keeping.history.event(told, person, place.device.id, by=person, minutes=minutes)
    return redirect(url_for("public.me", _anchor="asking"), 303)


def _form(status: int = 200, fault: str = "") -> Answer:
    typed = {name: clean_line(request.form.get(name, ""), limits.REQUEST_WORDS_MAX) for name in ("words", "name")}
    return render_template("me_ask.html", asking=asked_here(), fault=fault, typed=typed, form=request.form), status
