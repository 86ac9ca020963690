"""What building a pack costs and how rarely it is wrong: a million names, read from plain lists, as JSON lines.

`python -m tests.bench.pack_bench [--names N] [--seed N]`; the list is `dns_list`'s: the real one where it is present.
Exit status 1 when the build of a million names takes more than 150 MB or its pack has more than 5.5 MB.

The odds of a false match: a pack keeps 48 bits of a name's hash, so a name that no list holds is found with N / 2^48 at
each suffix. At a million names that is one in 280 million: too rare to count. Counted is how often the first 32 bits
are those of a listed name, 65,536 times as frequent; the other 16 bits are as good.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

from stairgate.core.pack import Pack
from stairgate.hub.list_entry import Entry
from stairgate.hub.list_formats import read_list
from stairgate.hub.list_report import ListReport
from stairgate.hub.pack_builder import build
from tests.bench.dns_list import CATEGORIES, FULL_SIZE, the_list

SEED = 20261127
PEAK_MB_MAX = 150
TABLE_BYTES_MAX = 5_500_000
PROBES = 2_000_000
LOOK_UPS = 50_000
COUNTED_BITS = 32


def say(**figures: object) -> None:
    """One line of figures."""
    print(json.dumps(figures), flush=True)


def entries(directory: Path) -> Iterator[Entry]:
    """The entries of the lists, one a category."""
    for category in CATEGORIES:
        with (directory / category).open("rb") as file:
            yield from read_list(file, "plain", (category,), category, ListReport())


def peak_kilobytes() -> int:
    """The largest memory of this process. Not `ru_maxrss`: that one remembers the parent's, from before the exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def build_here(directory: Path) -> int:
    """What the child process does: build, and tell what it took."""
    begun, used = time.perf_counter(), time.process_time()
    built = build(entries(directory), (), directory / "names.pack")
    figures = {
        "build_seconds": round(time.perf_counter() - begun, 2),
        "build_cpu_seconds": round(time.process_time() - used, 2),
        "build_peak_mb": round(peak_kilobytes() / 1024, 1),
        "table_bytes": built.bytes,
        "names": built.names,
        **built.report._asdict(),
    }
    say(**figures)
    return 0


def built_by_a_child(directory: Path) -> dict[str, int]:
    """The figures of a build in a process of its own: the peak of this one would be the list in its memory."""
    child = [sys.executable, "-m", "tests.bench.pack_bench", "--build", str(directory)]
    ran = subprocess.run(child, check=True, capture_output=True, text=True)
    return dict(json.loads(ran.stdout))


def false_matches(listed: Sequence[str], names: int) -> None:
    """Count the probes whose first 32 bits are those of a listed name, and print what follows for all 48."""
    known = {sha256(name.encode()).digest()[: COUNTED_BITS // 8] for name in listed}
    counted = sum(
        sha256(b"n%d.probe.example" % number).digest()[: COUNTED_BITS // 8] in known for number in range(PROBES)
    )
    scale = 2 ** (48 - COUNTED_BITS)
    say(
        bench="pack_false_match",
        false_match_expected=names / 2**48,
        false_match_measured=counted / PROBES / scale,
        counted=counted,
        counted_expected=round(PROBES * names / 2**COUNTED_BITS, 1),
        probes=PROBES,
        counted_bits=COUNTED_BITS,
    )


def look_ups(what: str, read: Callable[[int, int], bytes], size: int, asked: Sequence[str]) -> None:
    """The mean time of a look-up through one reader."""
    pack = Pack(read, size)
    begun = time.perf_counter()
    found = sum(pack.set_of(name) != 0 for name in asked)
    seconds = time.perf_counter() - begun
    say(
        bench="pack_look_up", reader=what, lookup_us=round(seconds / len(asked) * 1e6, 2), found=found, asked=len(asked)
    )


def main(arguments: Sequence[str]) -> int:
    """Measure; the exit status says whether the bounds hold."""
    parser = argparse.ArgumentParser(prog="pack_bench")
    parser.add_argument("--names", type=int, default=FULL_SIZE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--build", type=Path)
    asked = parser.parse_args(arguments)
    if asked.build:
        return build_here(asked.build)
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        listed, is_real = the_list(asked.names, asked.seed)
        with ExitStack() as files:
            lists = {name: files.enter_context((directory / name).open("w", encoding="ascii")) for name in CATEGORIES}
            for name, category in listed.items():
                lists[category].write(name + "\n")
        figures = built_by_a_child(directory)
        say(bench="pack_build", real_list=is_real, **figures)
        names = list(listed)
        del listed
        false_matches(names, figures["names"])
        half = names[:: max(1, len(names) // LOOK_UPS * 2)]
        mixed = [
            name for number, listed_name in enumerate(half) for name in (f"www.{listed_name}", f"www.n{number}.example")
        ]
        path = directory / "names.pack"
        data = path.read_bytes()
        look_ups("memory", lambda offset, count: data[offset : offset + count], len(data), mixed)
        with path.open("rb") as file:

            def seek_and_read(offset: int, count: int) -> bytes:
                file.seek(offset)
                return file.read(count)

            look_ups("file", seek_and_read, len(data), mixed)
    fits = figures["build_peak_mb"] <= PEAK_MB_MAX and (
        asked.names < FULL_SIZE or figures["table_bytes"] <= TABLE_BYTES_MAX
    )
    if not fits:
        print(f"pack_bench: expected at most {PEAK_MB_MAX} MB and {TABLE_BYTES_MAX} bytes", file=sys.stderr)
    return 0 if fits else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
