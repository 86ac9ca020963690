"""Which clock a page shows while a child is on a journey, as an exception with a zone of its own says.

It decides that parents read times by the clock at home, with the child's own beside them, and that the child's own page
goes by the clock where the child is. Which zone's clock rules follow is `day_windows`' part.
"""

from dataclasses import replace
from typing import NamedTuple

from stairgate.hub.day_windows import zone_at
from stairgate.hub.family import Family, Person
from stairgate.hub.local_time import local


class Away(NamedTuple):
    """The clock where a child is. zone: its name; time: what it shows now, `12:00`."""

    zone: str
    time: str


def away_of(family: Family, person: Person, now: float) -> Away | None:
    """The clock of this child's journey, None while the one at home shows the same time."""
    zone = zone_at(family, person, now)
    if local(now, zone).utcoffset() == local(now, person.zone).utcoffset():
        return None
    return Away(zone, f"{local(now, zone):%H:%M}")


def as_there(family: Family, person: Person, now: float) -> Person:
    """The child with the zone of its journey, for what it reads and types itself."""
    return replace(person, zone=zone_at(family, person, now))
