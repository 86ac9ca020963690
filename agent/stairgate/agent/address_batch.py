"""Changes to our sets of addresses, put together before they are written: which sets, which keys, how long.

It decides how a device's addresses are keyed; what is recorded and cut is left to `addresses`.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from stairgate.agent import gate
from stairgate.agent.gate import SetName
from stairgate.agent.limits import DEVICE_MACS
from stairgate.agent.set_elements import SetChange
from stairgate.core.filtering import Names

# By the bytes of an address.
RESOLVED = {4: gate.RESOLVED4, 16: gate.RESOLVED6}
LISTED = {4: gate.LIMITED4, 16: gate.LIMITED6}
EPDG = {4: gate.EPDG4, 16: gate.EPDG6}
CUT = {4: (gate.BLOCKED4, gate.BRIDGE_BLOCKED4), 16: (gate.BLOCKED6, gate.BRIDGE_BLOCKED6)}
OURS = (*RESOLVED.values(), *LISTED.values(), *EPDG.values(), *CUT[4], *CUT[16])


class Profile(Protocol):
    """What is asked of a device (`dns.devices.Profile`)."""

    @property
    def device(self) -> str:
        """Its id, "" for one that nobody knows."""

    @property
    def macs(self) -> tuple[bytes, ...]:
        """Its MAC addresses."""

    @property
    def persons(self) -> tuple[Names, ...]:
        """The filters of its persons."""

    @property
    def level(self) -> str:
        """Its level now."""

    @property
    def flags(self) -> tuple[str, ...]:
        """Of the policy."""

    @property
    def reach(self) -> frozenset[str]:
        """The only names that it resolves, each with all below it; none: there is no such limit."""

    @property
    def exempt(self) -> bool:
        """No rule closes it."""


class Known(NamedTuple):
    """A device under rules about addresses. resolved: it reaches only what it was told; lists: it has a list."""

    profile: Profile
    macs: tuple[bytes, ...]
    resolved: bool
    lists: bool


class Batch:
    """Changes of sets, collected before they are written: the last word about an element counts."""

    def __init__(self) -> None:
        self.changes: dict[SetName, dict[bytes, int | None]] = {}
        self._fresh: set[bytes] = set()

    def put(self, name: SetName, keys: Sequence[bytes], seconds: float, fresh: bool = False) -> None:
        """Elements with the time they have. fresh: no set of ours holds such a key; adding them once is enough."""
        self.changes.setdefault(name, {}).update(dict.fromkeys(keys, int(seconds * 1000)))
        if fresh:
            self._fresh.update(keys)

    def remove(self, name: SetName, keys: Sequence[bytes]) -> None:
        """Elements that are to go, whether they are there or not."""
        self.changes.setdefault(name, {}).update(dict.fromkeys(keys))

    def set_changes(self) -> list[SetChange]:
        """For `AddressSets.commit`."""
        return [
            SetChange(
                name,
                {key: left for key, left in elements.items() if left is not None},
                frozenset(key for key, left in elements.items() if left is None),
                frozenset(self._fresh),
            )
            for name, elements in self.changes.items()
        ]


def known_of(profile: Profile) -> Known:
    """A device of the policy. The limited level lets through what is on the list of each of its persons."""
    lists = bool(profile.persons) and all(person.only for person in profile.persons)
    return Known(profile, profile.macs[:DEVICE_MACS], "resolved_only" in profile.flags, lists)


def keys_of(known: Known, address: bytes) -> list[bytes]:
    """Elements for a device's MAC addresses: each part of a key fills whole registers of four bytes."""
    return [mac + b"\0\0" + address for mac in known.macs]
