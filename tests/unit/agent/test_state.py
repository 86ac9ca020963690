"""What is on the disk after a power cut: the whole policy, the one before it, or something that sync refuses."""

import json
from pathlib import Path

import pytest

from stairgate.agent import sync
from stairgate.agent.state import State
from stairgate.core.limits import ROUTER_POLICY_BYTES
from stairgate.core.records import Policy
from stairgate.core.refused import Refused
from tests.lab.policies import AGENT_ID, HOME_ID
from tests.unit.agent.rig import identity, signed

SMALLEST = Policy(HOME_ID, AGENT_ID, 7, 1_700_000_000, (), None, *[()] * 14)


def test_without_a_policy_there_is_none(tmp_path: Path) -> None:
    assert State(str(tmp_path / "state")).load_policy() is None


def test_the_folder_is_the_owner_s_alone(tmp_path: Path) -> None:
    folder = tmp_path / "agent" / "state"
    State(str(folder)).save_policy(b"policy")

    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]


def test_the_document_saved_last_is_loaded_by_the_next_process(tmp_path: Path) -> None:
    state = State(str(tmp_path))
    state.save_policy(b"first, and longer")
    state.save_policy(b"second")

    assert State(str(tmp_path)).load_policy() == b"second"


def test_cut_at_every_byte_it_is_refused_or_whole(tmp_path: Path) -> None:
    state, whole = State(str(tmp_path)), signed(SMALLEST)
    state.save_policy(whole)
    (path,) = tmp_path.iterdir()

    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(Refused):
            sync.open_policy(state.load_policy() or b"", identity())

    path.write_bytes(whole)
    assert sync.open_policy(state.load_policy() or b"", identity()).revision == 7


def test_a_temporary_file_left_by_a_power_cut_is_in_nobody_s_way(tmp_path: Path) -> None:
    state = State(str(tmp_path))
    state.save_policy(b"good")
    (tmp_path / "policy.new").write_bytes(b"half of")

    assert State(str(tmp_path)).load_policy() == b"good"
    state.save_policy(b"better")
    assert State(str(tmp_path)).load_policy() == b"better"
    assert [path.name for path in tmp_path.iterdir()] == ["policy"]


def test_a_file_larger_than_any_policy_is_not_read(tmp_path: Path) -> None:
    state = State(str(tmp_path))
    state.save_policy(bytes(ROUTER_POLICY_BYTES))
    assert state.load_policy() == bytes(ROUTER_POLICY_BYTES)

    state.save_policy(bytes(ROUTER_POLICY_BYTES + 1))

    with pytest.raises(ValueError, match="expected at most 16384 bytes"):
        state.load_policy()


def test_numbers_come_back_in_order(tmp_path: Path) -> None:
    numbers = {"dz": 3, "da": 1, "dm": 1023}
    State(str(tmp_path)).save_numbers(numbers)

    assert list(State(str(tmp_path)).load_numbers().items()) == list(numbers.items())


UNUSABLE = {
    "nothing": b"",
    "cut": b'{"da": 1',
    "a list": b"[1]",
    "deep": b"[" * 60_000,
    "not UTF-8": b"\xff\xfe{}",
    "zero": b'{"da": 0}',
    "too high for the mark": b'{"da": 1024}',
    "a truth": b'{"da": true}',
    "a text": b'{"da": "1"}',
    "a list in it": b'{"da": [1]}',
    "two devices with one number": b'{"da": 5, "db": 5}',
    "huge": json.dumps({f"d{number}": number for number in range(1, 9000)}).encode(),
}


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE)
def test_numbers_that_are_not_usable_are_given_anew(tmp_path: Path, content: bytes) -> None:
    State(str(tmp_path)).save_numbers({"da": 1})
    (tmp_path / "numbers.json").write_bytes(content)

    assert State(str(tmp_path)).load_numbers() == {}
