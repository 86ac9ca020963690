"""The core beside the oracle: for one zone, whole ranges of minutes, and moments with budgets.

It decides what is compared and counts it. A difference is a line that says where, what the core answered and what the
oracle did; whether there may be any is `check`'s part.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import pairwise
from random import Random

from stairgate.core.budget import allowances, spent_categories
from stairgate.core.decide import Decision, decide
from stairgate.core.policy import Policy, read_policy
from stairgate.core.usage import used_of
from tests.time.oracle import MINUTE, Allowed, Oracle
from tests.time.plan import DEVICES, Plan, random_budgets, random_calendar
from tests.time.wire import body_of, book_of

DAY = 86400
HORIZON = DAY + DAY // 2
MARGIN = 4 * DAY  # a family day may have fifty hours, with a travel


@dataclass
class Findings:
    """instants: minutes and seconds at which core and oracle both answered. decisions: calls of the core."""

    instants: int = 0
    decisions: int = 0
    transitions: int = 0
    differences: list[str] = field(default_factory=list)

    def compare(self, where: str, core: object, oracle: object) -> None:
        """Note a difference."""
        if core != oracle:
            self.differences.append(f"{where}: the core says {core}, the oracle {oracle}")


def day_of(utc: int) -> date:
    """The date in UTC."""
    return datetime.fromtimestamp(utc, UTC).date()


def compare_range(findings: Findings, zone: str, begin: int, end: int, seed: str, devices: tuple[str, ...]) -> None:
    """A random family without budgets, at every minute of a range of whole UTC minutes.

    Each decision is asked for at the second at which the last one ended, and once more in between, at any second. Its
    level must be the oracle's at each minute until the second that it names, and there the next one.
    """
    source = Random(f"{zone} {seed}")
    plan = random_calendar(source, zone, day_of(begin), (end - begin) // DAY, away=source.random() < 0.5)
    policy, oracle = read_policy(body_of(plan)), Oracle(plan, begin, end)
    for device in devices:
        changes: list[tuple[int, str] | None] = [*oracle.changes(device), None]
        for held, change in pairwise(changes):
            assert held is not None
            since, level = held
            until = change[0] if change else end
            findings.instants += (until - since) // MINUTE
            for now in {since, source.randrange(since, until)}:
                answer = decide(policy, device, now, {})
                findings.decisions += 1
                _compare_answer(findings, f"{zone} {seed} {device} at {now}", answer, level, change, end)


def _compare_answer(
    findings: Findings, where: str, answer: Decision, level: str, change: tuple[int, str] | None, horizon: int
) -> None:
    findings.compare(where, answer.level, level)
    if change is not None:
        findings.compare(where, (answer.until, answer.next_level), change)
    elif answer.until is not None and answer.until < horizon:
        findings.compare(where, (answer.until, answer.next_level), "no change")


def compare_budgets(findings: Findings, zone: str, around: int, seed: str, moments: int) -> None:
    """A random family with budgets and minutes used, at some moments of two days around a second."""
    plan = random_budgets(Random(f"{zone} {seed}"), zone, around, away=seed[-1] in "37")
    policy = read_policy(body_of(plan))
    for vector in budget_moments(plan, around, seed, moments):
        _compare_moment(findings, f"{zone} {seed}", policy, vector)


@dataclass(frozen=True)
class Moment:
    """What the oracle says of a plan at a moment.

    used: minutes by person and category of budget. budgets: category, limit, used, left, end of the family day of each
    person; spent: categories by person; change: before `horizon`.
    """

    plan: Plan
    device: str
    now: int
    horizon: int
    level: str
    change: tuple[int, str] | None
    budgets: dict[str, list[tuple[str, int | None, int, int | None, int]]]
    spent: dict[str, tuple[str, ...]]


def budget_moments(plan: Plan, around: int, seed: str, count: int) -> Iterator[Moment]:
    """Some moments of the two days around a second, each with all that the oracle says."""
    source = Random(seed + " moments")
    begin = around - around % MINUTE - MARGIN - DAY
    oracle = Oracle(plan, begin, around - around % MINUTE + MARGIN + DAY + HORIZON)
    for number in range(count):
        near = source.choice((3600, 3 * 3600, DAY // 2, DAY))
        now = around + source.randrange(-near, near)
        now -= now % MINUTE if source.random() < 0.5 else 0
        device = tuple(DEVICES)[number % len(DEVICES)]
        level, change = oracle.in_use(device, now, now + HORIZON)
        rows = {name: _budget_rows(oracle, name, now) for name in oracle.people}
        spent = {name: _spent(oracle, name, found, now) for name, found in rows.items()}
        spent = {name: found for name, found in spent.items() if found}
        yield Moment(plan, device, now, now + HORIZON, level, change, rows, spent)


def _budget_rows(oracle: Oracle, name: str, now: int) -> list[tuple[str, int | None, int, int | None, int]]:
    held = [(what, budget) for (who, what), budget in oracle.budgets.items() if who == name]
    return [
        _budget_row(category, budget, now, oracle)
        for category, budget in sorted(held, key=lambda row: (row[0] != "total", row[0]))
    ]


def _budget_row(
    category: str, budget: Allowed, now: int, oracle: Oracle
) -> tuple[str, int | None, int, int | None, int]:
    limit = budget.limit(now, oracle.overrides_of(budget.person.plan.id))
    used = budget.used.get(budget.day(now), 0)
    return category, limit, used, None if limit is None else max(0, limit - used), budget.end(now)


def _spent(
    oracle: Oracle, name: str, rows: list[tuple[str, int | None, int, int | None, int]], now: int
) -> tuple[str, ...]:
    if {o.kind for o in oracle.overrides_of(name) if o.start <= now < o.until} & {"open", "bonus"}:
        return ()
    return tuple(category for category, _, _, left, _ in rows if left == 0 and category != "total")


def _compare_moment(findings: Findings, where: str, policy: Policy, expected: Moment) -> None:
    now = expected.now
    where = f"{where} {expected.device} at {now}"
    used = used_of(policy, now, book_of(expected.plan))
    answer = decide(policy, expected.device, now, used)
    findings.decisions += 1
    findings.instants += (expected.change[0] if expected.change else expected.horizon) // MINUTE - now // MINUTE
    _compare_answer(findings, where, answer, expected.level, expected.change, expected.horizon)
    for name, rows in expected.budgets.items():
        findings.compare(
            f"{where}, budgets of {name}", [tuple(row) for row in allowances(policy, name, now, used)], rows
        )
    findings.compare(f"{where}, spent", spent_categories(policy, now, used), expected.spent)
