"""What a pause, extra time and the end of either make of the exceptions that a child has: values in, values out.

It decides that extra time in a pause only puts the pause off, that the end of a pause leaves extra time, and that the
end of extra time brings back a pause that it had put off. Store and Undo are `acts`' part, a child's own wishes
`own_stop`'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from stairgate.hub import extra_minutes, limits, outlook, own_stop
from stairgate.hub.bedtime_ahead import Ahead
from stairgate.hub.day_windows import morning
from stairgate.hub.family import Family, Override, Person
from stairgate.hub.ids import new_id
from stairgate.hub.local_time import next_time

#: The policy's reason of what a parent does.
GIVEN = "parent"
#: The same of a pause that extra time has put off: it begins at its beginning, not at the tap.
PUT_OFF = "parent_put_off"
PAUSE, BONUS, END = "pause", "bonus", "end"
#: Extra time that a wish ends, which a child made before; and that lasts to bedtime, with times off between.
BONUS_TO_WISH, BONUS_TO_BEDTIME = "bonus_to_wish", "bonus_to_bedtime"


class Change(NamedTuple):
    """The child's exceptions from now on.

    kind: of the act, as it is told. until: what is told as its end (UTC seconds), 0 for none. moved: the id that an
    exception had before, by the one that it has now; its author stays.
    """

    overrides: tuple[Override, ...]
    kind: str
    until: int = 0
    moved: Mapping[str, str] = {}


def paused(family: Family, child: Person, now: int, minutes: int = 0, until: int | None = None) -> Change:
    """Closed for `minutes`, until a minute of the day, or with neither until the morning."""
    if until is not None:
        end = next_time(now, until, child.zone)
    else:
        end = now + minutes * 60 if minutes else morning(family, child, now)
    end = min(max(end, now + 1), now + limits.OVERRIDE_SECONDS_MAX)
    others = without_pauses(family.overrides_of(child.id), now)
    pause = Override(new_id("o"), child.id, "pause", _begun(now), end, 0, GIVEN)
    return Change((*others, pause), PAUSE, end)


def extended(
    family: Family,
    child: Person,
    now: int,
    use: outlook.Use,
    minutes: int,
    until: int | None = None,
    reason: str = GIVEN,
) -> Change:
    """Open for `minutes` longer than it would be open otherwise; in a pause from now, and then the pause goes on.

    until: open up to this second (UTC) instead, with `minutes` more to use. reason: of the policy's line.
    """
    held = family.overrides_of(child.id)
    if until is not None:
        return _opened(family, child, now, minutes, until, until, reason)
    begins = now if _stopped(held, now) else _open_until(family, child, now, use)
    opened = begins + minutes * 60
    return _opened(family, child, now, minutes, opened, max(opened, _running(held, now)), reason)


def to_bedtime(family: Family, child: Person, now: int, way: Ahead) -> Change:
    """Open up to the next bedtime where the calendar is; extra time that runs longer already goes on as long."""
    held = family.overrides_of(child.id)
    put_off = put_off_pauses(held, now)
    already = 0 if _stopped(held, now) else min((pause.start for pause in put_off), default=_running(held, now))
    end = max(way.closes, _running(held, now))
    change = _opened(family, child, now, way.minutes, max(way.bedtime, already), end)
    if change.kind == BONUS and end < way.bedtime:
        return change._replace(kind=BONUS_TO_BEDTIME, until=way.bedtime)
    return change


def _opened(
    family: Family, child: Person, now: int, minutes: int, opened: int, end: int, reason: str = GIVEN
) -> Change:
    """No pause before `opened`, and extra time from now to `end`."""
    held = family.overrides_of(child.id)
    opened, end = (min(moment, now + limits.OVERRIDE_SECONDS_MAX) for moment in (opened, end))
    pauses = [*_stopped(held, now), *put_off_pauses(held, now)]
    behind = [(pause, _later(pause, opened)) for pause in pauses if pause.until > opened]
    others = [one for one in held if one.kind != "bonus" and one not in pauses]
    today = extra_minutes.of_today(family, outlook.policy_of(family, now), child.id, now)
    bonus = Override(new_id("o"), child.id, "bonus", now, end, min(today + minutes, 1440), reason)
    told = min(opened, end) if behind else end
    wish = min((one.start for one in own_stop.untouched(others, now)), default=told)
    return Change(
        (*others, bonus, *(later for _, later in behind)),
        BONUS_TO_WISH if wish < told else BONUS,
        min(wish, told),
        {later.id: pause.id for pause, later in behind},
    )


def ended(family: Family, child: Person, now: int) -> Change:
    """Without the pause that holds; where none does without extra time, and a pause that it has put off begins."""
    held = family.overrides_of(child.id)
    stopped = _stopped(held, now)
    if stopped:
        extra = _running(held, now)
        rest = tuple(one for one in held if one not in stopped)
        return Change(rest, BONUS, extra) if extra > now else Change(rest, END)
    put_off = put_off_pauses(held, now)
    kept = [one for one in held if one.kind != "bonus" and one not in put_off]
    back = [(pause, _back(pause, now)) for pause in put_off]
    until = max((pause.until for pause in put_off), default=0)
    return Change(
        (*kept, *(again for _, again in back)),
        PAUSE if back else END,
        until,
        {again.id: pause.id for pause, again in back},
    )


def without_pauses(overrides: Sequence[Override], now: int) -> tuple[Override, ...]:
    """What a new pause leaves: no pause but one that a child wishes for itself later."""
    wishes = own_stop.waiting(overrides, now)
    return tuple(override for override in overrides if override.kind != "pause" or override in wishes)


def put_off_pauses(overrides: Sequence[Override], now: int) -> list[Override]:
    """The pauses that go on when extra time is over: all that wait, but for wishes that nobody has touched."""
    wishes = own_stop.untouched(overrides, now)
    return [one for one in overrides if one.kind == "pause" and one.start > now and one not in wishes]


def _stopped(overrides: Sequence[Override], now: int) -> list[Override]:
    return [one for one in overrides if one.kind == "pause" and one.start <= now < one.until]


def _running(overrides: Sequence[Override], now: int) -> int:
    """When the extra time that runs ends."""
    return max((one.until for one in overrides if one.kind == "bonus" and one.start <= now), default=0)


def _open_until(family: Family, child: Person, now: int, use: outlook.Use) -> int:
    """Until when it is open without the wishes that a child has made for later; now where it is closed."""
    wishes = own_stop.untouched(family.overrides_of(child.id), now)
    without = replace(family, overrides=tuple(one for one in family.overrides if one not in wishes))
    current = outlook.of_person(without, child, now, use)
    return current.until if current.level == "open" and current.until else now


def _later(pause: Override, start: int) -> Override:
    reason = own_stop.PUT_OFF if own_stop.is_own(pause) else PUT_OFF
    return replace(pause, id=new_id("o"), start=start, reason=reason)


def _back(pause: Override, now: int) -> Override:
    if own_stop.is_own(pause):
        return replace(pause, id=new_id("o"), start=now, reason=own_stop.OWN_WISH)
    return replace(pause, id=new_id("o"), start=_begun(now), reason=GIVEN)


def _begun(now: int) -> int:
    """Where a pause begins that holds at once, also on a router whose clock is behind."""
    return max(0, now - limits.PAUSE_STARTS_EARLIER_SECONDS)
