"""Faults of the clocks: years that never were, a boot without the time, and the night with another number of hours.

They decide what the wall clocks of router and hub say. The promise (DESIGN, "wrong clock"): nothing opens that should
be closed, grants end on the kernel's own clock, and the hub's signed time heals.
"""

import contextlib
import datetime
import subprocess
import uuid
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

from stairgate.agent.gate import GateSettings
from stairgate.agent.gate_rules import render_removal
from tests.lab import network
from tests.lab.fault_home import FaultHome, clock_text, demand
from tests.lab.processes import wait_until

YEAR_2000 = 946_684_800.0
YEAR_SECONDS = 365 * 86400.0
ZONE = "Europe/Berlin"
BEFORE_SECONDS = 6.0
BOOT_ID = "/proc/sys/kernel/random/boot_id"


def router_clock_in_2000(house: FaultHome) -> int:
    """The router's clock falls back to 2000: what is paused stays closed, and all is well when the clock is."""
    return _router_clock(house, YEAR_2000)


def router_clock_a_year_ahead(house: FaultHome) -> int:
    """The router's clock jumps a year ahead, beyond the end of a pause: what is paused stays closed."""
    return _router_clock(house, house.home.clock.wall() + YEAR_SECONDS)


def _router_clock(house: FaultHome, wall: float) -> int:
    house.pause(house.mia)
    house.wait_applied()
    list(house.agent.events())
    house.home.router_clock.move_to(wall)
    try:
        # The step is noticed, and the slow poll looks once more.
        house.watch(2.0)
        demand(house.is_shut(house.mia), "a wrong clock has opened Mia's devices")
        demand(house.reaches_web("tablet"), "a wrong clock has closed a parent's device")
        difference = abs(house.home.router_clock.wall() - house.home.clock.wall())
    finally:
        house.home.router_clock.move_to(house.home.clock.wall())
    house.wait_applied()
    demand(house.is_shut(house.mia), "the right clock has opened Mia's devices")
    return int(difference)


def hub_clock_in_2000(house: FaultHome) -> int:
    """The hub's clock falls back to 2000, and a parent taps: nothing opens, and the page says what is."""
    return _hub_clock(house, YEAR_2000)


def hub_clock_a_year_ahead(house: FaultHome) -> int:
    """The hub's clock jumps a year ahead, and it says so to the router: what is paused stays closed."""
    return _hub_clock(house, house.home.clock.wall() + YEAR_SECONDS)


def _hub_clock(house: FaultHome, wall: float) -> int:
    house.pause(house.mia)
    house.wait_applied()
    house.home.clock.move_to(wall)
    try:
        # A new connection brings a hello, and that the hub's signed time.
        house.kill("broker")
        house.home.start_broker()
        wait_until("the hub's other time", lambda: not house.is_applied())
        house.watch(1.0)
        demand(house.is_shut(house.mia), "a wrong clock of the hub has opened Mia's devices")
        if wall == YEAR_2000:
            house.sign_in()
            house.parent.post(f"/children/{house.ben.id}/pause", minutes="60")
            wait_until("closed, or said not to be", lambda: house.is_shut(house.ben) or not house.is_applied())
            house.watch(1.0)
            demand(house.is_shut(house.ben) or not house.is_applied(), "the page says that Ben's pause is applied")
            demand(house.is_shut(house.mia), "a tap with a wrong clock has opened Mia's devices")
        difference = abs(house.home.router_clock.wall() - house.home.clock.wall())
    finally:
        house.home.clock.move_to(house.home.router_clock.wall())
    house.sign_in()
    # A new policy brings a new hello, and that the right time.
    house.end_exceptions(house.ben)
    house.pause(house.ben)
    house.wait_applied()
    return int(difference)


@contextlib.contextmanager
def another_boot(folder: Path) -> Iterator[None]:
    """What is started now finds the machine started anew (the kernel's word for it, proc(5), is another one)."""
    word = folder / "boot_id"
    word.write_text(f"{uuid.uuid4()}\n", encoding="ascii")
    subprocess.run(["mount", "--bind", str(word), BOOT_ID], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", BOOT_ID], check=True)


def reboot_without_clock(house: FaultHome) -> int:
    """The router boots without the time and without the hub: what was closed is closed, then signed time heals it."""
    house.pause(house.mia)
    house.wait_applied()
    house.watch(0.3)
    house.home.end("hub")
    house.home.end("broker")
    house.kill("agent")
    network.ip("-n", "router", "link", "set", "br-lan", "down")
    network.nft("router", render_removal(GateSettings()))
    house.home.router_clock.move_to(YEAR_2000)
    with another_boot(house.folder):
        house.start_agent()
        wait_until("the gate", lambda: "stairgate" in network.nft_list("router", "ruleset"))
        house.watch(0.5)
        network.bring_lan_up()
        house.watch(2.0)
        demand(house.is_shut(house.mia), "a boot without the time has opened Mia's devices")
        wait_until("a parent's device", lambda: house.reaches_web("tablet"))
        house.home.start_broker()
        house.start_hub()
        house.wait_applied()
        demand(house.is_shut(house.mia), "the hub's return has opened Mia's devices")
        house.stream(house.ben)
        # The router's own clock is still in 2000: the hub's signed time is what it goes by.
        house.end_exceptions(house.mia)
        house.stream(house.mia)
        house.pause(house.mia)
        house.home.router_clock.move_to(house.home.clock.wall())
        house.wait_applied()
    house.kill("agent")
    house.start_agent()
    return 1


def next_change(after: float) -> tuple[int, int]:
    """The next change of the zone's offset: UTC seconds, and by how many minutes."""
    zone, moment = zoneinfo.ZoneInfo(ZONE), int(after) // 3600 * 3600

    def offset(at: int) -> int:
        found = datetime.datetime.fromtimestamp(at, zone).utcoffset()
        assert found is not None
        return int(found.total_seconds()) // 60

    while offset(moment) == offset(moment - 3600):
        moment += 3600
    return moment, offset(moment) - offset(moment - 3600)


def daylight_saving(house: FaultHome) -> int:
    """The night of another clock: a bedtime begins with the change itself, and ends by the clock on the wall."""
    change, minutes = next_change(house.home.clock.wall() + 86400)
    house.set_clocks(change - 120)
    house.sign_in()
    house.wait_applied()
    house.remove_bedtimes(house.ben)
    # Forward: it would begin in the hour that there is not. Back: it begins a second time in the doubled one.
    start, end = (150, 240) if minutes > 0 else (120, 165)
    house.bedtime(house.ben, clock_text(start), clock_text(end))
    house.wait_applied()
    wait_until("Ben's evening", lambda: house.is_open(house.ben))
    house.set_clocks(change - BEFORE_SECONDS)
    house.stream(house.ben)
    demand(house.is_open(house.ben), "closed before the change of the clock")
    list(house.agent.events())
    house.must_be_closed(house.ben, house.enforced(house.ben, "closed"))
    demand(house.is_shut(house.ben), "the change of the clock left a grant")
    house.stream(house.mia)
    over = change + ((end - 180) if minutes > 0 else (end - 120)) * 60
    house.set_clocks(over - BEFORE_SECONDS)
    house.watch(BEFORE_SECONDS / 2)
    demand(house.is_shut(house.ben), "opened before the bedtime's end")
    house.may_open(house.ben)
    wait_until("the morning", lambda: house.is_open(house.ben))
    demand(house.home.router_clock.wall() >= over, "opened before the bedtime's end")
    house.remove_bedtimes(house.ben)
    return abs(minutes)


FAULTS = (
    router_clock_in_2000,
    router_clock_a_year_ahead,
    hub_clock_in_2000,
    hub_clock_a_year_ahead,
    reboot_without_clock,
    daylight_saving,
)
