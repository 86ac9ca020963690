"""What a home's directory holds, written into a directory that nobody uses yet.

    home.toml            what the home is (no secrets)
    root/root.key        can name a new signing key when that is lost; printed in the recovery kit
    authority/           ca.key ca.crt: vouches for all others; needed only to add or renew
    signing/             policy.key: signs policies; trust/: which keys agents believe (`trust_chain`)
    hub/                 hub.key hub.crt ca.crt hub.toml
    broker/              broker.key broker.crt ca.crt mosquitto.conf acl crl.pem
    agents/agents.json   who belongs to the home (`registry`)
    agents/<id>/         agent.key agent.crt ca.crt agent.toml: to be copied to the device

It decides this layout; the shape of certificates, texts and files belongs to `authority`, `broker`,
`settings` and `private_files`, and making it appear as a whole to `home`.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from stairgate.core.trust import Trust
from stairgate.provisioning import identifiers, private_files
from stairgate.provisioning.agent_records import ROUTER, AgentRecord, Register, render_register
from stairgate.provisioning.authority import Authority, Role, certificate_pem, key_pem, new_key, public_point
from stairgate.provisioning.broker import BrokerSettings, render_mosquitto_conf
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.rotation import begin_trust
from stairgate.provisioning.servers import issue_server
from stairgate.provisioning.settings import (
    REGISTER_FILE,
    Home,
    render_agent_toml,
    render_home_toml,
    render_hub_toml,
)
from stairgate.provisioning.signing import SigningKey

_FOLDERS = ("root", "authority", "signing", "hub", "broker", "agents")


def write_home_files(
    directory: Path, home: Home, authority: Authority, root: SigningKey, labels: Sequence[str], now: float
) -> None:
    """Fill the empty `directory` with everything of `home`, which will be used at `home.directory`.

    labels: of the agents whose keys are made here.
    """
    for name in _FOLDERS:
        private_files.make_directory(directory / name)
    authority.save(directory / "authority")
    root.save(directory / "root" / "root.key")
    signing = SigningKey.create()
    signing.save(directory / "signing" / "policy.key")
    trust = begin_trust(home, directory, signing, root, now)
    _write_server(directory / "hub", Role.HUB, home.hub, home, authority, now)
    broker = identifiers.new_identifier(identifiers.BROKER)
    _write_server(directory / "broker", Role.BROKER, broker, home, authority, now)
    private_files.write_new(directory / "broker" / "mosquitto.conf", broker_text(home).encode())
    private_files.write_new(directory / "hub" / "hub.toml", render_hub_toml(home).encode())
    fingerprint = hashlib.sha256(authority.certificate.public_bytes(serialization.Encoding.DER)).hexdigest()
    private_files.write_new(directory / "home.toml", render_home_toml(home, fingerprint).encode())
    private_files.write_new(directory / REGISTER_FILE, render_register(Register()))
    registry = Registry(directory)
    registry.refresh(now)
    for label in labels:
        write_new_agent(directory, home, label, registry, trust, now)
    for name in (*_FOLDERS, "."):
        private_files.sync_directory(directory / name)


def write_new_agent(
    directory: Path, home: Home, label: str, registry: Registry, trust: Trust, now: float
) -> AgentRecord:
    """Enrol one more agent whose key is made here, and make its files in `directory`/agents, whole or not at all."""
    key = new_key()
    parent = directory / "agents"
    building = Path(tempfile.mkdtemp(prefix=".new.", dir=parent))
    try:
        private_files.give_to_owner(building)
        # All that can fail for want of space comes before the agent is enrolled.
        private_files.write_new(building / "agent.key", key_pem(key))
        private_files.write_new(building / "ca.crt", private_files.read(directory / "authority" / "ca.crt"))
        private_files.sync_directory(building)
        record, certificate = registry.enrol(label, public_point(key.public_key()), ROUTER, now)
        try:
            pem = certificate_pem(x509.load_der_x509_certificate(certificate))
            private_files.write_new(building / "agent.crt", pem)
            text = render_agent_toml(home, record.id, trust)
            private_files.write_new(building / "agent.toml", text.encode())
            building.rename(parent / record.id)
            private_files.sync_directory(parent)
        except BaseException:
            # Where the disk refuses that too, it stays in the list, without files and to be revoked by hand.
            with suppress(OSError, ValueError):
                registry.revoke(record.id, now)
            raise
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return record


def broker_text(home: Home) -> str:
    """The text of `mosquitto.conf`, for a home that is used at `home.directory`."""
    return render_mosquitto_conf(BrokerSettings(home.directory / "broker", home.endpoints.port, home.bind, home.user))


def _write_server(directory: Path, role: Role, identifier: str, home: Home, authority: Authority, now: float) -> None:
    """A server's key and certificate, beside its authority's."""
    key = new_key()
    certificate = issue_server(authority, role, identifier, key.public_key(), home, now)
    private_files.write_new(directory / f"{role.value}.key", key_pem(key))
    private_files.write_new(directory / f"{role.value}.crt", certificate_pem(certificate))
    private_files.write_new(directory / "ca.crt", certificate_pem(authority.certificate))
