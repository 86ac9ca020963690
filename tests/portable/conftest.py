"""Lets pytest see the rows of `CASES` as `run.py` does: one item for each row."""

from collections.abc import Iterator
from pathlib import Path

import pytest


class Row(pytest.Item):
    """One row of a module's `CASES`, given to its `check`."""

    def runtest(self) -> None:
        module = self.parent
        assert isinstance(module, pytest.Module)
        row = next(row for row in module.obj.CASES if row[0] == self.name)
        module.obj.check(*row[1:])

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.path.stem} {self.name}"


class PortableModule(pytest.Module):
    """A module whose functions `test_*` and whose rows are cases."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        yield from super().collect()
        for row in getattr(self.obj, "CASES", ()):
            yield Row.from_parent(self, name=row[0])


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> PortableModule:
    return PortableModule.from_parent(parent, path=module_path)
