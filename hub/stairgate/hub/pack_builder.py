"""Builds the one pack of the home out of the entries of all lists, as a stream: a million names in some 50 MB.

It decides what is left out because a domain above says the same, and replaces the target only by a whole pack. What
entries mean together is `inheritance`'s part, the bytes `pack_table`'s, where entries come from `list_formats`' and
the catalogue's. The same entries in any order give the same bytes.
"""

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from stairgate.core.fields import is_word
from stairgate.core.filtering import suffixes
from stairgate.core.pack import HASH_BYTES, name_hash
from stairgate.hub.external_sort import ExternalSort
from stairgate.hub.inheritance import NOTHING, Held, Inheritance
from stairgate.hub.language import N_
from stairgate.hub.limits import CHUNK_ENTRIES, ENTRIES_MAX, ENTRY_RULES_MAX, HASHED_MAX
from stairgate.hub.list_entry import EXCEPTION, HASHED, LISTED, Entry
from stairgate.hub.name_text import NotAName, is_normal, is_too_wide, normal
from stairgate.hub.pack_table import Network, PackTable
from stairgate.hub.tag_sets import PackError, Tags
from stairgate.port.atomic import write_atomic

_TOO_MANY_RULES = N_("expected at most {most} different lists of tags of all sources")


class BuildReport(NamedTuple):
    """How it went, in numbers.

    entries: that came. dropped: of these, by reason, names that no list may name. exceptions, hashed: of the
    entries. covered: names left out because the nearest listed domain above has the same tags; exceptions of source ""
    never are, so that a reader knows them from names nobody speaks of. collisions: hashes that came twice, whose
    tags were united. trimmed: names that lost their milder categories, because there were more combinations than 256
    (`tag_sets`). sets, with the empty one, and ranges: in the pack.
    """

    entries: int
    dropped: dict[str, int]
    exceptions: int
    hashed: int
    covered: int
    collisions: int
    trimmed: int
    sets: int
    ranges: int


class Built(NamedTuple):
    """A pack that was written. sha256: of the whole file, in hex. names: in the pack. tags: that it knows."""

    sha256: str
    bytes: int
    names: int
    tags: tuple[str, ...]
    report: BuildReport


def build(
    entries: Iterable[Entry | tuple[str, Sequence[str]]],
    ranges: Iterable[tuple[Network, Sequence[str]]],
    target: Path,
    chunk_entries: int = CHUNK_ENTRIES,
) -> Built:
    """Write the pack to `target`: on the disk when this returns, and a reader sees the old one or the new.

    entries: of all sources, in any order; a plain (name, tags) is a listed name of the source "". ranges: networks with
    their tags. chunk_entries: how many are sorted in RAM at a time. One build of a target at a time: its temporary
    files are in `<target>.building` beside it, where those of a build that a power cut ended are deleted first.

    Raises `PackError` when no pack can hold this, OSError of the disk; the old target then stays. What the entries'
    iterator raises passes.
    """
    directory = target.with_name(target.name + ".building")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    try:
        return _Build(directory, chunk_entries).run(entries, ranges, target)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class _Build:
    """The state of one build."""

    def __init__(self, directory: Path, chunk_entries: int) -> None:
        self._sort = ExternalSort(directory, chunk_entries)
        self._table = PackTable()
        self._rules: dict[tuple[str, str, tuple[str, ...]], int] = {}  # what entries say, whatever their names
        self._hashed: dict[bytes, Tags] = {}
        self._counts: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()

    def run(
        self,
        entries: Iterable[Entry | tuple[str, Sequence[str]]],
        ranges: Iterable[tuple[Network, Sequence[str]]],
        target: Path,
    ) -> Built:
        for entry in entries:
            self._take(entry if isinstance(entry, Entry) else Entry(entry[0], tuple(entry[1])))
        for network, tags in ranges:
            self._table.add_network(network, _checked(tags))
        self._walk()
        for digest, tags_of_hash in self._hashed.items():
            self._table.add(digest, tags_of_hash)
        data, known = self._table.file_bytes()
        write_atomic(str(target), data)
        counts = self._counts
        report = BuildReport(
            counts["entries"],
            dict(self._dropped),
            counts[EXCEPTION],
            counts[HASHED],
            counts["covered"],
            self._table.collisions,
            self._table.trimmed,
            self._table.sets,
            self._table.ranges,
        )
        return Built(hashlib.sha256(data).hexdigest(), len(data), self._table.names, known, report)

    def _take(self, entry: Entry) -> None:
        self._counts["entries"] += 1
        if self._counts["entries"] > ENTRIES_MAX:
            raise PackError(N_("expected at most {most} entries: switch off one of the lists"), most=ENTRIES_MAX)
        self._counts[entry.kind] += 1
        if entry.kind == HASHED:
            self._take_hash(entry)
            return
        name = entry.name
        try:
            name = name if is_normal(name) else normal(name)
        except NotAName as fault:
            self._dropped[fault.reason] += 1
            return
        if is_too_wide(name):
            self._dropped["too_wide"] += 1
            return
        # Labels from the right, parted by what sorts before all letters: a domain comes just before what is below it.
        key = " ".join(reversed(name.split(".")))
        self._sort.add(f"{key}\t{self._rule(entry)}".encode())

    def _rule(self, entry: Entry) -> int:
        rule = entry.kind, entry.source, entry.tags if entry.kind == LISTED else ()
        number = self._rules.get(rule)
        if number is None:
            if len(self._rules) >= ENTRY_RULES_MAX:
                raise PackError(_TOO_MANY_RULES, most=ENTRY_RULES_MAX)
            _checked(rule[2], at_least=int(entry.kind == LISTED))
            number = self._rules[rule] = len(self._rules)
        return number

    def _take_hash(self, entry: Entry) -> None:
        try:
            digest = bytes.fromhex(entry.name)[:HASH_BYTES]
        except ValueError:
            digest = b""
        if len(digest) != HASH_BYTES:
            self._dropped["not_a_hash"] += 1
            return
        self._hashed[digest] = self._hashed.get(digest, frozenset()) | _checked(entry.tags)
        if len(self._hashed) > HASHED_MAX:
            raise PackError(N_("expected at most {most} hashed names"), most=HASHED_MAX)

    def _named(self) -> Iterator[tuple[bytes, tuple[int, ...]]]:
        """Each key once, with the numbers of what is said of it."""
        last = b""
        numbers: set[int] = set()
        for line in self._sort.merged():
            key, _, number = line.partition(b"\t")
            if key != last:
                if numbers:
                    yield last, tuple(sorted(numbers))
                last, numbers = key, set()
            numbers.add(int(number))
        if numbers:
            yield last, tuple(sorted(numbers))

    def _walk(self) -> None:
        inheritance = Inheritance([Entry("", tags, source, kind) for kind, source, tags in self._rules])
        kept = self._rules.get((EXCEPTION, "", ()))
        above: list[tuple[bytes, Held, Tags]] = []  # the listed domains above the current name
        for key, numbers in self._named():
            while above and not key.startswith(above[-1][0]):
                above.pop()
            _, held_above, tags_above = above[-1] if above else (b"", NOTHING, frozenset())
            held, tags = inheritance.below(held_above, numbers)
            above.append((key + b" ", held, tags))
            name = b".".join(reversed(key.split(b" ")))
            hidden = self._hidden(name.decode()) if self._hashed else frozenset()
            if tags == tags_above and not hidden and (tags or kept not in numbers):
                self._counts["covered"] += 1
            else:
                self._table.add(hashlib.sha256(name).digest()[:HASH_BYTES], tags | hidden)

    def _hidden(self, name: str) -> Tags:
        """The tags of a hashed name that this one is, or is below: a look-up that ends here would not find them."""
        found: Tags = frozenset()
        for suffix in suffixes(name):
            found |= self._hashed.get(name_hash(suffix), frozenset())
        return found


def _checked(tags: Sequence[str], at_least: int = 1) -> Tags:
    for tag in tags:
        if not is_word(tag):
            raise PackError("expected tags that are words, got {tag}", tag=repr(tag[:40]))
    if len(tags) < at_least:
        raise PackError("expected at least one tag")
    return frozenset(tags)
