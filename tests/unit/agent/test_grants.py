"""Decisions to grants, grants to elements, and the changes between what is there and what should be."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.agent import gate
from stairgate.agent.call_ranges import callers
from stairgate.agent.gate import BRIDGE_GRANTED, BRIDGE_GRANTED_TCP, EXEMPT, GRANTED, SetName
from stairgate.agent.grants import (
    CONSTANT_SETS,
    TIMED_SETS,
    Contents,
    Grant,
    allocate_numbers,
    changes_between,
    constant_contents,
    differences,
    grant_of,
    mac_key,
    timed_contents,
)
from stairgate.agent.kernel_fake import FakeKernel
from stairgate.agent.limits import BELL_MS, LED_MS, NUMBER_MAX, SAME_END_MS, TCP_RETURN_MS
from stairgate.agent.set_elements import SetChange
from stairgate.core.decide import Decision
from stairgate.core.records import Device, Filter, Hub
from tests.lab import network
from tests.lab.policies import family_policy
from tests.unit.agent.rig import HandClock

CAP = 6 * 3600 * 1000
FAMILY_NUMBERS = {"dconsole": 1, "dlaptop": 2, "dphone": 3}
NOW = 1_700_000_000.0
PHONE, CONSOLE, LAPTOP = (mac_key(each.mac) for each in (network.PHONE, network.CONSOLE, network.LAPTOP))

GRANTS = [
    pytest.param("open", NOW + 60, Grant("d1", 60_000, False), id="until a moment"),
    pytest.param("open", NOW + 0.0016, Grant("d1", 1, False), id="rounded down, never up"),
    pytest.param("open", NOW + 0.0004, None, id="less than a millisecond"),
    pytest.param("open", NOW, None, id="until now"),
    pytest.param("open", NOW - 5, None, id="until a moment that has passed"),
    pytest.param("open", None, Grant("d1", CAP, True), id="without an end: the cap"),
    pytest.param("open", NOW + 6 * 3600, Grant("d1", CAP, False), id="until the cap exactly"),
    pytest.param("open", NOW + 6 * 3600 + 1, Grant("d1", CAP, True), id="until later than the cap"),
    pytest.param("limited", None, Grant("d1", CAP, True, 0), id="limited from now on"),
    pytest.param("limited", NOW + 60, Grant("d1", 60_000, False, 0), id="limited, with an end"),
    pytest.param("limited", NOW, None, id="limited until now"),
    pytest.param("closed", NOW + 60, None, id="closed"),
]


@pytest.mark.parametrize(("level", "until", "expected"), GRANTS)
def test_grant(level: str, until: Any, expected: Grant | None) -> None:
    assert grant_of("d1", Decision(level, until, "week", "", None), NOW) == expected


NEXT = [
    pytest.param("open", "closed", Grant("d1", 60_000, False), id="open, then closed: to the second"),
    pytest.param("open", "limited", Grant("d1", 60_000 + BELL_MS, False, 60_000), id="open, then limited"),
    pytest.param("limited", "open", Grant("d1", 60_000 + BELL_MS, False, 0), id="limited, then open"),
    pytest.param("limited", "closed", Grant("d1", 60_000, False, 0), id="limited, then closed: to the second"),
]


@pytest.mark.parametrize("late", [0.0, 0.4])
def test_a_look_in_the_moment_of_the_bell_gives_the_stricter_level(late: float) -> None:
    left = BELL_MS - int(late * 1000)

    assert grant_of("d1", Decision("open", int(NOW), "week", "", "limited"), NOW + late) == Grant("d1", left, False, 0)
    assert grant_of("d1", Decision("limited", int(NOW), "week", "", "open"), NOW + late) == Grant("d1", left, False, 0)
    assert grant_of("d1", Decision("open", int(NOW), "week", "", "limited"), NOW + BELL_MS / 1000) is None


@pytest.mark.parametrize(("level", "after", "expected"), NEXT)
def test_between_open_and_limited_the_stricter_one_holds_a_little_longer(
    level: str, after: str, expected: Grant
) -> None:
    assert grant_of("d1", Decision(level, int(NOW) + 60, "week", "", after), NOW) == expected


def test_who_is_limited_now_or_by_the_bell_is_marked_and_open_until_then() -> None:
    granted = {
        "dphone": Grant("dphone", 9000, False, 4000),
        "dconsole": Grant("dconsole", 9000, False, 0),
        "dlaptop": Grant("dlaptop", 9000, False),
    }

    timed = timed_contents(family_policy(), granted)
    constant = constant_contents(family_policy(), FAMILY_NUMBERS, ("br-lan",), granted)

    assert timed[gate.STILL_OPEN] == timed[gate.BRIDGE_STILL_OPEN] == {PHONE: 4000}
    assert set(timed[GRANTED]) == {PHONE, CONSOLE, LAPTOP}
    assert constant[gate.LIMITED] == constant[gate.BRIDGE_LIMITED] == {PHONE: None, CONSOLE: None}


def test_names_are_led_to_the_filter_and_those_of_exempt_devices_only_while_it_serves_everybody() -> None:
    lan = {b"br-lan".ljust(16, b"\0"): None}
    everyone = family_policy()._replace(everyone=("illegal",))

    plain = constant_contents(family_policy(), FAMILY_NUMBERS, ("br-lan",), dns_serves=True)
    down = constant_contents(everyone, FAMILY_NUMBERS, ("br-lan",))
    serving = constant_contents(everyone, FAMILY_NUMBERS, ("br-lan",), dns_serves=True)

    assert [found[gate.FILTERED] for found in (plain, down, serving)] == [lan, lan, lan]
    assert [found[gate.FILTERED_ALL] for found in (plain, down, serving)] == [{}, {}, dict.fromkeys(lan, LED_MS)]
    assert plain[gate.BRIDGE_GUARDED] == {b"\x08\x00": None, b"\x86\xdd": None}
    assert plain[gate.BRIDGE_HUB] == {mac_key(network.HOME.mac): None}


def test_flags_and_a_blocked_tag_mark_devices_but_never_exempt_ones() -> None:
    policy = family_policy()
    flagged = {
        "dphone": ("resolved_only",),
        "dlaptop": ("isolated",),
        "dtablet": ("exempt", "isolated", "resolved_only"),
    }
    devices = tuple(device._replace(flags=flagged.get(device.id, ())) for device in policy.devices)
    filters = (Filter("pmia", (), ("adult", "vpn"), (), (), ()),)

    found = constant_contents(policy._replace(devices=devices, filters=filters), FAMILY_NUMBERS, ("br-lan",))

    assert found[gate.RESOLVED_ONLY] == found[gate.BRIDGE_RESOLVED_ONLY] == {PHONE: None}
    assert found[gate.ISOLATED] == found[gate.BRIDGE_ISOLATED] == {LAPTOP: None}
    assert found[gate.NO_TUNNELS] == {PHONE: None, CONSOLE: None}
    everybody = constant_contents(policy._replace(everyone=("vpn",)), FAMILY_NUMBERS, ("br-lan",))
    assert set(everybody[gate.NO_TUNNELS]) == {PHONE, CONSOLE, LAPTOP}


def test_every_set_is_filled_here_or_by_the_filter_or_at_the_console() -> None:
    by_filter = {
        name for name, declared in gate.SETS.items() if "addr" in declared.type and declared.type != "ether_addr"
    }
    at_console = {gate.OFF, gate.OFF_TCP, gate.BRIDGE_OFF}
    filled = {*timed_contents(family_policy(), {}), *constant_contents(family_policy(), FAMILY_NUMBERS, ())}

    assert filled == set(TIMED_SETS) | set(CONSTANT_SETS)
    assert filled | by_filter | at_console | set(callers(family_policy(), {})) == set(gate.SETS)


def test_an_element_s_key_is_the_mac_in_network_order() -> None:
    assert mac_key("02:00:5e:10:0a:ff") == b"\x02\x00\x5e\x10\x0a\xff"


def test_every_mac_of_a_device_is_granted_and_tcp_s_return_path_one_second_longer() -> None:
    policy = family_policy()
    laptop = Device("dlaptop", ("02:00:00:00:77:0c", "02:00:00:00:77:1c"), ("pben",), "computer", ())
    policy = policy._replace(devices=(policy.devices[0], laptop, *policy.devices[2:]))
    second = mac_key("02:00:00:00:77:1c")

    wanted = timed_contents(policy, {"dlaptop": Grant("dlaptop", 5000, False), "dgone": Grant("dgone", 9, False)})

    assert wanted == {
        gate.STILL_OPEN: {},
        gate.BRIDGE_STILL_OPEN: {},
        GRANTED: {LAPTOP: 5000, second: 5000},
        BRIDGE_GRANTED: {LAPTOP: 5000, second: 5000},
        BRIDGE_GRANTED_TCP: {LAPTOP: 6000, second: 6000},
    }


def test_exempt_devices_have_no_grant_that_could_end() -> None:
    granted = {device.id: Grant(device.id, 5000, False) for device in family_policy().devices}

    assert mac_key(network.TABLET.mac) not in timed_contents(family_policy(), granted)[GRANTED]


def test_constant_contents() -> None:
    policy = family_policy()
    wheelchair = Device("dchair", ("02:00:00:00:77:66",), ("pmia",), "other", ("assistive",))
    hub = Hub((network.HOME.mac,), (network.HOME.v4, "2001:db8:77::a:2"), 8080)
    policy = policy._replace(devices=(wheelchair, *policy.devices), hub=hub)

    found = constant_contents(policy, {"dconsole": 1, "dlaptop": 2, "dphone": 515}, ("br-lan", "guest"))

    exempt = {mac_key("02:00:00:00:77:66"): None, mac_key(network.TABLET.mac): None, mac_key(network.HOME.mac): None}
    assert found[gate.EXEMPT] == found[gate.BRIDGE_EXEMPT] == exempt
    assert found[gate.NUMBERED] == dict.fromkeys((PHONE, CONSOLE, LAPTOP))
    assert found[gate.PAGE_PORTS] == {b"\x1f\x90": None}  # 8080
    assert found[gate.HUB_V4] == {bytes((192, 168, 77, 2)): None}
    assert found[gate.HUB_V6] == {bytes.fromhex("20010db80077000000000000000a0002"): None}
    assert found[gate.LAN] == {b"br-lan".ljust(16, b"\0"): None, b"guest".ljust(16, b"\0"): None}
    spelled = {bit: set(found[name]) for bit, name in enumerate(gate.NUMBER) if found[name]}
    assert spelled == {0: {CONSOLE, PHONE}, 1: {LAPTOP, PHONE}, 9: {PHONE}}


def test_without_a_hub_no_port_and_no_mac_of_one() -> None:
    found = constant_contents(
        family_policy()._replace(hub=None), {"dconsole": 1, "dlaptop": 2, "dphone": 3}, ("br-lan",)
    )

    assert found[gate.PAGE_PORTS] == found[gate.HUB_V4] == found[gate.HUB_V6] == {}
    assert set(found[gate.EXEMPT]) == {mac_key(network.TABLET.mac)}


def test_where_there_is_a_toy_the_hubs_broker_is_open_beside_its_page() -> None:
    policy, numbers = family_policy(), {"dconsole": 1, "dlaptop": 2, "dphone": 3}
    toys = tuple(each._replace(kind="toy") if each.id == "dconsole" else each for each in policy.devices)
    for devices, port, ports in ((toys, 8883, {8080, 8883}), (toys, 0, {8080}), (policy.devices, 8883, {8080})):
        found = constant_contents(policy._replace(devices=devices), numbers, ("br-lan",), broker_port=port)
        assert set(found[gate.PAGE_PORTS]) == {each.to_bytes(2, "big") for each in ports}


def test_every_machine_of_the_hub_is_exempt() -> None:
    policy = family_policy()._replace(hub=Hub(("02:00:00:00:77:02", "02:00:00:00:77:03"), (), 80))

    exempt = constant_contents(policy, {"dconsole": 1, "dlaptop": 2, "dphone": 3}, ())[gate.BRIDGE_EXEMPT]

    assert {mac_key("02:00:00:00:77:02"), mac_key("02:00:00:00:77:03")} <= set(exempt)


def change(name: SetName, put: dict[bytes, int | None], *remove: bytes, fresh: Iterable[bytes] = ()) -> list[SetChange]:
    return [SetChange(name, put, frozenset(remove), frozenset(fresh))] if put or remove else []


T, S = BRIDGE_GRANTED_TCP, SAME_END_MS
CHANGES = [
    pytest.param(GRANTED, {}, {}, {}, [], id="nothing there, nothing wanted"),
    pytest.param(GRANTED, {PHONE: 60_000}, {}, {PHONE: 60_000}, [], id="a new grant"),
    pytest.param(GRANTED, {PHONE: 60_000}, {PHONE: 60_000 - S}, {}, [], id="the same end is kept"),
    pytest.param(GRANTED, {PHONE: 60_000}, {PHONE: 60_000 + S + 1}, {PHONE: 60_000}, [], id="shortened"),
    pytest.param(GRANTED, {PHONE: 60_000}, {PHONE: 60_000 - S - 1}, {PHONE: 60_000}, [], id="lengthened"),
    pytest.param(GRANTED, {PHONE: 60_000}, {PHONE: None}, {PHONE: 60_000}, [], id="one without an end gets one"),
    pytest.param(GRANTED, {PHONE: CAP}, {PHONE: CAP // 2}, {}, [], id="capped, at its half"),
    pytest.param(GRANTED, {PHONE: CAP}, {PHONE: CAP // 2 - 1}, {PHONE: CAP}, [], id="capped, past its half"),
    pytest.param(GRANTED, {PHONE: CAP}, {PHONE: 2 * CAP}, {PHONE: CAP}, [], id="never longer than the cap"),
    pytest.param(T, {PHONE: CAP + 1000}, {PHONE: CAP // 2 + 500}, {}, [], id="TCP, capped, at its half"),
    pytest.param(T, {PHONE: CAP + 1000}, {PHONE: CAP // 2 + 499}, {PHONE: CAP + 1000}, [], id="TCP, capped, past it"),
    pytest.param(GRANTED, {}, {PHONE: 60_000}, {}, [PHONE], id="taken away"),
    pytest.param(T, {}, {PHONE: 60_000}, {PHONE: TCP_RETURN_MS}, [], id="TCP returns for a second more"),
    pytest.param(T, {}, {PHONE: TCP_RETURN_MS}, {}, [], id="TCP's second is not begun again"),
    pytest.param(T, {}, {PHONE: 3}, {}, [], id="TCP's second is left to end"),
    pytest.param(T, {}, {PHONE: 0}, {}, [], id="TCP's second is ending now"),
    pytest.param(T, {}, {PHONE: None}, {PHONE: TCP_RETURN_MS}, [], id="TCP's without an end gets one"),
    pytest.param(EXEMPT, {PHONE: None}, {PHONE: None}, {}, [], id="constant, there"),
    pytest.param(EXEMPT, {PHONE: None}, {LAPTOP: None}, {PHONE: None}, [LAPTOP], id="constant, exchanged"),
]


@pytest.mark.parametrize(("name", "wanted", "found", "put", "remove"), CHANGES)
def test_changes(
    name: SetName,
    wanted: dict[bytes, int | None],
    found: dict[bytes, int | None],
    put: dict[bytes, int | None],
    remove: list[bytes],
) -> None:
    # What was not there is added once; what was there is deleted first, or it would keep its old end.
    fresh = put.keys() - found.keys()
    assert changes_between({name: wanted}, {name: found}) == change(name, put, *remove, fresh=fresh)


def test_a_grant_is_written_shorter_by_the_time_that_reckoning_it_took() -> None:
    wanted: Contents = {GRANTED: {PHONE: 60_000, CONSOLE: 60_000, LAPTOP: 300}}

    changes = changes_between(wanted, {GRANTED: {CONSOLE: 59_600}}, elapsed_ms=400)

    assert changes == change(GRANTED, {PHONE: 59_600, LAPTOP: 1}, fresh=(PHONE, LAPTOP))


def test_tcp_s_second_is_whole_however_long_reckoning_took() -> None:
    changes = changes_between({T: {}}, {T: {PHONE: 60_000}}, elapsed_ms=400)

    assert changes == change(T, {PHONE: TCP_RETURN_MS})


lefts = st.one_of(st.integers(1, 3000), st.integers(CAP // 2 - 40, CAP // 2 + 40), st.just(CAP))
grants_of_three = st.dictionaries(st.sampled_from(["dconsole", "dlaptop", "dphone"]), lefts)


@given(st.lists(grants_of_three, min_size=1, max_size=4), st.integers(0, 2000))
def test_changes_made_leave_nothing_to_change_and_nothing_wrong(looks: list[dict[str, int]], pause_ms: int) -> None:
    clock = HandClock()
    kernel = FakeKernel(clock)
    kernel.load("rules")

    for grants in looks:
        clock.move(pause_ms / 1000)
        given_now = {device: Grant(device, left, False) for device, left in grants.items()}
        wanted = timed_contents(family_policy(), given_now)
        kernel.commit(changes_between(wanted, {name: kernel.elements(name) for name in TIMED_SETS}))

        found = {name: kernel.elements(name) for name in TIMED_SETS}
        assert changes_between(wanted, found) == []
        assert differences(wanted, found, 1) == []
        assert set(found[GRANTED]) == set(wanted[GRANTED])


DIFFERENCES = [
    pytest.param(GRANTED, {PHONE: 5000}, {PHONE: 4990}, 10, [], id="as wanted"),
    pytest.param(GRANTED, {PHONE: 5000}, {}, 10, ["granted_v1 lacks 02000000770a"], id="lacks"),
    pytest.param(GRANTED, {PHONE: 8}, {}, 10, [], id="so short that it has ended"),
    pytest.param(GRANTED, {PHONE: 8}, {PHONE: 0}, 10, [], id="so short that it is just ending"),
    pytest.param(GRANTED, {PHONE: 5000}, {PHONE: 5021}, 10, ["granted_v1 holds 02000000770a too long"], id="too long"),
    pytest.param(GRANTED, {PHONE: 5000}, {PHONE: None}, 10, ["granted_v1 holds 02000000770a too long"], id="for ever"),
    pytest.param(GRANTED, {}, {PHONE: 1}, 10, ["granted_v1 still holds 02000000770a"], id="still there"),
    pytest.param(GRANTED, {}, {PHONE: None}, 10, ["granted_v1 still holds 02000000770a"], id="still there, for ever"),
    pytest.param(T, {}, {PHONE: 1000}, 10, [], id="TCP's second"),
    pytest.param(T, {}, {PHONE: 0}, 10, [], id="TCP's second is just ending"),
    pytest.param(T, {}, {PHONE: 1001}, 10, ["granted_tcp_v1 still holds 02000000770a"], id="more than TCP's second"),
    pytest.param(T, {}, {PHONE: None}, 10, ["granted_tcp_v1 still holds 02000000770a"], id="TCP, for ever"),
    pytest.param(EXEMPT, {PHONE: None}, {}, 10, ["exempt_v1 lacks 02000000770a"], id="constant, lacks"),
    pytest.param(EXEMPT, {}, {PHONE: None}, 10, ["exempt_v1 still holds 02000000770a"], id="constant, still there"),
]


@pytest.mark.parametrize(("name", "wanted", "found", "elapsed_ms", "wrong"), DIFFERENCES)
def test_differences(
    name: SetName, wanted: dict[bytes, int | None], found: dict[bytes, int | None], elapsed_ms: int, wrong: list[str]
) -> None:
    assert differences({name: wanted}, {name: found}, elapsed_ms) == wrong


NUMBERS = [
    pytest.param({}, ["da", "db"], {"da": 1, "db": 2}, id="from one"),
    pytest.param({"da": 7}, ["da", "db"], {"da": 7, "db": 1}, id="kept while the device stays"),
    pytest.param({"da": 1, "db": 2}, ["db", "dc"], {"db": 2, "dc": 3}, id="one just given up is not given on"),
    pytest.param({"da": 1}, [], {}, id="nobody left"),
]


@pytest.mark.parametrize(("previous", "devices", "expected"), NUMBERS)
def test_numbers(previous: dict[str, int], devices: list[str], expected: dict[str, int]) -> None:
    assert allocate_numbers(previous, devices) == expected


def test_a_number_given_up_a_moment_ago_is_not_given_on_either() -> None:
    assert allocate_numbers({"db": 2}, ["db", "dc"], given_up=[1, 3]) == {"db": 2, "dc": 4}


def test_when_all_other_numbers_are_taken_one_just_given_up_is_used() -> None:
    full = {f"d{number}": number for number in range(1, NUMBER_MAX + 1)}
    devices = [*(device for device in full if device != "d500"), "dnew"]

    assert allocate_numbers(full, devices)["dnew"] == 500


def test_more_devices_than_numbers_are_refused() -> None:
    devices = [f"d{number}" for number in range(NUMBER_MAX + 1)]

    assert len(set(allocate_numbers({}, devices[:-1]).values())) == NUMBER_MAX
    with pytest.raises(ValueError, match="devices: expected 1023 at most, got 1024"):
        allocate_numbers({}, devices)
