"""Calls to published addresses that nobody looked up, on a real kernel with real packets."""

import time
from collections.abc import Callable, Iterator

import pytest

from stairgate.agent import gate
from stairgate.agent.address_spans import Range
from stairgate.agent.call_ranges import CallApp, Calls
from stairgate.agent.enforcement import Enforcement
from stairgate.agent.gate import GateSettings
from stairgate.agent.gate_rules import render_removal
from stairgate.agent.grants import mac_key
from stairgate.agent.kernel import LinuxKernel
from stairgate.agent.limits import FORGET_AFTER_SECONDS
from stairgate.agent.set_elements import SetChange
from stairgate.core.records import Filter, Policy
from stairgate.port.clock import SystemClock
from tests.lab import network
from tests.lab.flows import PORT, Flow, forgotten_after, tablet_control
from tests.lab.policies import family_policy
from tests.lab.processes import wait_until
from tests.lab.wires import FAR, OTHER, Wires, packed, second_site

SETTINGS = GateSettings()
FAMILIES = ("v4", "v6")
PHONE = mac_key(network.PHONE.mac)
NARROW = ("resolved_only",)


@pytest.fixture
def kernel(home_network: None) -> Iterator[LinuxKernel]:
    """The router's kernel, and two places in the internet; what it holds of ours is removed again after the test."""
    second_site()
    with network.inside("router"):
        made = LinuxKernel(SETTINGS)
    yield made
    made.close()
    network.nft("router", render_removal(SETTINGS))


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = Wires()
    yield made
    made.close()


@pytest.fixture
def control(wires: Wires) -> Callable[[], None]:
    return tablet_control(wires)


class Home:
    """Mia's phone and Ben's laptop reach only what was resolved; `far` and `other` are apps for calls."""

    def __init__(self, kernel: LinuxKernel) -> None:
        self.enforcement = Enforcement(kernel, SETTINGS, ("br-lan",), SystemClock())
        self._revision = 0

    def policy(self, mia: tuple[str, ...] = (), ben: tuple[str, ...] = (), level: str = "open") -> Policy:
        self._revision += 1
        policy = family_policy(self._revision, default_level=level)
        filters = tuple(Filter(person, (), block, (), (), ()) for person, block in (("pben", ben), ("pmia", mia)))
        flags = {"dphone": NARROW, "dlaptop": NARROW, "dtablet": ("exempt",)}
        devices = tuple(each._replace(flags=flags.get(each.id, ())) for each in policy.devices)
        return policy._replace(filters=filters, devices=devices)

    def enforce(self, *mia: str, ben: tuple[str, ...] = (), level: str = "open") -> None:
        with network.inside("router"):
            self.enforcement.enforce(self.policy(mia, ben, level), {})

    def use_pack(self, *apps: str) -> None:
        """The addresses of these apps, as a pack would have them."""
        held = tuple(CallApp(frozenset({app}), ranges_of(app)) for app in apps)
        with network.inside("router"):
            self.enforcement.let_calls(Calls(held, lambda names: dict.fromkeys(names, ())))


def ranges_of(place: str) -> tuple[Range, ...]:
    """The published ranges of the app at `FAR` or `OTHER`."""
    if place == "other":
        return (4, 32, packed(OTHER["v4"])), (6, 128, packed(OTHER["v6"]))
    before = ((4, 31, packed("203.0.113.8")), (6, 127, packed("2001:db8:10::e")))
    return *before, (4, 32, packed(FAR["v4"])), (6, 128, packed(FAR["v6"]))


@pytest.fixture
def home(kernel: LinuxKernel) -> Home:
    made = Home(kernel)
    made.enforce()
    return made


class Places:
    """The two places of the internet, in one family."""

    def __init__(self, wires: Wires, family: str) -> None:
        self._wires = wires
        self._at = {"far": FAR[family], "other": OTHER[family]}
        self._receivers = {place: wires.datagrams("internet", at, PORT) for place, at in self._at.items()}
        wires.listener("internet", PORT)

    def reached(self, device: network.Device) -> set[tuple[str, str]]:
        """Which of them a device reaches, by which protocol."""
        found = set()
        for place, at in self._at.items():
            if self._wires.arrives(device, self._receivers[place], at, PORT):
                found.add((place, "udp"))
            if self._wires.connects(device.name, at, PORT):
                found.add((place, "tcp"))
        return found


BOTH = {("far", "udp"), ("far", "tcp"), ("other", "udp"), ("other", "tcp")}
ONLY_FAR = {("far", "udp"), ("far", "tcp")}


@pytest.mark.parametrize("family", FAMILIES)
def test_an_app_that_is_open_is_called_and_no_other(wires: Wires, home: Home, family: str) -> None:
    places = Places(wires, family)
    assert places.reached(network.PHONE) == set()
    assert places.reached(network.CONSOLE) == BOTH

    home.use_pack("far", "other")
    home.enforce("other", ben=("far", "other"))
    assert places.reached(network.PHONE) == ONLY_FAR
    assert places.reached(network.LAPTOP) == set()
    # Those that reach everything need no leave, and are refused none.
    assert places.reached(network.CONSOLE) == BOTH

    home.use_pack("far")
    home.enforce("other", ben=("far",))
    assert places.reached(network.PHONE) == ONLY_FAR
    home.enforce("far")
    assert places.reached(network.PHONE) == set()
    assert places.reached(network.LAPTOP) == ONLY_FAR


@pytest.mark.parametrize("family", FAMILIES)
def test_a_call_is_cut_when_its_app_is_blocked_and_nobody_else_s(
    wires: Wires, home: Home, control: Callable[[], None], family: str
) -> None:
    home.use_pack("far", "other")
    home.enforce()
    call, opened = Flow(wires, FAR[family]), Flow(wires, OTHER[family])
    assert call.goes_on()

    home.enforce("far")
    # What is sent is refused at once, before anything is forgotten.
    assert call.sent_is_refused(control)
    assert opened.goes_on()
    wait_until("the forgetting", forgotten_after(home.enforcement, time.monotonic() + FORGET_AFTER_SECONDS))

    assert call.is_cut(control)
    assert wires.connects("phone", OTHER[family], PORT)
    home.enforce()
    assert wires.connects("phone", FAR[family], PORT)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_name_that_was_looked_up_may_be_reached_though_its_address_is_a_blocked_app_s(
    kernel: LinuxKernel, wires: Wires, home: Home, family: str
) -> None:
    home.use_pack("far")
    home.enforce("far")
    wires.listener("internet", PORT)
    assert not wires.connects("phone", FAR[family], PORT)

    name = gate.RESOLVED4 if family == "v4" else gate.RESOLVED6
    kernel.commit([SetChange(name, {PHONE + b"\0\0" + packed(FAR[family]): 60_000}, frozenset())])

    assert wires.connects("phone", FAR[family], PORT)


@pytest.mark.parametrize("family", FAMILIES)
def test_nobody_calls_while_limited_or_closed(
    wires: Wires, home: Home, control: Callable[[], None], family: str
) -> None:
    home.use_pack("far")
    for level in ("limited", "closed"):
        home.enforce()
        call = Flow(wires, FAR[family])
        assert call.goes_on()
        home.enforce(level=level)
        wait_until("the forgetting", forgotten_after(home.enforcement, time.monotonic() + FORGET_AFTER_SECONDS))
        assert call.is_cut(control)
        assert not wires.connects("phone", FAR[family], PORT)
        call.close()


def test_after_a_flush_or_a_reload_calls_are_placed_again_and_a_running_one_goes_on(wires: Wires, home: Home) -> None:
    home.use_pack("far")
    home.enforce("other")
    wires.listener("internet", PORT + 1)
    calls = [Flow(wires, FAR[family]) for family in FAMILIES]

    with network.inside("router"):
        home.enforcement.load_rules()
    assert [call.goes_on() for call in calls] == [True, True]

    network.nft("router", "flush ruleset\n" + network.ROUTER_FIREWALL)
    with network.inside("router"):
        assert not home.enforcement.rules_stand()
        home.enforcement.load_rules()
    home.enforce("other")

    assert [wires.connects("phone", FAR[family], PORT + 1) for family in FAMILIES] == [True, True]
    assert [wires.connects("phone", OTHER[family], PORT + 1) for family in FAMILIES] == [False, False]


def test_as_many_addresses_as_the_map_holds_are_taken_and_removed(home: Home) -> None:
    spread = [(0x20000000 + 2 * number).to_bytes(4, "big") for number in range(2000)]
    ranges = [*((4, 32, each) for each in spread), *((6, 128, b"\x20\x01" + each * 3 + b"\0\0") for each in spread)]
    many = CallApp(frozenset({"far"}), tuple(ranges))

    with network.inside("router"):
        home.enforcement.let_calls(Calls((many,), lambda names: dict.fromkeys(names, ())))

    assert "goto call_0" in network.nft_list("router", f"map inet stairgate {gate.CALLS6.name}")
    network.nft("router", render_removal(SETTINGS))
    assert "stairgate" not in network.nft_list("router", "tables")
