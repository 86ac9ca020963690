"""What a person at the console can do with a home, and what is said; the broker is not running here."""

import io
import sys
from pathlib import Path

import pytest

from stairgate.provisioning.home import create_home
from stairgate.provisioning.home_command import main
from stairgate.provisioning.recovery_kit import key_rows
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.settings import Home, read_home
from stairgate.provisioning.signing import SigningKey
from stairgate.provisioning.trust_chain import TrustChain
from tests.unit.provisioning.clocks import FixedClock

CLOCK = FixedClock()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return create_home(tmp_path / "our home", ["192.168.77.2"], [], 8883, ["Router", "Attic"], CLOCK)


def run(home: Home, action: str, *words: str, clock: FixedClock = CLOCK) -> int:
    return main([action, str(home.directory), *words], clock)


def test_agents_are_listed_renamed_and_revoked(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    router = home.agents["Router"]
    assert run(home, "rename-agent", "Router", "Hall") == 0
    # Revoked all the same, where no broker runs; and that is said.
    assert run(home, "revoke-agent", "Hall") == 3
    said = capsys.readouterr()
    assert f"Hall ({router}) does not belong to the home any more" in said.out
    assert "its connection has been ended" not in said.out
    assert "no broker runs with" in said.err

    assert run(home, "agents") == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed == [
        f"{router}  router  revoked  Hall",
        f"{home.agents['Attic']}  router  certificate until 2030-12-31  Attic",
    ]
    assert list(read_home(home.directory).agents) == ["Attic"]


def test_a_home_without_agents_says_so_and_how_one_comes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = create_home(tmp_path / "new home", ["192.168.77.2"], [], 8883, [], CLOCK)
    assert run(home, "agents") == 0
    assert "no agents yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [("revoke-agent", "Nobody"), ("rename-agent", "Nobody", "X"), ("rename-agent", "Router", "Attic")]
)
def test_what_cannot_be_done_is_said_and_not_done(
    home: Home, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    before = Registry(home.directory).read()

    assert run(home, *words) == 2

    assert capsys.readouterr().err.startswith("stairgate home: agent: expected ")
    assert Registry(home.directory).read() == before


def test_the_signing_key_is_changed_in_two_runs(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(home, "rotate-signing-key") == 0
    assert "announced the next signing key" in capsys.readouterr().out
    assert run(home, "rotate-signing-key") == 2
    assert capsys.readouterr().err.count("expected to have heard of the next key") == 2
    assert run(home, "rotate-signing-key", "--force") == 0
    key = SigningKey.load(home.directory / "signing" / "policy.key")
    assert f"signed by the key {key.key_id} from now on" in capsys.readouterr().out


def test_the_root_key_may_lie_in_a_drawer(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home.directory / "root" / "root.key"
    rows = key_rows(home.id, SigningKey.load(path).secret())
    path.unlink()

    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join([*rows[:3], rows[0]]) + "\n\n"))
    assert run(home, "rotate-signing-key", "--by-root") == 2
    assert "row 4" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.StringIO("x" * 100_000))
    assert run(home, "rotate-signing-key", "--by-root") == 2
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(rows) + "\n\n"))
    assert run(home, "rotate-signing-key", "--by-root") == 0

    assert TrustChain(home.directory).latest().revision == CLOCK.wall()
    assert not path.exists()
    assert run(home, "recovery-kit") == 1
    said = capsys.readouterr()
    assert not any(row in said.out + said.err for row in rows)


def test_renewal_says_what_was_done_and_what_the_hub_will_do(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(home, "renew") == 0
    assert "nothing" in capsys.readouterr().out
    later = FixedClock(CLOCK.wall() + 4.8 * 365 * 86400)

    assert run(home, "renew", clock=later) == 0

    said = capsys.readouterr().out
    assert "renewed: hub, broker" in said
    assert "the hub sends a new certificate to Router when both are running" in said
    assert "no broker runs with" in said
