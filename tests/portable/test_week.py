"""Which window holds a wall-clock minute, in the week and on special dates, over midnight too."""

from stairgate.core.records import Date, Week
from stairgate.core.week import Windows, holds
from stairgate.core.zone import day_number

# 2026-03-23 is a Monday. Bedtime 20:30 to 07:00 on the nights before school: Sunday to Thursday.
BEDTIME = Week("pb", 79, 1230, 420, "closed")
LATE = Week("pb", 48, 1320, 480, "closed")
HOMEWORK = Week("pb", 31, 840, 960, "limited")
LUNCH = Week("pb", 127, 720, 780, "open")
ALL_DAY = Week("pb", 64, 0, 0, "closed")
FROM_NOON = Week("pb", 1, 720, 720, "closed")
OVERLAP = Week("pb", 1, 900, 930, "closed")
HOLIDAY = Date("pb", "2026-03-25", "2026-03-26", ((1380, 540, "closed"),))
FREE = Date("pb", "2026-03-25", "2026-03-25", ())
MORNING = Date("pb", "2026-03-26", "2026-03-26", ((0, 600, "open"),))
STRICT = Date("pb", "2026-03-26", "2026-03-27", ((0, 600, "closed"),))

# name, weeks, dates, moment, the line that wins
CASES = (
    ("nothing", (), (), "2026-03-23 12:00", None),
    ("the minute before", (BEDTIME,), (), "2026-03-23 20:29", None),
    ("the first minute", (BEDTIME,), (), "2026-03-23 20:30", "week pb 79 1230 420 closed"),
    ("the last minute of the day", (BEDTIME,), (), "2026-03-23 23:59", "week pb 79 1230 420 closed"),
    ("after midnight", (BEDTIME,), (), "2026-03-24 00:00", "week pb 79 1230 420 closed"),
    ("the last minute", (BEDTIME,), (), "2026-03-24 06:59", "week pb 79 1230 420 closed"),
    ("the end is not inside", (BEDTIME,), (), "2026-03-24 07:00", None),
    ("Friday evening is no school night", (BEDTIME,), (), "2026-03-27 20:30", None),
    ("Friday morning belongs to Thursday", (BEDTIME,), (), "2026-03-27 06:59", "week pb 79 1230 420 closed"),
    ("Saturday morning belongs to Friday", (BEDTIME,), (), "2026-03-28 06:59", None),
    ("Monday morning belongs to Sunday", (BEDTIME,), (), "2026-03-23 06:59", "week pb 79 1230 420 closed"),
    ("Sunday evening", (BEDTIME,), (), "2026-03-22 20:30", "week pb 79 1230 420 closed"),
    ("Sunday morning belongs to Saturday", (BEDTIME, LATE), (), "2026-03-22 07:59", "week pb 48 1320 480 closed"),
    ("inside a day", (HOMEWORK,), (), "2026-03-24 14:00", "week pb 31 840 960 limited"),
    ("inside a day: the end", (HOMEWORK,), (), "2026-03-24 16:00", None),
    ("inside a day: no tail on the next", (HOMEWORK,), (), "2026-03-24 00:00", None),
    ("inside a day: another weekday", (HOMEWORK,), (), "2026-03-28 14:00", None),
    ("open is a level, too", (LUNCH,), (), "2026-03-28 12:00", "week pb 127 720 780 open"),
    ("midnight to midnight: begin", (ALL_DAY,), (), "2026-03-22 00:00", "week pb 64 0 0 closed"),
    ("midnight to midnight: end", (ALL_DAY,), (), "2026-03-22 23:59", "week pb 64 0 0 closed"),
    ("midnight to midnight: after", (ALL_DAY,), (), "2026-03-23 00:00", None),
    ("noon to noon: before", (FROM_NOON,), (), "2026-03-23 11:59", None),
    ("noon to noon: begin", (FROM_NOON,), (), "2026-03-23 12:00", "week pb 1 720 720 closed"),
    ("noon to noon: the next morning", (FROM_NOON,), (), "2026-03-24 11:59", "week pb 1 720 720 closed"),
    ("noon to noon: end", (FROM_NOON,), (), "2026-03-24 12:00", None),
    ("the strictest of two", (HOMEWORK, OVERLAP), (), "2026-03-23 15:10", "week pb 1 900 930 closed"),
    ("the strictest of two, turned", (OVERLAP, HOMEWORK), (), "2026-03-23 15:10", "week pb 1 900 930 closed"),
    ("the milder one before", (HOMEWORK, OVERLAP), (), "2026-03-23 14:59", "week pb 31 840 960 limited"),
    ("the first of two equal ones", (ALL_DAY, BEDTIME), (), "2026-03-22 21:00", "week pb 64 0 0 closed"),
    ("a date replaces the week", (BEDTIME,), (HOLIDAY,), "2026-03-25 20:30", None),
    ("a date's own window", (BEDTIME,), (HOLIDAY,), "2026-03-25 23:00", "date pb 2026-03-25 2026-03-26 1380 540 closed"),
    ("a date's tail on its last morning", (BEDTIME,), (HOLIDAY,), "2026-03-27 08:59", "date pb 2026-03-25 2026-03-26 1380 540 closed"),
    ("a date's tail ends", (BEDTIME,), (HOLIDAY,), "2026-03-27 09:00", None),
    ("the night before a date belongs to the week", (BEDTIME,), (HOLIDAY,), "2026-03-25 06:59", "week pb 79 1230 420 closed"),
    ("the day before a date", (BEDTIME,), (HOLIDAY,), "2026-03-24 20:30", "week pb 79 1230 420 closed"),
    ("the evening after a date", (BEDTIME,), (HOLIDAY,), "2026-03-27 20:30", None),
    ("a date without windows frees the day", (BEDTIME,), (FREE,), "2026-03-25 21:00", None),
    ("a date without windows: the next morning", (BEDTIME,), (FREE,), "2026-03-26 03:00", None),
    ("a date without windows: the next evening", (BEDTIME,), (FREE,), "2026-03-26 21:00", "week pb 79 1230 420 closed"),
    ("a date's open beats the week's night", (BEDTIME,), (MORNING,), "2026-03-26 06:00", "date pb 2026-03-26 2026-03-26 0 600 open"),
    ("the strictest of two dates", (), (MORNING, STRICT), "2026-03-26 06:00", "date pb 2026-03-26 2026-03-27 0 600 closed"),
    ("two dates on one day", (), (STRICT, FREE), "2026-03-26 06:00", "date pb 2026-03-26 2026-03-27 0 600 closed"),
)  # fmt: skip


def check(weeks: "list[Week]", dates: "list[Date]", moment: str, line: "str | None") -> None:
    minute = int(moment[11:13]) * 60 + int(moment[14:16])
    found = Windows(weeks, dates).in_force(day_number(moment[:10]), minute)
    assert (found and found[2]) == line
    if found and line:
        assert found[0] == line.split(" ")[0]
        assert ("open", "limited", "closed")[found[1]] == line.split(" ")[-1]


def test_every_minute_is_in_a_window_or_in_its_complement() -> None:
    for start, end in ((0, 1), (60, 120), (1230, 420), (1439, 0), (1, 1439)):
        for minute in range(0, 1440, 7):
            inside = holds(start, end, minute, False) or holds(start, end, minute, True)
            outside = holds(end, start, minute, False) or holds(end, start, minute, True)
            assert inside != outside


def test_edges_are_all_starts_and_ends() -> None:
    assert Windows([BEDTIME, HOMEWORK], [HOLIDAY]).edges() == {1230, 420, 840, 960, 1380, 540}


def test_date_edges_are_first_days_and_days_after() -> None:
    first = day_number("2026-03-25")
    assert sorted(Windows([], [HOLIDAY, FREE]).date_edges()) == [first, first, first + 1, first + 2]
