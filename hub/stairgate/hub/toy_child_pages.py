"""A child's side of a toy: what it can sense, whether it does now, who hears of it and for how long; at two levels.

For the device that asks, without a login, as `/me`: the toys of its own people only. For children who read, and for
small ones with few words and pictures, to be read to them. It says what is open and what is closed; never history.
"""

from typing import NamedTuple

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from stairgate.core.declaration import Declaration
from stairgate.core.declaration_reader import Words
from stairgate.hub import toy_view, toy_words
from stairgate.hub.context import asking_mac, parts
from stairgate.hub.family import Device, Family, Person, read_family
from stairgate.hub.language import _
from stairgate.hub.toys import Toy

toy_child = Blueprint("toy_child", __name__)
Answer = Response | tuple[str, int]
SMALL, READER = "child", "reader"


class Sense(NamedTuple):
    """One sensor as a child sees it. words: the maker's, or None; says: ours where there are none.

    now, facts: sentences; tone and icon as a state's.
    """

    icon: str
    name: str
    is_open: bool
    now: str
    words: Words | None
    says: str
    facts: tuple[str, ...]


class Mine(NamedTuple):
    """A toy on a child's page. about: the maker's words; play: a sentence on whether it is on."""

    name: str
    about: Words | None
    play: str
    senses: tuple[Sense, ...]


def here() -> tuple[Toy, ...]:
    """The toys of the people of the device that asks."""
    return _toys(_family())


@toy_child.get("/me/toys")
def mine() -> Answer:
    """The toys of whoever holds this device; `read=small` for pictures and few words, `read=more` for a reader."""
    family = _family()
    people = _people(family)
    asked = request.args.get("read", "")
    young = bool(people) and all(person.band == "0-5" for person in people)
    is_small = asked == "small" or (asked != "more" and young)
    found = [_mine(family, toy, is_small) for toy in _toys(family)]
    return render_template("me_toys.html", toys=found, is_small=is_small), 200


def _family() -> Family:
    with parts().store.transaction(parts().home) as rows:
        return read_family(rows)


def _device(family: Family) -> Device | None:
    mac = asking_mac()
    return family.device_with(mac) if mac else None


def _people(family: Family) -> tuple[Person, ...]:
    device = _device(family)
    if device is None or "exempt" in device.flags:
        return ()
    user = device.user(parts().clock.wall())
    ids = (user,) if user else device.persons
    return tuple(person for person in family.people if person.id in ids)


def _toys(family: Family) -> tuple[Toy, ...]:
    ids = {person.id for person in _people(family)}
    return tuple(toy for toy in family.toys if (device := family.device(toy.device)) and ids & set(device.persons))


def _mine(family: Family, toy: Toy, is_small: bool) -> Mine:
    now = parts().clock.wall()
    device = family.device(toy.device)
    name = device.name if device else ""
    declaration = toy.declaration
    if declaration is None:
        return Mine(name, None, _("It has not said yet what it can do."), ())
    with parts().store.transaction(parts().home) as rows:
        newest = parts().issuer.newest(rows, toy.id)
    policy = parts().issuer.policy_of(newest) if newest else None
    used = parts().keeping.use.used(policy, int(now)) if policy else {}
    moment = toy_view.Moment(now, parts().parents.zone(), {})
    gates = toy_view.gates_of(toy, declaration, policy, used, {}, moment)
    audience = SMALL if is_small else READER
    senses = tuple(_sense(declaration, gate, audience) for gate in gates if gate.is_sensor)
    play = next((gate for gate in gates if gate.gate == "play"), None)
    return Mine(name, toy_words.makers_words(declaration, "toy", audience), _play(play, is_small), senses)


def _play(gate: toy_view.GateView | None, is_small: bool) -> str:
    if gate is None:
        return ""
    is_on, until = gate.state.tone == "open", gate.state.until
    if is_small:
        return _("I am awake.") if is_on else _("I am asleep.")
    if is_on:
        return _("It is on, {until}.").format(until=until) if until else _("It is on.")
    return _("It is off, {until}.").format(until=until) if until else _("It is off.")


def _sense(declaration: Declaration, gate: toy_view.GateView, audience: str) -> Sense:
    is_open = gate.state.tone == "paused"
    is_small = audience == SMALL
    if is_small:
        now = _("Now it is open.") if is_open else _("Now it is shut.")
    else:
        now = (
            _("It is open now, {until}. Then it closes by itself.").format(until=gate.state.until)
            if is_open
            else _("It is closed now.")
        )
    words = toy_words.makers_words(declaration, gate.gate, audience)
    return Sense(
        icon=gate.icon,
        name=gate.name,
        is_open=is_open,
        now=now,
        words=words,
        says="" if words else toy_words.child_words(gate.gate, is_small),
        facts=() if is_small else _facts(gate),
    )


def _facts(gate: toy_view.GateView) -> tuple[str, ...]:
    """What may be taken in: only what a parent agreed to, or what needs no agreement."""
    said = []
    for row in gate.rows:
        if row.consent in ("none", "agreed"):
            text = _("{what}. {why} {where} {kept}")
            why = _("To show it to your parents.") if row.purpose == "parent" else row.why
            said.append(text.format(what=row.what, why=why, where=row.where, kept=row.kept))
    return tuple(said)
