"""What a budget does to a grant: when it ends while the minutes are being used, and how long a grant may last before.

It decides that a grant which a budget ends is cut in half of what is left, renewed minute by minute, so that an agent
that dies, or another one that counts for the same person, can cost half a budget at most; and that the kernel itself
ends the last minute. How many minutes are left is `core.budget`'s, how grants become elements `grants`'.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from stairgate.agent.activity_data import TOTAL
from stairgate.agent.meter import MINUTE_SECONDS
from stairgate.core.budget import allowances
from stairgate.core.decide import Decision
from stairgate.core.records import Policy

# Minutes by person and category, as `decide` takes them.
Used = dict[str, dict[str, int]]


class Spending(NamedTuple):
    """A person's total budget while it is used. left: whole minutes, as counted so far.

    ends: when it is spent, were it used all the time from now on; grant_ends: until when a grant may last. Both in
    seconds of the monotonic clock.
    """

    left: int
    ends: float
    grant_ends: float


class Budgeted(NamedTuple):
    """Decisions with their ends as the budgets have them. grant_ends: by device, where a budget ends the grant."""

    decisions: dict[str, Decision]
    grant_ends: dict[str, float]


def spending_of(
    policy: Policy, now: float, used: Used, minute_ends: float, expected: Mapping[str, int]
) -> dict[str, Spending]:
    """By person, of those whose total is limited today.

    now: UTC seconds. minute_ends: of the minute that is not judged yet, monotonic seconds. expected: how many minutes
    would be counted for a person, were it over now; who is not in it does nothing at the moment.
    """
    found = {}
    for person in policy.persons:
        for row in allowances(policy, person.id, int(now), used):
            if row.category == TOTAL and row.left is not None:
                # Those that the minute will take are as good as spent.
                after = max(0, row.left - expected.get(person.id, 0))
                whole, half = (minute_ends + MINUTE_SECONDS * minutes for minutes in (after, math.ceil(after / 2)))
                found[person.id] = Spending(row.left, whole, half)
    return found


def budgeted(
    policy: Policy,
    decisions: Mapping[str, Decision],
    now: float,
    monotonic: float,
    spending: Mapping[str, Spending],
) -> Budgeted:
    """Decisions of one moment, `now` in UTC seconds and `monotonic`, with budgets counted to the minute's end.

    Only those are changed that a spent budget ends; whoever is closed, or ends by another rule, stays as decided.
    """
    made: dict[str, Decision] = dict(decisions)
    grant_ends: dict[str, float] = {}
    for device in policy.devices:
        decision = decisions[device.id]
        if decision.level == "closed" or decision.next_level != "closed" or decision.until is None:
            continue
        ending = [
            spending[person]
            for person in device.persons
            if person in spending and decision.until == int(now) + MINUTE_SECONDS * spending[person].left
        ]
        if ending:
            # Up to a second later than the minute, never before it: who judges the minute must find the gate open.
            until, grant_end = (
                math.ceil(now + min(ends) - monotonic - 0.001)
                for ends in ([each.ends for each in ending], [each.grant_ends for each in ending])
            )
            made[device.id] = decision._replace(until=until)
            grant_ends[device.id] = grant_end
    return Budgeted(made, grant_ends)
