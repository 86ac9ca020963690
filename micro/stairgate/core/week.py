"""Windows of the week and of dates: which of them holds a wall-clock minute, and when they begin and end.

A window belongs to the day on which it begins; with `end <= start` it lasts into the next day. A moment is in
a window when its wall-clock minute is, so a skipped hour never occurs and a doubled one counts twice. Dates
replace the week on their days; what stands above and below windows is left to `decide`.
"""

from stairgate.core.words import LEVELS
from stairgate.core.zone import day_number, weekday

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.records import Date, Week


def holds(start: int, end: int, minute: int, began_yesterday: bool) -> bool:
    """True when a window that begins today (or, if so asked, began yesterday) holds today's minute."""
    if began_yesterday:
        return end <= start and minute < end
    return minute >= start and (minute < end or end <= start)


class Windows:
    """All windows of one person, ready to be asked about many moments."""

    def __init__(self, weeks: "list[Week]", dates: "list[Date]") -> None:
        self._weeks = weeks
        self._dates = [(day_number(date.first), day_number(date.last), date) for date in dates]

    def edges(self) -> "set[int]":
        """The minutes of the day at which a window begins or ends."""
        edges: "set[int]" = set()
        for week in self._weeks:
            edges.update((week.start, week.end))
        for _, _, date in self._dates:
            for start, end, _ in date.windows:
                edges.update((start, end))
        return edges

    def date_edges(self) -> "list[int]":
        """The days (since 1970-01-01) from which other windows may apply than on the day before."""
        return [first for first, _, _ in self._dates] + [last + 1 for _, last, _ in self._dates]

    def in_force(self, day: int, minute: int) -> "tuple[str, int, str] | None":
        """The window that wins at a local minute: layer (`date` or `week`), level as an index, line.

        Dates come before weeks, and inside a layer the strictest level wins. None outside every window.
        """
        best = None
        for began_yesterday in (False, True):
            begin = day - 1 if began_yesterday else day
            in_date = False
            for first, last, date in self._dates:
                if first <= begin <= last:
                    in_date = True
                    for window in date.windows:
                        if holds(window[0], window[1], minute, began_yesterday):
                            best = _stricter(best, "date", (date.person, date.first, date.last) + tuple(window))
            if in_date:
                continue
            bit = 1 << weekday(begin)
            for week in self._weeks:
                if week.days & bit and holds(week.start, week.end, minute, began_yesterday):
                    best = _stricter(best, "week", tuple(week))
        return best


def _stricter(best: "tuple[str, int, str] | None", layer: str, fields: "tuple[object, ...]") -> "tuple[str, int, str]":
    level = LEVELS.index(fields[-1])
    # "date" sorts before "week", so a smaller layer wins.
    if best is not None and (best[0] < layer or (best[0] == layer and best[1] >= level)):
        return best
    return layer, level, layer + " " + " ".join([str(field) for field in fields])
