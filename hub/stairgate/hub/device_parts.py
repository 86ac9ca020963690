"""The parts of a hub that know devices, put together once: what was seen, whose it is, what is over.

It decides only what is made of what; `parts` holds the result beside the rest of the hub.
"""

from dataclasses import dataclass

from stairgate.hub.acts import Acts
from stairgate.hub.arrivals import Arrivals
from stairgate.hub.asking import Asks
from stairgate.hub.assignment import Assignment
from stairgate.hub.childs_device import ChildsDevice
from stairgate.hub.clock import Clock
from stairgate.hub.discovery import Discovery
from stairgate.hub.network import Network
from stairgate.hub.parents import Parents
from stairgate.hub.quarantine import Quarantine
from stairgate.hub.store import Store
from stairgate.hub.upkeep import Upkeep


@dataclass(frozen=True)
class DeviceParts:
    """Everything about devices that pages and the exchange with the agents share."""

    discovery: Discovery
    asks: Asks
    assignment: Assignment
    quarantine: Quarantine
    arrivals: Arrivals
    childs_device: ChildsDevice
    upkeep: Upkeep


def build_devices(store: Store, home: str, acts: Acts, clock: Clock, network: Network, parents: Parents) -> DeviceParts:
    """The device parts of one home."""
    discovery = Discovery(store, home, acts, clock, network)
    asks = Asks(clock)
    assignment = Assignment(acts, asks, clock, parents.zone)
    quarantine = Quarantine(acts, clock)
    return DeviceParts(
        discovery=discovery,
        asks=asks,
        assignment=assignment,
        quarantine=quarantine,
        arrivals=Arrivals(discovery, asks, parents.secret),
        childs_device=ChildsDevice(store, home, clock, discovery),
        upkeep=Upkeep((quarantine.sweep, assignment.sweep, discovery.look)),
    )
