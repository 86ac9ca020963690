"""A week in another zone: whose clock counts, from which second to which, and what the rules make of it."""

from stairgate.core.budget import allowances
from stairgate.core.decide import decide
from stairgate.core.policy import read_policy
from stairgate.core.usage import UseBook, used_of
from stairgate.core.zone import clock_of, day_number, family_day, local_seconds, zone_at
from tests.portable.family import ZONE, body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.records import Policy

ZONES = (
    ZONE,
    b'["zone","zk","Pacific/Kiritimati",[[1767225600,840]]]',
    b'["zone","zn","America/New_York",[[1767225600,-300],[1772953200,-240],[1793512800,-300]]]',
    b'["zone","zp","Pacific/Pago_Pago",[[1767225600,-660]]]',
)
NEW_YORK = b'["travel","pb","2026-07-06","2026-07-12","zn"]'
KIRITIMATI = b'["travel","pb","2026-07-06","2026-07-12","zk"]'
PAGO_PAGO = b'["travel","pb","2026-07-13","2026-07-14","zp"]'
ONE_DAY = b'["travel","pb","2026-07-08","2026-07-08","zk"]'
IN_AUTUMN = b'["travel","pb","2026-10-20","2026-11-10","zn"]'
NIGHTS = b'["week","pb",[[79,1230,420,"closed"],[48,1290,480,"closed"]]]'
LESSONS = b'["date","pb","2026-07-08","2026-07-08",[[540,720,"limited"]]]'
HOUR = b'["budget","pb","total",[60,60,60,60,60,60,60],240]'


def home(*lines: bytes) -> "Policy":
    return read_policy(body(*lines).replace(ZONE, b"\n".join(ZONES)))


def at(text: str) -> int:
    """UTC seconds of a date and time of UTC."""
    return day_number(text[:10]) * 86400 + int(text[11:13]) * 3600 + int(text[14:16]) * 60


# name, lines, UTC, the wall clock of pb
CASES = (
    ("at home before", (NEW_YORK,), "2026-07-06 03:59", "2026-07-06 05:59"),
    ("there at their midnight", (NEW_YORK,), "2026-07-06 04:00", "2026-07-06 00:00"),
    ("there on the last day", (NEW_YORK,), "2026-07-13 03:59", "2026-07-12 23:59"),
    ("at home after their last midnight", (NEW_YORK,), "2026-07-13 04:00", "2026-07-13 06:00"),
    ("eastwards before", (KIRITIMATI,), "2026-07-05 09:59", "2026-07-05 11:59"),
    ("eastwards: the day begins early", (KIRITIMATI,), "2026-07-05 10:00", "2026-07-06 00:00"),
    ("eastwards: and ends early", (KIRITIMATI,), "2026-07-12 10:00", "2026-07-12 12:00"),
    ("from one to the next: the first", (KIRITIMATI, PAGO_PAGO), "2026-07-12 09:59", "2026-07-12 23:59"),
    ("from one to the next: home between", (KIRITIMATI, PAGO_PAGO), "2026-07-13 10:59", "2026-07-13 12:59"),
    ("from one to the next: the second", (KIRITIMATI, PAGO_PAGO), "2026-07-13 11:00", "2026-07-13 00:00"),
    ("one inside another: the last that began", (NEW_YORK, ONE_DAY), "2026-07-07 10:00", "2026-07-08 00:00"),
    ("one inside another: back to the first", (NEW_YORK, ONE_DAY), "2026-07-08 10:00", "2026-07-08 06:00"),
    ("the home's own change does not matter there", (IN_AUTUMN,), "2026-10-25 12:00", "2026-10-25 08:00"),
    ("theirs does", (IN_AUTUMN,), "2026-11-01 12:00", "2026-11-01 07:00"),
    ("somebody else stays at home", (b'["travel","pc","2026-07-06","2026-07-12","zn"]',), "2026-07-08 12:00", "2026-07-08 14:00"),
)  # fmt: skip


def check(lines: "tuple[bytes, ...]", utc: str, local: str) -> None:
    rules = home(*lines)
    assert local_seconds(clock_of(rules, "pb"), at(utc)) == at(local)
    assert local_seconds(zone_at(rules, "pb", at(utc)), at(utc)) == at(local)


def test_bedtime_is_at_the_clock_there() -> None:
    rules = home(NIGHTS, NEW_YORK)
    decision = decide(rules, "db", at("2026-07-08 12:00"), {})
    assert decision[:2] == ("open", at("2026-07-09 00:30"))
    assert decide(rules, "db", at("2026-07-09 00:30"), {})[:2] == ("closed", at("2026-07-09 11:00"))


def test_hours_shown_again_on_arrival_count_again() -> None:
    # Monday 07:00 in Berlin is past, then New York's clock shows Monday's night from 00:00 on.
    rules = home(NIGHTS, NEW_YORK)
    assert decide(rules, "db", at("2026-07-06 03:30"), {})[:2] == ("closed", at("2026-07-06 11:00"))


def test_a_night_skipped_on_the_way_is_none() -> None:
    # 12:00 on Sunday becomes Monday's midnight: Sunday's evening never comes, its night goes on until 07:00.
    rules = home(NIGHTS, KIRITIMATI)
    assert decide(rules, "db", at("2026-07-05 09:00"), {})[:2] == ("open", at("2026-07-05 10:00"))
    assert decide(rules, "db", at("2026-07-05 10:00"), {})[:2] == ("closed", at("2026-07-05 17:00"))


def test_a_date_is_one_of_the_clock_there() -> None:
    rules = home(LESSONS, NEW_YORK)
    assert decide(rules, "db", at("2026-07-08 12:59"), {})[:2] == ("open", at("2026-07-08 13:00"))
    assert decide(rules, "db", at("2026-07-08 13:00"), {})[:2] == ("limited", at("2026-07-08 16:00"))


def test_a_change_is_found_months_ahead() -> None:
    rules = home(
        b'["week","pb",[[127,1230,420,"open"]]]',
        b'["date","pb","2026-07-12","2026-07-12",[[1380,60,"closed"]]]',
        NEW_YORK,
    )
    # 23:00 on the last day there; at the midnight after it home's clock shows 06:00, outside the window.
    assert decide(rules, "db", at("2026-01-10 12:00"), {})[:2] == ("open", at("2026-07-13 03:00"))
    assert decide(rules, "db", at("2026-07-13 03:00"), {})[:2] == ("closed", at("2026-07-13 04:00"))


def test_every_second_of_a_travel_belongs_to_one_family_day() -> None:
    for lines in ((NEW_YORK,), (KIRITIMATI,), (KIRITIMATI, PAGO_PAGO), (NEW_YORK, ONE_DAY)):
        clock = clock_of(home(*lines), "pb")
        last = family_day(clock, at("2026-07-04 00:00"), 240)
        for minute in range(0, 12 * 1440, 15):
            moment = at("2026-07-04 00:00") + minute * 60
            day, begin, end = family_day(clock, moment, 240)
            assert begin <= moment < end
            assert (day, begin, end) == last or (begin == last[2] and day > last[0])
            last = (day, begin, end)


def test_the_budget_there_is_one_of_their_days() -> None:
    rules = home(NEW_YORK, HOUR)
    assert allowances(rules, "pb", at("2026-07-08 12:00"), {})[0].ends == at("2026-07-09 08:00")
    book = UseBook()
    book.mark("pb", "total", at("2026-07-08 07:59") // 60)
    book.mark("pb", "total", at("2026-07-08 08:00") // 60)
    assert used_of(rules, at("2026-07-08 12:00"), book)["pb"]["total"] == 1


def test_across_the_date_line_and_back_a_day_lasts_until_it_is_left() -> None:
    # Kiritimati to Pago Pago without a day between: 25 hours back.
    rules = home(b'["travel","pb","2026-07-06","2026-07-13","zk"]', b'["travel","pb","2026-07-13","2026-07-14","zp"]')
    clock = clock_of(rules, "pb")
    jump = at("2026-07-13 10:00")
    assert local_seconds(clock, jump - 60) == at("2026-07-13 23:59")
    assert local_seconds(clock, jump) == at("2026-07-13 12:00")
    assert local_seconds(clock, at("2026-07-13 11:00")) == at("2026-07-13 00:00")
    day, begin, end = family_day(clock, at("2026-07-13 12:00"), 0)
    assert (day, begin, end) == (day_number("2026-07-13"), at("2026-07-12 10:00"), at("2026-07-14 11:00"))
