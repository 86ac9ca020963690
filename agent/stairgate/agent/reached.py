"""What devices with `reach` lines tried, by device and UTC day: names that they asked for, addresses that were refused.

It decides what is told of it: so many places of a device and day by name, all others as one count, and each row again
only when it has grown. Names come from the filter (`asked`), addresses from the gate's counting sets, of which only
those of the internet are told. In memory only: after a restart the day's counts begin at 0, and the hub keeps the
larger ones.
"""

from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address

from stairgate.agent.asked import AskedRow
from stairgate.agent.limits import PLACES_A_DAY
from stairgate.agent.routed import is_routed
from stairgate.core.observed import REFUSED, Reached
from stairgate.core.zone import DAY_SECONDS

MAC_BYTES, KEY_HEAD = 6, 8  # of a key of the sets: a MAC address in whole registers

Place = tuple[str, int, str, str]


class ReachedBook:
    """Call `asked` and `tried` with what came, and `news` for what is to be told."""

    def __init__(self) -> None:
        # Times and the second of the last one, by device, day, verdict and where.
        self._places: dict[Place, tuple[int, int]] = {}
        self._untold: dict[Place, None] = {}
        self._packets: dict[bytes, int] = {}

    def asked(self, rows: Iterable[AskedRow], utc: int) -> None:
        """The filter was asked for these names."""
        for row in rows:
            self._note(row.device, row.where, row.verdict, row.times, utc)

    def tried(self, counts: Mapping[bytes, int], devices: Mapping[bytes, str], utc: int) -> None:
        """All that the kernel has counted: packets by device and address. devices: by MAC address."""
        before, self._packets = self._packets, dict(counts)
        for key, packets in counts.items():
            # A pair that ended and began anew counts from 0.
            new = packets - before.get(key, 0) if packets >= before.get(key, 0) else packets
            device, address = devices.get(key[:MAC_BYTES], ""), key[KEY_HEAD:]
            if new and device and is_routed(address):
                self._note(device, str(ip_address(address)), REFUSED, new, utc)

    def keep(self, devices: Collection[str]) -> None:
        """Forget all others."""
        self._places = {place: held for place, held in self._places.items() if place[0] in devices}
        self._untold = {place: None for place in self._untold if place in self._places}

    def tell_all(self) -> None:
        """What was told before may not have arrived."""
        self._untold = dict.fromkeys(self._places)

    def news(self, most: int) -> list[Reached]:
        """The rows that have grown since they were told, at most so many."""
        told = list(self._untold)[:most]
        for place in told:
            del self._untold[place]
        return [
            Reached(device, where, verdict, day, *self._places[device, day, verdict, where])
            for device, day, verdict, where in told
        ]

    def _note(self, device: str, where: str, verdict: str, times: int, utc: int) -> None:
        day = utc // DAY_SECONDS
        place = (device, day, verdict, where)
        if place not in self._places:
            self._forget_before(day - 1)
            if sum(held[:2] == (device, day) for held in self._places) >= PLACES_A_DAY:
                place = (device, day, REFUSED, "")
        self._places[place] = (self._places.get(place, (0, 0))[0] + times, utc)
        self._untold[place] = None

    def _forget_before(self, day: int) -> None:
        old = [place for place in self._places if place[1] < day]
        for place in old:
            del self._places[place]
            self._untold.pop(place, None)
