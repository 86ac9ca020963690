"""What must hold for the decision of any policy at any second."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from stairgate.core.decide import REASONS, decide
from stairgate.core.policy import Budget, Date, Override, Policy, Travel, Week, Zone, check_policy, write_policy
from stairgate.core.zone import clock_of, family_day
from stairgate.provisioning.zones import zone_changes
from tests.unit.core.families import FROM_UTC, make

DAY = 86400
YEARS = 8 * 365 * DAY
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns")
EXAMPLES = settings(max_examples=150, deadline=None, derandomize=True)

minutes = st.sampled_from([0, 1, 29, 30, 90, 119, 120, 150, 179, 180, 420, 719, 1230, 1439]) | st.integers(0, 1439)
levels = st.sampled_from(["open", "limited", "closed"])
# As far from each other as zones are: 25 hours.
FAR = tuple(
    Zone(name, place, zone_changes(place, FROM_UTC, 1))
    for name, place in (("zk", "Pacific/Kiritimati"), ("zp", "Pacific/Pago_Pago"))
)
people = st.sampled_from(["pa", "pb"])
days = st.dates(min_value=date(2026, 2, 1), max_value=date(2028, 1, 1))
weeks = st.builds(Week, people, st.integers(1, 127), minutes, minutes, levels)
windows = st.lists(st.tuples(minutes, minutes, levels), max_size=3, unique=True).map(tuple)
overrides = st.builds(
    lambda name, target, kind, start, length, extra: Override(
        f"o{name}", target, kind, FROM_UTC + start, FROM_UTC + start + length, extra, ""
    ),
    st.integers(0, 10**6),
    st.sampled_from(["pa", "pb", "da", "dab"]),
    st.sampled_from(["pause", "open", "bonus", "give"]),
    st.integers(0, 60 * DAY),
    st.integers(1, 3 * DAY),
    st.integers(0, 90),
)


@st.composite
def dates(draw: st.DrawFn) -> Date:
    first = draw(days)
    last = first + timedelta(days=draw(st.integers(0, 20)))
    return Date(draw(people), first.isoformat(), last.isoformat(), draw(windows))


@st.composite
def travels(draw: st.DrawFn) -> Travel:
    first = draw(days)
    last = first + timedelta(days=draw(st.integers(0, 20)))
    return Travel(draw(people), first.isoformat(), last.isoformat(), draw(st.sampled_from(["zk", "zp"])))


@st.composite
def policies(draw: st.DrawFn, with_budgets: bool = False) -> Policy:
    budgets: tuple[Budget, ...] = ()
    if with_budgets:
        allowed = st.tuples(*[st.sampled_from([-1, 0, 1, 45, 60, 1440])] * 7)
        budgets = tuple(Budget(person, "total", draw(allowed), draw(minutes)) for person in ("pa", "pb"))
    return make(
        draw(st.sampled_from(ZONES)),
        weeks=tuple(draw(st.lists(weeks, max_size=5))),
        dates=tuple({(row.person, row.first, row.last): row for row in draw(st.lists(dates(), max_size=3))}.values()),
        travels=tuple(draw(st.lists(travels(), max_size=2))),
        other_zones=FAR,
        budgets=budgets,
        overrides=tuple({row.id: row for row in draw(st.lists(overrides, max_size=4))}.values()),
        default_level=draw(levels),
    )


moments = (st.integers(0, 90 * DAY) | st.integers(0, YEARS)).map(lambda seconds: FROM_UTC + seconds)
devices = st.sampled_from(["da", "db", "dab"])


def used_later(
    policy: Policy, used: dict[str, dict[str, int]], now: int, then: int, in_use: bool
) -> dict[str, dict[str, int]]:
    """The minutes used at `then` when the device was in use since `now`, or not at all."""
    later: dict[str, dict[str, int]] = {}
    for budget in policy.budgets:
        _, begin, _ = family_day(clock_of(policy, budget.person), then, budget.day_start)
        minutes_before = used.get(budget.person, {}).get("total", 0) if begin <= now else 0
        running = (then - max(begin, now)) // 60 if in_use else 0
        later[budget.person] = {"total": minutes_before + running}
    return later


@EXAMPLES
@given(policies(), devices, moments, st.data())
def test_until_is_where_the_level_changes(policy: Policy, device: str, now: int, data: st.DataObject) -> None:
    decision = decide(policy, device, now, {})
    assert decision.reason in REASONS
    if decision.until is None:
        assert decision.next_level is None
        later = now + data.draw(st.integers(1, YEARS))
        assert decide(policy, device, later, {}).level == decision.level
        return
    assert decision.until > now
    assert decide(policy, device, decision.until - 1, {}).level == decision.level
    after = decide(policy, device, decision.until, {})
    assert after.level == decision.next_level != decision.level
    between = data.draw(st.integers(now, decision.until - 1))
    assert decide(policy, device, between, {})[:2] == (decision.level, decision.until)


@EXAMPLES
@given(policies(with_budgets=True), devices, moments, st.integers(0, 70))
def test_until_holds_for_a_device_in_use(policy: Policy, device: str, now: int, minutes_used: int) -> None:
    used = {"pa": {"total": minutes_used}, "pb": {"total": minutes_used // 2}}
    decision = decide(policy, device, now, used)
    if decision.until is None:
        return
    in_use = decision.level != "closed"
    before = decision.until - 1
    assert decide(policy, device, before, used_later(policy, used, now, before, in_use)).level == decision.level
    after = decide(policy, device, decision.until, used_later(policy, used, now, decision.until, in_use))
    assert after.level == decision.next_level != decision.level


@EXAMPLES
@given(policies(with_budgets=True), moments)
def test_a_shared_device_is_never_milder_than_each_of_its_persons(policy: Policy, now: int) -> None:
    unshared = policy._replace(overrides=tuple(row for row in policy.overrides if row.target in ("pa", "pb")))
    strictness = ("open", "limited", "closed").index

    def level(device: str) -> int:
        return strictness(decide(unshared, device, now, {}).level)

    assert level("dab") == max(level("da"), level("db"))


@EXAMPLES
@given(policies(with_budgets=True), devices, moments)
def test_a_pause_closes_and_nothing_else_can_open(policy: Policy, device: str, now: int) -> None:
    pauses = tuple(Override(f"q{person}", person, "pause", now, now + 5, 0, "") for person in ("pa", "pb"))
    decision = decide(policy._replace(overrides=policy.overrides + pauses), device, now, {})
    assert (decision.level, decision.reason) == ("closed", "pause")
    assert decision.until is None or decision.until >= now + 5


@EXAMPLES
@given(policies(with_budgets=True))
def test_every_policy_here_is_one_on_the_wire(policy: Policy) -> None:
    assert check_policy(write_policy(policy)) == []
