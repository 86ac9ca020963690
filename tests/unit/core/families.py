"""Policies for the tests that compare the core with something else: zones, and everything that can be in force."""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from stairgate.core.policy import (
    Budget,
    Date,
    Device,
    Override,
    Person,
    Policy,
    Travel,
    Week,
    Zone,
    canonical,
)
from stairgate.provisioning.zones import zone_changes

FROM_UTC = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())

# Where the clock changes in 2026: the local days around which the core is compared.
TRANSITIONS = (
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("America/St_Johns", "2026-03-08"),
    ("America/St_Johns", "2026-11-01"),
    ("America/Havana", "2026-03-08"),
    ("America/Havana", "2026-11-01"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Africa/Casablanca", "2026-03-22"),
    ("Asia/Kathmandu", "2026-03-29"),
    ("Pacific/Kiritimati", "2026-03-29"),
)


@cache
def zone(name: str) -> Zone:
    """The zone as the hub puts it into a policy."""
    return Zone("zo", name, zone_changes(name, FROM_UTC))


def noon(name: str, day: str) -> int:
    """UTC seconds of a local noon, which every day has once."""
    return int(datetime.fromisoformat(day).replace(hour=12, tzinfo=ZoneInfo(name)).timestamp())


def make(
    zone_name: str,
    weeks: tuple[Week, ...] = (),
    dates: tuple[Date, ...] = (),
    travels: tuple[Travel, ...] = (),
    budgets: tuple[Budget, ...] = (),
    overrides: tuple[Override, ...] = (),
    default_level: str = "open",
    other_zones: tuple[Zone, ...] = (),
) -> Policy:
    """Two children, pa and pb; the devices da, db of one each, and dab of both."""
    return canonical(
        Policy(
            home="h1",
            agent="r1",
            revision=1,
            issued=FROM_UTC,
            zones=(zone(zone_name), *other_zones),
            hub=None,
            persons=(Person("pa", "6-9", "zo", default_level), Person("pb", "13-15", "zo", "open")),
            devices=(
                Device("da", ("02:00:5e:00:00:0a",), ("pa",), "tablet", ()),
                Device("db", ("02:00:5e:00:00:0b",), ("pb",), "phone", ()),
                Device("dab", ("02:00:5e:00:00:0c",), ("pa", "pb"), "console", ()),
            ),
            weeks=weeks,
            dates=dates,
            travels=travels,
            budgets=budgets,
            overrides=overrides,
            packs=(),
            everyone=(),
            filters=(),
            openings=(),
            consents=(),
            reaches=(),
            quiets=(),
        )
    )
