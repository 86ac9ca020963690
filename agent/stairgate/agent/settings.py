"""The agent's settings, read once at the start: `agent.toml` as it was generated, and what a person chose beside it.

It decides what `agent.toml` may say, which of the two counts, and reports everything that is wrong at once; what may be
chosen is `choices`. The family's rules are not here: they come signed, from the hub.
"""

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from stairgate.agent.choices import UCI_FILE, read_choices
from stairgate.agent.gate import GateSettings
from stairgate.agent.limits import HELLO_SECONDS, INTERFACE_CHARACTERS, SETTINGS_BYTES, USAGE_SECONDS
from stairgate.agent.sync import Identity
from stairgate.core import envelope
from stairgate.core.fields import DIGITS, LOWER, is_id, is_made_of, is_revision
from stairgate.core.limits import ID_CHARACTERS
from stairgate.core.trust import is_point
from stairgate.port.atomic import read_bounded

# Where OpenWrt has it.
DNSMASQ_LEASES = "/tmp/dhcp.leases"
# What the table of settings says for "beside agent.toml".
PACK_FOLDER = "/etc/stairgate/state/packs"
OWN_RESOLVER = "127.0.0.1"


class SettingsRefused(Exception):
    """The file is not usable; `faults` has a sentence for each thing wrong."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        super().__init__(f"{path}: " + "; ".join(faults))
        self.faults = faults


class AgentSettings(NamedTuple):
    """Everything the process needs to know.

    broker: addresses, tried in turn; files: paths to PEM files; lease_file: dnsmasq's, which need not exist.
    hello_seconds, usage_seconds: how often the hub is told, at least. resolvers: addresses that the filter asks, in
    turn. pack_folder: where the block list is kept, None for `state_folder`/packs.
    """

    identity: Identity
    broker: tuple[str, ...]
    port: int
    authority_file: Path
    certificate_file: Path
    key_file: Path
    lan_interfaces: tuple[str, ...]
    state_folder: Path
    gate: GateSettings
    lease_file: str = DNSMASQ_LEASES
    hello_seconds: float = HELLO_SECONDS
    usage_seconds: float = USAGE_SECONDS
    resolvers: tuple[str, ...] = (OWN_RESOLVER,)
    pack_folder: Path | None = None

    def packs(self) -> Path:
        """Where the block list is kept."""
        return self.pack_folder or self.state_folder / "packs"


def _texts(faults: list[str], content: dict[str, Any], name: str) -> tuple[str, ...]:
    value = content.get(name)
    if isinstance(value, list) and value and all(isinstance(item, str) and item for item in value):
        return tuple(value)
    faults.append(f"{name}: expected a list of texts, got {value!r}")
    return ()


def _shard(faults: list[str], content: dict[str, Any]) -> str:
    value = content.get("shard")
    if is_made_of(value, LOWER + DIGITS, 1, ID_CHARACTERS):
        return str(value)
    faults.append(f"shard: expected 1 to {ID_CHARACTERS} letters or digits, got {value!r}")
    return ""


def _id(faults: list[str], content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    if is_id(value):
        return str(value)
    faults.append(f"{name}: expected an id, a letter and 1 to 31 letters or digits, got {value!r}")
    return ""


def _keys(faults: list[str], content: dict[str, Any]) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    named = content.get("keys")
    if not isinstance(named, dict) or not named:
        faults.append(f"keys: expected key ids with points, got {named!r}")
        return keys
    for key_id, text in named.items():
        try:
            point = bytes.fromhex(text)
        except (TypeError, ValueError):
            point = b""
        if envelope.key_id(point) != key_id:
            faults.append(f"keys.{key_id}: expected the hex of the point with this id, got {str(text)[:20]!r}…")
        keys[key_id] = point
    return keys


def _root(faults: list[str], content: dict[str, Any]) -> bytes:
    """The home's root point; homes made before there was one have none."""
    text = content.get("root", "")
    if text == "":
        return b""
    if is_point(text):
        return bytes.fromhex(text)
    faults.append(f"root: expected the hex of a point on the curve, got {str(text)[:20]!r}…")
    return b""


def _trust(faults: list[str], content: dict[str, Any]) -> int:
    value = content.get("trust", 1)
    if is_revision(value):
        return int(value)
    faults.append(f"trust: expected the revision of the keys, a whole number from 1, got {value!r}")
    return 1


def _lease_file(faults: list[str], content: dict[str, Any]) -> str:
    value = content.get("lease_file", DNSMASQ_LEASES)
    if isinstance(value, str) and value.startswith("/") and "\0" not in value:
        return value
    faults.append(f"lease_file: expected an absolute path, got {value!r}")
    return DNSMASQ_LEASES


def is_interface(name: object) -> bool:
    """True for what can be the name of a network interface."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= INTERFACE_CHARACTERS
        and name.isascii()
        and name.isprintable()
        and "/" not in name
        and " " not in name
    )


def _chosen_lease_file(chosen: str, generated: str) -> str:
    return generated if chosen == DNSMASQ_LEASES else chosen


def read_settings(folder: Path, uci: Path = UCI_FILE) -> AgentSettings:
    """The settings in a folder made by `stairgate home init`. Raises OSError, SettingsRefused."""
    chosen = read_choices(folder, uci)
    path = folder / "agent.toml"
    try:
        content = tomllib.loads(read_bounded(str(path), SETTINGS_BYTES).decode())
    except (ValueError, RecursionError) as error:  # tomllib.TOMLDecodeError among them
        raise SettingsRefused(path, [str(error)]) from error
    faults: list[str] = []
    port = content.get("port")
    if type(port) is not int or not 0 < port < 65536:
        faults.append(f"port: expected a number from 1 to 65535, got {port!r}")
        port = 0
    interfaces = _texts(faults, content, "lan_interfaces")
    for name in interfaces:
        if not is_interface(name):
            faults.append(f"lan_interfaces: expected interface names of at most 15 characters, got {name!r}")
    identity = Identity(
        _id(faults, content, "home"),
        _id(faults, content, "agent"),
        _shard(faults, content),
        _keys(faults, content),
        _trust(faults, content),
        _root(faults, content),
    )
    settings = AgentSettings(
        identity=identity,
        broker=_texts(faults, content, "broker"),
        port=port,
        authority_file=folder / "ca.crt",
        certificate_file=folder / "agent.crt",
        key_file=folder / "agent.key",
        lan_interfaces=chosen.values["lan_interfaces"] or interfaces,
        state_folder=folder / "state",
        gate=GateSettings(
            forward_priority=chosen.values["forward_priority"],
            forwarded_mark=1 << chosen.values["mark_bit"],
            number_shift=chosen.values["number_shift"],
        ),
        lease_file=_chosen_lease_file(chosen.values["lease_file"], _lease_file(faults, content)),
        hello_seconds=chosen.values["hello_minutes"] * 60.0,
        usage_seconds=float(chosen.values["usage_seconds"]),
        resolvers=chosen.values["resolvers"] or (OWN_RESOLVER,),
        pack_folder=None if chosen.values["pack_folder"] == PACK_FOLDER else Path(chosen.values["pack_folder"]),
    )
    faults += [f"{file}: no such file" for file in settings[3:6] if not Path(file).is_file()]
    if chosen.faults and not faults:
        raise SettingsRefused(chosen.path, chosen.faults)
    if faults:
        raise SettingsRefused(path, faults + [f"{chosen.path}: {fault}" for fault in chosen.faults])
    return settings
