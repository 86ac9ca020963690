"""Packs as the hub builds them: what is left out, what exceptions and hashes do, the same bytes in any order."""

import hashlib
import itertools
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stairgate.core.filtering import suffixes
from stairgate.core.pack import Pack, name_hash
from stairgate.hub import pack_builder, pack_table
from stairgate.hub.inheritance import Inheritance
from stairgate.hub.list_entry import EXCEPTION, HASHED, LISTED, Entry
from stairgate.hub.pack_builder import Built, build
from stairgate.hub.pack_table import Network, PackTable
from stairgate.hub.tag_sets import GRAVEST_FIRST, PackError, fitting
from tests.portable.pack_vectors import ENTRIES, RANGES, small

Ranges = Iterable[tuple[Network, Sequence[str]]]


def listed(name: str, *tags: str, source: str = "one") -> Entry:
    return Entry(name, tags, source)


def excepted(name: str, source: str = "one") -> Entry:
    return Entry(name, (), source, EXCEPTION)


def hashed(name: str, *tags: str) -> Entry:
    return Entry(hashlib.sha256(name.encode()).hexdigest(), tags, "hotline", HASHED)


def in_memory(data: bytes) -> Pack:
    return Pack(lambda offset, count: data[offset : offset + count], len(data))


def opened(path: Path) -> Pack:
    """The pack of a file, checked."""
    pack = in_memory(path.read_bytes())
    pack.check()
    return pack


def made(
    directory: Path, entries: Iterable[Entry | tuple[str, Sequence[str]]], ranges: Ranges = ()
) -> tuple[Pack, Built]:
    """Build a pack and open it."""
    target = directory / "names.pack"
    built = build(entries, ranges, target)
    return opened(target), built


def test_the_vector_of_both_interpreters_is_what_is_built_today(tmp_path: Path) -> None:
    picture = small()
    made(tmp_path, [Entry(*entry) for entry in ENTRIES], [(ip_network(text), tags) for text, tags in RANGES])

    assert (tmp_path / "names.pack").read_bytes() == picture.read(0, picture.size)


def test_what_is_told_of_a_build(tmp_path: Path) -> None:
    pack, built = made(
        tmp_path, [Entry(*entry) for entry in ENTRIES], [(ip_network(text), tags) for text, tags in RANGES]
    )
    data = (tmp_path / "names.pack").read_bytes()

    assert (built.sha256, built.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert (built.names, built.tags) == (pack.names, pack.tags)
    assert (built.report.entries, built.report.exceptions, built.report.hashed, built.report.covered) == (9, 1, 1, 1)
    assert (built.report.sets, built.report.ranges, built.report.dropped) == (9, 2, {})


def test_plain_pairs_are_entries_too(tmp_path: Path) -> None:
    pack, _ = made(tmp_path, [("play.example", ["games", "roblox"])])

    assert pack.tags_of("www.play.example") == ("games", "roblox")


def test_an_exception_of_nobody_s_list_is_in_the_pack_though_nothing_above_it_is(tmp_path: Path) -> None:
    kept = [Entry("help.example", (), source, EXCEPTION) for source in ("", "one")]
    others = [Entry("other.example", (), "one", EXCEPTION), listed("help.example", "ads", source="two")]
    pack, built = made(tmp_path, [*kept, others[0]])
    assert (built.names, built.report.covered, pack.tags_of("www.help.example")) == (1, 1, ())
    pack, built = made(tmp_path, [*kept, *others])
    assert (built.names, pack.tags_of("www.help.example")) == (1, ("ads",))


def test_nothing_listed_is_a_pack(tmp_path: Path) -> None:
    pack, built = made(tmp_path, [])

    assert (built.names, built.tags, pack.tags_of("a.example")) == (0, (), ())


# What it is, entries, how many names are in the pack, look-ups.
TOGETHER: tuple[tuple[str, tuple[Entry, ...], int, dict[str, tuple[str, ...]]], ...] = (
    (
        "a name below one with the same tags is left out",
        (listed("a.example", "ads"), listed("b.a.example", "ads"), listed("c.b.a.example", "ads", source="two")),
        1,
        {"c.b.a.example": ("ads",)},
    ),
    (
        "a name below one with other tags has both",
        (listed("a.example", "ads"), listed("b.a.example", "games")),
        2,
        {"b.a.example": ("ads", "games"), "a.example": ("ads",)},
    ),
    (
        "a name between two is seen",
        (listed("a.example", "ads"), listed("b.a.example", "games"), listed("c.b.a.example", "ads")),
        2,
        {"c.b.a.example": ("ads", "games")},
    ),
    (
        "the same name in two lists has the tags of both",
        (listed("a.example", "ads"), listed("a.example", "tracking", source="two")),
        1,
        {"a.example": ("ads", "tracking")},
    ),
    (
        "a name that begins alike is another",
        (
            listed("a.example", "ads"),
            listed("a-b.example", "ads"),
            listed("b.a.example", "ads"),
            listed("ab.example", "ads"),
        ),
        3,
        {"b.a.example": ("ads",), "x.ab.example": ("ads",), "b.example": ()},
    ),
    (
        "an exception opens its name and what is below",
        (listed("a.example", "ads"), excepted("good.a.example")),
        2,
        {"good.a.example": (), "x.good.a.example": (), "a.example": ("ads",)},
    ),
    (
        "an exception of another source opens nothing",
        (listed("a.example", "ads"), excepted("good.a.example", "two")),
        1,
        {"good.a.example": ("ads",)},
    ),
    (
        "an exception takes back its own source's tags only",
        (listed("a.example", "ads"), listed("a.example", "games", source="two"), excepted("good.a.example")),
        2,
        {"good.a.example": ("games",)},
    ),
    (
        "an exception wins over the same and over longer names of its source",
        (excepted("a.example"), listed("a.example", "ads"), listed("b.a.example", "ads")),
        0,
        {"a.example": (), "b.a.example": ()},
    ),
    (
        "another source below an exception",
        (listed("a.example", "ads"), excepted("good.a.example"), listed("x.good.a.example", "games", source="two")),
        3,
        {"x.good.a.example": ("games",), "good.a.example": ()},
    ),
    (
        "an exception without a list is nothing",
        (excepted("a.example"),),
        0,
        {"a.example": ()},
    ),
    (
        "a hashed name and what is below",
        (hashed("a.example", "illegal"),),
        1,
        {"a.example": ("illegal",), "x.a.example": ("illegal",), "example": ()},
    ),
    (
        "a hashed name that another list names",
        (hashed("a.example", "illegal"), listed("a.example", "adult")),
        1,
        {"a.example": ("adult", "illegal")},
    ),
    (
        "a name below a hashed one has both",
        (hashed("a.example", "illegal"), listed("b.a.example", "adult")),
        2,
        {"b.a.example": ("adult", "illegal"), "a.example": ("illegal",)},
    ),
    (
        "a name is not left out when a hashed one is between",
        (hashed("b.a.example", "illegal"), listed("a.example", "adult"), listed("c.b.a.example", "adult")),
        3,
        {"c.b.a.example": ("adult", "illegal"), "b.a.example": ("illegal",), "a.example": ("adult",)},
    ),
    (
        "an exception opens no hashed name",
        (hashed("a.example", "illegal"), listed("a.example", "adult"), excepted("a.example")),
        1,
        {"a.example": ("illegal",)},
    ),
    (
        "twelve digits are as good as all",
        (Entry(name_hash("a.example").hex(), ("illegal",), "hotline", HASHED),),
        1,
        {"a.example": ("illegal",)},
    ),
)


@pytest.mark.parametrize(("entries", "names", "found"), [row[1:] for row in TOGETHER], ids=[row[0] for row in TOGETHER])
def test_entries_together(
    tmp_path: Path, entries: tuple[Entry, ...], names: int, found: dict[str, tuple[str, ...]]
) -> None:
    pack, built = made(tmp_path, entries)

    assert {name: pack.tags_of(name) for name in found} == found
    assert built.names == names


def test_names_are_brought_into_their_one_form(tmp_path: Path) -> None:
    pack, built = made(tmp_path, [listed("Bücher.EXAMPLE.", "ads")])

    assert pack.tags_of("xn--bcher-kva.example") == ("ads",)
    assert built.report.dropped == {}


def test_what_no_list_may_name_is_left_out(tmp_path: Path) -> None:
    bad = ("com", "co.uk", "a b.example", "198.51.100.7")
    entries = [listed(name, "ads") for name in bad] + [Entry("zz", ("ads",), "", HASHED), excepted("com")]
    _, built = made(tmp_path, entries)

    assert built.names == 0
    assert built.report.dropped == {"too_wide": 3, "not_a_name": 1, "address": 1, "not_a_hash": 1}


def test_ranges_are_sorted_and_neighbours_united(tmp_path: Path) -> None:
    pack, built = made(
        tmp_path,
        [],
        [
            (ip_network("2001:db8::/48"), ("doh",)),
            (ip_network("198.51.100.64/26"), ("doh",)),
            (ip_network("198.51.100.0/26"), ("doh",)),
            (ip_network("198.51.100.7/32"), ("doh",)),
            (ip_network("203.0.113.0/25"), ("vpn",)),
            (ip_network("203.0.113.128/25"), ("tor",)),
        ],
    )

    assert [(family, prefix, address[:4], pack.sets[number]) for family, prefix, address, number in pack.ranges()] == [
        (4, 25, bytes((198, 51, 100, 0)), ("doh",)),
        (4, 25, bytes((203, 0, 113, 0)), ("vpn",)),
        (4, 25, bytes((203, 0, 113, 128)), ("tor",)),
        (6, 48, bytes((0x20, 0x01, 0x0D, 0xB8)), ("doh",)),
    ]
    assert built.report.ranges == 4


def test_the_same_bytes_in_any_order_and_with_any_chunks(tmp_path: Path) -> None:
    chance = random.Random(4)
    tags = ("ads", "games", "adult", "malware")
    labels = [f"n{number}" for number in range(12)]
    entries = [
        Entry(
            ".".join((*chance.choices(labels, k=chance.randrange(1, 4)), "example")),
            tuple(chance.sample(tags, 2)),
            f"s{chance.randrange(3)}",
            chance.choice((LISTED, LISTED, LISTED, EXCEPTION)),
        )
        for _ in range(500)
    ] + [hashed(f"n{number}.example", "illegal") for number in range(4)]
    ranges = [(ip_network(f"198.51.100.{number}"), ("doh",)) for number in range(9)]
    wanted = made(tmp_path, entries, ranges)[1]
    for chunk_entries in (1, 7, 499, 10_000):
        chance.shuffle(entries)
        chance.shuffle(ranges)
        again = build(iter(entries * 2), iter(ranges * 2), tmp_path / "again.pack", chunk_entries)
        assert again.sha256 == wanted.sha256


def test_two_names_with_one_hash_have_the_tags_of_both() -> None:
    """48 bits of two real names are never alike; an exception among them opens nothing."""
    table = PackTable()
    for tags in ({"ads"}, {"games"}, frozenset[str]()):
        table.add(name_hash("a.example"), frozenset(tags))
    data, _ = table.file_bytes()
    pack = in_memory(data)

    assert pack.tags_of("a.example") == ("ads", "games")
    assert (table.names, table.collisions, pack.sets_count) == (1, 2, 2)


class Interrupted(Exception):
    """The source of entries broke."""


def test_a_failed_build_leaves_the_old_pack_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "names.pack"
    build([listed("old.example", "ads")], (), target)
    before = target.read_bytes()

    def broken() -> Iterator[Entry]:
        yield listed("new.example", "ads")
        raise Interrupted

    with pytest.raises(Interrupted):
        build(broken(), (), target, 1)
    with pytest.raises(PackError):
        build([listed("new.example", "No Tag")], (), target)
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_power_cut_left_is_deleted(tmp_path: Path) -> None:
    left = tmp_path / "names.pack.building"
    left.mkdir()
    (left / "run-0").write_bytes(b"example evil\t0\n")
    pack, built = made(tmp_path, [listed("a.example", "ads")])

    assert (built.names, pack.tags_of("evil.example")) == (1, ())
    assert [path.name for path in tmp_path.iterdir()] == ["names.pack"]


def test_a_disk_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "names.pack"
    build([listed("old.example", "ads")], (), target)
    before = target.read_bytes()

    def full(path: str, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pack_builder, "write_atomic", full)
    with pytest.raises(OSError, match="No space"):
        build([listed("new.example", "ads")], (), target)
    assert (target.read_bytes(), list(tmp_path.iterdir())) == (before, [target])


BOUNDS = (
    ("entries", pack_builder, "ENTRIES_MAX", "at most 2 entries"),
    ("rules", pack_builder, "ENTRY_RULES_MAX", "at most 2 different lists of tags"),
    ("names", pack_table, "PACK_NAMES", "at most 2 names"),
    ("tags", pack_table, "PACK_TAGS", "at most 2 tags, got 3"),
    ("sets", pack_table, "BUILDER_SETS_MAX", "at most 2 combinations"),
)


@pytest.mark.parametrize(("module", "bound", "sentence"), [row[1:] for row in BOUNDS], ids=[row[0] for row in BOUNDS])
def test_more_than_a_pack_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, bound: str, sentence: str
) -> None:
    entries = [listed(f"{tag}.example", tag) for tag in ("ads", "games", "adult")]
    build(entries, (), tmp_path / "names.pack")
    monkeypatch.setattr(module, bound, 2)
    with pytest.raises(PackError, match=re.escape(sentence)):
        build(entries, (), tmp_path / "names.pack")


def test_more_hashes_and_ranges_than_a_pack_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack_builder, "HASHED_MAX", 2)
    monkeypatch.setattr(pack_table, "PACK_RANGES", 2)
    with pytest.raises(PackError, match="at most 2 hashed names"):
        build([hashed(f"{number}.example", "illegal") for number in range(3)], (), tmp_path / "names.pack")
    with pytest.raises(PackError, match="at most 2 ranges, got 3"):
        build([], [(ip_network(f"198.51.100.{number * 2}"), ("doh",)) for number in range(3)], tmp_path / "names.pack")


def test_entries_without_tags_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="at least one tag"):
        build([listed("a.example")], (), tmp_path / "names.pack")
    with pytest.raises(PackError, match="at least one tag"):
        build([], [(ip_network("198.51.100.0"), ())], tmp_path / "names.pack")


def test_too_many_combinations_cost_the_mildest_categories(tmp_path: Path) -> None:
    """Of three hundred names with four categories and an app each keeps the app and its gravest categories."""
    chance = random.Random(9)
    entries = []
    for number in range(400):
        tags = chance.sample(GRAVEST_FIRST, 4)
        entries.append(listed(f"n{number}.example", *tags, *(["play"] if number == 7 else [])))
    pack, built = made(tmp_path, entries)

    assert pack.sets_count <= 256
    assert 300 < built.report.trimmed <= 400
    for entry in entries:
        found = pack.tags_of(entry.name)
        assert set(found) <= set(entry.tags)
        assert min(entry.tags[:4], key=GRAVEST_FIRST.index) in found
    assert "play" in pack.tags_of("n7.example")


def test_no_category_is_lost_before_it_must(tmp_path: Path) -> None:
    entries = [
        listed(f"n{first}{second}.example", first, second)
        for first in GRAVEST_FIRST[:15]
        for second in GRAVEST_FIRST[:15]
    ]
    pack, built = made(tmp_path, entries)

    assert built.report.trimmed == 0
    assert all(set(pack.tags_of(entry.name)) == set(entry.tags) for entry in entries)


def test_only_as_many_categories_are_lost_as_must(tmp_path: Path) -> None:
    triples = list(itertools.combinations(GRAVEST_FIRST[:-1], 3))[:250]
    entries = [listed(f"n{number}.example", *tags) for number, tags in enumerate(triples)]
    entries += [listed(f"m{number}.example", *tags, "other") for number, tags in enumerate(triples[:20])]
    pack, built = made(tmp_path, entries)

    assert built.report.trimmed == 20
    assert all(set(pack.tags_of(entry.name)) == set(entry.tags[:3]) for entry in entries)


def test_too_many_combinations_of_apps_are_refused_with_advice(tmp_path: Path) -> None:
    entries = [listed(f"n{a}-{b}.example", f"a{a}", f"a{b}") for a in range(30) for b in range(a)]
    with pytest.raises(PackError, match=r"at most 256 combinations of tags, got 436; there are \d+ without a\d+, \d+ "):
        build(entries, (), tmp_path / "names.pack")
    assert list(tmp_path.iterdir()) == []


def test_sets_that_fit_stay_as_they_are() -> None:
    sets = [frozenset(), frozenset(GRAVEST_FIRST), frozenset(("doh", "play"))]

    assert fitting(sets) == {each: each for each in sets}


def test_what_is_remembered_of_inheritance_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stairgate.hub.inheritance.BUILDER_STATES", 2)
    inheritance = Inheritance([Entry("", (f"t{number}",)) for number in range(9)])
    for _ in range(2):
        for number in range(9):
            assert inheritance.below(frozenset(), (number,))[1] == {f"t{number}"}


LABELS = st.sampled_from(("a", "b", "c-d", "e"))
DOMAINS = st.lists(LABELS, min_size=1, max_size=4).map(lambda labels: ".".join((*labels, "example")))
SOURCES = st.sampled_from(("one", "two", "three"))
TAGS = st.lists(st.sampled_from(("ads", "games", "adult")), min_size=1, max_size=2, unique=True).map(tuple)
NAMED = st.one_of(
    st.builds(Entry, DOMAINS, TAGS, SOURCES, st.just(LISTED)),
    st.builds(Entry, DOMAINS, st.just(()), SOURCES, st.just(EXCEPTION)),
)


def modelled(entries: Sequence[Entry], name: str) -> set[str]:
    """The tags of a name, found the slow way: source by source, over all names above it."""
    above = set(suffixes(name))
    tags: set[str] = set()
    for source in {entry.source for entry in entries}:
        own = [entry for entry in entries if entry.source == source and entry.name in above]
        if not any(entry.kind == EXCEPTION for entry in own):
            tags |= {tag for entry in own for tag in entry.tags}
    return tags


@settings(max_examples=120, deadline=timedelta(seconds=10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NAMED, max_size=14), st.lists(DOMAINS, max_size=6), st.integers(1, 5))
def test_look_ups_agree_with_a_slow_model(
    tmp_path: Path, entries: list[Entry], asked: list[str], chunk_entries: int
) -> None:
    build(entries, (), tmp_path / "names.pack", chunk_entries)
    pack = in_memory((tmp_path / "names.pack").read_bytes())

    names = {*asked, *(entry.name for entry in entries), *(f"x.{entry.name}" for entry in entries), "example"}
    assert {name: set(pack.tags_of(name)) for name in names} == {name: modelled(entries, name) for name in names}


@settings(max_examples=60, deadline=timedelta(seconds=10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NAMED, max_size=10), st.lists(DOMAINS, min_size=1, max_size=3))
def test_with_hashed_names_nothing_listed_or_hashed_is_lost(
    tmp_path: Path, entries: list[Entry], secret: list[str]
) -> None:
    """Of every listed name, and of every hashed one that no list names: what holds for both ways is there."""
    build([*entries, *(hashed(name, "illegal") for name in secret)], (), tmp_path / "names.pack", 3)
    pack = in_memory((tmp_path / "names.pack").read_bytes())

    for name in {entry.name for entry in entries}:
        below = {"illegal"} if set(secret) & set(suffixes(name)) else set()
        assert set(pack.tags_of(name)) == modelled(entries, name) | below
    for name in secret:
        assert "illegal" in pack.tags_of(name)
