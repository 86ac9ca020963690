"""The TOML files of a home: what the hub, each agent and this package itself are told.

It decides their keys and how they are written and read back; no secret is in any of them. Paths in them are
relative to the file that names them, so a home can be moved (only Mosquitto wants absolute ones: `broker`).

`home.toml` says what the home is, `agents/agents.json` (`registry`) which agents it has, `signing/trust` (`rotation`)
which keys it signs with: each fact has one place.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stairgate.core.trust import Trust
from stairgate.provisioning import private_files
from stairgate.provisioning.agent_records import read_register
from stairgate.provisioning.endpoints import Endpoints

FORMAT = 1
SHARD = "000"
REGISTER_FILE = Path("agents") / "agents.json"
LAN_INTERFACES = ("br-lan",)


@dataclass(frozen=True)
class Home:
    """One home as its directory describes it.

    id, hub: identifiers of home and hub. agents: label -> agent id, of those that were not revoked. bind: addresses
    the broker listens on, empty for all. user: the account it runs as when started by root. root: the point of the key
    that can name new signing keys when those are lost.
    """

    id: str
    directory: Path
    hub: str
    endpoints: Endpoints
    root: bytes
    bind: tuple[str, ...] = ()
    user: str | None = None
    agents: Mapping[str, str] = field(default_factory=dict)
    shard: str = SHARD

    def agent_directory(self, label: str) -> Path:
        """Where the files of the agent with this label are. Raises KeyError."""
        return self.directory / "agents" / self.agents[label]


def render_home_toml(home: Home, authority_sha256: str) -> str:
    """`home.toml`: the facts that the other files are made from. `authority_sha256`: the CA certificate's."""
    lines = [
        _line("format", FORMAT),
        _line("home", home.id),
        _line("shard", home.shard),
        _line("hub", home.hub),
        _line("addresses", home.endpoints.addresses),
        _line("names", home.endpoints.names),
        _line("port", home.endpoints.port),
        _line("bind", home.bind),
        _line("authority_sha256", authority_sha256),
        _line("root", home.root.hex()),
    ]
    if home.user is not None:
        lines.append(_line("broker_user", home.user))
    return "\n".join(lines) + "\n"


def render_hub_toml(home: Home) -> str:
    """`hub/hub.toml`: where the broker is and which files to use."""
    lines = [
        _line("home", home.id),
        _line("shard", home.shard),
        _line("hub", home.hub),
        _line("broker", home.endpoints.hosts()),
        _line("port", home.endpoints.port),
        _line("ca", "ca.crt"),
        _line("certificate", "hub.crt"),
        _line("key", "hub.key"),
        _line("signing_key", "../signing/policy.key"),
    ]
    return "\n".join(lines) + "\n"


def render_agent_toml(home: Home, agent: str, trust: Trust) -> str:
    """`agent.toml` of the agent with this id, which will believe the keys of `trust`."""
    lines = [
        _line("home", home.id),
        _line("shard", home.shard),
        _line("agent", agent),
        _line("broker", home.endpoints.hosts()),
        _line("port", home.endpoints.port),
        _line("ca", "ca.crt"),
        _line("certificate", "agent.crt"),
        _line("key", "agent.key"),
        _line("lan_interfaces", LAN_INTERFACES),
        _line("trust", trust.revision),
        _line("root", home.root.hex()),
        "",
        "[keys]",
    ]
    lines += [_line(json.dumps(key.key_id), key.point.hex()) for key in trust.keys]
    return "\n".join(lines) + "\n"


def read_home(directory: Path) -> Home:
    """The home in `directory`. Raises OSError when it cannot be read, ValueError when it is none of ours."""
    facts = _read(directory / "home.toml")
    register = read_register(private_files.read(directory / REGISTER_FILE))
    if facts.get("format") != FORMAT:
        raise ValueError(f"{directory / 'home.toml'}: expected format {FORMAT}, got {facts.get('format')!r}")
    try:
        return Home(
            id=facts["home"],
            directory=directory,
            hub=facts["hub"],
            endpoints=Endpoints(tuple(facts["addresses"]), tuple(facts["names"]), facts["port"]),
            root=bytes.fromhex(facts["root"]),
            bind=tuple(facts["bind"]),
            user=facts.get("broker_user"),
            agents={record.label: record.id for record in register.active()},
            shard=facts["shard"],
        )
    except KeyError as missing:
        raise ValueError(f"{directory}: expected the key {missing} in its settings, got none") from None
    except (TypeError, AttributeError) as wrong:
        raise ValueError(f"{directory}: expected settings made by `stairgate home init`, got {wrong}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(private_files.read(path).decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: expected TOML, got {error}") from None


def _line(key: str, value: str | int | Sequence[str]) -> str:
    # A JSON string is also a TOML one, but for a bare DEL and for escapes of characters outside the BMP: labels
    # are checked to be printable, and such characters are not escaped here.
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"
