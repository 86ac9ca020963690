"""The gate's text against a golden file; what a kernel does with it is tested in `tests/lab`."""

from pathlib import Path

from stairgate.agent import gate
from stairgate.agent.gate import GateSettings, render_gate, render_removal

GOLDEN = Path(__file__).with_name("gate.nft")


def test_the_gate_is_the_golden_text() -> None:
    assert render_gate(GateSettings()) == GOLDEN.read_text(encoding="ascii")


def test_every_setting_reaches_the_text() -> None:
    settings = GateSettings(table="other", forward_priority=-7, forwarded_mark=0x2, number_shift=4)

    text = render_gate(settings)

    assert "stairgate" not in text
    assert "priority -10" not in text
    assert text.count("priority -7;") == 2
    assert "meta mark set meta mark | 0x00000002" in text
    assert "meta mark & 0x00000002 == 0 accept" in text
    assert "ct mark & 0x00003ff0 == 0" in text
    assert "ct mark set ct mark | 0x00000010" in text
    assert "ct mark set ct mark | 0x00002000" in text


def test_every_set_the_agent_fills_is_declared_once_with_a_bound() -> None:
    lines = render_gate(GateSettings()).splitlines()
    ours = {each for each in vars(gate).values() if isinstance(each, gate.SetName)} | set(gate.NUMBER)
    for name in ours:
        declared = [line for line in lines if line.startswith(f"add set {name.family} stairgate {name.name} ")]
        assert len(declared) == 1, name
        assert "size " in declared[0]
        assert ("flags timeout; timeout 1s" in declared[0]) == (name in gate.WITH_TIMEOUT)


def test_loading_again_never_replaces_a_table() -> None:
    verbs = {" ".join(line.split()[:2]) for line in render_gate(GateSettings()).splitlines()}

    assert verbs == {"add table", "add set", "add chain", "flush chain", "add rule"}


def test_removal_works_whether_the_tables_are_there_or_not() -> None:
    assert render_removal(GateSettings(table="t")) == (
        "add table inet t\ndelete table inet t\nadd table bridge t\ndelete table bridge t\n"
    )
