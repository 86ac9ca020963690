"""A home made by the product, its broker running, and clients of it: what each broker test starts from.

Settings can be edited before the start, so that a test can show that it fails without the rule it is about.
"""

import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from stairgate.port.clock import SystemClock
from stairgate.provisioning import private_files
from stairgate.provisioning.authority import Authority, Role, certificate_pem, key_pem, new_key
from stairgate.provisioning.home import create_home
from tests.broker.clients import Client, Outcome, try_to_connect, verifying_context
from tests.broker.mosquitto import LOOPBACK, Mosquitto, free_port

# Also loopback, and listened on, but promised by no certificate.
UNPROMISED = "127.0.0.3"
HUB, ROUTER, ATTIC = "hub", "Router", "Attic"

Edit = Callable[[str], str]


class Rig:
    """The home in `directory`, its authority, the broker process and every client that was made."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        # A space in the path: Mosquitto must take the whole of it.
        self.home = create_home(
            directory / "a home",
            [LOOPBACK],
            [],
            self.port,
            [ROUTER, ATTIC],
            SystemClock(),
            bind=[LOOPBACK, UNPROMISED],
        )
        self.authority = Authority.load(self.home.id, self.home.directory / "authority")
        self.ca = self.home.directory / "hub" / "ca.crt"
        self.log = directory / "mosquitto.log"
        self.broker: Mosquitto | None = None
        self._clients: list[Client] = []

    def start(self, **edits: Edit) -> "Rig":
        """Start the broker; `conf` and `acl` may change those files' text first."""
        for argument, name in (("conf", "mosquitto.conf"), ("acl", "acl")):
            if argument in edits:
                path = self.home.directory / "broker" / name
                before = path.read_text()
                after = edits[argument](before)
                assert after != before, f"the edit of {name} changed nothing"
                path.write_text(after)
        self.broker = Mosquitto(self.home.directory / "broker" / "mosquitto.conf", self.home.bind, self.port, self.log)
        self.broker.wait_until_it_answers()
        return self

    def topic(self, label: str, end: str) -> str:
        """A topic of the agent with this label, e.g. `down/policy`."""
        return f"sg/v1/{self.home.shard}/{self.home.id}/{self.home.agents[label]}/{end}"

    def identity(self, who: str) -> Path:
        """Key and certificate (without suffix) that were made for the hub or the agent with this label."""
        if who == HUB:
            return self.home.directory / "hub" / "hub"
        return self.home.agent_directory(who) / "agent"

    def issue(
        self,
        role: Role,
        identifier: str,
        valid_from: datetime,
        valid_until: datetime,
        authority: Authority | None = None,
    ) -> Path:
        """A further key and certificate (path without suffix), by the home's authority or another."""
        key = new_key()
        issuer = authority or self.authority
        certificate = issuer.issue(role, identifier, key.public_key(), valid_from, valid_until)
        path = self.directory / f"issued-{certificate.serial_number:x}"
        private_files.write_new(path.with_suffix(".key"), key_pem(key))
        private_files.write_new(path.with_suffix(".crt"), certificate_pem(certificate))
        return path

    def try_identity(self, identity: Path | None) -> Outcome:
        """Connect with this certificate, or none, over each version of TLS. Both must end alike."""
        outcomes = []
        for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            context = verifying_context(self.ca, identity)
            context.minimum_version = context.maximum_version = version
            outcomes.append(try_to_connect(LOOPBACK, self.port, context))
        assert outcomes[0].accepted == outcomes[1].accepted, outcomes
        # In TLS 1.3 a client is through with its part before the broker looks at its certificate, and may
        # learn no more than that the connection ended. In 1.2 the alert is certain.
        return outcomes[1]

    def client(
        self, who: str | Path | None, client_id: str = "", host: str = LOOPBACK, clean_session: bool = True
    ) -> Client:
        """A paho client with a given identity (or none), not yet connected."""
        identity = self.identity(who) if isinstance(who, str) else who
        context = verifying_context(self.ca, identity)
        client = Client(host, self.port, context, client_id or "any", clean_session)
        self._clients.append(client)
        return client

    def connected(self, who: str, client_id: str = "", clean_session: bool = True) -> Client:
        """A paho client that the broker has accepted."""
        client = self.client(who, client_id, clean_session=clean_session)
        assert client.connect(), f"expected {who} to be accepted"
        return client

    def close(self) -> None:
        """End every client and the broker."""
        for client in self._clients:
            client.close()
        if self.broker is not None:
            self.broker.stop()
