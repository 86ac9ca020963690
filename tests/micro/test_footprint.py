"""The code of the agent stays within its budget, and a planted excess is found. Memory is `test_heap`'s."""

import json
import shutil
from pathlib import Path

import pytest

from tests.bench import footprint
from tests.bench.footprint import BUDGET, Figure, compare, compile_all, sizes
from tests.micro.interpreter import ROOT

BALLAST = '\nBALLAST = "%s"\n' % ("x" * 4000)


@pytest.fixture(scope="module")
def budget() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = json.loads(BUDGET.read_text(encoding="utf-8"))
    return found


def built(folder: Path, ballast: str = "") -> Path:
    """The compiled code, with ballast in a module that a toy needs."""
    source = folder / "source"
    shutil.copytree(ROOT / "micro", source, ignore=shutil.ignore_patterns("__pycache__"))
    with (source / "stairgate" / "micro" / "gates.py").open("a", encoding="utf-8") as module:
        module.write(ballast)
    compile_all(source, folder / "mpy")
    for name in ("resident.py", "small_heap.py"):
        compile_all(footprint.PROGRAMS, folder / "mpy" / "tests" / "micro", name)
    return folder / "mpy"


def test_the_code_is_within_its_budget(tmp_path: Path, budget: dict[str, dict[str, int]]) -> None:
    figures = sizes(built(tmp_path))
    assert [figure.name[:4] for figure in figures] == ["core", "sync", "pair", "rare"]
    assert all(figure.value for figure in figures)
    assert compare(figures, budget) == []


def test_a_planted_excess_of_code_is_found(tmp_path: Path, budget: dict[str, dict[str, int]]) -> None:
    faults = compare(sizes(built(tmp_path, BALLAST)), budget)
    assert len(faults) == 1 and faults[0].startswith("core_mpy_bytes: expected at most")


def test_no_figure_is_without_a_budget(budget: dict[str, dict[str, int]]) -> None:
    assert compare([Figure("another_kb", 1, "KB")], budget) == ["another_kb: no budget"]
    assert compare([Figure("tls_malloc_peak_bytes", None, "bytes")], budget) == []
