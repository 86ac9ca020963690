"""Local time, back to UTC, and days, at the changes of the clock."""

from stairgate.core import zone
from stairgate.core.records import Zone

BERLIN = Zone("zb", "Europe/Berlin", ((1767225600, 60), (1774746000, 120), (1792890000, 60), (1806195600, 120)))
LORD_HOWE = Zone("zl", "Australia/Lord_Howe", ((1767225600, 660), (1775314800, 630), (1791041400, 660)))
APIA = Zone("za", "Pacific/Apia", ((1293840000, -600), (1325239200, 840)))
KATHMANDU = Zone("zk", "Asia/Kathmandu", ((0, 345),))
HAVANA = Zone("zh", "America/Havana", ((1767225600, -300), (1772946000, -240), (1793509200, -300)))


def at(text: str) -> int:
    """Seconds of a date and time, of no zone."""
    return zone.day_number(text[:10]) * 86400 + int(text[11:13]) * 3600 + int(text[14:16]) * 60


# name, zone, wall clock, UTC
CASES = (
    ("winter", BERLIN, "2026-01-15 12:00", "2026-01-15 11:00"),
    ("summer", BERLIN, "2026-07-15 12:00", "2026-07-15 10:00"),
    ("before the table", BERLIN, "2025-07-15 12:00", "2025-07-15 11:00"),
    ("after the table", BERLIN, "2027-12-15 12:00", "2027-12-15 10:00"),
    ("the last minute before the gap", BERLIN, "2026-03-29 01:59", "2026-03-29 00:59"),
    ("the beginning of the gap", BERLIN, "2026-03-29 02:00", "2026-03-29 01:00"),
    ("inside the gap: the jump", BERLIN, "2026-03-29 02:30", "2026-03-29 01:00"),
    ("the end of the gap", BERLIN, "2026-03-29 03:00", "2026-03-29 01:00"),
    ("a minute after the gap", BERLIN, "2026-03-29 03:01", "2026-03-29 01:01"),
    ("before the fold", BERLIN, "2026-10-25 01:59", "2026-10-24 23:59"),
    ("the beginning of the fold: the first", BERLIN, "2026-10-25 02:00", "2026-10-25 00:00"),
    ("inside the fold: the first", BERLIN, "2026-10-25 02:30", "2026-10-25 00:30"),
    ("after the fold", BERLIN, "2026-10-25 03:00", "2026-10-25 02:00"),
    ("half an hour's fold: the first", LORD_HOWE, "2026-04-05 01:45", "2026-04-04 14:45"),
    ("half an hour's gap: the jump", LORD_HOWE, "2026-10-04 02:15", "2026-10-03 15:30"),
    ("after half an hour's gap", LORD_HOWE, "2026-10-04 02:45", "2026-10-03 15:45"),
    ("a whole day skipped: the jump", APIA, "2011-12-30 12:00", "2011-12-30 10:00"),
    ("before a skipped day", APIA, "2011-12-29 23:59", "2011-12-30 09:59"),
    ("after a skipped day", APIA, "2011-12-31 00:01", "2011-12-30 10:01"),
    ("three quarters of an hour", KATHMANDU, "2026-06-01 00:00", "2026-05-31 18:15"),
    ("a gap at midnight: the jump", HAVANA, "2026-03-08 00:30", "2026-03-08 05:00"),
    ("a fold at midnight: the first", HAVANA, "2026-11-01 00:30", "2026-11-01 04:30"),
)


def check(table: Zone, local: str, utc: str) -> None:
    assert zone.utc_of_local(table, at(local)) == at(utc)


def test_there_and_back_at_every_quarter_hour() -> None:
    for table in (BERLIN, LORD_HOWE, KATHMANDU):
        for day in (zone.day_number("2026-03-29"), zone.day_number("2026-10-25"), zone.day_number("2026-04-05")):
            for quarter in range(-96, 192):
                utc = day * 86400 + quarter * 900
                local = zone.local_seconds(table, utc)
                again = zone.utc_of_local(table, local)
                # In a fold the first of two seconds with the same wall clock answers.
                assert again == utc or (again < utc and zone.local_seconds(table, again) == local)


def test_offset_changes_at_the_second() -> None:
    assert zone.offset_seconds(BERLIN, 1774745999) == 3600
    assert zone.offset_seconds(BERLIN, 1774746000) == 7200
    assert zone.offset_seconds(BERLIN, 0) == 3600
    assert zone.offset_seconds(BERLIN, 4000000000) == 7200


def test_next_change() -> None:
    assert zone.next_change(BERLIN, 0) == 1774746000
    assert zone.next_change(BERLIN, 1774745999) == 1774746000
    assert zone.next_change(BERLIN, 1774746000) == 1792890000
    assert zone.next_change(BERLIN, 1806195600) is None
    assert zone.next_change(KATHMANDU, 5) is None


def test_weekdays() -> None:
    assert zone.weekday(zone.day_number("1970-01-01")) == 3
    assert zone.weekday(zone.day_number("2026-03-29")) == 6
    assert zone.weekday(zone.day_number("2026-03-30")) == 0


def test_day_numbers() -> None:
    assert zone.day_number("1970-01-01") == 0
    assert zone.day_number("2000-02-29") == 11016
    assert zone.day_number("2000-03-01") == 11017
    assert zone.day_number("2026-12-31") + 1 == zone.day_number("2027-01-01")
    assert zone.day_number("2100-03-01") - zone.day_number("2100-02-28") == 1


def test_family_days_follow_each_other_without_gap() -> None:
    for table in (BERLIN, LORD_HOWE, HAVANA):
        for day_start in (0, 30, 105, 120, 150, 240, 1439):
            moment = zone.day_number("2026-03-01") * 86400
            day, begin, end = zone.family_day(table, moment, day_start)
            assert begin <= moment < end
            for _ in range(260):
                assert zone.family_day(table, end - 1, day_start) == (day, begin, end)
                following = zone.family_day(table, end, day_start)
                assert following[:2] == (day + 1, end)
                assert 82800 <= end - begin <= 90000
                day, begin, end = following


def test_a_family_day_that_begins_in_the_doubled_hour_begins_once() -> None:
    # 02:30 comes twice; between the first and the second the wall clock shows 02:00 again.
    day = zone.day_number("2026-10-25")
    begin = at("2026-10-25 00:30")
    assert zone.family_day(BERLIN, begin - 1, 150)[0] == day - 1
    assert zone.family_day(BERLIN, begin, 150)[:2] == (day, begin)
    assert zone.family_day(BERLIN, begin + 2400, 150)[:2] == (day, begin)
    assert zone.family_day(BERLIN, begin + 3600, 150)[:2] == (day, begin)
