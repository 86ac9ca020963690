"""Plans as the core gets them: the bytes of a policy with the zone lines that the hub ships, and the minutes used.

It decides nothing; a plan's body is written and checked by `stairgate.core.policy`.
"""

from datetime import date
from functools import cache

from stairgate.core import policy as core
from stairgate.core.usage import UseBook
from stairgate.hub.compile import zone_id
from stairgate.hub.zone_table import zone_table
from tests.time.plan import DEVICES, Plan, utc_of

FIRST_YEAR = 2026
YEARS = 10
ISSUED = utc_of(date(FIRST_YEAR, 1, 1))


@cache
def table_of(name: str) -> tuple[tuple[int, int], ...]:
    """The offsets of a zone in a policy issued at the beginning of `FIRST_YEAR`, as the hub makes them."""
    return zone_table(name, ISSUED)


def body_of(plan: Plan) -> bytes:
    """The body of the plan's policy."""
    names = {person.zone for person in plan.people}
    names |= {travel[2] for person in plan.people for travel in person.travels}
    return core.write_policy(
        core.Policy(
            home="h1",
            agent="r1",
            revision=1,
            issued=ISSUED,
            zones=tuple(core.Zone(zone_id(name), name, table_of(name)) for name in names),
            hub=None,
            persons=tuple(core.Person(one.id, "6-9", zone_id(one.zone), one.default) for one in plan.people),
            devices=tuple(
                core.Device(device, (f"02:00:5e:00:00:0{number}",), persons, "tablet", ())
                for number, (device, persons) in enumerate(DEVICES.items())
            ),
            weeks=tuple(core.Week(one.id, *window) for one in plan.people for window in one.weeks),
            dates=tuple(
                core.Date(one.id, first.isoformat(), last.isoformat(), windows)
                for one in plan.people
                for first, last, windows in one.dates
            ),
            travels=tuple(
                core.Travel(one.id, first.isoformat(), last.isoformat(), zone_id(name))
                for one in plan.people
                for first, last, name in one.travels
            ),
            budgets=tuple(core.Budget(one.id, *budget) for one in plan.people for budget in one.budgets),
            overrides=tuple(
                core.Override(f"o{number}", one.target, one.kind, one.start, one.until, one.minutes, "")
                for number, one in enumerate(plan.overrides)
            ),
            packs=(),
            everyone=(),
            filters=(),
            openings=(),
            consents=(),
            reaches=(),
            quiets=(),
        )
    )


def book_of(plan: Plan) -> UseBook:
    """The plan's minutes, as an agent keeps them."""
    book = UseBook()
    for person, category, minute in plan.used:
        book.mark(person, category, minute)
    return book
