"""A storm: taps and faults in a random mixture, for a minute by default, the same again with the same seed.

`make storm SEED=…`. Two children are paused, extended and put to bed while broker, hub, agent, disks, rules and clocks
fail, one of the way and one of the router at a time. Whatever is acknowledged must hold as soon as nothing is broken,
whatever was closed stays closed throughout, and nothing the family was told gets lost. The expectation is
`family_model`'s. It prints its seed first, then the figures of `fault_check`; exits as that does.
"""

import argparse
import contextlib
import datetime
import itertools
import random
import subprocess
import sys
import tempfile
import time
import zoneinfo
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import NamedTuple

from stairgate.agent.limits import RETRY_SECONDS
from stairgate.agent.netlink import KernelRefused
from tests.lab import network, processes
from tests.lab.family_model import PAUSE, ChildModel
from tests.lab.fault_check import figure
from tests.lab.fault_home import Child, FaultHome, clock_text, demand, tails
from tests.lab.fault_judge import Passed
from tests.lab.faults_clock import YEAR_2000
from tests.lab.faults_link import SILENT
from tests.lab.processes import wait_until

TAPS = ("pause", "pause", "bonus", "end", "end", "undo", "bedtime", "bedtime", "no bedtime")
FAULT_SHARE = 0.4
STEPS_MAX = 4
SHOWN_STEPS = 40
SAVED_AGAIN_SECONDS = 2 * RETRY_SECONDS


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(f"storm: {text}", file=sys.stderr, flush=True)


class Step(NamedTuple):
    """One step. kind: `tap`, `begin` or `end` of a fault; what: which; child: whose, by number."""

    kind: str
    what: str
    child: int = 0


@contextlib.contextmanager
def broker_down(house: FaultHome) -> Iterator[None]:
    """The broker is killed."""
    house.kill("broker")
    yield
    house.home.start_broker()


@contextlib.contextmanager
def hub_down(house: FaultHome) -> Iterator[None]:
    """The hub is killed."""
    house.kill("hub")
    yield
    house.start_hub()


@contextlib.contextmanager
def packets_vanish(house: FaultHome) -> Iterator[None]:
    """Between hub and broker nothing arrives."""
    network.nft("home", SILENT)
    yield
    subprocess.run([*network.enter_words("home"), "nft", "delete", "table", "inet", "lab_silence"], check=True)


@contextlib.contextmanager
def agent_down(house: FaultHome) -> Iterator[None]:
    """The agent is killed."""
    if time.monotonic() < house.unsaved_until:
        # After a restart it begins with older rules, as the page says, until the hub has told it the newest.
        for child in house.children:
            house.may_open(child)
    house.kill("agent")
    yield
    house.start_agent()
    house.looked()


@contextlib.contextmanager
def router_disk_full(house: FaultHome) -> Iterator[None]:
    """The router's disk is full; what came meanwhile is saved some seconds later."""
    with house.full(house.state):
        yield
    house.unsaved_until = time.monotonic() + SAVED_AGAIN_SECONDS


@contextlib.contextmanager
def router_disk_read_only(house: FaultHome) -> Iterator[None]:
    """The router's disk is read-only; what came meanwhile is saved some seconds later."""
    with house.read_only(house.state):
        yield
    house.unsaved_until = time.monotonic() + SAVED_AGAIN_SECONDS


@contextlib.contextmanager
def rules_gone(house: FaultHome) -> Iterator[None]:
    """Somebody flushes the router's rules; what passes until the agent has heard of it is not counted."""
    shut = [child for child in house.children if house.is_watched(child)]
    for child in house.children:
        house.may_open(child)
    rules = house.rules()
    subprocess.run([*network.enter_words("router"), "nft", "flush", "ruleset"], check=True)
    house.wait_for_gate(rules)
    network.nft("router", network.ROUTER_FIREWALL)
    for child in shut:
        demand(house.is_shut(child), f"{child.name} was closed, and is open after a flush")
        house.must_be_closed(child)
    yield


@contextlib.contextmanager
def clock_in_2000(house: FaultHome) -> Iterator[None]:
    """The router's clock falls back to 2000."""
    house.home.router_clock.move_to(YEAR_2000)
    yield
    house.home.router_clock.move_to(house.home.clock.wall())


@contextlib.contextmanager
def clock_a_year_ahead(house: FaultHome) -> Iterator[None]:
    """The router's clock jumps a year ahead."""
    house.home.router_clock.move_to(house.home.clock.wall() + 365 * 86400)
    yield
    house.home.router_clock.move_to(house.home.clock.wall())


Fault = Callable[[FaultHome], AbstractContextManager[object]]
Groups = tuple[Mapping[str, Fault], ...]
# One of each group at a time: what two faults of the same part would do together, nobody can promise.
GROUPS: Groups = (
    {
        "broker down": broker_down,
        "hub down": hub_down,
        "packets vanish": packets_vanish,
        "hub's disk full": lambda house: house.full(house.home.data),
        "hub's disk read-only": lambda house: house.read_only(house.home.data),
    },
    {
        "agent down": agent_down,
        "rules gone": rules_gone,
        "router's disk full": router_disk_full,
        "router's disk read-only": router_disk_read_only,
        "clock in 2000": clock_in_2000,
        "clock a year ahead": clock_a_year_ahead,
    },
)


def steps(seed: int, groups: Groups = GROUPS) -> Iterator[Step]:
    """The storm of a seed: the same steps each time, whatever comes of them."""
    chance = random.Random(seed)  # noqa: S311 (a dice, not a secret)
    ends: list[tuple[int, str] | None] = [None] * len(groups)
    for number in itertools.count():
        for index, due in enumerate(ends):
            if due and due[0] <= number:
                yield Step("end", due[1])
                ends[index] = None
        group = chance.randrange(len(groups))
        if ends[group] is None and chance.random() < FAULT_SHARE:
            what = chance.choice(sorted(groups[group]))
            ends[group] = (number + chance.randint(1, STEPS_MAX), what)
            yield Step("begin", what)
        else:
            yield Step("tap", chance.choice(TAPS), chance.randrange(2))


class Storm:
    """One storm over one home."""

    def __init__(self, house: FaultHome, groups: Groups = GROUPS) -> None:
        self._house, self._groups = house, groups
        self._models = {child.id: ChildModel() for child in house.children}
        for model in self._models.values():
            # The last act of a home that was calmed, and one to undo.
            model.act("end")
        self._running: dict[str, ExitStack] = {}
        self.done: list[Step] = []
        self.passed: list[Passed] = []
        self.taps = self.tried = self.survived = 0

    def take(self, step: Step) -> None:
        """Do a step, and see that what must be so is so. Raises Broken, Deadline."""
        self.done.append(step)
        if step.kind == "tap":
            self._tap(step.what, self._house.children[step.child])
        elif step.kind == "begin":
            self.tried += 1
            stack = ExitStack()
            fault = next(group[step.what] for group in self._groups if step.what in group)
            stack.enter_context(fault(self._house))
            self._running[step.what] = stack
        else:
            self._running.pop(step.what).close()
            self.survived += 1
        self._compare()

    def calm_down(self) -> None:
        """End all faults, and see that everything is as it should be."""
        for what in list(self._running):
            self.take(Step("end", what))
        self._compare()

    def let_go(self) -> None:
        """End all faults, come what may."""
        for stack in self._running.values():
            with contextlib.suppress(AssertionError, OSError, subprocess.CalledProcessError):
                stack.close()

    def _tap(self, what: str, child: Child) -> None:
        house, model = self._house, self._models[child.id]
        if what == "undo" and model.is_calendar_last:
            return
        if what in ("bonus", "end", "undo", "no bedtime"):
            # It may open from the moment on at which it is tapped, answered or not.
            house.may_open(child)
        try:
            if what == "bedtime":
                self._bedtime(child)
            elif what == "no bedtime":
                self._remove_bedtimes(child)
            else:
                minutes = {"minutes": "60" if what == PAUSE else "15"} if what in (PAUSE, "bonus") else {}
                status = house.parent.try_post(f"/children/{child.id}/{what}", **minutes).status
                if status == 303:
                    demand(what != "undo" or model.can_undo, "an undo of nothing was answered as done")
                    model.act(what)
                elif what == "undo" and not self._running:
                    demand(not model.can_undo, f"an undo was answered {status}")
                elif not self._running:
                    demand(False, f"{what} was answered {status}")
            self.taps += 1
        except OSError:
            # No hub, no answer, no promise.
            demand(self._running, f"no answer to {what}, and nothing is broken")
            house.parent.close()
        house.promises.exception[child.id] = PAUSE if model.exceptions.paused else ""

    def _bedtime(self, child: Child) -> None:
        """A bedtime that is now."""
        zone = zoneinfo.ZoneInfo(child.zone)
        now = datetime.datetime.fromtimestamp(self._house.home.clock.wall(), zone)
        minute = now.hour * 60 + now.minute + 1440
        start, end = clock_text(minute - 10), clock_text(minute + 120)
        path = f"/children/{child.id}/bedtime"
        if f"{start}–{end}" in self._house.promises.bedtimes[child.id]:
            return
        status = self._house.parent.try_post(path, days="127", start=start, end=end).status
        if status == 303:
            self._models[child.id].calendar(bedtime=True)
            self._house.promises.bedtimes[child.id].add(f"{start}–{end}")

    def _remove_bedtimes(self, child: Child) -> None:
        """Every bedtime; those that were removed are promised no more."""
        page = self._house.parent.get(f"/children/{child.id}/schedule").body
        prefix = f"/children/{child.id}/bedtime/"
        weeks = {part.split("/", 1)[0] for part in page.split(prefix)[1:]}
        answers = [self._house.parent.try_post(f"{prefix}{week}/remove").status for week in sorted(weeks)]
        model = self._models[child.id]
        if any(answer == 303 for answer in answers):
            self._house.promises.bedtimes[child.id].clear()
            model.calendar(bedtime=model.bedtime and not all(answer == 303 for answer in answers))

    def _watch_closed(self) -> None:
        """From now on nothing may pass to who is closed: the router applies the newest of all that was tapped.

        Not before: what was tapped while the way was broken arrives in its order, and an "end" that a pause overtook
        opens for the milliseconds between the two.
        """
        house = self._house
        house.wait_applied()
        for child in house.children:
            if not self._models[child.id].is_open:
                demand(house.is_shut(child), f"the page says that it is applied, and {child.name} is not closed")
                house.must_be_closed(child)

    def _compare(self) -> None:
        """Hold the kernel, and with nothing broken the page as well, against the model."""
        house = self._house
        way, router = ({name for name in group if name in self._running} for group in self._groups)
        if not way and "agent down" not in router:
            for child in house.children:
                if self._models[child.id].is_open:
                    house.may_open(child)
                    wait_until(f"{child.name} open", lambda c=child: house.is_open(c), 30)  # type: ignore[misc]
                else:
                    wait_until(f"{child.name} shut", lambda c=child: house.is_shut(c), 30)  # type: ignore[misc]
            # A router whose clock is wrong is told as such, whatever it applies.
            if not any(name.startswith("clock") for name in router):
                self._watch_closed()
        if not way and not router:
            self.passed += house.judge()
            house.scene.ask()
            shown = house.parent.status()["children"]
            for child in house.children:
                level = "open" if self._models[child.id].is_open else "closed"
                demand(shown[child.id]["level"] == level, f"the page says {shown[child.id]}, expected {level}")


def run(seed: int, seconds: float, folder: Path, groups: Groups = GROUPS) -> int:
    """One storm; the exit status."""
    figure("seed", seed, "1")
    network.build()
    house = FaultHome(folder)
    storm = Storm(house, groups)
    fault, lost = "", []
    try:
        house.calm()
        house.begin()
        end = time.monotonic() + seconds
        for step in steps(seed, groups):
            if time.monotonic() > end:
                break
            say(f"{step.kind} {step.what}{' ' + house.children[step.child].name if step.kind == 'tap' else ''}")
            storm.take(step)
        storm.calm_down()
        lost = house.promises.missing(house.parent)
    except (AssertionError, OSError, KernelRefused, ValueError, subprocess.CalledProcessError) as broken:
        fault = f"{type(broken).__name__}: {broken}"
    passed = storm.passed + house.judge()
    if fault or passed or lost:
        say(f"seed {seed}: {fault or 'packets passed or state was lost'}")
        say("steps so far: " + ", ".join(f"{step.kind} {step.what} {step.child}" for step in storm.done[-SHOWN_STEPS:]))
        for one in passed[:10]:
            say(f"{one.flow.name} passed {one.milliseconds:.0f} ms after its end")
        for text in lost[:10]:
            say(f"lost: {text}")
        say(tails(folder))
    storm.let_go()
    footage = house.close()
    processes.stop_all()
    network.destroy()
    figure("taps", storm.taps, "1")
    figure("packets_captured", house.film.seen, "1")
    figure("faults_tried", storm.tried, "1")
    figure("faults_survived", storm.survived, "1")
    figure("packets_after_grant", len(passed), "1")
    figure("state_lost", len(lost), "1")
    if fault or passed or lost or storm.survived < storm.tried:
        return 1
    return 2 if not house.film.seen or footage is None or footage.dropped else 0


def main(arguments: Sequence[str]) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="make storm", description="Taps and faults in a random mixture.")
    parser.add_argument("--seed", type=int, help="the same seed, the same storm; any other by default")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--show", type=int, metavar="N", help="only print the first N steps")
    options = parser.parse_args(arguments)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1_000_000)
    if options.show is not None:
        for step in itertools.islice(steps(seed), options.show):
            print(*step)
        return 0
    with tempfile.TemporaryDirectory(prefix="stairgate-", ignore_cleanup_errors=True) as folder:
        return run(seed, options.seconds, Path(folder))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
