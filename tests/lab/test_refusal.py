"""A kernel that really refuses the agent's change: told with the reason, nothing half done, over when it is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent.gate import BRIDGE_GRANTED, GRANTED
from stairgate.agent.gate_rules import render_removal
from stairgate.agent.grants import mac_key
from tests.lab import network
from tests.lab.agent_rig import SETTINGS, Agent, paused
from tests.lab.policies import family_policy

MIAS = {mac_key(network.PHONE.mac), mac_key(network.CONSOLE.mac)}
BENS = {mac_key(network.LAPTOP.mac)}


@pytest.fixture
def agent(home_network: None, tmp_path: Path) -> Iterator[Agent]:
    with network.inside("router"):
        made = Agent(tmp_path / "state")
        yield made
    made.close()
    network.nft("router", render_removal(SETTINGS))


def test_a_change_that_one_set_refuses_is_not_made_in_the_others(agent: Agent) -> None:
    assert agent.receive(paused(5)).state == "applied"
    # Somebody replaces one of the sets by another kind: no transaction that touches it can succeed.
    network.nft(
        "router",
        f"flush chain bridge stairgate output; delete set bridge stairgate {BRIDGE_GRANTED.name};"
        f"add set bridge stairgate {BRIDGE_GRANTED.name} {{ type ipv4_addr; }}",
    )

    hello = agent.receive(family_policy(6))

    assert (hello.state, hello.reason, hello.revision) == ("failed", "einval", 6)
    assert agent.elements(GRANTED) == BENS
    network.nft("router", "delete table bridge stairgate")
    agent.turn_until("the change", lambda: agent.hello().state == "applied")
    assert agent.elements(GRANTED) == agent.elements(BRIDGE_GRANTED) == MIAS | BENS


def test_a_set_of_another_kind_under_our_name_is_told_and_left_alone(agent: Agent) -> None:
    network.nft("router", f"add table inet stairgate; add set inet stairgate {GRANTED.name} {{ type ipv4_addr; }}")
    before = network.nft_list("router", "ruleset")

    hello = agent.receive(paused(5))

    assert (hello.state, hello.reason, hello.revision) == ("failed", "einval", 5)
    assert network.nft_list("router", "ruleset") == before
    network.nft("router", "delete table inet stairgate")
    agent.turn_until("the change", lambda: agent.hello().state == "applied")
    assert agent.elements(GRANTED) == BENS


def test_a_ruleset_flushed_in_every_second_turn_ends_with_the_grants_that_are_due(agent: Agent) -> None:
    agent.receive(paused(5))
    for _ in range(5):
        network.nft("router", "delete table inet stairgate; delete table bridge stairgate")
        agent.control.turn()
        agent.control.turn()

    agent.turn_until("the repair", lambda: agent.hello().state == "applied" and agent.elements(GRANTED) == BENS)
