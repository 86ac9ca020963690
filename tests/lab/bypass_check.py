"""The bypass table, tried: everything a child may try to get round the filter, and everything that must go on working.

`make bypass`. Each row is tried with real packets from real sockets, in a home of namespaces with the real hub, broker,
agent, filter and kernel. An evasion must succeed from a device without rules and fail from the managed ones. It prints
figures as JSON lines and the table as a page; the exit status is 1 when a row did not hold, 2 when nothing was tried.

`python -m tests.lab.bypass_check [--row NAME]… [--page FILE]` in the sandbox; `--list` names the rows.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.lab import (
    bypass_allowed,
    bypass_changes,
    bypass_closed,
    bypass_home_rows,
    bypass_names,
    bypass_page,
    bypass_searches,
    bypass_ways,
    network,
    processes,
)
from tests.lab.bypass_home import BypassHome
from tests.lab.bypass_judge import Verdict, judge
from tests.lab.bypass_table import EVASION, LIMIT, MUST_WORK, PHASES, UNMANAGED, Row, Step, Tried

BEGAN = time.monotonic()
PARTS = (
    bypass_names,
    bypass_searches,
    bypass_ways,
    bypass_home_rows,
    bypass_allowed,
    bypass_changes,
    bypass_closed,
)
ROWS: tuple[Row, ...] = tuple(row for part in PARTS for row in part.ROWS)
TAIL_BYTES = 3000


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(f"bypass {time.monotonic() - BEGAN:5.1f} s: {text}", file=sys.stderr, flush=True)


def figure(name: str, value: float, unit: str = "1") -> None:
    """One figure."""
    print(json.dumps({"figure": name, "value": round(value, 3), "unit": unit}), flush=True)


def try_phase(home: BypassHome, phase: str, rows: Sequence[Row]) -> list[Verdict]:
    """Every row of one phase."""
    begun = [(row, device, step) for row in rows for step in row.before for device in (UNMANAGED, *row.on)]
    came = home.attempt([(device, step) for _, device, step in begun])
    before: dict[str, dict[str, list[Tried]]] = {row.name: {} for row in rows}
    for (row, device, _), tried in zip(begun, came, strict=True):
        before[row.name].setdefault(device, []).append(tried)
    home.enter(phase)
    asked = [(row, device) for row in rows for device in (UNMANAGED, *row.on)]
    came = home.attempt([(device, row.step) for row, device in asked])
    saw: dict[str, dict[str, Tried]] = {row.name: {} for row in rows}
    for (row, device), tried in zip(asked, came, strict=True):
        saw[row.name][device] = tried
    home.attempt([(device, Step("drop", {})) for device in {device for _, device, step in begun if step.do == "begin"}])
    home.leave(phase)
    return [judge(row, before[row.name], saw[row.name]) for row in rows]


def try_rows(rows: Sequence[Row], home: BypassHome) -> list[Verdict]:
    """Every row, phase after phase."""
    verdicts = []
    for phase in PHASES:
        wanted = [row for row in rows if row.phase == phase]
        if not wanted:
            continue
        found = try_phase(home, phase, wanted)
        for verdict in found:
            if verdict.failed:
                say(f"FAILED {verdict.row.name}: {verdict.failed}")
            elif verdict.row.kind == LIMIT and verdict.result != "gets through":
                say(f"a limit that is none: {verdict.row.name}")
        say(f"{phase}: {sum(not verdict.failed for verdict in found)} of {len(found)} rows held")
        verdicts += found
    return verdicts


def report(verdicts: Sequence[Verdict]) -> int:
    """Print the figures and return the exit status."""
    for kind, name in ((EVASION, "bypass"), (MUST_WORK, "must_work"), (LIMIT, "limits")):
        of_kind = [verdict for verdict in verdicts if verdict.row.kind == kind]
        figure(f"{name}_rows", len(of_kind))
        figure(f"{name}_failed", sum(bool(verdict.failed) for verdict in of_kind))
    figure("seconds", time.monotonic() - BEGAN, "s")
    if not verdicts:
        return 2
    return 1 if any(verdict.failed for verdict in verdicts) else 0


def tails(folder: Path) -> str:
    """The ends of all logs of a home."""
    logs = sorted(folder.glob("*.log"))
    texts = [(log.name, log.read_bytes()[-TAIL_BYTES:].decode(errors="replace")) for log in logs]
    return "\n".join(f"--- {name}\n{text}" for name, text in texts if text.strip())


def run(rows: Sequence[Row], folder: Path) -> list[Verdict]:
    """Build the home, try the rows, take it down."""
    try:
        try:
            home = BypassHome(folder)
            say("the home is there")
            return try_rows(rows, home)
        except (AssertionError, OSError):
            say(f"the home did not hold:\n{tails(folder)}")
            raise
    finally:
        processes.stop_all()
        network.destroy()


def main(arguments: Sequence[str]) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="make bypass", description="Try the bypass table.")
    parser.add_argument("--row", action="append", default=[], choices=[row.name for row in ROWS], metavar="NAME")
    parser.add_argument("--page", type=Path, help="write the table to this file, when all rows were tried")
    parser.add_argument("--list", action="store_true", help="name the rows")
    options = parser.parse_args(arguments)
    if options.list:
        for row in ROWS:
            print(f"{row.name} ({row.kind}): {row.what}")
        return 0
    rows = [row for row in ROWS if not options.row or row.name in options.row]
    with tempfile.TemporaryDirectory(prefix="stairgate-", ignore_cleanup_errors=True) as folder:
        verdicts = run(rows, Path(folder))
    if options.page and len(rows) == len(ROWS):
        options.page.write_text(bypass_page.page(verdicts), encoding="utf-8")
    return report(verdicts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
