"""A home is made whole or not at all, readable by its owner only, and every program finds what it needs in it."""

import errno
import os
import pwd
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from stairgate.core.fields import is_id
from stairgate.provisioning import private_files
from stairgate.provisioning.authority import Authority, read_key
from stairgate.provisioning.faults import Invalid
from stairgate.provisioning.home import add_agent, create_home, render_broker
from stairgate.provisioning.home_command import main
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.rotation import rotate
from stairgate.provisioning.servers import renew_servers
from stairgate.provisioning.settings import Home, read_home
from stairgate.provisioning.signing import SigningKey
from stairgate.provisioning.trust_chain import TrustChain
from tests.unit.provisioning.clocks import FixedClock

CLOCK = FixedClock()
LABELS = ["Router", 'Attic "é" \\ 🐻']


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with two addresses, a name and two agents."""
    return create_home(tmp_path / "home", ["192.168.77.2", "2001:db8::2"], ["hub.lan"], 8883, LABELS, CLOCK)


@pytest.fixture
def no_umask() -> Iterator[None]:
    """A process that takes no mode bits away from new files."""
    before = os.umask(0)
    yield
    os.umask(before)


def toml(path: Path) -> dict[str, Any]:
    """A TOML file's content."""
    return tomllib.loads(path.read_text())


def test_every_file_is_there(home: Home) -> None:
    router, attic = (home.agents[label] for label in LABELS)
    expected = {"home.toml", "authority/ca.key", "authority/ca.crt", "root/root.key"}
    expected |= {"signing/policy.key", "signing/trust/1", "agents/agents.json", "agents/agents.lock"}
    expected |= {f"hub/{name}" for name in ("hub.key", "hub.crt", "ca.crt", "hub.toml")}
    expected |= {
        f"broker/{name}" for name in ("broker.key", "broker.crt", "ca.crt", "mosquitto.conf", "acl", "crl.pem")
    }
    for agent in (router, attic):
        expected |= {f"agents/{agent}/{name}" for name in ("agent.key", "agent.crt", "ca.crt", "agent.toml")}

    found = {str(path.relative_to(home.directory)) for path in home.directory.rglob("*") if path.is_file()}

    assert found == expected
    assert [path.name for path in home.directory.parent.iterdir()] == ["home"]


@pytest.mark.usefixtures("no_umask")
def test_only_the_owner_can_read_it_whatever_the_umask(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home", ["10.0.0.1"], [], 8883, ["Router"], CLOCK)
    add_agent(home.directory, "Attic", CLOCK)
    render_broker(home.directory, CLOCK)
    registry = Registry(home.directory)
    registry.rename(home.agents["Router"], "Hall")
    registry.revoke(home.agents["Router"], CLOCK.wall())
    rotate(read_home(home.directory), CLOCK.wall())
    TrustChain(home.directory).note_held(home.agents["Router"], 2)
    rotate(read_home(home.directory), CLOCK.wall(), force=True)
    assert renew_servers(home.directory, CLOCK.wall() + 5 * 365 * 86400) == ("hub", "broker")

    for path in (home.directory, *home.directory.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), f"{path}: {mode:o}"


def test_ids_are_random_and_valid(home: Home, tmp_path: Path) -> None:
    other = create_home(tmp_path / "other", ["10.0.0.1"], [], 8883, LABELS, CLOCK)
    identifiers = [home.id, home.hub, *home.agents.values(), other.id, other.hub, *other.agents.values()]

    assert all(is_id(identifier) for identifier in identifiers)
    assert len(set(identifiers)) == 8


def test_certificates_belong_to_their_keys_and_carry_the_addresses(home: Home) -> None:
    authority = Authority.load(home.id, home.directory / "authority")
    places = {home.directory / "hub" / "hub": home.hub, home.directory / "broker" / "broker": None}
    places |= {home.agent_directory(label) / "agent": home.agents[label] for label in LABELS}

    for path, identifier in places.items():
        certificate = x509.load_pem_x509_certificate(path.with_suffix(".crt").read_bytes())
        certificate.verify_directly_issued_by(authority.certificate)
        assert certificate.public_key() == read_key(path.with_suffix(".key").read_bytes()).public_key()
        (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        assert identifier in (name.value, None)
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        addresses = [str(each) for each in alternatives.get_values_for_type(x509.IPAddress)]
        names = alternatives.get_values_for_type(x509.DNSName)
        if path.name == "agent":
            assert (addresses, names) == ([], [name.value])
        else:
            assert (addresses, names) == (["192.168.77.2", "2001:db8::2"], [name.value, "hub.lan"])
        assert (path.parent / "ca.crt").read_bytes() == (home.directory / "authority" / "ca.crt").read_bytes()


def test_the_broker_runs_as_who_owns_its_files_unless_told_otherwise(home: Home, tmp_path: Path) -> None:
    told = create_home(tmp_path / "told", ["10.0.0.1"], [], 8883, [], CLOCK, bind=["10.0.0.1"], user="broker")

    owner = pwd.getpwuid((home.directory / "broker" / "broker.key").stat().st_uid).pw_name
    assert broker_lines(home, "user") == [f"user {owner}"]
    assert broker_lines(home, "listener") == ["listener 8883"]
    assert broker_lines(told, "user") == ["user broker"]
    assert broker_lines(told, "listener") == ["listener 8883 10.0.0.1"]


def broker_lines(home: Home, option: str) -> list[str]:
    """The lines of Mosquitto's settings that set this option."""
    lines = (home.directory / "broker" / "mosquitto.conf").read_text().splitlines()
    return [line for line in lines if line.split(" ")[0] == option]


def test_hub_settings(home: Home) -> None:
    settings = toml(home.directory / "hub" / "hub.toml")

    assert settings == {
        "home": home.id,
        "shard": "000",
        "hub": home.hub,
        "broker": ["192.168.77.2", "2001:db8::2", "hub.lan"],
        "port": 8883,
        "ca": "ca.crt",
        "certificate": "hub.crt",
        "key": "hub.key",
        "signing_key": "../signing/policy.key",
    }
    key = SigningKey.load(home.directory / "hub" / settings["signing_key"])
    (trusted,) = TrustChain(home.directory).latest().keys
    assert (key.key_id, key.point) == (trusted.key_id, trusted.point)


def test_agent_settings(home: Home) -> None:
    signing = SigningKey.load(home.directory / "signing" / "policy.key")

    for label in LABELS:
        assert toml(home.agent_directory(label) / "agent.toml") == {
            "home": home.id,
            "shard": "000",
            "agent": home.agents[label],
            "broker": ["192.168.77.2", "2001:db8::2", "hub.lan"],
            "port": 8883,
            "ca": "ca.crt",
            "certificate": "agent.crt",
            "key": "agent.key",
            "lan_interfaces": ["br-lan"],
            "trust": 1,
            "root": home.root.hex(),
            "keys": {signing.key_id: signing.point.hex()},
        }


def test_a_home_is_read_as_it_was_made(home: Home) -> None:
    assert read_home(home.directory) == home


def test_a_home_is_never_overwritten(home: Home) -> None:
    before = {path: path.read_bytes() for path in home.directory.rglob("*") if path.is_file()}

    with pytest.raises(Invalid, match="got a home made before"):
        create_home(home.directory, ["10.0.0.1"], [], 8883, [], CLOCK)

    assert {path: path.read_bytes() for path in home.directory.rglob("*") if path.is_file()} == before


def test_an_empty_directory_is_taken_and_other_places_are_refused(tmp_path: Path) -> None:
    for name in ("empty", "full"):
        (tmp_path / name).mkdir()
    (tmp_path / "full" / "letter").touch()
    (tmp_path / "link").symlink_to(tmp_path / "empty")

    for name in ("full", "full/letter", "link", "a\nb"):
        with pytest.raises(Invalid, match=r"^directory: expected"):
            create_home(tmp_path / name, ["10.0.0.1"], [], 8883, [], CLOCK)
    home = create_home(tmp_path / "empty", ["10.0.0.1"], [], 8883, [], CLOCK)

    assert stat.S_IMODE(home.directory.stat().st_mode) == 0o700


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "letter").touch()
    expected = {"directory", "address", "name", "port", "agent", "bind", "broker-user", "clock"}

    with pytest.raises(Invalid) as invalid:
        create_home(
            tmp_path, ["10.0.0"], ["a b"], 0, ["", "x", "x"], FixedClock(0), ["0.0.0.0"], "a\nallow_anonymous true"
        )

    assert {fault.where for fault in invalid.value.faults} == expected
    assert len(invalid.value.faults) == 9
    assert str(invalid.value).count("\n") == 8


def fail_to_sync(_path: Path) -> None:
    """A disk that is full."""
    raise OSError(errno.ENOSPC, "no space left")


def test_nothing_is_left_of_a_home_that_could_not_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_files, "sync_directory", fail_to_sync)

    with pytest.raises(OSError, match="no space left"):
        create_home(tmp_path / "home", ["10.0.0.1"], [], 8883, ["Router"], CLOCK)

    assert list(tmp_path.iterdir()) == []


def test_an_agent_is_added(home: Home) -> None:
    grown = add_agent(home.directory, "Garage", CLOCK)

    assert list(grown.agents) == [*LABELS, "Garage"]
    assert read_home(home.directory) == grown
    assert [record.label for record in Registry(home.directory).read()] == [*LABELS, "Garage"]
    garage = toml(grown.agent_directory("Garage") / "agent.toml")
    router = toml(grown.agent_directory("Router") / "agent.toml")
    assert garage == {**router, "agent": grown.agents["Garage"]}
    authority = Authority.load(home.id, home.directory / "authority")
    leaf = x509.load_pem_x509_certificate((grown.agent_directory("Garage") / "agent.crt").read_bytes())
    leaf.verify_directly_issued_by(authority.certificate)


def test_an_agent_that_could_not_be_added_leaves_the_home_as_it_was(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(home.directory.rglob("*"))
    monkeypatch.setattr(private_files, "sync_directory", fail_to_sync)

    with pytest.raises(OSError, match="no space left"):
        add_agent(home.directory, "Garage", CLOCK)
    with pytest.raises(Invalid, match="a label for each agent that no other has"):
        add_agent(home.directory, "Router", CLOCK)

    assert sorted(home.directory.rglob("*")) == before
    assert read_home(home.directory) == home


@pytest.mark.parametrize("failing", ["agent.key", "ca.crt", "agent.crt", "agent.toml"])
def test_an_agent_whose_files_could_not_be_written_is_not_in(
    home: Home, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    write = private_files.write_new

    def fail(path: Path, data: bytes) -> None:
        if path.name == failing:
            raise OSError(errno.ENOSPC, "no space left")
        write(path, data)

    monkeypatch.setattr(private_files, "write_new", fail)

    with pytest.raises(OSError, match="no space left"):
        add_agent(home.directory, "Garage", CLOCK)

    assert read_home(home.directory) == home
    assert {path.name for path in (home.directory / "agents").iterdir() if path.is_dir()} == set(home.agents.values())
    assert home.hub in (home.directory / "broker" / "acl").read_text()
    assert (home.directory / "broker" / "acl").read_text().count("user ") == 1 + len(home.agents)
    monkeypatch.undo()
    assert "Garage" in add_agent(home.directory, "Garage", CLOCK).agents


def test_broker_settings_follow_a_moved_home(home: Home) -> None:
    moved = home.directory.with_name("moved")
    home.directory.rename(moved)

    render_broker(moved, CLOCK)

    text = (moved / "broker" / "mosquitto.conf").read_text()
    assert f"{moved}/broker/broker.key" in text
    assert str(home.directory) + "/" not in text


def test_the_command_makes_a_home_and_says_what_is_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "our home"

    status = main(["init", str(place), "--address", "10.0.0.1", "--agent", "Router"], CLOCK)

    said = capsys.readouterr().out
    assert status == 0
    assert f"mosquitto -c '{place}'/broker/mosquitto.conf" in said
    assert "PRIVATE" not in said
    assert main(["add-agent", str(place), "Attic"], CLOCK) == 0
    assert main(["render", str(place)], CLOCK) == 0
    assert list(read_home(place).agents) == ["Router", "Attic"]


@pytest.mark.parametrize("port", ["", "0", "65536", "88x3", "-1", "８８８３", "9" * 5000])
def test_the_command_tells_every_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str], port: str) -> None:
    words = ["init", str(tmp_path / "home"), "--address", "10.0.0", "--agent", "", f"--port={port}"]

    status = main(words, CLOCK)

    said = capsys.readouterr().err
    assert status == 2
    assert {line.split(": ")[1] for line in said.splitlines()} == {"port", "address", "agent"}
    assert list(tmp_path.iterdir()) == []


def test_the_command_refuses_a_directory_without_a_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add-agent", str(tmp_path), "Attic"], CLOCK) == 1
    assert main(["render", str(tmp_path)], CLOCK) == 1
    assert "home.toml" in capsys.readouterr().err
