"""The talking bear on the real MicroPython: it plays without a hub, opens by its gesture, counts, shows its light."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.core.ledger import START, Entry, read_entry
from stairgate.provisioning.signing import SigningKey
from stairgate.provisioning.toy_command import body_of
from tests.lab.processes import wait_until
from tests.micro.interpreter import ROOT, find_micropython, micropython_environment, run_micropython

EXAMPLES = ROOT / "micro" / "stairgate" / "micro" / "examples"


@pytest.fixture
def said(tmp_path: Path) -> Iterator[Path]:
    """The file to which a running bear prints; the bear's own folder is `bear` beside it."""
    maker = SigningKey.create()
    body, _ = body_of((EXAMPLES / "bear.declaration").read_bytes())
    (tmp_path / "bear.signed").write_bytes(maker.sign("declaration", body))
    with (tmp_path / "said").open("wb") as output:
        process = subprocess.Popen(
            [
                find_micropython(),
                "-X",
                "heapsize=300k",
                str(EXAMPLES / "bear.py"),
                str(tmp_path / "bear.signed"),
                maker.point.hex(),
                str(tmp_path / "bear"),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=micropython_environment(),
            cwd=tmp_path,
        )
    yield tmp_path / "said"
    process.kill()
    process.wait()


def entries(folder: Path) -> list[Entry]:
    """What stands in the bear's ledger."""
    found, before = [], START
    for path in sorted((folder / "ledger").glob("*")):
        for line in path.read_bytes().split(b"\n")[1:-1]:
            before, entry = read_entry(before, line)
            found.append(entry)
    return found


def test_the_bear_plays_and_opens_its_ears_by_the_gesture_only(said: Path) -> None:
    folder = said.parent / "bear"
    wait_until("the bear plays", lambda: "deaf no_hub" in said.read_text())
    assert "light on" not in said.read_text()
    (said.parent / "bear.gesture").write_text("both_paws")
    wait_until("the bear hears", lambda: "answers 8000 bytes" in said.read_text())
    lines = said.read_text().splitlines()
    heard = lines.index("answers 8000 bytes")
    assert lines[heard - 1] == "light on"
    wait_until("the light is off", lambda: "light off" in said.read_text().splitlines()[heard:])
    wait_until("it is counted", lambda: any(entry.kind == "collected" for entry in entries(folder)))
    told = [(entry.kind, entry.row, entry.where) for entry in entries(folder)]
    assert ("refused", "answers", "microphone:no_hub") in told
    assert ("opened", "answers", "microphone:gesture") in told
    assert next(entry.amount for entry in entries(folder) if entry.kind == "collected") == 8000
    assert said.read_text().count("Traceback") == 0


def test_a_gate_closes_at_every_step_of_a_verification() -> None:
    result = run_micropython(["tests/micro/closing.py"])
    figures = {line["figure"]: line["value"] for line in map(json.loads, result.stdout.splitlines())}
    assert result.returncode == 0, result.stdout + result.stderr
    assert figures["verify_steps"] >= 30
    assert figures["gate_close_us_while_verifying"] > 0
