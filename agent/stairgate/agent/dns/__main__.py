"""`python -m stairgate.agent.dns`: the filter's process, started by control and ended with it.

It decides nothing: it puts the parts together. `--clients` names a file of {address: MAC address} that stands in for
the kernel's neighbour table where there is none, on loopback, and `--record` says that the gate's sets are there all
the same: for benchmarks and tests only.
"""

import argparse
import json
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

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

log = logging.getLogger("stairgate.agent")


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


def options(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m stairgate.agent.dns")
    parser.add_argument("--channel", type=int, required=True, help="descriptor of the channel to control")
    parser.add_argument("--lan", nargs="+", required=True, metavar="NAME", help="interfaces of the LAN")
    parser.add_argument("--resolver", nargs="+", required=True, type=server_address, metavar="ADDRESS[#PORT]")
    parser.add_argument("--table", default="stairgate", help="name of our nftables tables")
    parser.add_argument("--port", type=int, default=DNS_PORT)
    parser.add_argument("--probe-port", type=int, default=PROBE_PORT)
    parser.add_argument("--clients", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--record", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(words)


def books(loop: Loop, chosen: argparse.Namespace) -> BookOf:
    """How clients are recognised. Raises OSError and ValueError, of the file."""
    if not chosen.clients:
        return lambda interface, changed: NeighbourBook(interface, loop, changed)
    fixed = FixedBook(json.loads(chosen.clients.read_text(encoding="utf-8")))
    return lambda interface, changed: fixed


def recorder(chosen: argparse.Namespace) -> Addresses:
    """What is told the addresses that are answered: the kernel, but on loopback."""
    if chosen.clients and not chosen.record:
        return NoAddresses()
    try:
        return kernel_addresses(chosen.table)
    except OSError as error:
        # What the kernel does not know stays shut, for devices that reach only what was resolved.
        log.error("no address is recorded: %s", error)
        return NoAddresses()


def main(words: Sequence[str]) -> int:
    """Serve until the channel ends; the exit status."""
    logging.basicConfig(format="dns: %(message)s", level=logging.INFO)
    chosen = options(words)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # control ends us, by the channel
    loop = Loop()
    service = Service(loop, Resolver(loop, chosen.resolver, Cache()), recorder(chosen))
    ports = Ports(chosen.port, chosen.probe_port)
    if not Listening(loop, service, chosen.lan, ports, books(loop, chosen)).is_open():
        return 1  # control tells the family, and starts another one
    Channel(loop, service, chosen.channel)
    loop.run()
    loop.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
