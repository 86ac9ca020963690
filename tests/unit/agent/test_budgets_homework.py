"""A time of the homework list takes nothing off the minutes of the day: what it moves is not counted."""

import pytest

from stairgate.agent.explain import explain, find_device
from stairgate.agent.timed_addresses import TimedRow
from stairgate.core.records import Date, Policy, Week
from tests.unit.agent.rig import signed
from tests.unit.agent.router import AT, BENS, EVERYBODY, Router
from tests.unit.agent.router import PHONE as PHONE_KEY
from tests.unit.agent.watching import CONSOLE, LAPTOP, PHONE, Watching, limited_to

TIMED = b"\xcb\x00\x71\x05"
EVERY_DAY = 127


@pytest.fixture
def watching(router: Router) -> Watching:
    router.evidence.ntp = True
    return Watching(router)


def homework(minutes: int, start: int, end: int, revision: int = 5, category: str = "total") -> Policy:
    """Mia's minutes, and only her homework list between two minutes of the day; the router's clock begins at 12:00."""
    return limited_to(minutes, revision, category, weeks=(Week("pmia", EVERY_DAY, start, end, "limited"),))


def test_homework_takes_no_minutes_and_the_list_stays_open(router: Router, watching: Watching) -> None:
    router.receive(signed(homework(10, 12 * 60 + 6, 13 * 60 + 6)))
    watching.go_on({PHONE, CONSOLE}, 6 * 60)
    before = watching.told()
    assert 4 <= before <= 6

    watching.go_on({PHONE, CONSOLE}, 60 * 60 - 5)

    assert watching.told() <= before + 1  # the minute that had begun
    assert router.open_now() == EVERYBODY
    assert {level for device, level, _ in router.hello().devices if device == "dphone"} == {"limited"}


def test_after_homework_the_minutes_go_on_where_they_were(router: Router, watching: Watching) -> None:
    router.receive(signed(homework(10, 12 * 60, 12 * 60 + 30)))
    watching.go_on({PHONE}, 30 * 60)
    assert watching.told() == 0
    watching.go_on({PHONE}, 8 * 60)
    assert 6 <= watching.told() <= 8

    watching.go_on({PHONE}, 4 * 60)

    assert router.open_now() == BENS
    assert watching.told() == 10


def test_the_last_minute_lasts_through_homework(router: Router, watching: Watching) -> None:
    router.receive(signed(homework(5, 12 * 60 + 5, 12 * 60 + 40)))
    while watching.told() < 4:
        watching.go_on({PHONE}, 10)
    assert router.clock.wall() < AT + 5 * 60
    watching.go_on((), round(AT + 5 * 60 - router.clock.wall()))

    watching.go_on({PHONE}, 30 * 60)

    assert router.open_now() == EVERYBODY


def test_minutes_that_were_used_up_before_keep_the_list_closed(router: Router, watching: Watching) -> None:
    """The order of `decide`: a spent budget goes before the week."""
    router.receive(signed(homework(5, 12 * 60 + 10, 13 * 60)))
    watching.go_on({PHONE}, 15 * 60)

    assert router.open_now() == BENS


def test_on_a_shared_device_in_homework_time_nobody_s_minutes_count(router: Router, watching: Watching) -> None:
    policy = homework(30, 12 * 60, 13 * 60)
    shared = tuple(
        device._replace(persons=("pben", "pmia")) if device.id == "dlaptop" else device for device in policy.devices
    )
    router.receive(signed(policy._replace(devices=shared)))
    watching.go_on({LAPTOP}, 20 * 60)

    assert watching.told("pben") == watching.told("pmia") == 0


def test_of_another_child_s_device_minutes_count_meanwhile(router: Router, watching: Watching) -> None:
    router.receive(signed(homework(30, 12 * 60, 13 * 60)))
    watching.go_on({PHONE, LAPTOP}, 20 * 60)

    assert (watching.told("pmia"), watching.told("pben") > 17) == (0, True)


def test_a_day_of_the_list_alone_takes_none_either(router: Router, watching: Watching) -> None:
    policy = limited_to(5, dates=(Date("pmia", "2026-01-01", "2026-01-01", ((0, 0, "limited"),)),))
    router.receive(signed(policy))
    watching.go_on({PHONE}, 20 * 60)

    assert watching.told() == 0
    assert PHONE_KEY in router.open_now()


def test_nor_does_homework_take_minutes_of_a_category(router: Router) -> None:
    router.evidence.ntp = True
    router.filtered()
    assert router.filter
    router.filter.timed.take([TimedRow(TIMED, ("games",))])
    watching = Watching(router, TIMED)
    router.receive(signed(homework(5, 12 * 60, 12 * 60 + 30, category="games")))
    watching.go_on({PHONE}, 20 * 60)
    assert watching.told("pmia", "games") == 0
    watching.go_on({PHONE}, 15 * 60)

    assert watching.told("pmia", "games") >= 3


def test_the_console_says_when_homework_ends_not_when_minutes_would() -> None:
    policy = homework(10, 12 * 60, 13 * 60)
    device = find_device(policy, "dphone")
    assert device

    said = explain(policy, device, "games.example", AT, (), used={"pmia": {"total": 4}})

    assert (said.level, said.until, said.next_level) == ("limited", AT + 3600, "open")
