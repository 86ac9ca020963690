"""The resolvers that the filter is compared with, each configured from the same list.

It decides how dnsmasq, unbound and dnsdist are told to block the same names for the same clients, with the same
upstream, a cache of the same size and no logging, and what counts as missing. What is asked is `dns_list`'s part,
what is measured `dns_bench`'s. Every process has one core; a resolver that cannot be started is reported, not beaten.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.dns_ask import is_serving
from tests.bench.dns_list import CATEGORIES, CLIENTS, Client
from tests.lab.processes import Deadline, Program, wait_until

UPSTREAM = "127.0.0.2"
SERVER = "127.0.0.1"
CACHE_ENTRIES = 10_000
# Unbound counts bytes: an answer and its record set of this workload take about this much each.
UNBOUND_ENTRY_BYTES = 320
# More questions wait than dnsmasq's default of 150 lets wait.
PENDING = 1000
START_SECONDS = 120.0

Listed = Mapping[str, str]


class Missing(Exception):
    """This resolver cannot be compared here; the text says why."""


class Resolver(NamedTuple):
    """A running resolver: the port on which each client's questions are answered, and the processes that do it."""

    name: str
    ports: Mapping[str, int]
    programs: Sequence[Program]


class Core(NamedTuple):
    """Where the one side runs: words that put a command on this core, ahead of what else the machine does."""

    number: int

    def words(self, command: Sequence[str]) -> list[str]:
        """The command with its core and niceness."""
        return ["nice", "-n", "-10", "taskset", "-c", str(self.number), *command]


def dnsmasq_lines(port: int, names: Iterable[str]) -> Iterator[str]:
    """A configuration that answers NXDOMAIN for the names and everything below them."""
    yield from (
        "keep-in-foreground",
        "user=root",
        "pid-file=",
        "bind-interfaces",
        f"listen-address={SERVER}",
        f"port={port}",
        "no-resolv",
        "no-hosts",
        f"server={UPSTREAM}",
        f"cache-size={CACHE_ENTRIES}",
        f"dns-forward-max={PENDING}",
    )
    for name in names:
        yield f"local=/{name}/"


def unbound_lines(port: int, listed: Listed, clients: Sequence[Client] = CLIENTS) -> Iterator[str]:
    """One configuration for all clients: each name carries its category as a tag, each client its blocked tags."""
    yield from (
        "server:",
        f"interface: {SERVER}@{port}",
        'username: ""',
        'chroot: ""',
        'directory: ""',
        'pidfile: ""',
        'logfile: ""',
        "use-syslog: no",
        "do-daemonize: no",
        "verbosity: 0",
        "num-threads: 1",
        "do-ip6: no",
        "do-not-query-localhost: no",
        'module-config: "iterator"',
        f"msg-cache-size: {CACHE_ENTRIES * UNBOUND_ENTRY_BYTES}",
        f"rrset-cache-size: {CACHE_ENTRIES * UNBOUND_ENTRY_BYTES}",
        f"num-queries-per-thread: {PENDING}",
        f'define-tag: "{" ".join(CATEGORIES)}"',
        "access-control: 127.0.0.0/8 allow",
    )
    for client in clients:
        yield f'access-control-tag: {client.address}/32 "{" ".join(sorted(client.blocked))}"'
    for name, category in listed.items():
        yield f'local-zone: "{name}." always_nxdomain'
        yield f'local-zone-tag: "{name}." "{category}"'
    yield from ("forward-zone:", 'name: "."', f"forward-addr: {UPSTREAM}")


def dnsdist_lines(port: int, database: Path, clients: Sequence[Client] = CLIENTS) -> Iterator[str]:
    """One configuration for all clients: the nearest listed name's category becomes a tag, rules by client read it."""
    yield from (
        f"setLocal('{SERVER}:{port}')",
        "setACL({'127.0.0.0/8'})",
        "setSecurityPollSuffix('')",
        f"newServer({{address='{UPSTREAM}:53'}})",
        f"getPool(''):setCache(newPacketCache({CACHE_ENTRIES}))",
        f"listed = newCDBKVStore('{database}', 1)",
        "addAction(AllRule(), KeyValueStoreLookupAction(listed, KeyValueLookupKeySuffix(1, true), 'category'))",
    )
    for client in clients:
        tagged = _dnsdist_tagged(client)
        from_client = f"makeRule('{client.address}/32')"
        yield f"addAction(AndRule({{{from_client}, {tagged}}}), RCodeAction(DNSRCode.NXDOMAIN))"


def _dnsdist_tagged(client: Client) -> str:
    # A name that is not listed gets the empty tag. The shorter of two ways to say it, so that no client's rules are
    # longer than they need be.
    open_ones = ["", *(category for category in CATEGORIES if category not in client.blocked)]
    named = min(open_ones, sorted(client.blocked), key=len)
    rule = "OrRule({" + ", ".join(map(_dnsdist_tag, named)) + "})"
    return f"NotRule({rule})" if named is open_ones else rule


def _dnsdist_tag(category: str) -> str:
    return f"TagRule('category', '{category}')"


def wire_name(name: str) -> bytes:
    """The name in wire format (RFC 1035, 3.1)."""
    return b"".join(bytes([len(label)]) + label for label in name.encode("ascii").split(b".")) + b"\0"


def cdb_records(listed: Listed) -> Iterator[bytes]:
    """The list as `cdb -c` reads it: the name in wire format, then its category."""
    for name, category in listed.items():
        key = wire_name(name)
        yield b"+%d,%d:%b->%b\n" % (len(key), len(category), key, category.encode("ascii"))
    yield b"\n"


def _tool(name: str) -> str:
    # A user's PATH may lack the places of daemons.
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def _written(target: Path, lines: Iterable[str]) -> Path:
    with open(target, "w", encoding="ascii") as file:
        file.writelines(f"{line}\n" for line in lines)
    return target


def wait_serving(name: str, programs: Sequence[Program], ports: Mapping[str, int]) -> None:
    """Until every port answers. Raises Missing, with the end of the log, when a program ends or the time is up."""
    pending = {ports[client.name]: client.address for client in CLIENTS if client.name in ports}

    def all_serve() -> bool:
        for program in programs:
            if not program.is_running():
                raise Missing(f"{name} ended: {program.tail().strip()[-300:]}")
        for port, address in list(pending.items()):
            if is_serving(SERVER, port, address):
                del pending[port]
        return not pending

    try:
        wait_until(f"{name} to answer", all_serve, START_SECONDS)
    except Deadline as late:
        raise Missing(str(late)) from late


def start_dnsmasq(folder: Path, core: Core, listed: Listed, first_port: int) -> Resolver:
    """One process for each client: it has one policy only. Raises Missing."""
    tool = _tool("dnsmasq")
    ports = {client.name: first_port + place for place, client in enumerate(CLIENTS)}
    programs = []
    for client in CLIENTS:
        names = (name for name, category in listed.items() if category in client.blocked)
        file = _written(folder / f"dnsmasq-{client.name}.conf", dnsmasq_lines(ports[client.name], names))
        command = core.words([tool, f"--conf-file={file}"])
        programs.append(Program(f"dnsmasq-{client.name}", command, folder))
    wait_serving("dnsmasq", programs, ports)
    return Resolver("dnsmasq", ports, programs)


def start_unbound(folder: Path, core: Core, listed: Listed, first_port: int) -> Resolver:
    """One process for all. Raises Missing."""
    tool = _tool("unbound")
    file = _written(folder / "unbound.conf", unbound_lines(first_port, listed))
    program = Program("unbound", core.words([tool, "-d", "-c", str(file)]), folder)
    ports = {client.name: first_port for client in CLIENTS}
    wait_serving("unbound", [program], ports)
    return Resolver("unbound", ports, [program])


def start_dnsdist(folder: Path, core: Core, listed: Listed, first_port: int) -> Resolver:
    """One process for all, over a constant database of the names. Raises Missing."""
    tool, maker = _tool("dnsdist"), _tool("cdb")
    database = folder / "names.cdb"
    made = subprocess.run([maker, "-c", str(database)], input=b"".join(cdb_records(listed)), capture_output=True)
    if made.returncode:
        raise Missing(f"cdb: {made.stderr.decode(errors='replace').strip()[-300:]}")
    file = _written(folder / "dnsdist.conf", dnsdist_lines(first_port, database))
    program = Program("dnsdist", core.words([tool, "--supervised", "--disable-syslog", "-C", str(file)]), folder)
    ports = {client.name: first_port for client in CLIENTS}
    wait_serving("dnsdist", [program], ports)
    return Resolver("dnsdist", ports, [program])


PEERS: Mapping[str, Callable[[Path, Core, Listed, int], Resolver]] = {
    "dnsmasq": start_dnsmasq,
    "unbound": start_unbound,
    "dnsdist": start_dnsdist,
}


def version_of(name: str) -> str:
    """What the resolver calls itself, "missing" when it is not there."""
    try:
        tool = _tool(name)
    except Missing:
        return "missing"
    flag = "-V" if name == "unbound" else "--version"
    told = subprocess.run([tool, flag], capture_output=True, text=True, check=False).stdout.splitlines()
    return " ".join(told[0].split()[:3]) if told else name
