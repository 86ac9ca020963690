"""Who is on the network: new devices appear, hostile ones are only names, and nothing grows without a bound."""

import json
import secrets

import pytest

from stairgate.core.decide import decide
from stairgate.core.messages import Events, Seen, encode_events
from stairgate.hub import limits
from stairgate.hub.discovery import NEW_NAME, Sighting, guess_kind, plan
from stairgate.hub.family import Device, Family
from stairgate.hub.store import StoreError
from tests.unit.hub.conftest import EVENING, HOME, ROUTER, Hub

MAC = "3c:22:fb:10:00:01"
PRIVATE = "da:a1:19:00:00:01"
CHILDS = "02:00:5e:10:00:01"
NIGHT = EVENING + 3 * 3600  # 21:00 in Berlin


def mac(number: int) -> str:
    return f"3c:22:fb:20:{number >> 8:02x}:{number & 255:02x}"


def seen(hub: Hub, address: str = MAC, hostname: str = "", addresses: tuple[str, ...] = ("192.0.2.20",)) -> None:
    """As a message of the router's agent, through the exchange."""
    event = Seen(address, addresses, hostname, "dnsmasq")
    events = Events("m" + secrets.token_hex(8), int(hub.clock.wall()), ROUTER, (event,))
    hub.broker.receive(ROUTER, "events", encode_events(events))


def device(hub: Hub, address: str = MAC) -> Device:
    found = hub.family().device_with(address)
    assert found
    return found


def level(hub: Hub, address: str = MAC, at: float | None = None) -> tuple[str, str]:
    """What the router decides from the policy that was sent to it."""
    policy, _ = hub.broker.policy(ROUTER)
    ids = [device.id for device in policy.devices if address in device.macs]
    decision = decide(policy, ids[0] if ids else "dnone", int(hub.clock.wall() if at is None else at), {})
    return decision.level, decision.reason


# The first evening


def test_a_new_device_works_as_soon_as_an_agent_has_seen_it(hub: Hub) -> None:
    assert level(hub) == ("closed", "not_in_policy")
    seen(hub, hostname="LG-TV")
    assert level(hub) == ("open", "exempt")  # no children yet: nobody to protect from
    child = hub.add_child()
    hub.add_device(child)
    assert level(hub) == ("open", "default")
    assert (device(hub).name, device(hub).kind, device(hub).persons, device(hub).flags) == ("LG-TV", "tv", (), ())


def test_the_hubs_own_neighbours_are_seen_too(hub: Hub) -> None:
    hub.add_child()
    hub.network.neighbours["192.0.2.20"] = MAC
    hub.parts.devices.upkeep.run()
    assert level(hub)[0] == "open"


def test_a_childs_new_address_gains_nothing_at_bedtime(hub: Hub) -> None:
    child, other = hub.add_child("Mia"), hub.add_child("Noah", "13-15")
    hub.add_device(child)
    for person, start in ((child, "20:30"), (other, "22:00")):
        hub.post(f"/children/{person}/bedtime", days="127", start=start, end="07:00")
    seen(hub, PRIVATE, "Mias-phone")
    for moment in range(int(EVENING), int(EVENING) + 86400, 600):
        if level(hub, CHILDS, moment)[0] == "closed":
            assert level(hub, PRIVATE, moment)[0] == "closed", moment
    assert level(hub, PRIVATE, EVENING)[0] == "open"
    assert level(hub, PRIVATE, NIGHT) == ("closed", "week")


def test_a_childs_new_address_gains_nothing_in_a_pause_nor_by_a_siblings_bonus(hub: Hub) -> None:
    child, other = hub.add_child("Mia"), hub.add_child("Noah", "13-15")
    seen(hub, PRIVATE)
    hub.post(f"/children/{child}/pause", minutes="60")
    hub.post(f"/children/{other}/bonus", minutes="60")
    assert level(hub, PRIVATE) == ("closed", "pause")


# What is no device


@pytest.mark.parametrize(
    "address", ["01:00:5e:00:00:01", "33:33:00:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"], ids=str
)
def test_group_and_empty_addresses_are_no_devices(hub: Hub, address: str) -> None:
    hub.parts.devices.discovery.seen(ROUTER, [Seen(address, (), "x", "neighbour")])
    assert hub.family().devices == ()


@pytest.mark.parametrize("address", ["", "x", "3C:22:FB:10:00:01", "3c22fb100001", "3c:22:fb:10:00:01\n", "<b>"])
def test_malformed_addresses_are_no_devices(hub: Hub, address: str) -> None:
    hub.parts.devices.discovery.seen(ROUTER, [Seen(address, ("nonsense", "::1"), "x", "neighbour")])
    assert hub.family().devices == ()


def test_the_hub_itself_and_the_router_are_no_devices(hub: Hub) -> None:
    hub.network.macs = ("3c:22:fb:00:00:0a",)
    hub.network.gateways = frozenset({"3c:22:fb:00:00:0b"})
    hub.network.neighbours = {"192.0.2.1": "3c:22:fb:00:00:0b"}
    for address in ("3c:22:fb:00:00:0a", "3c:22:fb:00:00:0b"):
        seen(hub, address)
    hub.parts.devices.upkeep.run()
    assert hub.family().devices == ()
    assert hub.parts.devices.discovery.mac_of("192.0.2.1") is None


def test_a_router_that_is_recognised_late_is_no_device_any_more(hub: Hub) -> None:
    seen(hub)
    hub.network.gateways = frozenset({MAC})
    hub.clock.advance(limits.LISTING_SECONDS)
    hub.parts.devices.upkeep.run()
    assert hub.family().devices == ()


def test_what_is_somebodys_already_stays_as_it_is(hub: Hub) -> None:
    child = hub.add_child()
    hub.add_device(child)
    before = device(hub, CHILDS)
    seen(hub, CHILDS, "gotcha")
    assert hub.family().devices == (before,)


# Hostile names


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "\u202egnp.exe", "\x00\x1b[31m", "{{ 7*7 }}"],
)
def test_a_hostname_is_only_a_name(hub: Hub, name: str) -> None:
    hub.add_child()
    hub.parts.devices.discovery.seen(ROUTER, [Seen(MAC, ("192.0.2.20",), name, "dnsmasq")])
    held = device(hub).name
    assert not set(held) & set("\u202e\x00\x1b")
    for path in ("/", "/devices", f"/devices/{device(hub).id}", "/quarantine"):
        page = hub.get(path).text
        assert "<script>alert" not in page
        assert "<img" not in page


def test_a_hostname_of_64_kb_is_cut(hub: Hub) -> None:
    hub.parts.devices.discovery.seen(ROUTER, [Seen(MAC, (), "A" * 65536, "dnsmasq")])
    assert len(device(hub).name) == limits.NAME_CHARACTERS_MAX


def test_a_hostname_that_comes_later_is_taken_until_somebody_names_the_device(hub: Hub) -> None:
    child = hub.add_child()
    seen(hub)
    assert device(hub).name == NEW_NAME
    hub.clock.advance(10)
    seen(hub, hostname="Nintendo Switch")
    assert (device(hub).name, device(hub).kind) == ("Nintendo Switch", "console")
    hub.post(f"/devices/{device(hub).id}/assign", whose=child)
    hub.clock.advance(10)
    seen(hub, hostname="parents-laptop")
    assert device(hub).name == "Nintendo Switch"


@pytest.mark.parametrize(
    ("hint", "kind"), [("Bens-iPhone", "phone"), ("DESKTOP-4711", "computer"), ("bravia", "tv"), ("", "other")]
)
def test_what_it_probably_is(hint: str, kind: str) -> None:
    assert guess_kind(hint) == kind


# Bounds


def test_somebody_who_makes_up_addresses_fills_nothing_and_wears_out_no_disk(hub: Hub) -> None:
    child = hub.add_child()
    assigned = hub.add_device(child)
    sent = len(hub.broker.sent)
    for number in range(1500):
        seen(hub, mac(number), addresses=(f"198.51.{number >> 8}.{number & 255}",))
        hub.clock.advance(1)
    family = hub.family()
    assert len(family.new_devices(hub.clock.wall())) == limits.NEW_DEVICES_MAX
    assert family.device(assigned)
    assert len(hub.broker.sent) - sent < 75  # 1,500 seconds of it
    discovery = hub.parts.devices.discovery
    assert len(discovery._entries) == limits.SIGHTINGS
    assert len(discovery._macs) <= limits.SIGHTINGS * limits.SIGHTING_ADDRESSES


def test_one_device_with_address_after_address_keeps_a_few(hub: Hub) -> None:
    for number in range(100):
        seen(hub, addresses=(f"198.51.100.{number}",))
    discovery = hub.parts.devices.discovery
    assert len(discovery._macs) == limits.SIGHTING_ADDRESSES
    assert discovery.mac_of("198.51.100.99") == MAC
    assert discovery.mac_of("198.51.100.1") is None


def test_thirty_devices_on_the_first_evening_are_one_policy(hub: Hub) -> None:
    hub.add_child()
    sent = len(hub.broker.sent)
    rows = [Seen(mac(number), (), "", "neighbour") for number in range(30)]
    hub.parts.devices.discovery.seen(ROUTER, rows)
    assert len(hub.broker.sent) == sent + 1
    assert len(hub.family().devices) == 30


def test_on_the_first_evening_each_device_works_within_seconds(hub: Hub) -> None:
    hub.add_child()
    for number in range(limits.LISTINGS_AT_ONCE):
        hub.clock.advance(limits.LISTING_SECONDS)
        seen(hub, mac(number))
        assert level(hub, mac(number))[0] == "open", number


def test_what_came_too_fast_is_written_down_seconds_later(hub: Hub) -> None:
    hub.add_child()
    seen(hub, mac(1))
    seen(hub, mac(2))
    assert not hub.family().device_with(mac(2))
    hub.clock.advance(limits.LISTING_SECONDS)
    hub.parts.devices.upkeep.run()
    assert hub.family().device_with(mac(2))


def new(number: int, at: int) -> Device:
    return Device(f"dnew{number:02}", NEW_NAME, (mac(number),), (), "other", first_seen=at, seen=at)


def test_the_one_unseen_longest_makes_room() -> None:
    now = int(EVENING)
    held = tuple(new(number, now - 3600 * number) for number in range(limits.NEW_DEVICES_MAX))
    family = Family((), held, (), ())
    changes = plan(family, [Sighting(mac(99), 0.0, "", False)], now)
    assert [device.macs for device in changes.add] == [(mac(99),)]
    assert [device.id for device in changes.forget] == [held[-1].id]
    # Heard of just now, so the next oldest goes.
    changes = plan(family, [Sighting(mac(99), 0.0, "", False), Sighting(mac(47), 1.0, "", False)], now)
    assert [device.id for device in changes.forget] == [held[-2].id]


@pytest.mark.parametrize(("days", "is_kept"), [(29, True), (31, False)])
def test_a_new_device_is_forgotten_after_thirty_days_unseen(hub: Hub, days: int, is_kept: bool) -> None:
    child = hub.add_child()
    assigned = hub.add_device(child)
    seen(hub)
    hub.clock.advance(days * 86400)
    hub.parts.devices.upkeep.run()
    assert bool(hub.family().device_with(MAC)) is is_kept
    assert hub.family().device(assigned)


def test_a_clock_that_jumps_back_forgets_nothing(hub: Hub) -> None:
    seen(hub)
    hub.clock._wall -= 26 * 365 * 86400
    hub.clock._monotonic += 60
    hub.parts.devices.upkeep.run()
    assert hub.family().device_with(MAC)


def test_a_removed_device_that_is_still_there_is_new_again(hub: Hub) -> None:
    child = hub.add_child()
    seen(hub)
    hub.post(f"/devices/{device(hub).id}/assign", whose=child)
    hub.post(f"/devices/{device(hub).id}/remove")
    assert not hub.family().device_with(MAC)
    hub.clock.advance(5)
    hub.parts.devices.upkeep.run()
    assert device(hub).is_unassigned


# Recognition


def test_me_knows_a_device_behind_another_segment_by_what_the_agent_saw(hub: Hub) -> None:
    child = hub.add_child()
    hub.add_device(child)
    seen(hub, CHILDS, addresses=("198.51.100.7", "2001:db8:7::7"))
    for source in ("198.51.100.7", "2001:db8:7::7", "::ffff:198.51.100.7"):
        answer = hub.get("/me", hub.new_browser(), environ_overrides={"REMOTE_ADDR": source})
        assert "This tablet" in answer.text, source
    hub.clock.advance(limits.SIGHTING_SECONDS + 1)
    answer = hub.get("/me", hub.new_browser(), environ_overrides={"REMOTE_ADDR": "198.51.100.7"})
    assert "cannot see which device this is" in answer.text


def test_an_address_is_the_one_who_was_seen_with_it_last(hub: Hub) -> None:
    seen(hub, mac(1), addresses=("198.51.100.7",))
    seen(hub, mac(2), addresses=("198.51.100.7",))
    assert hub.parts.devices.discovery.mac_of("198.51.100.7") == mac(2)


def test_private_addresses_and_repeaters_are_told(hub: Hub) -> None:
    hub.add_child()
    seen(hub, PRIVATE, addresses=("192.0.2.20", "192.0.2.21", "192.0.2.22", "2001:db8::20"))
    page = hub.get("/devices").text
    assert "may come back as a new device" in page
    assert "it may be a repeater" in page
    assert hub.family().devices[0].has_private_address
    assert not Device("d1", "x", (MAC,), (), "other").has_private_address


# What is sent


def test_a_large_home_still_gets_a_policy_and_drops_only_new_devices(hub: Hub) -> None:
    children = [hub.add_child(f"child {number}") for number in range(3)]
    for number in range(limits.DEVICES_MAX):
        hub.add_device(children[number % 3], f"02:00:5e:30:00:{number:02x}", f"device {number}")
    rows = [Seen(mac(number), (), "", "neighbour") for number in range(limits.NEW_DEVICES_MAX)]
    for row in rows:
        hub.parts.devices.discovery.seen(ROUTER, [row])
        hub.clock.advance(120)
    policy, _ = hub.broker.policy(ROUTER)
    sent = {mac for device in policy.devices for mac in device.macs}
    assert len(hub.family().devices) == limits.DEVICES_MAX + limits.NEW_DEVICES_MAX
    assert len([mac for mac in sent if mac.startswith("02:00:5e:30")]) == limits.DEVICES_MAX
    kept = [number for number in range(limits.NEW_DEVICES_MAX) if mac(number) in sent]
    assert kept
    assert kept == list(range(kept[0], limits.NEW_DEVICES_MAX))  # the oldest went first
    # And there is room for a parent's act all the same.
    assert hub.post(f"/children/{children[0]}/pause", minutes="15").status_code == 303


def test_a_full_disk_is_said_without_names_and_tried_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(edit: object) -> None:
        raise StoreError("no space for Omas-Tablet")

    with monkeypatch.context() as patch:
        patch.setattr(hub.parts.acts, "change", full)
        seen(hub, hostname="Omas-Tablet")
    assert "could not be written down: StoreError" in caplog.text
    assert "Omas" not in caplog.text
    assert MAC not in caplog.text
    hub.clock.advance(limits.LISTING_SECONDS)
    hub.parts.devices.upkeep.run()
    assert device(hub).name == "Omas-Tablet"


def test_no_hint_leaves_the_hub(hub: Hub) -> None:
    hub.add_child()
    seen(hub, hostname="Omas-Tablet")
    assert "Omas" not in str(hub.broker.policy(ROUTER)[0])
    with hub.store.transaction(HOME) as rows:
        assert "192.0.2.20" not in json.dumps([row.document for row in rows.page("devices")])
