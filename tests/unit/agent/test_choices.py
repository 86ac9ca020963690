"""What a person chose: the two files mean the same, mistakes are named, and no text makes an exception."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.agent.choices import read_choices
from stairgate.agent.control import Control
from stairgate.agent.enforcement import Enforcement
from stairgate.agent.gate import GateSettings
from stairgate.agent.limits import HELLO_SECONDS, SETTINGS_BYTES, UCI_STATEMENTS, USAGE_SECONDS
from stairgate.agent.settings import DNSMASQ_LEASES, PACK_FOLDER, SettingsRefused, read_settings
from stairgate.agent.uci import read_uci
from stairgate.core.settings import FAULTS_MAX, SECTIONS, TABLE, check, defaults, sentence
from tests.lab.policies import family_policy
from tests.unit.agent.rig import identity, signed
from tests.unit.agent.router import Router
from tests.unit.agent.test_settings import written

TOML = """
[agent]
lan_interfaces = ["br-lan", "eth0.2"]
forward_priority = -20
mark_bit = 3
number_shift = 8
hello_minutes = 5
usage_seconds = 2
lease_file = "/var/lib/misc/dnsmasq.leases"
resolvers = ["192.168.77.1", "fd00::1"]
pack_folder = "/tmp/packs"
[hub]
session_days = 7
https = false
"""
UCI = """
# Stairgate's settings
package stairgate

config agent 'main'
\tlist lan_interfaces 'br-lan'
\tlist lan_interfaces "eth0.2"
\toption forward_priority '-20'   # below fw4
\toption mark_bit 3
\toption number_shift "8"
\toption hello_minutes 5
\toption usage_seconds 2
\toption lease_file '/var/lib/misc/dnsmasq.leases'
\tlist resolvers 192.168.77.1
\tlist resolvers fd00::1
\toption pack_folder /tmp/packs
config hub
\toption session_days '7'
\toption https '0'
"""


def chosen(folder: Path, text: str, name: str) -> tuple[Path, Path]:
    """Agent settings with this file of choices: the folder, and where UCI's would be."""
    folder = written(folder)
    (folder / name).write_text(text, encoding="utf-8")
    return folder, folder / "uci"


@pytest.mark.parametrize(("text", "name"), [(TOML, "stairgate.toml"), (UCI, "uci")])
def test_what_is_chosen_counts(tmp_path: Path, text: str, name: str) -> None:
    settings = read_settings(*chosen(tmp_path, text, name))

    assert settings.lan_interfaces == ("br-lan", "eth0.2")
    assert settings.gate == GateSettings(forward_priority=-20, forwarded_mark=8, number_shift=8)
    assert (settings.hello_seconds, settings.usage_seconds) == (300.0, 2.0)
    assert settings.lease_file == "/var/lib/misc/dnsmasq.leases"
    assert settings.resolvers == ("192.168.77.1", "fd00::1")
    assert settings.packs() == Path("/tmp/packs")


def test_without_a_file_everything_is_as_it_was_generated(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path), tmp_path / "uci")

    assert settings.gate == GateSettings()
    assert (settings.lan_interfaces, settings.lease_file) == (("br-lan",), DNSMASQ_LEASES)
    assert (settings.hello_seconds, settings.usage_seconds) == (HELLO_SECONDS, USAGE_SECONDS)
    assert settings.resolvers == ("127.0.0.1",)
    assert settings.packs() == tmp_path / "state" / "packs"


def test_the_table_s_defaults_are_the_agent_s_own() -> None:
    chosen, gate = defaults("agent"), GateSettings()

    assert (chosen["forward_priority"], chosen["number_shift"]) == (gate.forward_priority, gate.number_shift)
    assert gate.forwarded_mark == 1 << int(str(chosen["mark_bit"]))
    assert chosen["lease_file"] == DNSMASQ_LEASES
    assert chosen["pack_folder"] == PACK_FOLDER


def test_toml_beside_the_agent_s_settings_comes_first(tmp_path: Path) -> None:
    folder, uci = chosen(tmp_path, UCI, "uci")
    (folder / "stairgate.toml").write_text("[agent]\nmark_bit = 9\n")

    settings = read_settings(folder, uci)
    assert settings.gate.forwarded_mark == 1 << 9
    assert settings.lan_interfaces == ("br-lan",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("stairgate.toml", "[agent]\nlan_interface = ['br-lan']\nmark_bit = 77\n[agnet]\n[hub]\nlisten = 3\n"),
        (
            "uci",
            "config agent\n list lan_interface br-lan\n option mark_bit 77\nconfig agnet\nconfig hub\n list listen 3",
        ),
    ],
)
def test_all_mistakes_are_told_at_once_but_for_the_hub_s(tmp_path: Path, name: str, text: str) -> None:
    folder, uci = chosen(tmp_path, text, name)
    (folder / "agent.key").unlink()
    with pytest.raises(SettingsRefused) as refused:
        read_settings(folder, uci)

    assert refused.value.faults == [
        f"{folder / 'agent.key'}: no such file",
        f"{folder / name}: agent.lan_interface: expected a known setting, got an unknown one; "
        "did you mean lan_interfaces?",
        f"{folder / name}: agent.mark_bit: expected a whole number from 0 to 31, got 77",
        f"{folder / name}: agnet: expected one of the tables hub, agent, got an unknown one; did you mean agent?",
    ]


def test_a_mistake_in_the_choices_alone_names_their_file(tmp_path: Path) -> None:
    folder, uci = chosen(tmp_path, "config agent\n\toption mark_bit 'x'\n", "uci")

    with pytest.raises(SettingsRefused, match=f"^{uci}: agent.mark_bit: expected a whole number"):
        read_settings(folder, uci)


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"agent = [", b"[agent]\nx = " + b"[" * 5000, b"#" * (SETTINGS_BYTES + 1), b"agent = 1"]
)
def test_a_file_that_is_no_settings_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "stairgate.toml").write_bytes(content)

    assert len(read_choices(tmp_path, tmp_path / "uci").faults) == 1


def test_the_hub_hears_of_the_router_as_often_as_chosen(tmp_path: Path) -> None:
    router = Router(tmp_path)
    enforcement = Enforcement(router.kernel, GateSettings(), ("br-lan",), router.clock)
    parts = (router.kernel, enforcement, router.state, router.link, router.clock, router.lookout, None, router.evidence)
    router.control = Control(identity(), *parts, hello_seconds=60.0, usage_seconds=5.0)
    router.control.start()
    router.receive(signed(family_policy(5)))
    said = len(router.hellos())

    router.wait(50)
    assert len(router.hellos()) == said
    router.wait(11)
    assert len(router.hellos()) == said + 1


# UCI

MISTAKES = [
    ("option x 1", "line 1: expected a config line before it, got option x"),
    ("config", "line 1: expected config TYPE 'NAME', got 'config'"),
    ("config a b c", "line 1: expected config TYPE 'NAME', got 'config a b c'"),
    ("config Agent", "line 1: expected config TYPE 'NAME', got 'config Agent'"),
    ("conifg agent", "line 1: expected config, option or list, got 'conifg'; did you mean config?"),
    ("package other", "line 1: expected package stairgate, got 'package other'"),
    ("config agent 'x", 'line 1: expected quotes that end on the line, and printable text, got "config agent \'x"'),
    ("config agent\\", "line 1: expected quotes that end on the line, and printable text, got 'config agent\\\\'"),
    ("config agent\noption x", "line 2: expected option NAME 'VALUE', got 'option x'"),
    ("config agent\noption x 1 2", "line 2: expected option NAME 'VALUE', got 'option x 1 2'"),
    ("config agent\noption x-y 1", "line 2: expected option NAME 'VALUE', got 'option x-y 1'"),
    ("config agent\noption x 1\noption x 2", "line 3: expected x once, got another one"),
    ("config agent\noption x 1\nlist x 2", "line 3: expected x as an option or as a list, got both"),
    ("config agent\nconfig agent", "line 2: expected one section of type agent, got another one"),
    (
        "config agent\noption x \x07",
        "line 2: expected quotes that end on the line, and printable text, got 'option x \\x07'",
    ),
    (
        "config agent\noption x \u202e",
        "line 2: expected quotes that end on the line, and printable text, got 'option x \\u202e'",
    ),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_a_mistake_is_named_with_its_line(text: str, expected: str) -> None:
    assert [sentence(fault) for fault in read_uci(text)[1]] == [expected]


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("plain", "plain"),
        ("'two words'", "two words"),
        ('"two words"', "two words"),
        ("''", ""),
        ('""', ""),
        ("'it'\\''s'", "it's"),
        ('"a \\"b\\" c"', 'a "b" c'),
        ("'a \\ b'", "a \\ b"),
        ("a'b'c", "abc"),
        ("'#x'", "#x"),
        ("x#y", "x#y"),
        ("x # y", "x"),
        ("two\\ words", "two words"),
        ("x\r", "x"),
    ],
)
def test_quoting_as_libuci_has_it(value: str, meant: str) -> None:
    assert read_uci(f"config agent\n\toption x {value}") == ({"agent": {"x": meant}}, [])


def test_too_much_is_refused() -> None:
    long = read_uci("config agent\noption x " + "y" * 2000)[1]
    many = read_uci("\n" * 100_000)[1]

    assert [fault.path for fault in long] == ["line 2"]
    assert [sentence(fault) for fault in many] == [
        f"line {UCI_STATEMENTS + 1}: expected at most {UCI_STATEMENTS} lines, got more"
    ]


@given(st.text(st.sampled_from("config agent option list package '\"\\#\n\t x1_\u202e\x00é"), max_size=300) | st.text())
def test_any_text_gives_tables_or_faults(text: str) -> None:
    tables, faults = read_uci(text)
    values, _ = check(tables, are_texts=True)

    assert set(values) == set(SECTIONS)
    assert all(len(sentence(fault)) < 400 for fault in faults)


def quoted(text: str) -> str:
    """As `uci export` writes a value."""
    return "'" + text.replace("'", "'\\''") + "'"


@given(
    st.dictionaries(st.sampled_from([row.name for row in TABLE]), st.text(st.characters(codec="utf-8"), max_size=60))
)
def test_what_uci_exports_is_read_back(options: dict[str, str]) -> None:
    printable = {name: "".join(filter(str.isprintable, text)) for name, text in options.items()}
    text = "config agent 'main'\n" + "".join(f"\toption {name} {quoted(value)}\n" for name, value in printable.items())

    assert read_uci(text) == ({"agent": printable}, [])


# The table

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80) | st.binary(max_size=9) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20) | st.integers(), inner, max_size=4)
    ),
    max_leaves=20,
)
NAMES = st.sampled_from([row.name for row in TABLE]) | st.text(max_size=50) | st.integers()


@given(
    ANYTHING | st.dictionaries(st.sampled_from(SECTIONS) | st.text(), ANYTHING | st.dictionaries(NAMES, ANYTHING)),
    st.booleans(),
)
def test_anything_gives_values_within_bounds_or_faults(tables: object, are_texts: bool) -> None:
    values, faults = check(tables, are_texts)

    assert len(faults) <= FAULTS_MAX
    assert all(0 < len(sentence(fault)) < 400 and sentence(fault).isprintable() for fault in faults)
    assert {name: set(section) for name, section in values.items()} == {name: set(defaults(name)) for name in SECTIONS}
    # What comes out is good: it goes in again without a fault.
    again = {name: {key: _plain(value) for key, value in section.items()} for name, section in values.items()}
    assert check(again) == (values, [])


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
