"""A pack on the disk, opened for a few questions: what the tags of a name are, which addresses carry a tag.

It decides nothing: the format is `stairgate.core.pack`'s. The filter, which asks for every name, maps the file instead
(`dns.table`).
"""

import contextlib
import os
from collections.abc import Iterator

from stairgate.core.pack import Pack

DOH = "doh"  # encrypted resolvers


@contextlib.contextmanager
def opened(path: str) -> Iterator[Pack]:
    """The pack in this file. Raises OSError, and Refused `bad_pack` as all of its methods do."""
    with open(path, "rb") as file:
        descriptor = file.fileno()
        yield Pack(lambda offset, count: os.pread(descriptor, count, offset), os.fstat(descriptor).st_size)


def resolver_ranges(path: str) -> list[tuple[int, int, bytes]]:
    """(family 4 or 6, prefix length, address) of each range of encrypted resolvers. Raises OSError, Refused."""
    with opened(path) as pack:
        wanted = {number for number, tags in enumerate(pack.sets) if DOH in tags}
        return [(family, prefix, address) for family, prefix, address, number in pack.ranges() if number in wanted]
