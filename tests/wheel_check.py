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
    example = str(ROOT / "docs" / "examples" / "family.policy")
    failures = []
    for arguments, status, wanted in (
        (["--version"], 0, "stairgate 0."),
        (["help"], 0, "preview"),
        (["preview", example, "--device", "dtablet", "--at", "2026-03-29T02:30"], 0, '"level": "closed"'),
        (["preview", example, "--device", "dnotebook", "--at", "2026-03-29T02:30"], 0, '"reason": "exempt"'),
        (["hub"], 1, "stairgate[hub]"),
        (["agent", "nowhere"], 1, "stairgate[agent]"),
    ):
        failures += failure(str(binaries / "stairgate"), arguments, status, wanted)
    return failures


def failure(command: str, arguments: list[str], status: int, wanted: str) -> list[str]:
    """Nothing when the command ends with this status and says what is wanted; else one line."""
    ran = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    said = ran.stdout + ran.stderr
    if ran.returncode == status and wanted in said and "Traceback" not in said:
        return []
    return [f"{arguments}: expected {status} and {wanted!r}, got {ran.returncode} and {said[-300:]!r}"]


def works_with_extras(wheel: Path, folder: Path) -> list[str]:
    """What fails of hub and agent from the wheel, with the libraries of this environment and none of its sources."""
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--no-deps", str(wheel)]
    subprocess.run(pip, check=True)
    (own,) = folder.glob("lib/python*/site-packages")
    # Behind the wheel, and without those folders' own .pth files: an editable install stays out of sight.
    (own / "libraries.pth").write_text("\n".join(libraries) + "\n", encoding="utf-8")
    command, home = str(folder / "bin" / "stairgate"), folder / "home"
    failures = failure(command, ["home", "init", str(home), "--address", "127.0.0.1", "--agent", "router"], 0, "")
    failures += failure(command, ["hub", "--help"], 0, "--data")
    failures += failure(command, ["agent", "--help"], 0, "agent.toml")
    data = folder / "data"
    failures += failure(command, ["hub", str(home), "--data", str(data)], 1, "stairgate hub:")
    probe = (
        "import stairgate.hub.app, sys, pathlib; p = pathlib.Path(stairgate.hub.app.__file__).parent; "
        "print('templates', len(list(p.glob('templates/*.html'))), 'from', p)"
    )
    ran = subprocess.run([str(folder / "bin" / "python"), "-c", probe], capture_output=True, text=True, check=False)
    if str(own) not in ran.stdout or "templates 0" in ran.stdout:
        failures.append(f"hub from the wheel: {(ran.stdout + ran.stderr)[-300:]!r}")
    return failures


def main() -> int:
    """Build, compare, install, ask."""
    with tempfile.TemporaryDirectory() as temporary:
        wheel = build_wheel(Path(temporary))
        with zipfile.ZipFile(wheel) as archive:
            found = set(archive.namelist())
        missing = sorted(expected_files() - found)
        failures = answers(wheel, Path(temporary) / "clean")
        failures += works_with_extras(wheel, Path(temporary) / "extras")
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
