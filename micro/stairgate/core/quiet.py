"""Quiet hours of a device without our agent: when they hold, and what they are as a rule of the device.

It decides whose clock counts (the device's first person's, else that of the policy's first zone) and that hours with
the action `close` close the device like a window of the week, below an override. Watching what a device sends in hours
that only tell is left to the router. Imported only for a policy that has such hours.
"""

from stairgate.core.records import Zone
from stairgate.core.rules import CLOSED, DEFAULT, LAYERS, OPEN, Rules, Verdict
from stairgate.core.week import holds
from stairgate.core.zone import DAY_SECONDS, clock_of, local_seconds, next_change, weekday

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.records import Device, Policy, Quiet

LAYER = LAYERS.index("quiet")
UTC = Zone("", "UTC", ((0, 0),))


def quiet_zone(policy: "Policy", device: "Device") -> Zone:
    """The clock by which a device's quiet hours go."""
    if device.persons:
        return clock_of(policy, device.persons[0])
    return policy.zones[0] if policy.zones else UTC


class QuietHours:
    """The windows of one `quiet` line by one clock; a window belongs to the day on which it begins, as a week's."""

    def __init__(self, zone: Zone, quiet: "Quiet") -> None:
        self.zone = zone
        self.device = quiet.device
        self._windows = quiet.windows
        self.edges = sorted({edge for _, start, end in quiet.windows for edge in (start, end)})

    def line(self, moment: int) -> str:
        """The window that holds at a second of UTC, as the name of a rule; "" when none does."""
        local = local_seconds(self.zone, moment)
        day, minute = local // DAY_SECONDS, local % DAY_SECONDS // 60
        for began_yesterday in (False, True):
            bit = 1 << weekday(day - 1 if began_yesterday else day)
            for days, start, end in self._windows:
                if days & bit and holds(start, end, minute, began_yesterday):
                    return "quiet " + " ".join([self.device, str(days), str(start), str(end)])
        return ""

    def next_edge(self, moment: int) -> int:
        """The earliest second after `moment` at which the answer may be another one."""
        second = local_seconds(self.zone, moment) % DAY_SECONDS
        later = [edge * 60 for edge in self.edges if edge * 60 > second]
        edge = moment - second + (later[0] if later else self.edges[0] * 60 + DAY_SECONDS)
        change = next_change(self.zone, moment)
        return edge if change is None else min(edge, change)


class QuietRules(Rules):
    """The rule that quiet hours with the action `close` are, beside those of the device's persons."""

    def __init__(self, policy: "Policy", device: "Device", quiet: "Quiet") -> None:
        super().__init__([o for o in policy.overrides if o.target == device.id], "open", "device " + device.id)
        self._hours = QuietHours(quiet_zone(policy, device), quiet)

    def _judge_below(self, moment: int) -> Verdict:
        line = self._hours.line(moment)
        return Verdict(CLOSED, LAYER, line, None) if line else Verdict(OPEN, DEFAULT, self._default.line, None)

    def _moments_below(self, moment: int, verdict: Verdict) -> "list[int]":
        return [self._hours.next_edge(moment)]

    def irregular(self) -> "list[int]":
        """As `Rules.irregular`."""
        return super().irregular() + [change[0] for change in self._hours.zone.changes]
