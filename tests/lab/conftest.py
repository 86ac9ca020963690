"""Fixtures of the lab: they work only inside the sandbox and say so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import network, processes, sandbox


@pytest.fixture(scope="module")
def home_network() -> Iterator[None]:
    """The whole network, made new for each module of tests."""
    if not sandbox.is_inside():
        pytest.fail("the lab's tests run in the lab's sandbox: use `make test`, or python -m tests.lab.sandbox pytest")
    network.build()
    yield
    processes.stop_all()
    network.destroy()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs of a module of tests keep their files and logs."""
    return tmp_path_factory.mktemp("lab")
