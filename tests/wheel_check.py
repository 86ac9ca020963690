"""The wheel that users install: built, installed alone, and used.

It decides that a wheel is good when each package, template and command is in it and the command answers in an
environment that has nothing else. `python -m tests.wheel_check` prints what it counted and exits 1 when something is
missing.
"""

import json
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE_ROOTS = ("agent", "hub", "micro", "provisioning")


def expected_files() -> set[str]:
    """Every file below the four source roots that the repository tracks, as the wheel should name it."""
    listed = subprocess.run(["git", "ls-files", *SOURCE_ROOTS], cwd=ROOT, capture_output=True, text=True, check=True)
    inside = (Path(line).parts for line in listed.stdout.splitlines())
    return {"/".join(parts[1:]) for parts in inside if parts[1] == "stairgate"}


def build_wheel(target: Path) -> Path:
    """Build with the environment's own hatchling: the check must not depend on a download."""
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = target.glob("*.whl")
    return wheel


def answers(wheel: Path, folder: Path) -> list[str]:
    """What fails of the installed command in an environment with nothing but the wheel."""
    venv.create(folder, with_pip=True)
    binaries = folder / "bin"
    install = [str(binaries / "pip"), "install", "--quiet", "--disable-pip-version-check", "--no-deps", str(wheel)]
    subprocess.run(install, check=True)
    example = ROOT / "docs" / "examples" / "family.policy"
    failures = []
    for arguments, status, wanted in (
        (["--version"], 0, "stairgate 0."),
        (["help"], 0, "preview"),
        (["preview", str(example), "--device", "none"], None, None),
        (["hub"], 1, "stairgate[hub]"),
    ):
        ran = subprocess.run([str(binaries / "stairgate"), *arguments], capture_output=True, text=True, check=False)
        if "Traceback" in ran.stderr or status not in (None, ran.returncode):
            failures.append(f"{arguments}: status {ran.returncode}, {ran.stderr[-300:]}")
        elif wanted and wanted not in ran.stdout + ran.stderr:
            failures.append(f"{arguments}: expected {wanted!r}, got {(ran.stdout + ran.stderr)[:200]!r}")
    return failures


def main() -> int:
    """Build, compare, install, ask."""
    with tempfile.TemporaryDirectory() as temporary:
        wheel = build_wheel(Path(temporary))
        with zipfile.ZipFile(wheel) as archive:
            found = set(archive.namelist())
        missing = sorted(expected_files() - found)
        failures = answers(wheel, Path(temporary) / "clean")
    for figure, value in (
        ("wheel_files", len(found)),
        ("wheel_files_missing", len(missing)),
        ("wheel_failures", len(failures)),
    ):
        print(json.dumps({"figure": figure, "value": value, "unit": "1"}))
    for line in [*missing, *failures]:
        print(f"wheel: {line}", file=sys.stderr)
    return 1 if missing or failures else 0


if __name__ == "__main__":
    sys.exit(main())
