"""Who is on the LAN, with the real kernel, the real dnsmasq and a device that was never there before."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.core.messages import Seen, read_events
from tests.broker.clients import Client, verifying_context
from tests.lab import network
from tests.lab.home import BROKER_PORT, LabHome
from tests.lab.processes import Deadline, python_module, wait_until

PRINTER = "02:00:00:00:77:63"
ODHCPD = {
    "device": {
        "br-lan": {"leases": [{"mac": PRINTER.replace(":", ""), "hostname": "printer", "address": "192.168.77.99"}]},
        "wan": {"leases": [{"mac": "020000007798", "hostname": "not-ours", "address": "198.51.100.9"}]},
    }
}


class Watching:
    """A home with broker and agent, and a client in the hub's place that hears what the agent sees."""

    def __init__(self, folder: Path) -> None:
        self.home = LabHome(folder)
        self.leases = folder / "leases"
        settings = self.home.agent_folder / "agent.toml"
        before = settings.read_text(encoding="utf-8")
        settings.write_text(f'lease_file = "{self.leases}"\n{before}', encoding="utf-8")
        self.home.start_resolvers()
        self.home.start_broker()
        identity = self.home.home.directory / "hub" / "hub"
        context = verifying_context(self.home.home.directory / "hub" / "ca.crt", identity)
        self.hub = Client(network.HOME.v4, BROKER_PORT, context, "any")
        with network.inside("home"):
            assert self.hub.connect()
        self.hub.subscribe(f"sg/v1/{self.home.home.shard}/{self.home.home.id}/+/up/events")
        self.home.start_agent()

    def rows(self, mac: str) -> list[Seen]:
        """What was told about a device, in order."""
        return [
            seen
            for message in list(self.hub.messages)
            for seen in read_events(message.payload).events
            if seen.mac == mac
        ]

    def wait_seen(self, device: network.Device, *addresses: str, hostname: str = "") -> Seen:
        """Until the hub has heard of a device, with one of these addresses and with this name."""

        def told() -> Seen | None:
            rows = [row for row in self.rows(device.mac) if not addresses or set(addresses) & set(row.addresses)]
            return next((row for row in rows if row.hostname == hostname or not hostname), None)

        seen = wait_until(f"{device.name} to be seen", told)
        assert seen is not None
        return seen

    def close(self) -> None:
        """End everything."""
        self.hub.close()
        self.home.stop()


@pytest.fixture(scope="module")
def watching(home_network: None, folder: Path) -> Iterator[Watching]:
    programs = folder / "bin"
    programs.mkdir()
    ubus = programs / "ubus"
    ubus.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(ODHCPD)}\nEND\n", encoding="utf-8")
    ubus.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        made = Watching(folder)
    yield made
    made.close()


@pytest.fixture
def stranger(watching: Watching) -> Iterator[network.Device]:
    network.add_device(network.STRANGER)
    yield network.STRANGER
    network.remove_device(network.STRANGER)


def speak(device: network.Device, address: str) -> None:
    """Send something to the router, as every device does sooner or later."""
    words = [*network.enter_words(device.name), "ping", "-c", "1", "-W", "2", address]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def take_lease(device: network.Device, name: str) -> str:
    words = [*network.enter_words(device.name), *python_module("tests.lab.dhcp_client", device.mac, name)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def test_a_device_that_comes_is_told_with_all_its_addresses_and_its_name(
    watching: Watching, stranger: network.Device
) -> None:
    assert watching.rows(stranger.mac) == []
    speak(stranger, network.ROUTER_V4)
    assert watching.wait_seen(stranger, stranger.v4).source == "neighbour"

    speak(stranger, network.ROUTER_V6)
    addresses = watching.wait_seen(stranger, *stranger.v6).addresses
    assert stranger.v4 in addresses

    leased = take_lease(stranger, "strange-phone")
    named = watching.wait_seen(stranger, leased, hostname="strange-phone")
    assert named.source == "dnsmasq"
    assert set(addresses) <= set(named.addresses)


def test_what_a_device_calls_itself_comes_through_as_text_at_most(watching: Watching) -> None:
    take_lease(network.LAPTOP, "<b>\u202egnp.\x1b[31m")
    rows = wait_until(
        "the lease", lambda: [row for row in watching.rows(network.LAPTOP.mac) if row.source == "dnsmasq"]
    )
    assert rows[-1].hostname.isprintable()


def test_no_name_through_dnsmasq_is_more_than_a_short_printable_text(watching: Watching) -> None:
    """What dnsmasq lets through of a name is its own affair; what the hub is told is ours, whatever that was."""
    for name in (
        *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a b c", "* ", "../../etc/passwd", "%n%s%x"),
        *("\x1b[2J", "line\nline", "tab\tab", "\u202egnp.exe\u2066", "\ufffe\ue000", "é" * 120, "a" * 255, "a." * 120),
        *("xn--e1afmkfd", "-._.-", "192.168.77.2", "localhost", "00:00:00:00:00:00"),
    ):
        take_lease(network.LAPTOP, name)
    take_lease(network.LAPTOP, "honest-name")
    watching.wait_seen(network.LAPTOP, hostname="honest-name")
    names = [row.hostname for row in watching.rows(network.LAPTOP.mac)]
    assert all(name.isprintable() and len(name) <= 63 for name in names)


def test_odhcpds_leases_are_told_of_the_lan_only(watching: Watching) -> None:
    printer = network.Device("printer", PRINTER, "192.168.77.99", ())
    assert watching.wait_seen(printer) == Seen(PRINTER, ("192.168.77.99",), "printer", "odhcpd")
    assert watching.rows("02:00:00:00:77:98") == []


def test_nobody_behind_the_wan_is_told(watching: Watching) -> None:
    speak(network.HOME, "198.51.100.1")
    speak(network.PHONE, network.ROUTER_V4)
    watching.wait_seen(network.PHONE, network.PHONE.v4)
    macs = {seen.mac for message in watching.hub.messages for seen in read_events(message.payload).events}
    wan = subprocess.run(
        [*network.enter_words("router"), "ip", "neighbour", "show", "dev", "wan"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "198.51.100.1" in wan
    assert not [mac for mac in macs if mac in wan]


def test_who_is_known_is_not_told_again_until_the_next_connect(watching: Watching) -> None:
    speak(network.PHONE, network.ROUTER_V4)
    watching.wait_seen(network.PHONE, network.PHONE.v4)
    before = len(watching.rows(network.PHONE.mac))
    for _ in range(3):
        speak(network.PHONE, network.ROUTER_V4)
    with pytest.raises(Deadline):
        wait_until("the phone to be told again", lambda: len(watching.rows(network.PHONE.mac)) > before, seconds=3)

    watching.home.end("agent")
    watching.home.start_agent()

    wait_until("the phone to be told again", lambda: len(watching.rows(network.PHONE.mac)) > before)
