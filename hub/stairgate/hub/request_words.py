"""A child's questions on the parents' cards, with their answers, its wishes, and what is open for today.

It decides only how things are said and which answers a card offers first. What may be answered is `requests`' part,
what the child reads `my_words`'.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stairgate.core.decide import Decision
from stairgate.hub import catalogue, limits, own_stop, wording
from stairgate.hub.bedtime_ahead import bedtime_ahead
from stairgate.hub.family import Family, Override, Person
from stairgate.hub.free_minutes import FreeMinutes
from stairgate.hub.requests import (
    ALWAYS,
    BEDTIME,
    NO,
    ONCE,
    TIME,
    WRONG,
    YES,
    Request,
    pass_end,
)


class Choice(NamedTuple):
    """A button of a card. value: of `requests.CHOICES`. says: for those who hear the page. is_asked: what was asked."""

    value: str
    label: str
    says: str
    is_asked: bool = False


class Asked(NamedTuple):
    """A question that waits, as parents see it. sentence: what is asked; about: the site; words: the child's own.

    before: what was answered before, where the child objected. device: on which it was asked, "" for the child's only
    one. for_carers: whether somebody who only gives time may answer it.
    """

    request: Request
    child: str
    sentence: str
    about: str
    words: str
    before: str
    device: str
    since: str
    until: str
    choices: tuple[Choice, ...]

    @property
    def for_carers(self) -> bool:
        """True for time, which every account may give."""
        return self.request.kind == TIME


class Opened(NamedTuple):
    """A site that is open for today, as parents see it."""

    id: str
    what: str
    until: str


class Answered(NamedTuple):
    """The last answer of a parent, as long as a toast offers to take it back."""

    request: Request
    child: str
    text: str


class Board(NamedTuple):
    """What a home's pages say of questions, wishes and sites opened for a while. wishes, free: by child."""

    asked: tuple[Asked, ...] = ()
    wishes: Mapping[str, str] = {}
    opened: Mapping[str, tuple[Opened, ...]] = {}
    free: Mapping[str, FreeMinutes] = {}
    answered: Answered | None = None

    def of(self, person: str) -> tuple[Asked, ...]:
        """The questions of one child, the oldest first."""
        return tuple(asked for asked in self.asked if asked.request.person == person)


def board(family: Family, requests: Sequence[Request], free: Mapping[str, FreeMinutes], now: float) -> Board:
    """Everything about questions that parents' pages show at `now`."""
    people = {person.id: person for person in family.people}
    waiting = [request for request in requests if request.is_open(now) and request.person in people]
    wishes = {person.id: own_stop.wish_of(family, person.id, now) for person in family.people}
    return Board(
        tuple(_asked(family, people[request.person], request, now) for request in waiting),
        {person: wish_says(wish, people[person].zone, now) for person, wish in wishes.items() if wish},
        {person.id: opened_says(family, person, now) for person in family.people},
        free,
        _answered(requests, people, now),
    )


def _asked(family: Family, child: Person, request: Request, now: float) -> Asked:
    device = family.device(request.device)
    is_only = len(family.devices_of(child.id)) == 1 and device is not None and len(device.persons) == 1
    return Asked(
        request,
        child.name,
        _sentence(request),
        what(request),
        request.objection or request.words,
        _before(request),
        device.name if device and not is_only else "",
        wording.clock_time(request.at, child.zone, now),
        wording.clock_time(request.until, child.zone, now),
        _choices(family, child, request, now),
    )


def _sentence(request: Request) -> str:
    if request.kind == TIME:
        return "asks for time until bedtime." if not request.minutes else f"asks for {request.minutes} minutes more."
    if request.kind == WRONG:
        return "objects: this is blocked by mistake." if request.objected else "says that this is blocked by mistake:"
    return "asks you to open this:"


def _before(request: Request) -> str:
    if not request.objected:
        return ""
    return f"The answer was no: “{request.answer}”" if request.answer else "The answer was no, without a word why."


def what(request: Request) -> str:
    """The site or the app's title; "" for time."""
    app = catalogue.app(request.app) if request.app else None
    return app.title if app else request.name


def _choices(family: Family, child: Person, request: Request, now: float) -> tuple[Choice, ...]:
    if request.kind != TIME:
        end = wording.clock_time(pass_end(int(now), child.zone, family.day_start), child.zone, now)
        return (
            Choice(ONCE, "Open today", f"Open {what(request)} for {child.name} until {end}", True),
            Choice(ALWAYS, "Always", f"Open {what(request)} for {child.name} always"),
            Choice(NO, "No", f"Say no to {what(request)} for {child.name}"),
        )
    choices = [
        Choice(str(minutes), f"{minutes} min", f"Give {child.name} {minutes} minutes", minutes == request.minutes)
        for minutes in limits.REQUEST_MINUTES
    ]
    if (bedtime := bedtime_ahead(family, child, int(now))) is not None:
        at = wording.clock_time(bedtime, child.zone, now)
        choices.append(
            Choice(BEDTIME, f"Until {at}", f"Give {child.name} time until bedtime, {at}", not request.minutes)
        )
    return (*choices, Choice(NO, "No", f"Say no to {child.name}"))


def wish_says(wish: Override, zone: str, now: float) -> str:
    """What a child wishes for itself, in a sentence for the parents."""
    until = wording.clock_time(wish.until, zone, now)
    if wish.start > now:
        return f"wants to stop at {wording.clock_time(wish.start, zone, now)} today, until {until}: an own wish."
    return f"wanted to stop, until {until}: an own wish."


def opened_says(family: Family, child: Person, now: float) -> tuple[Opened, ...]:
    """The sites and apps that are open to this child for a while."""
    running = [one for one in family.passes if one.person == child.id and one.until > now]
    titles = {one.id: app.title for one in running if (app := catalogue.app(one.app)) is not None}
    return tuple(
        Opened(one.id, titles.get(one.id, one.name), wording.clock_time(one.until, child.zone, now)) for one in running
    )


def _answered(requests: Sequence[Request], people: Mapping[str, Person], now: float) -> Answered | None:
    """The newest answer that no other toast tells of: time that was given is told as extra time."""
    recent = [
        request
        for request in requests
        if request.person in people
        and request.state in (YES, NO)
        and 0 <= now - request.answered_at < limits.TOAST_SECONDS
        and not (request.kind == TIME and request.state == YES)
    ]
    if not recent:
        return None
    last = max(recent, key=lambda request: request.answered_at)
    child = people[last.person]
    said = {NO: "was told no.", ONCE: f"may open {what(last)} today.", ALWAYS: f"may open {what(last)} from now on."}
    return Answered(last, child.name, said[last.granted or NO])


# A child's own wish, where pages say how things stand


def with_wish(state: wording.State, decision: Decision, family: Family, is_own_page: bool = False) -> wording.State:
    """How things stand, with a child's own wish said as one: to the child itself, or to parents with its name."""
    if now := own_stop.decided_by(decision, family.overrides):
        why = "You wanted to stop then. A parent can open it again."
        return state._replace(word="Stopped", why=why if is_own_page else f"{_name(family, now)} wanted to stop then.")
    if later := own_stop.next_by(decision, family.overrides):
        why = "Then it stops, as you wanted."
        return state._replace(why=why if is_own_page else f"Then {_name(family, later)} wants to stop.")
    return state


def _name(family: Family, wish: Override) -> str:
    child = family.person(wish.target)
    return child.name if child else "the child"
