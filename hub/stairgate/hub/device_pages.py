"""The devices of the home: the list with new ones first, one device's page, and whose it is by one tap.

It decides how forms become acts and which page answers; what whose means is `assignment`'s part.
"""

from collections.abc import Callable

from flask import Blueprint, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import audit, discovery, forms, wording
from stairgate.hub.acts import NotPossible
from stairgate.hub.assignment import GROWN_UP, NoSuchDevice
from stairgate.hub.context import asking_mac, overview, page, parts
from stairgate.hub.family import read_family
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import N_, _
from stairgate.hub.refusal import Overtaken
from stairgate.hub.store import Conflict

device = Blueprint("device", __name__)
Answer = Response | tuple[str, int]
_TOO_MANY = N_("These are more devices than the router can hold.")
device.add_app_template_filter(discovery.shown_name, "device_name")


@device.get("/devices")
def index() -> Answer:
    """Every device, new ones first, and the form for one more."""
    return _list()


@device.post("/devices")
def add() -> Answer:
    """Add a device: name, mac, kind, person (a child's id, or `adult` for a device without rules)."""
    people = {card.person.id: card.person.name for card in overview().cards}
    wanted, faults = forms.read_device(request.form, people)
    if not faults:
        is_adult = wanted.person == GROWN_UP
        try:
            parts().acts.add_device(
                wanted.name,
                wanted.mac,
                wanted.kind,
                () if is_adult else (wanted.person,),
                ("exempt",) if is_adult else (),
            )
            if request.form.get("from") == "child" and not is_adult:
                return redirect(url_for("child.show", person=wanted.person, _anchor="devices"), 303)
            return redirect(url_for("device.index"), 303)
        except NotPossible as problem:
            faults["mac"] = str(problem)
        except PolicyTooLarge:
            faults["mac"] = _(_TOO_MANY)
    return _list(422, faults)


@device.post("/devices/this-one")
def exempt_this_one() -> Answer:
    """Keep the device that asks out of all rules: it is the parent's own."""
    mac = asking_mac()
    fault = _("The hub cannot see which device this is. Please add it below.")
    if mac:
        new = next((card.device for card in overview().new_devices if mac in card.device.macs), None)
        try:
            if new:
                parts().devices.assignment.assign(new.id, GROWN_UP)
            else:
                parts().acts.exempt_parent(mac)
            return _back(url_for("device.index"))
        except NotPossible as problem:
            fault = str(problem)
        except PolicyTooLarge:
            fault = _(_TOO_MANY)
    return _list(409, {"this": fault})


@device.get("/devices/<device_id>")
def show(device_id: str) -> Answer:
    """One device."""
    return _show(device_id)


@device.post("/devices/<device_id>")
def edit(device_id: str) -> Answer:
    """Change a device: name, kind, whose (may repeat; children's ids or `adult`), asks_who, revision."""
    wanted, faults = forms.read_device_edit(request.form, [card.person.id for card in overview().cards])
    if faults:
        return _show(device_id, 422, faults)
    return _act(lambda: parts().devices.assignment.edit(device_id, wanted), device_id)


@device.post("/devices/<device_id>/assign")
def assign(device_id: str) -> Answer:
    """One tap: `whose` is a child's id, `adult`, `visitor`, `visitor-longer`, `all` or `nobody`; `was` (optional) is
    `new` or `visitor`, as the page said.
    """
    whose = request.form.get("whose", "")
    was_visitors = {"new": False, "visitor": True}.get(request.form.get("was", ""))
    return _act(lambda: parts().devices.assignment.assign(device_id, whose, was_visitors))


@device.post("/devices/<device_id>/undo")
def undo(device_id: str) -> Answer:
    """Put the device back as it was before the last act; `act` names it, without it the last one is meant."""
    return _act(lambda: parts().devices.assignment.undo(device_id, request.form.get("act", "")))


@device.post("/devices/<device_id>/end-use")
def end_use(device_id: str) -> Answer:
    """Whoever said “I'm using it now” no longer does."""
    return _act(lambda: parts().devices.assignment.end_use(device_id))


@device.post("/devices/<device_id>/remove")
def remove(device_id: str) -> Answer:
    """Forget a device; a paired toy is removed on its own page."""
    with parts().acts.reading() as rows:
        paired = read_family(rows).toy_of(device_id)
    if paired:
        # Not 303, by which an act says that it was done.
        return redirect(url_for("toy.show", agent=paired.id, _anchor="remove"), 302)
    parts().acts.remove_device(device_id)
    return redirect(url_for("device.index"), 303)


def is_new_here() -> bool:
    """True when the device that asks is seen and nobody's: the parent may say that it is their own."""
    mac = asking_mac()
    return mac is not None and all(mac not in line.device.macs for line in overview().devices)


def _act(act: Callable[[], object], device_id: str = "") -> Answer:
    """Answers with the page the form came from; faults with the device's own page, or with the list."""
    try:
        act()
    except NoSuchDevice:
        abort(404)
    except (NotPossible, Conflict, PolicyTooLarge) as problem:
        fault = audit.meanwhile() if isinstance(problem, Conflict) else str(problem)
        if isinstance(problem, Overtaken):
            fault = _("Nothing was undone. {meanwhile}").format(meanwhile=audit.meanwhile())
        fault = _(_TOO_MANY) if isinstance(problem, PolicyTooLarge) else fault
        g.pop("overview", None)
        return _show(device_id, 409, {"act": fault}) if device_id else _list(409, {"act": fault})
    return _back(url_for("device.index"))


def _back(otherwise: str) -> Response:
    places = {"home": "home.index", "quarantine": "quarantine.show"}
    origin = request.form.get("from", "")
    device_id = (request.view_args or {}).get("device_id")
    if origin == "child" and request.form.get("whose") in [card.person.id for card in overview().cards]:
        return redirect(url_for("child.show", person=request.form["whose"], _anchor="devices"), 303)
    if origin == "device" and device_id:
        return redirect(url_for("device.show", device_id=device_id), 303)
    return redirect(url_for(places[origin]) if origin in places else otherwise, 303)


def _list(status: int = 200, faults: forms.Faults | None = None) -> Answer:
    return page(
        "devices.html",
        status,
        form=request.form if request.method == "POST" else request.args,
        faults=faults or {},
        # Offered where it can work: a child's device is removed from the list first.
        is_new_here=is_new_here(),
    )


def show_again(device_id: str, status: int, faults: forms.Faults) -> Answer:
    """The device's page once more, for forms on it that are others' part."""
    return _show(device_id, status, faults)


def _show(device_id: str, status: int = 200, faults: forms.Faults | None = None) -> Answer:
    home = overview()
    line = next((line for line in home.devices if line.device.id == device_id), None)
    new = next((card for card in home.new_devices if card.device.id == device_id), None)
    if line is None and new is None:
        abort(404)
    found = line.device if line else new.device if new else None
    assert found is not None
    zone = parts().parents.zone()
    return page(
        "device.html",
        status,
        device=found,
        line=line,
        new=new,
        faults=faults or {},
        # After a fault of a field what was typed stays; after a conflict the page shows how it stands.
        form=request.form if status == 422 else None,
        since=wording.clock_time(found.first_seen, zone, home.now) if found.first_seen else "",
        is_repeater=parts().devices.arrivals.is_repeater(found),
    )
