"""The storm's dice and its model of a family: the same seed brings the same storm, and undo puts back what was."""

import itertools

import pytest

from tests.lab.family_model import ChildModel
from tests.lab.storm import GROUPS, steps

MANY = 500


def test_the_same_seed_brings_the_same_steps() -> None:
    first, again = (list(itertools.islice(steps(7), MANY)) for _ in range(2))

    assert first == again
    assert first != list(itertools.islice(steps(8), MANY))


def test_every_fault_comes_and_ends_and_never_two_of_a_group() -> None:
    running: set[str] = set()
    begun = set()
    for step in itertools.islice(steps(3), MANY):
        if step.kind == "begin":
            running.add(step.what)
            begun.add(step.what)
        elif step.kind == "end":
            running.remove(step.what)
        assert all(len(running & set(group)) <= 1 for group in GROUPS)

    assert begun == {name for group in GROUPS for name in group}


@pytest.mark.parametrize(
    ("acts", "is_open"),
    [
        ([], True),
        (["pause"], False),
        (["bonus", "pause"], False),
        (["pause", "bonus"], True),
        (["pause", "bonus", "end"], False),
        (["pause", "bonus", "end", "end"], True),
        (["pause", "bonus", "bonus", "bonus", "bonus", "end"], True),
        (["pause", "bonus", "pause", "bonus", "end"], False),
        (["pause", "bonus", "end", "undo"], True),
        (["pause", "end"], True),
        (["pause", "end", "undo"], False),
        (["bonus", "pause", "undo"], True),
        (["pause", "pause", "undo"], False),
    ],
)
def test_what_acts_leave_open(acts: list[str], is_open: bool) -> None:
    child = ChildModel()
    for act in acts:
        child.act(act)

    assert child.is_open is is_open


@pytest.mark.parametrize(
    ("acts", "is_open"),
    [
        ([], False),
        (["bonus"], True),
        (["bonus", "undo"], False),
        (["bonus", "pause", "end"], True),
        (["bonus", "pause", "end", "end"], False),
    ],
)
def test_a_bedtime_closes_unless_there_is_extra_time(acts: list[str], is_open: bool) -> None:
    child = ChildModel()
    child.bedtime = True
    for act in acts:
        child.act(act)

    assert child.is_open is is_open


def test_there_is_one_undo() -> None:
    child = ChildModel()
    child.act("pause")
    child.act("undo")

    assert not child.can_undo
    with pytest.raises(ValueError, match="nothing"):
        child.act("undo")
