"""Names led to the filter, encrypted resolvers, tunnels and neighbours: the rules on a real kernel, real packets."""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from stairgate.agent import off
from stairgate.agent.doh_ranges import render_doh
from stairgate.agent.enforcement import Enforcement
from stairgate.agent.gate import DNS_PORT, EPDG4, EPDG6, PROBE_ADDRESS, PROBE_PORT, GateSettings, SetName
from stairgate.agent.gate_rules import render_gate, render_removal
from stairgate.agent.kernel import LinuxKernel
from stairgate.agent.off import Place
from stairgate.agent.set_elements import SetChange
from stairgate.core.records import Filter, Policy
from stairgate.port.clock import SystemClock
from tests.lab import network
from tests.lab.policies import family_policy, pause
from tests.lab.processes import wait_until
from tests.lab.wires import FAR, ROUTER, Wires, answer_one, drained, packed, told_where_to

SETTINGS = GateSettings()
FAMILIES = ("v4", "v6")
ANY = {"v4": "0.0.0.0", "v6": "::"}  # noqa: S104
PHONE, LAPTOP, TABLET, CONSOLE = network.PHONE, network.LAPTOP, network.TABLET, network.CONSOLE


@pytest.fixture
def kernel(home_network: None) -> Iterator[LinuxKernel]:
    """The router's kernel; what it holds of ours is removed again after the test."""
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


def enforce(kernel: LinuxKernel, policy: Policy, serves: bool = False) -> Enforcement:
    enforcement = Enforcement(kernel, SETTINGS, ("br-lan",), SystemClock())
    enforcement.dns_serves = serves
    with network.inside("router"):
        enforcement.enforce(policy, {})
    return enforcement


def flagged(**flags: tuple[str, ...]) -> Policy:
    policy = family_policy()
    return policy._replace(
        devices=tuple(each._replace(flags=flags.get(each.id, each.flags)) for each in policy.devices)
    )


def paused() -> Policy:
    now = int(time.time())
    return family_policy(overrides=[pause("pmia", now - 1, now + 600)])


def address_of(device: network.Device, family: str) -> str:
    return device.v4 if family == "v4" else device.v6[0]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("to", [FAR, ROUTER], ids=["a resolver of the internet", "the router"])
def test_a_question_on_port_53_is_answered_by_the_filter_as_if_by_whom_it_was_sent_to(
    kernel: LinuxKernel, wires: Wires, family: str, to: dict[str, str]
) -> None:
    enforce(kernel, paused())
    server = told_where_to(wires.datagrams("router", ANY[family], DNS_PORT))
    phone = wires.datagrams("phone", ANY[family])
    phone.connect((to[family], 53))

    phone.send(b"question")

    assert answer_one(server) == b"question"
    assert wait_until("the answer", lambda: drained(phone)) == [b"answer to question"]


@pytest.mark.parametrize("family", FAMILIES)
def test_so_it_is_over_tcp(kernel: LinuxKernel, wires: Wires, family: str) -> None:
    enforce(kernel, family_policy())
    wires.listener("internet", 53)
    server = wires.listener("router", DNS_PORT)

    connection = wires.connection("phone", FAR[family], 53)

    assert connection is not None
    connection.sendall(b"question")
    assert wires.accepted(server).recv(99) == b"question"
    server.settimeout(0)
    assert wires.connects("tablet", FAR[family], 53)
    with pytest.raises(BlockingIOError):
        server.accept()


@pytest.mark.parametrize("family", FAMILIES)
def test_exempt_devices_ask_whom_they_like_until_something_is_refused_to_everybody(
    kernel: LinuxKernel, wires: Wires, family: str
) -> None:
    far = wires.datagrams("internet", FAR[family], 53)
    here = wires.datagrams("router", ANY[family], DNS_PORT)
    everyone = family_policy()._replace(everyone=("illegal",))
    arrived = []
    for policy, serves in ((family_policy(), True), (everyone, False), (everyone, True)):
        enforce(kernel, policy, serves)
        tablet = wires.datagrams("tablet", ANY[family])
        tablet.sendto(b"question", (FAR[family], 53))
        arrived.append(wait_until("it somewhere", lambda: (drained(far) and "far") or (drained(here) and "here")))

    assert arrived == ["far", "far", "here"]


@pytest.mark.parametrize("family", FAMILIES)
def test_time_is_the_router_s_and_an_exempt_device_s_own_affair(kernel: LinuxKernel, wires: Wires, family: str) -> None:
    enforce(kernel, paused())
    far = wires.datagrams("internet", FAR[family], 123)
    here = wires.datagrams("router", ANY[family], 123)

    assert not wires.arrives(PHONE, far, FAR[family], 123)
    assert drained(here) == [b"question"]


def test_a_probe_is_answered_by_the_router_and_nothing_else_is_at_its_address(
    kernel: LinuxKernel, wires: Wires
) -> None:
    enforce(kernel, paused())
    wires.listener("router", PROBE_PORT)
    wires.listener("router", 443)

    assert wires.connects("phone", PROBE_ADDRESS, 80)
    assert not wires.connects("phone", PROBE_ADDRESS, 443)
    assert not wires.connects("laptop", PROBE_ADDRESS, 443)


def test_without_elements_nothing_is_led_anywhere(kernel: LinuxKernel, wires: Wires) -> None:
    with network.inside("router"):
        kernel.load(render_gate(SETTINGS))
    wires.listener("internet", 53)
    far = {family: wires.datagrams("internet", FAR[family], 53) for family in FAMILIES}

    assert all(wires.arrives(PHONE, far[family], FAR[family], 53) for family in FAMILIES)
    assert wires.connects("phone", FAR["v4"], 53)


def test_a_router_s_own_redirect_comes_second(kernel: LinuxKernel, wires: Wires) -> None:
    network.nft(
        "router",
        "add table inet other; add chain inet other dstnat { type nat hook prerouting priority dstnat; };"
        "add rule inet other dstnat udp dport { 53, 54 } redirect to :5454",
    )
    enforce(kernel, family_policy())
    ours, theirs = (wires.datagrams("router", ANY["v4"], port) for port in (DNS_PORT, 5454))
    phone = wires.datagrams("phone", ANY["v4"])
    try:
        for port in (53, 54):
            phone.sendto(bytes((port,)), (FAR["v4"], port))
        assert wait_until("ours", lambda: drained(ours)) == [b"5"]
        # Not of our ports: refused to a managed device's on the way in, as every port of the router's.
        assert drained(theirs) == []
        wires.datagrams("tablet", ANY["v4"]).sendto(b"6", (FAR["v4"], 53))
        assert wait_until("theirs", lambda: drained(theirs)) == [b"6"]
    finally:
        network.nft("router", "delete table inet other")


@pytest.mark.parametrize("family", FAMILIES)
def test_switched_off_no_name_is_led_here_and_on_again_it_is(kernel: LinuxKernel, wires: Wires, family: str) -> None:
    enforce(kernel, family_policy())
    far = wires.datagrams("internet", FAR[family], 53)
    place = Place(SETTINGS, (), None)

    off.switch_off(kernel, place, 600)
    while_off = wires.arrives(PHONE, far, FAR[family], 53)
    neighbour = wires.datagrams("laptop", address_of(LAPTOP, family), 53)
    beside = wires.arrives(PHONE, neighbour, address_of(LAPTOP, family), 53)
    off.end_now(kernel)

    assert (while_off, beside) == (True, True)
    assert not wires.arrives(PHONE, far, FAR[family], 53)
    assert not wires.arrives(PHONE, neighbour, address_of(LAPTOP, family), 53)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_flow_from_before_the_redirect_is_refused(kernel: LinuxKernel, wires: Wires, family: str) -> None:
    far = wires.datagrams("internet", FAR[family], 53)
    phone = wires.datagrams("phone", ANY[family])
    phone.sendto(b"before", (FAR[family], 53))
    assert wait_until("it", lambda: drained(far)) == [b"before"]

    enforce(kernel, family_policy())
    phone.sendto(b"after", (FAR[family], 53))

    # Another device's question is led away too: what would get there could only be the phone's.
    control = wires.datagrams("internet", FAR[family], 5400)
    assert wires.arrives(LAPTOP, control, FAR[family], 5400)
    assert drained(far) == []


RESOLVERS = [("tcp", 853), ("udp", 853), ("udp", 5053), ("udp", 5353), ("udp", 443)]
TUNNELS = [
    *[("udp", port) for port in (500, 1194, 1701, 3544, 4500, 51820)],
    *[("tcp", port) for port in (22, 1080, 1194, 1723, 3128)],
]


def passes(wires: Wires, device: network.Device, family: str, protocol: str, port: int) -> bool:
    if protocol == "tcp":
        with contextlib.suppress(OSError):
            wires.listener("internet", port)
        return wires.connects(device.name, FAR[family], port)
    return wires.arrives(device, wires.datagrams("internet", FAR[family], port), FAR[family], port)


@pytest.mark.parametrize("family", FAMILIES)
def test_encrypted_resolvers_are_refused_by_port_and_tunnels_to_whom_they_are_refused(
    kernel: LinuxKernel, wires: Wires, family: str
) -> None:
    no_vpn = (Filter("pmia", (), ("vpn",), (), (), ()),)
    enforce(kernel, family_policy()._replace(filters=no_vpn))

    reached = {
        device.name: {what for what in (*RESOLVERS, *TUNNELS) if passes(wires, device, family, *what)}
        for device in (PHONE, LAPTOP, TABLET)
    }

    assert reached == {"phone": set(), "laptop": set(TUNNELS), "tablet": {*RESOLVERS, *TUNNELS}}
    assert passes(wires, PHONE, family, "tcp", 443)
    assert passes(wires, PHONE, family, "udp", 8801)


@pytest.mark.parametrize("protocol", [4, 41, 47, 50, 51])
def test_tunnels_inside_ip_are_refused_likewise(kernel: LinuxKernel, wires: Wires, protocol: int) -> None:
    no_vpn = (Filter("pmia", (), ("vpn",), (), (), ()),)
    enforce(kernel, family_policy()._replace(filters=no_vpn))
    far = wires.made("internet", socket.AF_INET, socket.SOCK_RAW, protocol)
    far.setblocking(False)
    seen = set()

    for device in (PHONE, LAPTOP):
        raw = wires.made(device.name, socket.AF_INET, socket.SOCK_RAW, protocol)
        with contextlib.suppress(OSError):
            raw.sendto(device.name.encode().ljust(40, b"\0"), (FAR["v4"], 0))
    while "laptop" not in seen:
        seen |= {payload[20:60].rstrip(b"\0").decode() for payload in wait_until("the laptop's", lambda: drained(far))}

    assert seen == {"laptop"}


@pytest.mark.parametrize("family", FAMILIES)
def test_an_address_of_an_encrypted_resolver_is_refused_on_every_port_but_to_exempt_devices(
    kernel: LinuxKernel, wires: Wires, family: str
) -> None:
    enforce(kernel, family_policy())
    wires.listener("internet", 443)
    assert wires.connects("phone", FAR[family], 443)
    listed = [(4 if family == "v4" else 6, 32 if family == "v4" else 128, packed(FAR[family]))]

    with network.inside("router"):
        kernel.load(render_doh(listed, SETTINGS.table))

    assert not wires.connects("phone", FAR[family], 443)
    assert wires.connects("tablet", FAR[family], 443)
    assert not passes(wires, PHONE, family, "udp", 8443)
    with network.inside("router"):
        kernel.load(render_doh([], SETTINGS.table))
    assert wires.connects("phone", FAR[family], 443)


def put(kernel: LinuxKernel, name: SetName, key: bytes, milliseconds: int = 60_000) -> None:
    kernel.commit([SetChange(name, {key: milliseconds}, frozenset())])


@pytest.mark.parametrize("family", FAMILIES)
def test_calls_over_wifi_go_on_though_closed_and_nothing_else_at_that_gateway(
    kernel: LinuxKernel, wires: Wires, family: str
) -> None:
    enforcement = enforce(kernel, paused())
    wires.listener("internet", 443)
    gateway = {port: wires.datagrams("internet", FAR[family], port) for port in (500, 4500)}
    assert not wires.arrives(PHONE, gateway[4500], FAR[family], 4500)

    put(kernel, EPDG4 if family == "v4" else EPDG6, packed(FAR[family]))

    for port in (500, 4500):
        assert wires.arrives(PHONE, gateway[port], FAR[family], port)
    assert not wires.connects("phone", FAR[family], 443)
    call = wires.datagrams("phone", ANY[family])
    call.sendto(b"call", (FAR[family], 4500))
    caller = wait_until("the call", lambda: source_of(gateway[4500]))
    assert caller is not None
    gateway[4500].sendto(b"ring", caller)
    # As large as what travels in fragments, and when the flows of a closed device are forgotten.
    kernel.forget(enforcement.numbers["dphone"])
    gateway[4500].sendto(b"x" * 2000, caller)
    heard: list[bytes] = []

    def both() -> bool:
        heard.extend(drained(call))
        return len(heard) == 2

    wait_until("both answers", both)
    assert [len(each) for each in heard] == [4, 2000]


def source_of(server: socket.socket) -> tuple[str, int] | None:
    """Who sent the datagram that waits."""
    with contextlib.suppress(BlockingIOError):
        source: tuple[str, int] = server.recvfrom(2048)[1]
        return source
    return None


@pytest.mark.parametrize("family", FAMILIES)
def test_an_isolated_device_has_the_router_and_the_hub_alone(kernel: LinuxKernel, wires: Wires, family: str) -> None:
    for name in ("console", "phone", "home", "internet", "laptop"):
        wires.listener(name, 8080)
    wires.listener("router", DNS_PORT)
    enforce(kernel, family_policy())
    console = address_of(CONSOLE, family)
    assert wires.connects("phone", console, 8080)

    enforce(kernel, flagged(dconsole=("isolated",)))
    for name in ("phone", "console", "home", "router"):
        network.ip("-n", name, "neigh", "flush", "all")

    assert not wires.connects("phone", console, 8080)
    assert not wires.connects("tablet", console, 8080)
    assert not wires.connects("console", address_of(PHONE, family), 8080)
    assert wires.connects("console", address_of(network.HOME, family), 8080)
    assert wires.connects("home", console, 8080)
    assert wires.connects("console", ROUTER[family], 53)
    assert wires.connects("console", FAR[family], 8080)
    assert wires.connects("phone", address_of(LAPTOP, family), 8080)


HOME_SERVICES = (80, 443, 515, 631, 7000, 8008, 8009, 8443, 9100)
WAYS_ROUND = (53, 853, 1080, 3128, 8118, 9050, 9150)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_neighbour_prints_and_casts_and_is_no_resolver_nor_proxy(
    kernel: LinuxKernel, wires: Wires, family: str
) -> None:
    for name in ("laptop", "tablet"):
        for port in (*HOME_SERVICES, *WAYS_ROUND, 22):
            wires.listener(name, port)
    enforce(kernel, family_policy())

    def reached(device: str, to: network.Device) -> set[int]:
        return wires.reached(device, address_of(to, family), (*HOME_SERVICES, *WAYS_ROUND, 22))

    assert reached("phone", LAPTOP) == {*HOME_SERVICES, 22}
    # An exempt neighbour is not gated itself: no login there.
    assert reached("phone", TABLET) == {*HOME_SERVICES}
    assert reached("tablet", LAPTOP) == {*HOME_SERVICES, *WAYS_ROUND, 22}
    for port, may in ((53, False), (5353, True), (1900, True)):
        receiver = wires.datagrams("laptop", address_of(LAPTOP, family), port)
        assert wires.arrives(PHONE, receiver, address_of(LAPTOP, family), port) == may
    # With the rules taken away it would be: the test can fail.
    network.nft("router", "flush chain bridge stairgate neighbours")
    assert reached("phone", LAPTOP) == {*HOME_SERVICES, *WAYS_ROUND, 22}


def test_a_neighbour_is_no_way_out_in_ipv4(kernel: LinuxKernel, wires: Wires) -> None:
    beyond = "203.0.113.99"
    network.ip("-n", "laptop", "address", "add", f"{beyond}/32", "dev", "lo")
    for name in ("phone", "tablet"):
        network.ip("-n", name, "route", "add", f"{beyond}/32", "via", LAPTOP.v4)
    wires.listener("laptop", 8080)
    enforce(kernel, family_policy())
    try:
        assert wires.connects("tablet", beyond, 8080)
        assert not wires.connects("phone", beyond, 8080)
        assert wires.connects("phone", LAPTOP.v4, 8080)
    finally:
        network.ip("-n", "laptop", "address", "del", f"{beyond}/32", "dev", "lo")
        for name in ("phone", "tablet"):
            network.ip("-n", name, "route", "del", f"{beyond}/32")
