"""Reading and writing a policy: what is written is read, and equal policies are equal bytes."""

from stairgate.core.lines import split
from stairgate.core.policy import (
    Budget,
    Consent,
    Date,
    Device,
    Filter,
    Hub,
    Opening,
    Override,
    Pack,
    Person,
    Policy,
    PolicyReader,
    Quiet,
    Reach,
    Travel,
    Week,
    Zone,
    canonical,
    read_policy,
    write_policy,
)
from tests.portable.family import body, policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar  # noqa: TID251

    T = TypeVar("T")


MANY_NAMES = tuple([f"n{number}.example" for number in range(100, 200)])


def make(turned: bool, weeks: "tuple[Week, ...]") -> Policy:
    """A policy with everything in it; `turned` reverses every list whose order means nothing."""

    def order(*items: "T") -> "tuple[T, ...]":
        return tuple(reversed(items)) if turned else tuple(items)

    return Policy(
        home="h1",
        agent="r1",
        revision=7,
        issued=1774602000,
        zones=order(Zone("za", "Asia/Tokyo", ((0, 540),)), Zone("zb", "Europe/Berlin", ((0, 60), (9, 120)))),
        hub=Hub(order("02:00:5e:00:00:01", "02:00:5e:00:00:02"), order("192.168.77.2", "2001:db8::2"), 8080),
        persons=order(Person("pa", "adult", "za", "open"), Person("pb", "6-9", "zb", "closed")),
        devices=order(
            Device("da", order("02:00:5e:00:00:03", "02:00:5e:00:00:04"), order("pa", "pb"), "tablet", ()),
            Device("dt", ("02:00:5e:00:00:05",), ("pb",), "toy", order("isolated", "resolved_only")),
        ),
        weeks=order(*weeks),
        dates=order(
            Date("pb", "2026-03-30", "2026-04-10", order((0, 60, "closed"), (600, 660, "open"))),
            Date("pb", "2026-12-24", "2026-12-24", ()),
        ),
        travels=order(Travel("pb", "2026-07-06", "2026-07-12", "za"), Travel("pb", "2026-08-01", "2026-08-01", "za")),
        budgets=order(Budget("pb", "total", (60, 60, 60, 60, 60, -1, -1), 240), Budget("pb", "video", (30,) * 7, 240)),
        overrides=order(Override("oa", "pb", "pause", 5, 6, 0, "dinner"), Override("ob", "dt", "bonus", 5, 9, 15, "")),
        packs=order(Pack("adult", "v1", "0a" * 32, 5300000), Pack("ads", "v2", "0b" * 32, 100)),
        everyone=order("illegal", "malware"),
        filters=order(
            Filter("pa", ("youtube_moderate",), (), (), (), ()),
            Filter(
                "pb", order("page", "safesearch"), order("ads", "roblox"), MANY_NAMES, ("b.test",), ("school.test",)
            ),
        ),
        openings=order(Opening("dt", "camera", 1774602600), Opening("dt", "microphone", 1774645200)),
        consents=order(Consent("dt", order("steps", "voice"))),
        reaches=order(Reach("da", ("play.example",)), Reach("dt", MANY_NAMES)),
        quiets=order(
            Quiet("da", order((31, 1200, 420), (96, 1260, 480)), "tell"), Quiet("dt", ((127, 0, 0),), "close")
        ),
    )


WEEKS = (Week("pa", 31, 0, 60, "limited"), Week("pb", 79, 1230, 420, "closed"), Week("pb", 48, 1290, 480, "closed"))
MANY = tuple([Week("pb", days, 1230, 420, "closed") for days in range(1, 60)])


def test_written_is_read() -> None:
    written = write_policy(make(False, WEEKS))
    assert read_policy(written) == canonical(make(False, WEEKS))
    assert write_policy(read_policy(written)) == written


def test_equal_policies_are_equal_bytes() -> None:
    assert write_policy(make(True, WEEKS)) == write_policy(make(False, WEEKS))
    assert canonical(make(True, WEEKS)) == canonical(make(False, WEEKS))


def test_a_window_said_twice_is_written_once() -> None:
    assert write_policy(make(False, WEEKS + WEEKS)) == write_policy(make(False, WEEKS))


def test_another_value_gives_other_bytes() -> None:
    assert write_policy(make(False, WEEKS)) != write_policy(make(False, WEEKS[1:]))


def test_many_windows_fill_several_lines() -> None:
    written = write_policy(make(False, MANY))
    lines = [line for line in split(written) if line.startswith(b'["week"')]
    assert len(lines) == 3
    assert all(len(line) <= 512 for line in lines)
    assert read_policy(written).weeks == MANY


def test_the_order_of_the_lines() -> None:
    kinds = []
    for line in split(write_policy(make(True, WEEKS))):
        kind = line.split(b'"')[1]
        if kind not in kinds:
            kinds.append(kind)
    order = (
        b"policy zone hub person device week date travel budget override pack everyone filter block deny allow only "
    )
    assert kinds == (order + b"gate consent reach quiet").split(b" ")


def test_a_policy_without_anything() -> None:
    empty = read_policy(b'["policy","h1","r1",5,6]\n')
    assert empty == Policy("h1", "r1", 5, 6, (), None, *[()] * 14)
    assert write_policy(empty) == b'["policy","h1","r1",5,6]\n'


def test_the_lines_of_a_toy() -> None:
    written = write_policy(make(True, WEEKS))
    assert [line for line in split(written) if line[:5] in (b'["gat', b'["con', b'["qui')] == [
        b'["gate","dt",[["camera",1774602600],["microphone",1774645200]]]',
        b'["consent","dt",["steps","voice"]]',
        b'["quiet","da",[[31,1200,420],[96,1260,480]],"tell"]',
        b'["quiet","dt",[[127,0,0]],"close"]',
    ]
    assert len([line for line in split(written) if line.startswith(b'["reach","dt"')]) == 4


def test_lines_of_later_versions_are_skipped() -> None:
    later = body(b'["x-later","anything",[1,[2]]]', b'["week","pb",[[1,0,0,"closed"]]]', b'["x-"]')
    assert read_policy(later) == policy(b'["week","pb",[[1,0,0,"closed"]]]')


def test_spaces_change_no_meaning() -> None:
    assert read_policy(body().replace(b",", b", ")) == policy()


def test_line_by_line_is_the_same_as_at_once() -> None:
    reader = PolicyReader()
    for line in split(body()):
        reader.take(line)
    assert reader.finish() == policy()


def test_a_policy_with_faults_is_not_written() -> None:
    bad = make(False, WEEKS + (Week("px", 0, 0, 0, "closed"),))
    try:
        write_policy(bad)
    except ValueError as error:
        assert "windows" in str(error)
    else:
        raise AssertionError("it was written")


def test_a_policy_too_large_is_not_written() -> None:
    large = make(False, tuple([Week("pb", days, start, 0, "closed") for days in range(1, 128) for start in range(9)]))
    try:
        write_policy(large)
    except ValueError as error:
        assert "16384" in str(error)
    else:
        raise AssertionError("it was written")
