"""The fault table, tried: everything that can go wrong at home is done to a home, and its promises are checked.

`make test-faults`. Each row of `faults` breaks something for real, in a home of namespaces with the real hub, broker,
agent and kernel. A row survives when the fault took place, no packet of a closed device passed (captured inside the
device's namespace), nothing the family was told is missing, and the home healed by itself. It prints figures as JSON
lines and exits 1 when a row did not survive, 2 when the captures say nothing.

`python -m tests.lab.fault_check [--row NAME]…` in the sandbox; `--list` names the rows.
"""

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from stairgate.agent.netlink import KernelRefused
from tests.lab import network, processes
from tests.lab.fault_home import FaultHome, demand, tails
from tests.lab.faults import ROWS, Row

BEGAN = time.monotonic()
SHOWN = 8


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(f"test-faults {time.monotonic() - BEGAN:5.1f} s: {text}", file=sys.stderr, flush=True)


def figure(name: str, value: float, unit: str) -> None:
    """One figure."""
    print(json.dumps({"figure": name, "value": round(value, 3), "unit": unit}), flush=True)


class Outcome(NamedTuple):
    """What became of a row. injected: how often the fault took place; passed, lost: sentences; fault: why it broke."""

    row: Row
    injected: int
    passed: list[str]
    lost: list[str]
    fault: str
    seconds: float

    @property
    def survived(self) -> bool:
        """True when the fault took place and every promise was kept."""
        return bool(self.injected and not (self.passed or self.lost or self.fault))


class Stage:
    """Where rows are tried: one home, made anew after a row that left it broken."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._house: FaultHome | None = None
        self.doubts: list[str] = []

    def house(self) -> FaultHome:
        """A home in which all is well."""
        if self._house is None:
            self._count += 1
            folder = self._folder / f"home{self._count}"
            folder.mkdir()
            network.build()
            try:
                self._house = FaultHome(folder)
                self._house.calm()
            except (AssertionError, OSError):
                say(f"the home did not come up:\n{tails(folder)}")
                raise
        return self._house

    def leave(self) -> None:
        """End the home; what its captures lost makes the run doubtful."""
        house, self._house = self._house, None
        if house:
            footage = house.close()
            if footage and footage.dropped:
                self.doubts.append(f"the captures dropped {footage.dropped} packets")
        processes.stop_all()
        network.destroy()

    def attempt(self, row: Row) -> Outcome:
        """Do one fault to the home, and see what is left of it."""
        begun = time.monotonic()
        house = self.house()
        house.begin()
        injected, fault, lost = 0, "", []
        try:
            injected = row.run(house)
            demand(injected > 0, "the fault did not take place")
            house.wait_applied()
            lost = house.promises.missing(house.parent)
            house.calm()
            lost += house.promises.missing(house.parent)
        except (AssertionError, OSError, KernelRefused, ValueError, KeyError) as broken:
            where = traceback.extract_tb(broken.__traceback__)
            line = next((f"{at.name}:{at.lineno}" for at in reversed(where) if "faults_" in at.filename), "calm")
            fault = f"{type(broken).__name__} at {line}: {broken}"
        passed = [f"{one.flow.name} passed {one.milliseconds:.0f} ms after its end" for one in house.judge()]
        outcome = Outcome(row, injected, passed, lost, fault, time.monotonic() - begun)
        if not outcome.survived:
            for text in (fault, *lost[:SHOWN], *passed[:SHOWN]):
                if text:
                    say(f"  {row.name}: {text}")
            say(tails(house.folder))
            self.leave()
        return outcome


def try_rows(rows: Sequence[Row], folder: Path) -> tuple[list[Outcome], list[str]]:
    """Every row's outcome, and why the run says nothing."""
    stage = Stage(folder)
    outcomes = []
    try:
        for row in rows:
            outcome = stage.attempt(row)
            outcomes.append(outcome)
            verdict = "survived" if outcome.survived else "BROKEN"
            say(f"{verdict} {row.name} ({outcome.seconds:.1f} s, {outcome.injected}): {row.sentence}")
    finally:
        stage.leave()
    return outcomes, stage.doubts


def report(outcomes: Sequence[Outcome], doubts: Sequence[str]) -> int:
    """Print the figures and return the exit status."""
    survived = sum(outcome.survived for outcome in outcomes)
    figure("faults_tried", len(outcomes), "1")
    figure("faults_survived", survived, "1")
    figure("packets_after_grant", sum(len(outcome.passed) for outcome in outcomes), "1")
    figure("state_lost", sum(len(outcome.lost) for outcome in outcomes), "1")
    figure("seconds", time.monotonic() - BEGAN, "s")
    for doubt in doubts:
        say(f"this run says nothing: {doubt}")
    if survived < len(outcomes):
        return 1
    return 2 if doubts or not outcomes else 0


def main(arguments: Sequence[str]) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="make test-faults", description="Try the fault table.")
    parser.add_argument("--row", action="append", default=[], choices=[row.name for row in ROWS], metavar="NAME")
    parser.add_argument("--list", action="store_true", help="name the rows")
    options = parser.parse_args(arguments)
    if options.list:
        for row in ROWS:
            print(f"{row.name}: {row.sentence}")
        return 0
    rows = [row for row in ROWS if not options.row or row.name in options.row]
    with tempfile.TemporaryDirectory(prefix="stairgate-", ignore_cleanup_errors=True) as folder:
        return report(*try_rows(rows, Path(folder)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
