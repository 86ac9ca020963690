"""The command `stairgate home`: what a person at the console may do with a home, and what is said about it.

It decides words, options and exit statuses; the work is done by `home`, `registry`, `broker_control`, `rotation`,
`servers` and `recovery_kit`, which the hub's pages use as well.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from stairgate.port.clock import SystemClock
from stairgate.provisioning import broker_control
from stairgate.provisioning.agent_records import ACTIVE
from stairgate.provisioning.broker_control import BrokerNotReached
from stairgate.provisioning.faults import Fault, Invalid
from stairgate.provisioning.home import WallClock, add_agent, create_home, render_broker
from stairgate.provisioning.recovery_kit import read_kit, render_kit
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.request_checks import find_home_faults
from stairgate.provisioning.rotation import ANNOUNCED, replace_by_root, rotate
from stairgate.provisioning.servers import renew_servers
from stairgate.provisioning.settings import Home, read_home
from stairgate.provisioning.signing import SigningKey

BROKER_PORT = 8883
# What is typed from the recovery kit is a page at most.
_KIT_CHARACTERS = 8192


def main(arguments: Sequence[str], clock: WallClock = SystemClock()) -> int:
    """Run `stairgate home`. Exit status: 0 done, 1 not possible here, 2 the request was not understood, 3 done, but
    the running broker was not reached.
    """
    options = _parser().parse_args(arguments)
    action: Callable[[argparse.Namespace, WallClock], None] = options.run
    try:
        action(options, clock)
    except Invalid as invalid:
        for fault in invalid.faults:
            print(f"stairgate home: {fault}", file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        print(f"stairgate home: {error}", file=sys.stderr)
        return 1
    except BrokerNotReached as problem:
        print(f"stairgate home: {problem}", file=sys.stderr)
        return 3
    return 0


def _init(options: argparse.Namespace, clock: WallClock) -> None:
    home = _create(options, clock)
    place = shlex.quote(str(home.directory))
    print(f"made the home {home.id} in {place}; keep it as you keep the keys of your door")
    print(f"  broker: mosquitto -c {place}/broker/mosquitto.conf")
    print(f"  hub:    stairgate hub {place}/hub --data DIRECTORY")
    for label in home.agents:
        print(f"  agent {label}: copy {shlex.quote(str(home.agent_directory(label)))} to it")
    print(f"  print what helps when all else is lost: stairgate home recovery-kit {place}")


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


def _add_agent(options: argparse.Namespace, clock: WallClock) -> None:
    home = add_agent(options.directory, options.label, clock)
    print(f"copy {shlex.quote(str(home.agent_directory(options.label)))} to the device")
    _tell_broker(home)


def _render(options: argparse.Namespace, clock: WallClock) -> None:
    home = render_broker(options.directory, clock)
    print(f"restart the broker: mosquitto -c {shlex.quote(str(home.directory))}/broker/mosquitto.conf")


def _list_agents(options: argparse.Namespace, _clock: WallClock) -> None:
    home = _home(options)
    records = Registry(home.directory).read()
    if not records:
        print("no agents yet: the hub's page “Add a router” lets one in")
    for record in records:
        end = datetime.fromtimestamp(record.not_after, UTC).date()
        state = f"certificate until {end}" if record.state == ACTIVE else "revoked"
        print(f"{record.id}  {record.kind}  {state}  {record.label}")


def _rename_agent(options: argparse.Namespace, _clock: WallClock) -> None:
    home = _home(options)
    Registry(home.directory).rename(_agent(home, options.old), options.new)


def _revoke_agent(options: argparse.Namespace, clock: WallClock) -> None:
    home = _home(options)
    identifier = _agent(home, options.label)
    Registry(home.directory).revoke(identifier, clock.wall())
    print(f"{options.label} ({identifier}) does not belong to the home any more")
    broker_control.take_over(home.directory, identifier, clock.wall)
    print("its connection has been ended, and the broker refuses it")


def _renew(options: argparse.Namespace, clock: WallClock) -> None:
    home = _home(options)
    renewed = renew_servers(home.directory, clock.wall())
    print(f"renewed: {', '.join(renewed) or 'nothing, all certificates are good for a while'}")
    labels = {identifier: label for label, identifier in home.agents.items()}
    for identifier in Registry(home.directory).due_for_renewal(clock.wall()):
        print(f"the hub sends a new certificate to {labels[identifier]} when both are running")
    if renewed:
        print("restart the hub, if it runs, so that it shows its new certificate")
        _tell_broker(home)


def _rotate(options: argparse.Namespace, clock: WallClock) -> None:
    home = _home(options)
    if options.by_root:
        path = home.directory / "root" / "root.key"
        root = SigningKey.load(path) if path.exists() else _typed_root(home)
        done = replace_by_root(home, root, clock.wall())
    else:
        done = rotate(home, clock.wall(), options.force)
    if done.step == ANNOUNCED:
        print("announced the next signing key; the hub tells every agent")
        print("run this again when all have been on since: it then takes the old key's place")
    else:
        print(f"policies are signed by the key {done.trust.keys[0].key_id} from now on; the hub tells every agent")


def _typed_root(home: Home) -> SigningKey:
    print("type the four rows of the root key from the recovery kit, then an empty line:", file=sys.stderr)
    text = ""
    for line in sys.stdin:
        if not line.strip() or len(text) > _KIT_CHARACTERS:
            break
        text += line
    return read_kit(home.id, text)


def _recovery_kit(options: argparse.Namespace, clock: WallClock) -> None:
    home = _home(options)
    root = SigningKey.load(home.directory / "root" / "root.key")
    print(render_kit(home, root, datetime.fromtimestamp(clock.wall(), UTC).date()), end="")


def _home(options: argparse.Namespace) -> Home:
    return read_home(Path(os.path.abspath(options.directory)))


def _agent(home: Home, label: str) -> str:
    if label not in home.agents:
        expected = f"one of {', '.join(home.agents)}" if home.agents else "an agent; this home has none"
        raise Invalid([Fault("agent", expected, repr(label))])
    return home.agents[label]


def _tell_broker(home: Home) -> None:
    try:
        broker_control.reload(home.directory)
    except BrokerNotReached as problem:
        print(problem)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stairgate home", description="Make a home: keys, certificates, broker settings."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(
        name: str, run: Callable[[argparse.Namespace, WallClock], None], meaning: str, *words: str
    ) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=meaning)
        added.add_argument("directory", type=Path, metavar="DIR")
        for word in words:
            added.add_argument(word, metavar=word.upper())
        added.set_defaults(run=run)
        return added

    init = action("init", _init, "make a new home in DIR, readable by its owner only")
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
    action("add-agent", _add_agent, "make keys and certificate of one more agent", "label")
    action("agents", _list_agents, "list the agents, the revoked ones too")
    action("rename-agent", _rename_agent, "give an agent another label", "old", "new")
    action("revoke-agent", _revoke_agent, "take an agent's rights away, and end its connection", "label")
    action("renew", _renew, "renew the certificates of hub and broker that end soon")
    rotation = action("rotate-signing-key", _rotate, "change the key that agents obey: run it twice")
    rotation.add_argument("--force", action="store_true", help="do not wait for agents that are off")
    rotation.add_argument(
        "--by-root", action="store_true", help="the signing key is lost: let the root key name a new one"
    )
    action("recovery-kit", _recovery_kit, "print what helps when all else is lost; on paper, not on a disk")
    action("render", _render, "write the broker's settings anew, after DIR was moved")
    return parser
