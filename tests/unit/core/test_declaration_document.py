"""docs/declaration.md says what the code does: its tables name every kind, field and word there is."""

import re
from pathlib import Path

import pytest

from stairgate.core import declaration_fields, limits
from stairgate.core.declaration_fields import KINDS, SCHEMA
from stairgate.core.ledger import KINDS as LEDGER_KINDS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "declaration.md").read_text(encoding="utf-8")
ROWS = [line for line in DOCUMENT.splitlines() if line.startswith("| ")]
WORDS = (
    *("GATES", "GESTURES", "INDICATORS", "TRANSPORTS", "DATA_TYPES", "COLLECTED", "PURPOSES", "BASES", "STORED"),
    *("FLAGS", "COLUMNS", "RUNS_ON", "STATES", "AUDIENCES"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_line_is_shown_with_its_fields(kind: str) -> None:
    shown = [re.findall(r'^\| `\["(\w+)", (.*?)\]` \|', row) for row in ROWS]
    (fields,) = [found[0][1] for found in shown if found and found[0][0] == kind]
    expected = ", ".join("[flag, …]" if name == "flags" else name for name, _, _ in SCHEMA[kind])
    assert fields == expected


@pytest.mark.parametrize("table", WORDS)
def test_each_word_of_the_format_is_named(table: str) -> None:
    assert [word for word in getattr(declaration_fields, table) if f"`{word}`" not in DOCUMENT] == []


@pytest.mark.parametrize(
    "said",
    [
        f"At most {limits.DECLARATION_BYTES} bytes",
        f"at most {limits.DECLARATION_ROWS}",
        f"At most {limits.DESTINATIONS}",
        f"at most {limits.SENTENCE_CHARACTERS} characters",
        f"0 (gone when the answer was given) to {limits.RETENTION_DAYS_MAX}",
        "({}–{})".format(*limits.GESTURE_HOLD_SECONDS),
        "{}–{})".format(*limits.SESSION_SECONDS),
    ],
)
def test_each_limit_is_the_codes(said: str) -> None:
    assert said in DOCUMENT


@pytest.mark.parametrize("kind", LEDGER_KINDS)
def test_each_kind_of_entry_is_explained(kind: str) -> None:
    assert any(f"`{kind}`" in row.split("|")[1] for row in ROWS)
