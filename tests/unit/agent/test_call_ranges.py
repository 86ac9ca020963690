"""Which apps' calls a device may place to addresses that nobody looked up, and how the kernel is told."""

import socket
from collections.abc import Collection, Mapping
from ipaddress import ip_network
from pathlib import Path

import pytest

from stairgate.agent import gate
from stairgate.agent.address_spans import Range
from stairgate.agent.call_ranges import CALLS, CallApp, Calls, call_apps, callers, render_calls, render_no_callers
from stairgate.agent.grants import mac_key
from stairgate.agent.limits import CALL_APPS, CALL_PREFIX4, CALL_PREFIX6, CALL_RANGES
from stairgate.agent.pack_file import tagged_ranges, tags_of_names
from stairgate.core.records import Filter, Policy, Reach
from stairgate.core.refused import Refused
from stairgate.hub import catalogue
from stairgate.hub.filters import compiled, from_preset
from stairgate.hub.pack_builder import build
from stairgate.hub.presets import PRESETS
from tests.lab import network
from tests.lab.policies import family_policy

MEET, TALK = frozenset({"meet", "chat", "from13"}), frozenset({"talk", "chat", "from16"})
TAGS = {"meet.example": sorted(MEET), "talk.example": [*TALK, "dedicated"], "other.example": ["chat", "from13"]}


def four(text: str) -> Range:
    address, _, prefix = text.partition("/")
    return 4, int(prefix or 32), socket.inet_aton(address)


def six(text: str) -> Range:
    address, _, prefix = text.partition("/")
    return 6, int(prefix or 128), socket.inet_pton(socket.AF_INET6, address)


def tags_of(names: Collection[str]) -> Mapping[str, Collection[str]]:
    return {name: TAGS.get(name, ()) for name in names}


APPS = (
    CallApp(MEET, (four("203.0.113.0/28"), six("2001:db8:10::/64"))),
    CallApp(TALK, (four("198.51.100.7"), four("203.0.113.64/26"))),
)


def narrow(*filters: Filter, everyone: tuple[str, ...] = (), flags: tuple[str, ...] = ("resolved_only",)) -> Policy:
    """Mia's phone and Ben's laptop reach only what was resolved; the console is free."""
    policy = family_policy()
    of_device = {"dphone": flags, "dlaptop": flags, "dtablet": ("exempt", "resolved_only")}
    devices = tuple(each._replace(flags=of_device.get(each.id, ())) for each in policy.devices)
    return policy._replace(devices=devices, filters=filters, everyone=everyone)


def mia(
    block: tuple[str, ...] = (), deny: tuple[str, ...] = (), allow: tuple[str, ...] = (), only: tuple[str, ...] = ()
) -> Filter:
    return Filter("pmia", (), block, deny, allow, only)


def test_an_app_is_its_tags_and_a_range_that_is_not_for_calls_is_none() -> None:
    ranges = [
        (("talk", "chat", "calls"), four("203.0.113.1")),
        (("calls", "chat", "meet"), four("203.0.113.2")),
        (("chat", "talk", "calls"), six("2001:db8::1")),
        (("malware",), four("203.0.113.3")),
        ((CALLS,), four("203.0.113.4")),
    ]

    assert call_apps(ranges) == (
        CallApp(frozenset({"chat", "meet"}), (four("203.0.113.2"),)),
        CallApp(frozenset({"chat", "talk"}), (four("203.0.113.1"), six("2001:db8::1"))),
    )
    assert len(call_apps([((CALLS, f"app{number}"), four("203.0.113.1")) for number in range(99)])) == CALL_APPS


def test_each_address_is_led_to_the_chain_of_its_app() -> None:
    assert render_calls(APPS, "t") == (
        "flush map inet t calls4_v1\n"
        "add element inet t calls4_v1 { 198.51.100.7 : goto call_1, 203.0.113.0-203.0.113.15 : goto call_0,"
        " 203.0.113.64-203.0.113.127 : goto call_1 }\n"
        "flush map inet t calls6_v1\n"
        "add element inet t calls6_v1 { 2001:db8:10::-2001:db8:10:0:ffff:ffff:ffff:ffff : goto call_0 }\n"
    )
    assert render_calls((), "t") == "flush map inet t calls4_v1\nflush map inet t calls6_v1\n"
    assert render_no_callers("t").splitlines() == [f"flush set inet t callers_{n}_v1" for n in range(CALL_APPS)]


def test_an_address_of_two_apps_is_the_lower_range_s_and_those_of_one_app_are_united() -> None:
    apps = (
        CallApp(MEET, (four("203.0.113.0/25"), four("203.0.113.128/25"))),
        CallApp(TALK, (four("203.0.113.9"), four("203.0.114.0/24"))),
    )

    assert render_calls(apps, "t").splitlines()[1] == (
        "add element inet t calls4_v1 { 203.0.113.0-203.0.113.255 : goto call_0,"
        " 203.0.114.0-203.0.114.255 : goto call_1 }"
    )


@pytest.mark.parametrize(
    "refused",
    [four("0.0.0.0/0"), four(f"52.0.0.0/{CALL_PREFIX4 - 1}"), four("192.168.77.1"), six("::/0"), six("fd00::/64")]
    + [six(f"2001:db8::/{CALL_PREFIX6 - 1}"), four("224.0.0.251")],
)
def test_the_home_and_large_parts_of_the_internet_are_no_app_s(refused: Range) -> None:
    assert "add element" not in render_calls((CallApp(MEET, (refused,)),), "t")


def test_a_prefix_that_is_none_is_an_error_and_there_are_as_many_ranges_as_the_map_holds() -> None:
    with pytest.raises(ValueError, match="prefix: expected 0 to 32, got 33"):
        render_calls((CallApp(MEET, (four("203.0.113.1/33"),)),), "t")
    many = tuple((4, 32, (0x20000000 + 2 * index).to_bytes(4, "big")) for index in range(CALL_RANGES + 9))

    assert render_calls((CallApp(MEET, many),), "t").splitlines()[1].count("goto") == CALL_RANGES


OPEN = [
    pytest.param((), (), {0, 1}, id="no filter"),
    pytest.param((mia(),), (), {0, 1}, id="nothing blocked"),
    pytest.param((mia(("talk", "games")),), (), {0}, id="the app is blocked"),
    pytest.param((mia(("chat",)),), (), set(), id="its category is"),
    pytest.param((mia(("from16",)),), (), {0}, id="its age is"),
    pytest.param((mia(("chat",), allow=("talk.example",)),), (), {1}, id="blocked and a name of it always open"),
    pytest.param((mia(("chat",), allow=("other.example",)),), (), set(), id="always open is another name"),
    pytest.param((mia(deny=("talk.example",)),), (), {0}, id="a name of it is always blocked"),
    pytest.param((mia(deny=("talk.example",), allow=("talk.example",)),), (), {0}, id="always blocked and open"),
    pytest.param((mia(allow=("talk.example",)),), ("talk",), {0}, id="refused to everybody"),
    pytest.param((mia(only=("talk.example",)),), (), {0, 1}, id="the homework list says nothing of it"),
]


@pytest.mark.parametrize(("filters", "everyone", "open_to_mia"), OPEN)
def test_what_is_open_to_a_person_may_be_called(
    filters: tuple[Filter, ...], everyone: tuple[str, ...], open_to_mia: set[int]
) -> None:
    open_to = Calls(APPS, tags_of).open_to(narrow(*filters, everyone=everyone))

    assert set(open_to.get("dphone", ())) == open_to_mia
    assert set(open_to["dlaptop"]) == ({0} if everyone else {0, 1})
    # Those that reach everything, or are exempt, need no leave.
    assert set(open_to) <= {"dphone", "dlaptop"}


def test_what_is_blocked_to_one_of_a_device_s_persons_is_closed_and_of_nobody_s_everything() -> None:
    policy = narrow(mia(("talk",)), Filter("pben", (), ("meet",), (), (), ()))
    phone = next(each for each in policy.devices if each.id == "dphone")
    calls = Calls(APPS, tags_of)

    for persons in (("pben", "pmia"), ()):
        assert calls.open_to(policy._replace(devices=(phone._replace(persons=persons),))) == {}


def test_a_pack_that_cannot_be_read_opens_nothing_and_is_asked_again() -> None:
    answers: list[Exception | None] = [OSError(2, "gone"), Refused("bad_pack", "cut"), None]

    def failing(names: Collection[str]) -> Mapping[str, Collection[str]]:
        error = answers.pop(0)
        if error:
            raise error
        return tags_of(names)

    calls, policy = Calls(APPS, failing), narrow(mia(("talk",)))

    assert [set(calls.open_to(policy)) for _ in range(4)] == [
        set(),
        set(),
        {"dphone", "dlaptop"},
        {"dphone", "dlaptop"},
    ]
    assert answers == []


def test_every_mac_of_a_device_is_a_caller() -> None:
    contents = callers(narrow(mia(("talk",))), {"dphone": frozenset({0}), "dlaptop": frozenset({0, 1})})

    phone, laptop = mac_key(network.PHONE.mac), mac_key(network.LAPTOP.mac)
    assert set(contents) == set(gate.CALLERS)
    assert [set(contents[name]) for name in gate.CALLERS[:3]] == [{phone, laptop}, {laptop}, set()]


def of_catalogue(folder: Path) -> Calls:
    path = folder / "pack"
    build(catalogue.entries(), [(ip_network(text), tags) for text, tags in catalogue.ranges()], path)
    return Calls(call_apps(tagged_ranges(str(path), CALLS)), lambda names: tags_of_names(str(path), names))


def test_the_catalogue_s_apps_fit_and_a_preset_s_choices_reach_the_kernel(tmp_path: Path) -> None:
    calls = of_catalogue(tmp_path)
    with_ranges = {app.id for app in catalogue.apps() if app.ranges}

    def called(preset: str, **choices: tuple[str, ...]) -> set[str]:
        template = next(each for each in PRESETS if each.id == preset)
        held = from_preset("pmia", template)
        policy = narrow(compiled(held.__class__(**{**held.__dict__, **choices})))
        return {
            app_id
            for number in calls.open_to(policy).get("dphone", ())
            for app_id in with_ranges & calls.apps[number].tags
        }

    assert with_ranges == {"googlemeet", "teams", "telegram", "zoom"} and len(calls.apps) == len(with_ranges)
    youngest, eldest = PRESETS[0].id, "16-17"
    assert called(youngest) == set()
    assert called(youngest, apps_open=("teams",)) == {"teams"}
    assert called(eldest) == with_ranges
    assert called(eldest, apps_blocked=("zoom",)) == with_ranges - {"zoom"}
    text = render_calls(calls.apps, "t")
    assert text.count("goto") >= 30
    assert {f"goto call_{number}" in text for number in range(4)} == {True}


def test_who_reaches_only_what_is_named_for_it_calls_nobody() -> None:
    calls = Calls(APPS, tags_of)
    policy = narrow()
    assert set(calls.open_to(policy)) == {"dphone", "dlaptop"}

    named = policy._replace(reaches=(Reach("dphone", ("bear.example",)), Reach("dtablet", ("bear.example",))))

    assert set(calls.open_to(named)) == {"dlaptop"}
