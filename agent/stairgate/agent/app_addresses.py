"""Which addresses stand for one app, and which of them are cut for which device.

It decides that an address means an app only while every name that led to it serves that app alone and says so (the tag
`dedicated`), and that a device loses an address it was given once the name that led there is refused to it. What is
written into the kernel for that is left to `addresses`.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from stairgate.agent.limits import (
    APP_ADDRESSES,
    BLOCKED_SECONDS,
    DEVICE_ADDRESSES,
    HOME_ADDRESSES,
    ORDINARY_ADDRESSES,
)
from stairgate.agent.pair_book import PairBook

DEDICATED = "dedicated"


class Cause(NamedTuple):
    """What led a device to an address: a name and its tags."""

    name: str
    tags: tuple[str, ...]


class Cut(NamedTuple):
    """A pair to be refused from now on, or no longer."""

    device: str
    address: bytes
    is_cut: bool


# Whether a device is refused a name with these tags now.
Judge = Callable[[str, Cause], bool]


class AppAddresses:
    """cut: for each device the addresses that are refused to it, and since when (monotonic seconds)."""

    def __init__(self) -> None:
        # Two memories: names that anybody can make up by the thousand must not push an app's addresses out.
        self._apps: dict[bytes, tuple[str, ...]] = {}
        self._ordinary: dict[bytes, None] = {}
        self._given: PairBook[Cause] = PairBook(DEVICE_ADDRESSES, HOME_ADDRESSES)
        self.cut: dict[str, dict[bytes, float]] = {}

    def stands_for(self, address: bytes) -> bool:
        """Whether an address stands for one app, as far as is known."""
        return address in self._apps

    def ordinary(self, addresses: Sequence[bytes]) -> list[Cut]:
        """A name that is no app's own leads to these addresses."""
        changes: list[Cut] = []
        ordinary = self._ordinary
        for address in addresses:
            ordinary[address] = None
            if address in self._apps:
                changes += self._shared(address)
        while len(ordinary) > ORDINARY_ADDRESSES:
            del ordinary[next(iter(ordinary))]
        return changes

    def dedicated(self, device: str, cause: Cause, addresses: Sequence[bytes]) -> list[Cut]:
        """A name of one app leads to these addresses, and this device is told."""
        changes: list[Cut] = []
        for address in addresses:
            known = self._apps.pop(address, cause.tags)
            if address in self._ordinary:
                continue
            self._apps[address] = known
            if known != cause.tags:
                changes += self._shared(address)
                continue
            if device:
                for gone in self._given.put(device, address, cause):
                    changes += self._mend(gone.device, gone.address)
                changes += self._mend(device, address)
        while len(self._apps) > APP_ADDRESSES:
            oldest = next(iter(self._apps))
            del self._apps[oldest]
            changes += self._mend_all(oldest)
        return changes

    def judged(self, devices: Sequence[str], refused: Judge, now: float) -> list[Cut]:
        """Every pair as it is to be now, those written long ago once more. devices: all there are."""
        changes: list[Cut] = []
        for device in {*self._given.by_device, *self.cut} - set(devices):
            changes += self.forget(device)
        for device in devices:
            cut = self.cut.get(device, {})
            for address, cause in self._given.of(device):
                if not (address in self._apps and refused(device, cause)):
                    changes += self._mend(device, address)
                elif now >= cut.get(address, float("-inf")) + BLOCKED_SECONDS / 2:
                    self.cut.setdefault(device, {})[address] = now
                    changes.append(Cut(device, address, True))
        return changes

    def forget(self, device: str) -> list[Cut]:
        """A device has left, or has other MAC addresses."""
        self._given.drop(device)
        return [Cut(device, address, False) for address in self.cut.pop(device, {})]

    def _shared(self, address: bytes) -> list[Cut]:
        self._apps.pop(address, None)
        self._ordinary[address] = None
        return self._mend_all(address)

    def _mend_all(self, address: bytes) -> list[Cut]:
        return [change for device in list(self.cut) for change in self._mend(device, address)]

    def _mend(self, device: str, address: bytes) -> list[Cut]:
        cut = self.cut.get(device, {})
        if address not in cut:
            return []
        del cut[address]
        if not cut:
            del self.cut[device]
        return [Cut(device, address, False)]
