"""The minutes of the family's people now and on the last days: `use_store` asked with the family as it stands.

It decides which family is asked about and where its days begin and end; a day here is the family's, from its chosen
hour to the next. What counts is the routers' part, what is left `stairgate.core.budget`'s.
"""

from collections.abc import Iterator
from typing import NamedTuple

from stairgate.core.budget import Allowance
from stairgate.core.policy import Policy
from stairgate.core.zone import clock_of, family_day
from stairgate.hub import outlook
from stairgate.hub.clock import Clock
from stairgate.hub.family import Family, read_family
from stairgate.hub.store import Store
from stairgate.hub.use_store import UseStore


class UsedDay(NamedTuple):
    """One family day of a child. begin: UTC seconds; minutes: by category, `total` first."""

    begin: int
    minutes: tuple[tuple[str, int], ...]


class UseToday:
    """Safe for threads."""

    def __init__(self, use: UseStore, store: Store, home: str, clock: Clock) -> None:
        self._use = use
        self._store = store
        self._home = home
        self._clock = clock

    def used(self, policy: Policy, now: int) -> outlook.Used:
        """See `outlook.Use`."""
        return self._use.used(policy, now)

    def allowances(self, person: str) -> tuple[Allowance, ...]:
        """What is left of this child's minutes now: `total` first, then by category; nothing without limits."""
        return outlook.allowances_of(self._family(), self._now(), self.used).get(person, ())

    def days(self, person: str, count: int) -> tuple[UsedDay, ...]:
        """The last `count` family days of a child with the one that holds now, oldest first."""
        family = self._family()
        held = {budget.category for budget in family.budgets_of(person)} | {row[1] for row in self._rows_of(person)}
        named = ("total", *sorted(held - {"total"}))
        days = [
            UsedDay(begin, tuple((category, self._use.minutes(person, category, begin, end)) for category in named))
            for begin, end in _family_days(family, person, self._now(), count)
        ]
        return tuple(reversed(days))

    def today_began(self) -> int:
        """The UTC second at which the longest of the running family days began."""
        family, now = self._family(), self._now()
        return min((next(_family_days(family, one.id, now, 1))[0] for one in family.people), default=now)

    def given(self, person: str) -> int:
        """The minutes that parents gave back to a child today."""
        family, now = self._family(), self._now()
        return sum(
            override.minutes
            for override in family.overrides_of(person)
            if override.kind == "give" and override.start <= now < override.until
        )

    def _rows_of(self, person: str) -> list[tuple[str, str, int, bytes]]:
        return [row for row in self._use.rows() if row[0] == person]

    def _family(self) -> Family:
        with self._store.transaction(self._home) as rows:
            return read_family(rows)

    def _now(self) -> int:
        return int(self._clock.wall())


def _family_days(family: Family, person: str, now: int, count: int) -> Iterator[tuple[int, int]]:
    """Begin and end of the child's last family days, the newest first."""
    policy = outlook.policy_of(family, now)
    clock = clock_of(policy, person)
    moment = now
    for _ in range(count):
        _, begin, end = family_day(clock, moment, family.day_start)
        yield begin, end
        moment = begin - 1
