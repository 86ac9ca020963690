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
from contextlib import closing
from pathlib import Path
from typing import Any

from waitress import create_server, wasyncore  # type: ignore[import-untyped]

from stairgate.hub import limits
from stairgate.hub.app import create_app
from stairgate.hub.backup import places_of
from stairgate.hub.backup_command import complete_restore
from stairgate.hub.claim_code import ClaimCode, ClaimFile, ClaimSlot
from stairgate.hub.clock import Clock
from stairgate.hub.config import ConfigError, HubConfig, read_config
from stairgate.hub.connections import Connections
from stairgate.hub.home_directory import FollowedKey, HomeDirectory
from stairgate.hub.https_front import HttpsFront
from stairgate.hub.https_start import open_https
from stairgate.hub.keeping import Keeping, on_disk
from stairgate.hub.link import BrokerLink
from stairgate.hub.listening import HTTPS_PORT, https_sockets, page_sockets, shown, to_open
from stairgate.hub.network import KernelNetwork, Network
from stairgate.hub.parts import Parts, build
from stairgate.hub.settings import FILE_NAME, put_in_force, read_settings
from stairgate.hub.store import Store, StoreError
from stairgate.hub.tinydb_store import TinyDbStore
from stairgate.hub.upkeep import Ticker
from stairgate.port.clock import SystemClock

_log = logging.getLogger(__name__)
_DRAIN_SECONDS = 3.0
_LISTENERS_MAX = 32  # what else waitress counts as connections
_SWITCH_SECONDS = 0.0005


def serve(
    config: HubConfig,
    store: Store,
    clock: Clock,
    sockets: Sequence[socket.socket],
    claim_slot: ClaimSlot | None = None,
    stop: threading.Event | None = None,
    announce: Callable[[str], None] = print,
    network: Network | None = None,
    https: Sequence[socket.socket] = (),
    keeping: Keeping | None = None,
) -> None:
    """Run a hub on bound sockets until `stop` is set; the store stays open.

    https: bound sockets for the pages over TLS; none for plain HTTP only.
    sockets: the first one's port is the one that policies name. announce: gets the claim code and other lines
    for the console. Raises OSError and ValueError when keys or certificates cannot be read.
    """
    authority = HomeDirectory(config.home_directory, config.home, clock)
    parts = build(
        home=config.home,
        authority=authority,
        store=store,
        signer=FollowedKey(config.signing_key),
        clock=clock,
        network=network or KernelNetwork(clock),
        claim_code=ClaimCode(
            claim_slot or ClaimSlot(),
            clock,
            lambda code: announce(f"Claim code: {code}  (valid {limits.CLAIM_SECONDS // 60} minutes)"),
        ),
        port=sockets[0].getsockname()[1],
        names=config.names,
        keeping=keeping,
    )
    if store.recovery:
        _log.error("the store %s", store.recovery)
    # The thread of the broker waits for the interpreter behind the page it was woken by (default 5 ms).
    sys.setswitchinterval(_SWITCH_SECONDS)
    renew_servers(authority, clock)
    link = BrokerLink(config.broker, parts.exchange, clock)
    # Before the first policy, which names the pack.
    parts.lists.upkeep.prepare()
    parts.connect(link)
    link.start()
    parts.removal.start()
    ticker = Ticker(parts.devices.upkeep)
    ticker.start()
    parts.lists.upkeep.start()
    for address in to_open(sockets, config.broker.hosts):
        announce(f"Open on a phone at home: {address}")
    try:
        if not parts.parents.is_claimed():
            parts.claim_code.renew()
        with parts.keeping.writing(parts.guessing):
            serve_pages(parts, sockets, stop or threading.Event(), open_https(parts, config.web, https, announce))
    finally:
        parts.lists.upkeep.stop()
        parts.removal.stop()
        ticker.stop()
        link.stop()


def renew_servers(authority: HomeDirectory, clock: Clock) -> None:
    """Put the broker's lists in step, and renew the certificates of hub and broker where they end soon.

    A hub with the old ones is better than none.
    """
    try:
        authority.repair_lists()
        authority.renew_servers(clock.wall())
    except (OSError, ValueError) as problem:
        _log.error("the servers' certificates could not be renewed: %s", problem)


def serve_pages(
    parts: Parts, sockets: Sequence[socket.socket], stop: threading.Event, front: HttpsFront | None = None
) -> None:
    """Serve the pages of these parts until `stop` is set; then let running requests finish.

    front: the way in over HTTPS, started and stopped here.
    """
    channels: dict[int, Any] = {}
    settings = {
        "map": channels,
        "threads": limits.THREADS,
        # Never reached while one can be closed: waitress would stop listening.
        "connection_limit": limits.CONNECTIONS_MAX + _LISTENERS_MAX,
        "channel_timeout": limits.SILENT_CONNECTION_SECONDS,
        "max_request_body_size": 4 * limits.REQUEST_BYTES_MAX,
        "max_request_header_size": limits.REQUEST_BYTES_MAX,
        "ident": None,
    }
    app = create_app(parts)
    server = create_server(app, sockets=list(sockets), **settings)
    connections = Connections(channels, parts.network.mac_of, lambda: not parts.parents.is_claimed())
    connections.guard()
    if front:
        # By its listener a request is known to have come over TLS, and by nothing else.
        inner = create_server(
            app, sockets=[front.upstream], url_scheme="https", _dispatcher=server.task_dispatcher, **settings
        )
        connections.let_in(inner, front.client_of)
        front.start()
    while not stop.is_set():
        wasyncore.loop(timeout=0.5, use_poll=True, map=channels, count=1)
        connections.close_overdue(time.monotonic())
    if front:
        parts.https.close()
        front.stop_accepting()
    for listener in [entry for entry in channels.values() if getattr(entry, "accepting", False)]:
        # Of the listener only its socket: the trigger must go on waking the loop while answers are written.
        listener.del_channel(channels)
        listener.socket.close()
    deadline = time.monotonic() + _DRAIN_SECONDS
    while time.monotonic() < deadline and any(_is_busy(entry) for entry in channels.values()):
        wasyncore.loop(timeout=0.05, use_poll=True, map=channels, count=1)
    server.task_dispatcher.shutdown()
    wasyncore.close_all(channels)
    if front:
        front.stop()


def _is_busy(channel: Any) -> bool:
    return bool(getattr(channel, "requests", None) or getattr(channel, "total_outbufs_len", 0))


class _Round(threading.Event):
    """Ends one round of serving: everything has ended, or it begins anew."""

    def __init__(self, ended: threading.Event) -> None:
        super().__init__()
        self._ended = ended

    def is_set(self) -> bool:
        return super().is_set() or self._ended.is_set()


def serve_directories(
    directory: Path,
    data: Path,
    clock: Clock,
    sockets: Sequence[socket.socket],
    ended: threading.Event,
    announce: Callable[[str], None] = print,
    https: Sequence[socket.socket] = (),
    names: Sequence[str] = (),
) -> None:
    """Serve what a hub's two directories hold until `ended`; anew in the same process when a backup was restored.

    The sockets stay open. Raises ConfigError, StoreError, OSError and ValueError when it cannot begin.
    """
    places = places_of(directory, data)
    while not ended.is_set():
        complete_restore(places, announce)
        config = read_config(directory)
        config = HubConfig(**{**vars(config), "names": (*config.names, *names)})
        stop = _Round(ended)
        with closing(TinyDbStore(data)) as store:
            serve(
                config,
                store,
                clock,
                [bound.dup() for bound in sockets],
                ClaimFile(data),
                stop,
                announce,
                https=[bound.dup() for bound in https],
                keeping=on_disk(places, clock, stop.set),
            )


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
    parser.add_argument(
        "--https",
        action="append",
        default=[],
        metavar="ADDRESS:PORT",
        help=f"where the pages are over HTTPS; default: port {HTTPS_PORT} of what --listen says",
    )
    parser.add_argument("--no-https", action="store_true", help="plain HTTP only")
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help=f"what is chosen here; default: {FILE_NAME} in the directory"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        settings = read_settings(options.directory, options.settings)
        put_in_force(settings)
        options.name += settings["names"]
        listen = options.listen or settings["listen"]
        sockets, https = page_sockets(listen, options.socket_fd), []
        if settings["https"] and not options.no_https:
            https = https_sockets(options.https or settings["https_listen"], listen, options.socket_fd)
    except (ConfigError, OSError, ValueError) as problem:
        print(f"stairgate hub: {problem}", file=sys.stderr)
        return 1
    for bound in sockets:
        print(f"Stairgate listens on {shown(bound)}", flush=True)
    for bound in https:
        print(f"Stairgate listens on {shown(bound, 'https')}", flush=True)
    try:
        serve_directories(
            options.directory,
            options.data,
            SystemClock(),
            sockets,
            ended,
            lambda line: print(line, flush=True),
            https=https,
            names=options.name,
        )
    except (ConfigError, StoreError, OSError, ValueError) as problem:
        print(f"stairgate hub: {problem}", file=sys.stderr)
        return 1
    return 0
