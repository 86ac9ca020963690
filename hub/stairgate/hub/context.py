"""What a page needs of its request: the hub's parts, the home at this moment, and a way to answer."""

from typing import Any, cast

from flask import current_app, g, render_template, request

from stairgate.hub import roles
from stairgate.hub.accounts import Account
from stairgate.hub.cards import Overview
from stairgate.hub.parts import Parts


def parts() -> Parts:
    """The hub this request belongs to."""
    return cast(Parts, current_app.extensions["stairgate"])


def overview() -> Overview:
    """The home as parents see it, now; made once a request."""
    if "overview" not in g:
        g.overview = parts().cards.overview(parts().parents.zone())
    return cast(Overview, g.overview)


def account() -> Account | None:
    """The account that is signed in, None for a visitor. The guard has looked it up."""
    return cast("Account | None", g.get("account"))


def may(role: str) -> bool:
    """True when whoever is signed in may do what needs `role`."""
    signed_in = account()
    return signed_in is not None and roles.suffices(signed_in.role, role)


def page(template: str, status: int = 200, **values: Any) -> tuple[str, int]:
    """A page with what every page of a parent needs."""
    return render_template(template, overview=overview(), **values), status


def asking_mac() -> str | None:
    """The hardware address of the device that asks, None when the hub does not see it."""
    return parts().devices.discovery.mac_of(request.remote_addr or "")


def source() -> str:
    """Who is asking, for slowing guesses: the hardware address where the hub sees one, else the network address."""
    address = request.remote_addr or "unknown"
    return parts().network.mac_of(address) or address
