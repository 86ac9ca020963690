"""Whatever the rules and whatever a device calls itself: a new address gains a child nothing, a name stays text."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stairgate.core.decide import decide
from stairgate.core.messages import Seen
from stairgate.hub import limits, outlook
from stairgate.hub.compile import Reachable, compile_policy
from stairgate.hub.discovery import Sighting, guess_kind, plan
from stairgate.hub.family import DEVICE_KINDS, Device, Family, Override, Person, Week
from stairgate.hub.plain_text import clean_name
from stairgate.hub.quarantine import would_lose
from tests.unit.hub.conftest import EVENING, Hub

NOW = int(EVENING)
HUB = Reachable(("02:00:5e:10:00:f0",), ("192.0.2.5",), 8080)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")


@st.composite
def families(draw: st.DrawFn) -> Family:
    """One to four children, each with a device of their own, bedtimes and exceptions; and a new device."""
    count = draw(st.integers(1, 4))
    people = tuple(Person(f"p{n}", f"n{n}", "6-9", draw(st.sampled_from(ZONES))) for n in range(count))
    devices = [Device(f"d{n}", "x", (f"02:00:5e:10:00:{n:02x}",), (f"p{n}",), "phone") for n in range(count)]
    minutes = st.integers(0, 1439)
    weeks = tuple(
        Week(f"w{n}{m}", f"p{n}", draw(st.integers(1, 127)), draw(minutes), draw(minutes))
        for n in range(count)
        for m in range(draw(st.integers(0, 2)))
    )
    overrides = []
    for n in range(count):
        for kind in draw(st.lists(st.sampled_from(("pause", "bonus")), max_size=2, unique=True)):
            start = NOW + draw(st.integers(-7200, 7200))
            until = start + draw(st.integers(1, 7200))
            overrides.append(Override(f"o{n}{kind}", f"p{n}", kind, start, until, 30, "parent"))
    new = Device("dnew", "New device", ("3c:22:fb:00:00:01",), (), "other", first_seen=NOW)
    return Family(people, (*devices, new), weeks, tuple(overrides), draw(st.booleans()))


@settings(max_examples=150, deadline=timedelta(seconds=5))
@given(families(), st.integers(0, 3 * 86400))
def test_a_new_address_is_never_open_where_some_child_is_closed(family: Family, later: int) -> None:
    policy = compile_policy(family, "hhome", "rrouter", NOW, NOW, HUB)
    moment = NOW + later
    levels = {device.id: decide(policy, device.id, moment, {}).level for device in policy.devices}
    children = [level for device, level in levels.items() if device != "dnew"]
    assert levels["dnew"] == ("closed" if family.new_closed or "closed" in children else "open")


@settings(max_examples=60, deadline=timedelta(seconds=5))
@given(families())
def test_the_preview_is_the_difference_that_closing_makes(family: Family) -> None:
    lost = {device.id for device in would_lose(family, NOW)}
    opened = Family(family.people, family.devices, family.weeks, family.overrides, False)
    was_open = outlook.of_everybody(opened, NOW)["dnew"].level != "closed"
    assert lost == ({"dnew"} if was_open else set())


@given(st.text(max_size=300))
def test_a_hint_is_printable_and_short_whatever_a_device_calls_itself(hostname: str) -> None:
    hint = clean_name(hostname)
    (device,) = plan(Family((), (), (), ()), [Sighting("3c:22:fb:00:00:01", 0.0, hint, False)], NOW).add
    assert 0 < len(device.name) <= limits.NAME_CHARACTERS_MAX
    assert device.name == clean_name(device.name)
    assert guess_kind(hint) in DEVICE_KINDS


@settings(max_examples=60, deadline=timedelta(seconds=5))
@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 40 * 86400)), max_size=90), st.integers(0, 60))
def test_a_plan_keeps_the_bounds_and_every_device_once(seen: list[tuple[int, int]], held: int) -> None:
    by_mac = {f"3c:22:fb:00:00:{number:02x}": float(age) for number, age in seen}
    sightings = [Sighting(mac, age, "", False) for mac, age in by_mac.items()]
    devices = tuple(
        Device(f"d{n:02}", "New device", (f"3c:22:fb:00:00:{n:02x}",), (), "other", first_seen=NOW - n, seen=NOW - n)
        for n in range(held)
    )
    changes = plan(Family((), devices, (), ()), sightings, NOW)
    gone = {device.id for device in changes.forget}
    kept = [device for device in (*devices, *changes.add) if device.id not in gone]
    macs = [mac for device in kept for mac in device.macs]
    assert len(kept) <= limits.NEW_DEVICES_MAX
    assert len(macs) == len(set(macs))
    assert not gone & {device.id for device in (*changes.add, *changes.refresh)}


@settings(max_examples=80, deadline=timedelta(seconds=5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 9), st.lists(st.integers(0, 19), max_size=6)), max_size=60))
def test_every_address_is_one_devices_whatever_is_told(
    monkeypatch: pytest.MonkeyPatch, told: list[tuple[int, list[int]]]
) -> None:
    hub = Hub()
    discovery = hub.parts.devices.discovery
    with monkeypatch.context() as patch:
        patch.setattr(limits, "SIGHTINGS", 6)
        patch.setattr(limits, "SIGHTING_ADDRESSES", 4)
        last: dict[str, str] = {}
        for number, addresses in told:
            mac = f"3c:22:fb:00:01:{number:02x}"
            texts = tuple(f"192.0.2.{address}" for address in addresses)
            discovery.seen("rrouter", [Seen(mac, texts, "", "neighbour")])
            last |= dict.fromkeys(texts[:4], mac)
        held = {address: mac for mac, entry in discovery._entries.items() for address in entry.addresses}
        assert held == discovery._macs
        assert held.items() <= last.items()
        assert len(discovery._entries) <= 6
        assert all(len(entry.addresses) <= 4 for entry in discovery._entries.values())
    hub.store.close()
