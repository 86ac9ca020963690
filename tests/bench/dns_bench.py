"""The content filter beside dnsmasq, unbound and dnsdist: one run, the same list, upstream, cache and questions.

`make bench-dns` (QUICK=1: a small list, one round, to see that it works). First every resolver answers 10,000 names for
four clients, and must agree with ours; then rounds alternate between them. The resolver alone has one core, generator
and upstream the other. Figures are JSON lines on standard output, a table and progress on standard error. It exits 1
when an aim of `dns_aims` was missed or resolvers disagree, 2 when the run says nothing, say because a peer is missing.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench import dns_aims
from tests.bench.dns_agreement import Agreement, codes_of, compared, plainly
from tests.bench.dns_aims import Figure, ratio
from tests.bench.dns_filter import FEATURES, OurFilter, build_pack, interpreter, recorded
from tests.bench.dns_list import (
    ALLOWED_HOSTS,
    CHILD,
    CLIENTS,
    FULL_SIZE,
    Client,
    allowed_hosts,
    listed_for,
    samples,
    the_list,
    workload,
)
from tests.bench.dns_load import Broken, Round, load, pss_kib, write_queries
from tests.bench.dns_peers import PEERS, UPSTREAM, Core, Missing, Resolver, version_of
from tests.bench.dns_reload import NEW_NAME, Swapped, swap_under_load
from tests.lab.demo_check import percentile
from tests.lab.processes import Program, stop_all

OURS, FIRST_PORT = "stairgate", 5335
LATENCY_RATE = 2_000
UPSTREAM_SOURCE = Path(__file__).with_name("dns_upstream.c")
BEGAN = time.monotonic()


class Size(NamedTuple):
    """How much is done. seconds, warm_up: of one round."""

    names: int
    asked: int
    queries: int
    rounds: int
    seconds: float
    warm_up: float
    swaps: int


FULL = Size(FULL_SIZE, 10_000, 200_000, 3, 5.0, 5.0, 10)
QUICK = Size(20_000, 1_000, 20_000, 1, 1.0, 0.5, 2)


class Case(NamedTuple):
    """A kind of load. share: of it that is blocked; clients: who asks at the same time."""

    name: str
    share: float
    clients: tuple[Client, ...]

    @property
    def suffix(self) -> str:
        """Of its figures: the mix and all four people have none."""
        words = ["" if len(self.clients) > 1 else "1", "" if self.name == "mix" else self.name]
        return "".join(f"_{word}" for word in words if word)


CASES = (
    Case("mix", 0.3, CLIENTS),
    Case("blocked", 1.0, CLIENTS),
    Case("mix", 0.3, (CHILD,)),
    Case("blocked", 1.0, (CHILD,)),
    Case("allowed", 0.0, (CHILD,)),
)
# A resolver whose answers are this far from the list has answered something else.
SHARE_MARGIN = 0.02


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(f"bench-dns {time.monotonic() - BEGAN:6.1f} s: {text}", file=sys.stderr, flush=True)


def machine() -> str:
    """Where this ran."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "?")
    one, five, _ = os.getloadavg()
    return (
        f"{os.cpu_count()} cores of {model}, Linux {platform.release()}, CPython {platform.python_version()}, "
        f"load {one:.1f} {five:.1f}"
    )


def cores() -> tuple[Core, Core]:
    """For the resolver, and for generator and upstream: the last two this process may use."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        say("one core only: the generator's work displaces the resolver's")
    return Core(usable[-1]), Core(usable[-2] if len(usable) > 1 else usable[-1])


def start_upstream(folder: Path, core: Core) -> Path:
    """Compile and start the upstream; its counter of answers. Raises Missing."""
    program = folder / "upstream"
    words = ["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(program), str(UPSTREAM_SOURCE)]
    made = subprocess.run(words, capture_output=True, text=True, check=False)
    if made.returncode:
        raise Missing(f"the upstream does not compile: {made.stderr[-300:]}")
    counter = folder / "answered"
    counter.write_bytes(bytes(8))
    Program("upstream", core.words([str(program), UPSTREAM, "53", str(counter)]), folder)
    return counter


def counted(counter: Path) -> int:
    """How many answers the upstream has given."""
    return int.from_bytes(counter.read_bytes(), sys.byteorder)


class Bench:
    """One run in one folder."""

    def __init__(self, folder: Path, size: Size, seed: int) -> None:
        self.folder, self.size, self.seed = folder, size, seed
        self.server_core, self.load_core = cores()
        self.figures: dict[str, Figure] = {}
        self.resolvers: dict[str, Resolver] = {}
        self.rounds: dict[tuple[str, Case], list[Round]] = {}
        self.upstream_shares: dict[tuple[str, Case], list[float]] = {}
        self.disagreements: list[str] = []
        # The probe and whatever else this process does belong to the generator's side.
        os.sched_setaffinity(0, {self.load_core.number})

    def figure(self, name: str, value: float | None, unit: str) -> None:
        """One figure."""
        self.figures[name] = Figure(name, value, unit)
        print(self.figures[name].line(), flush=True)

    def prepare(self) -> None:
        """List, pack, query files. Raises Missing."""
        self.counter = start_upstream(self.folder, self.load_core)
        self.listed, is_real = the_list(self.size.names, self.seed)
        say(f"{len(self.listed)} names, {'the real list' if is_real else f'made up with seed {self.seed}'}")
        self.hosts = allowed_hosts(self.listed, ALLOWED_HOSTS, self.seed + 1)
        self.pack = self.folder / "names.pack"
        begun = time.monotonic()
        self.built = build_pack(self.listed, self.pack)
        report = self.built.report
        say(
            f"pack of {self.built.bytes} bytes in {time.monotonic() - begun:.1f} s; "
            f"left out: {report.covered} covered, {sum(report.dropped.values())} dropped {report.dropped}"
        )
        # The generator begins each time at the top: every round has a file that begins elsewhere, else it would ask
        # what the one before has just brought into the cache.
        self.files: dict[tuple[Case, Client, int], Path] = {}
        blocked = {client: listed_for(self.listed, client) for client in CLIENTS}
        for number, case in enumerate(CASES):
            for place, client in enumerate(case.clients):
                seed = self.seed + 10 * number + place
                queries = workload(blocked[client], self.hosts, case.share, self.size.queries, seed)
                for turn in range(self.size.rounds + 1):
                    begin = turn * len(queries) // (self.size.rounds + 1)
                    file = self.folder / f"queries-{number}-{client.name}-{turn}"
                    self.files[case, client, turn] = write_queries(file, queries[begin:] + queries[:begin])
        self.figure("list_names", len(self.listed), "1")
        self.figure("table_bytes", self.built.bytes, "B")

    def start(self) -> None:
        """All resolvers, one after the other. Raises Missing when it is ours that does not start."""
        python = interpreter()
        self.ours = OurFilter(self.folder, self.server_core, FIRST_PORT, python)
        begun = time.monotonic()
        self.resolvers[OURS] = self.ours.start(self.pack, self.built)
        say(f"{OURS} serves after {time.monotonic() - begun:.2f} s by {python}, on: {FEATURES}")
        self.missing: dict[str, str] = {}
        for number, (name, begin) in enumerate(PEERS.items()):
            begun = time.monotonic()
            try:
                self.resolvers[name] = begin(self.folder, self.server_core, self.listed, 6000 + 10 * number)
                say(f"{name} ({version_of(name)}) serves after {time.monotonic() - begun:.1f} s, files included")
            except Missing as missing:
                self.missing[name] = str(missing)
                say(f"{name} is missing: {missing}")

    def agree(self) -> None:
        """Ask everybody the same names, before anything is timed."""
        names = samples(self.listed, self.hosts, self.size.asked, self.seed + 2)
        ours = codes_of(self.resolvers[OURS], names)
        self._note_agreement("the list, read plainly", compared(self.listed, ours, plainly(self.listed, names)))
        for name, resolver in self.resolvers.items():
            if name != OURS:
                self._note_agreement(name, compared(self.listed, ours, codes_of(resolver, names)))

    def _note_agreement(self, name: str, agreement: Agreement) -> None:
        say(f"{agreement.asked} answers compared with {name}: explained differences {dict(agreement.explained)}")
        if not agreement.holds:
            found = "; ".join(agreement.unexplained[:5]) or f"too many explained differences: {agreement.explained}"
            self.disagreements.append(f"{name}: {len(agreement.unexplained)} unexplained, {found}")

    def _round(self, name: str, case: Case, turn: int, seconds: float) -> Round:
        before = counted(self.counter)
        files = [(client, self.files[case, client, turn]) for client in case.clients]
        done = load(self.load_core, self.resolvers[name], files, seconds)
        self.upstream_shares.setdefault((name, case), []).append(
            (counted(self.counter) - before) / max(1, done.completed)
        )
        refused = done.codes.get("NXDOMAIN", 0) / max(1, done.completed)
        if set(done.codes) - {"NOERROR", "NXDOMAIN"} or abs(refused - case.share) > SHARE_MARGIN:
            self.disagreements.append(f"{name}, {case.name}: expected {case.share:.0%} refused, got {done.codes}")
        return done

    def race(self) -> None:
        """The rounds: each case, each round, each resolver in turn."""
        for case in CASES:
            for name in self.resolvers:
                self._round(name, case, 0, self.size.warm_up)
                self.upstream_shares[name, case].clear()
            for number in range(1, self.size.rounds + 1):
                for name in self.resolvers:
                    done = self._round(name, case, number, self.size.seconds)
                    self.rounds.setdefault((name, case), []).append(done)
                    say(
                        f"{case.name}, {len(case.clients)} clients, round {number}: {name} {done.qps:.0f}/s, "
                        f"{done.cpu_us:.1f} us, {done.lost} lost, load {os.getloadavg()[0]:.1f}"
                    )

    def cpu_us(self, name: str, case: Case) -> float | None:
        """Median CPU for an answered query, None for a resolver that is missing."""
        rounds = self.rounds.get((name, case))
        return statistics.median(done.cpu_us for done in rounds) if rounds else None

    def compare(self) -> None:
        """The figures of the rounds."""
        for case in CASES:
            ours = self.rounds[OURS, case]
            self.figure(f"dns_qps{case.suffix}", statistics.median(done.qps for done in ours), "1/s")
            mine = self.cpu_us(OURS, case)
            self.figure(f"dns_cpu_us{case.suffix}", mine, "us")
            for name in PEERS:
                self.figure(f"dns_cpu_us_{name}{case.suffix}", self.cpu_us(name, case), "us")
            self.figure(f"dns_vs_dnsmasq{case.suffix}", ratio(self.cpu_us("dnsmasq", case), mine), "x")
            self.figure(f"dns_vs_unbound_cpu{case.suffix}", ratio(mine, self.cpu_us("unbound", case)), "x")
            self.figure(f"dns_vs_dnsdist_cpu{case.suffix}", ratio(mine, self.cpu_us("dnsdist", case)), "x")

    def latencies(self) -> None:
        """How long an answer takes at a rate that leaves everybody time."""
        case = next(case for case in CASES if case.name == "mix" and len(case.clients) == 1)
        for name in (OURS, *PEERS):
            resolver = self.resolvers.get(name)
            files = [(CHILD, self.files[case, CHILD, 0])]
            done = load(self.load_core, resolver, files, self.size.seconds, LATENCY_RATE) if resolver else None
            ending = "" if name == OURS else f"_{name}"
            for share in (50, 99):
                seconds = percentile(done.latencies, share / 100) if done else None
                self.figure(f"dns_p{share}_us{ending}", seconds * 1e6 if seconds is not None else None, "us")

    def memory(self) -> None:
        """What each holds after the load, the mapped pack included; dnsmasq's processes together. Raises Broken."""
        pairs = recorded()
        self.figure("addresses_recorded", pairs, "1")
        if not pairs:
            raise Broken("the filter recorded no address for the toys")
        for name in (OURS, *PEERS):
            programs = self.resolvers[name].programs if name in self.resolvers else ()
            megabytes = sum(map(pss_kib, programs)) / 1000 * 1.024 if programs else None
            self.figure("filter_pss_mb" if name == OURS else f"pss_mb_{name}", megabytes, "MB")

    def reload(self) -> None:
        """Swap the pack while it is used."""
        other = self.folder / "other.pack"
        packs = ((self.pack, self.built), (other, build_pack(self.listed, other, [NEW_NAME])))
        case = next(case for case in CASES if case.name == "mix" and len(case.clients) == 1)
        queries = self.files[case, CHILD, 0]
        seen: Swapped = swap_under_load(
            self.load_core, self.ours, self.resolvers[OURS], queries, packs, self.size.swaps
        )
        self.figure("reload_swaps", seen.swaps, "1")
        self.figure("reload_lost", seen.lost, "1")
        self.figure("reload_worst_gap_ms", seen.worst_gap_ms, "ms")
        self.figure("reload_worst_gap_without_swap_ms", seen.quiet_gap_ms, "ms")
        self.figure("reload_in_force_ms", max(seen.in_force_ms, default=None), "ms")

    def table(self) -> None:
        """Everything side by side, for people."""
        print(f"\n{machine()}", file=sys.stderr)
        head = f"{'us of CPU a query (queries/s; share asked upstream)':52}"
        print(head + "".join(f"{name:>26}" for name in self.resolvers), file=sys.stderr)
        for case in CASES:
            cells = []
            for name in self.resolvers:
                rounds = self.rounds[name, case]
                share = statistics.median(self.upstream_shares[name, case])
                qps = statistics.median(done.qps for done in rounds)
                cells.append(f"{self.cpu_us(name, case):.1f} ({qps:.0f}; {share:.0%})")
            people = f"{len(case.clients)} clients" if len(case.clients) > 1 else "the child"
            print(f"{case.name + ', ' + people:52}" + "".join(f"{cell:>26}" for cell in cells), file=sys.stderr)
        for name, why in self.missing.items():
            print(f"missing: {name}: {why}", file=sys.stderr)

    def verdict(self) -> int:
        """The exit status, with reasons."""
        is_full = self.size.names == FULL_SIZE
        aims = dns_aims.AIMS if is_full else dns_aims.AIMS_OF_ANY_SIZE
        if not is_full:
            say("a small list: only memory and loss are judged")
        missed, missing = dns_aims.judged(self.figures, aims)
        for text in self.disagreements:
            say(f"no agreement: {text}")
        for text in missed:
            say(f"missed: {text}")
        for text in missing:
            say(f"not shown, missing: {text}")
        if missed or self.disagreements:
            return 1
        return 2 if missing else 0


def run(folder: Path, size: Size, seed: int) -> int:
    """Everything, in order. Raises Missing and Broken."""
    bench = Bench(folder, size, seed)
    say(machine())
    bench.prepare()
    bench.start()
    bench.agree()
    if bench.disagreements:
        return bench.verdict()
    bench.race()
    bench.compare()
    bench.latencies()
    bench.memory()
    bench.table()
    bench.reload()
    return bench.verdict()


def main(words: Sequence[str]) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.dns_bench")
    parser.add_argument("--quick", action="store_true", help="a small list and one round: does it work?")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, help="of each resolver and case")
    parser.add_argument("--seconds", type=float, help="of one round")
    chosen = parser.parse_args(words)
    size = QUICK if chosen.quick else FULL
    size = size._replace(rounds=chosen.rounds or size.rounds, seconds=chosen.seconds or size.seconds)
    with tempfile.TemporaryDirectory(prefix="bench-dns-") as temporary:
        try:
            return run(Path(temporary), size, chosen.seed)
        except (Missing, Broken) as nothing:
            say(f"this run says nothing: {nothing}")
            return 2
        finally:
            stop_all()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
