"""“Stop me at 18:00”: a child's own wish, which closes its internet from then until the morning.

It decides which wishes are taken (today, and never a later one than the child has already) and which exceptions are
wishes. It is a pause like a parent's; only a parent takes it back, and what parents do before it begins leaves it be.
"""

from collections.abc import Iterable

from stairgate.core.decide import Decision
from stairgate.hub import limits
from stairgate.hub.day_windows import morning
from stairgate.hub.family import Family, Override, Person
from stairgate.hub.language import _
from stairgate.hub.local_time import local, next_time
from stairgate.hub.refusal import NotPossible

#: The policy's reason of such a pause.
OWN_WISH = "own_wish"
#: The same, after it had begun and a parent gave extra time: it goes on after that.
PUT_OFF = "own_wish_put_off"


def is_own(override: Override) -> bool:
    """True for a child's own wish."""
    return override.kind == "pause" and override.reason in (OWN_WISH, PUT_OFF)


def waiting(overrides: Iterable[Override], now: float) -> tuple[Override, ...]:
    """The wishes among these that have not begun."""
    return tuple(override for override in overrides if is_own(override) and override.start > now)


def untouched(overrides: Iterable[Override], now: float) -> tuple[Override, ...]:
    """The wishes among these that have never begun: what parents do leaves them be."""
    return tuple(override for override in waiting(overrides, now) if override.reason == OWN_WISH)


def wish_of(family: Family, person: str, now: float) -> Override | None:
    """The child's wish that waits or holds now, the first one, or None."""
    mine = [o for o in family.overrides_of(person) if is_own(o) and o.until > now]
    return min(mine, key=lambda override: override.start, default=None)


def wish(override_id: str, family: Family, child: Person, minute: int, now: int) -> Override:
    """The pause from this minute of the child's day on. Raises `NotPossible`."""
    start = next_time(now, minute, child.zone)
    if start - now > limits.STOP_SECONDS_MAX or local(start, child.zone).date() != local(now, child.zone).date():
        raise NotPossible(_("Please choose a time later today."))
    held = wish_of(family, child.id, now)
    if held and held.start <= start:
        said = _("You wanted to stop at {time} already. You can choose an earlier time; a parent can change it.")
        raise NotPossible(said.format(time=f"{local(held.start, child.zone):%H:%M}"))
    until = morning(family, child, start)
    return Override(override_id, child.id, "pause", start, until, 0, OWN_WISH)


def decided_by(decision: Decision, overrides: Iterable[Override]) -> Override | None:
    """The child's own wish that closes a device now, None where something else decides."""
    return next((o for o in overrides if is_own(o) and decision.rule == f"override {o.id}"), None)


def next_by(decision: Decision, overrides: Iterable[Override]) -> Override | None:
    """The child's own wish with which ends what is open now, None where something else ends it."""
    if decision.level == "closed":
        return None
    return next((o for o in overrides if is_own(o) and o.start == decision.until), None)
