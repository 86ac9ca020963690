"""A short document whose kinds of lines stand in a fixed order, each a bounded number of times.

It decides whether a body is such a document and hands out its fields; what they mean is left to whoever owns
the document (`trust`, `certificate`, `pairing`). Kinds that begin with `x-` are skipped, but not at the start.
"""

from binascii import a2b_base64, b2a_base64
from collections import namedtuple

from stairgate.core import limits
from stairgate.core.lines import read_line, split, write_line
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NamedTuple  # noqa: TID251

    class Section(NamedTuple):
        """`fewest`, `most`: how often the kind may stand; `checks`: one for each field after the kind."""

        kind: str
        fewest: int
        most: int
        checks: "tuple[Callable[[object], bool], ...]"

else:
    Section = namedtuple("Section", "kind fewest most checks")


def _bad(expected: str) -> Refused:
    return Refused("bad_message", "expected " + expected)


def read_sections(body: bytes, sections: "Sequence[Section]") -> "list[list[list[object]]]":
    """For each section the fields of its lines. Raises Refused `bad_message`."""
    found: "list[list[list[object]]]" = [[] for _ in sections]
    at = 0
    try:
        for line in split(body):
            kind, fields = _read(line)
            if kind.startswith("x-") and found[0]:
                continue
            while at < len(sections) and sections[at].kind != kind:
                at += 1
            if at == len(sections):
                raise _bad("the kinds " + ", ".join([section.kind for section in sections]) + ", in this order")
            _check(sections[at], fields)
            found[at].append(fields)
            if len(found[at]) > sections[at].most:
                raise _bad(f"{kind} at most {sections[at].most} times")
    except Refused as refused:
        raise Refused("bad_message", refused.detail) from None
    for section, lines in zip(sections, found):
        if len(lines) < section.fewest:
            raise _bad(f"{section.kind} at least {section.fewest} times")
    return found


def _read(line: bytes) -> "tuple[str, list[object]]":
    values = read_line(line)
    if not values or not isinstance(values[0], str):
        raise _bad("a kind at the beginning of each line")
    return values[0], values[1:]


def _check(section: "Section", fields: "list[object]") -> None:
    if len(fields) != len(section.checks):
        raise _bad(f"{len(section.checks)} fields of {section.kind}, not {len(fields)}")
    for number in range(len(fields)):
        if not section.checks[number](fields[number]):
            raise _bad(f"another field {number + 1} of {section.kind}")


def write_sections(lines: "Sequence[Sequence[object]]", sections: "Sequence[Section]") -> bytes:
    """The body of these lines. Raises Refused `bad_message` for what `read_sections` would refuse."""
    try:
        body = b"".join([write_line(list(line)) for line in lines])
    except ValueError as error:
        raise _bad(str(error)) from None
    read_sections(body, sections)
    return body


def is_chunk(value: object) -> bool:
    """Base64 (RFC 4648, 4) in the one way in which these bytes are written."""
    if not isinstance(value, str) or not 4 <= len(value) <= limits.BASE64_CHARACTERS or len(value) % 4:
        return False
    try:
        return b2a_base64(a2b_base64(value))[:-1] == value.encode()
    except ValueError:
        return False


def binary_lines(kind: str, data: bytes) -> "list[list[object]]":
    """The lines that carry these bytes, in chunks of base64."""
    step = limits.BASE64_CHARACTERS // 4 * 3
    starts = range(0, len(data), step)
    return [[kind, str(b2a_base64(data[start : start + step]), "ascii")[:-1]] for start in starts]


def joined(lines: "list[list[object]]") -> bytes:
    """The bytes that `binary_lines` took apart. Raises Refused `bad_message`."""
    data = b""
    for number in range(len(lines)):
        chunk = str(lines[number][0])
        if number < len(lines) - 1 and len(chunk) != limits.BASE64_CHARACTERS:
            raise _bad("whole chunks, but for the last")
        data += a2b_base64(chunk)
    return data
