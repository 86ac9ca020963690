"""The core's decisions against the oracle's: every minute of a day and a half around each change of the clock."""

from collections.abc import Callable

import pytest

from stairgate.core.decide import decide
from stairgate.core.policy import Budget, Date, Override, Policy, Quiet, Week
from tests.unit.core.families import TRANSITIONS, make, noon
from tests.unit.core.oracle import Oracle

DAY = 86400
MINUTES = 36 * 60


def nights(zone: str, day: str) -> Policy:
    """Overnight windows, windows inside the skipped and doubled hour, and limited ones by day."""
    return make(
        zone,
        weeks=(
            Week("pa", 79, 1230, 420, "closed"),
            Week("pa", 48, 1290, 480, "closed"),
            Week("pa", 127, 900, 1020, "limited"),
            Week("pb", 127, 15, 45, "closed"),
            Week("pb", 127, 90, 100, "limited"),
            Week("pb", 127, 105, 135, "closed"),
            Week("pb", 127, 150, 170, "closed"),
        ),
    )


def exceptions(zone: str, day: str) -> Policy:
    """Dates over the week, overrides around the change, a closed default with open windows."""
    change = noon(zone, day)
    return make(
        zone,
        default_level="closed",
        weeks=(Week("pa", 127, 360, 1320, "open"), Week("pb", 127, 1320, 360, "closed")),
        dates=(
            Date("pa", day, day, ((120, 180, "limited"), (600, 300, "open"))),
            Date("pb", day, day, ()),
        ),
        overrides=(
            Override("oa", "pa", "pause", change - 13 * 3600, change - 8 * 3600, 0, ""),
            Override("ob", "dab", "open", change - 11 * 3600, change - 9 * 3600, 0, ""),
            Override("oc", "pb", "bonus", change + 11 * 3600, change + 13 * 3600, 30, ""),
        ),
    )


def quiet_hours(zone: str, day: str) -> Policy:
    """Quiet hours that close and that only tell, over the nights and inside the skipped and doubled hour."""
    change = noon(zone, day)
    return make(
        zone,
        weeks=(Week("pa", 127, 1320, 360, "closed"),),
        overrides=(Override("ob", "dab", "open", change - 11 * 3600, change - 9 * 3600, 0, ""),),
    )._replace(
        quiets=(
            Quiet("da", ((79, 1230, 420), (127, 150, 170), (16, 840, 900)), "close"),
            Quiet("dab", ((127, 1290, 390), (127, 105, 135)), "close"),
            Quiet("db", ((127, 0, 0),), "tell"),
        )
    )


def budgets(zone: str, day: str) -> Policy:
    """Budgets whose day begins at different minutes, also inside the skipped or doubled hour."""
    change = noon(zone, day)
    return make(
        zone,
        weeks=(Week("pa", 127, 1380, 300, "closed"),),
        budgets=(
            Budget("pa", "total", (45, 50, 55, 60, 65, 70, 75), 150),
            Budget("pb", "total", (-1, 300, 300, 300, 300, 90, 20), 30),
        ),
        overrides=(
            Override("ob", "pb", "bonus", change - 3600, change, 25, ""),
            Override("og", "pa", "give", change - 9 * 3600, change - 9 * 3600 + 60, 15, ""),
            Override("oo", "pa", "open", change - 12 * 3600, change - 9 * 3600, 0, ""),
        ),
    )


@pytest.mark.parametrize(("zone", "day"), TRANSITIONS)
@pytest.mark.parametrize("family", [nights, exceptions])
# The shared device at every minute; those of one person at minutes that meet every quarter of the hour in turn.
@pytest.mark.parametrize(("device", "step"), [("dab", 1), ("da", 7), ("db", 7)])
def test_every_minute_has_the_oracles_level(
    device: str, step: int, family: Callable[[str, str], Policy], zone: str, day: str
) -> None:
    policy = family(zone, day)
    begin = noon(zone, day) - 24 * 3600
    oracle = Oracle(policy, device, begin, {})
    levels = [oracle.level(begin + minute * 60) for minute in range(MINUTES)]
    assert len(set(levels)) > 1
    change: int | None = None
    for minute in reversed(range(MINUTES)):
        if minute + 1 < MINUTES and levels[minute + 1] != levels[minute]:
            change = begin + (minute + 1) * 60
        if minute % step:
            continue
        decision = decide(policy, device, begin + minute * 60, {})
        assert decision.level == levels[minute]
        # `until` is the oracle's next minute with another level, where that lies within its minutes.
        if change is not None:
            assert decision.until == change
        else:
            assert decision.until is None or decision.until >= begin + MINUTES * 60


@pytest.mark.parametrize(("zone", "day"), TRANSITIONS)
def test_budgets_run_out_when_the_oracle_has_counted_them(zone: str, day: str) -> None:
    policy = budgets(zone, day)
    begin = noon(zone, day) - 36 * 3600
    changes = 0
    for device in ("da", "db", "dab"):
        for hour in range(0, 60, 5):
            for used in (0, 30, 80):
                now = begin + hour * 3600 + 7 * 60
                minutes = {"pa": {"total": used}, "pb": {"total": used}}
                oracle = Oracle(policy, device, now, minutes)
                decision = decide(policy, device, now, minutes)
                assert decision.level == oracle.level(now)
                horizon = now + DAY // 2
                change = oracle.next_change(horizon)
                if change is None:
                    assert decision.until is None or decision.until >= horizon
                else:
                    changes += 1
                    assert (decision.until, decision.next_level) == change
    assert changes > 50


@pytest.mark.parametrize(("zone", "day"), TRANSITIONS)
@pytest.mark.parametrize("device", ["dab", "da", "db"])
def test_quiet_hours_are_the_oracles(device: str, zone: str, day: str) -> None:
    policy = quiet_hours(zone, day)
    begin = noon(zone, day) - 24 * 3600
    oracle = Oracle(policy, device, begin, {})
    levels = [oracle.level(begin + minute * 60) for minute in range(MINUTES)]
    assert ("closed" in levels) == (device != "db")
    # At minutes that meet every quarter of the hour in turn.
    for minute in range(0, MINUTES, 7):
        decision = decide(policy, device, begin + minute * 60, {})
        assert decision.level == levels[minute]
        ahead = levels[minute:]
        change = next((later for later, level in enumerate(ahead) if level != levels[minute]), None)
        assert decision.until is None or change is None or decision.until == begin + (minute + change) * 60
        assert (decision.until is None) == (device == "db")


def test_the_oracle_notices_a_wrong_window() -> None:
    zone, day = TRANSITIONS[0]
    begin = noon(zone, day) - 36 * 3600
    right = nights(zone, day)
    wrong = make(zone, weeks=(*right.weeks[1:], right.weeks[0]._replace(end=right.weeks[0].end + 1)))
    oracle = Oracle(right, "dab", begin, {})
    differences = [
        minute
        for minute in range(MINUTES)
        if oracle.level(begin + minute * 60) != decide(wrong, "dab", begin + minute * 60, {}).level
    ]
    assert differences
