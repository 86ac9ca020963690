"""Who acts in this request, and who changed something meanwhile: what both parents read of each other's acts.

An act is an account's where somebody is signed in, else the child's whose own device asks. What is kept of acts is
`history`'s part, the sentences `history_words`'.
"""

from flask import has_request_context, request

from stairgate.hub import wording
from stairgate.hub.context import account, asking_mac, parts
from stairgate.hub.discovery import shown_name
from stairgate.hub.family import read_family
from stairgate.hub.language import _
from stairgate.hub.notes import Signature, clean_note


def author() -> str:
    """The id of whoever acts: an account's, or that of the child on whose own device a public form was sent.

    Empty where nobody asks (the hub itself), and for devices that several children share while none says so.
    """
    if not has_request_context():
        return ""
    if signed_in := account():
        return signed_in.id
    mac = asking_mac()
    if not mac:
        return ""
    with parts().store.transaction(parts().home) as rows:
        device = read_family(rows).device_with(mac)
    if not device or "exempt" in device.flags:
        return ""
    if user := device.user(parts().clock.wall()):
        return user
    return device.persons[0] if len(device.persons) == 1 else ""


def signature() -> Signature:
    """Whoever acts, and the words that a parent typed beside the act (`note`)."""
    words = request.form.get("note") if has_request_context() and account() else None
    return Signature(author(), None if words is None else clean_note(words))


def meanwhile() -> str:
    """A sentence for whoever was too late: who changed what this page is about, and when."""
    ids = request.view_args or {}
    about = {str(ids[name]) for name in ("person", "device_id") if name in ids}
    for event in parts().keeping.history.events():
        if not event.by or not about & {event.person, event.device}:
            continue
        zone, now = parts().parents.zone(), parts().clock.wall()
        when = wording.at_time(event.at, zone, now)
        signed_in = account()
        if signed_in and event.by == signed_in.id:
            said = _("You changed this yourself {when}, on another page. This is how it stands now.")
        elif who := everybody().get(event.by):
            said = _("{who} changed this {when}. This is how it stands now.")
            return said.format(who=who, when=when)
        else:
            said = _("A parent changed this {when}. This is how it stands now.")
        return said.format(when=when)
    return _("Somebody changed this in the meantime. This is how it stands now.")


def shown(who: str) -> str:
    """How whoever has this id is called, at the beginning of a sentence."""
    names = everybody()
    return names.get(who) or (_("A parent") if who else _("Somebody"))


def everybody() -> dict[str, str]:
    """The names of everybody who may have acted, by id: accounts, also former ones, and children; and of devices."""
    with parts().store.transaction(parts().home) as rows:
        family = read_family(rows)
    children = {person.id: person.name for person in (*family.people, *family.adults)}
    devices = {device.id: _("“{device}”").format(device=shown_name(device.name)) for device in family.devices}
    return devices | children | parts().parents.names()
