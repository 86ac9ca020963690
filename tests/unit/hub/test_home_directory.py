"""The home's own directory behind the hub's seam: live lists, a followed key, and errors that say what to do."""

from pathlib import Path

import pytest

from stairgate.core.envelope import signer
from stairgate.core.pairing import PairRequest
from stairgate.hub.home_authority import BrokerFault, Pages
from stairgate.hub.home_directory import FollowedKey, HomeDirectory
from stairgate.hub.roster import Roster
from stairgate.port.clock import SystemClock
from stairgate.provisioning.home import create_home
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.settings import Home
from stairgate.provisioning.signing import SigningKey

PAGES = Pages(("127.0.0.1",), 8080)
CLOCK = SystemClock()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return create_home(tmp_path / "home", ["127.0.0.1"], [], 8883, ["router"], CLOCK)


@pytest.fixture
def directory(home: Home) -> HomeDirectory:
    return HomeDirectory(home.directory, home.id, CLOCK)


def request() -> PairRequest:
    return PairRequest(SigningKey.create().point, "0a" * 16, "router", "OpenWrt")


def test_what_another_process_changes_is_seen(home: Home, directory: HomeDirectory) -> None:
    roster = Roster(directory)
    assert [agent.label for agent in roster.agents()] == ["router"]
    record, _ = Registry(home.directory).enrol("upstairs", SigningKey.create().point, "router", CLOCK.wall())
    assert [agent.label for agent in roster.agents()] == ["router", "upstairs"]
    Registry(home.directory).revoke(record.id, CLOCK.wall())
    assert [agent.label for agent in roster.agents()] == ["router"]


@pytest.mark.parametrize("damage", [b"", b"{", b'{"format":1}', b"\xff" * 50])
def test_a_damaged_list_keeps_the_last_one(home: Home, directory: HomeDirectory, damage: bytes) -> None:
    roster = Roster(directory)
    before = roster.agents()
    (home.directory / "agents" / "agents.json").write_bytes(damage)
    assert roster.agents() == before
    assert "agents.json" in roster.fault or "agents" in roster.fault
    (home.directory / "agents" / "agents.json").unlink()
    assert roster.agents() == before


def test_what_a_new_router_is_told(home: Home, directory: HomeDirectory) -> None:
    asked = request()
    agent, answer = directory.enrol(asked, "OpenWrt", "", PAGES, CLOCK.wall())
    assert agent.label == "OpenWrt"
    assert (answer.home, answer.agent, answer.hub, answer.page, answer.page_port) == (
        home.id,
        agent.id,
        home.hub,
        ("127.0.0.1",),
        8080,
    )
    again, second = directory.enrol(request(), "another", agent.id, PAGES, CLOCK.wall())
    assert again == agent
    assert second.certificate != answer.certificate


def test_a_point_that_is_none_lets_nobody_in(directory: HomeDirectory) -> None:
    before = directory.agents()
    with pytest.raises(ValueError, match="P-256"):
        directory.enrol(request()._replace(point=b"\4" + b"\1" * 64), "OpenWrt", "", PAGES, CLOCK.wall())
    assert directory.agents() == before


def test_a_broker_that_does_not_run_is_a_sentence(home: Home, directory: HomeDirectory) -> None:
    with pytest.raises(BrokerFault, match=r"^No broker runs .* next start\.$"):
        directory.reload_broker()
    with pytest.raises(BrokerFault, match="No broker runs"):
        directory.take_over(home.agents["router"])


def test_a_renewed_certificate_is_for_the_agent_and_ends_later(home: Home, directory: HomeDirectory) -> None:
    agent = home.agents["router"]
    soon = CLOCK.wall() + 5 * 365 * 86400 - 100 * 86400
    assert directory.due_for_renewal(CLOCK.wall()) == ()
    assert directory.due_for_renewal(soon) == (agent,)
    renewed = directory.renew(agent, soon)
    assert (renewed.home, renewed.agent) == (home.id, agent)
    assert renewed.not_after > soon + 4 * 365 * 86400
    assert directory.due_for_renewal(soon) == ()


def test_the_servers_are_renewed_near_their_end_only(home: Home, directory: HomeDirectory) -> None:
    certificate = home.directory / "hub" / "hub.crt"
    before = certificate.read_bytes()
    assert not directory.renew_servers(CLOCK.wall())
    assert certificate.read_bytes() == before
    assert directory.renew_servers(CLOCK.wall() + 5 * 365 * 86400 - 100 * 86400)
    assert certificate.read_bytes() != before


def test_the_signing_key_is_followed_and_the_last_one_stays(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    path = home.directory / "signing" / "policy.key"
    key = FollowedKey(path)
    first = key.key_id
    other = SigningKey.create()
    other.save(path)
    assert key.key_id == other.key_id != first
    assert signer(key.sign("policy", b"x\n")) == other.key_id
    path.write_bytes(b"")
    assert key.key_id == other.key_id
    path.unlink()
    assert [key.key_id for _ in range(50)] == [other.key_id] * 50
    assert caplog.text.count("the signing key cannot be read") == 1
    with pytest.raises(OSError):
        FollowedKey(path)
