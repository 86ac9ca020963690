"""What must hold for minutes of use, whoever marks them, in whichever order they are told, whatever the clock does."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from stairgate.core import limits, messages
from stairgate.core.budget import allowances, spent_categories
from stairgate.core.decide import decide
from stairgate.core.policy import Budget, Override, Travel, Zone, check_policy, write_policy
from stairgate.core.usage import BITMAP_BYTES, DAY_MINUTES, UseBook, used_of
from stairgate.core.zone import clock_of, family_day
from stairgate.provisioning.zones import zone_changes
from tests.unit.core.families import FROM_UTC, make

EXAMPLES = settings(max_examples=100, deadline=None, derandomize=True)
FIRST_MINUTE = FROM_UTC // 60
DAYS = 3
AWAY = Zone("zt", "Pacific/Kiritimati", zone_changes("Pacific/Kiritimati", FROM_UTC, 1))

Told = tuple[str, str, int, bytes]
Marked = tuple[str, str, int]

people = st.sampled_from(["pa", "pb"])
categories = st.sampled_from(["total", "video"])
minutes = st.integers(0, DAYS * DAY_MINUTES - 1).map(lambda minute: FIRST_MINUTE + minute)
marks = st.lists(st.tuples(people, categories, minutes), max_size=40)
bitmaps = st.integers(0, 2 ** (8 * BITMAP_BYTES) - 1).map(lambda bits: bits.to_bytes(BITMAP_BYTES, "little"))
told = st.lists(st.tuples(people, categories, st.integers(20_000, 20_003), bitmaps), max_size=6)


def marked(*seen: list[Marked]) -> UseBook:
    """A book in which all of these were seen, one after the other."""
    book = UseBook()
    for minutes_seen in seen:
        for mark in minutes_seen:
            book.mark(*mark)
    return book


def merged(*messages_of: list[Told]) -> UseBook:
    """A book that was told all of these, one after the other."""
    book = UseBook()
    for rows in messages_of:
        for row in rows:
            book.merge(*row)
    return book


def after(book: UseBook, *others: UseBook) -> list[Told]:
    """What a book holds when these have told it everything."""
    for other in others:
        for row in other.rows(0):
            book.merge(*row)
    return book.rows(0)


@EXAMPLES
@given(told, told, told)
def test_order_repetition_and_grouping_do_not_matter(one: list[Told], two: list[Told], three: list[Told]) -> None:
    all_of_it = merged(one, two, three).rows(0)
    assert merged(three, one, two).rows(0) == all_of_it
    assert merged(one, two, three, two, one).rows(0) == all_of_it
    assert after(merged(one), merged(two, three)) == after(merged(one, two), merged(three)) == all_of_it


@EXAMPLES
@given(told, told)
def test_merge_says_whether_something_is_new(one: list[Told], two: list[Told]) -> None:
    book = merged(one)
    for row in two:
        before = book.rows(0)
        assert book.merge(*row) == (book.rows(0) != before)
        assert not book.merge(*row)


@EXAMPLES
@given(marks, marks)
def test_two_that_were_apart_for_a_day_hold_the_union(one: list[Marked], two: list[Marked]) -> None:
    both = marked(one, two).rows(0)
    assert after(marked(one), marked(two)) == after(marked(two), marked(one)) == both


@EXAMPLES
@given(marks)
def test_what_goes_through_a_message_is_the_same(seen: list[Marked]) -> None:
    rows = tuple(marked(seen).rows(0))
    sent = messages.encode_usage(messages.Usage("m1", 5, "r1", (), rows))
    assert messages.read_usage(sent).minutes == rows


@EXAMPLES
@given(marks, st.integers(-100, DAYS * 86400 + 100), st.integers(0, 2 * 86400))
def test_no_minute_is_lost_or_counted_twice_whatever_the_clock_did(seen: list[Marked], start: int, length: int) -> None:
    # `seen` jumps about, as a clock that is set forward and back does: each minute has a bit of its own.
    book, begin = marked(seen), FROM_UTC + start
    for person in ("pa", "pb"):
        for category in ("total", "video"):
            expected = {
                minute
                for who, what, minute in seen
                if (who, what) == (person, category) and begin <= minute * 60 < begin + length
            }
            assert book.minutes(person, category, begin, begin + length) == len(expected)


@EXAMPLES
@given(marks, st.integers(0, 1439), st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "America/Havana"]))
def test_family_days_share_out_all_minutes(seen: list[Marked], day_start: int, zone: str) -> None:
    book = marked(seen)
    policy = make(zone, budgets=tuple(Budget(person, "total", (60,) * 7, day_start) for person in ("pa", "pb")))
    moment, counted = FROM_UTC - 2 * 86400, 0
    while moment < FROM_UTC + (DAYS + 2) * 86400:
        counted += used_of(policy, moment, book)["pa"]["total"]
        moment = family_day(policy.zones[0], moment, day_start)[2]
    assert counted == len({minute for who, what, minute in seen if (who, what) == ("pa", "total")})


@EXAMPLES
@given(marks, minutes, st.integers(0, 120), st.integers(0, 120))
def test_more_use_and_less_given_never_leave_more(seen: list[Marked], now: int, limit: int, given_minutes: int) -> None:
    budgets = tuple(Budget("pa", category, (limit,) * 7, 240) for category in ("total", "video"))
    give = Override("og", "pa", "give", now * 60, now * 60 + 1, given_minutes, "")
    plain, richer = make("Europe/Berlin", budgets=budgets), make("Europe/Berlin", budgets=budgets, overrides=(give,))
    used = used_of(plain, now * 60, marked(seen))
    more = used_of(plain, now * 60, marked(seen, [("pa", "total", now), ("pa", "video", now)]))
    for index in (0, 1):
        row, rich = allowances(plain, "pa", now * 60, used)[index], allowances(richer, "pa", now * 60, used)[index]
        poorer = allowances(plain, "pa", now * 60, more)[index]
        assert row.left is not None and rich.left is not None and poorer.left is not None
        assert poorer.left <= row.left <= rich.left
        assert (row.minutes, rich.minutes) == (limit, limit + given_minutes)
        assert (row.left == 0) == (row.used >= limit)
    assert ("video" in spent_categories(plain, now * 60, used).get("pa", ())) == (used["pa"]["video"] >= limit)
    assert (decide(plain, "da", now * 60, used).level == "closed") == (used["pa"]["total"] >= limit)


@EXAMPLES
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 28), st.integers(0, 20))), st.integers(0, 360 * 86400))
def test_with_travels_each_second_belongs_to_one_family_day(trips: list[tuple[int, int, int]], start: int) -> None:
    firsts = [(date(2026, month, day), length) for month, day, length in trips[: limits.TRAVELS]]
    lines = tuple(
        Travel("pa", first.isoformat(), (first + timedelta(days=length)).isoformat(), "zt") for first, length in firsts
    )
    policy = make("Pacific/Pago_Pago", travels=lines, other_zones=(AWAY,))
    assert check_policy(write_policy(policy)) == []
    clock = clock_of(policy, "pa")
    day, begin, end = family_day(clock, FROM_UTC + start, 240)
    assert begin <= FROM_UTC + start < end
    assert family_day(clock, begin, 240) == family_day(clock, end - 1, 240) == (day, begin, end)
    following = family_day(clock, end, 240)
    assert following[1] == end and following[0] > day
