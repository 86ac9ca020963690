"""What docs/toy-makers.md says is so: its lines of code, its table of provisions, the links it follows."""

import ast
import re
from pathlib import Path

import pytest

from stairgate.hub.toy_provisions import MAKER, MET, NOT_MET, PROVISIONS
from stairgate.micro.agent import Agent
from stairgate.micro.enrol import Enrol
from stairgate.micro.gates import Gates
from stairgate.micro.ledger import Ledger
from stairgate.micro.sync import Sync
from tests.micro.interpreter import ROOT, run_micropython

PAGE = ROOT / "docs" / "toy-makers.md"
TEXT = PAGE.read_text(encoding="utf-8")


def code() -> str:
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    return str(block)


def test_the_ten_lines_are_about_ten_and_micropython_takes_them(tmp_path: Path) -> None:
    lines = [line for line in code().splitlines() if line]
    assert len(lines) <= 10
    (tmp_path / "toy.py").write_text(code(), encoding="utf-8")
    result = run_micropython(["-X", "compile-only", str(tmp_path / "toy.py")])
    assert result.returncode == 0, result.stderr


def test_the_ten_lines_use_what_there_is() -> None:
    asked = {node.attr for node in ast.walk(ast.parse(code())) if isinstance(node, ast.Attribute)}
    ours = {name for each in (Agent, Sync, Enrol, Gates, Ledger) for name in dir(each)} | {
        "gates",
        "ledger",
        "identity",
    }
    assert asked - ours == {"readframes", "gather"}


@pytest.mark.parametrize("state", [MET, NOT_MET, MAKER])
def test_the_provisions_are_those_of_the_tables(state: str) -> None:
    found = re.search(rf"^\| {state} \((\d+)\) \| ([0-9A-Z. -]+) \|$", TEXT, re.MULTILINE)
    assert found
    numbers = [provision.number for provision in PROVISIONS if provision.state == state]
    assert found[2].split() == numbers
    assert int(found[1]) == len(numbers)


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", TEXT):
        assert (PAGE.parent / target).resolve().exists(), target
