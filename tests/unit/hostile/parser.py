"""One parser of the product as a row of a table: what it takes, good bytes for it, what it may raise.

The tables are `agent_parsers`, `hub_parsers`, `home_parsers`, `core_parsers`; `test_parsers` walks them.
"""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from werkzeug.datastructures import MultiDict

MUTATIONS = 300


class Parser(NamedTuple):
    """One parser. good: bytes, or the file of a home that has them, `DER of …` for what is inside a PEM file.

    tries: how many mutations; fewer where one is slow. refusals: what its docstring promises to raise; () for one that
    answers with nothing instead.
    """

    parse: Callable[[bytes, Path], object]
    good: bytes | str
    refusals: tuple[type[Exception], ...] = ()
    tries: int = MUTATIONS


def text(data: bytes) -> str:
    """Bytes as a text of any kind, lone surrogates included."""
    return data.decode("utf-8", "surrogateescape")


def of_text(read: Callable[[str], object]) -> Callable[[bytes, Path], object]:
    """A parser of a text."""
    return lambda data, _: read(text(data))


def of_bytes(read: Callable[[bytes], object]) -> Callable[[bytes, Path], object]:
    """A parser of bytes."""
    return lambda data, _: read(data)


def pem(kind: str, der: bytes) -> bytes:
    """DER as a PEM text."""
    return f"-----BEGIN {kind}-----\n{base64.encodebytes(der).decode()}-----END {kind}-----\n".encode()


def form(data: bytes) -> MultiDict[str, str]:
    """A form as it arrives."""
    pairs = [pair.partition("=") for pair in text(data).replace("%3A", ":").split("&")]
    return MultiDict([(name, value) for name, _, value in pairs])


def in_file(read: Callable[[Path], object], name: str) -> Callable[[bytes, Path], object]:
    """A parser of a file of the home."""

    def parse(data: bytes, home: Path) -> object:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return read(path)

    return parse
