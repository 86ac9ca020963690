"""A router in memory for the tests of the loop: kernel, link, clock and disk in the test's hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.agent.router import Router


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Router]:
    made = Router(tmp_path / "state")
    yield made
    for link in made.links:
        link.close()
