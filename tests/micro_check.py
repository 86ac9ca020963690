"""`make test-micro`: everything of the toy on the real MicroPython, counted.

It decides nothing: it runs the portable cases on both interpreters, the sweep of power cuts, the closing of a gate at
every step of a verification, the tests with a real toy, a real Mosquitto and real TLS, and the bear in the lab. Figures
are JSON lines on standard output, progress is on standard error. Exit status 1 when anything failed, was lost, or was
not counted.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tests.micro.interpreter import ROOT, find_micropython, micropython_environment

COUNTS = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)
RUNNER = "tests/portable/run.py"
# In this order; each prints figures of its own. The sweep is done once: here, with its sums.
PROGRAMS = (["tests/micro/power_cut.py"], ["tests/micro/closing.py"])
LAB = ("-m", "tests.lab.sandbox", sys.executable)
LAB_TESTS = ("tests/lab/test_bear.py",)
SWEPT = "not test_nothing_is_lost_at_any_operation and not test_a_gate_closes_at_every_step"
TESTS = (
    "tests/micro",
    "tests/broker/test_toy.py",
    "tests/broker/test_toy_refusals.py",
    "tests/broker/test_mqtt_cases.py",
)
HEAP = "heapsize=3m"  # of a host: what a toy needs is measured by `make footprint`
TIMEOUT_SECONDS = 1800
# What must have been counted, and the least of each: a run that counts nothing proves nothing.
LEAST = {
    "portable_cases_micropython": 300,
    "portable_cases_cpython": 300,
    "power_cut_points": 500,
    "power_cut_lost": 0,
    "toy_refuses_brokers": 4,
    "broker_refuses_toys": 4,
    "micro_tests_passed": 20,
    "lab_tests_passed": 5,
}
NONE_OF = (
    "portable_failed_micropython",
    "portable_failed_cpython",
    "power_cut_lost",
    "micro_tests_failed",
    "lab_tests_failed",
)

BEGAN = time.monotonic()


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(f"test-micro {time.monotonic() - BEGAN:5.1f} s: {text}", file=sys.stderr, flush=True)


def run(words: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Run a program from the top of the tree, and show what it said when it failed."""
    say(" ".join(words[1:]))
    environment = micropython_environment() | {"PYTHONPATH": f"{ROOT}:{ROOT / 'micro'}", "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        words,
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if result.returncode:
        print(result.stdout + result.stderr, file=sys.stderr)
    return result


class Figure(NamedTuple):
    """One figure."""

    name: str
    value: int
    unit: str = "1"


def figures_in(output: str) -> Iterator[Figure]:
    """The figures that a program printed."""
    for line in output.splitlines():
        # pytest writes its dots before what a test prints; MicroPython's dictionaries have no order.
        try:
            told = json.loads(line[line.find("{") :])
            yield Figure(told["figure"], told["value"], told["unit"])
        except (ValueError, TypeError, KeyError):
            continue


def portable(name: str, words: Sequence[str]) -> Iterator[Figure]:
    """How many of the portable cases passed and failed on an interpreter."""
    found = COUNTS.findall(run([*words, RUNNER]).stdout)
    passed, failed = found[-1] if found else (0, 1)
    yield Figure(f"portable_cases_{name}", int(passed))
    yield Figure(f"portable_failed_{name}", int(failed))


def with_pytest(name: str, tests: Sequence[str], *before: str) -> Iterator[Figure]:
    """Tests by pytest, and the figures that they print. before: what runs pytest's interpreter."""
    words = [sys.executable, *before, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-k", SWEPT, *tests]
    output = run(words).stdout
    yield from figures_in(output)
    counted = {word: int(count) for count, word in re.findall(r"(\d+) (passed|failed|error)", output)}
    yield Figure(f"{name}_tests_passed", counted.get("passed", 0))
    yield Figure(f"{name}_tests_failed", counted.get("failed", 0) + counted.get("error", 0))


def everything() -> Iterator[Figure]:
    """All figures, as they come."""
    micropython = [find_micropython(), "-X", HEAP]
    yield from portable("micropython", micropython)
    yield from portable("cpython", [sys.executable])
    for program in PROGRAMS:
        yield from figures_in(run([*micropython, *program]).stdout)
    yield from with_pytest("micro", TESTS)
    yield from with_pytest("lab", LAB_TESTS, *LAB)


def faults_of(found: Mapping[str, int]) -> list[str]:
    """Why this run is not good."""
    faults = [
        f"{name}: expected at least {least}, got {found.get(name, 'none')}"
        for name, least in LEAST.items()
        if found.get(name, -1) < least
    ]
    faults += [f"{name}: expected 0, got {found[name]}" for name in NONE_OF if found.get(name)]
    if found.get("portable_cases_micropython") != found.get("portable_cases_cpython"):
        faults.append("expected the same number of portable cases on both interpreters")
    return faults


def main() -> int:
    """Run all of it; the exit status."""
    found: dict[str, int] = {}
    for figure in everything():
        found[figure.name] = figure.value
        print(json.dumps({"figure": figure.name, "value": figure.value, "unit": figure.unit}), flush=True)
    faults = faults_of(found)
    for fault in faults:
        say(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
