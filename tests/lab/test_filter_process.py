"""The filter in its place: the real process behind the real gate, killed, stopped, without a pack, asked by devices.

Devices ask the router's port 53 from their own namespaces; the pack comes over HTTP from the hub's machine.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stairgate.agent import filter_process
from stairgate.agent.filter_feed import FilterFeed
from stairgate.agent.filter_process import FilterProcess, dns_words
from stairgate.agent.gate import GRANTED
from stairgate.agent.gate_rules import render_removal
from stairgate.agent.grants import mac_key
from stairgate.agent.pack_fetch import PackFetch
from stairgate.agent.pack_store import PackStore
from stairgate.agent.settings import AgentSettings
from stairgate.core.messages import read_hello
from stairgate.core.records import Filter, Hub, Pack, Policy
from stairgate.hub.pack_builder import build
from tests.lab import bypass_queries, bypass_wire, network
from tests.lab.agent_rig import SETTINGS, Agent, paused
from tests.lab.home import LabHome
from tests.lab.policies import family_policy
from tests.lab.processes import wait_until
from tests.unit.agent.pack_hub import PackHub
from tests.unit.agent.rig import identity, signed

NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
PLAIN, GAME = "www.example.org", "video.example.net"


@pytest.fixture(scope="module")
def resolvers(home_network: None, folder: Path) -> Iterator[LabHome]:
    home = LabHome(folder)
    home.start_resolvers()
    yield home
    home.stop()


class Filtered:
    """The agent with its filter in the router, and a hub's machine that serves one pack."""

    def __init__(self, folder: Path) -> None:
        self.packs = folder / "packs"
        with network.inside("home"):
            self.hub = PackHub(network.HOME.v4)
        built = build([(GAME, ("games",))], [], folder / "built")
        self.pack = Pack("names", "v1", built.sha256, built.bytes)
        self.hub.content[f"/packs/{built.sha256}"] = (folder / "built").read_bytes()
        files = (folder / "ca.crt", folder / "agent.crt", folder / "agent.key")
        settings = AgentSettings(
            identity(), ("home",), 8883, *files, ("br-lan",), folder, SETTINGS, resolvers=(network.ROUTER_V4,)
        )
        self.process = FilterProcess(dns_words(settings))
        self.agent = Agent(folder / "state", FilterFeed(self.process, PackFetch(PackStore(self.packs))))

    def policy(self, revision: int, **changes: object) -> Policy:
        """Mia's games are blocked; the pack is this hub's."""
        policy = family_policy(revision)._replace(
            hub=Hub((network.HOME.mac,), (network.HOME.v4,), self.hub.port),
            packs=(self.pack,),
            filters=(Filter("pmia", (), ("games",), (), (), ()),),
        )
        return policy._replace(**changes)  # type: ignore[arg-type]

    def receive(self, policy: Policy) -> None:
        """It comes; its hello waits for the filter."""
        self.agent.link.deliver("policy", signed(policy))
        self.agent.control.turn()

    def hello(self) -> tuple[str, str, int]:
        """State, reason and revision of the newest hello; nothing before the first."""
        said = [read_hello(one.payload) for one in self.agent.link.published if one.kind == "hello"]
        return (said[-1].state, said[-1].reason, said[-1].revision) if said else ("", "", 0)

    def says(self, reason: str, revision: int) -> None:
        """Wait until hello says so."""
        self.until(f"hello {reason!r}", lambda: self.hello() == ("applied", reason, revision))

    def asked(self, device: network.Device, name: str) -> int | None:
        """The response code that a device gets for a name at the router; None for no answer."""
        with network.inside(device.name), contextlib.suppress(OSError):
            answer = bypass_queries.by_datagram(bypass_wire.question(name, bypass_wire.A), network.ROUTER_V4)
            return answer[3] & 15
        return None

    def until(self, what: str, done: Callable[[], bool]) -> None:
        """Let the agent turn until something is so."""
        self.agent.turn_until(what, done)

    def serving(self, revision: int, pack: str | None = None) -> None:
        """Wait until the filter goes by this policy."""
        wanted = (revision, self.pack.sha256 if pack is None else pack)
        self.until(f"serving {wanted}", lambda: self.process.is_current() and self.process.serving == wanted)

    def pid(self) -> int:
        """Of the filter."""
        assert self.process._child
        return self.process._child.pid

    def close(self) -> None:
        """End all."""
        self.agent.control.stop()
        self.agent.close()
        self.hub.close()


@pytest.fixture
def home(resolvers: LabHome, tmp_path: Path) -> Iterator[Filtered]:
    with network.inside("router"):
        made = Filtered(tmp_path)
        yield made
        made.close()
    network.nft("router", render_removal(SETTINGS))


def test_names_are_answered_by_policy_level_and_pack(home: Filtered) -> None:
    home.hub.ways = ["404"] * 1000
    home.receive(home.policy(5))
    home.serving(5, pack="")
    # What the pack would decide waits for it; what it has no say in does not.
    assert home.asked(network.PHONE, PLAIN) == SERVFAIL
    assert home.asked(network.LAPTOP, GAME) == NOERROR
    home.says("no_pack", 5)

    home.hub.ways.clear()
    home.serving(5)
    assert [home.asked(network.PHONE, name) for name in (PLAIN, GAME)] == [NOERROR, NXDOMAIN]
    assert [home.asked(network.LAPTOP, name) for name in (PLAIN, GAME)] == [NOERROR, NOERROR]
    home.says("", 5)
    assert [path.name for path in home.packs.iterdir()] == [f"{home.pack.sha256}.pack"]

    home.receive(home.policy(6, overrides=paused(6).overrides))
    home.serving(6)
    assert [home.asked(network.PHONE, name) for name in (PLAIN, GAME)] == [NXDOMAIN, NXDOMAIN]
    assert home.asked(network.LAPTOP, PLAIN) == NOERROR
    home.says("", 6)


def test_killed_it_comes_back_with_the_newest_policy_and_nobody_else_notices(home: Filtered) -> None:
    home.receive(home.policy(5, everyone=("malware",)))
    home.serving(5)
    seen = set()
    for _ in range(4):
        seen.add(home.pid())
        os.kill(home.pid(), signal.SIGKILL)
        home.says("no_dns", 5)
        # Closed for the family's devices, never for the others.
        assert home.asked(network.PHONE, PLAIN) is None
        assert home.asked(network.TABLET, GAME) == NOERROR
        home.serving(5)
        home.says("", 5)
        assert home.asked(network.PHONE, GAME) == NXDOMAIN
        assert home.asked(network.TABLET, GAME) == NOERROR
    assert home.pid() not in seen and len(seen) == 4


def test_stopped_it_is_found_killed_and_replaced(home: Filtered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter_process, "FILTER_CHECK_SECONDS", 0.2)
    home.receive(home.policy(5))
    home.serving(5)
    monkeypatch.setattr(filter_process, "FILTER_ANSWER_SECONDS", 1.0)
    home.process._patience = 1.0
    stopped = home.pid()

    os.kill(stopped, signal.SIGSTOP)
    home.until("its replacement", lambda: home.process._child is not None and home.pid() != stopped)
    monkeypatch.setattr(filter_process, "FILTER_ANSWER_SECONDS", 20.0)
    home.process._patience = 20.0
    home.serving(5)

    assert not Path(f"/proc/{stopped}").exists()
    assert home.asked(network.PHONE, GAME) == NXDOMAIN


def test_a_tap_is_enforced_while_it_hangs(home: Filtered) -> None:
    home.receive(home.policy(5))
    home.serving(5)
    os.kill(home.pid(), signal.SIGSTOP)

    home.receive(home.policy(6, overrides=paused(6).overrides))

    granted = home.agent.elements(GRANTED)
    assert mac_key(network.LAPTOP.mac) in granted
    assert mac_key(network.PHONE.mac) not in granted
    home.says("no_dns", 6)


def test_with_the_agent_s_end_the_filter_ends(home: Filtered) -> None:
    home.receive(home.policy(5))
    home.serving(5)
    child = home.pid()

    home.agent.control.stop()

    wait_until("its end", lambda: not Path(f"/proc/{child}").exists())
    assert home.asked(network.PHONE, PLAIN) is None
    assert home.asked(network.TABLET, GAME) == NOERROR
