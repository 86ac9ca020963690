"""`python -m stairgate.agent.dns`: the filter's process, started by control and ended with it.

It decides nothing: it puts the parts together. `--clients` names a file of {address: MAC address} that stands in for
the kernel's neighbour table where there is none, on loopback: for benchmarks and tests only.
"""

import argparse
import json
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from stairgate.agent.dns.cache import Cache
from stairgate.agent.dns.channel import Channel
from stairgate.agent.dns.clients import AddressBook, FixedBook, NeighbourBook
from stairgate.agent.dns.loop import Loop
from stairgate.agent.dns.no_addresses import NoAddresses
from stairgate.agent.dns.probes import ProbeServer
from stairgate.agent.dns.resolver import Resolver
from stairgate.agent.dns.server import UdpServer
from stairgate.agent.dns.service import Service
from stairgate.agent.dns.tcp import TcpServer

DNS_PORT, PROBE_PORT = 5335, 5380
FAMILIES = (socket.AF_INET, socket.AF_INET6)

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
    return parser.parse_args(words)


def listen(loop: Loop, service: Service, interface: str, chosen: argparse.Namespace) -> None:
    """Open the sockets of one interface. Raises OSError."""
    servers: list[UdpServer] = []

    def changed(address: str) -> None:
        for server in servers:
            server.forget(address)

    book: AddressBook
    if chosen.clients:
        book = FixedBook(json.loads(chosen.clients.read_text(encoding="utf-8")))
    else:
        book = NeighbourBook(interface, loop, changed)
    for family in FAMILIES:
        try:
            servers.append(UdpServer(loop, service, book, family, interface, chosen.port))
            TcpServer(loop, service, book, family, interface, chosen.port)
        except OSError as error:
            if family == socket.AF_INET:
                raise
            log.warning("no IPv6 on %s: %s", interface, error)  # switched off on this router
    ProbeServer(loop, interface, chosen.probe_port)


def main(words: Sequence[str]) -> int:
    """Serve until the channel ends; the exit status."""
    logging.basicConfig(format="dns: %(message)s", level=logging.INFO)
    chosen = options(words)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # control ends us, by the channel
    loop = Loop()
    service = Service(loop, Resolver(loop, chosen.resolver, Cache()), NoAddresses())
    try:
        for interface in chosen.lan:
            listen(loop, service, interface, chosen)
        Channel(loop, service, chosen.channel)
    except OSError as error:
        log.error("the filter cannot start: %s", error)
        return 1
    loop.run()
    loop.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
