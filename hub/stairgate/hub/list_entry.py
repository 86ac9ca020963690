"""What a block list says about one name: the value that readers of lists give and the builder of the pack takes.

It decides nothing. What the kinds do to each other is `inheritance`'s part.
"""

from typing import NamedTuple

LISTED = "listed"
EXCEPTION = "exception"
HASHED = "hashed"
KINDS = (LISTED, EXCEPTION, HASHED)


class Entry(NamedTuple):
    """A name, which stands for itself and all below it, and what a source says of it.

    name: in its one form (`name_text.normal`); for kind `hashed` the first 12 or all 64 hex digits of its SHA-256.
    tags: of a listed or hashed name; an exception's are not looked at. source: whose word it is; an exception takes
    back the tags of its own source only.
    """

    name: str
    tags: tuple[str, ...]
    source: str = ""
    kind: str = LISTED
