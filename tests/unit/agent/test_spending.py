"""How long a grant lasts that a budget ends: half of what is left, minute by minute, and the last one to its end."""

import pytest

from stairgate.agent.grants import grant_of
from stairgate.agent.spending import Budgeted, Spending, budgeted, spending_of
from stairgate.core.decide import Decision, decide_all
from stairgate.core.records import Budget, Device, Policy, Week
from tests.lab.policies import family_policy, pause
from tests.unit.agent.rig import NOON

NOW, AT = int(NOON), 1000.0
MINUTE_ENDS = 1020.0
SHARED = Device("dshared", ("02:00:5e:10:00:09",), ("pben", "pmia"), "tablet", ())


def limited(**minutes: int) -> Policy:
    """By person; both share a tablet."""
    family = family_policy()
    lines = tuple(Budget(person, "total", (each,) * 7, 0) for person, each in minutes.items())
    return family._replace(budgets=lines, devices=tuple(sorted((*family.devices, SHARED))))


def looked(policy: Policy, used: dict[str, int], expected: dict[str, int] | None = None, now: float = NOW) -> Budgeted:
    minutes = {person: {"total": each} for person, each in used.items()}
    spending = spending_of(policy, now, minutes, MINUTE_ENDS, expected or {})
    return budgeted(policy, decide_all(policy, int(now), minutes), now, AT, spending)


# minutes left, of those this minute takes, seconds from now on: to the end, and of the grant
SHRINKING = [
    (60, 0, 20 + 3600, 20 + 1800),
    (60, 1, 20 + 3540, 20 + 1800),
    (10, 1, 20 + 540, 20 + 300),
    (3, 1, 20 + 120, 20 + 60),
    (2, 1, 20 + 60, 20 + 60),
    (1, 1, 20, 20),
    (1, 0, 20 + 60, 20 + 60),
    # A silence that is bridged takes more minutes at once than are left: this one is the last.
    (1, 4, 20, 20),
]


@pytest.mark.parametrize(("left", "taken", "to_end", "of_grant"), SHRINKING)
def test_the_grant_shrinks_with_what_is_left(left: int, taken: int, to_end: int, of_grant: int) -> None:
    found = looked(limited(pmia=90), {"pmia": 90 - left}, {"pmia": taken})

    assert found.decisions["dphone"].until == NOW + to_end
    assert found.grant_ends["dphone"] == NOW + of_grant
    grant = grant_of("dphone", found.decisions["dphone"], NOW, found.grant_ends["dphone"])
    assert grant is not None and grant.milliseconds == of_grant * 1000


@pytest.mark.parametrize("later", [0.0, 0.3, 0.9995])
def test_within_a_second_the_ends_are_the_same_and_never_before_the_minute(later: float) -> None:
    found = looked(limited(pmia=10), {"pmia": 4}, {"pmia": 1}, NOW + later)

    assert 0 <= found.grant_ends["dphone"] - (NOW + later + 20 + 180) < 1


def test_the_device_of_two_ends_with_the_first_of_them() -> None:
    found = looked(limited(pben=30, pmia=90), {"pben": 20, "pmia": 10}, {"pben": 1, "pmia": 1})

    assert found.decisions["dshared"] == found.decisions["dlaptop"]
    assert found.decisions["dphone"].until == NOW + 20 + 79 * 60


def test_whom_another_rule_ends_is_left_to_it() -> None:
    bedtime = Week("pmia", 127, 12 * 60 + 5, 13 * 60, "closed")
    policy = limited(pmia=90)._replace(weeks=(bedtime,))
    found = looked(policy, {"pmia": 10}, {"pmia": 1})
    assert found.grant_ends == {}
    assert found.decisions["dphone"].until == NOW + 300

    paused = limited(pmia=90)._replace(overrides=(pause("pmia", NOW - 60, NOW + 4800),))
    assert looked(paused, {"pmia": 10}).decisions["dphone"] == Decision(
        "closed", NOW + 4800, "pause", "override opmia", "open"
    )


def test_without_a_limit_nothing_is_cut_short() -> None:
    policy = limited(pmia=-1)

    assert spending_of(policy, NOW, {}, MINUTE_ENDS, {"pmia": 1}) == {}
    assert looked(policy, {"pmia": 400}).grant_ends == {}


def test_a_spent_budget_is_closed_by_the_rules_and_not_here() -> None:
    found = looked(limited(pmia=90), {"pmia": 90})

    assert found.decisions["dphone"].level == "closed"
    assert found.grant_ends == {}
    assert spending_of(limited(pmia=90), NOW, {"pmia": {"total": 90}}, MINUTE_ENDS, {}) == {
        "pmia": Spending(0, MINUTE_ENDS, MINUTE_ENDS)
    }
