"""What holds now and until when, by the same core that the devices run.

It turns the family into a policy value that never leaves the hub and asks `stairgate.core.decide`. For a
child as such, apart from any shared device, it adds an imaginary device that belongs to this child alone. How many
minutes were used is told by whoever asks.
"""

from collections.abc import Callable
from dataclasses import replace

from stairgate.core.budget import Allowance, allowances, spent_categories
from stairgate.core.decide import Decision, decide, decide_all
from stairgate.core.policy import Device, Policy
from stairgate.hub.agreed import agreed_people
from stairgate.hub.compile import Reachable, compile_policy
from stairgate.hub.family import Family, Person

_NOBODY = Reachable((), (), 1)
Used = dict[str, dict[str, int]]
#: The minutes that a policy's people have used in the family day that holds a moment: `use_store.UseStore.used`.
Use = Callable[[Policy, int], Used]


def nothing_used(policy: Policy, now: int) -> Used:
    """Where no minutes are counted."""
    return {}


def policy_of(family: Family, now: int) -> Policy:
    """The family's rules around `now` (UTC seconds) as a policy that never leaves the hub."""
    return compile_policy(family, "home", "hub", 1, now, _NOBODY)


def _policy(family: Family, now: int) -> Policy:
    policy = policy_of(family, now)
    imaginary = tuple(Device(_imaginary(person.id), (), (person.id,), "other", ()) for person in policy.persons)
    return policy._replace(devices=policy.devices + imaginary)


def _imaginary(person_id: str) -> str:
    return "x" + person_id[1:]


def of_person(family: Family, person: Person, now: int, use: Use = nothing_used) -> Decision:
    """What the rules of this child say at `now` (UTC seconds); of a grown-up also before they are accepted."""
    if person not in (*family.people, *agreed_people(family)):
        family = replace(family, people=(*family.people, person))
    policy = _policy(family, now)
    return _unhurried(policy, _imaginary(person.id), decide(policy, _imaginary(person.id), now, use(policy, now)), now)


def _unhurried(policy: Policy, device: str, decision: Decision, now: int) -> Decision:
    """The decision as it is while no minutes are counted, with only the homework list open: no budget ends it."""
    return decide(policy._replace(budgets=()), device, now, {}) if decision.level == "limited" else decision


def allowances_of(family: Family, now: int, use: Use) -> dict[str, tuple[Allowance, ...]]:
    """What is left today of each child's minutes, by id; nothing for a child without a limit."""
    policy = policy_of(family, now)
    used = use(policy, now)
    return {person.id: allowances(policy, person.id, now, used) for person in policy.persons}


def spent_of(family: Family, now: int, use: Use) -> dict[str, dict[str, int]]:
    """The categories without minutes by child, each with the second (UTC) at which there are new ones."""
    policy = policy_of(family, now)
    used = use(policy, now)
    return {
        person: {row.category: row.ends for row in allowances(policy, person, now, used) if row.category in spent}
        for person, spent in spent_categories(policy, now, used).items()
    }


def of_everybody(family: Family, now: int, use: Use = nothing_used) -> dict[str, Decision]:
    """The decision for each child and each device, by id."""
    policy = _policy(family, now)
    decided = {
        device: _unhurried(policy, device, decision, now)
        for device, decision in decide_all(policy, now, use(policy, now)).items()
    }
    decisions = {person.id: decided[_imaginary(person.id)] for person in policy.persons}
    # A device that does not fit into the policy any more is closed, as on the router.
    left_out = Decision("closed", None, "not_in_policy", "", None)
    return decisions | {device.id: decided.get(device.id, left_out) for device in family.devices}


def of_calendar(family: Family, person: Person, moment: int) -> tuple[Policy, str]:
    """The policy of one child's calendar around `moment` (UTC seconds), and the device in it to ask about.

    Without budgets: they depend on what is used, which nobody knows of another day.
    """
    alone = replace(
        family,
        people=(person,),
        devices=(),
        weeks=family.weeks_of(person.id),
        overrides=family.overrides_of(person.id),
        dates=family.dates_of(person.id),
        budgets=(),
        filters=(),
    )
    return _policy(alone, moment), _imaginary(person.id)
