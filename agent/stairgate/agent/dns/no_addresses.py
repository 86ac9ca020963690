"""The fake beside the seam to the kernel's address sets: it remembers what it was told, within a bound.

It decides nothing. For tests, and for the process on loopback, where there is no gate. See service.Addresses.
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence

from stairgate.agent.dns.devices import Profile

REMEMBERED = 64


class NoAddresses:
    """See service.Addresses. told: (device, name, tags, addresses, ttl) of the last answers. profiles, tags_of: of the
    last change.
    """

    def __init__(self) -> None:
        self.told: deque[tuple[str, str, tuple[str, ...], tuple[bytes, ...], int]] = deque(maxlen=REMEMBERED)
        self.profiles: tuple[Profile, ...] = ()
        self.tags_of: Callable[[str], Sequence[str]] | None = None

    def answered(self, device: Profile, name: str, tags: Sequence[str], addresses: Sequence[bytes], ttl: int) -> None:
        """See service.Addresses."""
        self.told.append((device.device, name, tuple(tags), tuple(addresses), ttl))

    def policy_changed(
        self,
        profiles: Sequence[Profile],
        everyone: Collection[str] = (),
        tags_of: Callable[[str], Sequence[str]] | None = None,
    ) -> None:
        """See service.Addresses."""
        self.profiles, self.tags_of = tuple(profiles), tags_of
