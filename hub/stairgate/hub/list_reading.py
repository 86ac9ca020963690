"""What a pack is built of: the catalogue that comes with the program, and the good copies of the sources in use.

It decides what is handed to the builder: names with the tag of their source, networks, and that names which no list may
take away are an exception of every source. What a line means is `list_formats`' part, how all is put together
`pack_builder`'s.
"""

import contextlib
import hashlib
import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import NamedTuple

from stairgate.hub import catalogue
from stairgate.hub.list_entry import EXCEPTION, Entry
from stairgate.hub.list_formats import Network, read_list, read_networks
from stairgate.hub.list_report import REASONS, ListReport
from stairgate.hub.pack_builder import build
from stairgate.hub.packs import Written
from stairgate.hub.source_copies import Copies
from stairgate.hub.sources import ADDRESSES, Source


class Base(NamedTuple):
    """What holds without any subscription. digest: changes when it does. kept: names that no list may take away."""

    digest: str
    entries: tuple[Entry, ...]
    ranges: tuple[tuple[Network, tuple[str, ...]], ...]
    kept: tuple[str, ...]


def base() -> Base:
    """The catalogue that comes with the program."""
    entries = tuple(Entry(name, tags) for name, tags in catalogue.entries())
    ranges = tuple((ip_network(text), tags) for text, tags in catalogue.ranges())
    kept = tuple(catalogue.exceptions())
    text = json.dumps([entries, [(str(network), tags) for network, tags in ranges], kept])
    return Base(hashlib.sha256(text.encode()).hexdigest(), entries, ranges, kept)


def count(path: Path, source: Source) -> ListReport:
    """Read a whole list and keep only counts. Raises `ListRefused`, OSError."""
    report = ListReport()
    for _ in _networks(path, report) if source.format == ADDRESSES else _entries(path, source, report):
        pass
    return report


def write_pack(path: Path, sources: Sequence[Source], copies: Copies, base: Base) -> Written:
    """Write the pack of these sources and the catalogue. Raises `PackError`, `ListRefused`, OSError."""
    built = build(_all_entries(sources, copies, base), _all_ranges(sources, copies, base), path)
    return Written(built.names, built.tags, built.report.trimmed)


def reason_text(reason: str) -> str:
    """Why something was left out, in words."""
    return REASONS.get(reason, reason.replace("_", " "))


def _all_entries(sources: Sequence[Source], copies: Copies, base: Base) -> Iterator[Entry]:
    yield from base.entries
    # With the mark of the rules that a list's own exceptions do not reach (`list_formats`).
    voices = ["", *(source.id + mark for source in sources for mark in ("", "!"))]
    yield from (Entry(name, (), voice, EXCEPTION) for voice in voices for name in base.kept)
    for source in sources:
        if source.format != ADDRESSES:
            with contextlib.closing(_entries(copies.path(source.id), source, ListReport())) as entries:
                yield from entries


def _all_ranges(sources: Sequence[Source], copies: Copies, base: Base) -> Iterable[tuple[Network, tuple[str, ...]]]:
    yield from base.ranges
    for source in sources:
        if source.format == ADDRESSES:
            with contextlib.closing(_networks(copies.path(source.id), ListReport())) as networks:
                yield from ((network, (source.tag,)) for network in networks)


def _entries(path: Path, source: Source, report: ListReport) -> Generator[Entry, None, None]:
    with path.open("rb") as file:
        yield from read_list(file, source.format, (source.tag,), source.id, report)


def _networks(path: Path, report: ListReport) -> Generator[Network, None, None]:
    with path.open("rb") as file:
        yield from read_networks(file, report)
