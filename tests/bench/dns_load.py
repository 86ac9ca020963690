"""Load on a resolver, and what it cost: dnsperf asks, the kernel's accounts say how long the resolver ran.

It decides how a round is run and read. CPU is the run time of all threads of the resolver's processes as the
scheduler counts it, so that another program on the core changes it little; queries a second are only as good as the
generator, which shares its core with the upstream.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.dns_list import Client, Query
from tests.bench.dns_peers import SERVER, Core, Resolver
from tests.lab.processes import Program

# More would overflow the receive buffer that Linux gives a socket by itself, and loss would be measured, not work.
SOCKETS, OUTSTANDING = 8, 100
LOST_AFTER_SECONDS = 2
_COUNT = re.compile(r"^ *Queries (sent|completed|lost): +(\d+)", re.MULTILINE)
_SECONDS = re.compile(r"^ *Run time \(s\): +([\d.]+)", re.MULTILINE)
_CODES = re.compile(r"([A-Z]+) (\d+) \(")
_LATENCY = re.compile(r"^> [A-Z]+ \S+ \S+ ([\d.]+)$", re.MULTILINE)


class Broken(Exception):
    """The generator said something else than a result."""


class Round(NamedTuple):
    """What one round of load brought: counts, seconds, and the resolver's run time in nanoseconds."""

    sent: int
    completed: int
    lost: int
    seconds: float
    codes: dict[str, int]
    cpu_ns: int
    latencies: tuple[float, ...] = ()

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU for each answered query."""
        return self.cpu_ns / 1000 / max(1, self.completed)

    @property
    def qps(self) -> float:
        """Answered queries a second."""
        return self.completed / self.seconds


def result_of(text: str) -> Round:
    """A round as dnsperf prints it, without CPU. Raises Broken."""
    counts = {what: int(number) for what, number in _COUNT.findall(text)}
    seconds = _SECONDS.search(text)
    codes = next((line for line in text.splitlines() if "Response codes:" in line), "")
    if set(counts) != {"sent", "completed", "lost"} or not seconds:
        raise Broken(f"expected dnsperf's statistics, got {text[-300:]!r}")
    found = {code: int(number) for code, number in _CODES.findall(codes)}
    latencies = tuple(float(number) for number in _LATENCY.findall(text))
    return Round(counts["sent"], counts["completed"], counts["lost"], float(seconds[1]), found, 0, latencies)


def together(rounds: Sequence[Round], cpu_ns: int) -> Round:
    """Rounds that ran at the same time, as one."""
    codes: dict[str, int] = {}
    for one in rounds:
        for code, number in one.codes.items():
            codes[code] = codes.get(code, 0) + number
    return Round(
        sum(one.sent for one in rounds),
        sum(one.completed for one in rounds),
        sum(one.lost for one in rounds),
        max(one.seconds for one in rounds),
        codes,
        cpu_ns,
        tuple(latency for one in rounds for latency in one.latencies),
    )


def write_queries(target: Path, queries: Sequence[Query]) -> Path:
    """A query file for dnsperf."""
    with open(target, "w", encoding="ascii") as file:
        file.writelines(f"{name} {kind}\n" for name, kind in queries)
    return target


def run_time_ns(programs: Sequence[Program]) -> int:
    """How long all threads of these programs have run on a processor, by /proc/PID/task/*/schedstat."""
    total = 0
    for program in programs:
        for task in Path(f"/proc/{program.pid}/task").iterdir():
            total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return total


def pss_kib(program: Program) -> int:
    """The program's share of memory in KiB, pages of the pack included (proc(5), smaps_rollup)."""
    lines = Path(f"/proc/{program.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1])


def generator_words(
    core: Core,
    port: int,
    client: Client,
    file: Path,
    seconds: float,
    share: int = 1,
    rate: int = 0,
    tells_each: bool = False,
) -> list[str]:
    """The generator for one client; with `share` clients at a time each has its part of what may wait.

    rate: queries a second, 0 for as many as it can. tells_each: it prints the latency of each.
    """
    words = ["dnsperf", "-s", SERVER, "-p", str(port), "-a", client.address, "-d", str(file)]
    words += ["-T", "1", "-c", str(max(1, SOCKETS // share)), "-q", str(OUTSTANDING // share)]
    words += ["-l", f"{seconds:g}", "-t", str(LOST_AFTER_SECONDS)]
    if rate:
        words += ["-Q", str(rate)]
    if tells_each:
        words += ["-v"]
    return core.words(words)


def load(core: Core, resolver: Resolver, files: Sequence[tuple[Client, Path]], seconds: float, rate: int = 0) -> Round:
    """One round: each client asks from its file at the same time. Raises Broken."""
    before = run_time_ns(resolver.programs)
    running = []
    for client, file in files:
        words = generator_words(core, resolver.ports[client.name], client, file, seconds, len(files), rate, bool(rate))
        running.append(subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    told = [process.communicate()[0] for process in running]
    return together([result_of(text) for text in told], run_time_ns(resolver.programs) - before)
