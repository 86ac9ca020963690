"""What is left of a day's budgets, what adds to them, and which categories are spent."""

from stairgate.core.budget import Allowance, allowances, spent_categories
from tests.portable.family import policy, utc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.rules import Used

TOTAL = b'["budget","pb","total",[60,60,60,60,60,90,-1],240]'
VIDEO = b'["budget","pb","video",[30,30,30,30,30,30,30],240]'
GAMES = b'["budget","pb","games",[20,20,20,20,20,-1,-1],0]'
NONE_C = b'["budget","pc","video",[0,0,0,0,0,0,0],240]'
ALL = (GAMES, TOTAL, VIDEO)


def over(kind: str, start: str, until: str, minutes: int, target: str = "pb") -> bytes:
    """An override between two local times."""
    return f'["override","oa","{target}","{kind}",{utc(start)},{utc(until)},{minutes},""]'.encode()


GIVE = over("give", "2026-03-24 12:00", "2026-03-24 12:01", 20)
BONUS = over("bonus", "2026-03-24 12:00", "2026-03-24 12:30", 30)
OPEN = over("open", "2026-03-24 12:00", "2026-03-24 12:30", 0)
PAUSE = over("pause", "2026-03-24 12:00", "2026-03-24 12:30", 0)

# name, lines, local time, minutes used by pb, (category, minutes, used, left), the local end of the first one's day
CASES: "tuple[tuple[object, ...], ...]" = (
    ("no budgets", (), "2026-03-24 12:00", {"total": 5}, (), None),
    ("nothing used", (TOTAL,), "2026-03-24 12:00", {}, (("total", 60, 0, 60),), "2026-03-25 04:00"),
    ("some used", (TOTAL,), "2026-03-24 12:00", {"total": 45}, (("total", 60, 45, 15),), "2026-03-25 04:00"),
    ("more than all used", (TOTAL,), "2026-03-24 12:00", {"total": 99}, (("total", 60, 99, 0),), "2026-03-25 04:00"),
    ("the night is the day before's", (TOTAL,), "2026-03-29 01:00", {"total": 10}, (("total", 90, 10, 80),), "2026-03-29 04:00"),
    ("no limit on Sundays", (TOTAL,), "2026-03-29 12:00", {"total": 200}, (("total", None, 200, None),), "2026-03-30 04:00"),
    ("total first, then by category", ALL, "2026-03-24 12:00", {"video": 7}, (("total", 60, 0, 60), ("games", 20, 0, 20), ("video", 30, 7, 23)), "2026-03-25 04:00"),
    ("a give adds to all", ALL + (GIVE,), "2026-03-24 12:00", {"total": 60}, (("total", 80, 60, 20), ("games", 40, 0, 40), ("video", 50, 0, 50)), "2026-03-25 04:00"),
    ("a give lasts for the day", (TOTAL, GIVE), "2026-03-25 03:59", {}, (("total", 80, 0, 80),), "2026-03-25 04:00"),
    ("a give is gone the next day", (TOTAL, GIVE), "2026-03-25 04:00", {}, (("total", 60, 0, 60),), "2026-03-26 04:00"),
    ("a give to come", (TOTAL, GIVE), "2026-03-24 11:59", {}, (("total", 60, 0, 60),), "2026-03-25 04:00"),
    ("a bonus adds to all", ALL + (BONUS,), "2026-03-24 13:00", {}, (("total", 90, 0, 90), ("games", 50, 0, 50), ("video", 60, 0, 60)), "2026-03-25 04:00"),
    ("a bonus on one device is not the person's", (TOTAL, over("bonus", "2026-03-24 12:00", "2026-03-24 12:30", 30, "db")), "2026-03-24 13:00", {}, (("total", 60, 0, 60),), "2026-03-25 04:00"),
    ("no limit stays none", (GAMES, GIVE), "2026-03-28 12:00", {"games": 9}, (("games", None, 9, None),), "2026-03-29 00:00"),
    ("a day of 23 hours", (TOTAL,), "2026-03-28 12:00", {}, (("total", 90, 0, 90),), "2026-03-29 04:00"),
)  # fmt: skip


def check(
    lines: "tuple[bytes, ...]",
    moment: str,
    used: "dict[str, int]",
    expected: "tuple[tuple[object, ...], ...]",
    end: "str | None",
) -> None:
    rows = allowances(policy(*lines), "pb", utc(moment), {"pb": used})
    assert tuple([tuple(row[:4]) for row in rows]) == expected
    assert not rows or rows[0].ends == utc(str(end))


def spent(moment: str, used: "Used", *lines: bytes) -> "dict[str, tuple[str, ...]]":
    return spent_categories(policy(*lines), utc(moment), used)


def test_an_allowance_has_names() -> None:
    row = allowances(policy(TOTAL), "pb", utc("2026-03-24 12:00"), {"pb": {"total": 45}})[0]
    assert row == Allowance("total", 60, 45, 15, utc("2026-03-25 04:00"))


def test_a_category_without_minutes_is_spent() -> None:
    assert spent("2026-03-24 12:00", {"pb": {"video": 29}}, *ALL) == {}
    assert spent("2026-03-24 12:00", {"pb": {"video": 30}}, *ALL) == {"pb": ("video",)}
    assert spent("2026-03-24 12:00", {"pb": {"video": 30, "games": 99}}, *ALL) == {"pb": ("games", "video")}


def test_a_spent_total_is_no_category() -> None:
    assert spent("2026-03-24 12:00", {"pb": {"total": 99}}, *ALL) == {}


def test_a_category_of_no_minutes_is_spent_at_once() -> None:
    assert spent("2026-03-24 12:00", {}, NONE_C) == {"pc": ("video",)}


def test_a_category_without_a_limit_is_never_spent() -> None:
    assert spent("2026-03-28 12:00", {"pb": {"games": 1440}}, GAMES) == {}


def test_given_minutes_bring_a_category_back() -> None:
    assert spent("2026-03-24 11:59", {"pb": {"video": 49}}, VIDEO, GIVE) == {"pb": ("video",)}
    assert spent("2026-03-24 12:00", {"pb": {"video": 49}}, VIDEO, GIVE) == {}
    assert spent("2026-03-24 12:00", {"pb": {"video": 50}}, VIDEO, GIVE) == {"pb": ("video",)}


def test_open_and_bonus_go_before_a_spent_category() -> None:
    used = {"pb": {"video": 99}}
    assert spent("2026-03-24 12:29", used, VIDEO, OPEN) == {}
    assert spent("2026-03-24 12:30", used, VIDEO, OPEN) == {"pb": ("video",)}
    assert spent("2026-03-24 12:29", used, VIDEO, BONUS) == {}
    assert spent("2026-03-24 12:30", used, VIDEO, BONUS) == {"pb": ("video",)}
    assert spent("2026-03-24 12:29", used, VIDEO, PAUSE) == {"pb": ("video",)}


def test_one_person_has_spent_what_another_has_not() -> None:
    assert spent("2026-03-24 12:00", {"pc": {"video": 99}}, VIDEO) == {}
