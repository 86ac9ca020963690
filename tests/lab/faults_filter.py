"""Faults of the filter's process: it is killed while the family is online and while a parent taps.

They decide what ends the process. The promise: names of the family's devices stop and come back, nobody else's do, the
page says so while it is so, and a tap closes all the same.
"""

import contextlib
import os
import signal
from pathlib import Path

from tests.lab import network
from tests.lab.bypass_queries import by_datagram
from tests.lab.bypass_wire import A, question
from tests.lab.fault_home import FaultHome, demand
from tests.lab.processes import wait_until

TIMES = 3
NAME = "www.example.org"
UNAVAILABLE = "does not answer"


def filter_pid(house: FaultHome) -> int:
    """The filter's process: the agent's child, once it is there."""

    def found() -> int:
        tasks = Path(f"/proc/{house.home.program('agent').pid}/task")
        for children in tasks.glob("*/children"):
            for child in map(int, children.read_text().split()):
                if b"stairgate.agent.dns" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return child
        return 0

    return wait_until("the filter", found)


def is_answered(namespace: str) -> bool:
    """True when a device hears anything from the router about a name."""
    with network.inside(namespace), contextlib.suppress(OSError):
        return bool(by_datagram(question(NAME, A), network.ROUTER_V4))
    return False


def filter_killed(house: FaultHome) -> int:
    """The filter is killed while a parent taps: the tap closes, a parent's device finds names, and it comes back."""
    house.stream(house.mia)
    for _ in range(TIMES):
        wait_until("names", lambda: is_answered("laptop"))
        killed = filter_pid(house)
        os.kill(killed, signal.SIGKILL)
        demand(is_answered("tablet"), "a parent's device finds no names")
        house.pause(house.mia)
        house.wait_applied()
        house.must_be_closed(house.mia)
        demand(house.is_shut(house.mia), "a tap while the filter was away did not close")
        house.end_exceptions(house.mia)
        house.wait_applied()
        wait_until("names again", lambda: is_answered("laptop"))
        demand(filter_pid(house) != killed, "it was not killed: no fault")
    wait_until("no complaint", lambda: not house.shows(UNAVAILABLE))
    return TIMES


FAULTS = (filter_killed,)
