"""What was answered, listed or cut, on a real kernel: flows that end at the bell, and flows that go on."""

import time
from collections.abc import Callable, Iterator

import pytest

from stairgate.agent import gate
from stairgate.agent.address_sets import LinuxAddressSets
from stairgate.agent.addresses import Addresses
from stairgate.agent.enforcement import Enforcement
from stairgate.agent.gate import GateSettings
from stairgate.agent.gate_rules import render_gate, render_removal
from stairgate.agent.grants import mac_key
from stairgate.agent.kernel import LinuxKernel
from stairgate.agent.limits import BELL_MS, FORGET_AFTER_SECONDS
from stairgate.agent.set_elements import SetChange
from stairgate.core.filtering import NO_FILTER
from stairgate.core.records import Override, Policy
from stairgate.port.clock import SystemClock
from tests.lab import network
from tests.lab.flows import PORT, Flow, forgotten_after, tablet_control
from tests.lab.policies import family_policy, pause
from tests.lab.processes import wait_until
from tests.lab.wires import FAR, OTHER, Wires, drained, packed, second_site
from tests.unit.agent.test_addresses import GAME, NO_GAME, Profile

SETTINGS = GateSettings()
FAMILIES = ("v4", "v6")
PHONE = mac_key(network.PHONE.mac)


@pytest.fixture
def kernel(home_network: None) -> Iterator[LinuxKernel]:
    """The router's kernel, and two places in the internet; what it holds of ours is removed again after the test."""
    second_site()
    with network.inside("router"):
        made = LinuxKernel(SETTINGS)
        made.load(render_gate(SETTINGS))
    yield made
    made.close()
    network.nft("router", render_removal(SETTINGS))


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = Wires()
    yield made
    made.close()


@pytest.fixture
def addresses(kernel: LinuxKernel) -> Iterator[Addresses]:
    with network.inside("router"):
        sets = LinuxAddressSets(SETTINGS.table)
    yield Addresses(sets)
    sets.close()


def enforcement_of(kernel: LinuxKernel) -> Enforcement:
    return Enforcement(kernel, SETTINGS, ("br-lan",), SystemClock())


def enforce(kernel: LinuxKernel, policy: Policy) -> Enforcement:
    enforcement = enforcement_of(kernel)
    with network.inside("router"):
        enforcement.enforce(policy, {})
    return enforcement


def limited(until: float = 0.0) -> Policy:
    """Mia's devices are limited; until a moment they are open."""
    opened = [Override("oa", "pmia", "open", 0, int(until), 0, "parent")] if until else []
    return family_policy(default_level="limited", overrides=opened)


def narrow(*devices: str) -> Policy:
    policy = family_policy()
    flags = dict.fromkeys(devices, ("resolved_only",))
    return policy._replace(
        devices=tuple(each._replace(flags=flags.get(each.id, each.flags)) for each in policy.devices)
    )


def put(kernel: LinuxKernel, kind: str, address: str, milliseconds: int = 600_000) -> None:
    """A pair of phone and address in one of our sets: `resolved`, `limited`."""
    name = getattr(gate, f"{kind.upper()}{'6' if ':' in address else '4'}")
    kernel.commit([SetChange(name, {PHONE + b"\0\0" + packed(address): milliseconds}, frozenset())])


@pytest.fixture
def control(wires: Wires) -> Callable[[], None]:
    return tablet_control(wires)


@pytest.mark.parametrize("family", FAMILIES)
def test_limited_is_what_is_listed_and_nothing_more(kernel: LinuxKernel, wires: Wires, family: str) -> None:
    enforce(kernel, limited())
    wires.listener("internet", PORT)
    receiver = {place: wires.datagrams("internet", at[family], PORT) for place, at in (("far", FAR), ("other", OTHER))}
    assert not wires.connects("phone", FAR[family], PORT)

    put(kernel, "limited", FAR[family])

    assert wires.connects("phone", FAR[family], PORT)
    assert wires.arrives(network.PHONE, receiver["far"], FAR[family], PORT)
    assert not wires.connects("phone", OTHER[family], PORT)
    assert not wires.arrives(network.PHONE, receiver["other"], OTHER[family], PORT)
    assert not wires.connects("console", FAR[family], PORT)
    assert wires.connects("tablet", OTHER[family], PORT)


@pytest.mark.parametrize("family", FAMILIES)
def test_at_the_bell_the_kernel_alone_ends_what_is_not_listed_and_nothing_else(
    kernel: LinuxKernel, wires: Wires, control: Callable[[], None], family: str
) -> None:
    put(kernel, "limited", FAR[family])
    bell = int(time.time()) + 6
    enforcement = enforce(kernel, limited(bell))
    listed, unlisted = Flow(wires, FAR[family]), Flow(wires, OTHER[family])
    assert listed.goes_on()
    assert unlisted.goes_on()
    assert time.time() < bell, "the machine was too slow for this test"

    # Nobody looks: the agent could be dead. The kernel's elements end some milliseconds before or after the bell of the
    # wall clock; a look in between would find the device open still, and say so once more.
    both = (gate.STILL_OPEN, gate.BRIDGE_STILL_OPEN)
    wait_until("the bell", lambda: time.time() > bell and not any(PHONE in kernel.elements(name) for name in both))
    was_cut, went_on = unlisted.is_cut(control), listed.goes_on()
    assert time.time() < bell + BELL_MS / 1000, "the machine was too slow for this test"
    assert (was_cut, went_on) == (True, True)

    with network.inside("router"):
        enforcement.enforce(limited(bell), {})
    wait_until("the forgetting", forgotten_after(enforcement, time.monotonic() + FORGET_AFTER_SECONDS))
    assert listed.goes_on()
    assert unlisted.is_cut(control)
    assert not Wires.connects(wires, "phone", OTHER[family], PORT)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_tap_that_limits_ends_what_is_not_listed_and_one_that_opens_ends_nothing(
    kernel: LinuxKernel, wires: Wires, control: Callable[[], None], family: str
) -> None:
    put(kernel, "limited", FAR[family])
    enforcement = enforce(kernel, family_policy())
    listed, unlisted = Flow(wires, FAR[family]), Flow(wires, OTHER[family])

    with network.inside("router"):
        enforcement.enforce(limited(), {})
    assert unlisted.is_cut(control)
    assert listed.goes_on()
    # Off the list now: what runs goes on, nothing new begins.
    name = gate.LIMITED4 if family == "v4" else gate.LIMITED6
    kernel.commit([SetChange(name, {}, frozenset({PHONE + b"\0\0" + packed(FAR[family])}))])
    assert listed.goes_on()
    assert not wires.connects("phone", FAR[family], PORT)

    with network.inside("router"):
        enforcement.enforce(family_policy(), {})
    assert listed.goes_on()
    assert wires.connects("phone", OTHER[family], PORT)


@pytest.mark.parametrize("family", FAMILIES)
def test_limited_then_closed_closes_what_is_listed_too(
    kernel: LinuxKernel, wires: Wires, control: Callable[[], None], family: str
) -> None:
    put(kernel, "limited", FAR[family])
    enforcement = enforce(kernel, limited())
    listed = Flow(wires, FAR[family])
    now = int(time.time())

    with network.inside("router"):
        enforcement.enforce(limited()._replace(overrides=(pause("pmia", now - 1, now + 600),)), {})

    assert listed.is_cut(control)


@pytest.mark.parametrize("family", FAMILIES)
def test_only_what_was_resolved_is_reachable_and_what_runs_goes_on(
    kernel: LinuxKernel, wires: Wires, family: str
) -> None:
    enforce(kernel, narrow("dphone"))
    wires.listener("internet", PORT + 1)
    receiver = wires.datagrams("internet", OTHER[family], PORT)
    put(kernel, "resolved", FAR[family], 20_000)
    flow = Flow(wires, FAR[family])

    assert wires.connects("phone", FAR[family], PORT + 1)
    assert not wires.connects("phone", OTHER[family], PORT + 1)
    assert not wires.arrives(network.PHONE, receiver, OTHER[family], PORT)
    assert wires.connects("console", OTHER[family], PORT + 1)
    # Traffic keeps the address.
    name = gate.RESOLVED4 if family == "v4" else gate.RESOLVED6
    key = PHONE + b"\0\0" + packed(FAR[family])
    assert (kernel.elements(name)[key] or 0) > 3_000_000
    kernel.commit([SetChange(name, {}, frozenset({key}))])
    assert flow.goes_on()
    assert not wires.connects("phone", FAR[family], PORT + 1)


@pytest.mark.parametrize("sabotage", ["", "flush chain bridge stairgate output"], ids=["as it is", "without the rule"])
def test_nobody_outside_begins_a_flow_with_a_device_that_reaches_only_what_was_resolved(
    kernel: LinuxKernel, wires: Wires, sabotage: str
) -> None:
    enforce(kernel, narrow("dphone"))
    network.nft("router", 'insert rule inet fw forward iifname "wan" accept')
    if sabotage:
        network.nft("router", sabotage)
    receivers = {name: wires.datagrams(name, "::", PORT) for name in ("phone", "console")}
    server = wires.datagrams("internet", FAR["v6"])
    try:

        def console_has_it() -> bool:
            for name in ("phone", "console"):
                server.sendto(b"stream", (getattr(network, name.upper()).v6[0], PORT))
            return bool(drained(receivers["console"]))

        wait_until("the console's", console_has_it)
        assert bool(drained(receivers["phone"])) == bool(sabotage)
    finally:
        network.nft("router", "flush ruleset\n" + network.ROUTER_FIREWALL)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_app_s_running_flows_are_cut_when_it_is_blocked_and_nobody_else_s(
    kernel: LinuxKernel, wires: Wires, addresses: Addresses, control: Callable[[], None], family: str
) -> None:
    enforce(kernel, family_policy())
    phone = Profile("dphone", (PHONE,))
    addresses.policy_changed([phone])
    addresses.answered(phone, "play.app.example", GAME, [packed(FAR[family])], 60)
    app, other = Flow(wires, FAR[family]), Flow(wires, OTHER[family])
    assert app.goes_on()

    addresses.policy_changed([phone._replace(persons=(NO_GAME,))])
    assert app.is_cut(control)
    assert other.goes_on()
    assert wires.connects("console", FAR[family], PORT)

    addresses.policy_changed([phone])
    assert wires.connects("phone", FAR[family], PORT)


def test_what_was_recorded_is_there_again_after_a_flush(
    kernel: LinuxKernel, wires: Wires, addresses: Addresses
) -> None:
    wires.listener("internet", PORT)
    enforcement = enforce(kernel, narrow("dphone"))
    phone = Profile("dphone", (PHONE,), (NO_FILTER,), flags=("resolved_only",))
    addresses.policy_changed([phone])
    for family in FAMILIES:
        addresses.answered(phone, "www.example.org", (), [packed(FAR[family])], 60)
    reached = [wires.connects("phone", FAR[family], PORT) for family in FAMILIES]

    network.nft("router", "flush ruleset\n" + network.ROUTER_FIREWALL)
    with network.inside("router"):
        enforcement.load_rules()
        enforcement.enforce(narrow("dphone"), {})
    assert not wires.connects("phone", FAR["v4"], PORT)

    def healed() -> bool:
        addresses.answered(phone, "www.example.org", (), [packed(FAR["v4"])], 60)
        return len(kernel.elements(gate.RESOLVED4)) == 1

    wait_until("the addresses", healed)
    assert reached == [wires.connects("phone", FAR[family], PORT) for family in FAMILIES] == [True, True]


def test_a_full_set_costs_no_answer_and_is_put_right(kernel: LinuxKernel, addresses: Addresses) -> None:
    phone = Profile("dphone", (PHONE,), (NO_FILTER,), flags=("resolved_only",))
    addresses.policy_changed([phone])
    junk: dict[bytes, int | None] = {
        b"\2\0\0\0\0\1\0\0" + number.to_bytes(4, "big"): 600_000 for number in range(gate.SETS[gate.RESOLVED4].size)
    }
    kernel.commit([SetChange(gate.RESOLVED4, junk, frozenset(), frozenset(junk))])

    addresses.answered(phone, "www.example.org", (), [packed(FAR["v4"])], 60)
    assert addresses.refusals == 1

    def right() -> bool:
        addresses.answered(phone, "www.example.org", (), [packed(FAR["v4"])], 60)
        return set(kernel.elements(gate.RESOLVED4)) == {PHONE + b"\0\0" + packed(FAR["v4"])}

    wait_until("the set", right)
