"""The rig as a fixture; a failed test shows what Mosquitto said."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A home whose broker is not started yet."""
    rig = Rig(tmp_path)
    try:
        yield rig
    finally:
        rig.close()
        if rig.log.exists():
            # Shown by pytest for a failed test only.
            print(f"mosquitto said:\n{rig.log.read_text(errors='replace')}")
