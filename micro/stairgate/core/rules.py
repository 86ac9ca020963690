"""The rules that hold for one device through one person, ready to be asked about many moments.

They decide what one person's lines say at a moment (layers: pause > open > bonus > spent budget > date > week
> the default) and when they may say something else at the earliest. Joining several persons and searching for
the next change is left to `decide`.
"""

from stairgate.core.budget import minutes_of_day
from stairgate.core.week import Windows
from stairgate.core.words import LEVELS
from stairgate.core.zone import DAY_SECONDS, clock_of, family_day, local_seconds, next_change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple  # noqa: TID251

    from stairgate.core.records import Budget, Override, Person, Policy, Zone

    Used = dict[str, dict[str, int]]

    class Verdict(NamedTuple):
        """Level and layer as indices, the line that won, and the seconds left of the budget (None: no limit)."""

        level: int
        layer: int
        line: str
        left: "int | None"

else:
    from collections import namedtuple

    Verdict = namedtuple("Verdict", ("level", "layer", "line", "left"))

LAYERS = ("pause", "override_open", "bonus", "budget_spent", "date", "week", "default", "quiet")
OVERRIDE_LAYERS = {"pause": 0, "open": 1, "bonus": 2}
SPENT = LAYERS.index("budget_spent")
DEFAULT = LAYERS.index("default")
OPEN = LEVELS.index("open")
CLOSED = LEVELS.index("closed")


class Rules:
    """Overrides above a fixed level: all there is for a device that belongs to nobody."""

    def __init__(self, overrides: "list[Override]", level: str, line: str) -> None:
        self._overrides = overrides
        self._default = Verdict(LEVELS.index(level), DEFAULT, line, None)
        self._override_edges = [o.start for o in overrides] + [o.until for o in overrides]
        # Whether the device is in use from now on, one minute for each minute.
        self.running = False

    def judge(self, moment: int) -> Verdict:
        """What the rules say at a second of UTC."""
        best = None
        for override in self._overrides:
            if override.kind in OVERRIDE_LAYERS and override.start <= moment < override.until:
                layer = OVERRIDE_LAYERS[override.kind]
                if best is None or layer < best.layer:
                    level = CLOSED if override.kind == "pause" else OPEN
                    best = Verdict(level, layer, "override " + override.id, None)
        return self._judge_below(moment) if best is None else best

    def _judge_below(self, moment: int) -> Verdict:
        """What holds where no override is in force."""
        return self._default

    def next_moment(self, moment: int, verdict: Verdict) -> "int | None":
        """The earliest second after `moment` at which the answer may differ from `verdict`, the one at `moment`."""
        moments = [edge for edge in self._override_edges if edge > moment]
        if verdict.layer >= SPENT:
            moments += self._moments_below(moment, verdict)
        return min(moments) if moments else None

    def _moments_below(self, moment: int, verdict: Verdict) -> "list[int]":
        return []

    def irregular(self) -> "list[int]":
        """Seconds around which the rules do not do the same as a week before (dates: give or take a day)."""
        return list(self._override_edges)


class PersonRules(Rules):
    """All rules of a person, on a device that this person uses."""

    def __init__(self, policy: "Policy", device_id: str, person: "Person", used: "Used", now: int) -> None:
        super().__init__(
            [o for o in policy.overrides if o.target in (person.id, device_id)],
            person.default_level,
            f"person {person.id} {person.default_level}",
        )
        self._zone: Zone = clock_of(policy, person.id)
        budgets = [b for b in policy.budgets if b.person == person.id and b.category == "total"]
        self._budget: "Budget | None" = budgets[0] if budgets else None
        self._windows = Windows(
            [week for week in policy.weeks if week.person == person.id],
            [date for date in policy.dates if date.person == person.id],
        )
        edges = self._windows.edges()
        if self._budget is not None:
            edges.add(self._budget.day_start)
        self._edges = sorted(edges)
        self._now = now
        self._used = used.get(person.id, {}).get("total", 0) * 60
        self._day = (0, 0, 0)  # the family day looked at last: (day, begin, end)

    def _left(self, moment: int) -> "int | None":
        budget = self._budget
        if budget is None:
            return None
        if not self._day[1] <= moment < self._day[2]:
            self._day = family_day(self._zone, moment, budget.day_start)
        day, begin, _ = self._day
        minutes = minutes_of_day(budget, day, begin, moment, self._overrides)
        if minutes is None:
            return None
        used = self._used if begin <= self._now else 0
        if self.running:
            used += moment - max(begin, self._now)
        return minutes * 60 - used

    def _judge_below(self, moment: int) -> Verdict:
        left = self._left(moment)
        if left is not None and left <= 0 and self._budget is not None:
            return Verdict(CLOSED, SPENT, f"budget {self._budget.person} total", left)
        local = local_seconds(self._zone, moment)
        window = self._windows.in_force(local // DAY_SECONDS, local % DAY_SECONDS // 60)
        if window is not None:
            return Verdict(window[1], LAYERS.index(window[0]), window[2], left)
        return Verdict(self._default.level, DEFAULT, self._default.line, left)

    def _moments_below(self, moment: int, verdict: Verdict) -> "list[int]":
        if not self._edges:
            return []
        second = local_seconds(self._zone, moment) % DAY_SECONDS
        later = [edge * 60 for edge in self._edges if edge * 60 > second]
        moments = [moment - second + (later[0] if later else self._edges[0] * 60 + DAY_SECONDS)]
        change = next_change(self._zone, moment)
        if change is not None:
            moments.append(change)
        if self.running and verdict.left is not None and verdict.left > 0:
            moments.append(moment + verdict.left)
        return moments

    def irregular(self) -> "list[int]":
        """As `Rules.irregular`; empty without edges, when nothing but overrides can change anything."""
        moments = super().irregular()
        if self._edges:
            moments += [change[0] for change in self._zone.changes]
            moments += [day * DAY_SECONDS for day in self._windows.date_edges()]
        return moments
