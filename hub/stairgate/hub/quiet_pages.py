"""Quiet hours on a device's page, and the alarms of devices that sent data out in them; every act is a POST.

It decides how forms become acts and how an alarm reads. What a tap does is `quiet_acts`' part, what is an alarm
`alarms`'. The page itself is `device_pages`'.
"""

from collections.abc import Callable
from typing import NamedTuple

from flask import Blueprint, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import audit, device_pages, forms, roles, wording
from stairgate.hub.alarms import Alarm
from stairgate.hub.assignment import NoSuchDevice
from stairgate.hub.context import asking_mac, may, parts
from stairgate.hub.discovery import shown_name
from stairgate.hub.family import Device, read_family
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import _
from stairgate.hub.quiet_acts import QuietActs, may_have
from stairgate.hub.quiet_hours import ACTIONS, CLOSE, QuietHours, quiet_of
from stairgate.hub.refusal import NotPossible
from stairgate.hub.schedule_words import day_range, hours
from stairgate.hub.store import Conflict

quiet = Blueprint("quiet", __name__, url_prefix="/devices/<device_id>/quiet")
Answer = Response | tuple[str, int]


class QuietCard(NamedTuple):
    """Quiet hours on the device's page. says: how it stands, in a sentence; undo: the act that can be undone, or ""."""

    held: QuietHours | None
    says: str
    undo: str


class AlarmCard(NamedTuple):
    """One alarm in words. says: what happened and when."""

    device: str
    name: str
    says: str
    is_new: bool


@quiet.post("")
def set_hours(device_id: str) -> Answer:
    """Set them: days (may repeat), start, end, action (`tell` or `close`), revision (of those the page showed)."""
    bedtime, faults = forms.read_bedtime(request.form)
    action = request.form.get("action", "")
    if action not in ACTIONS:
        faults["action"] = _("Please choose what happens in quiet hours.")
    if faults:
        return device_pages.show_again(device_id, 422, {"quiet": " ".join(faults.values())})
    window = (bedtime.days, bedtime.start, bedtime.end)
    return _act(device_id, lambda acts: acts.set_hours(device_id, window, action, bedtime.revision))


@quiet.post("/end")
def end(device_id: str) -> Answer:
    """No quiet hours any more."""
    return _act(device_id, lambda acts: acts.end(device_id))


@quiet.post("/undo")
def undo(device_id: str) -> Answer:
    """Put back what the last change replaced; `act` names it."""
    return _act(device_id, lambda acts: acts.undo(device_id, request.form.get("act", "")))


@quiet.post("/seen")
def seen(device_id: str) -> Answer:
    """A parent has seen the alarm; `from` is `home` or `device`."""
    parts().alarms.seen(device_id)
    if request.form.get("from") == "home":
        return redirect(url_for("home.index"), 303)
    return redirect(url_for("device.show", device_id=device_id), 303)


def _act(device_id: str, act: Callable[[QuietActs], object]) -> Answer:
    try:
        act(QuietActs(parts().acts, parts().clock))
    except NoSuchDevice:
        abort(404)
    except (NotPossible, Conflict, PolicyTooLarge) as problem:
        fault = audit.meanwhile() if isinstance(problem, Conflict) else str(problem)
        if isinstance(problem, PolicyTooLarge):
            fault = _("These are more rules than the router can hold. Remove some first.")
        g.pop("overview", None)
        return device_pages.show_again(device_id, 409, {"act": fault})
    return redirect(url_for("device.show", device_id=device_id, _anchor="quiet"), 303)


def quiet_card(device: Device) -> QuietCard | None:
    """For the device's own page; None where there can be no quiet hours."""
    with parts().acts.reading() as rows:
        if not may_have(read_family(rows), device):
            return None
        held = quiet_of(rows, device.id)
    can_undo = held is not None and QuietActs(parts().acts, parts().clock).can_undo(held)
    return QuietCard(held, _says(held), held.act if held and can_undo else "")


def _says(held: QuietHours | None) -> str:
    if held is None or not held.windows:
        return _("No quiet hours: nothing of it is watched.")
    days, start, end = held.windows[0]
    text = (
        _("{days}, {hours}: its internet is off.")
        if held.action == CLOSE
        else _("{days}, {hours}: you are told when it sends out more than it should.")
    )
    return text.format(days=day_range(days), hours=hours(start, end))


def quiet_here() -> str:
    """What a child reads on its own page of quiet hours of the device that asks; "" when there are none."""
    mac = asking_mac()
    with parts().acts.reading() as rows:
        family = read_family(rows)
        device = family.device_with(mac) if mac else None
        held = quiet_of(rows, device.id) if device and may_have(family, device) else None
    if held is None or not held.windows:
        return ""
    days, start, end = held.windows[0]
    text = (
        _("{days}, {hours}: the internet of this device is off. Your parents set these quiet hours.")
        if held.action == CLOSE
        else _(
            "{days}, {hours}: your parents are told when this device sends out much. "
            "They see how much and when, not what."
        )
    )
    return text.format(days=day_range(days), hours=hours(start, end))


def alarm_cards(device_id: str = "") -> list[AlarmCard]:
    """Alarms that no parent has seen, in words; of one device, also the last one that was seen."""
    if not may(roles.COPARENT):
        return []
    alarms = [each for each in parts().alarms.all() if each.device == device_id or (each.is_new and not device_id)]
    if not alarms:
        return []
    with parts().acts.reading() as rows:
        names = {device.id: shown_name(device.name) for device in read_family(rows).devices}
    return [AlarmCard(each.device, names[each.device], _alarm_text(each), each.is_new) for each in alarms]


def _alarm_text(alarm: Alarm) -> str:
    zone, now = parts().parents.zone(), parts().clock.wall()
    return _("It sent {amount} out in its quiet hours, from {begin} until {end}.").format(
        amount=wording.bytes_text(alarm.sent),
        begin=wording.clock_time(alarm.began, zone, now),
        end=wording.clock_time(alarm.last, zone, now),
    )
