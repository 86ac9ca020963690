"""Changing the signing key: what an agent accepts of it, step by step, and after a power cut at each step."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stairgate.core import envelope, limits
from stairgate.core.refused import Refused
from stairgate.core.trust import CURRENT, NEXT, Trust, accept_trust
from stairgate.provisioning import private_files, trust_chain
from stairgate.provisioning.faults import Invalid
from stairgate.provisioning.home import create_home
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.rotation import ANNOUNCED, REPLACED, SWITCHED, replace_by_root, rotate
from stairgate.provisioning.settings import Home, read_home
from stairgate.provisioning.signing import SigningKey
from stairgate.provisioning.trust_chain import KEPT, TrustChain
from tests.unit.provisioning.clocks import FixedClock

NOW = FixedClock().wall()
BODY = b'["policy","h1","r1",5,6]\n'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with two agents."""
    return create_home(tmp_path / "home", ["192.168.77.2"], [], 8883, ["Router", "Attic"], FixedClock())


class Agent:
    """An agent that believes what it may believe: the core's own code, on the documents that the home has."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.chain = TrustChain(home.directory)
        self.trust: Trust = self.chain.latest()

    def keys(self) -> dict[str, bytes]:
        return {key.key_id: key.point for key in self.trust.keys}

    def hear(self) -> int:
        """Take up what the hub would send, in order; the revision held then."""
        for revision, document in self.chain.documents():
            if revision > self.trust.revision:
                self.trust = accept_trust(document, self.home.id, self.trust.revision, self.keys(), self.home.root)
        return self.trust.revision

    def believes_hub(self) -> bool:
        """Whether it would accept a policy that the hub signs now."""
        signed = SigningKey.load(self.home.directory / "signing" / "policy.key").sign("policy", BODY)
        try:
            return envelope.open_signed(signed, "policy", self.keys(), 4096) == BODY
        except Refused:
            return False


def all_heard(home: Home, revision: int) -> None:
    for agent in home.agents.values():
        TrustChain(home.directory).note_held(agent, revision)


def test_a_new_home_s_agents_believe_its_hub(home: Home) -> None:
    agent = Agent(home)

    assert agent.trust.revision == 1
    assert [key.state for key in agent.trust.keys] == [CURRENT]
    assert agent.believes_hub()
    # The first document is the root key's: whoever holds only that can check it.
    ((_, document),) = agent.chain.documents()
    assert accept_trust(document, home.id, 0, {}, home.root) == agent.trust


def test_a_key_is_changed_in_two_steps_and_no_agent_is_left_behind(home: Home) -> None:
    agent, late = Agent(home), Agent(home)
    old = SigningKey.load(home.directory / "signing" / "policy.key")

    first = rotate(home, NOW)
    assert (first.step, first.trust.revision) == (ANNOUNCED, 2)
    assert [key.state for key in first.trust.keys] == [CURRENT, NEXT]
    assert late.believes_hub()
    assert agent.hear() == 2 and agent.believes_hub()

    with pytest.raises(Invalid) as invalid:
        rotate(home, NOW)
    assert [fault.where for fault in invalid.value.faults] == ["Router", "Attic"]
    TrustChain(home.directory).note_held(home.agents["Router"], 2)
    with pytest.raises(Invalid, match=r"^Attic: expected to have heard of the next key"):
        rotate(home, NOW)
    all_heard(home, 2)

    second = rotate(home, NOW)
    assert (second.step, second.trust.revision) == (SWITCHED, 3)
    # Policies are signed by the new key at once, which is believed before the last document has come.
    assert agent.believes_hub()
    assert not late.believes_hub()
    assert agent.hear() == 3 and agent.believes_hub()
    assert late.hear() == 3 and late.believes_hub()
    assert old.key_id not in {key.key_id for key in agent.trust.keys}
    assert not (home.directory / "signing" / "next.key").exists()


def test_a_revoked_agent_is_not_waited_for(home: Home) -> None:
    rotate(home, NOW)
    TrustChain(home.directory).note_held(home.agents["Router"], 2)
    Registry(home.directory).revoke(home.agents["Attic"], NOW)
    (listed,) = Registry(home.directory).active()

    assert listed.label == "Router"
    assert rotate(read_home(home.directory), NOW).step == SWITCHED


def test_by_force_nobody_is_waited_for_and_who_comes_late_catches_up(home: Home) -> None:
    late = Agent(home)
    rotate(home, NOW)

    assert rotate(home, NOW, force=True).step == SWITCHED

    assert not late.believes_hub()
    assert late.hear() == 3
    assert late.believes_hub()


def test_the_last_documents_are_kept_and_an_agent_of_then_can_follow(home: Home) -> None:
    agents = []
    for _ in range(6):
        agents.append(Agent(home))
        rotate(home, NOW, force=True)

    agents.append(Agent(home))
    chain = TrustChain(home.directory)
    assert len(chain.documents()) == min(7, KEPT)
    for agent in agents:
        assert agent.hear() == 7
        assert agent.believes_hub()
    for _ in range(4):
        rotate(home, NOW, force=True)
    assert [revision for revision, _ in chain.documents()] == list(range(4, 12))
    assert len(os.listdir(home.directory / "signing" / "trust")) == KEPT


class PowerCut(BaseException):
    """Nothing after this moment happens."""


class Power:
    """Goes before one of the moments at which something is changed on the disk."""

    def __init__(self, patch: pytest.MonkeyPatch, moment: int) -> None:
        self.left = moment
        for owner, name in ((private_files, "replace"), (os, "rename"), (Path, "unlink")):
            patch.setattr(owner, name, self._watched(getattr(owner, name)))

    def _watched(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:
            if self.left == 0:
                raise PowerCut
            self.left -= 1
            return real(*arguments, **named)

        return watched


@pytest.mark.parametrize("by_root", [False, True], ids=["in two steps", "by root"])
def test_after_a_power_cut_at_any_moment_the_same_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_root: bool
) -> None:
    """Every write, rename and unlink is a moment; before each of them the power goes once."""
    cuts = 0
    for moment in range(40):
        home = create_home(tmp_path / f"home{moment}", ["10.0.0.1"], [], 8883, [], FixedClock())
        root = SigningKey.load(home.directory / "root" / "root.key")
        agent = Agent(home)
        if not by_root:
            rotate(home, NOW)
            agent.hear()
        with monkeypatch.context() as patch:
            Power(patch, moment)
            try:
                replace_by_root(home, root, NOW) if by_root else rotate(home, NOW)
            except PowerCut:
                cuts += 1
            else:
                assert cuts >= 3
                return
        if by_root:
            replace_by_root(home, root, NOW)
        else:
            assert agent.believes_hub()
            agent.hear()
            assert agent.believes_hub()
            assert rotate(home, NOW).step in (SWITCHED, ANNOUNCED)
        agent.hear()
        assert agent.believes_hub()
    raise AssertionError("the sweep did not come to an end")


def test_the_root_key_names_a_new_key_when_the_old_one_is_lost(home: Home) -> None:
    agent = Agent(home)
    root = SigningKey.load(home.directory / "root" / "root.key")
    rotate(home, NOW)
    (home.directory / "signing" / "policy.key").unlink()

    done = replace_by_root(home, root, NOW)

    assert done.step == REPLACED
    assert done.trust.revision == NOW
    assert not (home.directory / "signing" / "next.key").exists()
    assert agent.hear() == NOW
    assert agent.believes_hub()
    # And after that, keys are changed as ever.
    rotate(home, NOW)
    rotate(home, NOW, force=True)
    assert agent.hear() == NOW + 2
    assert agent.believes_hub()


def test_the_root_key_s_revision_is_above_all_that_agents_hold(home: Home) -> None:
    """The home came back from an old backup, and the clock is wrong besides."""
    all_heard(home, 5_000_000_000)

    done = replace_by_root(home, SigningKey.load(home.directory / "root" / "root.key"), NOW)

    assert done.trust.revision == 5_000_000_001


def test_an_agent_that_claims_the_highest_number_does_not_use_up_the_numbers(home: Home) -> None:
    TrustChain(home.directory).note_held(home.agents["Router"], limits.REVISION_MAX)
    TrustChain(home.directory).note_held(home.agents["Attic"], 4_000_000_000)

    done = replace_by_root(home, SigningKey.load(home.directory / "root" / "root.key"), NOW)

    assert done.trust.revision == 4_000_000_001


def test_the_root_key_helps_where_the_trust_documents_are_damaged(home: Home) -> None:
    (home.directory / "signing" / "trust" / "1").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="expected a trust document"):
        rotate(home, NOW)

    assert replace_by_root(home, SigningKey.load(home.directory / "root" / "root.key"), NOW).step == REPLACED
    assert TrustChain(home.directory).latest().revision == NOW


def test_another_root_key_is_refused(home: Home) -> None:
    before = (home.directory / "signing" / "policy.key").read_bytes()

    with pytest.raises(Invalid, match="the root key of this home"):
        replace_by_root(home, SigningKey.create(), NOW)

    assert (home.directory / "signing" / "policy.key").read_bytes() == before


def test_keys_that_do_not_belong_together_are_told(home: Home) -> None:
    SigningKey.create().save(home.directory / "signing" / "policy.key")
    with pytest.raises(ValueError, match="--by-root"):
        rotate(home, NOW)


def test_an_announced_key_that_was_changed_is_told(home: Home) -> None:
    rotate(home, NOW)
    SigningKey.create().save(home.directory / "signing" / "next.key")

    with pytest.raises(ValueError, match="expected the key announced by trust document 2"):
        rotate(home, NOW, force=True)


def test_a_clock_that_stands_in_the_past_changes_nothing(home: Home) -> None:
    with pytest.raises(Invalid, match="clock"):
        rotate(home, 5)


def test_what_agents_hold_is_remembered_and_bounded(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust_chain, "_AGENTS_MAX", 8)
    chain = TrustChain(home.directory)
    assert chain.held() == {}
    for number in range(12):
        chain.note_held(f"r{number}", number)
    chain.note_held("r5", 50)
    assert chain.held() == {f"r{number}": number for number in (4, 6, 7, 8, 9, 10, 11)} | {"r5": 50}

    path = home.directory / "signing" / "trust-held.json"
    for damaged in (b"", b"[1]", b'{"R!": 5, "r1": -1, "r2": true, "r3": "x", "r4": 4}', b"[" * 100_000, b"\xff"):
        path.write_bytes(damaged)
        assert chain.held() in ({}, {"r4": 4})
        chain.note_held("r5", 7)
        assert chain.held()["r5"] == 7


def test_the_stamp_changes_with_the_documents_and_with_the_key(home: Home) -> None:
    chain = TrustChain(home.directory)
    stamps = [chain.stamp()]
    rotate(home, NOW)
    stamps.append(chain.stamp())
    os.rename(home.directory / "signing" / "next.key", home.directory / "signing" / "policy.key")
    stamps.append(chain.stamp())

    assert len(set(stamps)) == 3
    assert chain.stamp() == stamps[-1]
