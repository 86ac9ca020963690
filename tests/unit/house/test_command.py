"""The command `stairgate`: it needs nothing until it is asked for something, and every name of it is explained."""

import subprocess
import sys
from pathlib import Path

import pytest

from stairgate import cli

ROOT = Path(__file__).resolve().parents[3]
CLI = ROOT / "provisioning" / "stairgate" / "cli.py"
# Isolated, without site-packages and without any environment: a machine on which nothing is installed.
BARE = [sys.executable, "-I", "-S", "-W", "error"]
MODULES_AFTER = """
import runpy, sys
sys.argv = ["stairgate", *sys.argv[2:]]
try:
    runpy.run_path({cli!r}, run_name="__main__")
except SystemExit as end:
    status = end.code
foreign = {{name.partition(".")[0] for name in sys.modules}} - set(sys.stdlib_module_names) - {{"__main__"}}
print(sorted(foreign), status)
"""


def bare(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*BARE, *words], capture_output=True, text=True, env={}, check=False)


@pytest.mark.parametrize("words", [["--version"], ["--help"], []])
def test_version_and_help_import_nothing_but_the_standard_library(words: list[str]) -> None:
    ran = bare("-c", MODULES_AFTER.format(cli=str(CLI)), "--", *words)

    assert ran.stderr == ""
    assert ran.stdout.splitlines()[-1] == "[] 0"
    assert "stairgate" in ran.stdout.splitlines()[0]


def test_the_version_is_told_on_a_machine_where_nothing_is_installed() -> None:
    ran = bare(str(CLI), "--version")

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "stairgate unknown\n", "")


def test_commands_that_are_not_installed_are_listed_as_such() -> None:
    ran = bare(str(CLI), "--help")

    listed = [line for line in ran.stdout.splitlines() if line[:2] == "  " and line[2] != " "]
    assert len(listed) == len(cli.COMMANDS)
    assert all(line.endswith("(not installed here)") for line in listed)


def test_a_command_that_is_not_installed_says_what_is_missing() -> None:
    ran = bare(str(CLI), "preview", "x")

    assert ran.returncode == 1
    assert "is missing; install stairgate with the extra" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("words", [["nonsense"], ["--nonsense"], ["Preview"], ["preview "]])
def test_an_unknown_command_is_status_2_and_lists_the_known_ones(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words) == 2

    told = capsys.readouterr()
    assert told.out == ""
    assert f"unknown command {words[0]!r}" in told.err
    assert all(command.name in told.err for command in cli.COMMANDS)


def test_names_are_used_once() -> None:
    names = [command.name for command in cli.COMMANDS]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.name)
def test_every_command_has_its_function(command: cli.Command) -> None:
    assert cli.is_installed(command)
    with pytest.raises(SystemExit) as ended:
        cli.main([command.name, "--help"])
    assert ended.value.code == 0


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.name)
def test_every_command_is_in_the_readme(command: cli.Command) -> None:
    readme = ROOT / "README.md"
    assert readme.is_file(), "expected README.md: what it is, for whom, its commands"

    assert f"stairgate {command.name}" in readme.read_text(encoding="utf-8")
