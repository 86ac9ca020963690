"""Packs: what is found in one, and what is refused of bytes that are none; the same on both interpreters."""

from stairgate.core.pack import SCANNED, Pack, name_hash
from stairgate.core.refused import Refused
from tests.portable.pack_vectors import Image, closed, image, small
from tests.portable.refusals import reason_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# what it is, name, tags
CASES = (
    ("a listed name", "adult.example", ("adult",)),
    ("below a listed name", "www.adult.example", ("adult",)),
    ("what was left out because the name above says it", "deep.adult.example", ("adult",)),
    ("an exception", "good.adult.example", ()),
    ("below an exception", "www.good.adult.example", ()),
    ("listed by another below an exception", "bad.good.adult.example", ("malware",)),
    ("a name with the tags of the one above", "ads.shop.example", ("ads", "shopping")),
    ("the one above", "shop.example", ("shopping",)),
    ("an app and its category", "www.video.example", ("clips-app", "video")),
    ("a name of another script", "xn--bcher-kva.example", ("warez",)),
    ("a hashed name", "secret.example", ("illegal",)),
    ("below a hashed name", "a.b.secret.example", ("illegal",)),
    ("a name that ends alike", "notadult.example", ()),
    ("a name above the listed ones", "example", ()),
    ("a name of another domain", "adult.test", ()),
    ("no name", "", ()),
    ("dots", "..", ()),
    ("a name in upper case is another one", "ADULT.EXAMPLE", ()),
)


def opened(picture: "Image") -> "Pack":
    return Pack(picture.read, picture.size)


def check(name: str, tags: "tuple[str, ...]") -> None:
    pack = opened(small())
    assert pack.tags_of(name) == tags
    assert pack.sets[pack.set_of(name)] == tags


def test_what_the_header_says() -> None:
    pack = opened(small())

    assert pack.tags == ("ads", "adult", "clips-app", "doh", "illegal", "malware", "shopping", "video", "warez")
    assert (pack.names, pack.sets_count, pack.ranges_count) == (8, 9, 2)
    assert pack.sets[0] == () and len(pack.sets) == 9


def test_ranges() -> None:
    pack = opened(small())
    found = [(family, prefix, address, pack.sets[number]) for family, prefix, address, number in pack.ranges()]

    assert found == [
        (4, 32, b"\xc6\x33\x64\x07", ("doh",)),
        (6, 48, b"\x20\x01\x0d\xb8\x00\x07" + bytes(10), ("doh",)),
    ]


def test_a_whole_file_passes_the_check() -> None:
    opened(small()).check()


def test_a_changed_byte_fails_the_check() -> None:
    whole = small()
    places = list(range(len(whole.head))) + list(range(whole.size - len(whole.tail), whole.size, 7))
    places += [len(whole.head) + at for at in (0, 5, 131072, 262144, 262147)]
    for place in places:
        picture = small()
        picture.changes[place] = picture.read(place, 1)[0] ^ 0x10
        assert reason_of(lambda picture=picture: opened(picture).check()) == "bad_pack", place


def test_an_empty_pack() -> None:
    pack = opened(image((), ((),), ()))

    pack.check()
    assert (pack.tags, pack.sets, pack.names, list(pack.ranges())) == ((), ((),), 0, [])
    assert pack.tags_of("adult.example") == ()


def test_a_full_bitmap_and_tags_beyond_one_byte() -> None:
    tags = ["t%d" % number for number in range(17)]
    pack = opened(image(tags, ((), tags, tags[16:]), ((name_hash("a.example"), 1), (name_hash("b.example"), 2))))

    pack.check()
    assert pack.tags_of("a.example") == tuple(tags)
    assert pack.tags_of("b.example") == ("t16",)


def test_a_crowded_bucket() -> None:
    """A look-up narrows it down before it reads; the name may be the first, the last, any, or not there."""
    wanted = name_hash("a.example")
    value = int.from_bytes(wanted[2:], "big")
    for before in (0, 1, SCANNED, 160, 161, 3 * SCANNED, 5 * SCANNED):  # 160: where it is parted first
        below = [wanted[:2] + (value - 1 - number).to_bytes(4, "big") for number in range(before)]
        above = [wanted[:2] + (value + 1 + number).to_bytes(4, "big") for number in range(5 * SCANNED - before)]
        rows = [(digest, 1) for digest in below + above]
        assert opened(image(("a", "b"), ((), ("a",), ("b",)), rows)).tags_of("a.example") == ()
        assert opened(image(("a", "b"), ((), ("a",), ("b",)), rows + [(wanted, 2)])).tags_of("a.example") == ("b",)


def test_a_fingerprint_across_two_others_is_none() -> None:
    wanted = name_hash("a.example")
    one = wanted[:2] + bytes(2) + wanted[2:4]
    other = wanted[:2] + wanted[4:6] + b"\xff\xff"

    assert opened(image(("a",), ((), ("a",)), ((one, 1), (other, 1)))).set_of("a.example") == 0


def test_a_look_up_reads_little() -> None:
    picture = small()
    read: "list[int]" = []

    def noted(offset: int, count: int) -> bytes:
        read.append(count)
        return picture.read(offset, count)

    pack = Pack(noted, picture.size)
    read.clear()
    pack.set_of("www.adult.example")
    assert 0 < sum(read) < 64


def test_files_that_are_cut_or_longer() -> None:
    whole = small()
    for size in (0, 1, 23, 24, 60, 1000, whole.size - 1, whole.size + 1, whole.size + 4096):
        assert reason_of(Pack, whole.read, size) == "bad_pack"
    assert reason_of(Pack, lambda offset, count: b"", whole.size) == "bad_pack"
    assert reason_of(Pack, lambda offset, count: bytes(count + 1), whole.size) == "bad_pack"


def test_headers_that_are_refused() -> None:
    head = len(small().head)
    for what, places in (
        ("magic", ((0, 0x73),)),
        ("version", ((4, 2),)),
        ("bitmap too short", ((5, 1),)),
        ("bitmap too long", ((5, 3),)),
        ("more tags than a pack has", ((6, 1), (7, 1), (5, 33))),
        ("no sets", ((8, 0),)),
        ("more sets than a pack has", ((9, 2),)),
        ("reserve", ((10, 1),)),
        ("more names than a pack has", ((15, 1),)),
        ("more ranges than a pack has", ((18, 1),)),
        ("reserve at the end", ((23, 1),)),
        ("a tag without characters", ((24, 0),)),
        ("a tag too long", ((24, 33),)),
        ("a tag that is no word", ((25, 0x20),)),
        ("a tag of no text", ((25, 0xFF),)),
        ("set 0 with a tag", ((head - 18, 1),)),
        ("a bit beyond the last tag", ((head - 1, 2),)),
        ("an index that does not begin at 0", ((head, 1),)),
        ("an index that does not end at the names", ((head + 65536 * 4, 7),)),
    ):
        picture = small()
        for place, byte in places:
            picture.changes[place] = byte
        assert reason_of(opened, picture) == "bad_pack", what


def test_the_same_tag_twice() -> None:
    assert reason_of(opened, image(("a", "a"), ((),), ())) == "bad_pack"


def refused_reading(picture: "Image") -> "list[str]":
    """What of a pack refuses, after it was opened."""
    pack = opened(picture)
    parts = (
        ("check", pack.check),
        ("look-up", lambda: pack.tags_of("a.example")),
        ("ranges", lambda: list(pack.ranges())),
    )
    return [what for what, part in parts if reason_of(part) == "bad_pack"]


def test_contents_that_are_refused_when_read() -> None:
    digest = name_hash("a.example")
    rows = ((digest, 1),)
    good = (4, 24, b"\xc6\x33\x64\0", 1)
    assert refused_reading(image(("a",), ((), ("a",)), rows, (good,))) == []
    assert refused_reading(image(("a",), ((), ("a",)), ((digest, 2),))) == ["check", "look-up"]
    for bad in (
        (5, 24, b"\xc6\x33\x64\0", 1),
        (4, 33, b"\xc6\x33\x64\0", 1),
        (6, 129, bytes(16), 1),
        (4, 23, b"\xc6\x33\x65\0", 1),
        (4, 24, b"\xc6\x33\x64\0\1", 1),
        (4, 24, b"\xc6\x33\x64\0", 2),
    ):
        assert refused_reading(image(("a",), ((), ("a",)), rows, (good, bad))) == ["check", "ranges"], bad


def test_an_index_that_goes_back() -> None:
    digest = name_hash("a.example")
    bucket = digest[0] * 256 + digest[1]
    head = image(("a",), ((), ("a",)), ((digest, 1),)).head
    # Fewer names at the end of the name's bucket than at its beginning.
    picture = closed(Image(head, ((3, 1), (bucket, -1), (65535, 1)), digest[2:] + b"\1"))
    assert refused_reading(picture) == ["check", "look-up"]


def damaged(count: int) -> "Iterator[Image]":
    """Packs with bytes changed by chance, the same at each run."""
    state = 1
    for number in range(count):
        picture = small()
        for _ in range(1 + number % 3):
            state = (state * 1103515245 + 12345) % 2147483648
            place = (state >> 8) % (len(picture.head) + len(picture.tail))
            if place >= len(picture.head):
                place += picture.index_bytes
            picture.changes[place] = state % 251
        yield picture


def test_any_bytes_are_refused_or_read() -> None:
    opens = 0
    for picture in damaged(400):
        try:
            pack = opened(picture)
        except Refused as refused:
            assert refused.reason == "bad_pack"
            continue
        opens += 1
        for part in (lambda pack=pack: pack.tags_of("ads.shop.example"), lambda pack=pack: list(pack.ranges())):
            assert reason_of(part) in ("", "bad_pack")
        assert len(pack.sets) == pack.sets_count
    assert 0 < opens < 400
