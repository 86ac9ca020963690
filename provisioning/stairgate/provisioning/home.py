"""A home made as a whole or not at all, and what is done to its directory as a whole.

It decides what is made when, and that nothing is ever half made: everything is written in a directory beside
the wanted one and renamed at the end. What a home's directory holds is `home_files`; what may be asked for
is `request_checks`; the command line is `home_command`.
"""

import os
import pwd
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from stairgate.port.clock import SystemClock
from stairgate.provisioning import identifiers, private_files
from stairgate.provisioning.authority import AUTHORITY_LIFETIME, Authority, validity
from stairgate.provisioning.endpoints import canonical_addresses, check_endpoints
from stairgate.provisioning.faults import Invalid
from stairgate.provisioning.home_files import broker_text, write_home_files, write_new_agent
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.request_checks import find_agent_faults, find_home_faults
from stairgate.provisioning.settings import Home, read_home
from stairgate.provisioning.signing import SigningKey
from stairgate.provisioning.trust_chain import TrustChain


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
    root = SigningKey.create()
    home = Home(
        id=identifiers.new_identifier(identifiers.HOME),
        directory=directory,
        hub=identifiers.new_identifier(identifiers.HUB),
        endpoints=check_endpoints(addresses, names, broker_port),
        root=root.point,
        bind=canonical_addresses(bind),
        user=user or _owner(),
    )
    authority = Authority.create(home.id, *validity(now, AUTHORITY_LIFETIME))
    directory.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        write_home_files(building, home, authority, root, agents, now)
        # The kernel refuses this when something came to be there in the meantime.
        os.rename(building, directory)
    except BaseException:
        shutil.rmtree(building)
        raise
    private_files.sync_directory(directory.parent)
    return read_home(directory)


def add_agent(directory: Path, label: str, clock: WallClock) -> Home:
    """Make the files of one more agent and return the home with it.

    Raises Invalid with every fault, and OSError or ValueError when `directory` holds no home; then nothing
    was changed.
    """
    home, now = read_home(Path(os.path.abspath(directory))), clock.wall()
    faults = find_agent_faults([*home.agents, label], now)
    if faults:
        raise Invalid(faults)
    trust = TrustChain(home.directory).latest()
    write_new_agent(home.directory, home, label, Registry(home.directory), trust, now)
    return read_home(home.directory)


def render_broker(directory: Path, clock: WallClock = SystemClock()) -> Home:
    """Write Mosquitto's files anew for where the home is now, and return the home. Needed after moving it."""
    home = read_home(Path(os.path.abspath(directory)))
    private_files.replace(home.directory / "broker" / "mosquitto.conf", broker_text(home).encode())
    Registry(home.directory).refresh(clock.wall())
    return home


def _owner() -> str | None:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return None
