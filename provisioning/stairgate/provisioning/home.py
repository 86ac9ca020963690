"""The command `stairgate home`: a home made by one command, whole or not at all.

It decides what is made when, and that nothing is ever half made: everything is written in a directory beside
the wanted one and renamed at the end. What a home's directory holds is `home_files`; what may be asked for
is `request_checks`.
"""

import argparse
import os
import pwd
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from stairgate.port.clock import SystemClock
from stairgate.provisioning import identifiers, private_files
from stairgate.provisioning.authority import AUTHORITY_LIFETIME, Authority, validity
from stairgate.provisioning.endpoints import canonical_addresses, check_endpoints
from stairgate.provisioning.faults import Fault, Invalid
from stairgate.provisioning.home_files import broker_texts, write_agent_files, write_home_files
from stairgate.provisioning.request_checks import find_agent_faults, find_home_faults
from stairgate.provisioning.settings import Home, read_home, render_hub_toml
from stairgate.provisioning.signing import SigningKey

BROKER_PORT = 8883


class WallClock(Protocol):
    """Says what time it is."""

    def wall(self) -> float:
        """UTC seconds since 1970."""
        ...


def create_home(
    directory: Path,
    addresses: Sequence[str],
    names: Sequence[str],
    broker_port: int,
    agents: Sequence[str],
    clock: WallClock,
    bind: Sequence[str] = (),
    user: str | None = None,
) -> Home:
    """Make a home in `directory`, which must not exist or be empty, and return it.

    addresses, names: what clients connect to, carried by the certificates of hub and broker. agents: one
    label each. bind: addresses the broker listens on, empty for all. user: the account the broker runs as
    when started by root; None means the one that owns the files. Raises Invalid with every fault, OSError;
    then nothing was made.
    """
    directory, now = Path(os.path.abspath(directory)), clock.wall()
    faults = find_home_faults(directory, addresses, names, broker_port, agents, now, bind, user)
    if faults:
        raise Invalid(faults)
    signing = SigningKey.create()
    home = Home(
        id=identifiers.new_identifier(identifiers.HOME),
        directory=directory,
        hub=identifiers.new_identifier(identifiers.HUB),
        endpoints=check_endpoints(addresses, names, broker_port),
        signing_key_id=signing.key_id,
        bind=canonical_addresses(bind),
        user=user or _owner(),
        agents={label: identifiers.new_identifier(identifiers.ROUTER_AGENT) for label in agents},
    )
    authority = Authority.create(home.id, *validity(now, AUTHORITY_LIFETIME))
    directory.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        write_home_files(building, home, authority, signing, now)
        # The kernel refuses this when something came to be there in the meantime.
        os.rename(building, directory)
    except BaseException:
        shutil.rmtree(building)
        raise
    private_files.sync_directory(directory.parent)
    return home


def add_agent(directory: Path, label: str, clock: WallClock) -> Home:
    """Make the files of one more agent and return the home with it; the hub reads the list when it starts.

    Raises Invalid with every fault, and OSError or ValueError when `directory` holds no home; then nothing
    was changed.
    """
    home, now = read_home(Path(os.path.abspath(directory))), clock.wall()
    faults = find_agent_faults([*home.agents, label], now)
    if faults:
        raise Invalid(faults)
    identifier = identifiers.new_identifier(identifiers.ROUTER_AGENT)
    home = replace(home, agents={**home.agents, label: identifier})
    authority = Authority.load(home.id, home.directory / "authority")
    signing = SigningKey.load(home.directory / "signing" / "policy.key")
    parent = home.directory / "agents"
    building = Path(tempfile.mkdtemp(prefix=f".{identifier}.", dir=parent))
    try:
        write_agent_files(building, home, identifier, authority, signing, now)
        building = building.rename(parent / identifier)
        private_files.sync_directory(parent)
        # The list comes last: an agent in it has its files.
        private_files.replace(home.directory / "hub" / "hub.toml", render_hub_toml(home).encode())
    except BaseException:
        shutil.rmtree(building)
        raise
    return home


def render_broker(directory: Path) -> Home:
    """Write Mosquitto's files anew for where the home is now, and return the home. Needed after moving it."""
    home = read_home(Path(os.path.abspath(directory)))
    for name, text in broker_texts(home).items():
        private_files.replace(home.directory / "broker" / name, text.encode())
    return home


def main(arguments: Sequence[str], clock: WallClock = SystemClock()) -> int:
    """Run `stairgate home`. Exit status: 0 done, 1 not possible here, 2 the request was not understood."""
    options = _parser().parse_args(arguments)
    try:
        if options.action == "init":
            home = _create(options, clock)
            _print_next_steps(home)
        elif options.action == "add-agent":
            home = add_agent(options.directory, options.label, clock)
            files = shlex.quote(str(home.agent_directory(options.label)))
            print(f"copy {files} to the device, then restart the hub")
        else:
            home = render_broker(options.directory)
            print(f"restart the broker: mosquitto -c {shlex.quote(str(home.directory))}/broker/mosquitto.conf")
    except Invalid as invalid:
        for fault in invalid.faults:
            print(f"stairgate home: {fault}", file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        print(f"stairgate home: {error}", file=sys.stderr)
        return 1
    return 0


def _create(options: argparse.Namespace, clock: WallClock) -> Home:
    asked = (options.address, options.name)
    if options.port.isascii() and options.port.isdigit() and len(options.port) <= 5:
        return create_home(
            options.directory,
            *asked,
            int(options.port),
            options.agent,
            clock,
            bind=options.bind,
            user=options.broker_user,
        )
    # The other faults are told as well, as if the port were right.
    directory = Path(os.path.abspath(options.directory))
    faults = find_home_faults(
        directory, *asked, BROKER_PORT, options.agent, clock.wall(), options.bind, options.broker_user
    )
    raise Invalid([Fault("port", "a number from 1 to 65535", repr(options.port)), *faults])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stairgate home", description="Make a home: keys, certificates, broker settings."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    init = actions.add_parser("init", help="make a new home")
    init.add_argument("directory", type=Path, metavar="DIR", help="made by this command, readable by its owner only")
    repeated = (
        ("--address", "IP", "where clients reach hub and broker; may repeat"),
        ("--name", "NAME", "a DNS name of hub and broker; may repeat"),
        ("--agent", "LABEL", "a router that enforces; may repeat"),
        ("--bind", "IP", "an address the broker listens on (default: all); may repeat"),
    )
    for option, metavar, meaning in repeated:
        init.add_argument(option, action="append", default=[], metavar=metavar, help=meaning)
    init.add_argument("--port", default=str(BROKER_PORT), help=f"the broker's port (default {BROKER_PORT})")
    init.add_argument(
        "--broker-user", metavar="ACCOUNT", help="who the broker runs as when root starts it (default: you)"
    )
    add = actions.add_parser("add-agent", help="make keys and certificate of one more agent")
    add.add_argument("directory", type=Path, metavar="DIR")
    add.add_argument("label", metavar="LABEL")
    render = actions.add_parser("render", help="write the broker's settings anew, after DIR was moved")
    render.add_argument("directory", type=Path, metavar="DIR")
    return parser


def _print_next_steps(home: Home) -> None:
    place = shlex.quote(str(home.directory))
    print(f"made the home {home.id} in {place}; keep it as you keep the keys of your door")
    print(f"  broker: mosquitto -c {place}/broker/mosquitto.conf")
    print(f"  hub:    stairgate hub {place}/hub --data DIRECTORY")
    for label in home.agents:
        print(f"  agent {label}: copy {shlex.quote(str(home.agent_directory(label)))} to it")


def _owner() -> str | None:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return None
