"""A small pack as both interpreters read it, and a second, simple writer of packs that shares no code with the hub's.

`tests/unit/hub/test_pack_builder.py` checks that the hub makes these bytes of `ENTRIES` and `RANGES` today. The index, a
quarter of a megabyte, is made when it is read: a toy has no such heap.
"""

from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# name (of a hashed one the digits), tags, source, kind
ENTRIES = (
    ("adult.example", ("adult",), "one", "listed"),
    ("deep.adult.example", ("adult",), "two", "listed"),
    ("good.adult.example", (), "one", "exception"),
    ("bad.good.adult.example", ("malware",), "two", "listed"),
    ("shop.example", ("shopping",), "two", "listed"),
    ("ads.shop.example", ("ads",), "one", "listed"),
    ("video.example", ("video", "clips-app"), "two", "listed"),
    ("xn--bcher-kva.example", ("warez",), "two", "listed"),
    ("71128b90cf64", ("illegal",), "three", "hashed"),  # secret.example
)
RANGES = (("198.51.100.7/32", ("doh",)), ("2001:db8:7::/48", ("doh",)))

HEAD = (
    "5347504b010209000900000008000000020000000000000003616473056164756c7409636c6970732d61707003646f68"
    + "07696c6c6567616c076d616c776172650873686f7070696e6705766964656f05776172657a0000410002008400080010"
    + "00200040000001"
)
STEPS = ((3929, 1), (16381, 1), (28946, 1), (33539, 1), (37697, 1), (38668, 1), (52710, 1), (62492, 1))
TAIL = (
    "463c606c04a48a3b8b90cf648c445680ab2d6e6ea6b73eaf675b012d888a890f070205030108000604200400c6336407"
    + "0000000000000000000000000630040020010db800070000000000000000000097041801aa38c2ea014d6ed98f12730c"
    + "649d89ab6735172ca1a45d66203d8e12"
)


class Image:
    """The bytes of a pack, made as they are read. head: before the index. steps: (bucket, count of its names), in
    order. tail: behind the index. changes: offset to another byte.
    """

    def __init__(self, head: bytes, steps: "tuple[tuple[int, int], ...]", tail: bytes) -> None:
        self.head = head
        self.steps = steps
        self.tail = tail
        self.changes: "dict[int, int]" = {}
        self.index_bytes = 65537 * 4
        self.size = len(head) + self.index_bytes + len(tail)

    def _index(self, begin: int, end: int) -> bytes:
        """Bytes of the index; begin and end are counted from its first."""
        numbers = b""
        bucket, last = begin // 4, (end + 3) // 4
        count = 0
        for place, names in self.steps + ((last, 0),):
            # The number before a bucket counts the names of those below it.
            upto = min(place + 1, last)
            if upto > bucket:
                numbers += count.to_bytes(4, "little") * (upto - bucket)
                bucket = upto
            count += names
        skipped = begin % 4
        return numbers[skipped : skipped + end - begin]

    def read(self, offset: int, count: int) -> bytes:
        """As of a file: fewer bytes at the end."""
        end = offset + count
        behind = len(self.head) + self.index_bytes
        data = self.head[offset:end]
        begin, last = max(offset, len(self.head)), min(end, behind)
        if begin < last:
            data += self._index(begin - len(self.head), last - len(self.head))
        if end > behind:
            data += self.tail[max(offset - behind, 0) : end - behind]
        for place, byte in self.changes.items():
            if offset <= place < offset + len(data):
                data = data[: place - offset] + bytes([byte]) + data[place - offset + 1 :]
        return data


def image(
    tags: "Sequence[str]",
    sets: "Sequence[Sequence[str]]",
    names: "Sequence[tuple[bytes, int]]",
    ranges: "Sequence[tuple[int, int, bytes, int]]" = (),
) -> "Image":
    """A pack. names: (first six bytes of the digest, set). ranges: (family, prefix length, address, set)."""
    width = (len(tags) + 7) // 8
    head = b"SGPK" + bytes([1, width])
    for number, length in ((len(tags), 2), (len(sets), 2), (0, 2), (len(names), 4), (len(ranges), 4), (0, 4)):
        head += number.to_bytes(length, "little")
    for tag in tags:
        head += bytes([len(tag)]) + tag.encode()
    for each in sets:
        head += sum([1 << place for place, tag in enumerate(tags) if tag in each]).to_bytes(width, "little")
    rows = sorted(names)
    steps: "list[tuple[int, int]]" = []
    for digest, _ in rows:
        bucket = digest[0] * 256 + digest[1]
        if steps and steps[-1][0] == bucket:
            steps[-1] = (bucket, steps[-1][1] + 1)
        else:
            steps.append((bucket, 1))
    tail = b"".join([digest[2:] for digest, _ in rows]) + bytes([number for _, number in rows])
    for family, prefix, address, number in ranges:
        tail += bytes([family, prefix, number, 0]) + address + bytes(16 - len(address))
    return closed(Image(head, tuple(steps), tail))


def closed(made: "Image") -> "Image":
    """The same with the SHA-256 of all of it at the end."""
    whole = sha256()
    for offset in range(0, made.size, 1024):
        whole.update(made.read(offset, 1024))
    return Image(made.head, made.steps, made.tail + whole.digest())


def small() -> "Image":
    """The pack of the constants."""
    return Image(bytes.fromhex(HEAD), STEPS, bytes.fromhex(TAIL))
