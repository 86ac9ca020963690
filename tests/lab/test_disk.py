"""Disks that are really full or read-only: the family's rules hold, the parent is told, and it heals by itself."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent.gate import GRANTED
from stairgate.agent.gate_rules import render_removal
from stairgate.agent.grants import mac_key
from stairgate.agent.state import State
from tests.lab import network
from tests.lab.agent_rig import SETTINGS, Agent, paused
from tests.lab.policies import family_policy

BENS = {mac_key(network.LAPTOP.mac)}
EVERYBODY = BENS | {mac_key(network.PHONE.mac), mac_key(network.CONSOLE.mac)}


@pytest.fixture
def disk(home_network: None, tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 KB: room for the agent's files and not much else."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k,mode=700", "small", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def agent(disk: Path) -> Iterator[Agent]:
    with network.inside("router"):
        made = Agent(disk / "state")
        yield made
    made.close()
    network.nft("router", render_removal(SETTINGS))


def fill(disk: Path) -> Path:
    """Leave not a byte."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(512))
    return filler


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


def files(disk: Path) -> set[str]:
    return {path.name for path in (disk / "state").iterdir()}


def test_a_full_disk_keeps_no_gate_open_and_is_forgotten_when_there_is_space(agent: Agent, disk: Path) -> None:
    assert (agent.receive(family_policy(5)).state, agent.elements(GRANTED)) == ("applied", EVERYBODY)
    before, named = State(str(disk / "state")).load_policy(), files(disk)
    filler = fill(disk)

    hello = agent.receive(paused(6))

    assert agent.elements(GRANTED) == BENS
    assert (hello.state, hello.reason, hello.revision) == ("applied", "not_saved", 6)
    assert (State(str(disk / "state")).load_policy(), files(disk)) == (before, named)
    filler.unlink()
    agent.turn_until("the disk's recovery", lambda: agent.hello().reason == "")
    assert State(str(disk / "state")).load_policy() != before
    assert agent.hello().state == "applied"


def test_a_read_only_disk_keeps_no_gate_open_and_is_forgotten_when_it_is_writable(agent: Agent, disk: Path) -> None:
    agent.receive(family_policy(5))
    remount(disk, "ro")

    hello = agent.receive(paused(6))

    assert agent.elements(GRANTED) == BENS
    assert (hello.reason, hello.revision) == ("not_saved", 6)
    assert agent.receive(family_policy(7)).reason == "not_saved"
    remount(disk, "rw")
    agent.turn_until("the disk's recovery", lambda: agent.hello().reason == "")
    state = State(str(disk / "state"))
    assert b'"rtest",7,' in (state.load_policy() or b"")
    # What was in force before it, and never the one before that.
    assert b'"rtest",6,' in (state.load_previous() or b"")
    assert not any(name.endswith(".new") for name in files(disk))


def test_an_agent_starts_and_enforces_on_a_disk_that_was_read_only_from_the_first(disk: Path) -> None:
    remount(disk, "ro")
    with network.inside("router"):
        agent = Agent(disk / "state")
        hello = agent.receive(paused(6))
        closed = agent.elements(GRANTED)
        remount(disk, "rw")
        agent.turn_until("the disk's recovery", lambda: agent.hello().reason == "")
    agent.close()
    network.nft("router", render_removal(SETTINGS))

    assert (closed, hello.reason) == (BENS, "not_saved")
    assert State(str(disk / "state")).load_policy() is not None


def test_what_crashes_left_behind_does_not_pile_up_on_a_small_disk(agent: Agent, disk: Path) -> None:
    agent.receive(family_policy(5))
    agent.receive(paused(6))
    named = files(disk)
    for name in ("policy", "constants", "clock"):
        with contextlib.suppress(OSError):
            (disk / "state" / f"{name}.new").write_bytes(bytes(5000))
    fill(disk)

    with network.inside("router"):
        again = Agent(disk / "state")
        (disk / "filler").unlink()
        again.turn_until("a hello", lambda: again.receive(family_policy(7)).reason == "")
        again.close()

    assert files(disk) == named
