"""The offset changes of zone lines against the tz database, through the core that uses them."""

import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import pytest

from stairgate.core.limits import ZONE_CHANGES
from stairgate.core.policy import Policy, Zone, write_policy
from stairgate.core.zone import family_day, local_seconds, offset_seconds, utc_of_local
from stairgate.provisioning.zones import zone_changes

FROM_UTC = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
YEARS = 10
SECONDS = YEARS * 365 * 86400
NAMES = (
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Asia/Kathmandu",
    "Asia/Gaza",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "UTC",
)


def theirs(name: str, utc: int) -> int:
    offset = datetime.fromtimestamp(utc, ZoneInfo(name)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


@pytest.mark.parametrize("name", NAMES)
def test_the_offset_is_the_tz_databases_at_any_second(name: str) -> None:
    zone = Zone("zo", name, zone_changes(name, FROM_UTC, YEARS))
    source = random.Random(name)
    moments = [FROM_UTC + source.randrange(SECONDS) for _ in range(2000)]
    for utc, _ in zone.changes[1:]:
        moments += [utc - 1, utc, utc + 1, utc - 3600, utc + 3600]
    for moment in moments:
        assert offset_seconds(zone, moment) == theirs(name, moment)


@pytest.mark.parametrize("name", NAMES)
def test_local_times_become_the_first_second_that_shows_them(name: str) -> None:
    zone = Zone("zo", name, zone_changes(name, FROM_UTC, YEARS))
    source = random.Random(name)
    around = [utc for utc, _ in zone.changes[1:]] or [FROM_UTC + SECONDS // 2]
    for _ in range(1000):
        utc = source.choice(around) + source.randrange(-3 * 3600, 3 * 3600)
        local = local_seconds(zone, utc)
        wall = datetime.fromtimestamp(local, UTC).replace(tzinfo=ZoneInfo(name), fold=0)
        assert utc_of_local(zone, local) == int(wall.timestamp())


@pytest.mark.parametrize("name", NAMES)
def test_every_zone_fits_into_a_line(name: str) -> None:
    changes = zone_changes(name, FROM_UTC, YEARS)
    assert len(changes) <= ZONE_CHANGES
    policy = Policy(
        home="h1",
        agent="r1",
        revision=1,
        issued=FROM_UTC,
        zones=(Zone("z" + "0" * 31, name, changes),),
        hub=None,
        persons=(),
        devices=(),
        weeks=(),
        dates=(),
        travels=(),
        budgets=(),
        overrides=(),
        packs=(),
        everyone=(),
        filters=(),
        openings=(),
        consents=(),
        reaches=(),
        quiets=(),
    )
    assert write_policy(policy)


def test_no_zone_has_more_changes_than_a_line_holds() -> None:
    # A sample that a different day's run does not change, of all there are.
    names = sorted(available_timezones())[::25]
    assert max(len(zone_changes(name, FROM_UTC, YEARS)) for name in names) <= ZONE_CHANGES


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/Havana", "Australia/Lord_Howe"])
@pytest.mark.parametrize("day_start", [0, 30, 105, 150, 240])
def test_family_days_begin_when_the_wall_clock_first_gets_there(name: str, day_start: int) -> None:
    zone = Zone("zo", name, zone_changes(name, FROM_UTC, 1))
    for utc, _ in zone.changes[1:]:
        _, begin, end = family_day(zone, utc, day_start)
        for edge in (begin, end):
            before = datetime.fromtimestamp(edge - 60, ZoneInfo(name)).replace(tzinfo=None)
            after = datetime.fromtimestamp(edge, ZoneInfo(name)).replace(tzinfo=None)
            target = after.replace(hour=day_start // 60, minute=day_start % 60)
            assert before < target <= after


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        zone_changes("Europe/Nowhere", FROM_UTC)


def test_a_zone_without_changes_has_one_row() -> None:
    assert zone_changes("Asia/Kathmandu", FROM_UTC) == ((FROM_UTC, 345),)
