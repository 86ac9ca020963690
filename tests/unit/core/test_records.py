"""The records have the same fields for the type checker and at run time."""

import ast
from pathlib import Path

import pytest

CORE = Path(__file__).parents[3] / "micro" / "stairgate" / "core"


def declared(tree: ast.AST) -> dict[str, list[str]]:
    """Field names of each class that is a NamedTuple for the checker."""
    return {
        node.name: [item.target.id for item in node.body if isinstance(item, ast.AnnAssign)]  # type: ignore[union-attr]
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") == "NamedTuple" for base in node.bases)
    }


def made(tree: ast.AST) -> dict[str, list[str]]:
    """Field names of each namedtuple made at run time."""
    return {
        node.args[0].value: list(ast.literal_eval(node.args[1]))  # type: ignore[attr-defined]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "namedtuple"
    }


@pytest.mark.parametrize(
    "name",
    [
        "records",
        "rules",
        "decide",
        "messages",
        "declaration",
        "declaration_reader",
        "gates",
        "ledger",
        "ledger_message",
    ],
)
def test_both_declarations_agree(name: str) -> None:
    tree = ast.parse((CORE / f"{name}.py").read_text(encoding="utf-8"))
    assert declared(tree)
    assert declared(tree) == made(tree)
