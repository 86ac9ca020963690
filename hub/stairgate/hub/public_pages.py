"""What needs no login: help, and `/me`, where a child sees what holds for the device in its hands.

`/me` recognises the device by its source address, as the hub or an agent has seen it. It shows no history and
nothing of other devices, and names only where a device's own people choose who is using it; an address can be
borrowed, so it must be safe to show to any sibling.
"""

from typing import NamedTuple

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import filter_words, outlook, own_stop, use_pages, wording
from stairgate.hub.acts import NotPossible
from stairgate.hub.agreed_here import shown as agreed_shown
from stairgate.hub.asked_device import quiet_says
from stairgate.hub.categories import title
from stairgate.hub.context import asking_mac, parts
from stairgate.hub.controlled import Controlled, controlled
from stairgate.hub.day_windows import rule_on, zone_at
from stairgate.hub.family import DEVICE_KINDS, Device, Family, Person, read_family
from stairgate.hub.filters import ChildFilter
from stairgate.hub.journeys import Away, as_there, away_of
from stairgate.hub.language import _
from stairgate.hub.pause_end import until_pause_ends
from stairgate.hub.schedule_words import rule_text, window_text
from stairgate.hub.store import Conflict
from stairgate.hub.this_device import ThisDevice, called
from stairgate.hub.today import family_date
from stairgate.hub.why_facts import read_known, why_of_device
from stairgate.hub.why_sentence import CHILD, Why
from stairgate.hub.wish_words import with_wish

public = Blueprint("public", __name__)
Answer = Response | tuple[str, int]


class Mine(NamedTuple):
    """What a device's own page says. `bedtimes`: sentences; `sharers`: who may say that they use it now.

    `until`, `using_until`: when what holds ends, and when the device is given back at the latest, or "".
    `switched_off`: a sentence where a router's rules are off at its console, or "". blocked: what is filtered;
    categories: the titles of it; only: the homework list, where there are times for it.
    """

    called: ThisDevice
    state: wording.State
    has_rules: bool
    is_visitor: bool
    bedtimes: tuple[str, ...]
    applied: wording.Applied
    switched_off: str
    sharers: tuple[Person, ...]
    user: str
    using_until: str
    until: str
    blocked: filter_words.Blocked | None = None
    categories: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    use: use_pages.Mine | None = None
    why: Why = Why("")
    away: Away | None = None
    controlled: Controlled = Controlled((), ())


class Unassigned(NamedTuple):
    """What the page of a device of nobody says. `words`: those on the parents' card."""

    state: wording.State
    sentence: str
    words: str


@public.get("/help")
def help_page() -> tuple[str, int]:
    """What Stairgate is and what to do when something does not work."""
    return render_template("help.html"), 200


@public.get("/me")
def me() -> Answer:
    """What holds on the device that asks."""
    return _me()


@public.post("/me/tell")
def tell() -> Answer:
    """A device of nobody asks a parent to say whose it is: `kind` (optional) says what it is."""
    family = _family()
    device = _asking(family)
    if device is None or device not in family.new_devices(parts().clock.wall()):
        return redirect(url_for("public.me"), 303)
    kind = request.form.get("kind", "")
    fault = parts().devices.asks.tell(device.id, kind if kind in DEVICE_KINDS else "")
    return _me(429, fault) if fault else redirect(url_for("public.me"), 303)


@public.post("/me/using")
def using() -> Answer:
    """On a shared device: `person` uses it now; empty gives it back."""
    device = _asking(_family())
    person = request.form.get("person", "")
    if device is None:
        return redirect(url_for("public.me"), 303)
    try:
        parts().devices.assignment.change_user(device.id, person)
    except NotPossible as problem:
        return _me(409, str(problem))
    except Conflict:
        return _me(409, _("Somebody else was faster. This is how it stands now."))
    return redirect(url_for("public.me"), 303)


def _me(status: int = 200, fault: str = "") -> Answer:
    family = _family()
    mac = asking_mac()
    device = _asking(family)
    if device is None or device in family.new_devices(parts().clock.wall()):
        new = _unassigned(family, device) if device else None
        told = bool(device and parts().devices.asks.of(device.id))
        return render_template("me_unknown.html", mac=mac, new=new, told=told, fault=fault), status
    return agreed_shown(family, device) or (render_template("me.html", mine=_mine(family, device), fault=fault), status)


def _family() -> Family:
    with parts().store.transaction(parts().home) as rows:
        return read_family(rows)


def _asking(family: Family) -> Device | None:
    mac = asking_mac()
    return family.device_with(mac) if mac else None


def _unassigned(family: Family, device: Device) -> Unassigned:
    now = parts().clock.wall()
    decision = outlook.of_everybody(family, int(now), parts().use.used)[device.id]
    state = wording.state_of(decision, parts().parents.zone(), now)
    if family.new_closed:
        sentence = _(
            "New devices have no internet here until a parent says whose they are. That is your parents’ choice."
        )
    elif family.people:
        sentence = _("Until a parent says whose this is, the strictest rules of this home hold here.")
    else:
        sentence = _("No rules are set in this home yet.")
    return Unassigned(state._replace(why=""), sentence, parts().devices.arrivals.words(device))


def _mine(family: Family, device: Device) -> Mine:
    now = parts().clock.wall()
    owners = [person for person in family.people if person.id in device.persons]
    user = family.person(device.user(now))
    # Only where it is one child's page: another who shares it may be at home.
    alone = user or (owners[0] if len(owners) == 1 else None)
    zone = zone_at(family, alone, now) if alone else owners[0].zone if owners else parts().parents.zone()
    decision = outlook.of_everybody(family, int(now), parts().use.used)[device.id]
    with parts().store.transaction(parts().home) as rows:
        known = read_known(rows, family, now)
    why = why_of_device(family, device.id, decision, known, zone, now, CHILD, parts().use.used)
    if why.to_do and (quiet := quiet_says(family, device, zone, int(now))):
        why = why._replace(to_do=quiet)
    if own_stop.decided_by(decision, family.overrides):
        why = why._replace(note="", note_by="", phrase="")
    state = wording.state_of(until_pause_ends(decision, family), zone, now)._replace(why=why.sentence)
    ruling = [user] if user else owners
    weeks = [week for person in ruling for week in family.weeks_of(person.id)]
    bedtimes = sorted({window_text(week) for week in weeks})
    filters = [held for person in ruling if (held := family.filter_of(person.id))]
    has_rules = bool(owners) and "exempt" not in device.flags
    overview = parts().cards.overview(zone)
    use = use_pages.mine([as_there(family, person, now) for person in ruling], now) if has_rules else None
    blocked = filter_words.blocked_here(filters) if has_rules else None
    return Mine(
        called=called(device.kind),
        state=with_wish(use_pages.told(state, decision, ruling, now), decision, family, len(owners) == 1)
        if has_rules
        else state,
        has_rules=has_rules,
        is_visitor=family.visit_of(device, now) is not None,
        bedtimes=(*_exceptions(family, ruling, now), *bedtimes),
        applied=overview.applied,
        switched_off=wording.switched_off(overview.standings, zone, now),
        sharers=tuple(owners) if has_rules and len(owners) > 1 and device.asks_who else (),
        user=user.name if user else "",
        blocked=blocked,
        categories=tuple(title(category.id) for category in blocked.categories) if blocked else (),
        only=_only([family.filter_of(p.id) for p in ruling]) if any(w.level == "limited" for w in weeks) else (),
        use=use,
        why=why,
        until=wording.clock_time(decision.until, zone, now) if decision.until is not None else "",
        using_until=wording.clock_time(device.using_until, zone, now) if user else "",
        away=away_of(family, alone, now) if alone else None,
        controlled=controlled(device.kind, device.flags),
    )


def _exceptions(family: Family, people: "list[Person]", now: float) -> list[str]:
    """What holds in the week's place today."""
    found = []
    for person in people:
        day = family_date(now, zone_at(family, person, now), family.day_start)
        rule = rule_on(family.dates_of(person.id), day)
        if rule:
            found.append(rule_text(rule, day))
    return sorted(set(found))


def _only(filters: "list[ChildFilter | None]") -> tuple[str, ...]:
    """What all of the device's people may reach in a limited time."""
    lists = [set(held.only if held else ()) for held in filters]
    return tuple(sorted(set.intersection(*lists))) if lists else ()
