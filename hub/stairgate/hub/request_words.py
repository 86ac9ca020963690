"""A child's questions on the parents' cards, with their answers, its wishes, and what is open for today.

It decides only how things are said and which answers a card offers first. What may be answered is `requests`' part,
what the child reads `my_words`'.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from stairgate.hub import catalogue, limits, own_stop, wording
from stairgate.hub.asked_device import parents_read
from stairgate.hub.bedtime_ahead import bedtime_ahead
from stairgate.hub.discovery import shown_name
from stairgate.hub.family import Family, Person
from stairgate.hub.free_minutes import FreeMinutes
from stairgate.hub.language import _, ngettext, pgettext
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
from stairgate.hub.wish_words import wish_says


class Choice(NamedTuple):
    """A button of a card. value: of `requests.CHOICES`. says: for those who hear the page. is_asked: what was asked."""

    value: str
    label: str
    says: str
    is_asked: bool = False


class Asked(NamedTuple):
    """A question that waits, as parents see it. sentence: who asks what; about: the site; words: the child's own.

    before: what was answered before, where the child objected. device: on which it was asked, "" for the child's only
    one. for_carers: whether somebody who only gives time may answer it. hint: what a yes does there, or "".
    """

    request: Request
    child: str
    sentence: Markup
    about: str
    words: str
    before: str
    device: str
    since: str
    until: str
    choices: tuple[Choice, ...]
    hint: str = ""

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
    """The last answer of a parent, as long as a toast offers to take it back. text: the sentence, with the name."""

    request: Request
    child: str
    text: Markup


class Board(NamedTuple):
    """What a home's pages say of questions, wishes and sites opened for a while. wishes (sentences), free: by child."""

    asked: tuple[Asked, ...] = ()
    wishes: Mapping[str, Markup] = {}
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
        {person: wish_says(people[person], wish, now) for person, wish in wishes.items() if wish},
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
        Markup(_sentence(request)).format(name=child.name, count=request.minutes),
        what(request),
        request.objection or request.words,
        _before(request),
        shown_name(device.name) if device and not is_only else "",
        wording.clock_time(request.at, child.zone, now),
        wording.clock_time(request.until, child.zone, now),
        _choices(family, child, request, now),
        parents_read(family, device, child, now) if device and request.kind == TIME else "",
    )


def _sentence(request: Request) -> str:
    """With the field `name`, in markup, and `count` where minutes are asked for."""
    if request.kind == TIME:
        more = ngettext(
            "<bdi>{name}</bdi> asks for {count} minute more.",
            "<bdi>{name}</bdi> asks for {count} minutes more.",
            request.minutes,
        )
        return more if request.minutes else _("<bdi>{name}</bdi> asks for time until bedtime.")
    if request.kind == WRONG and request.objected:
        return _("<bdi>{name}</bdi> objects: this is blocked by mistake.")
    if request.kind == WRONG:
        return _("<bdi>{name}</bdi> says that this is blocked by mistake:")
    return _("<bdi>{name}</bdi> asks you to open this:")


def _before(request: Request) -> str:
    if not request.objected:
        return ""
    if request.answer:
        return _("The answer was no: “{words}”").format(words=request.answer)
    return _("The answer was no, without a word why.")


def what(request: Request) -> str:
    """The site or the app's title; "" for time."""
    app = catalogue.app(request.app) if request.app else None
    return app.title if app else request.name


def _choices(family: Family, child: Person, request: Request, now: float) -> tuple[Choice, ...]:
    if request.kind != TIME:
        asked = {"site": what(request), "name": child.name}
        end = wording.clock_time(pass_end(int(now), child.zone, family.day_start), child.zone, now)
        return (
            Choice(ONCE, _("Open today"), _("Open {site} for {name} until {end}").format(**asked, end=end), True),
            Choice(ALWAYS, pgettext("open a site", "Always"), _("Open {site} for {name} always").format(**asked)),
            Choice(NO, pgettext("an answer", "No"), _("Say no to {site} for {name}").format(**asked)),
        )
    choices = [
        Choice(
            str(minutes),
            _("{minutes} min").format(minutes=minutes),
            ngettext("Give {name} {count} minute", "Give {name} {count} minutes", minutes).format(
                name=child.name, count=minutes
            ),
            minutes == request.minutes,
        )
        for minutes in limits.REQUEST_MINUTES
    ]
    if (bedtime := bedtime_ahead(family, child, int(now))) is not None:
        at = wording.clock_time(bedtime, child.zone, now)
        choices.append(
            Choice(
                BEDTIME,
                _("Until {time}").format(time=at),
                _("Give {name} time until bedtime, {time}").format(name=child.name, time=at),
                not request.minutes,
            )
        )
    no = Choice(NO, pgettext("an answer", "No"), _("Say no to {name}").format(name=child.name))
    return (*choices, no)


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
    said = {
        NO: _("<bdi>{name}</bdi> was told no."),
        ONCE: _("<bdi>{name}</bdi> may open {site} today."),
        ALWAYS: _("<bdi>{name}</bdi> may open {site} from now on."),
    }
    return Answered(last, child.name, Markup(said[last.granted or NO]).format(name=child.name, site=what(last)))
