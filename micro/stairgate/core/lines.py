"""One line of a signed document: a JSON array of strings, whole numbers and arrays, on 512 bytes at most.

It decides what is a line and nothing about its meaning. The JSON readers of CPython and MicroPython do not
agree on what is JSON (MicroPython reads `[1 2]`), so a line is accepted only if writing it again gives the
same text, spaces between the values aside: no escapes, no floats, no booleans, no objects, no leading zeros.
"""

import json

from stairgate.core import limits
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator  # noqa: F401


# A line of nothing but these holds neither an escape nor a control character.
USUAL = b'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789[]",:._/+-'


def _text(value: object, depth: int) -> str:
    if isinstance(value, str):
        if '"' in value or "\\" in value or (value and min(value) < " "):
            raise ValueError("strings without quotes, backslashes and control characters")
        return '"' + value + '"'
    if type(value) is int:
        return str(value)
    if isinstance(value, (list, tuple)):
        if depth == 0:
            raise ValueError(f"at most {limits.DEPTH} arrays inside each other")
        return "[" + ",".join([_text(item, depth - 1) for item in value]) + "]"
    raise ValueError("strings, whole numbers and arrays only")


def write_line(values: "list[object] | tuple[object, ...]") -> bytes:
    """The line with its newline. Raises ValueError for what cannot be said in a line."""
    line = _text(values, limits.DEPTH).encode()
    if len(line) > limits.LINE_BYTES:
        raise ValueError(f"a line of at most {limits.LINE_BYTES} bytes, not {len(line)}")
    return line + b"\n"


def _plain_text(values: "list[object]", depth: int) -> str:
    """As `_text`, in half the time, for values whose strings are known to need no look."""
    texts = []
    for value in values:
        kind = type(value)
        if kind is str:
            texts.append('"' + value + '"')  # type: ignore[operator]
        elif kind is int:
            texts.append(str(value))
        elif kind is list and depth > 1:
            texts.append(_plain_text(value, depth - 1) if value else "[]")  # type: ignore[arg-type]
        else:
            raise ValueError
    return "[" + ",".join(texts) + "]"


def _without_spaces(text: str) -> str:
    parts = text.split('"')
    for index in range(0, len(parts), 2):
        parts[index] = parts[index].replace(" ", "")
    return '"'.join(parts)


def _is_plain(line: bytes, text: str, values: object) -> bool:
    # Without a backslash no string can hold a quote; characters below a space are allowed nowhere.
    if type(values) is not list or (line.strip(USUAL) and (b"\\" in line or min(line) < 32)):
        return False
    try:
        return _plain_text(values, limits.DEPTH) == (_without_spaces(text) if b" " in line else text)
    except ValueError:
        return False


def _refusal(text: str, values: object) -> Refused:
    """Why the values of a line that is not plain are refused."""
    try:
        again = _text(values, limits.DEPTH)
    except ValueError as error:
        return Refused("bad_line", f"expected {error}, got {text[:60]}")
    if not isinstance(values, list):
        return Refused("bad_line", f"expected an array, got {text[:40]}")
    return Refused("bad_line", f"expected the plain form {again[:80]}, got {text[:80]}")


def read_line(line: bytes) -> "list[object]":
    """The values of a line (given without its newline). Raises Refused: `line_too_long` or `bad_line`."""
    if len(line) > limits.LINE_BYTES:
        raise Refused("line_too_long", f"expected at most {limits.LINE_BYTES} bytes, got {len(line)}")
    try:
        text = str(line, "utf-8")
        values = json.loads(text)
    except (ValueError, RuntimeError, MemoryError):
        raise Refused("bad_line", f"expected a JSON array, got {repr(line[:60])}") from None
    if not _is_plain(line, text, values):
        raise _refusal(text, values)
    return values  # type: ignore[no-any-return]


def as_tuples(fields: "list[object]") -> "list[object]":
    """The same fields with tuples for lists. In a list of a sound field, all items are lists, or none is."""
    kept: "list[object]" = []
    for value in fields:
        if isinstance(value, list):
            nested = value and isinstance(value[0], list)
            value = tuple([tuple(item) for item in value]) if nested else tuple(value)
        kept.append(value)
    return kept


def split(body: bytes) -> "Iterator[bytes]":
    """The lines of a body one after the other, without their newlines.

    Raises Refused `bad_end` at a torn end.
    """
    start = 0
    while start < len(body):
        end = body.find(b"\n", start)
        if end < 0:
            raise Refused("bad_end", "expected a newline after the last line, got none")
        yield body[start:end]
        start = end + 1
