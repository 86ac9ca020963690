"""Closing new devices: what it would do is shown before, it goes back by itself, and no grown-up is ever shut out."""

import pytest

from stairgate.core.decide import decide
from stairgate.hub import limits
from stairgate.hub.family import Device, Family, Override, Person, Week
from stairgate.hub.quarantine import Quarantine, would_lose
from tests.unit.hub.conftest import EVENING, ROUTER, Hub
from tests.unit.hub.test_discovery import MAC, device, level, seen

PARENTS = "02:00:5e:10:00:99"
VISITORS = "3c:22:fb:10:00:02"
HUBS = "02:00:5e:10:00:f0"


@pytest.fixture
def child(hub: Hub) -> str:
    """A child, a grown-up's device, a visitor's and a new one."""
    child = hub.add_child("Mia")
    hub.add_device(child)
    hub.add_device("adult", PARENTS, "work laptop")
    hub.network.macs = (HUBS,)
    for mac in (MAC, VISITORS):
        seen(hub, mac, f"thing-{mac[-1]}")
        hub.clock.advance(5)
        hub.parts.devices.upkeep.run()
    hub.post(f"/devices/{device(hub, VISITORS).id}/assign", whose="visitor")
    return child


def levels(hub: Hub) -> dict[str, str]:
    return {mac: level(hub, mac)[0] for mac in (MAC, VISITORS, PARENTS, "02:00:5e:10:00:01")}


def test_the_trial_closes_new_devices_and_nobody_else(hub: Hub, child: str) -> None:
    assert set(levels(hub).values()) == {"open"}
    answer = hub.post("/quarantine/try")
    assert (answer.status_code, answer.location) == (303, "/quarantine")
    assert levels(hub) == {MAC: "closed", VISITORS: "open", PARENTS: "open", "02:00:5e:10:00:01": "open"}
    policy, _ = hub.broker.policy(ROUTER)
    assert policy.hub
    assert policy.hub.macs == (HUBS,)


def test_even_a_hub_listed_as_a_new_device_stays_open(hub: Hub, child: str) -> None:
    hub.network.macs = ()
    seen(hub, HUBS)
    hub.clock.advance(5)
    hub.parts.devices.upkeep.run()
    hub.network.macs = (HUBS,)
    hub.post("/quarantine/try")
    policy, _ = hub.broker.policy(ROUTER)
    assert policy.hub
    assert HUBS in policy.hub.macs
    # A device without addresses closes nothing.
    assert all(HUBS not in held.macs for held in policy.devices)


def test_the_preview_is_what_the_core_decides(hub: Hub, child: str) -> None:
    page = hub.get("/quarantine").text
    assert "These would lose internet now" in page
    assert "<bdi>thing-1</bdi>" in page
    for other in ("thing-2", "work laptop", "blue tablet"):
        assert f"<b><bdi>{other}</bdi></b>" not in page
    hub.post(f"/children/{child}/pause", minutes="15")
    page = hub.get("/quarantine").text
    assert "No device that is known now." in page
    assert "1 more new device is off now anyway" in page


def test_the_preview_names_exactly_those_that_then_close() -> None:
    now = int(EVENING)
    family = Family(
        (Person("pmia", "Mia", "6-9", "UTC"),),
        (
            Device("dnew", "new", ("3c:22:fb:10:00:01",), (), "other"),
            Device("dvisit", "visitor", ("3c:22:fb:10:00:02",), (), "other"),
            Device("dpar", "parent", ("3c:22:fb:10:00:03",), (), "other", ("exempt",)),
            Device("dmia", "tablet", ("3c:22:fb:10:00:04",), ("pmia",), "tablet"),
        ),
        (Week("w1", "pmia", 127, 20 * 60, 420),),
        (Override("o1", "dvisit", "open", now - 10, now + 900, 0, "parent"),),
    )
    assert [held.id for held in would_lose(family, now)] == ["dnew"]
    assert would_lose(family, now + 5 * 3600) == ()  # bedtime: it is off anyway


def test_without_a_word_it_goes_back_by_itself(hub: Hub, child: str) -> None:
    hub.post("/quarantine/try")
    assert "New devices are closed, on trial" in hub.get("/").text
    hub.clock.advance(limits.TRIAL_SECONDS - 1)
    hub.parts.devices.upkeep.run()
    assert level(hub)[0] == "closed"
    hub.clock.advance(1)
    hub.parts.devices.upkeep.run()  # nobody opens a page
    assert level(hub)[0] == "open"
    assert "on trial" not in hub.get("/").text


def test_a_clock_that_jumps_neither_ends_nor_prolongs_the_trial(hub: Hub, child: str) -> None:
    hub.post("/quarantine/try")
    hub.clock._wall += 86400 * 365
    hub.parts.devices.upkeep.run()
    assert hub.family().new_closed
    hub.clock._wall -= 86400 * 800
    hub.clock._monotonic += limits.TRIAL_SECONDS
    hub.parts.devices.upkeep.run()
    assert not hub.family().new_closed


def test_a_hub_that_was_started_again_takes_the_trial_back(hub: Hub, child: str) -> None:
    hub.post("/quarantine/try")
    Quarantine(hub.parts.acts, hub.clock).sweep()  # as a new process does first
    assert level(hub)[0] == "open"


def test_kept_it_stays_through_time_and_restarts(hub: Hub, child: str) -> None:
    hub.post("/quarantine/try")
    answer = hub.post("/quarantine/keep", **{"from": "home"})
    assert (answer.status_code, answer.location) == (303, "/")
    hub.clock.advance(3 * limits.TRIAL_SECONDS)
    hub.parts.devices.upkeep.run()
    Quarantine(hub.parts.acts, hub.clock).sweep()
    assert level(hub)[0] == "closed"
    assert "New devices are closed: change" in hub.get("/devices").text
    assert "No internet until you say whose it is" in hub.get("/devices").text
    assert hub.post("/quarantine/try").status_code == 409  # a second trial would end what was kept
    assert hub.post("/quarantine/stop").status_code == 303
    assert level(hub)[0] == "open"


def test_kept_too_late_is_said(hub: Hub, child: str) -> None:
    hub.post("/quarantine/try")
    hub.clock.advance(limits.TRIAL_SECONDS)
    answer = hub.post("/quarantine/keep")
    assert answer.status_code == 409
    assert "The ten minutes are over" in answer.text
    hub.parts.devices.upkeep.run()
    assert hub.post("/quarantine/keep").status_code == 409
    assert not hub.family().new_closed


def test_a_device_that_comes_later_is_closed_too_until_one_tap(hub: Hub, child: str) -> None:
    hub.post("/quarantine/try")
    hub.post("/quarantine/keep")
    hub.clock.advance(600)
    late = "3c:22:fb:10:00:77"
    seen(hub, late)
    assert level(hub, late) == ("closed", "unknown_device")
    hub.post(f"/devices/{device(hub, late).id}/assign", whose="adult")
    assert level(hub, late)[0] == "open"


def test_on_a_new_device_it_is_asked_first_whether_it_is_the_parents(hub: Hub, child: str) -> None:
    hub.network.neighbours["127.0.0.1"] = MAC
    page = hub.get("/quarantine").text
    assert "Is this your own device?" in page
    assert "Close new devices until I decide" not in page
    answer = hub.post("/quarantine/try")
    assert (answer.status_code, "Please say first" in answer.text) == (409, True)
    assert level(hub)[0] == "open"

    answer = hub.post("/devices/this-one", **{"from": "quarantine"})
    assert (answer.status_code, answer.location) == (303, "/quarantine")
    assert "Close new devices until I decide" in hub.get("/quarantine").text
    hub.post("/quarantine/try")
    assert level(hub) == ("open", "exempt")


def test_without_children_it_closes_new_devices_too(hub: Hub) -> None:
    seen(hub)
    assert level(hub) == ("open", "exempt")
    hub.post("/quarantine/try")
    policy, _ = hub.broker.policy(ROUTER)
    (held,) = policy.devices
    assert decide(policy, held.id, int(hub.clock.wall()), {}).level == "closed"
