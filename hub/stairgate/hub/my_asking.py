"""What the page of a child's device says of its questions, and what can be asked from it now.

It decides which questions a device shows (`ask_acts.may_see`), which ones are new enough for the first page, and how
often the page looks again. The words are `request_words`', what happens to a tap `ask_acts`'.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stairgate.hub import limits, own_stop, wording
from stairgate.hub.ask_acts import is_alone, may_see, may_take, speaker
from stairgate.hub.asked_device import extra_says, quiet_says
from stairgate.hub.bedtime_ahead import bedtime_ahead
from stairgate.hub.family import Device, Family, Person
from stairgate.hub.free_minutes import FreeMinutes
from stairgate.hub.journeys import as_there
from stairgate.hub.language import _
from stairgate.hub.my_words import Told, told
from stairgate.hub.outlook import Use
from stairgate.hub.requests import BEDTIME, TIME, YES, Request

_RECENT_SECONDS = 86400
_SLOWLY, _QUICKLY = 5000, 800  # ms between two looks of a page; quickly while an answer is waited for


class MyAsking(NamedTuple):
    """What is shown. people: who may say that they ask, on a device that several share.

    number: changes when an answer comes, "" while none is waited for; every: ms between two looks. wish: what the child
    wished for itself. is_alone: the device is one child's, so it may stop itself and take minutes there. takes: minutes
    that may be taken without asking. bedtime: words, "" for none ahead. quiet: why no time can be asked for here now,
    extra: why extra time that is running opens nothing here; each with what does, or "".
    """

    told: tuple[Told, ...]
    older: tuple[Told, ...]
    people: tuple[Person, ...]
    is_own: bool
    is_alone: bool
    number: str
    every: int
    wish: str
    takes: tuple[int, ...]
    free_left: int
    bedtime: str
    readers: tuple[str, ...]
    quiet: str = ""
    extra: str = ""


def my_asking(
    family: Family,
    device: Device,
    requests: Sequence[Request],
    free: Mapping[str, FreeMinutes],
    readers: Sequence[str],
    use: Use,
    now: float,
) -> MyAsking:
    """Everything about questions on the page of a child's device. readers: the parents' names as children read them."""
    people = tuple(as_there(family, person, now) for person in family.people if person.id in device.persons)
    names = {person.id: person for person in people}
    who = names.get(speaker(device, now))
    mine = [request for request in reversed(requests) if may_see(request, device, now) and request.person in names]
    waits = any(request.is_open(now) for request in mine)
    recent = [r for r in mine if r.is_open(now) or now - r.ended() < _RECENT_SECONDS]
    older = [request for request in mine if request not in recent]
    shown = [
        told(names[r.person], r, now, not is_alone(device), _stops(family, names[r.person], r, now))
        for r in (*recent, *older)
    ]
    left = free[who.id].left(now) if who else 0
    takes = tuple(minutes for minutes in limits.REQUEST_MINUTES if minutes <= left)
    ahead = bedtime_ahead(family, who, int(now)) if who else None
    quiet = quiet_says(family, device, people[0].zone, int(now)) if people else ""
    may = who and takes and is_alone(device) and not quiet and may_take(family, who, int(now), use)
    return MyAsking(
        told=tuple(shown[: len(recent)]),
        older=tuple(shown[len(recent) :]),
        people=people if not who else (),
        is_own=who is not None,
        is_alone=is_alone(device),
        number=number_of(requests, device, now) if waits else "",
        every=_QUICKLY if waits else _SLOWLY,
        wish=_wish(family, who, now),
        takes=takes if may else (),
        free_left=left,
        bedtime=wording.clock_time(ahead, who.zone, now) if who and ahead else "",
        readers=tuple(readers),
        quiet=quiet,
        extra=extra_says(family, device, [who] if who else _given(recent, people), int(now), use),
    )


def _given(recent: Sequence[Request], people: Sequence[Person]) -> list[Person]:
    """Whose question for time was answered with a yes a short while ago."""
    given = {request.person for request in recent if request.kind == TIME and request.state == YES}
    return [person for person in people if person.id in given]


def number_of(requests: Sequence[Request], device: Device, now: float) -> str:
    """What a waiting page compares: another one after an answer, and every few seconds for whatever else changes."""
    seen = [(r.id, r.revision, r.state_at(now)) for r in requests if may_see(r, device, now)]
    return hashlib.sha256(repr((seen, int(now * 1000) // _SLOWLY)).encode()).hexdigest()[:16]


def _stops(family: Family, child: Person, request: Request, now: float) -> str:
    """When a child's own wish ends time that was given with this answer, "" where it does not."""
    wish = own_stop.wish_of(family, child.id, now)
    if not wish or wish.reason != own_stop.OWN_WISH or request.kind != TIME or request.state != YES:
        return ""
    if request.granted == BEDTIME:
        end = bedtime_ahead(family, child, request.answered_at) or request.answered_at
    else:
        end = max((o.until for o in family.overrides_of(child.id) if o.kind == "bonus" and o.until > now), default=0)
    since = request.answered_at if request.granted == BEDTIME else now
    is_ended = since < wish.start < end
    return wording.clock_time(wish.start, child.zone, now) if is_ended else ""


def _wish(family: Family, who: Person | None, now: float) -> str:
    wish = own_stop.wish_of(family, who.id, now) if who else None
    if not wish or not who:
        return ""
    until = wording.clock_time(wish.until, who.zone, now)
    if wish.start <= now:
        return _("You wanted to stop, until {until}. A parent can open it again.").format(until=until)
    when = wording.at_time(wish.start, who.zone, now)
    said = _("It stops {when}, as you wanted, until {until}. A parent can take that back, you cannot.")
    return said.format(when=when, until=until)
