"""`/me` on a grown-up's device for which rules are offered or hold: what they are, yes, no, and taking a yes back.

Without a login, as the device is recognised: whoever holds it decides, and nobody else can. Where nothing waits and
nothing holds this page says nothing, so that a no is not asked about again. What a tap does is `agreed_acts`' part.
"""

from typing import NamedTuple

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from stairgate.hub import agreed_words, outlook, use_words, wording
from stairgate.hub.accounts import names_by_id
from stairgate.hub.agreed import agreed_person, agreement_of
from stairgate.hub.agreed_acts import AgreedActs, is_asked, is_empty
from stairgate.hub.agreed_pages import forget_minutes
from stairgate.hub.agreements import ACCEPTED
from stairgate.hub.context import asking_mac, parts
from stairgate.hub.family import Device, Family, read_family
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import _
from stairgate.hub.refusal import NotPossible
from stairgate.hub.store import Conflict
from stairgate.hub.why_facts import read_known, why_of_device
from stairgate.hub.why_sentence import PARENT

agreed_here = Blueprint("agreed_here", __name__, url_prefix="/me/rules")
Answer = Response | tuple[str, int]


class Mine(NamedTuple):
    """What the device shows. holds: these rules hold now; changed: others were accepted here before, which ended.

    who: the account that offers them, by name or ""; at: when the answer or the offer was given, in words.
    """

    rules: agreed_words.Rules
    state: wording.State
    holds: bool
    changed: bool
    who: str
    at: str
    left: use_words.TimeLeft | None


@agreed_here.post("/accept")
def accept() -> Answer:
    """Yes: `rules`, the digest of what was read."""
    return _answer(True)


@agreed_here.post("/refuse")
def refuse() -> Answer:
    """No: `rules`, the digest of what was read."""
    return _answer(False)


@agreed_here.post("/end")
def end() -> Answer:
    """Take back what was accepted, at once."""
    device = _device()
    if device is None:
        return redirect(url_for("public.me"), 303)
    try:
        _acts().end(device.id)
    except (NotPossible, Conflict):
        return redirect(url_for("public.me"), 303)  # it is ended already, which the page says
    forget_minutes()
    parts().keeping.history.event("agreed_here.end", device=device.id)
    return redirect(url_for("public.me"), 303)


def shown(family: Family, device: Device, status: int = 200, fault: str = "") -> Answer | None:
    """The page of a grown-up's device with rules that are offered or hold, None for any other."""
    mine = _mine(family, device)
    return (render_template("agreed_here.html", mine=mine, fault=fault), status) if mine else None


def _answer(accepts: bool) -> Answer:
    device = _device()
    if device is None:
        return redirect(url_for("public.me"), 303)
    if not parts().asking.pace.may_ask(device.id):
        return _again(429, _("This was changed often just now. Please wait a few minutes; nothing holds meanwhile."))
    try:
        _acts().answer(device.id, accepts, request.form.get("rules", "")[:64])
    except NotPossible as problem:
        return _again(409, str(problem))
    except Conflict:
        return _again(409, _("The rules were changed just now, so nothing holds. Please read them again."))
    except PolicyTooLarge:
        return _again(409, _("The router cannot hold more rules just now, so nothing was changed."))
    parts().keeping.history.event(f"agreed_here.{'accept' if accepts else 'refuse'}", device=device.id)
    return redirect(url_for("public.me"), 303)


def _again(status: int, fault: str) -> Answer:
    with parts().acts.reading() as rows:
        family = read_family(rows)
    device = _device()
    return (shown(family, device, status, fault) if device else None) or redirect(url_for("public.me"), 303)


def _mine(family: Family, device: Device) -> Mine | None:
    held = agreement_of(family, device)
    person = family.person(held.person) if held else None
    if not held or not person:
        return None
    now = parts().clock.wall()
    rules = agreed_words.rules_of(family, person, now)
    holds = agreed_person(family, device) is not None
    if not holds and (is_empty(family, person) or not is_asked(held, rules.digest)):
        return None
    changed = held.state == ACCEPTED and not holds
    decision = outlook.of_everybody(family, int(now), parts().use.used)[device.id]
    with parts().acts.reading() as rows:
        known, names = read_known(rows, family, now), names_by_id(rows, now)
    why = why_of_device(family, device.id, decision, known, person.zone, now, PARENT, parts().use.used)
    allowances = parts().use.allowances(person.id) if holds else ()
    state = wording.state_of(decision, person.zone, now)._replace(why=why.sentence)
    return Mine(
        rules,
        use_words.told(state, decision, allowances, now),
        holds,
        changed,
        "" if changed else names.get(held.by, ""),  # whoever changed them may be somebody else
        wording.at_time(held.at, person.zone, now),
        use_words.time_left(allowances, person.zone, now),
    )


def _device() -> Device | None:
    mac = asking_mac()
    with parts().acts.reading() as rows:
        return read_family(rows).device_with(mac) if mac else None


def _acts() -> AgreedActs:
    return AgreedActs(parts().acts, parts().clock)
