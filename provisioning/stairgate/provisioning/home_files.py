"""What a home's directory holds, written into a directory that nobody uses yet.

    home.toml            what the home is (no secrets)
    authority/           ca.key ca.crt: vouches for all others; needed only to add or renew
    signing/policy.key   signs policies
    hub/                 hub.key hub.crt ca.crt hub.toml
    broker/              broker.key broker.crt ca.crt mosquitto.conf acl
    agents/<id>/         agent.key agent.crt ca.crt agent.toml: to be copied to the device

It decides this layout; the shape of certificates, texts and files belongs to `authority`, `broker`,
`settings` and `private_files`, and making it appear as a whole to `home`.
"""

import hashlib
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from stairgate.provisioning import identifiers, private_files
from stairgate.provisioning.authority import (
    LEAF_LIFETIME,
    Authority,
    Role,
    certificate_pem,
    key_pem,
    new_key,
    validity,
)
from stairgate.provisioning.broker import BrokerSettings, render_acl, render_mosquitto_conf
from stairgate.provisioning.settings import Home, render_agent_toml, render_home_toml, render_hub_toml
from stairgate.provisioning.signing import SigningKey


def write_home_files(directory: Path, home: Home, authority: Authority, signing: SigningKey, now: float) -> None:
    """Fill the empty `directory` with everything of `home`, which will be used at `home.directory`."""
    for name in ("authority", "signing", "hub", "broker", "agents"):
        private_files.make_directory(directory / name)
    authority.save(directory / "authority")
    signing.save(directory / "signing" / "policy.key")
    _write_identity(directory / "hub", Role.HUB, home.hub, home, authority, now)
    broker = identifiers.new_identifier(identifiers.BROKER)
    _write_identity(directory / "broker", Role.BROKER, broker, home, authority, now)
    for name, text in broker_texts(home).items():
        private_files.write_new(directory / "broker" / name, text.encode())
    for identifier in home.agents.values():
        private_files.make_directory(directory / "agents" / identifier)
        write_agent_files(directory / "agents" / identifier, home, identifier, authority, signing, now)
    private_files.write_new(directory / "hub" / "hub.toml", render_hub_toml(home).encode())
    fingerprint = hashlib.sha256(authority.certificate.public_bytes(serialization.Encoding.DER)).hexdigest()
    private_files.write_new(directory / "home.toml", render_home_toml(home, fingerprint).encode())
    for name in ("authority", "signing", "hub", "broker", "agents", "."):
        private_files.sync_directory(directory / name)


def write_agent_files(
    directory: Path, home: Home, identifier: str, authority: Authority, signing: SigningKey, now: float
) -> None:
    """Fill the empty `directory` with what the agent with this id needs, to be copied to its device."""
    _write_identity(directory, Role.AGENT, identifier, home, authority, now)
    text = render_agent_toml(home, identifier, {signing.key_id: signing.point})
    private_files.write_new(directory / "agent.toml", text.encode())
    private_files.sync_directory(directory)


def broker_texts(home: Home) -> dict[str, str]:
    """File name -> text of what Mosquitto reads, for a home that is used at `home.directory`."""
    settings = BrokerSettings(home.directory / "broker", home.endpoints.port, home.bind, home.user)
    return {
        "mosquitto.conf": render_mosquitto_conf(settings),
        "acl": render_acl(home.id, home.hub, home.shard),
    }


def _write_identity(directory: Path, role: Role, identifier: str, home: Home, authority: Authority, now: float) -> None:
    """One program's key and certificate, beside its authority's. Only servers are reached by an address."""
    key = new_key()
    addresses, names = ((), ()) if role is Role.AGENT else (home.endpoints.addresses, home.endpoints.names)
    valid_from, valid_until = validity(now, LEAF_LIFETIME)
    certificate = authority.issue(role, identifier, key.public_key(), valid_from, valid_until, addresses, names)
    private_files.write_new(directory / f"{role.value}.key", key_pem(key))
    private_files.write_new(directory / f"{role.value}.crt", certificate_pem(certificate))
    private_files.write_new(directory / "ca.crt", certificate_pem(authority.certificate))
