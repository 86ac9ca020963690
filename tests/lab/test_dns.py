"""The filter on a router with its real neighbour table, a real dnsmasq upstream and real clients on both families."""

import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent import gate
from stairgate.agent.gate import GateSettings
from stairgate.agent.gate_rules import render_gate
from stairgate.core.policy import write_policy
from stairgate.core.records import Device, Filter, Policy
from stairgate.hub.pack_builder import build
from tests.lab import network, processes
from tests.lab.dns_process import DnsProcess
from tests.lab.home import is_listening
from tests.lab.network import CONSOLE, LAPTOP, PHONE, ROUTER_V4, ROUTER_V6, STRANGER, TABLET
from tests.lab.policies import family_policy
from tests.lab.processes import Program, wait_until

A, AAAA, TXT, HTTPS = 1, 28, 16, 65
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
SAFE_V4, WEB_V4, PROBE = (socket.inet_aton(text) for text in ("203.0.113.38", network.WEB_V4, "198.18.0.53"))
WEB_V6 = socket.inet_pton(socket.AF_INET6, network.WEB_V6)
EPDG = "epdg.epc.mnc001.mcc262.pub.3gppnetwork.org"
HOSTS = ("www.example.org", "ads.example.org", "www.google.com", EPDG, "captive.apple.com")
OPT = bytes.fromhex("00002904d0000000000000")
LEVELS = {"dphone": "open", "dconsole": "closed", "dlaptop": "open"}
MIA = Filter("pmia", ("safesearch",), ("ads", "tracking"), (), ("allowed.example.org",), ())
LISTED = (
    ("ads.example.org", ("ads",)),
    ("tracker.example.org", ("tracking",)),
    ("edge.app.example.org", ("video", "dedicated")),
)


def policy(revision: int) -> Policy:
    """The lab's family; Ben's laptop reaches only what was resolved."""
    plain = family_policy(revision)
    devices = [each for each in plain.devices if each.id != "dlaptop"]
    devices.append(Device("dlaptop", (LAPTOP.mac,), ("pben",), "computer", ("resolved_only",)))
    return plain._replace(filters=(MIA,), devices=tuple(devices))


def dnsmasq(folder: Path, name: str, namespace: str, *words: str) -> Program:
    """A dnsmasq that takes nothing from this machine."""
    alone = ["--conf-file=/dev/null", "--no-hosts", "--no-resolv", "--user=", "--group=", "--bind-interfaces"]
    return Program(name, ["/usr/sbin/dnsmasq", "--no-daemon", *alone, *words], folder, namespace)


def start_router_s(folder: Path) -> Program:
    """The router's own resolver."""
    return dnsmasq(folder, "resolver", "router", f"--server={network.DNS_V4}", "--interface=lo", "--cache-size=0")


@pytest.fixture(scope="module")
def filtering(home_network: None, folder: Path) -> Iterator[DnsProcess]:
    """The filter on the router, with the gate's tables beside it."""
    records = [f"--host-record={name},{network.WEB_V4},{network.WEB_V6}" for name in HOSTS]
    records.append("--host-record=forcesafesearch.google.com,203.0.113.38")
    records += [f"--txt-record=large.example.org,{'x' * 200}{number}" for number in range(30)]
    # Names that hide where they lead; the last one of a row has addresses.
    records += [f"--host-record=t.tracker.example.org,{network.WEB_V4},{network.WEB_V6}"]
    records += ["--cname=metrics.example.org,t.tracker.example.org", "--cname=stats.example.org,metrics.example.org"]
    records += ["--cname=allowed.example.org,t.tracker.example.org", "--cname=shop.example.org,www.example.org"]
    records += [f"--host-record=edge.app.example.org,{network.WEB_V4}", "--cname=play.example.org,edge.app.example.org"]
    # Of these zones it knows everything, so what it has not is not there.
    records.append("--local=/org/com/")
    dnsmasq(folder, "dns", "internet", f"--listen-address={network.DNS_V4}", "--interface=lo", *records)
    start_router_s(folder)
    for namespace, address in (("internet", network.DNS_V4), ("router", "127.0.0.1")):
        wait_until("a resolver", lambda n=namespace, a=address: is_listening(n, a, 53))  # type: ignore[misc]
    network.nft("router", render_gate(GateSettings()))
    build(LISTED, (), folder / "names.pack")
    made = DnsProcess(folder, ["127.0.0.1"], namespace="router", lan=["br-lan"])
    made.tell(write_policy(policy(1)), LEVELS, str(folder / "names.pack"))
    yield made
    assert made.stop() == 0


def query(name: str, kind: int = A, opt: bytes = OPT) -> bytes:
    """A query with the id 7."""
    wire = b"".join(bytes((len(label),)) + label.encode() for label in name.split(".")) + b"\0"
    return struct.pack("!6H", 7, 0x0100, 1, 0, 0, 1 if opt else 0) + wire + struct.pack("!HH", kind, 1) + opt


def ask(device: network.Device, name: str, kind: int = A, router: str = ROUTER_V4, opt: bytes = OPT) -> bytes:
    """What the router answers a device; it must come from the address that was asked."""
    family = socket.AF_INET6 if ":" in router else socket.AF_INET
    with network.inside(device.name), socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(query(name, kind, opt), (router, gate.DNS_PORT))
        answer, source = client.recvfrom(4096)
    assert source[0] == router
    return answer


def rcode(answer: bytes) -> int:
    """The answer's code."""
    return answer[3] & 15


@pytest.mark.parametrize("router", [ROUTER_V4, ROUTER_V6])
def test_each_device_is_answered_by_its_own_rules(filtering: DnsProcess, router: str) -> None:
    assert WEB_V4 in ask(PHONE, "www.example.org", router=router)
    assert WEB_V6 in ask(PHONE, "www.example.org", AAAA, router=router)
    blocked = ask(PHONE, "ads.example.org", router=router)
    assert rcode(blocked) == NXDOMAIN and blocked.endswith(b"\0\x11block:ads")
    assert WEB_V4 in ask(LAPTOP, "ads.example.org", router=router)
    assert WEB_V4 in ask(TABLET, "ads.example.org", router=router)
    closed = ask(CONSOLE, "www.example.org", router=router)
    assert rcode(closed) == NXDOMAIN and closed.endswith(b"\0\x11closed")
    assert PROBE in ask(CONSOLE, "captive.apple.com", router=router)
    assert WEB_V4 in ask(CONSOLE, EPDG, router=router)
    assert rcode(ask(PHONE, "absent.example.org", router=router)) == NXDOMAIN


@pytest.mark.parametrize("kind", [A, AAAA, TXT])
def test_a_name_that_hides_a_refused_one_is_refused_as_that(filtering: DnsProcess, kind: int) -> None:
    for name in ("metrics.example.org", "STATS.example.org"):
        hidden = ask(PHONE, name, kind)
        assert rcode(hidden) == NXDOMAIN and hidden.endswith(b"\0\x11block:tracking")
        assert rcode(ask(LAPTOP, name, kind)) == NOERROR
    for name in ("allowed.example.org", "shop.example.org"):
        assert rcode(ask(PHONE, name, kind)) == NOERROR
    if kind == A:
        assert WEB_V4 in ask(LAPTOP, "stats.example.org") and WEB_V4 in ask(PHONE, "allowed.example.org")
        assert WEB_V4 in ask(PHONE, "play.example.org")


def test_a_search_is_led_to_the_safe_one(filtering: DnsProcess) -> None:
    found = ask(PHONE, "WWW.Google.com")
    assert b"\x0fforcesafesearch\6google\3com\0" in found and SAFE_V4 in found and WEB_V4 not in found
    missing = ask(PHONE, "www.google.com", AAAA)
    assert rcode(missing) == NOERROR and b"forcesafesearch" in missing and WEB_V6 not in missing
    assert b"forcesafesearch" not in ask(PHONE, "www.google.com", HTTPS)
    assert WEB_V4 in ask(LAPTOP, "www.google.com")


def test_an_address_is_in_the_kernel_before_its_answer_has_come(filtering: DnsProcess) -> None:
    for kind, held, address in ((A, "resolved4", network.WEB_V4), (AAAA, "resolved6", network.WEB_V6)):
        ask(LAPTOP, "www.example.org", kind)
        listed = network.nft_list("router", f"set inet {GateSettings().table} {held}_{gate.SCHEMA}")
        assert f"{LAPTOP.mac} . {address}" in listed
        assert PHONE.mac not in listed


def test_what_is_too_large_comes_by_tcp(filtering: DnsProcess) -> None:
    short = ask(PHONE, "large.example.org", TXT)
    assert short[2] & 2 and short[6:8] == b"\0\0"
    with network.inside(PHONE.name):
        connection = socket.create_connection((ROUTER_V4, gate.DNS_PORT), 5)
    with connection:
        asked = query("large.example.org", TXT)
        connection.sendall(len(asked).to_bytes(2, "big") + asked)
        size = int.from_bytes(connection.recv(2, socket.MSG_WAITALL), "big")
        answer = connection.recv(size, socket.MSG_WAITALL)
    assert answer[6:8] == b"\0\x1e" and len(answer) > 6000


def test_an_upstream_that_is_gone_is_said_and_comes_back(filtering: DnsProcess, folder: Path) -> None:
    resolver = next(one for one in processes.RUNNING if one.name == "resolver")
    resolver.stop()
    failed = ask(PHONE, "other.example.org")
    assert rcode(failed) == SERVFAIL and failed.endswith(b"\0\x16upstream")
    assert rcode(ask(PHONE, "ads.example.org")) == NXDOMAIN
    start_router_s(folder)
    wait_until("the router's resolver", lambda: rcode(ask(PHONE, "other.example.org")) == NXDOMAIN)


def test_a_stranger_is_closed_and_so_is_who_changes_the_mac_address(filtering: DnsProcess) -> None:
    network.add_device(STRANGER)
    assert rcode(ask(STRANGER, "www.example.org")) == NXDOMAIN
    assert WEB_V4 in ask(PHONE, "www.example.org")
    network.ip("-n", PHONE.name, "link", "set", "eth0", "address", "02:00:00:00:77:99")
    wait_until("the new MAC address being a stranger's", lambda: rcode(ask(PHONE, "www.example.org")) == NXDOMAIN)
    network.ip("-n", PHONE.name, "link", "set", "eth0", "address", PHONE.mac)
    wait_until("the phone being known again", lambda: WEB_V4 in ask(PHONE, "www.example.org"))
    network.remove_device(STRANGER)


def test_a_lan_that_is_made_anew_is_served_again(filtering: DnsProcess) -> None:
    ports = [f"lan-{device.name}" for device in network.DEVICES]
    network.ip("-n", "router", "link", "delete", "br-lan")
    network.ip("-n", "router", "link", "add", "br-lan", "type", "bridge", "mcast_snooping", "0")
    network.ip("-n", "router", "link", "set", "br-lan", "address", "02:00:00:00:77:01")
    for port in ports:
        network.ip("-n", "router", "link", "set", port, "master", "br-lan")
    network.bring_lan_up()

    def is_served() -> bool:
        try:
            return WEB_V4 in ask(PHONE, "www.example.org")
        except TimeoutError:
            return False

    wait_until("answers on the new bridge", is_served, 30)


def test_many_clients_at_once_and_a_change_of_policy_lose_no_query(filtering: DnsProcess, folder: Path) -> None:
    sockets = []
    for device in (PHONE, LAPTOP, TABLET):
        with network.inside(device.name):
            sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sockets[-1].connect((ROUTER_V4, gate.DNS_PORT))
        sockets[-1].settimeout(5)
    for number in range(40):
        for client in sockets:
            client.send(struct.pack("!H", number) + query(f"n{number}.example.org")[2:])
    filtering.tell(write_policy(policy(2)), LEVELS, str(folder / "names.pack"))
    for client in sockets:
        with client:
            assert {client.recv(4096)[:2] for _ in range(40)} == {struct.pack("!H", number) for number in range(40)}


def test_the_kernel_s_own_tools_agree(filtering: DnsProcess) -> None:
    """The sockets are bound to the LAN: nothing is answered on the WAN."""
    words = [*network.enter_words("router"), "ss", "-Huln", "sport", "=", f":{gate.DNS_PORT}"]
    lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(lines) >= 2 and all("br-lan" in line for line in lines)
