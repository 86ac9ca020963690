"""Which clock a page shows while a child is on a journey, as an exception with a zone of its own says.

It decides that parents read times by the clock at home, with the child's own beside them, that the child's own page
goes by the clock of the journey, and which words say that this clock counts while the child may still be at home.
Which zone's clock rules follow is `day_windows`' part.
"""

from dataclasses import replace
from typing import NamedTuple

from stairgate.hub.day_windows import begin_of_day, journeys_of, zone_at
from stairgate.hub.family import Family, Person
from stairgate.hub.language import N_, _
from stairgate.hub.local_time import DAY_SECONDS, local
from stairgate.hub.time_words import clock_time, date_and_time, date_text

#: How a journey stands: it is on; its clock counts before the first day has begun at home, or after the last one has
#: ended there; it counts soon.
THERE, EARLY, LATE, SOON = "there", "early", "late", "soon"
_NEARLY_SECONDS = 3600
_SOONER = N_(
    "Journey from {day}: the clock of {zone} counts from {begin} to {end}, by the clock at home. Bedtimes follow it "
    "from then on, also at home. If the child leaves later, choose a later first day."
)
_LATER = N_(
    "Journey from {day}: the clock of {zone} counts from {begin} to {end}, by the clock at home. Until then bedtimes "
    "follow the clock at home."
)


class Away(NamedTuple):
    """The clock of a journey. zone: its name; time: what it shows now, `12:00`, or when it counts, by the one at home.

    how: of `THERE`, `EARLY`, `LATE`, `SOON`. day: its first day, or its last one, in words.
    """

    zone: str
    time: str
    how: str = THERE
    day: str = ""


def away_of(family: Family, person: Person, now: float) -> Away | None:
    """The clock of this child's journey, or of one that counts within a day; None while both clocks show the same."""
    here = local(now, person.zone)
    held = [journey for journey in journeys_of(family, person, now) if journey.begin <= now < journey.end]
    if not held:
        return _soon(family, person, now)
    journey = held[-1]
    there = local(now, journey.zone)
    if there.utcoffset() == here.utcoffset():
        return None
    time = f"{there:%H:%M}"
    if here.date() < journey.first:
        return Away(journey.zone, time, EARLY, date_text(journey.first))
    if here.date() > journey.last:
        return Away(journey.zone, time, LATE, date_text(journey.last))
    return Away(journey.zone, time)


def _soon(family: Family, person: Person, now: float) -> Away | None:
    for journey in journeys_of(family, person, now):
        differ = local(journey.begin, journey.zone).utcoffset() != local(journey.begin, person.zone).utcoffset()
        if now < journey.begin <= now + DAY_SECONDS and differ:
            time = clock_time(journey.begin, person.zone, now)
            return Away(journey.zone, time, SOON, date_text(journey.first))
    return None


def journey_warnings(family: Family, person: Person, now: float) -> list[str]:
    """When the clocks of journeys count by the one at home, where that is not from midnight to midnight there."""
    found = []
    for journey in journeys_of(family, person, now):
        home = begin_of_day(journey.first, person.zone)
        if journey.end <= now or abs(journey.begin - home) < _NEARLY_SECONDS:
            continue
        begin, end = (_at_home(moment, person) for moment in (journey.begin, journey.end))
        text = _(_LATER if journey.begin > home else _SOONER)
        found.append(text.format(zone=journey.zone, day=date_text(journey.first), begin=begin, end=end))
    return found


def _at_home(moment: int, person: Person) -> str:
    then = local(moment, person.zone)
    return date_and_time(then.date(), f"{then:%H:%M}")


def as_there(family: Family, person: Person, now: float) -> Person:
    """The child with the zone of its journey, for what it reads and types itself."""
    return replace(person, zone=zone_at(family, person, now))
