"""What presets block that nobody meant: a thousand benign names through the real path, pack, preset and judgement.

`python -m tests.overblock` prints its figures as JSON lines, one for each preset, and ends with 1 where a name that
must stay open is blocked: health, rights, crisis and LGBT from 13 on, crisis for every age; or where more than
`SHARE_MAX` of the others are. A long list of strangers, where one lies at `LIST`, is measured beside: for the protected
names the same holds, how much else it blocks is a figure only, as that is the list's doing.
"""

import json
import lzma
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from stairgate.core.filtering import judge, prepared
from stairgate.core.pack import Pack
from stairgate.hub import list_reading
from stairgate.hub.filters import compiled, from_preset
from stairgate.hub.list_entry import EXCEPTION, Entry
from stairgate.hub.pack_builder import build
from stairgate.hub.presets import NONE, PRESETS

NAMES = Path(__file__).with_name("overblock_names.txt")
LIST = Path(__file__).resolve().parents[2] / "shared" / "data" / "blocklist-1m.tsv.xz"
# The order of the numbers in the second column of LIST.
LIST_TAGS = (
    *("adult", "gambling", "games", "social", "video", "dating", "drugs", "malware"),
    *("phishing", "ads", "tracking", "vpn", "crypto", "shopping", "warez", "other"),
)
PROTECTED = frozenset({"health", "rights", "crisis", "lgbt"})
GROWN_BANDS = ("13-15", "16-17")
#: Of the names outside the protected groups: a wrong block of one in a hundred would be met every day.
SHARE_MAX = 0.01


class Blocked(NamedTuple):
    """One name that a preset blocks."""

    preset: str
    group: str
    name: str
    rule: str


def read_names(path: Path = NAMES) -> dict[str, str]:
    """Name -> group."""
    names: dict[str, str] = {}
    group = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            group = line.strip("[]")
        elif line and not line.startswith("#"):
            names.update(dict.fromkeys(line.split(), group))
    return names


def list_entries(path: Path) -> Iterator[Entry]:
    """The entries of a list of a million names."""
    with lzma.open(path, "rt", encoding="utf-8", errors="replace") as file:
        for line in file:
            name, _, number = line.rstrip("\n").partition("\t")
            yield Entry(name, (LIST_TAGS[int(number)],), "list")


def write_pack(path: Path, strangers: Iterable[Entry] = (), kept: bool = True) -> Pack:
    """A pack of what comes with the program and of a list; `kept`: with the names that no list may take away."""
    base = list_reading.base()

    def entries() -> Iterator[Entry]:
        yield from base.entries
        if kept:
            yield from (Entry(name, (), voice, EXCEPTION) for voice in ("", "list") for name in base.kept)
        yield from strangers

    build(entries(), base.ranges, path)
    data = path.read_bytes()
    return Pack(lambda at, count: data[at : at + count], len(data))


def blocked_by(pack: Pack, names: Mapping[str, str]) -> list[Blocked]:
    """Every name that a preset blocks, by preset."""
    found = []
    tagged = [(name, group, tuple(pack.tags_of(name))) for name, group in names.items()]
    for preset in PRESETS:
        if preset == NONE:
            continue
        person = prepared(compiled(from_preset("pchild", preset)))
        for name, group, tags in tagged:
            verdict = judge((), (person,), "open", name, tags)
            if verdict.refused:
                found.append(Blocked(preset.id, group, name, verdict.rule or verdict.reason))
    return found


def wrong(found: Iterable[Blocked]) -> list[Blocked]:
    """Those that must never be."""
    return [one for one in found if one.group == "crisis" or (one.group in PROTECTED and one.preset in GROWN_BANDS)]


def counts(found: Iterable[Blocked]) -> dict[str, int]:
    """Blocked names for each preset."""
    counted = {preset.id: 0 for preset in PRESETS if preset != NONE}
    for one in found:
        counted[one.preset] += 1
    return counted


def check(names: Mapping[str, str], own: list[Blocked], of_list: list[Blocked]) -> list[str]:
    """What is wrong, one sentence each."""
    faults = [f"{one.preset}: {one.name} ({one.group}) is blocked as {one.rule}" for one in wrong(own)]
    faults += [f"{one.preset}: {one.name} ({one.group}) is blocked by the list as {one.rule}" for one in wrong(of_list)]
    others = sum(group not in PROTECTED for group in names.values())
    for preset, count in counts(one for one in own if one.group not in PROTECTED).items():
        if count > SHARE_MAX * others:
            faults.append(f"{preset}: expected at most {SHARE_MAX:.0%} of {others} other names blocked, got {count}")
    return faults


def figure(name: str, value: int) -> None:
    """One figure, a count."""
    print(json.dumps({"figure": name, "value": value, "unit": "1"}))


def each_preset(name: str, found: Iterable[Blocked]) -> None:
    """A figure for each preset: how many names it blocks of those found."""
    for preset, count in counts(found).items():
        figure(f"{name}_{preset}", count)


def main(list_path: Path = LIST) -> int:
    """Print the figures; 1 when a name is blocked that must not be."""
    names = read_names()
    of_list: list[Blocked] = []
    with tempfile.TemporaryDirectory() as folder:
        own = blocked_by(write_pack(Path(folder, "own.pack")), names)
        figure("overblock_names", len(names))
        figure("overblock_protected", sum(group in PROTECTED for group in names.values()))
        each_preset("overblock_blocked", own)
        if os.path.exists(list_path):
            pack = write_pack(Path(folder, "list.pack"), list_entries(list_path))
            of_list = blocked_by(pack, names)
            alone = blocked_by(write_pack(Path(folder, "alone.pack"), list_entries(list_path), kept=False), names)
            figure("overblock_list_names", pack.names)
            each_preset("overblock_list_blocked", of_list)
            each_preset("overblock_list_blocked_without_exceptions", alone)
            figure("overblock_list_protected_saved", len(wrong(alone)) - len(wrong(of_list)))
    faults = check(names, own, of_list)
    figure("overblock_faults", len(faults))
    for one in [*own, *of_list]:
        print(f"blocked for {one.preset}: {one.name} ({one.group}) as {one.rule}", file=sys.stderr)
    for fault in faults:
        print(f"wrong: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
