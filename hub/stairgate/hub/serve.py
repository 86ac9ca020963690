"""The process of the hub: one waitress server with eight threads, one thread for the broker, one store.

It decides how things start and end: settings and store first, then pages, then the broker, which may be away;
on SIGTERM the running requests finish, so that no commit is lost. It logs no names and no requests.
"""

import argparse
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from waitress import create_server, wasyncore  # type: ignore[import-untyped]

from stairgate.hub import limits
from stairgate.hub.app import create_app
from stairgate.hub.claim_code import ClaimCode, ClaimFile, ClaimSlot
from stairgate.hub.clock import Clock
from stairgate.hub.config import ConfigError, HubConfig, read_config
from stairgate.hub.connections import Connections
from stairgate.hub.link import BrokerLink
from stairgate.hub.network import KernelNetwork, Network
from stairgate.hub.parts import Parts, build
from stairgate.hub.store import Store, StoreError
from stairgate.hub.tinydb_store import TinyDbStore
from stairgate.port.clock import SystemClock
from stairgate.provisioning.signing import SigningKey

_log = logging.getLogger(__name__)
_DRAIN_SECONDS = 3.0
_SWITCH_SECONDS = 0.0005
_DEFAULT_LISTEN = ("0.0.0.0:8080", "[::]:8080")


def serve(
    config: HubConfig,
    store: Store,
    clock: Clock,
    sockets: Sequence[socket.socket],
    claim_slot: ClaimSlot | None = None,
    stop: threading.Event | None = None,
    announce: Callable[[str], None] = print,
    network: Network | None = None,
) -> None:
    """Run a hub on bound sockets until `stop` is set; the store stays open.

    sockets: the first one's port is the one that policies name. announce: gets the claim code and other lines
    for the console. Raises OSError and ValueError when keys or certificates cannot be read.
    """
    parts = build(
        home=config.home,
        agents=config.agents,
        store=store,
        signer=SigningKey.load(config.signing_key),
        clock=clock,
        network=network or KernelNetwork(clock),
        claim_code=ClaimCode(
            claim_slot or ClaimSlot(),
            clock,
            lambda code: announce(f"Claim code: {code}  (valid {limits.CLAIM_SECONDS // 60} minutes)"),
        ),
        port=sockets[0].getsockname()[1],
        names=config.names,
    )
    if store.recovery:
        _log.error("the store %s", store.recovery)
    # The thread of the broker waits for the interpreter behind the page it was woken by (default 5 ms).
    sys.setswitchinterval(_SWITCH_SECONDS)
    link = BrokerLink(config.broker, parts.exchange, clock)
    parts.connect(link)
    link.start()
    try:
        if not parts.parents.is_claimed():
            parts.claim_code.renew()
        serve_pages(parts, sockets, stop or threading.Event())
    finally:
        link.stop()


def serve_pages(parts: Parts, sockets: Sequence[socket.socket], stop: threading.Event) -> None:
    """Serve the pages of these parts until `stop` is set; then let running requests finish."""
    channels: dict[int, Any] = {}
    server = create_server(
        create_app(parts),
        map=channels,
        sockets=list(sockets),
        threads=limits.THREADS,
        connection_limit=limits.CONNECTIONS_MAX,
        channel_timeout=limits.SILENT_CONNECTION_SECONDS,
        max_request_body_size=4 * limits.REQUEST_BYTES_MAX,
        max_request_header_size=limits.REQUEST_BYTES_MAX,
        ident=None,
    )
    connections = Connections(channels, parts.network.mac_of)
    connections.guard()
    while not stop.is_set():
        wasyncore.loop(timeout=0.5, use_poll=True, map=channels, count=1)
        connections.close_overdue(time.monotonic())
    for listener in [entry for entry in channels.values() if getattr(entry, "accepting", False)]:
        # Of the listener only its socket: the trigger must go on waking the loop while answers are written.
        listener.del_channel(channels)
        listener.socket.close()
    deadline = time.monotonic() + _DRAIN_SECONDS
    while time.monotonic() < deadline and any(_is_busy(entry) for entry in channels.values()):
        wasyncore.loop(timeout=0.05, use_poll=True, map=channels, count=1)
    server.task_dispatcher.shutdown()
    wasyncore.close_all(channels)


def _is_busy(channel: Any) -> bool:
    return bool(getattr(channel, "requests", None) or getattr(channel, "total_outbufs_len", 0))


def bind(text: str) -> socket.socket:
    """A listening socket for `192.168.1.2:8080` or `[::]:8080`. Raises ValueError, OSError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"expected ADDRESS:PORT, got {text}")
    is_ipv6 = host.startswith("[")
    bound = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_ipv6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host.strip("[]"), int(port)))
    except OSError:
        bound.close()
        raise
    return bound


def _sockets(listen: Sequence[str], descriptors: Sequence[int]) -> list[socket.socket]:
    if descriptors:
        return [socket.socket(fileno=descriptor) for descriptor in descriptors]
    if listen:
        return [bind(text) for text in listen]
    sockets = [bind(_DEFAULT_LISTEN[0])]
    try:
        sockets.append(bind(_DEFAULT_LISTEN[1]))
    except OSError:
        _log.info("no IPv6 on this machine")
    return sockets


def main(arguments: Sequence[str]) -> int:
    """`stairgate hub DIR/hub --data DIR`: run the parents' app until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="stairgate hub", description=main.__doc__)
    parser.add_argument("directory", type=Path, help="the hub directory of a home: hub.toml, keys, certificates")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="where the family's settings are kept")
    parser.add_argument(
        "--listen", action="append", default=[], metavar="ADDRESS:PORT", help="default 0.0.0.0:8080 and [::]:8080"
    )
    parser.add_argument(
        "--socket-fd", action="append", default=[], type=int, metavar="N", help="an open listening socket to use"
    )
    parser.add_argument(
        "--name", action="append", default=[], metavar="NAME", help="another host name the pages answer to"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        config = read_config(options.directory)
        config = HubConfig(**{**vars(config), "names": (*config.names, *options.name)})
        store = TinyDbStore(options.data)
    except (ConfigError, StoreError) as problem:
        print(f"stairgate hub: {problem}", file=sys.stderr)
        return 1
    try:
        sockets = _sockets(options.listen, options.socket_fd)
        for bound in sockets:
            print(f"Stairgate listens on {_shown(bound)}", flush=True)
        serve(
            config,
            store,
            SystemClock(),
            sockets,
            ClaimFile(options.data),
            stop,
            lambda line: print(line, flush=True),
        )
    except (OSError, ValueError) as problem:
        print(f"stairgate hub: {problem}", file=sys.stderr)
        return 1
    finally:
        store.close()
    return 0


def _shown(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
