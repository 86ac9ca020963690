"""The command `stairgate toy`: a maker's declaration checked, its code compared with it, and the document signed.

It decides nothing itself: what a declaration must say is `core.declaration_rules`' part, what code does `toy_code`'s. A
declaration with faults is never signed, so a build that needs the signed file fails. The source is the lines of
docs/declaration.md, in any order; lines that begin with `#` are for people.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stairgate.core import limits
from stairgate.core.declaration import KIND
from stairgate.core.declaration_fields import KINDS, SORT_FIELDS
from stairgate.core.declaration_reader import read_declaration
from stairgate.core.declaration_rules import check_declaration
from stairgate.core.lines import read_line
from stairgate.core.refused import Refused
from stairgate.provisioning.signing import SigningKey
from stairgate.provisioning.toy_code import CODES, findings

SOURCE_BYTES = 4 * limits.DECLARATION_BYTES  # with what is written for people
CODE_BYTES = 1 << 20


def _key(numbered: tuple[int, bytes]) -> tuple[int, list[str]]:
    """Where a line of the source belongs; what is no line comes last."""
    try:
        values = read_line(numbered[1])
        kind = str(values[0])
        return KINDS.index(kind), [str(part) for part in values[1 : 1 + SORT_FIELDS.get(kind, 1)]]
    except (Refused, ValueError, IndexError):
        return len(KINDS), []


def body_of(source: bytes) -> tuple[bytes, list[int]]:
    """The body of a source, its lines in order, and for each the number of its line in the source."""
    numbered = [(number, line.strip()) for number, line in enumerate(source.split(b"\n"), 1)]
    lines = sorted([one for one in numbered if one[1] and not one[1].startswith(b"#")], key=_key)
    return b"".join(line + b"\n" for _, line in lines), [number for number, _ in lines]


def faults_in(path: Path, body: bytes, numbers: list[int]) -> list[str]:
    """All faults of a declaration, as sentences with the source's lines."""
    told = []
    for fault in check_declaration(body):
        line = numbers[fault.line - 1] if 0 < fault.line <= len(numbers) else 0
        told.append(f"{path}:{line}: {fault.field}: expected {fault.expected}, got {fault.got}")
    return told


def _check(path: Path, code: Sequence[Path]) -> int:
    body, numbers = body_of(path.read_bytes()[:SOURCE_BYTES])
    told = faults_in(path, body, numbers)
    unclear = 0
    if not told:
        declaration = read_declaration(body)
        for file in [inner for one in code for inner in (sorted(one.rglob("*.py")) if one.is_dir() else [one])]:
            source = file.read_bytes()[:CODE_BYTES].decode("utf-8", "replace")
            for found in findings(source, str(file), declaration):
                unclear += found.code == "unclear"
                told.append(f"{found.path}:{found.line}: {found.code}: {CODES[found.code]}: {found.found}")
    for sentence in told:
        print(sentence)
    return 1 if len(told) > unclear else 0


def _sign(path: Path, key: Path, target: Path) -> int:
    body, numbers = body_of(path.read_bytes()[:SOURCE_BYTES])
    told = faults_in(path, body, numbers)
    if told:
        print("\n".join(told), file=sys.stderr)
        return 1
    target.write_bytes(SigningKey.load(key).sign(KIND, body))
    return 0


def _make_key(path: Path) -> int:
    if path.exists():
        print(f"{path}: expected no file, got one: a maker's key is made once", file=sys.stderr)
        return 1
    key = SigningKey.create()
    key.save(path)
    print(key.point.hex())
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Exit status 1: faults or findings; 2: the command line was not understood."""
    parser = argparse.ArgumentParser(
        prog="stairgate toy", description="What a toy's maker declares, checked and signed."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="all faults of a declaration, and what code does beyond it")
    check.add_argument("declaration", type=Path)
    check.add_argument("code", type=Path, nargs="*", help="files or folders of the toy's code")
    sign = commands.add_parser("sign", help="sign a declaration that has no faults")
    sign.add_argument("declaration", type=Path)
    sign.add_argument("--key", type=Path, required=True)
    sign.add_argument("--to", type=Path, required=True)
    key = commands.add_parser("key", help="make the maker's key, and print its public point for the firmware")
    key.add_argument("file", type=Path)
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "check":
            return _check(chosen.declaration, chosen.code)
        if chosen.command == "sign":
            return _sign(chosen.declaration, chosen.key, chosen.to)
        return _make_key(chosen.file)
    except (OSError, ValueError) as error:
        print(f"stairgate toy: {error}", file=sys.stderr)
        return 1
