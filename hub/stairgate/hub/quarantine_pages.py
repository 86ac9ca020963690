"""Closing new devices: what it would do now, the trial, keeping it, and back.

It decides what is asked first: on a device that is itself nobody's, whether it is the parent's own.
"""

from collections.abc import Callable

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import forms
from stairgate.hub.acts import NotPossible
from stairgate.hub.context import asking_mac, overview, page, parts
from stairgate.hub.device_pages import is_new_here
from stairgate.hub.family import read_family
from stairgate.hub.language import _
from stairgate.hub.quarantine import would_lose

quarantine = Blueprint("quarantine", __name__, url_prefix="/quarantine")
Answer = Response | tuple[str, int]


@quarantine.get("")
def show() -> Answer:
    """The choice, with the devices that would lose internet now."""
    return _show()


@quarantine.post("/try")
def try_it() -> Answer:
    """Close new devices for ten minutes, unless somebody keeps it."""
    if is_new_here():
        return _show(409, {"this": _("Please say first whether this is your own device.")})
    return _act(parts().devices.quarantine.try_it)


@quarantine.post("/keep")
def keep() -> Answer:
    """Keep new devices closed."""
    return _act(parts().devices.quarantine.keep)


@quarantine.post("/stop")
def stop() -> Answer:
    """Let new devices follow the strictest rules again."""
    return _act(parts().devices.quarantine.stop)


def _act(act: Callable[[], None]) -> Answer:
    try:
        act()
    except NotPossible as problem:
        return _show(409, {"act": str(problem)})
    return redirect(url_for("home.index" if request.form.get("from") == "home" else "quarantine.show"), 303)


def _show(status: int = 200, faults: forms.Faults | None = None) -> Answer:
    with parts().store.transaction(parts().home) as rows:
        family = read_family(rows)
    lost = {device.id for device in would_lose(family, int(parts().clock.wall()), parts().use.used)}
    cards = overview().new_devices
    return page(
        "quarantine.html",
        status,
        faults=faults or {},
        lost=[card for card in cards if card.device.id in lost],
        off_anyway=sum(card.device.id not in lost for card in cards),
        is_new_here=is_new_here(),
        is_seen=asking_mac() is not None,
    )
