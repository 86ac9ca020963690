"""The sweep of power cuts on the real MicroPython: nothing acknowledged is lost, and a broken toy is found out."""

import json

import pytest

from tests.micro.interpreter import run_micropython

SCENARIOS = ("policy", "ledger", "consent", "retention", "erase")
LEAST_POINTS = {"policy": 20, "ledger": 100, "consent": 20, "retention": 20, "erase": 300}


def figures(output: str) -> dict[str, int]:
    """What was printed as figures."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return {line["figure"]: line["value"] for line in lines}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_is_lost_at_any_operation_of_the_flash(scenario: str) -> None:
    result = run_micropython(["tests/micro/power_cut.py", scenario])
    found = figures(result.stdout)
    assert found["power_cut_lost"] == 0, result.stdout
    assert found["power_cut_points"] >= LEAST_POINTS[scenario]
    assert result.returncode == 0


@pytest.mark.parametrize("scenario", ["policy", "consent"])
def test_a_toy_that_writes_in_place_is_found_out(scenario: str) -> None:
    result = run_micropython(["tests/micro/power_cut.py", "--broken", scenario])
    assert figures(result.stdout)["power_cut_lost"] > 0
    assert result.returncode == 1


def test_a_toy_that_does_not_scrub_is_found_out() -> None:
    result = run_micropython(["tests/micro/power_cut.py", "--broken", "erase"])
    assert figures(result.stdout)["power_cut_lost"] > 0
