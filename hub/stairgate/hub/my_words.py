"""A child's questions on its own page: what was asked, what became of it, and until when it waits.

It decides only how things are said: the same facts as on the parents' cards, to whoever asked. No blame, no promise
that nobody keeps.
"""

from typing import NamedTuple

from stairgate.hub import wording
from stairgate.hub.family import Person
from stairgate.hub.language import _, ngettext, pgettext
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


def told(child: Person, request: Request, now: float, hides_words: bool, stops: str = "") -> Told:
    """One question as its child reads it. hides_words: its words are not shown, on a device that others hold too.

    stops: the time at which the child's own wish ends what was given, "" where it does not.
    """
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
        _became(state),
        icon,
        tone,
        _said(child, request, state, now, stops),
        request.answer if state in (YES, NO) else "",
        state == OPEN,
        request.may_object(now),
    )


def _became(state: str) -> str:
    return {
        # translators: of a child’s question
        OPEN: pgettext("a question", "Waiting"),
        YES: pgettext("a question", "Yes"),
        NO: pgettext("a question", "No"),
        EXPIRED: pgettext("a question", "Over"),
        WITHDRAWN: pgettext("a question", "Taken back"),
    }[state]


def _what_i_asked(request: Request) -> str:
    if request.kind == TIME:
        more = ngettext("{count} minute more", "{count} minutes more", request.minutes).format(count=request.minutes)
        return more if request.minutes else _("Time until bedtime")
    return _("Blocked by mistake") if request.kind == WRONG else _("Open a site")


def _said(child: Person, request: Request, state: str, now: float, stops: str) -> str:
    if state == OPEN:
        until = wording.clock_time(request.until, child.zone, now)
        seen = _("Your parents see it now. It waits until {until} at the latest; after that you can ask again.")
        again = _(
            "Your parents look at it once more. It waits until {until} at the latest; after that you can ask again."
        )
        return (again if request.objected else seen).format(until=until)
    when = wording.at_time(request.answered_at, child.zone, now)
    if state == NO:
        return _("Your parents answered {when}.").format(when=when)
    if state == EXPIRED:
        return _("Nobody answered in time. You can ask again, or talk to them.")
    if state == WITHDRAWN:
        return _("You took it back {when}.").format(when=when)
    return _given(request.granted, when, stops)


def _given(granted: str, when: str, stops: str) -> str:
    if granted == BEDTIME and stops:
        ended = _("You have time until {time}, when you wanted to stop. Your parents answered {when}.")
        return ended.format(time=stops, when=when)
    said = {
        ONCE: _("It is open for today. Your parents answered {when}."),
        ALWAYS: _("It is open from now on. Your parents answered {when}."),
        BEDTIME: _("You have time until bedtime. Your parents answered {when}."),
    }
    if granted in said:
        return said[granted].format(when=when)
    got = ngettext(
        "You got {count} minute. Your parents answered {when}.",
        "You got {count} minutes. Your parents answered {when}.",
        int(granted),
    )
    said_of_it = got.format(count=granted, when=when)
    if not stops:
        return said_of_it
    return " ".join((said_of_it, _("It stops at {time} all the same, as you wanted.").format(time=stops)))
