"""Who did what: each successful form of a signed-in parent becomes one event of the history, for both parents to see.

It looks at every answer, so no page can forget it. Kept are the page's name, ids and minutes, never what was typed.
"""

import re

from flask import Flask, Response, request

from stairgate.hub import forms, limits
from stairgate.hub.agreed import counted_people
from stairgate.hub.family import read_family
from stairgate.hub.guard import web_session
from stairgate.hub.parts import Parts

#: Acts on the history and on sessions that are not worth a line, or that write their own; a look at a page is none.
_SILENT = frozenset({"account.login", "account.logout", "account.claim", "keeping.restore", "needs.find"})

_CHILD = re.compile(r"/children/([^/?#]+)")  # where adding a child leads


def add_act_log(app: Flask, parts: Parts) -> None:
    """Watch every answer of `app`."""

    @app.after_request
    def note(response: Response) -> Response:
        # A redirect elsewhere than to the login is how an act says that it was done; downloads answer 200.
        done = response.status_code == 303 or "Content-Disposition" in response.headers
        endpoint = request.endpoint or ""
        if request.method != "POST" or not done or endpoint in _SILENT or response.location == "/login":
            return response
        signed_in = web_session().signed_in
        if not signed_in:
            return response
        history, ids = parts.keeping.history, request.view_args or {}
        person, device = str(ids.get("person", ids.get("account", ""))), str(ids.get("device_id", ""))
        if endpoint == "child.add" and (made := _CHILD.search(response.location or "")):
            person = made[1]
        if endpoint == "child.remove":
            history.forget_person(person, ())
            person = ""
        if endpoint in ("child.remove", "toy.remove") or request.blueprint == "device":
            history.keep_only(counted_devices(parts))
            parts.keeping.use.keep_persons(_counted(parts))  # of a grown-up’s rules that ended with the device
        minutes = forms.read_minutes(request.form, (*limits.PAUSE_MINUTES, *limits.BONUS_MINUTES)) or 0
        history.event(endpoint, person, device, str(ids.get("agent", "")), signed_in.parent, minutes)
        return response


def _counted(parts: Parts) -> set[str]:
    with parts.store.transaction(parts.home) as rows:
        return counted_people(read_family(rows))


def counted_devices(parts: Parts) -> set[str]:
    """Devices whose bytes may be kept: those of children, never exempt ones."""
    with parts.store.transaction(parts.home) as rows:
        devices = read_family(rows).devices
    return {device.id for device in devices if device.persons and "exempt" not in device.flags}
