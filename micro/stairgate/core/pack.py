"""The pack, version 1: the compiled list that gives a name its tags, read piece by piece in constant memory.

It decides which tags a name has. What they mean for a person is `filtering`'s part, which pack to believe the signed
policy's (its SHA-256), where the bytes lie the caller's: it hands in one function that reads. The hub's `pack_builder`
writes packs; the format, and the odds of a false match, are in docs/filter.md.
"""

try:  # of CPython itself: with OpenSSL's for all of `hashlib` a filter process is 3 MB larger
    from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha256

from stairgate.core.fields import is_word
from stairgate.core.filtering import suffixes
from stairgate.core.limits import PACK_NAMES, PACK_RANGES, PACK_SETS, PACK_TAGS, WORD_CHARACTERS
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The layout. Numbers are little-endian. A reader of its own, over mapped memory, takes these and `Pack`'s offsets.
MAGIC = b"SGPK"
VERSION = 1
HEADER_BYTES = 24
BUCKETS = 65536  # by the first two bytes of the name's digest, big-endian
NUMBER_BYTES = 4  # of the index: BUCKETS + 1 numbers
INDEX_BYTES = (BUCKETS + 1) * NUMBER_BYTES
FINGERPRINT_BYTES = 4  # the next four bytes of the digest
HASH_BYTES = 2 + FINGERPRINT_BYTES  # what a pack knows of a name
RANGE_BYTES = 20  # family, prefix length, set, zero, sixteen bytes of address
TRAILER_BYTES = 32
NOT_LISTED = 0  # the set without tags

CHUNK_BYTES = 1024  # read at a time when the whole file is gone through; whole index numbers
SCANNED = 64  # fingerprints read at once; a bucket of a million names has fifteen


def name_hash(name: str) -> bytes:
    """What a pack knows of a name: the first six bytes of SHA-256 over its text (lower case, A-labels, no dot last)."""
    digest: bytes = sha256(name.encode()).digest()
    return digest[:HASH_BYTES]


def _bad(what: str) -> "Refused":
    return Refused("bad_pack", what)


class Pack:
    """An opened pack.

    read(offset, count): those bytes of the file; its errors pass. size: bytes of the file.
    tags: in the order of the file. names, ranges_count: how many. bitmap_bytes: of a set. sets_count: with the empty
    one. index_at, fingerprints_at, set_numbers_at, ranges_at, trailer_at: offsets in the file.

    Raises `Refused` with `bad_pack` and what was expected; so do all methods when the file is not what its header
    says.
    """

    def __init__(self, read: "Callable[[int, int], bytes]", size: int) -> None:
        self._read = read
        self.size = size
        header = self._bytes(0, HEADER_BYTES)
        if header[:4] != MAGIC or header[4] != VERSION:
            raise _bad("expected the first bytes SGPK and version 1")
        self.bitmap_bytes = header[5]
        tags, self.sets_count = self._number(header, 6, 2), self._number(header, 8, 2)
        self.names, self.ranges_count = self._number(header, 12), self._number(header, 16)
        if header[10:12] != b"\0\0" or header[20:24] != b"\0\0\0\0":
            raise _bad("expected zeros in the header's reserve")
        for count, lowest, highest, what in (
            (tags, 0, PACK_TAGS, "tags"),
            (self.bitmap_bytes, (tags + 7) // 8, (tags + 7) // 8, "bytes of a bitmap"),
            (self.sets_count, 1, PACK_SETS, "sets"),
            (self.names, 0, PACK_NAMES, "names"),
            (self.ranges_count, 0, PACK_RANGES, "ranges"),
        ):
            if not lowest <= count <= highest:
                raise _bad(f"expected {lowest} to {highest} {what}, got {count}")
        self.tags, bitmaps_at = self._read_tags(tags)
        bitmaps_bytes = self.sets_count * self.bitmap_bytes
        self.index_at = bitmaps_at + bitmaps_bytes
        self.fingerprints_at = self.index_at + INDEX_BYTES
        self.set_numbers_at = self.fingerprints_at + self.names * FINGERPRINT_BYTES
        self.ranges_at = self.set_numbers_at + self.names
        self.trailer_at = self.ranges_at + self.ranges_count * RANGE_BYTES
        if size != self.trailer_at + TRAILER_BYTES:
            raise _bad(f"expected {self.trailer_at + TRAILER_BYTES} bytes, got {size}")
        self._bitmaps = self._bytes(bitmaps_at, bitmaps_bytes)
        self._check_bitmaps()
        if self._index(0) != 0 or self._index(BUCKETS) != self.names:
            raise _bad("expected an index from 0 to the number of names")

    def _bytes(self, offset: int, count: int) -> bytes:
        # Nothing outside the file is asked for: a reader may answer that in ways of its own.
        data = self._read(offset, count) if offset + count <= self.size else b""
        if len(data) != count:
            raise _bad(f"expected {count} bytes at {offset}")
        return data

    def _number(self, data: bytes, at: int, count: int = NUMBER_BYTES) -> int:
        return int.from_bytes(data[at : at + count], "little")

    def _read_tags(self, count: int) -> "tuple[tuple[str, ...], int]":
        tags: "list[str]" = []
        at = HEADER_BYTES
        for _ in range(count):
            length = self._bytes(at, 1)[0]
            if not 1 <= length <= WORD_CHARACTERS:
                raise _bad(f"expected a tag of 1 to {WORD_CHARACTERS} characters, got {length}")
            # Byte by byte: MicroPython decodes what is no UTF-8 in ways of its own.
            tag = "".join([chr(byte) for byte in self._bytes(at + 1, length)])
            if not is_word(tag) or tag in tags:
                raise _bad("expected tags that are words and differ")
            tags.append(tag)
            at += 1 + length
        return tuple(tags), at

    def _check_bitmaps(self) -> None:
        if any(self._bitmaps[: self.bitmap_bytes]):
            raise _bad("expected set 0 without tags")
        beyond = 0xFF << ((len(self.tags) - 1) % 8 + 1) & 0xFF  # bits of the last byte that are no tag's
        for end in range(self.bitmap_bytes, len(self._bitmaps) + 1, self.bitmap_bytes or 1):
            if end and self._bitmaps[end - 1] & beyond:
                raise _bad("expected no bit beyond the last tag")

    def _index(self, bucket: int) -> int:
        return self._number(self._bytes(self.index_at + bucket * NUMBER_BYTES, NUMBER_BYTES), 0)

    def _tags_of_set(self, number: int) -> "tuple[str, ...]":
        at = number * self.bitmap_bytes
        return tuple(
            [tag for place, tag in enumerate(self.tags) if self._bitmaps[at + (place >> 3)] >> (place & 7) & 1]
        )

    @property
    def sets(self) -> "tuple[tuple[str, ...], ...]":
        """The tags of each set, made anew at each call: a toy keeps the bitmaps only."""
        return tuple([self._tags_of_set(number) for number in range(self.sets_count)])

    def _find(self, digest: bytes) -> "int | None":
        """The set of a name hash, None when it is not in the pack."""
        ends = self._bytes(self.index_at + (digest[0] << 8 | digest[1]) * NUMBER_BYTES, 2 * NUMBER_BYTES)
        low, high = self._number(ends, 0), self._number(ends, NUMBER_BYTES)
        if not low <= high <= self.names:
            raise _bad("expected an ascending index")
        wanted = digest[2:HASH_BYTES]
        while high - low > SCANNED:
            middle = (low + high) // 2
            if self._bytes(self.fingerprints_at + middle * FINGERPRINT_BYTES, FINGERPRINT_BYTES) <= wanted:
                low = middle
            else:
                high = middle
        among = self._bytes(self.fingerprints_at + low * FINGERPRINT_BYTES, (high - low) * FINGERPRINT_BYTES)
        at = among.find(wanted)
        while at % FINGERPRINT_BYTES and at > 0:
            at = among.find(wanted, at + 1)
        if at < 0:
            return None
        number = self._bytes(self.set_numbers_at + low + at // FINGERPRINT_BYTES, 1)[0]
        if number >= self.sets_count:
            raise _bad("expected the number of a set")
        return number

    def set_of(self, name: str) -> int:
        """The number of the name's set, from the longest listed suffix; 0 when none is, or it is an exception."""
        for suffix in suffixes(name):
            found = self._find(name_hash(suffix))
            if found is not None:
                return found
        return NOT_LISTED

    def tags_of(self, name: str) -> "tuple[str, ...]":
        """The tags of a name, in the order of the file; () when it is not listed."""
        return self._tags_of_set(self.set_of(name))

    def ranges(self) -> "Iterator[tuple[int, int, bytes, int]]":
        """(family 4 or 6, prefix length, 4 or 16 address bytes, set) of each range of addresses."""
        for at in range(self.ranges_at, self.trailer_at, RANGE_BYTES):
            row = self._bytes(at, RANGE_BYTES)
            family, prefix, number = row[0], row[1], row[2]
            length = 4 if family == 4 else 16
            address = row[4 : 4 + length]
            if (
                family not in (4, 6)
                or prefix > length * 8
                or number >= self.sets_count
                or row[3]
                or any(row[4 + length :])
            ):
                raise _bad("expected a range of addresses")
            if int.from_bytes(address, "big") & (1 << length * 8 - prefix) - 1:
                raise _bad("expected a range without bits beyond its prefix")
            yield family, prefix, address, number

    def _chunks(self, offset: int, end: int) -> "Iterator[bytes]":
        while offset < end:
            count = min(CHUNK_BYTES, end - offset)
            yield self._bytes(offset, count)
            offset += count

    def check(self) -> None:
        """Go through the whole file: the trailing SHA-256, the index, the numbers of the sets, the ranges.

        Raises `Refused` with `bad_pack`. Who was given the file by others calls it once; a look-up then never fails.
        """
        digest = sha256()
        for chunk in self._chunks(0, self.trailer_at):
            digest.update(chunk)
        if digest.digest() != self._bytes(self.trailer_at, TRAILER_BYTES):
            raise _bad("expected the SHA-256 of its bytes at the end")
        before = 0
        for chunk in self._chunks(self.index_at, self.fingerprints_at):
            for at in range(0, len(chunk), NUMBER_BYTES):
                number = self._number(chunk, at)
                if number < before:
                    raise _bad("expected an ascending index")
                before = number
        for chunk in self._chunks(self.set_numbers_at, self.ranges_at):
            if max(chunk) >= self.sets_count:
                raise _bad("expected the number of a set")
        for _ in self.ranges():
            pass
