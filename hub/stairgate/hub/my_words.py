"""A child's questions on its own page: what was asked, what became of it, and until when it waits.

It decides only how things are said: the same facts as on the parents' cards, to whoever asked. No blame, no promise
that nobody keeps.
"""

from typing import NamedTuple

from stairgate.hub import wording
from stairgate.hub.family import Person
from stairgate.hub.request_words import what
from stairgate.hub.requests import (
    ALWAYS,
    BEDTIME,
    EXPIRED,
    NO,
    ONCE,
    OPEN,
    TIME,
    WITHDRAWN,
    WRONG,
    YES,
    Request,
)


class Told(NamedTuple):
    """A question on the child's page. tone and icon: never alone. answer: the parents' words."""

    id: str
    what: str
    about: str
    words: str
    state: str
    icon: str
    tone: str
    said: str
    answer: str
    may_withdraw: bool
    may_object: bool


def told(child: Person, request: Request, now: float, hides_words: bool) -> Told:
    """One question as its child reads it. hides_words: its words are not shown, on a device that others hold too."""
    state = request.state_at(now)
    icon, tone = {
        OPEN: ("clock", "paused"),
        YES: ("check", "open"),
        NO: ("lock", "paused"),
        EXPIRED: ("clock", "night"),
        WITHDRAWN: ("undo", "night"),
    }[state]
    return Told(
        request.id,
        _what_i_asked(request),
        what(request),
        "" if hides_words else (request.objection or request.words),
        {OPEN: "Waiting", YES: "Yes", NO: "No", EXPIRED: "Over", WITHDRAWN: "Taken back"}[state],
        icon,
        tone,
        _said(child, request, state, now),
        request.answer if state in (YES, NO) else "",
        state == OPEN,
        request.may_object(now),
    )


def _what_i_asked(request: Request) -> str:
    if request.kind == TIME:
        return f"{request.minutes} minutes more" if request.minutes else "Time until bedtime"
    return "Blocked by mistake" if request.kind == WRONG else "Open a site"


def _said(child: Person, request: Request, state: str, now: float) -> str:
    if state == OPEN:
        until = wording.clock_time(request.until, child.zone, now)
        again = "Your parents look at it once more. " if request.objected else "Your parents see it now. "
        return f"{again}It waits until {until} at the latest; after that you can ask again."
    at = wording.clock_time(request.answered_at, child.zone, now)
    if state == NO:
        return f"Your parents answered at {at}."
    if state == EXPIRED:
        return "Nobody answered in time. You can ask again, or talk to them."
    if state == WITHDRAWN:
        return f"You took it back at {at}."
    given = {ONCE: "It is open for today.", ALWAYS: "It is open from now on.", BEDTIME: "You have time until bedtime."}
    return f"{given.get(request.granted, f'You got {request.granted} minutes.')} Your parents answered at {at}."
