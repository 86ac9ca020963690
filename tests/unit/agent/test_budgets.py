"""Budgets in the loop: minutes are counted once, told, kept, heard and enforced; nobody gains any by pulling a plug."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from stairgate.agent import off
from stairgate.agent.conntrack import Flow
from stairgate.agent.gate import GRANTED, GateSettings
from stairgate.agent.limits import CHECKPOINT_SECONDS
from stairgate.agent.timed_addresses import TimedRow
from stairgate.core.messages import Usage, encode_usage
from tests.unit.agent.rig import NOON, signed
from tests.unit.agent.router import AT, BENS, EVERYBODY, Router
from tests.unit.agent.router import PHONE as PHONE_KEY
from tests.unit.agent.watching import CONSOLE, LAPTOP, PHONE, Watching, given_back, limited_to

DAY = AT // 86400
MINUTE_OF_DAY = AT % 86400 // 60
ALL_DAY = b"\xff" * 180


def heard(router: Router, *rows: tuple[str, str, int, bytes]) -> None:
    """The hub tells what others counted."""
    router.link.deliver("usage", encode_usage(Usage("m1", AT, "r2", (), rows)))
    router.wait(1)


@pytest.fixture
def watching(router: Router) -> Watching:
    router.evidence.ntp = True
    return Watching(router)


def grant_of_phone(router: Router) -> int:
    """Milliseconds that the phone's grant lasts."""
    left = router.kernel.elements(GRANTED)[PHONE_KEY]
    assert left is not None
    return left


def test_two_devices_at_once_use_each_minute_once_and_are_closed_together(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(10)))
    watching.go_on({PHONE, CONSOLE}, 9 * 60)
    assert router.open_now() == EVERYBODY
    assert 7 <= watching.told() <= 9

    watching.go_on({PHONE, CONSOLE}, 2 * 60)

    assert router.open_now() == BENS
    assert watching.told() == 10
    hello = router.hello()
    assert {device: level for device, level, _ in hello.devices}["dconsole"] == "closed"


def test_one_after_the_other_is_as_long_as_both_at_once(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(10)))
    watching.go_on({PHONE}, 5 * 60)
    watching.go_on({CONSOLE}, 5 * 60)

    assert 9 <= watching.told() <= 10


def test_while_it_is_switched_off_at_the_console_no_minute_counts(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(30)))
    watching.go_on({PHONE}, 6 * 60)
    before = watching.told()
    assert 4 <= before <= 6

    off.switch_off(router.kernel, off.Place(GateSettings(), ("br-lan",), None), 10 * 60)
    router.kernel.touched = True
    watching.go_on({PHONE}, 10 * 60 + 1)
    assert watching.told() <= before + 1  # the minute that had begun
    watching.go_on({PHONE}, 6 * 60)

    assert 8 <= watching.told() <= 12
    assert router.open_now() == EVERYBODY


def test_a_minute_off_is_not_counted_as_a_pause_between_two_minutes_of_a_film(
    router: Router, watching: Watching
) -> None:
    router.receive(signed(limited_to(60)))
    watching.go_on({PHONE}, 5 * 60)
    before = watching.told()
    for _ in range(2):
        off.switch_off(router.kernel, off.Place(GateSettings(), ("br-lan",), None), 3 * 60)
        router.kernel.touched = True
        watching.go_on({PHONE}, 3 * 60)
        watching.go_on({PHONE}, 60)
    off.end_now(router.kernel)
    watching.go_on((), 3 * 60)
    assert watching.told() <= before + 4  # of eight minutes six were off


def test_a_device_that_lies_on_the_sofa_uses_nothing(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(10)))
    hellos = len(router.hellos())
    watching.go_on(set(), 14 * 60)

    assert watching.told() == 0
    assert router.open_now() == EVERYBODY
    assert len(router.hellos()) == hellos, "that minutes are left is no news each minute"


def test_what_another_child_uses_is_no_matter(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(5)))
    watching.go_on({LAPTOP}, 10 * 60)

    assert (watching.told("pmia"), watching.told("pben") > 7) == (0, True)
    assert router.open_now() == EVERYBODY


def test_a_shared_device_takes_the_minutes_of_all_its_persons(router: Router, watching: Watching) -> None:
    policy = limited_to(5)
    shared = tuple(
        device._replace(persons=("pben", "pmia")) if device.id == "dlaptop" else device for device in policy.devices
    )
    router.receive(signed(policy._replace(devices=shared)))
    watching.go_on({LAPTOP}, 10 * 60)

    assert watching.told("pben") == watching.told("pmia") == 5
    assert router.open_now() == set()


def test_the_grant_is_half_of_what_is_left_and_the_kernel_ends_the_last_minute(
    router: Router, watching: Watching
) -> None:
    router.receive(signed(limited_to(20)))
    assert 10 * 60_000 <= grant_of_phone(router) <= 11 * 60_000
    watching.go_on({PHONE}, 12 * 60)
    assert 60_000 <= grant_of_phone(router) <= 6 * 60_000
    while watching.told() < 19:
        watching.go_on({PHONE}, 10)
    watching.go_on({PHONE}, 25)

    # Nobody turns the loop any more: the agent is dead, and the kernel goes on.
    left = grant_of_phone(router)
    assert 0 < left <= 61_000
    router.clock.move(left / 1000 + 0.001)
    assert router.open_now() == BENS


def test_spent_minutes_stay_spent_through_kill_and_power_cut(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(10)))
    watching.go_on({PHONE}, 12 * 60)
    assert router.open_now() == BENS

    router.restart()
    assert router.open_now() == BENS
    router.reboot(60)
    router.wait(1)

    assert router.open_now() == BENS


def test_a_kill_loses_no_minute_and_a_power_cut_few(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(60)))
    watching.go_on({PHONE}, 25 * 60)
    counted = watching.told()
    assert counted > 20

    router.restart()
    router.hello()
    assert watching.told() == counted
    router.reboot(30)
    router.hello()

    assert counted - CHECKPOINT_SECONDS / 60 - 1 <= Watching(router).told() <= counted


def test_a_goodbye_keeps_every_minute_on_the_flash(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(60)))
    watching.go_on({PHONE}, 7 * 60)
    counted = watching.told()
    router.control.stop()
    router.reboot(30)
    router.hello()

    assert watching.told() == counted > 4


def test_the_flash_is_written_rarely(router: Router, watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    router.receive(signed(limited_to(200)))
    writes: list[bytes] = []
    monkeypatch.setattr(router.state, "save_use", writes.append)
    watching.go_on({PHONE}, 60 * 60)

    assert 5 <= len(writes) <= 3600 / CHECKPOINT_SECONDS + 1


def test_when_the_clock_is_set_the_minutes_stay(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(10)))
    watching.go_on({PHONE}, 5 * 60)
    for step in (-3 * 86400, 3 * 86400, 7200, -7200):
        router.evidence.ntp = False
        router.clock.step(step)
        router.wait(2)
    watching.go_on({PHONE}, 7 * 60)

    assert router.open_now() == BENS


def test_minutes_before_anybody_knows_the_time_count_at_once_and_get_their_place_later(router: Router) -> None:
    router.evidence.has_battery = False
    router.restart()
    watching = Watching(router)
    router.receive(signed(limited_to(10)))
    watching.go_on({PHONE}, 6 * 60)
    assert watching.told() == 0, "nobody knows which minutes these were"
    router.restart()
    watching.go_on({PHONE}, 7 * 60)
    assert watching.told() == 0
    assert router.open_now() == BENS

    router.evidence.ntp = True
    router.wait(61)
    router.hello()

    assert 10 <= watching.told() <= 12
    assert router.open_now() == BENS


def test_what_others_counted_is_merged_and_closes(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(10)))
    watching.go_on({PHONE}, 5 * 60)
    toys = bytearray(180)
    for minute in range(MINUTE_OF_DAY - 20, MINUTE_OF_DAY - 12):
        toys[minute // 8] |= 1 << minute % 8

    heard(router, ("pmia", "total", DAY, bytes(toys)))

    assert router.open_now() == BENS
    router.restart()
    assert router.open_now() == BENS


def test_a_hostile_broker_can_take_time_and_nothing_else(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(10)))
    watching.go_on({PHONE}, 5 * 60)
    used = watching.told()
    for content in (b"", b"{", b"[]" * 5000, encode_usage(Usage("m1", AT, "r2", (), ()))[:-2] + b"x"):
        router.link.deliver("usage", content)
    nobody = [(f"p{number}x", "total", DAY, ALL_DAY) for number in range(24)]
    heard(router, *nobody)
    heard(router, ("pmia", "games", DAY, ALL_DAY), ("pmia", "total", DAY - 40, ALL_DAY), ("pmia", "total", 7, ALL_DAY))
    heard(router, ("pmia", "total", DAY, bytes(180)))
    assert router.open_now() == EVERYBODY

    router.hello()
    assert watching.told() == used
    assert {row[0] for usage in router.usages() for row in usage.minutes} == {"pmia"}
    heard(router, ("pmia", "total", DAY, ALL_DAY))
    assert router.open_now() == BENS


def test_two_agents_that_meet_after_a_day_come_to_the_same(router: Router, watching: Watching, tmp_path: Path) -> None:
    other = Router(tmp_path / "other")
    other.evidence.ntp = True
    policy = signed(limited_to(30))
    try:
        for each in (router, other):
            each.receive(policy)
        watching.go_on({PHONE}, 6 * 60)
        other.clock.move(3 * 60)
        films = Watching(other)
        films.go_on({CONSOLE}, 8 * 60)
        for each in (router, other):
            each.clock.move(NOON + 86400 + 60 - each.clock.wall())
            each.wait(1)
        rows = {each: [row for usage in each.usages() for row in usage.minutes] for each in (router, other)}
        for _ in range(2):
            heard(router, *rows[other])
            heard(other, *reversed(rows[router]))
        for each in (router, other):
            each.hello()
    finally:
        for link in other.links:
            link.close()

    assert watching.told() == films.told()
    assert 9 <= watching.told() <= 12, "some of the minutes were the same"
    assert router.open_now() == EVERYBODY, "it is the next day"


def test_on_the_next_family_day_it_opens_by_itself(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(5)))
    watching.go_on({PHONE}, 8 * 60)
    assert router.open_now() == BENS
    router.clock.move(12 * 3600 - 8 * 60 - 3)
    router.wait(1)
    assert router.open_now() == BENS

    router.wait(4)

    assert router.open_now() == EVERYBODY


def test_minutes_that_are_given_back_open_again(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(5)))
    watching.go_on({PHONE}, 8 * 60)
    assert router.open_now() == BENS

    router.receive(signed(limited_to(5, 6, overrides=(given_back(20),))))

    assert router.open_now() == EVERYBODY


def test_all_is_told_again_with_each_hello_and_else_only_what_changed(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(60)))
    watching.go_on({PHONE, LAPTOP}, 5 * 60)
    watching.go_on({PHONE}, 5 * 60)
    before = len(router.usages())
    watching.go_on({PHONE}, 60)
    assert {row[0] for usage in router.usages()[before:] for row in usage.minutes} == {"pmia"}
    before = len(router.usages())

    router.hello()

    assert {row[0] for usage in router.usages()[before:] for row in usage.minutes} == {"pmia", "pben"}
    assert {one.qos for one in router.link.published if one.kind == "usage"} == {0}


def test_who_leaves_the_policy_leaves_the_book(router: Router, watching: Watching) -> None:
    router.receive(signed(limited_to(60)))
    watching.go_on({PHONE, LAPTOP}, 5 * 60)
    policy = limited_to(60, 6)
    mias = tuple(device for device in policy.devices if "pben" not in device.persons)
    router.receive(signed(policy._replace(persons=policy.persons[1:], devices=mias)))
    router.wait(1)
    router.control.stop()

    for folder in (router.folder, router.memory):
        assert b"pben" not in (folder / "use").read_bytes()


TIMED = b"\xcb\x00\x71\x05"


def filtered(router: Router) -> Watching:
    """A router whose filter knows an address of games."""
    router.evidence.ntp = True
    router.filtered()
    assert router.filter
    router.filter.timed.take([TimedRow(TIMED, ("games",))])
    return Watching(router, TIMED)


def test_a_spent_category_is_told_the_filter_and_closes_no_device(router: Router) -> None:
    watching = filtered(router)
    assert router.filter
    router.receive(signed(limited_to(5, category="games")))
    watching.go_on({PHONE}, 4 * 60)
    assert "spent" not in router.filter.frames[-1][0]

    watching.go_on({PHONE}, 3 * 60)

    assert router.filter.frames[-1][0]["spent"] == {"pmia": ["games"]}
    assert router.open_now() == EVERYBODY
    assert watching.told("pmia", "games") >= 5
    router.clock.move(12 * 3600)
    router.wait(15)
    assert "spent" not in router.filter.frames[-1][0]


def test_where_bytes_go_is_not_even_read_without_a_budget_for_a_category(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    flows = router.kernel.flows

    def noted(remotes: bool = False) -> Iterable[Flow]:
        asked.append(remotes)
        return flows(remotes)

    monkeypatch.setattr(router.kernel, "flows", noted)
    router.receive(signed(limited_to(5)))
    router.wait(5)
    assert asked and not any(asked)

    router.receive(signed(limited_to(5, 6, "games")))
    router.wait(5)

    assert asked[-1]


def test_an_address_is_in_no_file(router: Router) -> None:
    watching = filtered(router)
    router.receive(signed(limited_to(50, category="games")))
    watching.go_on({PHONE}, 12 * 60)
    router.control.stop()

    for folder in (router.folder, router.memory):
        for path in folder.iterdir():
            assert TIMED.hex().encode() not in path.read_bytes()
            assert TIMED not in path.read_bytes()
