"""Which devices are on the network: what agents and the hub's own neighbour table tell, and who is new.

It keeps addresses in RAM and decides which hardware addresses become devices of nobody, and which of those are
forgotten. What a device of nobody may do is `compile`'s part, whose it becomes a parent's. A neighbour can lie
about its address and its name: both are hints, never a proof.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import NamedTuple

from stairgate.core.messages import Seen
from stairgate.hub import limits
from stairgate.hub.acts import Acts, new_id
from stairgate.hub.clock import Clock
from stairgate.hub.family import Device, Family, read_family, remove, write
from stairgate.hub.issue import PolicyTooLarge
from stairgate.hub.language import N_, _
from stairgate.hub.network import Network, plain_address
from stairgate.hub.plain_text import clean_name, read_mac
from stairgate.hub.store import Store, StoreError, Transaction

#: What a device of no name is called; it is kept in English and shown in the language of a page.
NEW_NAME = N_("New device")
_DAY = 86400
_SETTINGS = "grown_ups"
_KINDS = {
    "phone": ("iphone", "phone", "pixel", "galaxy", "oneplus", "redmi"),
    "tablet": ("ipad", "tablet", "tab-", "kindle"),
    "console": ("nintendo", "switch", "playstation", "ps4", "ps5", "xbox", "steamdeck"),
    "tv": ("tv", "chromecast", "roku", "firestick", "bravia"),
    "computer": ("laptop", "macbook", "imac", "desktop", "thinkpad", "chromebook", "-pc", "notebook"),
}
_log = logging.getLogger(__name__)


class Sighting(NamedTuple):
    """One hardware address as it was seen. `age`: seconds since the last time; `hint`: a cleaned name or empty."""

    mac: str
    age: float
    hint: str
    is_repeater: bool


class _Entry:
    def __init__(self) -> None:
        self.at = 0.0
        self.hint = ""
        self.addresses: OrderedDict[str, float] = OrderedDict()  # address -> when it was told


class Plan(NamedTuple):
    """What the stored devices need: new ones, ones to forget, ones to write again."""

    add: tuple[Device, ...]
    forget: tuple[Device, ...]
    refresh: tuple[Device, ...]


class Discovery:
    """What is known of the devices on one home's network. Safe for threads."""

    def __init__(self, store: Store, home: str, acts: Acts, clock: Clock, network: Network) -> None:
        self._store = store
        self._home = home
        self._acts = acts
        self._clock = clock
        self._network = network
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()  # unseen longest first
        self._macs: dict[str, str] = {}  # network address -> hardware address
        self._listed_at = -float("inf")
        self._listings_left = float(limits.LISTINGS_AT_ONCE)

    def seen(self, agent: str, rows: Sequence[Seen]) -> None:
        """An agent has seen these devices; new ones are written down at once unless that happens too often."""
        with self._lock:
            excluded = self._network.infrastructure()
            for row in rows:
                self._take(row.mac, row.addresses, row.hostname, excluded)
        self._write_down()

    def look(self) -> None:
        """Take the hub's own neighbours, and write down what is due. Called every few seconds."""
        with self._lock:
            neighbours = self._network.live_neighbours()
            excluded = self._network.infrastructure()  # after them: a gateway that is among them is known by now
            for address, mac in neighbours.items():
                self._take(mac, (address,), "", excluded)
        self._write_down()
        self._note_grown_ups()

    def mac_of(self, address: str) -> str | None:
        """The hardware address behind a source address, as the hub or an agent has seen it, else None.

        Never the hub's own or a router's: behind such an address there is more than one device.
        """
        mac = self._network.mac_of(address)
        if mac is None:
            with self._lock:
                mac = self._macs.get(plain_address(address))
                entry = self._entries.get(mac) if mac else None
                told = entry.addresses.get(plain_address(address)) if entry else None
                if told is None or self._clock.monotonic() - told > limits.SIGHTING_SECONDS:
                    mac = None
        return None if mac in self._network.infrastructure() else mac

    def sighting(self, mac: str) -> Sighting | None:
        """What was seen of a device since the hub started, or None."""
        with self._lock:
            entry = self._entries.get(mac)
            return self._sighting(mac, entry) if entry else None

    def grown_up_seen(self) -> bool:
        """True when a device without rules was seen in the last 30 days."""
        with self._store.transaction(self._home) as rows:
            row = rows.get("settings", _SETTINGS)
            if not any("exempt" in device.flags for device in read_family(rows).devices):
                return False
        return row is not None and abs(self._clock.wall() - row.document["seen"]) <= limits.GROWN_UP_SECONDS

    def _take(self, mac: str, addresses: Sequence[str], hostname: str, excluded: Collection[str]) -> None:
        if read_mac(mac) != mac or mac in excluded:
            return
        now = self._clock.monotonic()
        entry = self._entries.setdefault(mac, _Entry())
        self._entries.move_to_end(mac)
        entry.at = now
        entry.hint = clean_name(hostname) or entry.hint
        for text in addresses[: limits.SIGHTING_ADDRESSES]:
            address = plain_address(text)
            if not address or not _is_of_one_device(address):
                continue
            if (before := self._macs.get(address)) not in (None, mac):
                self._entries[str(before)].addresses.pop(address, None)
            self._macs[address] = mac
            entry.addresses[address] = now
            entry.addresses.move_to_end(address)
        while len(entry.addresses) > limits.SIGHTING_ADDRESSES:
            del self._macs[entry.addresses.popitem(last=False)[0]]
        while len(self._entries) > limits.SIGHTINGS:
            for address in self._entries.popitem(last=False)[1].addresses:
                del self._macs[address]

    def _sighting(self, mac: str, entry: _Entry) -> Sighting:
        now = self._clock.monotonic()
        recent = [
            address for address, at in entry.addresses.items() if "." in address and now - at < limits.REPEATER_SECONDS
        ]
        return Sighting(mac, now - entry.at, entry.hint, len(recent) >= limits.REPEATER_ADDRESSES)

    def _write_down(self) -> None:
        now = self._clock.monotonic()
        with self._lock:
            passed = now - self._listed_at
            left = min(limits.LISTINGS_AT_ONCE, self._listings_left + passed / limits.LISTING_SECONDS_LATER)
            if passed < limits.LISTING_SECONDS or left < 1:
                return
            excluded = self._network.infrastructure()
            sightings = [self._sighting(mac, entry) for mac, entry in self._entries.items() if mac not in excluded]

        def planned(rows: Transaction) -> Plan:
            return plan(read_family(rows), sightings, self._clock.wall(), excluded)

        try:
            with self._store.transaction(self._home) as rows:
                changes = planned(rows)
            if not any(changes):
                return
            with self._lock:
                self._listed_at, self._listings_left = now, left - 1
            self._acts.change(lambda rows: _apply(rows, planned(rows)))
        except (StoreError, PolicyTooLarge) as problem:
            _log.error("new devices could not be written down: %s", type(problem).__name__)

    def _note_grown_ups(self) -> None:
        """Keep the day on which some grown-up's device was seen last: one number for the home, of no device."""
        with self._lock:
            fresh = {mac for mac, entry in self._entries.items() if self._clock.monotonic() - entry.at < _DAY}
        try:
            with self._store.transaction(self._home) as rows:
                devices = [device for device in read_family(rows).devices if "exempt" in device.flags]
                row = rows.get("settings", _SETTINGS)
                day = int(self._clock.wall() // _DAY) * _DAY
                is_here = any(mac in fresh for device in devices for mac in device.macs)
                if is_here and (row is None or row.document["seen"] != day):
                    rows.put("settings", _SETTINGS, {"seen": day})
        except StoreError as problem:
            _log.error("the day a grown-up’s device was seen could not be written down: %s", type(problem).__name__)


def plan(family: Family, sightings: Sequence[Sighting], now: float, excluded: Collection[str] = ()) -> Plan:
    """Which devices of nobody appear, go and change, from the family and what was seen; `now` in UTC seconds.

    At most 48 are kept, those seen last; after 30 days unseen a device is forgotten. excluded: hardware addresses
    that turned out to be no device of the family.
    """
    by_mac = {sighting.mac: sighting for sighting in sightings}
    known = {mac for device in family.devices for mac in device.macs}
    held = list(family.new_devices(now))
    seen = {device.id: _last_seen(device, by_mac, now) for device in held}
    add = []
    for sighting in sightings:
        if sighting.mac not in known and sighting.age <= limits.RELISTED_SECONDS:
            at = int(now - sighting.age)
            kind = guess_kind(sighting.hint)
            device = Device(
                new_id("d"), sighting.hint or NEW_NAME, (sighting.mac,), (), kind, first_seen=int(now), seen=at
            )
            seen[device.id] = at
            add.append(device)
    forget = [
        device
        for device in held
        if now - seen[device.id] > limits.NEW_DEVICE_SECONDS_MAX or not set(device.macs).isdisjoint(excluded)
    ]
    kept = sorted(
        (device for device in [*held, *add] if device not in forget), key=lambda device: (-seen[device.id], device.id)
    )
    dropped = {device.id for device in kept[limits.NEW_DEVICES_MAX :]}
    forget += [device for device in held if device.id in dropped]
    gone = {device.id for device in forget}
    refresh = []
    for device in held:
        hint = next((by_mac[mac].hint for mac in device.macs if mac in by_mac), "")
        is_named = bool(hint) and device.name == NEW_NAME
        if device.id not in gone and (is_named or seen[device.id] - device.seen >= _DAY):
            name, kind = (hint, guess_kind(hint)) if is_named else (device.name, device.kind)
            refresh.append(replace(device, name=name, kind=kind, seen=seen[device.id]))
    return Plan(tuple(device for device in add if device.id not in dropped), tuple(forget), tuple(refresh))


def shown_name(name: str) -> str:
    """How a page calls a device: by its name, which for one of no name is put into the language."""
    return _(NEW_NAME) if name == NEW_NAME else name


def kept_name(shown: str) -> str:
    """The name to keep for one that came back from a page."""
    return NEW_NAME if shown == _(NEW_NAME) else shown


def guess_kind(hint: str) -> str:
    """What a device probably is by the name it gives itself: a suggestion for a form."""
    lower = hint.lower()
    return next((kind for kind, marks in _KINDS.items() if any(mark in lower for mark in marks)), "other")


def _last_seen(device: Device, by_mac: dict[str, Sighting], now: float) -> int:
    ages = [by_mac[mac].age for mac in device.macs if mac in by_mac]
    # A time from a clock that ran ahead must not keep a device for ever.
    return max([min(device.seen, int(now)), *(int(now - age) for age in ages)])


def _apply(rows: Transaction, changes: Plan) -> None:
    for device in changes.forget:
        rows.delete("acts", device.id)
        remove(rows, device)
    for device in (*changes.add, *changes.refresh):
        write(rows, device)


def _is_of_one_device(address: str) -> bool:
    parsed = ip_address(address)
    # Link-local addresses mean something else on each segment; the hub's own table tells those of its own.
    return not (
        parsed.is_multicast
        or parsed.is_loopback
        or parsed.is_unspecified
        or parsed.is_link_local
        or address == "255.255.255.255"
    )
