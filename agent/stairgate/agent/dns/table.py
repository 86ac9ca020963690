"""The pack in memory: which set of tags a name has, answered from a mapped file within microseconds.

It decides the set of a name (the longest listed suffix counts) and whether a file is a whole pack before it is used.
Layout and header are `stairgate.core.pack`'s, which reads the same file without a map; what the tags lead to is
`stairgate.core.filtering`'s part.
"""

import mmap
import os
import struct
from collections.abc import Iterator

from stairgate.agent.limits import CHECK_BYTES, PARENTS
from stairgate.core.filtering import suffixes
from stairgate.core.pack import (
    BUCKETS,
    FINGERPRINT_BYTES,
    NOT_LISTED,
    NUMBER_BYTES,
    RANGE_BYTES,
    TRAILER_BYTES,
    Pack,
)
from stairgate.core.refused import Refused

try:  # a fifth faster than OpenSSL's for something as short as a name, and 3 MB smaller
    from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:  # pragma: no cover - it has another name, or is not built, elsewhere
    from hashlib import sha256

_split = struct.Struct(f">H{FINGERPRINT_BYTES}s").unpack_from  # bucket and fingerprint, of a hash
_pair = struct.Struct("<II").unpack_from


def _bad(what: str) -> Refused:
    return Refused("bad_pack", what)


class Table:
    """An opened pack. It is to be gone through (`checking`) before it is asked. Raises Refused `bad_pack`, or OSError.

    sha256: of the whole file in hex, "" before it was checked. tags: all of them; sets: the tags of each set.
    """

    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < TRAILER_BYTES:  # an empty file cannot be mapped
                raise _bad(f"expected a pack, got {size} bytes")
            self._data = data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            pack = Pack(lambda offset, count: data[offset : offset + count], size)
            self.tags, self.sets = pack.tags, pack.sets
        except BaseException:
            data.close()
            raise
        self.path, self.sha256, self.names = path, "", pack.names
        self._index_at, self._fingerprints_at = pack.index_at, pack.fingerprints_at
        self._set_numbers_at, self._ranges_at, self._trailer_at = pack.set_numbers_at, pack.ranges_at, pack.trailer_at
        self._parents: dict[str, int] = {}

    def close(self) -> None:
        """Unmap the file."""
        self._data.close()

    def checking(self) -> Iterator[None]:
        """Go through the whole file, a piece at each step, so that answers go on meanwhile. Raises Refused `bad_pack`.

        Whoever changes a file that is in use breaks it: packs are put in place by a rename.
        """
        yield from self._check_index()
        yield from self._check_set_numbers()
        digest = sha256()
        for start in range(0, self._trailer_at, CHECK_BYTES):
            digest.update(self._data[start : min(start + CHECK_BYTES, self._trailer_at)])
            yield
        trailer = self._data[self._trailer_at :]
        if digest.digest() != trailer:
            raise _bad("expected the SHA-256 of its bytes at the end")
        digest.update(trailer)
        self.sha256 = digest.hexdigest()

    def _check_index(self) -> Iterator[None]:
        last = 0
        for start in range(0, BUCKETS + 1, 4096):
            count = min(4096, BUCKETS + 1 - start)
            numbers = struct.unpack_from(f"<{count}I", self._data, self._index_at + start * NUMBER_BYTES)
            if numbers[0] < last or list(numbers) != sorted(numbers):
                raise _bad("expected an ascending index")
            last = numbers[-1]
            yield

    def _check_set_numbers(self) -> Iterator[None]:
        for start in range(self._set_numbers_at, self._ranges_at, CHECK_BYTES):
            if max(self._data[start : min(start + CHECK_BYTES, self._ranges_at)]) >= len(self.sets):
                raise _bad("expected the number of a set")
            yield
        for start in range(self._ranges_at, self._trailer_at, RANGE_BYTES):
            if self._data[start] not in (4, 6):
                raise _bad("expected a range of addresses")

    def _own_set(self, name: str) -> int:
        """The set of exactly this name, -1 when it is not in the pack."""
        bucket, wanted = _split(sha256(name.encode()).digest())
        data = self._data
        first, last = _pair(data, self._index_at + NUMBER_BYTES * bucket)
        if first == last:
            return -1
        base = self._fingerprints_at
        end = base + FINGERPRINT_BYTES * last
        at = data.find(wanted, base + FINGERPRINT_BYTES * first, end)
        # Four bytes may also match across two fingerprints.
        while at >= 0 and (at - base) % FINGERPRINT_BYTES:
            at = data.find(wanted, at + 1, end)
        return data[self._set_numbers_at + (at - base) // FINGERPRINT_BYTES] if at >= 0 else -1

    def set_of(self, name: str) -> int:
        """The number of a name's set, 0 when it is not listed. name: ASCII, lower case, no dot at the end."""
        found = self._own_set(name)
        if found >= 0:
            return found
        dot = name.find(".")
        return self._set_of_parent(name[dot + 1 :]) if dot >= 0 else NOT_LISTED

    def _set_of_parent(self, name: str) -> int:
        # Names share their parents: `com` would be looked up for nearly each of them.
        known = self._parents.get(name)
        if known is None:
            known = self.set_of(name)
            if len(self._parents) >= PARENTS:
                self._parents.clear()
            self._parents[name] = known
        return known

    def is_exception(self, name: str) -> bool:
        """Whether the list says of this name, or of the nearest listed domain above, that it is not listed."""
        for suffix in suffixes(name):
            found = self._own_set(suffix)
            if found >= 0:
                return found == NOT_LISTED
        return False

    def tags_of(self, name: str) -> tuple[str, ...]:
        """The tags of a name, in the pack's order."""
        return self.sets[self.set_of(name)]
