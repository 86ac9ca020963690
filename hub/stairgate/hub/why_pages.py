"""`/me/why`: the device that asks types a name and reads why it is open or blocked. Without a login.

It shows nothing of other devices, keeps nothing and logs nothing; the name travels in the form, never in an address,
so that no browser remembers it. The words are `why`'s part.
"""

import os
from collections.abc import Mapping, Sequence

from flask import Blueprint, render_template, request

from stairgate.core.pack import Pack
from stairgate.core.refused import Refused
from stairgate.hub import catalogue, filter_forms, outlook, own_stop, why, wording
from stairgate.hub.asked_device import quiet_says
from stairgate.hub.context import asking_mac, parts, source
from stairgate.hub.family import Device, Family, read_family
from stairgate.hub.language import N_, _
from stairgate.hub.packs import PackShelf
from stairgate.hub.passes import pass_for
from stairgate.hub.requests import TIME
from stairgate.hub.sources import ILLEGAL

why_pages = Blueprint("why", __name__)
Answer = tuple[str, int]


@why_pages.get("/me/why")
def show() -> Answer:
    """The form alone."""
    return _page()


@why_pages.post("/me/why")
def ask() -> Answer:
    """`name`: a name or the address of a page. `422` for none, `429` after too many in a minute."""
    typed = request.form.get("name", "")
    if not parts().asking_pace.may_ask(source()):
        return _page(429, _("These were many questions. Please wait a minute."), typed)
    try:
        name = filter_forms.read_name(typed)
    except ValueError as problem:
        return _page(422, str(problem) if typed.strip() else _(_NOTHING), typed)
    return _page(name=name)


_NOTHING = N_("Please type a name, such as example.org.")


def _page(status: int = 200, fault: str = "", typed: str = "", name: str = "") -> Answer:
    with parts().store.transaction(parts().home) as rows:
        family = read_family(rows)
    mac = asking_mac()
    device = family.device_with(mac) if mac else None
    is_childs = device is not None and bool(device.persons) and "exempt" not in device.flags
    answer = _answer(family, device, name) if device and is_childs and name else None
    shown = filter_forms.shown(typed)
    return render_template("why.html", answer=answer, fault=fault, typed=shown, is_childs=is_childs), status


def _answer(family: Family, device: Device, name: str) -> why.Answer:
    now = parts().clock.wall()
    people = (device.user(now),) if device.user(now) else device.persons
    owners = [person for person in family.people if person.id in people]
    spent = outlook.spent_of(family, int(now), parts().use.used)
    decision = outlook.of_everybody(family, int(now), parts().use.used)[device.id]
    wish = own_stop.decided_by(decision, family.overrides)
    subject = why.Subject(
        tuple(family.filter_at(person.id, now) for person in owners),
        decision,
        owners[0].zone if owners else parts().parents.zone(),
        _together([spent.get(person.id, {}) for person in owners]),
        ("one" if len(device.persons) == 1 else "some") if wish else "",
    )
    shelf = parts().lists.shelf
    lists = tuple((one.tag, one.name) for one in parts().lists.sources.all() if one.enabled and one.tag != ILLEGAL)
    answer = why.answer(subject, name, why.Known(tags_of(shelf, name), shelf.listed().everyone, lists), now)
    if TIME in answer.asks and (quiet := quiet_says(family, device, subject.zone, int(now))):
        answer = answer._replace(asks=tuple(kind for kind in answer.asks if kind != TIME), ask=quiet)
    passes = [one for person in owners if (one := pass_for(family.passes, person.id, name, now))]
    if answer.blocked or not passes:
        return answer
    until = wording.clock_time(min(one.until for one in passes), subject.zone, now)
    return answer._replace(
        says=_("It is open until {until}: your parents said yes to it for today.").format(until=until)
    )


def _together(spent: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Used up for one of them is used up on their device, until all have minutes again."""
    return {tag: max(one[tag] for one in spent if tag in one) for tag in {tag for one in spent for tag in one}}


def tags_of(shelf: PackShelf, name: str) -> tuple[str, ...]:
    """The tags of a name in the pack in force; without one that can be read, what comes with the program."""
    kept = shelf.kept
    path = shelf.file(kept.sha256) if kept else None
    if kept and path:
        try:
            with path.open("rb") as file:
                return tuple(Pack(lambda at, count: os.pread(file.fileno(), count, at), kept.bytes).tags_of(name))
        except (OSError, Refused):
            pass  # a damaged pack is built anew, which is told elsewhere
    return catalogue.tags_of(name)
