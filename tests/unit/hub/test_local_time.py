"""Local times around the jumps of the clock."""

from datetime import UTC, date, datetime

import pytest

from stairgate.hub.local_time import at_minute, local, next_time, system_zone, zone_names

BERLIN = "Europe/Berlin"


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("day", "minute", "expected"),
    [
        (date(2026, 8, 7), 390, "2026-08-07T04:30"),
        (date(2026, 1, 7), 390, "2026-01-07T05:30"),
        (date(2026, 3, 29), 150, "2026-03-29T01:00"),
        (date(2026, 3, 29), 180, "2026-03-29T01:00"),
        (date(2026, 10, 25), 150, "2026-10-25T00:30"),
        (date(2026, 10, 25), 1440, "2026-10-25T23:00"),
    ],
    ids=["summer", "winter", "skipped", "after the jump", "doubled: the first", "midnight"],
)
def test_a_minute_of_a_local_day(day: date, minute: int, expected: str) -> None:
    assert at_minute(day, minute, BERLIN) == utc(expected)


@pytest.mark.parametrize(
    ("now", "minute", "expected"),
    [
        ("2026-08-07T16:00", 1080, "2026-08-08T16:00"),
        ("2026-08-07T15:59:59", 1080, "2026-08-07T16:00"),
        ("2026-03-28T21:00", 360, "2026-03-29T04:00"),
    ],
)
def test_the_next_time_of_day_is_always_later(now: str, minute: int, expected: str) -> None:
    assert next_time(utc(now), minute, BERLIN) == utc(expected)


def test_the_day_of_a_moment_is_the_familys() -> None:
    assert local(utc("2026-08-07T22:30"), BERLIN).date() == date(2026, 8, 8)


def test_zones_to_choose_from() -> None:
    assert {"Europe/Berlin", "America/Argentina/Ushuaia", "UTC"} <= set(zone_names())
    assert not {"posixrules", "EST5EDT", "Factory", "localtime"} & set(zone_names())
    assert system_zone() in zone_names()
