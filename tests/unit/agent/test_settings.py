"""`agent.toml`: what provisioning writes is read, and everything wrong with it is said at once."""

from pathlib import Path

import pytest

from stairgate.agent.gate import GateSettings
from stairgate.agent.limits import SETTINGS_BYTES
from stairgate.agent.settings import SettingsRefused, read_settings
from stairgate.provisioning.home import create_home
from stairgate.provisioning.signing import SigningKey
from tests.unit.provisioning.clocks import FixedClock

KEY = SigningKey.create()
GOOD = {
    "home": '"hhome"',
    "agent": '"rrouter"',
    "shard": '"000"',
    "broker": '["192.168.77.2", "hub.lan"]',
    "port": "8883",
    "lan_interfaces": '["br-lan"]',
    "keys": f'{{ {KEY.key_id} = "{KEY.point.hex()}" }}',
}


def written(folder: Path, **changes: str | None) -> Path:
    """A folder with these settings; None leaves one out."""
    lines = [f"{name} = {value}" for name, value in (GOOD | changes).items() if value is not None]
    (folder / "agent.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in ("ca.crt", "agent.crt", "agent.key"):
        (folder / name).touch()
    return folder


def faults(folder: Path) -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        read_settings(folder)
    assert str(folder / "agent.toml") in str(refused.value)
    return refused.value.faults


def test_what_a_new_home_writes_is_accepted(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home", ["192.168.77.2"], [], 8883, ["Router"], FixedClock())
    folder = home.directory / "agents" / home.agents["Router"]

    settings = read_settings(folder)

    assert settings.identity[:3] == (home.id, home.agents["Router"], "000")
    assert list(settings.identity.keys) == [SigningKey.load(home.directory / "signing" / "policy.key").key_id]
    assert (settings.broker, settings.port) == (("192.168.77.2",), 8883)
    assert (settings.identity.root, settings.identity.trust) == (home.root, 1)
    assert settings.lan_interfaces == ("br-lan",)
    assert settings.key_file == folder / "agent.key"
    assert settings.gate == GateSettings()


def test_good_settings(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path))

    assert settings.identity.keys == {KEY.key_id: KEY.point}
    assert settings.broker == ("192.168.77.2", "hub.lan")


def test_what_a_paired_router_knows_besides(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, root=f'"{KEY.point.hex()}"', trust="4", lease_file='"/tmp/leases"'))

    assert (settings.identity.root, settings.identity.trust) == (KEY.point, 4)
    assert settings.lease_file == "/tmp/leases"


def test_a_home_from_before_root_keys_has_none(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path))

    assert (settings.identity.root, settings.identity.trust) == (b"", 1)
    assert settings.lease_file == "/tmp/dhcp.leases"


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        home=None,
        agent='"R/1"',
        shard="0",
        broker='["192.168.77.2", ""]',
        port="true",
        lan_interfaces='["br-lan", "sixteen-letters!"]',
        keys='{ 0123456789abcdef = "zz" }',
    )
    (folder / "agent.key").unlink()

    assert faults(folder) == [
        "port: expected a number from 1 to 65535, got True",
        "lan_interfaces: expected interface names of at most 15 characters, got 'sixteen-letters!'",
        "home: expected an id, a letter and 1 to 31 letters or digits, got None",
        "agent: expected an id, a letter and 1 to 31 letters or digits, got 'R/1'",
        "shard: expected 1 to 32 letters or digits, got 0",
        "keys.0123456789abcdef: expected the hex of the point with this id, got 'zz'…",
        "broker: expected a list of texts, got ['192.168.77.2', '']",
        f"{folder / 'agent.key'}: no such file",
    ]


ONE_FAULT = [
    ("port", "0"),
    ("port", "65536"),
    ("port", '"8883"'),
    ("broker", '"192.168.77.2"'),
    ("broker", "[]"),
    ("lan_interfaces", "[]"),
    ("lan_interfaces", '["br lan"]'),
    ("lan_interfaces", '["../x"]'),
    ("lan_interfaces", '["brück"]'),
    ("home", '"h+"'),
    ("agent", '"#"'),
    ("shard", '"a/b"'),
    ("shard", '""'),
    ("keys", "{}"),
    ("keys", "7"),
    ("keys", f'{{ {KEY.key_id} = "{KEY.point.hex()[:-2]}" }}'),
    ("keys", f"{{ {KEY.key_id} = 7 }}"),
    ("root", '"04"'),
    ("root", "4"),
    ("root", f'"{KEY.point.hex()[:-2]}00"'),
    ("trust", "0"),
    ("trust", "true"),
    ("lease_file", '"leases"'),
    ("lease_file", "[]"),
]


# By number: a key of this run in a test's name would make each process collect other tests.
@pytest.mark.parametrize(("name", "value"), ONE_FAULT, ids=range(len(ONE_FAULT)))
def test_one_fault_is_named(tmp_path: Path, name: str, value: str) -> None:
    (fault,) = faults(written(tmp_path, **{name: value}))

    assert fault.startswith(name)


@pytest.mark.parametrize("content", [b"home = ", b"\xff\xfe", b"#" * (SETTINGS_BYTES + 1)])
def test_a_file_that_is_no_settings_is_refused(tmp_path: Path, content: bytes) -> None:
    written(tmp_path)
    (tmp_path / "agent.toml").write_bytes(content)

    assert len(faults(tmp_path)) == 1


def test_a_folder_without_settings_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_settings(tmp_path)
