"""Minutes of use on this router: from what a reading moved to the book, from the book to hub, rules and filter.

It decides whose minute it was (everybody's whom the policy gives the device), which minute of UTC (none before the time
is trusted: those wait), what is told and what is taken from others: of the policy's own people and categories only.
What makes a minute is `activity`'s and `meter`'s part, keeping it `use_state`'s, what follows from it the core's.
"""

from collections.abc import Callable, Iterable, Mapping

from stairgate.agent.activity_data import TOTAL
from stairgate.agent.clock_trust import ClockTrust
from stairgate.agent.limits import USE_DAYS
from stairgate.agent.meter import MINUTE_SECONDS, Counted, Meter
from stairgate.agent.spending import Spending, Used, spending_of
from stairgate.agent.timed_addresses import TimedAddresses
from stairgate.agent.usage import Moved
from stairgate.agent.use_state import UseState, Waiting
from stairgate.core.budget import allowances, spent_categories
from stairgate.core.records import Policy
from stairgate.core.usage import UseBook, concerns, used_of
from stairgate.core.zone import DAY_SECONDS

Row = tuple[str, str, int, bytes]


class Counting:
    """state: opened here. clock: believed and monotonic time. timed: what the filter tells of addresses.

    policy: whose use is counted; set by `follow`. off_until: monotonic seconds until which a parent has switched the
    gate off at the console, None while it is on: nobody spends minutes of rules that do not hold. limited: devices on
    which only the homework list is open: what it takes is not taken off the time for everything else.
    """

    def __init__(self, state: UseState, clock: ClockTrust, timed: TimedAddresses) -> None:
        self._state, self._clock = state, clock
        self._meter = Meter(timed, clock.monotonic())
        self._persons: dict[str, tuple[str, ...]] = {}
        self._categories: dict[str, frozenset[str]] = {}
        self._devices: dict[int, str] = {}
        self.policy: Policy | None = None
        self.off_until: float | None = None
        self.limited: frozenset[str] = frozenset()
        self._told: dict[tuple[str, str, int], bytes] = {}
        self._spent: frozenset[tuple[str, str]] = frozenset()
        self._is_news = False
        state.open()

    def follow(self, policy: Policy, numbers: Mapping[str, int]) -> None:
        """This policy is enforced, with these numbers of devices; whoever is not in it is forgotten."""
        if policy is not self.policy:
            self.policy = policy
            timed: dict[str, set[str]] = {}
            for budget in policy.budgets:
                if budget.category != TOTAL:
                    timed.setdefault(budget.person, set()).add(budget.category)
            self._persons = {device.id: device.persons for device in policy.devices if device.persons}
            self._categories = {
                device: wanted
                for device, persons in self._persons.items()
                if (wanted := frozenset().union(*(timed.get(person, set()) for person in persons)))
            }
            persons = {person.id for person in policy.persons}
            self._state.keep_persons(persons)
            self._told = {key: bits for key, bits in self._told.items() if key[0] in persons}
        self._devices = {number: device for device, number in numbers.items() if device in self._persons}
        self._meter.keep(self._persons)

    def today(self) -> int:
        """The UTC day by the believed clock."""
        return int(self._clock.wall() // DAY_SECONDS)

    def has_budgets(self) -> bool:
        """Whether anything depends on what is counted."""
        return bool(self.policy and self.policy.budgets)

    def wants_remotes(self) -> bool:
        """Whether it must be known where bytes go: while somebody has a budget for a category."""
        return bool(self._categories)

    def moved(self, flows: Iterable[Moved], began: float, ended: float) -> None:
        """What a reading has found, between two moments of the monotonic clock."""
        if self.off_until is not None and began < self.off_until:
            # Nor is it a pause between two minutes that count.
            self._meter.keep(())
            return
        counted = self._devices
        if self.limited:
            counted = {number: device for number, device in counted.items() if device not in self.limited}
            self._meter.keep(counted.values())
        self._meter.add(flows, counted, self._categories, began, ended)

    def next_moment(self) -> float:
        """When the minute is over, in monotonic seconds."""
        return self._meter.ends()

    def turn(self, now: float) -> bool:
        """Judge the minute when it is over, and keep what counts of it; True when it was. now: monotonic seconds."""
        is_over = now >= self._meter.ends()
        if is_over:
            day = self.today()
            for counted in self._meter.judge(now):
                self._count(counted)
            if self._clock.trusted:
                # Neither minutes nor days are forgotten by a clock that nobody vouches for.
                self._state.book.drop_before(day - USE_DAYS)
                self._told = {key: bits for key, bits in self._told.items() if key[2] >= day - USE_DAYS}
        if self._clock.trusted and self._state.waiting:
            for row in self._state.waiting:
                self._mark(self._state.book, row)
            self._state.waiting = []
        self._state.save(now, at_once=self._is_news)
        self._is_news = False
        return is_over

    def _count(self, counted: Counted) -> None:
        for person in self._persons.get(counted.device, ()):
            if counted.category != TOTAL and not self._has_line(person, counted.category):
                continue
            for category in {TOTAL, counted.category}:
                for minute in counted.minutes:
                    row = Waiting(person, category, minute)
                    if self._clock.trusted:
                        self._mark(self._state.book, row)
                    else:
                        self._state.wait_for_time(row)

    def _has_line(self, person: str, category: str) -> bool:
        budgets = self.policy.budgets if self.policy else ()
        return any(budget.person == person and budget.category == category for budget in budgets)

    def _utc_minute(self, minute: int) -> int:
        return int((minute * MINUTE_SECONDS + self._clock.offset()) // MINUTE_SECONDS)

    def _mark(self, book: UseBook, row: Waiting) -> None:
        utc = self._utc_minute(row.minute)
        if utc >= 0:
            book.mark(row.person, row.category, utc)

    def _book(self) -> UseBook:
        """All minutes as far as anybody knows: those that wait are where the believed clock puts them."""
        if not self._state.waiting:
            return self._state.book
        book = UseBook()
        for row in self._state.book.rows(0):
            book.merge(*row)
        for waiting in self._state.waiting:
            self._mark(book, waiting)
        return book

    def used(self, now: float) -> Used:
        """Minutes by person and category of the family day that holds `now` (UTC seconds), as `decide` takes them."""
        return used_of(self.policy, int(now), self._book()) if self.policy else {}

    def spending(self, now: float, used: Used) -> dict[str, Spending]:
        """What the totals of today's budgets do to grants, by person."""
        if self.policy is None:
            return {}
        book, expected = self._book(), dict[str, set[int]]()
        for counted in self._meter.expected():
            for person in self._persons.get(counted.device, ()):
                expected.setdefault(person, set()).update(map(self._utc_minute, counted.minutes))
        new = {
            person: sum(not book.minutes(person, TOTAL, minute * 60, minute * 60 + 60) for minute in minutes)
            for person, minutes in expected.items()
        }
        return spending_of(self.policy, now, used, self._meter.ends(), new)

    def spent(self, now: float, used: Used) -> dict[str, tuple[str, ...]]:
        """The timed categories without minutes, by person. What has become spent is kept at once: no power cut, however
        well timed, gives a whole budget back.
        """
        if self.policy is None:
            return {}
        rows = {person.id: allowances(self.policy, person.id, int(now), used) for person in self.policy.persons}
        spent = frozenset((person, row.category) for person in rows for row in rows[person] if row.left == 0)
        self._is_news = self._is_news or bool(spent - self._spent)
        self._spent = spent
        return spent_categories(self.policy, int(now), used)

    def day_ends(self, now: float, used: Used) -> float | None:
        """When the first family day of a budget ends, in UTC seconds; None without budgets."""
        policy = self.policy
        if policy is None or not policy.budgets:
            return None
        return min(row.ends for person in policy.persons for row in allowances(policy, person.id, int(now), used))

    def heard(self, rows: Iterable[Row]) -> bool:
        """What others counted, unsigned: it can only take minutes, of these people, of these days. True when new."""
        new, book = False, self._state.book
        for person, category, day, bits in rows:
            if self.policy and concerns(self.policy, int(self._clock.wall()), person, category, day):
                new = book.merge(person, category, day, bits) or new
                if (person, category, day, bits) in book.rows(day):
                    # Whoever said it need not be told.
                    self._told[person, category, day] = bits
        return new

    def tell(self, say: Callable[[list[Row]], None], everything: bool = False) -> None:
        """Say the bitmaps that changed since they were said, or all of them."""
        rows = self._state.book.rows(0)
        changed = [row for row in rows if everything or self._told.get(row[:3]) != row[3]]
        if changed:
            say(changed)
            self._told.update({row[:3]: row[3] for row in changed})

    def checkpoint(self, now: float) -> None:
        """Keep everything on the flash: the process ends, or minutes must not come back by a power cut."""
        self._state.save(now, at_once=True)
