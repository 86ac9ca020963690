"""A QR code as one path of an SVG picture, so that a page needs neither a script nor a picture of its own.

The library makes the code; here only its modules become runs. What the code says is its page's part.
"""

from dataclasses import dataclass
from itertools import groupby

import segno


@dataclass(frozen=True)
class CodePicture:
    """A QR code as an SVG path: its side in modules, quiet zone included, and the dark modules."""

    side: int
    path: str


def qr_code(text: str) -> CodePicture:
    """The QR code of a text, as a path of one unit a module, with the quiet zone that readers want."""
    matrix = segno.make(text, micro=False, error="m").matrix
    quiet = 4
    runs = []
    for row, modules in enumerate(matrix):
        column = quiet
        for module, group in groupby(modules):
            length = len([*group])
            if module:
                runs.append(f"M{column} {row + quiet}h{length}v1h-{length}z")
            column += length
    return CodePicture(len(matrix) + 2 * quiet, "".join(runs))
