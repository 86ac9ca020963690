"""Reads lines on a toy: the kinds it enforces, by the shape of their fields, in little code and memory.

It decides whether a signed document has a form that can be enforced without surprise. Who signed has checked every
value (`line_reader` with its tables); a toy that repeated this would carry 12 KB of tables that add no safety, because
whoever holds the key may say anything. An unknown kind still refuses the whole: nothing is enforced in part.
"""

from stairgate.core.lines import as_tuples, read_line
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SHAPES = {"s": str, "i": int, "l": list}


def read_brief(
    lines: "Iterable[bytes]", first: str, shapes: "dict[str, str]", skipped: "tuple[str, ...]"
) -> "dict[str, list[list[object]]]":
    """The fields of each line, by kind. shapes: for each kind one letter a field: `s` text, `i` number, `l` list.

    first: the kind of the first line, which stands once. skipped: kinds that are known and not for a toy. Raises
    Refused: `bad_line`, `line_too_long`, `bad_end`, `bad_order`, `unknown_kind` or `bad_field`.
    """
    found: "dict[str, list[list[object]]]" = {kind: [] for kind in shapes}
    number = 0
    for line in lines:
        number += 1
        values = read_line(line)
        kind = values[0] if values else ""
        if (kind == first) != (number == 1):
            raise Refused("bad_order", f"line {number}: expected {first} on the first line, and only there")
        if not isinstance(kind, str) or kind not in shapes:
            if isinstance(kind, str) and (kind in skipped or kind.startswith("x-")):
                continue
            raise Refused("unknown_kind", f"line {number}: {str(kind)[:40]}")
        shape = shapes[kind]
        fields = values[1:]
        if len(fields) != len(shape) or [
            1 for letter, value in zip(shape, fields) if type(value) is not SHAPES[letter]
        ]:
            raise Refused("bad_field", f"line {number}: expected {kind} {shape}")
        found[kind].append(as_tuples(fields))
    if not number:
        raise Refused("bad_order", f"expected {first} on the first line, got nothing")
    return found
