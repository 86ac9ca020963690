"""The gate's text against a golden file; what a kernel does with it is tested in `tests/lab`."""

import itertools
import re
from pathlib import Path

import pytest

from stairgate.agent import gate
from stairgate.agent.gate import GateSettings
from stairgate.agent.gate_rules import render_gate, render_removal

GOLDEN = Path(__file__).with_name("gate.nft")


def test_the_gate_is_the_golden_text() -> None:
    assert render_gate(GateSettings()) == GOLDEN.read_text(encoding="ascii")


def test_every_setting_reaches_the_text() -> None:
    settings = GateSettings(
        table="other", forward_priority=-7, forwarded_mark=0x2, number_shift=4, redirect_priority=-160
    )

    text = render_gate(settings)

    assert "stairgate" not in text
    assert "priority -10" not in text
    assert text.count("priority -7;") == 2
    assert "priority -170" not in text
    assert text.count("priority -160;") == 1
    assert "inbound meta mark set meta mark | 0x00000002\n" in text
    assert "ct direction reply meta mark set meta mark | 0x00000004 return" in text
    assert "meta mark & 0x00000006 == 0 accept" in text
    assert "ct mark & 0x00004000 == 0x00004000 return" in text
    assert "ct mark & 0x00003ff0 == 0" in text
    assert "ct mark set ct mark | 0x00000010" in text
    assert "ct mark set ct mark | 0x00002000" in text


def test_every_set_the_agent_fills_is_declared_once_with_a_bound() -> None:
    lines = render_gate(GateSettings()).splitlines()
    ours = {each for each in vars(gate).values() if isinstance(each, gate.SetName)} | {*gate.NUMBER, *gate.CALLERS}
    assert ours == set(gate.SETS)
    for name in ours:
        kind = gate.SETS[name].kind
        declared = [line for line in lines if line.startswith(f"add {kind} {name.family} stairgate {name.name} ")]
        assert len(declared) == 1, name
        assert "size " in declared[0]
        assert ("timeout; timeout 1s" in declared[0]) == (name in gate.WITH_TIMEOUT)


@pytest.mark.parametrize(("bit", "shift"), [*itertools.product((0, 24, 31), (0, 16, 22))])
def test_every_mark_of_ours_is_a_bit_of_its_own(bit: int, shift: int) -> None:
    settings = GateSettings(forwarded_mark=1 << bit, number_shift=shift)
    packet = settings.forwarded_mark | settings.begun_mark()
    connection = settings.number_mask() | settings.listed_mark()

    assert (packet.bit_count(), packet.bit_length() <= 32) == (2, True)
    assert (connection.bit_count(), connection.bit_length() <= 32) == (11, True)


def test_no_rule_is_there_for_one_device_or_address() -> None:
    rules = [line for line in render_gate(GateSettings()).splitlines() if line.startswith("add rule")]

    assert not [rule for rule in rules if re.search(r"ether [sd]addr (?!(!= )?@|\. |ff:ff:ff:ff:ff:ff )", rule)]


def test_loading_again_never_replaces_a_table() -> None:
    verbs = {" ".join(line.split()[:2]) for line in render_gate(GateSettings()).splitlines()}

    assert verbs == {"add table", "add set", "add map", "add chain", "flush chain", "add rule"}


def test_removal_works_whether_the_tables_are_there_or_not() -> None:
    assert render_removal(GateSettings(table="t")) == (
        "add table inet t\ndelete table inet t\nadd table bridge t\ndelete table bridge t\n"
    )
