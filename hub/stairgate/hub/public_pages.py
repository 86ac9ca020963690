"""What needs no login: help, and `/me`, where a child sees what holds for the device in its hands.

`/me` recognises the device by its source address in the hub's neighbour table. It shows no name, no history
and nothing of other devices; an address can be borrowed, so it must be safe to show to any sibling.
"""

from typing import NamedTuple

from flask import Blueprint, render_template, request

from stairgate.hub import outlook, wording
from stairgate.hub.context import parts
from stairgate.hub.family import Device, Family, read_family

public = Blueprint("public", __name__)


class Mine(NamedTuple):
    """What a device's own page says. `bedtimes`: sentences."""

    kind: str
    state: wording.State
    has_rules: bool
    bedtimes: tuple[str, ...]
    applied: wording.Applied


@public.get("/help")
def help_page() -> tuple[str, int]:
    """What Stairgate is and what to do when something does not work."""
    return render_template("help.html"), 200


@public.get("/me")
def me() -> tuple[str, int]:
    """What holds on the device that asks."""
    mac = parts().network.mac_of(request.remote_addr or "")
    with parts().store.transaction(parts().home) as rows:
        family = read_family(rows)
    device = family.device_with(mac) if mac else None
    if device is None or not (device.persons or device.flags):
        return render_template("me_unknown.html", mac=mac), 200
    return render_template("me.html", mine=_mine(family, device)), 200


def _mine(family: Family, device: Device) -> Mine:
    now = parts().clock.wall()
    owners = [person for person in family.people if person.id in device.persons]
    zone = owners[0].zone if owners else parts().parents.zone()
    state = wording.state_of(outlook.of_everybody(family, int(now))[device.id], zone, now)
    bedtimes = sorted({wording.bedtime_text(week) for person in owners for week in family.weeks_of(person.id)})
    has_rules = bool(owners) and "exempt" not in device.flags
    kind = wording.KIND_NAMES[device.kind].lower() if device.kind not in ("other", "tv") else "device"
    standings = parts().cards.overview(zone).applied
    return Mine(kind, state, has_rules, tuple(bedtimes), standings)
