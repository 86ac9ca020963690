"""Growing up on pages: the birth month of a child, the preset that is proposed, and what both are told at eighteen.

It reads requests and lays out answers; what an answer does is `growing_acts`' part.
"""

from collections.abc import Callable
from typing import NamedTuple

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import audit, roles
from stairgate.hub.acts import NoSuchChild
from stairgate.hub.context import asking_mac, parts
from stairgate.hub.family import read_family
from stairgate.hub.growing import read_born
from stairgate.hub.growing_acts import Ending, Grown, Offer
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import _
from stairgate.hub.local_time import local
from stairgate.hub.refusal import NotPossible
from stairgate.hub.store import Conflict
from stairgate.hub.wording import full_date_text

growing = Blueprint("growing", __name__, url_prefix="/children/<person>/growing")


class Told(NamedTuple):
    """What the parents' first page says of growing up."""

    offers: tuple[Offer, ...]
    endings: tuple[tuple[Ending, str], ...]
    grown: tuple[tuple[Grown, str], ...]


@growing.post("/born")
@roles.needs(roles.COPARENT)
def born(person: str) -> Response:
    """The birth month: `born` as `2013-05`, empty to forget it."""
    today = local(parts().clock.wall(), parts().parents.zone()).date()
    month = read_born(request.form.get("born", ""), today)
    if month is None:
        abort(422, _("Please give the month like 2013-05, of somebody who is not yet 18; or leave it empty."))
    return _act(lambda: parts().growing.set_born(person, month), url_for("child.show", person=person, _anchor="about"))


@growing.post("/accept")
@roles.needs(roles.COPARENT)
def accept(person: str) -> Response:
    """Take the preset that is proposed: `band`."""
    return _act(lambda: parts().growing.accept(person, request.form.get("band", "")), url_for("home.index"))


@growing.post("/not-now")
@roles.needs(roles.COPARENT)
def not_now(person: str) -> Response:
    """Be asked again in three months: `band`."""
    return _act(lambda: parts().growing.not_now(person, request.form.get("band", "")), url_for("home.index"))


def _act(act: Callable[[], None], then: str) -> Response:
    try:
        act()
    except NoSuchChild:
        abort(404)
    except (NotPossible, PolicyTooLarge) as problem:
        abort(409, str(problem))
    except Conflict:
        abort(409, audit.meanwhile())
    return redirect(then, 303)


def told() -> Told:
    """For the parents' first page."""
    kept, zone = parts().growing, parts().parents.zone()
    return Told(
        kept.offers(),
        tuple((ending, full_date_text(ending.on)) for ending in kept.endings()),
        tuple((one, full_date_text(local(one.at, zone).date())) for one in kept.grown()),
    )


def mine() -> tuple[str, ...]:
    """For the page of the device that asks: sentences on rules that end soon, or have ended."""
    mac = asking_mac()
    if not mac:
        return ()
    with parts().store.transaction(parts().home) as rows:
        device = read_family(rows).device_with(mac)
    if not device:
        return ()
    zone = parts().parents.zone()
    soon = [_soon(ending, device.persons) for ending in parts().growing.endings() if ending.person.id in device.persons]
    ended = [
        _("The rules that held here ended on {day}, because you are 18. What was kept of you is deleted.").format(
            day=full_date_text(local(one.at, zone).date())
        )
        for one in parts().growing.grown()
        if device.id in one.devices
    ]
    return (*soon, *ended)


def _soon(ending: Ending, persons: tuple[str, ...]) -> str:
    """On a shared device it says of whom it speaks; its own people may read that."""
    if len(persons) == 1:
        text = _("On {day} you are 18: rules, filter and history end by themselves.")
    else:
        text = _("On {day} {name} is 18: rules, filter and history end by themselves.")
    return text.format(day=full_date_text(ending.on), name=ending.person.name)
