"""Keys that change under a running home: the agent follows signing key and certificate, and goes on closing.

Hub, broker and agent are the product's own processes; the keys are changed with the product's own command.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from stairgate.agent.certificates import read_certificate_file
from stairgate.core.envelope import signer
from stairgate.core.trust import read_trust
from stairgate.port.clock import SystemClock
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.signing import SigningKey
from tests.lab import network
from tests.lab.home import HUB_PORT, LabHome
from tests.lab.parent import Parent
from tests.lab.processes import python_module, wait_until
from tests.lab.test_gate import can_ping


class House:
    """A claimed home with one child, one device, and its router enforcing."""

    def __init__(self, folder: Path) -> None:
        self.home = LabHome(folder)
        self.home.start_resolvers()
        self.home.start_broker()
        self.home.start_hub()
        self.home.start_agent()
        self.parent = Parent("tablet", network.HOME.v4, HUB_PORT)
        self.parent.claim(self.home.claim_code())
        self.mia = self.parent.add_child("Mia", "10-12")
        self.parent.add_device(network.PHONE.name, network.PHONE.mac, "phone", self.mia)
        self.wait_applied()

    def wait_applied(self) -> None:
        """Until the router applies the newest policy."""
        wait_until("applied", lambda: self.parent.status()["applied"] == 1, seconds=40)

    def closes_and_opens(self) -> list[bool]:
        """Whether a ping comes through: paused, and afterwards."""
        self.parent.post(f"/children/{self.mia}/pause", minutes="15")
        self.wait_applied()
        paused = can_ping("phone", network.WEB_V4)
        self.parent.post(f"/children/{self.mia}/end")
        self.wait_applied()
        return [paused, can_ping("phone", network.WEB_V4)]

    def trust(self) -> int:
        """The revision of the trust document that the router has saved, 1 for what it began with."""
        path = self.home.agent_folder / "state" / "trust"
        return int(read_trust(path.read_bytes().split(b"\n", 2)[2]).revision) if path.exists() else 1

    def policy_key(self) -> str:
        """The id of the key that signed the policy which the router has saved."""
        return signer((self.home.agent_folder / "state" / "policy").read_bytes())

    def make_due(self, agent: str) -> None:
        """Have the home's list say that an agent's certificate ends next month."""
        path = self.home.home.directory / "agents" / "agents.json"
        before = path.read_text(encoding="utf-8")
        (record,) = [each for each in Registry(self.home.home.directory).read() if each.id == agent]
        after = before.replace(str(record.not_after), str(int(SystemClock().wall()) + 30 * 86400))
        assert after != before
        path.write_text(after, encoding="utf-8")

    def rotate(self) -> "subprocess.CompletedProcess[str]":
        """One step of changing the signing key, at the home server's console."""
        words = python_module("stairgate.cli", "home", "rotate-signing-key", str(self.home.home.directory))
        return subprocess.run(words, capture_output=True, text=True, timeout=60)

    def current_key(self) -> str:
        """The id of the key that the hub signs with."""
        return SigningKey.load(self.home.home.directory / "signing" / "policy.key").key_id


@pytest.fixture(scope="module")
def house(home_network: None, folder: Path) -> Iterator[House]:
    made = House(folder)
    yield made
    made.home.stop()
    made.parent.close()


def test_the_signing_key_is_changed_and_the_router_follows(house: House) -> None:
    old = house.current_key()
    assert house.policy_key() == old

    announced = house.rotate()
    assert announced.returncode == 0, announced.stderr
    wait_until("the announcement on the router", lambda: house.trust() == 2)
    wait_until("the switch", lambda: house.rotate().returncode == 0)
    new = house.current_key()
    assert new != old
    wait_until("the new key alone on the router", lambda: house.trust() == 3)
    wait_until("a policy by the new key", lambda: house.policy_key() == new)
    house.wait_applied()

    assert house.closes_and_opens() == [False, True]
    house.home.end("agent")
    house.home.start_agent()
    house.wait_applied()
    assert house.closes_and_opens() == [False, True]


def test_the_router_changes_to_a_renewed_certificate_and_the_old_one_may_go(house: House) -> None:
    file = house.home.agent_folder / "agent.crt"
    old = read_certificate_file(file)
    registry, agent = Registry(house.home.home.directory), house.home.home.agents["router"]

    house.make_due(agent)
    house.home.end("hub")
    house.home.start_hub()

    wait_until("another certificate on the router", lambda: read_certificate_file(file) not in (old, b""))
    assert not registry.due_for_renewal(SystemClock().wall())
    house.wait_applied()
    registry.refuse(agent, x509.load_der_x509_certificate(old).serial_number, SystemClock().wall())
    house.home.end("broker")
    house.home.start_broker()
    assert house.closes_and_opens() == [False, True]


def test_an_agent_that_was_away_while_the_key_was_changed_catches_up(house: House) -> None:
    house.home.end("agent")
    assert house.rotate().returncode == 0
    waiting = house.rotate()
    assert waiting.returncode != 0, "the switch does not wait for a router that has not heard"

    house.home.start_agent()

    wait_until("the switch", lambda: house.rotate().returncode == 0)
    wait_until("a policy by the new key", lambda: house.policy_key() == house.current_key())
    house.wait_applied()
    assert house.closes_and_opens() == [False, True]
