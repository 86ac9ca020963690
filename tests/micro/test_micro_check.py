"""`make test-micro` fails when anything is missing, lost or failed."""

import pytest

from tests.micro_check import LEAST, NONE_OF, Figure, faults_of, figures_in

GOOD = {**LEAST, **dict.fromkeys(NONE_OF, 0)}


def test_a_good_run_has_no_fault() -> None:
    assert faults_of(GOOD) == []


@pytest.mark.parametrize("name", LEAST)
def test_what_was_not_counted_is_a_fault(name: str) -> None:
    assert faults_of({other: value for other, value in GOOD.items() if other != name})


@pytest.mark.parametrize("name", NONE_OF)
def test_what_was_lost_or_failed_is_a_fault(name: str) -> None:
    assert faults_of(GOOD | {name: 1}) == [f"{name}: expected 0, got 1"]


def test_interpreters_count_alike() -> None:
    assert len(faults_of(GOOD | {"portable_cases_cpython": 301})) == 1


def test_figures_are_found_behind_dots() -> None:
    output = '..{"unit": "1", "figure": "a", "value": 2}\nb {\n{"event": "ready"}\n'
    assert list(figures_in(output)) == [Figure("a", 2, "1")]
