"""`python -m stairgate.agent.dns`: the filter's process, started by control and ended with it.

It decides nothing: it puts the parts together. `--clients` names a file of {address: MAC address} that stands in for
the kernel's neighbour table where there is none, on loopback, and `--record` says that the gate's sets are there all
the same: for benchmarks and tests only.
"""

import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from stairgate.agent.addresses import kernel_addresses
from stairgate.agent.dns.cache import Cache
from stairgate.agent.dns.channel import Channel
from stairgate.agent.dns.clients import FixedBook, NeighbourBook
from stairgate.agent.dns.listening import BookOf, Listening, Ports
from stairgate.agent.dns.loop import Loop
from stairgate.agent.dns.no_addresses import NoAddresses
from stairgate.agent.dns.resolver import Resolver
from stairgate.agent.dns.service import Addresses, Service
from stairgate.agent.gate import DNS_PORT, PROBE_PORT
from stairgate.agent.timed_news import TimedNews

try:
    import ctypes
except ImportError:  # OpenWrt packages it apart
    ctypes = None  # type: ignore[assignment]

log = logging.getLogger("stairgate.agent")
PR_SET_PDEATHSIG = 1  # prctl(2)


def server_address(text: str) -> tuple[str, int]:
    """ADDRESS or ADDRESS#PORT. Raises ValueError."""
    address, mark, port = text.partition("#")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.inet_pton(family, address)
        number = int(port) if mark else 53
    except (OSError, ValueError):
        number = 0
    if not 0 < number < 65536:
        raise ValueError(f"expected ADDRESS or ADDRESS#PORT, got {text!r}")
    return address, number


class Options(NamedTuple):
    """What control says: the channel's descriptor, the LAN's interfaces, the servers upstream, the name of our nftables
    tables, and our ports."""

    channel: int
    lan: list[str]
    resolver: list[tuple[str, int]]
    table: str = "stairgate"
    port: int = DNS_PORT
    probe_port: int = PROBE_PORT
    clients: str = ""
    record: bool = False


def options(words: Sequence[str]) -> Options:
    """The command line. Raises ValueError. (`argparse` would hold a megabyte for as long as the process lives.)"""
    given: dict[str, list[str]] = {}
    values: list[str] = []
    for word in words:
        if word.startswith("--"):
            values = given.setdefault(word[2:].replace("-", "_"), [])
        else:
            values.append(word)
    unknown = set(given) - set(Options._fields)
    empty = {name for name, said in given.items() if not said} - {"record"}
    if unknown or empty or not {"channel", "lan", "resolver"} <= set(given):
        raise ValueError(f"expected --channel, --lan and --resolver with their values, got {' '.join(words)!r}")
    read: dict[str, Any] = {name: values[-1] for name, values in given.items() if values}
    read |= {name: int(read[name]) for name in ("channel", "port", "probe_port") if name in read}
    read["lan"], read["resolver"] = given["lan"], [server_address(text) for text in given["resolver"]]
    return Options(**read | {"record": "record" in given})


def books(loop: Loop, chosen: Options) -> BookOf:
    """How clients are recognised. Raises OSError and ValueError, of the file."""
    if not chosen.clients:
        return lambda interface, changed: NeighbourBook(interface, loop, changed)
    with open(chosen.clients, encoding="utf-8") as file:
        fixed = FixedBook(json.load(file))
    return lambda interface, changed: fixed


def recorder(chosen: Options, news: TimedNews) -> Addresses:
    """What is told the addresses that are answered: the kernel, but on loopback. news: takes those that are timed."""
    if chosen.clients and not chosen.record:
        return NoAddresses()
    try:
        return kernel_addresses(chosen.table, news)
    except OSError as error:
        # What the kernel does not know stays shut, for devices that reach only what was resolved.
        log.error("no address is recorded: %s", error)
        return NoAddresses()


def end_with_parent() -> bool:
    """Have the kernel kill this process when its parent ends: one that hangs, or is stopped, would keep the port.

    False when the parent has ended meanwhile. Where the kernel cannot be asked, only the end of the channel is left.
    """
    parent = os.getppid()
    if ctypes is not None and hasattr(ctypes.CDLL(None), "prctl"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), *[ctypes.c_ulong(0)] * 3)
    return os.getppid() == parent


def main(words: Sequence[str]) -> int:
    """Serve until the channel ends; the exit status."""
    logging.basicConfig(format="dns: %(message)s", level=logging.INFO)
    if not end_with_parent():
        return 1
    try:
        chosen = options(words)
    except ValueError as error:
        log.error("%s", error)
        return 2
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # control ends us, by the channel
    loop, news = Loop(), TimedNews()
    service = Service(loop, Resolver(loop, chosen.resolver, Cache()), recorder(chosen, news))
    ports = Ports(chosen.port, chosen.probe_port)
    if not Listening(loop, service, chosen.lan, ports, books(loop, chosen)).is_open():
        return 1  # control tells the family, and starts another one
    Channel(loop, service, chosen.channel, news)
    loop.run()
    loop.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
