"""What a child's devices may do, by the taps that were answered: the storm's own small model of a family.

It knows pause, extra time, "end", undo and a bedtime that is now, and nothing of the product's code: what the storm
sees in the kernel and on the page is held against it. Times that run out are left to the fault table: a storm is
shorter than the shortest exception.
"""

from typing import NamedTuple

PAUSE, BONUS = "pause", "bonus"


class Exceptions(NamedTuple):
    """What is in force for a child beside its rules; put_off: how often extra time has put the pause off."""

    paused: bool = False
    extended: bool = False
    put_off: int = 0


class ChildModel:
    """One child. Call the acts when the hub has answered that they are done."""

    def __init__(self) -> None:
        self.exceptions = Exceptions()
        self.bedtime = False
        # What undo puts back; None when there is nothing to undo.
        self._before: Exceptions | None = None
        # The last act was one on the calendar: what undo makes of that is not modelled here.
        self.is_calendar_last = False

    @property
    def is_open(self) -> bool:
        """True when the rules and exceptions open the gate: a pause wins over extra time, that over a bedtime."""
        if self.exceptions.paused:
            return False
        return self.exceptions.extended or not self.bedtime

    @property
    def can_undo(self) -> bool:
        """True when the last act can be taken back."""
        return self._before is not None

    def calendar(self, bedtime: bool) -> None:
        """A bedtime that is now was set, or all were removed; either may be undone in the place of what was before."""
        self.bedtime, self._before, self.is_calendar_last = bedtime, None, True

    def act(self, what: str) -> None:
        """`pause`, `bonus`, `end` or `undo` was done. Raises ValueError for an undo of nothing."""
        before = self.exceptions
        self.is_calendar_last = False
        if what == "undo":
            if self._before is None:
                raise ValueError("nothing was there to undo")
            self.exceptions, self._before = self._before, None
            return
        if what == PAUSE:
            self.exceptions = before._replace(paused=True, put_off=0)
        elif what == BONUS:
            waits = before.paused or before.put_off
            # A quarter of an hour each; the pause is of an hour, and over when it is put off for all of it.
            self.exceptions = Exceptions(extended=True, put_off=(before.put_off + 1) % 4 if waits else 0)
        elif before.paused:
            self.exceptions = Exceptions(extended=before.extended)
        else:
            self.exceptions = Exceptions(paused=bool(before.put_off))
        self._before = before
