"""What is left of a child's time today, in words and as bars, for the parents' card and for the child itself.

Both read the same number as the router counts. It decides the words, the steps at which a child is warned (15, 5 and 1
minutes) and the length of a bar. What is left is `stairgate.core.budget`'s.
"""

from collections.abc import Sequence
from typing import NamedTuple

from stairgate.core.budget import Allowance
from stairgate.core.decide import Decision
from stairgate.hub import categories, wording
from stairgate.hub.language import N_, _
from stairgate.hub.wording import State, minutes_text

#: Minutes left at which a child is told, and the page changes.
WARNINGS = (15, 5, 1)
# What is told at each: of the total, and of a category.
_TOLD = {
    15: (N_("At most 15 minutes are left today."), N_("{title}: at most 15 minutes are left today.")),
    5: (N_("At most 5 minutes are left today."), N_("{title}: at most 5 minutes are left today.")),
    1: (N_("The last minute of today is running."), N_("{title}: the last minute of today is running.")),
    0: (
        N_("No time is left today. It begins anew {when}."),
        N_("{title}: no time is left today. It begins anew {when}."),
    ),
}
_WHOLE = 100
_ENDS_SECONDS = 120  # a decision and the count may be a minute apart


class TimeLine(NamedTuple):
    """One limit. id: `total` or a category; title: empty for the total; share: of 100.

    left, of, used: minutes in words, `left` empty for no time left, `of` empty for no limit.
    step: minutes of the warning that is shown (15, 5, 1), 0 when nothing is left, None before; tone: `plenty`, `little`
    or `none`.
    """

    id: str
    title: str
    left: str
    of: str
    used: str
    share: int
    step: int | None
    tone: str


class TimeLeft(NamedTuple):
    """All limits of a child today. ends: when the family's day ends, in words; anew: the same, `tomorrow at 04:00`.

    warning: a sentence at the steps, else empty.
    """

    lines: tuple[TimeLine, ...]
    ends: str
    anew: str
    warning: str


def time_left(rows: Sequence[Allowance], zone: str, now: float) -> TimeLeft | None:
    """The words for what `allowances` says, None for a child without limits."""
    if not rows:
        return None
    lines = tuple(_line(row) for row in rows)
    # Most pressing first; the total closes everything, so it is told before a category that is as far.
    pressing = min((line for line in lines if line.step is not None), key=lambda line: line.step or 0, default=None)
    ends = wording.clock_time(rows[0].ends, zone, now)
    anew = wording.at_time(rows[0].ends, zone, now)
    return TimeLeft(lines, ends, anew, _warning(pressing, anew) if pressing else "")


def ends_by_budget(decision: Decision, rows: Sequence[Allowance], now: float) -> bool:
    """True when what is open now ends because the minutes are used up, if they are used without a break."""
    total = next((row for row in rows if row.category == "total"), None)
    if total is None or total.left is None or decision.until is None or decision.level != "open":
        return False
    return abs(decision.until - now - total.left * 60) < _ENDS_SECONDS


def told(state: State, decision: Decision, rows: Sequence[Allowance], now: float) -> State:
    """The state of a child or a device: without a time of day where the minutes are what ends it.

    The second is only known for somebody who never stops; the sentence of `why_facts` names the minutes instead.
    """
    return state._replace(until="") if ends_by_budget(decision, rows, now) else state


def _line(row: Allowance) -> TimeLine:
    title = "" if row.category == "total" else categories.title(row.category)
    if row.minutes is None or row.left is None:
        return TimeLine(row.category, title, "", "", minutes_text(row.used), _WHOLE, None, "plenty")
    step = next((step for step in (0, *reversed(WARNINGS)) if row.left <= step), None)
    left = minutes_text(row.left) if row.left else ""
    share = min(_WHOLE, -(-row.left * _WHOLE // row.minutes)) if row.minutes else 0
    tone = "plenty" if step is None else "little" if step else "none"
    of, used = minutes_text(row.minutes), minutes_text(row.used)
    return TimeLine(row.category, title, left, of, used, share, step, tone)


def _warning(line: TimeLine, anew: str) -> str:
    of_all, of_category = _TOLD[line.step or 0]
    return _(of_category if line.title else of_all).format(title=line.title, when=anew)
