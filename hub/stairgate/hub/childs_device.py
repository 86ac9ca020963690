"""Whether a parent's pages may open on the device that asks: not on a child's, where a session could be found open.

A hardware address can be borrowed, so this never gives anybody anything, it only refuses. A family whose devices
are all children's is not locked out: where no grown-up's device was seen for 30 days, the password opens the pages
for a quarter of an hour.
"""

from stairgate.hub import limits
from stairgate.hub.clock import Clock
from stairgate.hub.discovery import Discovery
from stairgate.hub.family import Device, from_row
from stairgate.hub.store import Store

OPEN, PASSWORD, REFUSED = "open", "password", "refused"


class ChildsDevice:
    """Asks the family and what was seen."""

    def __init__(self, store: Store, home: str, clock: Clock, discovery: Discovery) -> None:
        self._store = store
        self._home = home
        self._clock = clock
        self._discovery = discovery

    def verdict(self, address: str, signed_in_at: float | None) -> str:
        """`open`, `password` (signed in too long ago for a child's device) or `refused`, for a source address.

        signed_in_at: wall seconds of the sign-in, None for a visitor.
        """
        mac = self._discovery.mac_of(address)
        if not mac or not self._is_childs(mac):
            return OPEN
        if self._discovery.grown_up_seen():
            return REFUSED
        if signed_in_at is not None and 0 <= self._clock.wall() - signed_in_at < limits.STEP_UP_SECONDS:
            return OPEN
        return PASSWORD

    def _is_childs(self, mac: str) -> bool:
        with self._store.transaction(self._home) as rows:
            devices = [from_row(Device, row) for row in rows.find("devices", "macs", mac)]
        return any(device.persons and "exempt" not in device.flags for device in devices)
