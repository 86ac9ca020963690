"""The whole home, part by part: what a parent's tap does, and what still holds when a part is gone."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent.gate import EXEMPT, GRANTED, GateSettings
from stairgate.agent.grants import mac_key
from stairgate.agent.netlink import KernelRefused, NetlinkSocket
from stairgate.agent.set_elements import read_elements
from tests.lab import network
from tests.lab.home import HUB_PORT, LabHome
from tests.lab.parent import Parent
from tests.lab.processes import Program, python_module, wait_until
from tests.lab.test_gate import can_ping

MIAS = {mac_key(network.PHONE.mac), mac_key(network.CONSOLE.mac)}


class Evening:
    """A claimed home with Mia and Ben, and a look into the router's kernel."""

    def __init__(self, folder: Path) -> None:
        self.home = LabHome(folder)
        with network.inside("router"):
            self._kernel = NetlinkSocket()
        self.home.start_resolvers()
        self.home.start_broker()
        self.home.start_hub()
        self.agent = self.home.start_agent()
        self.parent = Parent("tablet", network.HOME.v4, HUB_PORT)
        self.parent.claim(self.home.claim_code())
        self.mia = self.parent.add_child("Mia", "10-12")
        self.ben = self.parent.add_child("Ben", "6-9")
        for device, kind, person in (
            (network.PHONE, "phone", self.mia),
            (network.CONSOLE, "console", self.mia),
            (network.LAPTOP, "computer", self.ben),
        ):
            self.parent.add_device(device.name, device.mac, kind, person)
        self.wait_applied()

    def wait_applied(self) -> None:
        """Until every agent applies the newest policy."""
        wait_until("applied", lambda: self.parent.status()["applied"] == 1, seconds=40)

    def granted(self) -> set[bytes]:
        """MACs the kernel lets through now."""
        try:
            return set(read_elements(self._kernel, GateSettings().table, GRANTED))
        except KernelRefused:
            return set()

    def exempt(self) -> set[bytes]:
        """MACs that no rule closes."""
        return set(read_elements(self._kernel, GateSettings().table, EXEMPT))

    def close(self) -> None:
        """End everything."""
        self.home.stop()
        self.parent.close()
        self._kernel.close()


@pytest.fixture(scope="module")
def evening(home_network: None, folder: Path) -> Iterator[Evening]:
    made = Evening(folder)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def everything_as_it_was(evening: Evening) -> Iterator[None]:
    yield
    evening.parent.post(f"/children/{evening.mia}/end")
    evening.wait_applied()


def test_a_tap_closes_and_undo_opens_again(evening: Evening) -> None:
    assert evening.granted() >= MIAS
    assert can_ping("phone", network.WEB_V4)

    evening.parent.post(f"/children/{evening.mia}/pause", minutes="15")
    evening.wait_applied()
    paused = evening.granted()
    pings = [can_ping("phone", network.WEB_V4), can_ping("console", network.WEB_V6), can_ping("laptop", network.WEB_V4)]
    evening.parent.post(f"/children/{evening.mia}/undo")
    evening.wait_applied()

    assert paused == {mac_key(network.LAPTOP.mac)}
    assert pings == [False, False, True]
    assert evening.granted() >= MIAS


def test_the_parent_s_device_and_the_hub_are_exempt(evening: Evening) -> None:
    assert evening.exempt() == {mac_key(network.TABLET.mac), mac_key(network.HOME.mac)}


def test_the_agent_enforces_its_saved_policy_without_hub_and_broker(evening: Evening) -> None:
    evening.parent.post(f"/children/{evening.mia}/pause", minutes="15")
    evening.wait_applied()
    evening.home.end("hub")
    evening.home.end("broker")
    evening.home.end("agent", kill=True)
    # As after a power cut of the router: no table, no element.
    subprocess.run([*network.enter_words("router"), "nft", "delete", "table", "inet", "stairgate"], check=True)
    subprocess.run([*network.enter_words("router"), "nft", "delete", "table", "bridge", "stairgate"], check=True)

    evening.agent = evening.home.start_agent()
    evening.agent.wait_for("enforced")
    alone = evening.granted()
    phone, laptop = can_ping("phone", network.WEB_V6), can_ping("laptop", network.WEB_V6)
    evening.home.start_broker()
    evening.home.start_hub()
    # The session has survived the restart of the hub, and the agent finds its way back.
    evening.wait_applied()

    assert alone == {mac_key(network.LAPTOP.mac)}
    assert (phone, laptop) == (False, True)


def test_the_running_agent_repairs_a_flushed_ruleset(evening: Evening) -> None:
    evening.parent.post(f"/children/{evening.mia}/pause", minutes="15")
    evening.wait_applied()

    subprocess.run([*network.enter_words("router"), "nft", "flush", "ruleset"], check=True)

    wait_until("the repair", lambda: evening.granted() == {mac_key(network.LAPTOP.mac)})
    network.nft("router", network.ROUTER_FIREWALL)
    assert not can_ping("phone", network.WEB_V6)
    assert can_ping("laptop", network.WEB_V6)


def test_a_silently_removed_rule_is_found_by_the_slow_poll(evening: Evening) -> None:
    evening.parent.post(f"/children/{evening.mia}/pause", minutes="15")
    evening.wait_applied()

    subprocess.run(
        [*network.enter_words("router"), "nft", "flush", "chain", "inet", "stairgate", "outbound"], check=True
    )

    wait_until("the gate to close again", lambda: not can_ping("phone", network.WEB_V6), seconds=30)


def test_the_child_s_page_says_what_why_and_until_when(evening: Evening) -> None:
    evening.parent.post(f"/children/{evening.mia}/pause", minutes="60")
    evening.wait_applied()
    ends = evening.parent.status()["children"][evening.mia]["until"]

    pages = {name: Parent(name, network.HOME.v4, HUB_PORT) for name in ("phone", "home")}
    shown = pages["phone"].get("/me")
    unknown = pages["home"].get("/me")
    for page in pages.values():
        page.close()

    assert shown.status == 200
    assert "paused" in shown.body.lower()
    assert f"{int(ends) % 86400 // 3600:02}:{int(ends) % 3600 // 60:02}" in shown.body
    assert "Mia" not in unknown.body


def test_a_child_s_own_browser_shows_the_page_and_complains_about_nothing(evening: Evening) -> None:
    evening.parent.post(f"/children/{evening.mia}/pause", minutes="60")
    evening.wait_applied()
    urls = [f"http://{host}:{HUB_PORT}/me" for host in (network.HOME.v4, f"[{network.HOME.v6[0]}]")]

    ran = subprocess.run(
        [*network.enter_words("phone"), *python_module("tests.lab.visit", *urls)],
        capture_output=True,
        text=True,
        check=True,
    )
    pages = [json.loads(line) for line in ran.stdout.splitlines()]

    assert [page["status"] for page in pages] == [200, 200]
    assert all("Paused" in page["text"] for page in pages)
    assert [page["console"] for page in pages] == [[], []]
    assert all(page["width"] <= 360 for page in pages)


def test_bytes_are_counted_for_children_s_devices_and_never_for_exempt_ones(evening: Evening) -> None:
    internet = Program(
        "internet",
        python_module("tests.lab.internet", str(evening.home.folder)),
        evening.home.folder,
        "internet",
        speaks=True,
    )
    internet.wait_for("ready")
    browsing = [
        Program(
            f"browsing-{name}", python_module("tests.lab.browsing", "www.example.org", "0.2"), evening.home.folder, name
        )
        for name in ("laptop", "tablet")
    ]

    wait_until("the laptop's bytes", lambda: "laptop" in evening.parent.get("/traffic").body)
    wait_until("bytes that moved", lambda: "kB/s" in evening.parent.get("/traffic").body)
    page = evening.parent.get("/traffic").body
    for program in (*browsing, internet):
        program.stop()

    assert "tablet" not in page


def test_policies_never_carry_names(evening: Evening) -> None:
    document = (evening.home.agent_folder / "state" / "policy").read_text(encoding="utf-8")

    assert '"device"' in document
    assert not any(name in document for name in ("Mia", "Ben"))
