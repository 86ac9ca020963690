"""A device that was never there: it works within seconds of its first packet, gains a child nothing, and one tap
says whose it is. Real agent, broker, hub and kernel.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.hub import kernel_tables
from stairgate.hub.network import KernelNetwork
from stairgate.port.clock import SystemClock
from tests.lab import network
from tests.lab.home import HUB_PORT
from tests.lab.parent import Parent
from tests.lab.processes import wait_until
from tests.lab.test_gate import can_ping
from tests.lab.test_home import Evening

SECONDS = 15  # seen by the agent, told, listed, signed, sent, applied


@pytest.fixture(scope="module")
def evening(home_network: None, folder: Path) -> Iterator[Evening]:
    made = Evening(folder)
    network.add_device(network.STRANGER)
    yield made
    made.close()
    network.remove_device(network.STRANGER)


def device_id(evening: Evening) -> str:
    """The one new device of the page of devices."""
    (found,) = re.findall(r'id="new-(d[0-9a-f]+)"', evening.parent.get("/devices").body)
    return str(found)


def is_open() -> bool:
    return can_ping("stranger", network.WEB_V4)


def test_from_its_first_packet_to_whose_it_is(evening: Evening) -> None:
    assert not is_open()  # closed until the hub has listed it; and this was its first packet
    wait_until("the new device to work", is_open, SECONDS)

    # It follows the strictest of both children, and says so to whoever holds it.
    evening.parent.post(f"/children/{evening.ben}/pause", minutes="15")
    evening.wait_applied()
    assert (is_open(), can_ping("laptop", network.WEB_V4), can_ping("phone", network.WEB_V4)) == (False, False, True)
    page = Parent("stranger", network.HOME.v4, HUB_PORT)
    shown = page.get("/me").body
    page.close()
    assert "Whose am I?" in shown
    assert "Paused" in shown
    words = re.search(r'class="words big">([a-z ]+)<', shown)
    assert words
    assert words[1] in evening.parent.get("/devices").body

    # A visitor's has no bedtime and no pause.
    evening.parent.post(f"/devices/{device_id(evening)}/assign", whose="visitor")
    evening.wait_applied()
    assert is_open()


def test_the_hub_and_the_router_are_never_devices(evening: Evening) -> None:
    assert can_ping("home", network.ROUTER_V4)
    with network.inside("home"):
        found = KernelNetwork(SystemClock())
        assert network.ROUTER_V4 in kernel_tables.gateways()
        neighbours = kernel_tables.neighbours()
        live = kernel_tables.neighbours(live=True)
        excluded = found.infrastructure()
    assert live.items() <= neighbours.items()
    assert neighbours[network.ROUTER_V4] in live.values()
    assert {neighbours[network.ROUTER_V4], network.HOME.mac} <= excluded
    page = evening.parent.get("/devices").body
    assert neighbours[network.ROUTER_V4] not in page
    assert network.HOME.mac not in page


def test_closed_on_trial_only_the_new_one_is(evening: Evening) -> None:
    evening.parent.post(f"/children/{evening.ben}/end")
    device = re.search(
        r'id="device-(d[0-9a-f]+)"(?:(?!id="device-).)*A visitor’s', evening.parent.get("/devices").body, re.S
    )
    assert device
    evening.parent.post(f"/devices/{device[1]}/assign", whose="nobody")
    evening.wait_applied()
    assert is_open()

    evening.parent.post("/quarantine/try")
    evening.wait_applied()
    assert [can_ping(name, network.WEB_V4) for name in ("stranger", "phone", "laptop", "tablet")] == [
        False,
        True,
        True,
        True,
    ]
    evening.parent.post("/quarantine/stop")
    evening.wait_applied()
    assert is_open()


def test_one_tap_makes_it_a_childs(evening: Evening) -> None:
    evening.parent.post(f"/devices/{device_id(evening)}/assign", whose=evening.mia)
    evening.parent.post(f"/children/{evening.ben}/pause", minutes="15")
    evening.wait_applied()
    assert (is_open(), can_ping("laptop", network.WEB_V4)) == (True, False)
    evening.parent.post(f"/children/{evening.mia}/pause", minutes="15")
    evening.wait_applied()
    assert not is_open()


def test_on_the_childs_phone_parents_pages_stay_closed(evening: Evening) -> None:
    thief = evening.parent.another_window()
    thief._namespace = "phone"
    assert thief.get("/").status == 403
    assert thief.get("/status").status == 401
    assert thief.try_post(f"/children/{evening.mia}/bonus", minutes="60").status == 403
    thief.close()
    assert evening.parent.get("/").status == 200
