"""The check of what presets block by mistake: enough names, none wrong today, and it fails where one is."""

import json
from collections import Counter
from pathlib import Path

import pytest

from stairgate.core.fields import is_name
from stairgate.hub.list_entry import Entry
from tests import overblock


def test_there_are_enough_names_of_every_kind() -> None:
    names = overblock.read_names()
    groups = Counter(names.values())
    assert len(names) >= 500
    assert all(is_name(name) for name in names)
    assert set(groups) > overblock.PROTECTED
    assert all(groups[group] >= 50 for group in overblock.PROTECTED)
    assert sum(groups[group] for group in groups.keys() - overblock.PROTECTED) >= 300


def test_nothing_is_blocked_that_must_be_open(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert overblock.main(tmp_path / "no list") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    figures = {line["figure"]: line["value"] for line in lines}
    assert figures["overblock_names"] == len(overblock.read_names())
    bands = ("0-5", "6-9", "10-12", "13-15", "16-17")
    assert [figures[f"overblock_blocked_{band}"] for band in bands] == [0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("name", "tag", "presets"),
    [
        ("scarleteen.com", "adult", ["13-15", "16-17"]),
        ("childline.org.uk", "adult", ["0-5", "6-9", "10-12", "13-15", "16-17"]),
        ("example-not-there.org", "adult", []),
    ],
)
def test_it_fails_where_a_list_takes_a_protected_name(tmp_path: Path, name: str, tag: str, presets: list[str]) -> None:
    names = overblock.read_names()
    wrong_list = [Entry(name, (tag,), "list")]
    without = overblock.blocked_by(overblock.write_pack(tmp_path / "a.pack", wrong_list, kept=False), names)
    assert [one.preset for one in overblock.wrong(without) if one.name == name] == presets
    assert bool(overblock.check(names, without, [])) == bool(presets)
    assert bool(overblock.check(names, [], without)) == bool(presets)
    saved = overblock.blocked_by(overblock.write_pack(tmp_path / "b.pack", wrong_list), names)
    assert overblock.wrong(saved) == []


def test_it_fails_where_too_much_else_is_blocked(tmp_path: Path) -> None:
    names = overblock.read_names()
    others = [name for name, group in names.items() if group == "schools"]
    found = overblock.blocked_by(
        overblock.write_pack(tmp_path / "a.pack", [Entry(name, ("gambling",), "list") for name in others], kept=False),
        names,
    )
    assert overblock.wrong(found) == []
    assert len(overblock.check(names, found, [])) == 5
