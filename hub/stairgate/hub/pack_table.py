"""The table of a pack: hashes and sets of tags in memory, then the bytes of the file, the same for the same content.

It decides the order of everything in the file and refuses what the format cannot hold. Which name has which tags is
the builder's part; the format is `stairgate.core.pack`'s and docs/filter.md's. Eight bytes of RAM for each name.
"""

import hashlib
import sys
from array import array
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from itertools import accumulate

from stairgate.core.limits import PACK_NAMES, PACK_RANGES, PACK_TAGS
from stairgate.core.pack import BUCKETS, FINGERPRINT_BYTES, HASH_BYTES, MAGIC, VERSION
from stairgate.hub.language import N_
from stairgate.hub.limits import BUILDER_SETS_MAX
from stairgate.hub.tag_sets import PackError, Tags, fitting

Network = IPv4Network | IPv6Network

_TOO_MANY_NAMES = N_("expected at most {most} names, got {count}: switch off one of the lists")
_TOO_MANY_TAGS = N_("expected at most {most} tags, got {count}: switch off one of the lists")
_TOO_MANY_RANGES = N_("expected at most {most} ranges, got {count}: switch off one of the lists")
_TOO_MANY_SETS = N_("expected at most {most} combinations of tags: switch off one of the lists")
_ROW_BYTES = HASH_BYTES + 2  # of a row in memory: the hash, and the number that its set has meanwhile


class PackTable:
    """Takes hashes of names and networks with their tags, in any order; `file_bytes` ends it.

    Then also known: names: different hashes. collisions: hashes that came more than once; their tags were united, so
    that none is lost. trimmed: names that lost categories (`tag_sets`). sets, with the empty one, and ranges: in the
    file.
    """

    def __init__(self) -> None:
        self.names = 0
        self.collisions = 0
        self.sets = 0
        self.ranges = 0
        self.trimmed = 0
        self._numbers: dict[Tags, int] = {frozenset(): 0}
        self._parts = [bytearray() for _ in range(256)]  # by the first byte: each is sorted alone
        self._added = 0
        self._networks: dict[int, list[Network]] = {}

    def add(self, digest: bytes, tags: Tags) -> None:
        """A name, by the first six bytes of its SHA-256. Raises `PackError`."""
        if self._added >= PACK_NAMES:
            raise PackError(N_("expected at most {most} names: switch off one of the lists"), most=PACK_NAMES)
        self._added += 1
        self._parts[digest[0]] += digest + self._number(tags).to_bytes(2, "big")

    def add_network(self, network: Network, tags: Tags) -> None:
        """A range of addresses. Raises `PackError`."""
        self._networks.setdefault(self._number(tags), []).append(network)

    def _number(self, tags: Tags) -> int:
        number = self._numbers.setdefault(tags, len(self._numbers))
        if number >= BUILDER_SETS_MAX:
            raise PackError(_TOO_MANY_SETS, most=BUILDER_SETS_MAX)
        return number

    def file_bytes(self) -> tuple[bytes, tuple[str, ...]]:
        """The whole file, and its tags. Raises `PackError` for more names, tags, sets or ranges than a pack holds."""
        index, fingerprints, numbers = self._rows()
        ranges = self._ranges()
        sets = list(self._numbers)
        used = {sets[number] for number in set(numbers) | {row[3] for row in ranges} | {0}}
        fitted = fitting(used)
        ordered = sorted(set(fitted.values()), key=sorted)
        tags = tuple(sorted(frozenset().union(*ordered)))
        _refuse_more(self.names, PACK_NAMES, _TOO_MANY_NAMES)
        _refuse_more(len(tags), PACK_TAGS, _TOO_MANY_TAGS)
        _refuse_more(len(ranges), PACK_RANGES, _TOO_MANY_RANGES)
        self.sets, self.ranges = len(ordered), len(ranges)
        self.trimmed = sum(count for n, count in Counter(numbers).items() if fitted[sets[n]] != sets[n])
        places = [ordered.index(fitted[each]) if each in used else 0 for each in sets]
        width = (len(tags) + 7) // 8
        head = MAGIC + bytes((VERSION, width))
        head += b"".join(count.to_bytes(2, "little") for count in (len(tags), len(ordered), 0))
        head += b"".join(count.to_bytes(4, "little") for count in (self.names, len(ranges), 0))
        bits = {tag: 1 << place for place, tag in enumerate(tags)}
        content: list[bytes] = [
            head,
            *(bytes((len(tag),)) + tag.encode() for tag in tags),
            *(sum(bits[tag] for tag in each).to_bytes(width, "little") for each in ordered),
            index,
            bytes(fingerprints),
            bytes(map(places.__getitem__, numbers)),
            *(
                bytes((version, prefix, places[n], 0)) + packed.ljust(16, b"\0")
                for version, packed, prefix, n in ranges
            ),
        ]
        digest = hashlib.sha256()
        for piece in content:
            digest.update(piece)
        return b"".join((*content, digest.digest())), tags

    def _rows(self) -> "tuple[bytes, bytearray, array[int]]":
        """The index, the fingerprints, and the set of each name by the number that it has meanwhile."""
        counts = array("I", bytes(4 * (BUCKETS + 1)))
        fingerprints = bytearray()
        numbers = array("H")
        for part in self._parts:
            for digest, number in self._united(part):
                counts[(digest[0] << 8 | digest[1]) + 1] += 1
                fingerprints += digest[2:]
                numbers.append(number)
            part.clear()
        counts = array("I", accumulate(counts))
        if sys.byteorder == "big":
            counts.byteswap()
        self.names = len(fingerprints) // FINGERPRINT_BYTES
        return counts.tobytes(), fingerprints, numbers

    def _united(self, part: bytearray) -> Iterator[tuple[bytes, int]]:
        last, number = b"", 0
        for row in sorted(bytes(part[at : at + _ROW_BYTES]) for at in range(0, len(part), _ROW_BYTES)):
            digest, next_number = row[:HASH_BYTES], int.from_bytes(row[HASH_BYTES:], "big")
            if digest == last:
                self.collisions += 1
                if next_number != number:
                    sets = list(self._numbers)
                    number = self._number(sets[number] | sets[next_number])
                continue
            if last:
                yield last, number
            last, number = digest, next_number
        if last:
            yield last, number

    def _ranges(self) -> list[tuple[int, bytes, int, int]]:
        """(family, address, prefix length, number of the set), sorted, neighbours of one set united."""
        rows = []
        for number, networks in self._networks.items():
            for version in (4, 6):
                same = [network for network in networks if network.version == version]
                for network in collapse_addresses(same):  # type: ignore[type-var]
                    rows.append((version, network.network_address.packed, network.prefixlen, number))
        return sorted(rows)


def _refuse_more(count: int, most: int, text: str) -> None:
    if count > most:
        raise PackError(text, most=most, count=count)
