"""Which minutes a book holds, what it gives back, and what fits into it."""

from stairgate.core.usage import BITMAP_BYTES, DAY_MINUTES, UseBook, concerns, used_of
from tests.portable.family import policy, utc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

DAY = 20500
HOUR = b'["budget","pb","total",[60,60,60,60,60,60,60],240]'
VIDEO = b'["budget","pb","video",[60,60,60,60,60,60,60],240]'
NIGHTLY = b'["budget","pc","video",[60,60,60,60,60,60,60],120]'

MARKED = (0, 7, 8, 63, 64, 719, 720, 1439)

# name, first minute, minute after the last, how many of MARKED
CASES = (
    ("the whole day", 0, 1440, 8),
    ("days before and after", -5000, 9000, 8),
    ("nothing", 5, 5, 0),
    ("the wrong way round", 64, 5, 0),
    ("the first bit", 0, 1, 1),
    ("after the first bit", 1, 7, 0),
    ("the last bit of a byte", 7, 8, 1),
    ("the first bit of a byte", 8, 9, 1),
    ("across bytes", 7, 64, 3),
    ("inside a byte", 1, 8, 1),
    ("the morning", 0, 720, 6),
    ("the afternoon", 720, 1440, 2),
    ("the last minute", 1439, 1440, 1),
    ("the day before", -1440, 0, 0),
    ("the day after", 1440, 2880, 0),
)


def check(first: int, last: int, expected: int) -> None:
    book = UseBook()
    for minute in MARKED:
        assert book.mark("pb", "total", DAY * DAY_MINUTES + minute)
    begin = DAY * 86400
    assert book.minutes("pb", "total", begin + first * 60, begin + last * 60) == expected
    assert book.minutes("pb", "video", begin + first * 60, begin + last * 60) == 0
    assert book.minutes("pc", "total", begin + first * 60, begin + last * 60) == 0


def error_of(function: "Callable[..., object]", *arguments: object) -> str:
    try:
        function(*arguments)
    except ValueError as error:
        return str(error)
    return ""


def test_a_minute_is_new_once() -> None:
    book = UseBook()
    assert book.mark("pb", "total", 5)
    assert not book.mark("pb", "total", 5)
    assert book.mark("pb", "total", 5 + DAY_MINUTES)
    assert book.minutes("pb", "total", 0, 2 * 86400) == 2


def test_bits_begin_with_the_least_significant() -> None:
    book = UseBook()
    book.mark("pb", "total", DAY * DAY_MINUTES)
    book.mark("pb", "total", DAY * DAY_MINUTES + 9)
    book.mark("pb", "total", DAY * DAY_MINUTES + 1439)
    assert book.rows(DAY) == [("pb", "total", DAY, bytes([1, 2]) + bytes(177) + bytes([128]))]


def test_a_minute_belongs_to_a_range_that_holds_its_beginning() -> None:
    book = UseBook()
    book.mark("pb", "total", 1)
    assert book.minutes("pb", "total", 60, 61) == 1
    assert book.minutes("pb", "total", 61, 120) == 0
    assert book.minutes("pb", "total", 0, 60) == 0


def test_what_is_merged_is_new_once() -> None:
    book = UseBook()
    bits = bytes([3]) + bytes(179)
    assert book.merge("pb", "total", DAY, bits)
    assert not book.merge("pb", "total", DAY, bits)
    assert not book.merge("pb", "total", DAY, bytes([2]) + bytes(179))
    assert book.merge("pb", "total", DAY, bytes([4]) + bytes(179))
    assert book.rows(0) == [("pb", "total", DAY, bytes([7]) + bytes(179))]


def test_a_bitmap_without_minutes_takes_no_room() -> None:
    book = UseBook()
    assert not book.merge("pb", "total", DAY, bytes(BITMAP_BYTES))
    assert book.rows(0) == []


def test_a_bitmap_of_another_size_is_an_error() -> None:
    book = UseBook()
    assert error_of(book.merge, "pb", "total", DAY, bytes(179)) == "expected a bitmap of 180 bytes, got 179"
    assert error_of(book.merge, "pb", "total", DAY, bytes(181)) == "expected a bitmap of 180 bytes, got 181"
    assert book.rows(0) == []


def test_rows_are_sorted_and_begin_at_a_day() -> None:
    book = UseBook()
    for person, category, day in (("pc", "total", 9), ("pb", "video", 8), ("pb", "total", 9), ("pb", "total", 7)):
        book.mark(person, category, day * DAY_MINUTES)
    assert [row[:3] for row in book.rows(0)] == [
        ("pb", "total", 7),
        ("pb", "total", 9),
        ("pb", "video", 8),
        ("pc", "total", 9),
    ]
    assert [row[:3] for row in book.rows(9)] == [("pb", "total", 9), ("pc", "total", 9)]


def test_days_and_persons_are_forgotten() -> None:
    book = UseBook()
    for person, day in (("pb", 7), ("pb", 8), ("pc", 8), ("pd", 9)):
        book.mark(person, "total", day * DAY_MINUTES)
    book.drop_before(8)
    assert [row[0] for row in book.rows(0)] == ["pb", "pc", "pd"]
    book.keep_persons(("pb", "pd"))
    assert [row[0] for row in book.rows(0)] == ["pb", "pd"]


def test_a_row_given_out_is_no_window_into_the_book() -> None:
    book = UseBook()
    book.mark("pb", "total", 0)
    rows = book.rows(0)
    book.mark("pb", "total", 1)
    assert rows[0][3][0] == 1


def test_what_is_merged_into_a_full_book_pushes_nothing_out() -> None:
    book = UseBook(2)
    book.mark("pb", "total", DAY * DAY_MINUTES)
    book.mark("pc", "total", DAY * DAY_MINUTES)
    assert not book.merge("pb", "total", DAY + 1, bytes([1]) * 180)
    assert book.merge("pb", "total", DAY, bytes([1]) * 180)
    assert [row[0] for row in book.rows(0)] == ["pb", "pc"]


def test_what_was_seen_here_pushes_out_what_is_farthest() -> None:
    book = UseBook(2)
    book.merge("pb", "total", DAY + 900, bytes([1]) * 180)
    book.merge("pb", "total", DAY - 1, bytes([1]) * 180)
    assert book.mark("pb", "total", DAY * DAY_MINUTES)
    assert [row[2] for row in book.rows(0)] == [DAY - 1, DAY]


def test_only_these_people_categories_and_days_concern_a_policy() -> None:
    rules, now = policy(VIDEO), DAY * 86400 + 5
    assert concerns(rules, now, "pb", "video", DAY)
    assert concerns(rules, now, "pb", "total", DAY)
    assert concerns(rules, now, "pa", "total", DAY - 2)
    assert concerns(rules, now, "pa", "total", DAY + 1)
    assert not concerns(rules, now, "pa", "total", DAY - 3)
    assert not concerns(rules, now, "pa", "total", DAY + 2)
    assert not concerns(rules, now, "pb", "games", DAY)
    assert not concerns(rules, now, "pc", "video", DAY)
    assert not concerns(rules, now, "nobody", "total", DAY)


def book_of(person: str, category: str, begin: str, minutes: int) -> UseBook:
    book = UseBook()
    for minute in range(minutes):
        book.mark(person, category, utc(begin) // 60 + minute)
    return book


def test_use_is_counted_from_the_days_start_to_the_next() -> None:
    book = book_of("pb", "total", "2026-03-24 03:50", 25)
    rules = policy(HOUR)
    assert used_of(rules, utc("2026-03-24 03:59:59"), book)["pb"] == {"total": 10}
    assert used_of(rules, utc("2026-03-24 04:00"), book)["pb"] == {"total": 15}
    assert used_of(rules, utc("2026-03-25 03:59"), book)["pb"] == {"total": 15}
    assert used_of(rules, utc("2026-03-25 04:00"), book)["pb"] == {"total": 0}


def test_both_passes_of_a_doubled_hour_count() -> None:
    book = book_of("pb", "total", "2026-10-25 02:00", 120)
    assert used_of(policy(HOUR), utc("2026-10-25 03:30"), book)["pb"] == {"total": 120}


def test_a_day_that_begins_in_a_doubled_hour_begins_once() -> None:
    book = book_of("pc", "video", "2026-10-25 01:30", 180)
    rules = policy(NIGHTLY)
    assert used_of(rules, utc("2026-10-25 01:59"), book)["pc"]["video"] == 30
    assert used_of(rules, utc("2026-10-25 12:00"), book)["pc"]["video"] == 150


def test_each_line_has_its_own_entry_and_everybody_a_total() -> None:
    used = used_of(policy(HOUR, VIDEO, NIGHTLY), utc("2026-03-24 12:00"), UseBook())
    assert used == {
        "pa": {"total": 0},
        "pb": {"total": 0, "video": 0},
        "pc": {"total": 0, "video": 0},
        "pz": {"total": 0},
    }


def test_a_total_without_a_line_follows_the_persons_first() -> None:
    book = book_of("pc", "total", "2026-03-24 01:50", 20)
    assert used_of(policy(NIGHTLY), utc("2026-03-24 12:00"), book)["pc"]["total"] == 10
