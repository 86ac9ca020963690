"""The clock on the wall of one child's days, journeys spliced in: which seconds a day has, and how each is named.

It reads the zone that the core makes of home and journeys, so that a day is as long as routers think: 23 or 25 hours
where the clocks change, more or less where a journey begins or ends. It decides how one of two equal times is named.
"""

from datetime import date, datetime, timedelta

from stairgate.core.policy import Policy
from stairgate.core.zone import clock_of, local_seconds, utc_of_local
from stairgate.hub import wording
from stairgate.hub.language import N_, _

_EPOCH = datetime(1970, 1, 1)
_WEEK = timedelta(days=7)
_TWICE = (N_("{time} (the first time)"), N_("{time} (the second time)"))


class DayClock:
    """The clock that counts for a person of a policy. Moments are UTC seconds."""

    def __init__(self, policy: Policy, person: str) -> None:
        self._zone = clock_of(policy, person)

    def wall(self, moment: int) -> datetime:
        """What the clock shows from this second on."""
        return _EPOCH + timedelta(seconds=local_seconds(self._zone, moment))

    def up_to(self, moment: int) -> datetime:
        """What the clock has run up to at this second; another time than `wall` only where it is put on or back."""
        return self.wall(moment - 1) + timedelta(seconds=1)

    def day(self, day: date) -> tuple[int, int]:
        """The first second of a day and that of the next one. A day that the clock left out whole is empty."""
        return self._first(day, 0), self._first(day + timedelta(days=1), 0)

    def moments(self, day: date, minute: int) -> tuple[int, ...]:
        """The seconds at which the clock shows a minute of a day: two where it was put back, else one.

        For a minute that the clock skips the jump over it.
        """
        first = self._first(day, minute)
        return self._alike(first) if self.wall(first) == _at(day, minute) else (first,)

    def begins(self, moment: int) -> str:
        """`02:30`, or `02:30 (the second time)`: the time at which something begins."""
        time = f"{self.wall(moment):%H:%M}"
        alike = self._alike(moment)
        if len(alike) == 1:
            return time
        return _(_TWICE[min(alike.index(moment), 1)]).format(time=time)

    def ends(self, moment: int) -> str:
        """The same for the end of something: where the clock is put on or back, the time that it ran up to."""
        then = self.up_to(moment)
        return self.begins(moment) if then == self.wall(moment) else f"{then:%H:%M}"

    def until(self, moment: int, since: int) -> str:
        """`20:30` on the day of `since`, else `Sat 07:30`, with the date when it is a week away."""
        then, day = self.up_to(moment).date(), self.wall(since).date()
        time = self.ends(moment)
        if then == day:
            return time
        return wording.day_and_time(then, time) if then - day < _WEEK else wording.date_and_time(then, time)

    def changes(self, begin: int, end: int) -> list[int]:
        """The seconds after `begin`, up to `end`, at which the clock is put on or back."""
        return [utc for utc, _offset in self._zone.changes if begin < utc <= end and self.wall(utc) != self.up_to(utc)]

    def _first(self, day: date, minute: int) -> int:
        return utc_of_local(self._zone, round((_at(day, minute) - _EPOCH).total_seconds()))

    def _alike(self, moment: int) -> tuple[int, ...]:
        """All seconds at which the clock shows what it shows at this one."""
        shown = local_seconds(self._zone, moment)
        seconds = {shown - minutes * 60 for _utc, minutes in self._zone.changes}
        return tuple(sorted(second for second in seconds if local_seconds(self._zone, second) == shown))


def _at(day: date, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
