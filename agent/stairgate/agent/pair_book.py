"""What is remembered for pairs of device and address, within two bounds: the least recently used goes first.

It decides which pair goes when there are too many. What a pair stands for is left to `addresses`.
"""

from typing import Generic, NamedTuple, TypeVar

Value = TypeVar("Value")


class Gone(NamedTuple, Generic[Value]):
    """A pair that is no longer remembered."""

    device: str
    address: bytes
    value: Value


class PairBook(Generic[Value]):
    """a_device, a_home: how many pairs at most. by_device: the pairs of each, the least recently used first."""

    def __init__(self, a_device: int, a_home: int) -> None:
        self._a_device, self._a_home = a_device, a_home
        self._count = self._uses = 0
        self.by_device: dict[str, dict[bytes, Value]] = {}
        # When the oldest pair of a device was used is not known better than by its newest one: a device that asks much
        # loses its own pairs first, for its bound is far below the home's.
        self._used: dict[str, int] = {}

    def __len__(self) -> int:
        return self._count

    def put(self, device: str, address: bytes, value: Value) -> list[Gone[Value]]:
        """Remember a pair as just used; returns those that had to go for it."""
        pairs = self.by_device.setdefault(device, {})
        if address in pairs:
            del pairs[address]
        else:
            self._count += 1
        pairs[address] = value
        self._uses += 1
        self._used[device] = self._uses
        gone = []
        if len(pairs) > self._a_device:
            gone.append(self._oldest(device))
        while self._count > self._a_home:
            gone.append(self._oldest(min(self._used, key=self._used.__getitem__)))
        return gone

    def _oldest(self, device: str) -> Gone[Value]:
        address = next(iter(self.by_device[device]))
        return Gone(device, address, self.pop(device, address))

    def pop(self, device: str, address: bytes) -> Value:
        """Remember a pair no longer. Raises KeyError."""
        pairs = self.by_device[device]
        value = pairs.pop(address)
        self._count -= 1
        if not pairs:
            del self.by_device[device], self._used[device]
        return value

    def of(self, device: str) -> list[tuple[bytes, Value]]:
        """The pairs of a device, as they are now."""
        return list(self.by_device.get(device, {}).items())

    def drop(self, device: str) -> list[Gone[Value]]:
        """Remember nothing of a device any longer; returns what there was."""
        return [Gone(device, address, self.pop(device, address)) for address, _ in self.of(device)]
