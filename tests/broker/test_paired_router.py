"""A router's whole life with a home: the real agent's pairing, the hub's code, the home's files, a real Mosquitto.

Only the page is missing between them: HTTP is a few lines here, and the parent's tap is a call.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from stairgate.agent.pair import NotPaired, pair
from stairgate.agent.settings import read_settings
from stairgate.core.pairing import PairAnswer, PairRequest, read_code
from stairgate.core.trust import accept_trust
from stairgate.hub.home_authority import Pages
from stairgate.hub.home_directory import HomeDirectory
from stairgate.hub.pairing import Pairing
from stairgate.hub.roster import Agent
from stairgate.port.clock import SystemClock
from stairgate.provisioning import private_files
from stairgate.provisioning.authority import certificate_pem
from stairgate.provisioning.rotation import rotate
from stairgate.provisioning.settings import read_home
from tests.broker.clients import Client
from tests.broker.mosquitto import LOOPBACK
from tests.broker.rig import ATTIC, HUB, Rig
from tests.unit.agent.pairing_hub import Server

STATUS = {"paired": 200, "wrong": 403, "closed": 404, "early": 429}


class PairingHome:
    """The rig's home with the hub's own pairing in front of it."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.clock = SystemClock()
        self.authority = HomeDirectory(rig.home.directory, rig.home.id, self.clock)
        self.pairing = Pairing(self.clock, self._enrol)
        self.server = Server(self._answer)

    def _enrol(self, request: PairRequest, again: str) -> tuple[Agent, PairAnswer]:
        agent, answer = self.authority.enrol(
            request, "Hall", again, Pages((LOOPBACK,), self.server.address.port), self.clock.wall()
        )
        self.authority.reload_broker()
        return agent, answer

    def _answer(self, request: bytes) -> tuple[int, bytes]:
        outcome = self.pairing.answer(request)
        return STATUS.get(outcome.word, 500), outcome.answer

    def let_in(self, folder: Path, again: str = "") -> str:
        """A parent opens a code, the router pairs; the router's id."""
        self.pairing.open(again)
        return pair(read_code(self.pairing.state().code), self.server.address, folder, "hall", ["lo"]).agent


@pytest.fixture
def home(rig: Rig) -> Iterator[PairingHome]:
    rig.start()
    home = PairingHome(rig)
    yield home
    home.server.close()


def connected(rig: Rig, folder: Path) -> Client:
    client = rig.client(folder / "agent")
    assert client.connect()
    return client


def hear(rig: Rig, client: Client, agent: str, payload: bytes) -> None:
    """The router's message reaches the hub, the hub's the router."""
    hub = rig.connected(HUB)
    hub.subscribe(f"sg/v1/{rig.home.shard}/{rig.home.id}/+/up/#")
    client.subscribe(f"sg/v1/{rig.home.shard}/{rig.home.id}/{agent}/down/#")
    client.publish(f"sg/v1/{rig.home.shard}/{rig.home.id}/{agent}/up/hello", payload)
    hub.messages_until(payload)
    hub.publish(f"sg/v1/{rig.home.shard}/{rig.home.id}/{agent}/down/policy", b"to " + payload)
    client.messages_until(b"to " + payload)


def test_from_the_code_to_the_end(home: PairingHome, tmp_path: Path) -> None:
    rig, folder = home.rig, tmp_path / "router"
    attic = rig.connected(ATTIC)

    # In: with a key that only the router has, and what it was told is what it reads at its next start.
    agent = home.let_in(folder)
    settings = read_settings(folder)
    identity = settings.identity
    assert (identity.home, identity.agent, identity.root, identity.trust) == (rig.home.id, agent, rig.home.root, 1)
    first = connected(rig, folder)
    hear(rig, first, agent, b"first")
    own_key = (folder / "agent.key").read_bytes()
    assert not any(own_key in path.read_bytes() for path in rig.home.directory.rglob("*") if path.is_file())

    # A renewed certificate for the same key.
    renewed = home.authority.renew(agent, home.clock.wall())
    private_files.replace(folder / "agent.crt", certificate_pem(x509.load_der_x509_certificate(renewed.der)))
    hear(rig, connected(rig, folder), agent, b"renewed")

    # Another signing key, announced by the one that it was paired with.
    rotate(read_home(rig.home.directory), home.clock.wall())
    (*_, (_, document)) = home.authority.trust_chain()
    trust = accept_trust(document, identity.home, identity.trust, dict(identity.keys), identity.root)
    assert trust.revision == 2 and len(trust.keys) == 2

    # Paired again: the same router, another key; the old one is worth nothing.
    old = tmp_path / "old"
    private_files.make_directory(old)
    for name in ("agent.key", "agent.crt"):
        private_files.write_new(old / name, (folder / name).read_bytes())
    assert home.let_in(folder, again=agent) == agent
    home.authority.take_over(agent)
    assert not rig.try_identity(old / "agent").accepted
    assert read_settings(folder).identity.trust == 2
    last = connected(rig, folder)
    hear(rig, last, agent, b"again")

    # Out.
    home.authority.revoke(agent, home.clock.wall())
    home.authority.take_over(agent)
    last.wait_until_disconnected()
    assert "REVOKED" in rig.try_identity(folder / "agent").reason
    assert attic.is_connected()


def test_a_wrong_code_changes_nothing(home: PairingHome, tmp_path: Path) -> None:
    before = (home.rig.home.directory / "agents" / "agents.json").read_bytes()
    home.pairing.open()

    with pytest.raises(NotPaired):
        pair(bytes(10), home.server.address, tmp_path / "router", "hall", ["lo"])

    assert home.pairing.state().wrong == 1
    assert (home.rig.home.directory / "agents" / "agents.json").read_bytes() == before
    assert not (tmp_path / "router" / "agent.key").exists()
