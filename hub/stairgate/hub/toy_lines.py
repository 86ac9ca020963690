"""The toys of the home, as pages list them: each with its device, its child and how it stands; and what is open now.

It decides nothing; pages of several kinds begin with it.
"""

from typing import NamedTuple

from flask import abort

from stairgate.hub import toy_words, wording
from stairgate.hub.assignment import names_of
from stairgate.hub.context import overview, parts
from stairgate.hub.family import Device, Family, read_family
from stairgate.hub.reports import Standing
from stairgate.hub.roster import TOY
from stairgate.hub.toys import Toy


class ToyLine(NamedTuple):
    """A toy as parents see it. owners: names; model and maker: as declared, or ""."""

    toy: Toy
    standing: Standing
    state: wording.State
    name: str
    device: Device | None
    owners: tuple[str, ...]
    model: str
    maker: str


class OpenNow(NamedTuple):
    """A sensor that a parent opened. until: words."""

    agent: str
    name: str
    gate: str
    gate_name: str
    icon: str
    until: str


def open_now() -> tuple[OpenNow, ...]:
    """What is open at this moment, the longest last."""
    zone, now = parts().parents.zone(), parts().clock.wall()
    held = family()
    found = [(opened, own) for own in held.toys for opened in own.opened if opened.until > now]
    return tuple(
        OpenNow(
            own.id,
            device.name,
            opened.gate,
            toy_words.gate_name(opened.gate),
            toy_words.ICONS.get(opened.gate, "box"),
            wording.clock_time(opened.until, zone, now),
        )
        for opened, own in sorted(found, key=lambda pair: pair[0].until)
        if (device := held.device(own.device)) and opened.gate not in own.off_gates()
    )


def agent_of(device_id: str) -> str:
    """The id of the toy that is this device, or ""."""
    own = family().toy_of(device_id)
    return own.id if own else ""


def family() -> Family:
    """The family now."""
    with parts().store.transaction(parts().home) as rows:
        return read_family(rows)


def lines() -> tuple[ToyLine, ...]:
    held, zone, now = family(), parts().parents.zone(), parts().clock.wall()
    found = []
    for standing in overview().standings:
        own = held.toy(standing.agent.id)
        if standing.agent.kind != TOY:
            continue
        own = own or Toy(standing.agent.id, "", "", 0)
        device = held.device(own.device)
        declared = own.declaration.toy if own.declaration else None
        found.append(
            ToyLine(
                toy=own,
                standing=standing,
                state=wording.router_state(standing, zone, now),
                name=standing.agent.label,
                device=device,
                owners=tuple(names_of(held, device)) if device else (),
                model=declared.model if declared else "",
                maker=declared.maker if declared else "",
            )
        )
    return tuple(found)


def line_or_404(agent: str) -> ToyLine:
    """The toy with this id; without one the answer is 404."""
    line = next((line for line in lines() if line.toy.id == agent), None)
    if line is None:
        abort(404)
    return line
