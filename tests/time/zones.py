"""Every name of the tz database, and which of them need a comparison of their own.

It decides that two names are alike when the hub ships the same ten years of offsets for both, and checks that what it
ships is `zoneinfo`'s. Links are names whose file has the same bytes: those are read once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from importlib import resources
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, available_timezones

from tests.time.wire import ISSUED, YEARS, table_of

DAY = 86400
TEN_YEARS = YEARS * 365 * DAY


@dataclass
class Group:
    """Names with the same offsets for ten years. `differences`: where a table is not the tz database's."""

    table: tuple[tuple[int, int], ...]
    names: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def transitions(self) -> list[int]:
        """The seconds at which the clock is put forward or back."""
        return [utc for utc, _ in self.table[1:]]


def every_name() -> list[str]:
    """All names that `zoneinfo` knows, links too."""
    return sorted(available_timezones())


def content_of(name: str) -> bytes:
    """The digest of a zone's file, where `zoneinfo` takes it from."""
    for folder in TZPATH:
        file = Path(folder, name)
        if file.is_file():
            return sha256(file.read_bytes()).digest()
    package, _, resource = f"tzdata.zoneinfo.{name.replace('/', '.')}".rpartition(".")
    return sha256(resources.files(package).joinpath(resource).read_bytes()).digest()


def offset(zone: ZoneInfo, utc: int) -> int:
    """Minutes east of UTC at a second."""
    found = datetime.fromtimestamp(utc, zone).utcoffset()
    assert found is not None
    return int(found.total_seconds()) // 60


def wrong_offsets(name: str, table: tuple[tuple[int, int], ...]) -> Iterator[str]:
    """Where a table is not what `zoneinfo` says: at the seconds around each change, and at some hour of each day."""
    zone, row = ZoneInfo(name), 0
    moments = {utc + step for utc, _ in table[1:] for step in (-1, 0, 1, 1800, 7200)}
    moments |= {ISSUED + day * DAY + day % 24 * 3600 for day in range(TEN_YEARS // DAY)}
    for moment in sorted(moments):
        while row + 1 < len(table) and table[row + 1][0] <= moment:
            row += 1
        if offset(zone, moment) != table[row][1]:
            yield f"{name}: at {moment} expected {offset(zone, moment)} minutes, got {table[row][1]}"


def grouped(names: list[str]) -> list[Group]:
    """The names by what the hub ships for them. The first name of a group stands for all."""
    groups: dict[tuple[tuple[int, int], ...], Group] = {}
    read: dict[bytes, str] = {}
    for name in names:
        content = content_of(name)
        known = read.setdefault(content, name)
        table = table_of(known)
        group = groups.setdefault(table, Group(table))
        group.names.append(name)
        if known == name:
            group.differences += wrong_offsets(name, table)
    return list(groups.values())
