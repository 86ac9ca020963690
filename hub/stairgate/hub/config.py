"""What the hub is told about its home: `hub.toml` as `stairgate home init` writes it.

It decides which keys there are and reports all faults at once; paths in the file are relative to it.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stairgate.core.fields import is_id
from stairgate.hub.link import BrokerSettings
from stairgate.port.atomic import read_bounded

FILE_NAME = "hub.toml"
_BYTES_MAX = 64 * 1024


class ConfigError(Exception):
    """The settings cannot be used; the text names every fault."""


@dataclass(frozen=True)
class HubConfig:
    """One hub. `names`: host names and addresses the home was made with; the pages answer to them too.

    home_directory: the home that the hub belongs to, with its agents. web: where keys and certificates for browsers
    are, made when they are first needed.
    """

    home: str
    home_directory: Path
    broker: BrokerSettings
    signing_key: Path
    names: tuple[str, ...]
    web: Path = Path()


def read_config(directory: Path) -> HubConfig:
    """The settings in `directory`/hub.toml. Raises `ConfigError` with every fault."""
    path = directory / FILE_NAME
    try:
        facts = tomllib.loads(read_bounded(str(path), _BYTES_MAX).decode())
    except (OSError, ValueError, RecursionError) as problem:
        raise ConfigError(f"{path}: expected settings from `stairgate home init`, got: {problem}") from None
    faults: list[str] = []

    def take(key: str, expected: str, ok: bool) -> Any:
        if not ok:
            faults.append(f"{key}: expected {expected}, got {facts.get(key)!r}")
        return facts.get(key)

    def take_id(key: str) -> str:
        return str(take(key, "an id", is_id(facts.get(key))))

    def take_path(key: str) -> Path:
        return directory / str(take(key, "a path", isinstance(facts.get(key), str)))

    hosts = facts.get("broker")
    port = facts.get("port")
    take("broker", "a list of hosts", bool(hosts) and _is_texts(hosts))
    take("port", "a port, 1 to 65535", type(port) is int and 0 < port < 65536)
    config = HubConfig(
        home=take_id("home"),
        home_directory=directory.resolve().parent,
        broker=BrokerSettings(
            hosts=tuple(hosts) if not faults and hosts else (),
            port=port if isinstance(port, int) else 0,
            client_id=take_id("hub"),
            shard=str(take("shard", "a shard", isinstance(facts.get("shard"), str))),
            ca=take_path("ca"),
            certificate=take_path("certificate"),
            key=take_path("key"),
        ),
        signing_key=take_path("signing_key"),
        names=tuple(hosts) if not faults and hosts else (),
        web=directory.resolve().parent / "web",
    )
    if faults:
        raise ConfigError(f"{path}: " + "; ".join(faults))
    return config


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)
