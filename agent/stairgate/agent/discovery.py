"""Which devices are on the LAN, as one list: sightings of several witnesses, merged by MAC address.

It decides what a sighting may say (a device's own MAC, usual addresses, a printable name), who is remembered and what
is news. Pure: sightings in, rows out. Looking is left to `neighbours` and `leases`, telling the hub to `outbox`. What a
device calls itself is its own word: it is cleaned here, and still believed by nobody.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, ip_address
from typing import NamedTuple

from stairgate.agent.limits import ADDRESSES_REMEMBERED, DEVICES_SEEN
from stairgate.core.fields import is_address, is_mac
from stairgate.core.limits import HOSTNAME_CHARACTERS, SEEN_ADDRESSES
from stairgate.core.messages import Seen

NEIGHBOUR, DNSMASQ, ODHCPD = "neighbour", "dnsmasq", "odhcpd"
# Who knows a device's name is named as the witness.
_RANKS = {NEIGHBOUR: 0, ODHCPD: 1, DNSMASQ: 2}
_NOBODY = "00:00:00:00:00:00"


class Sighting(NamedTuple):
    """One witness saw one device: `address` and `hostname` may be "". source: NEIGHBOUR, DNSMASQ or ODHCPD."""

    mac: str
    address: str
    hostname: str
    source: str


def clean_hostname(name: str) -> str:
    """What is printable of a name, 63 characters at most: no control characters, no change of direction."""
    return "".join(character for character in name if character.isprintable())[:HOSTNAME_CHARACTERS].strip()


def is_device(mac: str) -> bool:
    """True for the MAC address of one device: neither a group nor nobody."""
    return is_mac(mac) and not int(mac[1], 16) & 1 and mac != _NOBODY


def _is_usual(address: str) -> bool:
    if not is_address(address):
        return False
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return not (ip.is_multicast or ip.is_unspecified or ip.is_loopback)


def _order(address: str) -> tuple[int, bool]:
    """IPv4 first, then IPv6, then what means something on one link only."""
    ip = ip_address(address)
    return (0 if isinstance(ip, IPv4Address) else 1, ip.is_link_local)


class _Device:
    def __init__(self) -> None:
        self.addresses: dict[str, None] = {}  # the last one seen stands last
        self.hostname = ""
        self.source = NEIGHBOUR
        self.is_news = True

    def note_address(self, address: str) -> str:
        """Returns the address that made room, "" for none."""
        if address not in self.addresses:
            self.is_news = True
        self.addresses.pop(address, None)
        self.addresses[address] = None
        if len(self.addresses) <= ADDRESSES_REMEMBERED:
            return ""
        oldest = next(iter(self.addresses))
        del self.addresses[oldest]
        return oldest

    def note_witness(self, source: str, hostname: str) -> None:
        if _RANKS[source] > _RANKS[self.source]:
            self.source = source
            self.is_news = True
        # A witness that knows no name takes none away; of two names the better witness's stays.
        if hostname and hostname != self.hostname and (source == self.source or not self.hostname):
            self.hostname = hostname
            self.is_news = True


class Discovery:
    """The devices seen so far, at most `DEVICES_SEEN`; the one not seen for longest makes room."""

    def __init__(self) -> None:
        self._devices: dict[str, _Device] = {}
        self._owners: dict[str, str] = {}  # address -> the MAC that was last seen with it

    def note(self, sightings: Iterable[Sighting]) -> bool:
        """Merge what was seen. Returns True when a device was among it that was not known."""
        newcomer = False
        for sighting in sightings:
            if not is_device(sighting.mac) or sighting.source not in _RANKS:
                continue
            device = self._devices.pop(sighting.mac, None)
            if device is None:
                newcomer = True
                device = _Device()
                while len(self._devices) >= DEVICES_SEEN:
                    self._forget(next(iter(self._devices)))
            self._devices[sighting.mac] = device
            if _is_usual(sighting.address):
                self._hand_over(sighting.address, sighting.mac)
                self._owners.pop(device.note_address(sighting.address), None)
            device.note_witness(sighting.source, clean_hostname(sighting.hostname))
        return newcomer

    def _forget(self, mac: str) -> None:
        for address in self._devices.pop(mac).addresses:
            self._owners.pop(address, None)

    def _hand_over(self, address: str, mac: str) -> None:
        """An address is one device's at a time: the one that was seen with it last."""
        owner = self._owners.get(address)
        if owner is not None and owner != mac and owner in self._devices:
            self._devices[owner].addresses.pop(address, None)
        self._owners[address] = mac

    def has_news(self) -> bool:
        """True when `news` would return something."""
        return any(device.is_news for device in self._devices.values())

    def news(self, most: int) -> list[Seen]:
        """The devices of which something is new since they were last returned, `most` of them; then it is no news."""
        rows: list[Seen] = []
        for mac, device in self._devices.items():
            if device.is_news and len(rows) < most:
                device.is_news = False
                rows.append(_row(mac, device))
        return rows

    def everything(self) -> list[Seen]:
        """All devices, the last one seen at the end; none of it is news afterwards."""
        for device in self._devices.values():
            device.is_news = False
        return [_row(mac, device) for mac, device in self._devices.items()]


def _row(mac: str, device: _Device) -> Seen:
    latest = list(device.addresses)[-SEEN_ADDRESSES:]
    return Seen(mac, tuple(sorted(latest, key=_order)), device.hostname, device.source)
