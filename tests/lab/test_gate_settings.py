"""What may be chosen about the rules is what a real kernel takes: both ends of every bound, and a change meanwhile."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from stairgate.agent.gate import GateSettings
from stairgate.agent.gate_rules import render_gate
from stairgate.agent.kernel import LinuxKernel
from stairgate.agent.netlink import KernelRefused
from stairgate.core.settings import TABLE
from tests.lab import network

NAMES = ("forward_priority", "mark_bit", "number_shift")
BOUNDS = [(row.least, row.most) for name in NAMES for row in TABLE if row.name == name]


def settings(priority: int, bit: int, shift: int) -> GateSettings:
    return GateSettings(forward_priority=priority, forwarded_mark=1 << bit, number_shift=shift)


@pytest.fixture
def router(home_network: None) -> Iterator[None]:
    yield
    network.nft("router", "flush ruleset\n" + network.ROUTER_FIREWALL)


def load(chosen: GateSettings) -> LinuxKernel:
    """A kernel with these rules."""
    with network.inside("router"):
        kernel = LinuxKernel(chosen)
        try:
            kernel.load(render_gate(chosen))
        except KernelRefused:
            kernel.close()
            raise
    return kernel


@pytest.mark.parametrize("chosen", list(itertools.product(*BOUNDS)))
def test_every_bound_is_taken(router: None, chosen: Any) -> None:
    load(settings(*chosen)).close()

    priority, bit, _ = chosen
    listed = network.nft_list("router", "table inet stairgate")
    assert f"priority {'filter' if priority > -100 else 'mangle'} " in listed
    assert f"0x{1 << bit:08x}" in listed


def test_another_order_is_refused_while_the_rules_stand_and_they_go_on(router: None) -> None:
    load(settings(-10, 24, 16)).close()

    with pytest.raises(KernelRefused):
        load(settings(-20, 24, 16))
    load(settings(-10, 3, 0)).close()
