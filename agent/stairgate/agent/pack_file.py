"""A pack on the disk, opened for a few questions: what the tags of a name are, which addresses carry a tag.

It decides nothing: the format is `stairgate.core.pack`'s. The filter, which asks for every name, maps the file instead
(`dns.table`).
"""

import contextlib
import os
from collections.abc import Collection, Iterator

from stairgate.agent.address_spans import Range
from stairgate.core.pack import Pack

DOH = "doh"  # encrypted resolvers


@contextlib.contextmanager
def opened(path: str) -> Iterator[Pack]:
    """The pack in this file. Raises OSError, and Refused `bad_pack` as all of its methods do."""
    with open(path, "rb") as file:
        descriptor = file.fileno()
        yield Pack(lambda offset, count: os.pread(descriptor, count, offset), os.fstat(descriptor).st_size)


def tagged_ranges(path: str, tag: str) -> list[tuple[tuple[str, ...], Range]]:
    """(all tags, range) of each range with this tag. Raises OSError, Refused."""
    with opened(path) as pack:
        wanted = {number: tags for number, tags in enumerate(pack.sets) if tag in tags}
        return [
            (wanted[number], (family, prefix, address))
            for family, prefix, address, number in pack.ranges()
            if number in wanted
        ]


def resolver_ranges(path: str) -> list[Range]:
    """(family 4 or 6, prefix length, address) of each range of encrypted resolvers. Raises OSError, Refused."""
    return [found for _, found in tagged_ranges(path, DOH)]


def tags_of_names(path: str, names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The tags of each name. Raises OSError, Refused."""
    with opened(path) as pack:
        return {name: pack.tags_of(name) for name in names}
