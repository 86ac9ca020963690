"""A toy works in the heap of its budget, and a planted excess of memory is found."""

from pathlib import Path

from tests.bench.footprint import Board
from tests.micro.test_footprint import budget, built

__all__ = ["budget"]
MEMORY_BALLAST = "\nBALLAST = bytearray(300_000)\n"


def test_a_toy_works_in_the_heap_of_its_budget(tmp_path: Path, budget: dict[str, dict[str, int]]) -> None:
    compiled = built(tmp_path)
    for name, in_flash in (("min_heap_kb", False), ("min_heap_code_in_flash_kb", True)):
        assert Board(tmp_path / name, compiled, in_flash).works_with(budget[name]["budget"] * 1024), name


def test_a_planted_excess_of_memory_is_found(tmp_path: Path, budget: dict[str, dict[str, int]]) -> None:
    board = Board(tmp_path / "board", built(tmp_path, MEMORY_BALLAST), False)
    assert board.works_with(budget["min_heap_kb"]["budget"] * 1024) is None
    assert board.works_with((budget["min_heap_kb"]["budget"] + 350) * 1024)
