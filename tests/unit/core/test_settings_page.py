"""docs/settings.md says what the code does: its tables are the table's, and its examples are read."""

import re
import tomllib

from stairgate.agent.uci import read_uci
from stairgate.core.settings import check, near, sentence
from tests.settings_page import PAGE, with_tables

TEXT = PAGE.read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced examples of the page in one language."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return [text for name, text in found if name == language]


def test_the_tables_are_up_to_date() -> None:
    assert with_tables(TEXT) == TEXT, "run python -m tests.settings_page"


def test_a_table_that_is_out_of_date_would_be_found() -> None:
    assert with_tables(TEXT.replace("| `session_days` |", "| `session_weeks` |")) == TEXT


def test_the_examples_are_good_and_mean_the_same() -> None:
    (toml,) = blocks("toml")
    uci, faults = next(read_uci(text) for text in blocks("") if text.startswith("config"))

    assert faults == []
    in_toml, in_uci = check(tomllib.loads(toml)), check(uci, are_texts=True)
    assert in_toml[1] == in_uci[1] == []
    assert in_toml[0]["agent"] == in_uci[0]["agent"]


def test_the_mistake_that_is_shown_is_told_so() -> None:
    (shown,) = (text.strip() for text in blocks("") if text.startswith("stairgate.toml"))
    (fault,) = check({"agent": {"lan_interface": ["br-lan"]}})[1]

    assert shown == f"stairgate.toml: {sentence(fault)}"
    assert near("lan_interface", ("lan_interfaces",)) in shown
