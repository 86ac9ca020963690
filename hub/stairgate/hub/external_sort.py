"""Sorts more lines than should be in RAM: runs of them go to files and are merged when they are read.

It decides nothing about the lines: they are compared as bytes. Equal lines come out once or more often.
"""

import heapq
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path


class ExternalSort:
    """Lines go in with `add`, in any order; `merged` gives them sorted.

    directory: holds the files, and is the caller's to delete. run_lines: how many are in RAM at a time. Errors of the
    disk pass.
    """

    def __init__(self, directory: Path, run_lines: int) -> None:
        self._directory = directory
        self._run_lines = run_lines
        self._lines: list[bytes] = []
        self._runs: list[Path] = []

    def add(self, line: bytes) -> None:
        """line: without a newline inside."""
        self._lines.append(line + b"\n")
        if len(self._lines) == self._run_lines:
            self._write()

    def _write(self) -> None:
        path = self._directory / f"run-{len(self._runs)}"
        with path.open("wb") as file:
            file.writelines(sorted(set(self._lines)))
        self._runs.append(path)
        self._lines = []

    def merged(self) -> Iterator[bytes]:
        """The lines, sorted, without their newlines. To be called once, after the last `add`."""
        self._write()
        with ExitStack() as files:
            for line in heapq.merge(*(files.enter_context(path.open("rb")) for path in self._runs)):
                yield line[:-1]
