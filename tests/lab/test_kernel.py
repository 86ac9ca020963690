"""What the kernel really does with our batches, rules and marks: each promise that the agent builds on."""

import socket
import struct
import subprocess
import threading
from collections.abc import Iterator

import pytest

from stairgate.agent import grants
from stairgate.agent.conntrack import CT_GET, CTA_MARK, Flow
from stairgate.agent.enforcement import Enforcement
from stairgate.agent.gate import BRIDGE_GRANTED, EXEMPT, GRANTED, NUMBERED, PAGE_PORTS, GateSettings, SetName
from stairgate.agent.gate_rules import render_gate, render_removal
from stairgate.agent.grants import mac_key
from stairgate.agent.kernel import LinuxKernel
from stairgate.agent.netlink import KernelRefused, NetlinkSocket, attributes, netfilter_header
from stairgate.agent.set_elements import SetChange
from stairgate.core.policy import write_policy
from stairgate.core.records import Device
from stairgate.port.clock import SystemClock
from tests.lab import network
from tests.lab.policies import family_policy
from tests.lab.processes import wait_until

SETTINGS = GateSettings()
PHONE, CONSOLE, LAPTOP = (mac_key(each.mac) for each in (network.PHONE, network.CONSOLE, network.LAPTOP))
# More than any test lasts, and far from the limits that some tests set.
MINUTE = 60_000
ECHO_PORT = 9007


def made_kernel() -> LinuxKernel:
    with network.inside("router"):
        return LinuxKernel(SETTINGS)


def load(kernel: LinuxKernel) -> None:
    with network.inside("router"):
        kernel.load(render_gate(SETTINGS))


@pytest.fixture
def kernel(home_network: None) -> Iterator[LinuxKernel]:
    """The router's kernel with the gate's rules and no element."""
    made = made_kernel()
    load(made)
    made.rules_touched()
    yield made
    made.close()
    network.nft("router", "flush ruleset\n" + network.ROUTER_FIREWALL)


def put(kernel: LinuxKernel, name: SetName, content: dict[bytes, int | None], *remove: bytes) -> None:
    kernel.commit([SetChange(name, content, frozenset(remove))])


def left(kernel: LinuxKernel, key: bytes, name: SetName = GRANTED) -> int:
    """Milliseconds that an element has left; fails when it has no end or is not there."""
    found = kernel.elements(name)[key]
    assert found is not None
    return found


@pytest.mark.parametrize("name", grants.TIMED_SETS)
def test_a_timeout_is_kept_by_the_kernel_as_written(kernel: LinuxKernel, name: SetName) -> None:
    put(kernel, name, {PHONE: MINUTE, CONSOLE: 6 * 60 * MINUTE})

    assert MINUTE - 5000 < left(kernel, PHONE, name) <= MINUTE
    assert 6 * 60 * MINUTE - 5000 < left(kernel, CONSOLE, name) <= 6 * 60 * MINUTE


@pytest.mark.parametrize("again", [30_000, 90_000], ids=["shorter", "longer"])
def test_an_element_added_again_takes_the_new_timeout(kernel: LinuxKernel, again: int) -> None:
    put(kernel, GRANTED, {PHONE: MINUTE})
    put(kernel, GRANTED, {PHONE: again})

    assert again - 5000 < left(kernel, PHONE) <= again


def test_removing_an_element_that_has_expired_does_not_lose_the_transaction(kernel: LinuxKernel) -> None:
    put(kernel, GRANTED, {PHONE: 20})
    wait_until("the end", lambda: not kernel.elements(GRANTED))

    put(kernel, GRANTED, {CONSOLE: MINUTE}, PHONE, LAPTOP)

    assert set(kernel.elements(GRANTED)) == {CONSOLE}


def test_no_moment_around_an_element_s_end_loses_a_transaction(kernel: LinuxKernel) -> None:
    for round_number in range(300):
        put(kernel, GRANTED, {PHONE: 1 + round_number % 7})
        for _ in range(1 + round_number % 5):
            put(kernel, GRANTED, {CONSOLE: MINUTE}, PHONE)
        assert set(kernel.elements(GRANTED)) == {CONSOLE}


def test_a_transaction_with_one_impossible_part_changes_nothing(kernel: LinuxKernel) -> None:
    put(kernel, GRANTED, {PHONE: MINUTE})
    nowhere = SetChange(SetName("inet", "granted_v999"), {PHONE: MINUTE}, frozenset())

    for changes in (
        [SetChange(GRANTED, {CONSOLE: MINUTE}, frozenset({PHONE})), nowhere],
        [nowhere, SetChange(BRIDGE_GRANTED, {CONSOLE: MINUTE}, frozenset())],
    ):
        with pytest.raises(KernelRefused) as refused:
            kernel.commit(changes)
        assert refused.value.code == "ENOENT"

    assert set(kernel.elements(GRANTED)) == {PHONE}
    assert kernel.elements(BRIDGE_GRANTED) == {}
    put(kernel, GRANTED, {CONSOLE: MINUTE})  # and the socket is not out of step
    assert set(kernel.elements(GRANTED)) == {PHONE, CONSOLE}


def test_a_full_set_refuses_the_transaction_and_keeps_its_state(kernel: LinuxKernel) -> None:
    ports: dict[bytes, int | None] = {struct.pack("!H", port): None for port in range(1, 65)}
    put(kernel, PAGE_PORTS, ports)

    with pytest.raises(KernelRefused) as refused:
        kernel.commit(
            [
                SetChange(GRANTED, {PHONE: MINUTE}, frozenset()),
                SetChange(PAGE_PORTS, {struct.pack("!H", 65): None}, frozenset()),
            ]
        )

    assert refused.value.code == "ENFILE"
    assert kernel.elements(PAGE_PORTS) == ports
    assert kernel.elements(GRANTED) == {}


def test_reading_a_set_that_is_not_there_is_enoent(kernel: LinuxKernel) -> None:
    network.nft("router", render_removal(SETTINGS))

    with pytest.raises(KernelRefused) as refused:
        kernel.elements(GRANTED)

    assert refused.value.code == "ENOENT"


def test_an_element_added_without_a_timeout_ends_by_the_set_s_own(kernel: LinuxKernel) -> None:
    network.nft("router", f"add element inet stairgate {GRANTED.name} {{ {network.PHONE.mac} }}")

    assert left(kernel, PHONE) <= 1000
    wait_until("the end", lambda: not kernel.elements(GRANTED))


def test_loading_the_rules_again_keeps_elements_and_their_time(kernel: LinuxKernel) -> None:
    put(kernel, GRANTED, {PHONE: 30_000})
    put(kernel, EXEMPT, {CONSOLE: None})
    before = left(kernel, PHONE)

    load(kernel)
    load(kernel)

    assert before - 5000 < left(kernel, PHONE) <= before
    assert kernel.elements(EXEMPT) == {CONSOLE: None}


def test_the_rules_pass_nft_s_check_live_and_in_a_namespace_without_them(kernel: LinuxKernel) -> None:
    network.ip("netns", "add", "fresh")
    try:
        for namespace in ("router", "fresh"):
            words = [*network.enter_words(namespace), "nft", "-c", "-f", "-"]
            ran = subprocess.run(words, input=render_gate(SETTINGS).encode(), capture_output=True, check=False)
            assert (ran.returncode, ran.stderr) == (0, b"")
    finally:
        network.ip("netns", "delete", "fresh")


def test_a_ruleset_that_nft_refuses_is_a_refusal_with_its_words(kernel: LinuxKernel) -> None:
    with network.inside("router"), pytest.raises(KernelRefused, match="loading the gate: .*syntax error"):
        kernel.load("add nonsense")


def first_handle(chain: str) -> str:
    words = [*network.enter_words("router"), "nft", "-a", "list", "chain", "inet", "stairgate", chain]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return next(line.rsplit(" ", 1)[1] for line in listed.splitlines() if "# handle" in line and "chain" not in line)


TOUCHES = {
    "a chain flushed": lambda: "flush chain bridge stairgate output",
    "a rule deleted": lambda: f"delete rule inet stairgate outbound handle {first_handle('outbound')}",
    "a table deleted": lambda: "delete table bridge stairgate",
    "everything flushed": lambda: "flush ruleset",
}


@pytest.mark.parametrize("make_text", TOUCHES.values(), ids=TOUCHES)
def test_what_somebody_takes_away_is_noticed(kernel: LinuxKernel, make_text: object) -> None:
    before = kernel.rules()
    assert not kernel.rules_touched()

    network.nft("router", make_text())  # type: ignore[operator]

    wait_until("news of it", kernel.rules_touched)
    assert not kernel.rules_touched()
    assert kernel.rules() != before


@pytest.mark.parametrize(
    "text",
    [
        "insert rule inet stairgate forward accept",
        "add rule bridge stairgate output accept",
        "add chain inet stairgate other { type filter hook forward priority -20; policy accept; }",
    ],
)
def test_what_somebody_adds_shows_when_the_rules_are_read(kernel: LinuxKernel, text: str) -> None:
    before = kernel.rules()

    network.nft("router", text)

    assert kernel.rules() != before


def test_elements_and_other_programs_rules_do_not_change_how_our_rules_read(kernel: LinuxKernel) -> None:
    before = kernel.rules()

    put(kernel, GRANTED, {PHONE: MINUTE})
    put(kernel, EXEMPT, {CONSOLE: None})
    network.nft("router", "add table inet other; add chain inet other c; add rule inet other c accept")

    assert kernel.rules() == before
    assert not kernel.rules_touched()
    network.nft("router", "delete table inet other")


def test_reading_while_somebody_else_changes_rules_never_fails(kernel: LinuxKernel) -> None:
    other, stopping = made_kernel(), threading.Event()
    text = (
        "add table inet busy\n" + "".join(f"add chain inet busy c{n}\n" for n in range(20)) + "delete table inet busy"
    )

    def disturb() -> None:
        with network.inside("router"):
            while not stopping.is_set():
                other.load(text)

    put(kernel, GRANTED, {PHONE: MINUTE})
    rules = kernel.rules()
    busy = threading.Thread(target=disturb)
    busy.start()
    try:
        for _ in range(300):
            assert kernel.rules() == rules
            assert set(kernel.elements(GRANTED)) == {PHONE}
    finally:
        stopping.set()
        busy.join()
        other.close()


def test_a_policy_as_large_as_one_can_be_is_enforced(kernel: LinuxKernel) -> None:
    policy = family_policy()
    macs = [f"02:00:00:01:{number >> 8:02x}:{number & 255:02x}" for number in range(600)]
    devices = tuple(
        Device(f"d{number:02}", tuple(macs[20 * number : 20 * number + 20]), ("pmia",), "x", ()) for number in range(30)
    )
    policy = policy._replace(devices=devices)
    assert 13_000 < len(write_policy(policy)) < 16_000

    with network.inside("router"):
        Enforcement(kernel, SETTINGS, ("br-lan",), SystemClock()).enforce(policy, {})

    expected = {mac_key(mac) for mac in macs}
    assert set(kernel.elements(GRANTED)) == set(kernel.elements(BRIDGE_GRANTED)) == expected


@pytest.fixture
def echo(home_network: None) -> Iterator[None]:
    """Somebody on the internet who answers each datagram with ten times as much."""
    sockets = []
    with network.inside("internet"):
        for family, address in ((socket.AF_INET, network.WEB_V4), (socket.AF_INET6, network.WEB_V6)):
            server = socket.socket(family, socket.SOCK_DGRAM)
            server.bind((address, ECHO_PORT))
            server.settimeout(0.1)
            sockets.append(server)
    stopping = threading.Event()

    def answer(server: socket.socket) -> None:
        while not stopping.is_set():
            try:
                data, sender = server.recvfrom(2000)
            except TimeoutError:
                continue
            server.sendto(data * 10, sender)

    threads = [threading.Thread(target=answer, args=(server,)) for server in sockets]
    for thread in threads:
        thread.start()
    yield
    stopping.set()
    for thread in threads:
        thread.join()
    for server in sockets:
        server.close()


def talk(device: network.Device) -> None:
    """One question and its answer over IPv4, and one from each address over IPv6."""
    pairs = [(socket.AF_INET, device.v4, network.WEB_V4)]
    pairs += [(socket.AF_INET6, address, network.WEB_V6) for address in device.v6]
    for family, near, far in pairs:
        with network.inside(device.name), socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.bind((near, 0))
            asking.settimeout(0.5)

            def answered(asking: socket.socket = asking, far: str = far) -> bool:
                asking.sendto(bytes(72), (far, ECHO_PORT))
                try:
                    return len(asking.recv(2000)) == 720
                except TimeoutError:
                    return False

            wait_until(f"an answer to {device.name}", answered)


def enforced(kernel: LinuxKernel) -> dict[str, int]:
    """Everybody of the family is open; the devices' numbers."""
    enforcement = Enforcement(kernel, SETTINGS, ("br-lan",), SystemClock())
    with network.inside("router"):
        enforcement.enforce(family_policy(), {})
    return enforcement.numbers


def by_number(flows: list[Flow]) -> dict[int, int]:
    counted: dict[int, int] = {}
    for flow in flows:
        counted[flow.number] = counted.get(flow.number, 0) + 1
    return counted


def test_flows_carry_the_number_of_their_device_and_exempt_ones_none(kernel: LinuxKernel, echo: None) -> None:
    numbers = enforced(kernel)

    for device in (network.PHONE, network.LAPTOP, network.TABLET, network.HOME):
        talk(device)

    flows = list(kernel.flows())
    assert by_number(flows) == {numbers["dphone"]: 4, numbers["dlaptop"]: 4}
    assert all(flow.sent >= 100 and flow.received >= 748 for flow in flows)
    kernel.forget(numbers["dphone"])
    kernel.forget(numbers["dlaptop"])


def test_forgetting_deletes_the_flows_of_that_number_only(kernel: LinuxKernel, echo: None) -> None:
    numbers = enforced(kernel)
    for device in (network.PHONE, network.LAPTOP, network.TABLET):
        talk(device)
    everybody = count_flows()
    list(kernel.flows())

    kernel.forget(numbers["dphone"])

    assert count_flows() == everybody - 4
    told = list(kernel.flows())
    live, ended = told[:-4], told[-4:]
    assert {flow.number for flow in live} == {numbers["dlaptop"]}
    assert {flow.number for flow in ended} == {numbers["dphone"]}
    assert all(flow.received >= 748 for flow in ended)
    assert {flow.number for flow in kernel.flows()} == {numbers["dlaptop"]}
    kernel.forget(numbers["dphone"])  # nothing left to forget is no error
    kernel.forget(numbers["dlaptop"])


def test_forgetting_number_0_would_be_everybody_s_flows_and_is_refused(kernel: LinuxKernel) -> None:
    with pytest.raises(ValueError, match="device number 0"):
        kernel.forget(0)


def marks() -> list[int]:
    """The connection marks of all flows in the router."""
    with network.inside("router"):
        opened = NetlinkSocket()
    answers = list(opened.dump(CT_GET, netfilter_header(socket.AF_UNSPEC), "reading marks"))
    opened.close()
    return [
        int.from_bytes(dict(attributes(answer.body, 4)).get(CTA_MARK, b""), "big") for answer in answers if answer.body
    ]


def count_flows() -> int:
    return len(marks())


def test_bits_of_the_connection_mark_that_belong_to_others_are_kept(kernel: LinuxKernel, echo: None) -> None:
    numbers = enforced(kernel)
    network.nft(
        "router",
        "add table inet other\n"
        "add chain inet other c { type filter hook forward priority -50; }\n"
        "add rule inet other c ct mark set ct mark | 0xf40000ab\n",
    )

    talk(network.CONSOLE)
    talk(network.CONSOLE)

    network.nft("router", "delete table inet other")
    expected = 0xF400_00AB | numbers["dconsole"] << SETTINGS.number_shift
    assert marks().count(expected) == 8
    assert {flow.number for flow in kernel.flows()} == {numbers["dconsole"]}
    kernel.forget(numbers["dconsole"])
    assert marks().count(expected) == 0


def test_a_device_without_a_number_passes_uncounted(kernel: LinuxKernel, echo: None) -> None:
    enforced(kernel)
    put(kernel, NUMBERED, {}, PHONE)

    talk(network.PHONE)

    assert list(kernel.flows()) == []
