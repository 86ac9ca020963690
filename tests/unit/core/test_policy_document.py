"""docs/policy.md says what the code does: its command is run, and its tables name everything there is."""

import re
import shlex
from pathlib import Path

import pytest

from stairgate.core import fields, gates, limits
from stairgate.core.decide import REASONS
from stairgate.core.schema import KINDS, SCHEMA
from stairgate.provisioning.preview import main

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
TABLE_ROWS = [line for line in DOCUMENT.splitlines() if line.startswith("| ")]


def console_blocks() -> list[tuple[str, str]]:
    """(command, output) of each console block."""
    blocks = re.findall(r"```console\n\$ (.*?)\n(.*?)```", DOCUMENT, re.DOTALL)
    assert blocks
    return blocks


def test_shown_commands_print_what_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    for command, output in console_blocks():
        program, name, *arguments = shlex.split(command)
        assert (program, name) == ("stairgate", "preview")
        assert main(arguments) == 0
        assert capsys.readouterr().out == output


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_line_has_a_row_with_as_many_fields(kind: str) -> None:
    rows = [row for row in TABLE_ROWS if row.startswith(f'| `["{kind}"')]
    assert len(rows) == 1
    line = rows[0].split("`")[1]
    # Commas inside inner arrays separate no fields.
    while re.search(r"(?<!^)\[[^\[\]]*\]", line):
        line = re.sub(r"(?<!^)\[[^\[\]]*\]", "list", line)
    assert line.count(",") == len(SCHEMA[kind])


@pytest.mark.parametrize("reason", REASONS + gates.REASONS)
def test_each_reason_has_a_row(reason: str) -> None:
    assert sum(row.startswith(f"| `{reason}` |") for row in TABLE_ROWS) == 1


@pytest.mark.parametrize(
    "word",
    [
        *fields.LEVELS,
        *fields.FLAGS,
        *fields.OVERRIDES,
        *fields.BANDS,
        *fields.QUIET_ACTIONS,
        *fields.SENSOR_GATES,
        *fields.FUNCTION_GATES,
    ],
)
def test_each_word_of_the_format_is_explained(word: str) -> None:
    assert f"`{word}`" in DOCUMENT


@pytest.mark.parametrize(
    ("row", "limit"),
    [
        ("signed policy for a router", limits.ROUTER_POLICY_BYTES),
        ("signed policy for a toy", limits.TOY_POLICY_BYTES),
        ("line, without its newline", limits.LINE_BYTES),
        ("arrays inside each other, the line included", limits.DEPTH),
        ("offset changes of a zone", limits.ZONE_CHANGES),
        ("length of an override", limits.OVERRIDE_SECONDS_MAX // 86400),
        ("travels of a person", limits.TRAVELS),
        ("opening of a sensor, from the issue", limits.OPENING_SECONDS_MAX // 3600),
    ],
)
def test_each_limit_is_the_codes(row: str, limit: int) -> None:
    assert any(line.startswith(f"| {row} | {limit}") for line in TABLE_ROWS)


def test_each_code_of_a_refusal_is_named() -> None:
    core = ROOT / "micro" / "stairgate" / "core"
    codes: set[str] = set()
    for name in ("envelope", "lines", "line_reader", "policy", "policy_reader"):
        source = (core / f"{name}.py").read_text(encoding="utf-8")
        codes |= set(re.findall(r'(?:Refused|fault)\(\s*"(\w+)"', source))
    assert len(codes) >= 13
    # `torn` is a file on flash that ends early, no fault of a document.
    assert [code for code in sorted(codes - {"torn"}) if f"`{code}`" not in DOCUMENT] == []
