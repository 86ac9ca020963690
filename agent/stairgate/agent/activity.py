"""Whether a device was really in use in a minute: from the bytes its flows moved, both ways, to minutes that count.

It decides in three steps, all pure: which flows nobody watches (an update, a backup, a camera's upload) are set aside;
what is left makes a minute plenty, some or quiet; and dense minutes count together, so that short gaps are bridged and
a single look for news is none. The numbers are `activity_data`'s, the counting of bytes `usage`'s, whose minute it was
`meter`'s.
"""

from collections import deque
from collections.abc import Iterable

from stairgate.agent.activity_data import (
    BOTH_WAYS,
    BUSY_SECONDS,
    COARSE_SECONDS,
    ENOUGH,
    LINK,
    NO_LINK,
    ONE_SIDED,
    PAGE_POINTS,
    PLENTY_LINK,
    PLENTY_POINTS,
    SAMPLE_BYTES,
    SOME_POINTS,
    SPREAD_SECONDS,
    STEADY,
    STEADY_BYTES_A_SECOND,
    STEADY_SECONDS,
    THRESHOLDS,
    TOTAL,
    WINDOW,
)
from stairgate.agent.limits import HEAVY_FLOWS


class HeavyFlow:
    """What one flow moved in a minute, from the first reading on in which it moved much. Times in monotonic seconds.

    busy: seconds of readings in which it did; readings: how many.
    """

    __slots__ = ("began", "busy", "down", "ended", "readings", "up")

    def __init__(self, began: float) -> None:
        self.began, self.ended = began, began
        self.busy, self.readings = 0.0, 0
        self.down = self.up = 0

    def is_upload(self) -> bool:
        """It gives and gets nothing but acknowledgements: a backup, a camera."""
        return self.down <= ONE_SIDED * self.up

    def is_download(self) -> bool:
        """It takes and gives nothing but acknowledgements."""
        return self.up <= ONE_SIDED * self.down

    def is_steady(self) -> bool:
        """It never pauses, as a player does once its buffer is full."""
        is_fine = self.busy <= COARSE_SECONDS * self.readings
        return is_fine and self.busy >= STEADY * (self.ended - self.began)


class Minute:
    """What one device moved in one minute, as far as it is known; for one category, or for all.

    bulk: ids of the flows that were downloads in the minute before.
    """

    def __init__(self, bulk: frozenset[int] = frozenset()) -> None:
        self.down = self.up = 0
        self._moving, self._moved_until = 0.0, -1.0
        self._heavy: dict[int, HeavyFlow] = {}
        self._bulk = bulk

    def add(self, flow: int, down: int, up: int, began: float, ended: float) -> None:
        """A flow has moved so many bytes between two readings."""
        self.down += down
        self.up += up
        heavy = self._heavy.get(flow)
        is_much = down + up >= SAMPLE_BYTES
        if heavy is None:
            if not is_much or len(self._heavy) >= HEAVY_FLOWS:
                if ended > self._moved_until:
                    self._moving, self._moved_until = self._moving + ended - began, ended
                return
            heavy = self._heavy[flow] = HeavyFlow(began)
        heavy.down += down
        heavy.up += up
        if is_much:
            heavy.ended = ended
            heavy.busy += ended - began
            heavy.readings += 1

    def downloads(self) -> frozenset[int]:
        """The flows that are one long download: steady, one-sided, and together faster than a stream needs to be.

        The tail of one that was such a download in the minute before is one, too.
        """
        steady = {flow: heavy for flow, heavy in self._heavy.items() if heavy.is_download() and heavy.is_steady()}
        long = {flow: heavy for flow, heavy in steady.items() if heavy.ended - heavy.began >= STEADY_SECONDS}
        # A download over several connections is one.
        rate = sum(heavy.down / (heavy.ended - heavy.began) for heavy in long.values())
        found = set(long) if rate >= STEADY_BYTES_A_SECOND else set()
        return frozenset(found | (self._bulk & steady.keys()))

    def points(self, category: str, downloads: Iterable[int] = ()) -> int:
        """How much this minute is worth: 0 for a quiet one. downloads: of the whole device."""
        aside = {flow for flow, heavy in self._heavy.items() if heavy.is_upload()}
        aside |= self._heavy.keys() & set(downloads)
        down = self.down - sum(self._heavy[flow].down for flow in aside)
        up = self.up - sum(self._heavy[flow].up for flow in aside)
        threshold = THRESHOLDS.get(category, THRESHOLDS[TOTAL])
        if down >= threshold.plenty:
            return PLENTY_POINTS
        if up < threshold.up:
            return 0
        if down >= threshold.down:
            # Seconds in which small flows moved, and the large one that moved longest.
            seen = (heavy.busy for flow, heavy in self._heavy.items() if flow not in aside)
            spread = self._moving + max(seen, default=0)
            if spread >= BUSY_SECONDS or (spread >= SPREAD_SECONDS and self._is_both_ways()):
                return SOME_POINTS
        return PAGE_POINTS if down >= threshold.page else 0

    def _is_both_ways(self) -> bool:
        """What moves little moves both ways. Pictures do not, in a conversation either, so large flows are left out."""
        down = self.down - sum(heavy.down for heavy in self._heavy.values())
        up = self.up - sum(heavy.up for heavy in self._heavy.values())
        return up >= BOTH_WAYS * down


def _link(points: int, others: int) -> int:
    """How many minutes may lie from one minute to the next so that they count together."""
    if (points == PAGE_POINTS) != (others == PAGE_POINTS):
        return NO_LINK
    return PLENTY_LINK if points == others == PLENTY_POINTS else LINK


class Runs:
    """Minutes of one device and category, one after the other, of which dense ones count together."""

    def __init__(self) -> None:
        # The last minutes that were not quiet, with their points.
        self._lately: deque[tuple[int, int]] = deque(maxlen=WINDOW)
        self._counted = -1

    def add(self, minute: int, points: int) -> range:
        """The minutes that count from now on, this one the last of them; an empty range when none does.

        Minutes come in order; those that are left out were quiet.
        """
        found = self.expected(minute, points)
        if points:
            self._lately.append((minute, points))
        if found:
            self._counted = found[-1]
        return found

    def expected(self, minute: int, points: int) -> range:
        """What `add` would answer, without taking it."""
        if not points:
            return range(0)
        linked = [(minute, points)]
        for earlier, worth in reversed(self._lately):
            if earlier <= minute - WINDOW:
                break
            if any(later - earlier <= _link(worth, more) for later, more in linked):
                linked.append((earlier, worth))
        if sum(worth for _, worth in linked) < ENOUGH:
            return range(0)
        return range(max(linked[-1][0], self._counted + 1), minute + 1)
