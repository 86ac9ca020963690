"""What a person used: one bit for each minute of a UTC day and each category, merged by OR.

It decides which minutes are set and how many of them lie in a range of time. Whether a minute is really active
is left to whoever marks it, what a budget makes of it to `budget` and `rules`. UTC days have 1440 minutes
always: a change of the wall clock cannot give two minutes the same bit. Order, loss and repetition of what is
merged do not matter.
"""

from stairgate.core import limits
from stairgate.core.zone import DAY_SECONDS, clock_of, family_day

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from stairgate.core.records import Policy
    from stairgate.core.rules import Used

    Key = tuple[str, str, int]

DAY_MINUTES = 1440
BITMAP_BYTES = 180
# How many bits of a byte are set.
ONES = bytes([sum([number >> bit & 1 for bit in range(8)]) for number in range(256)])


def _count(bits: bytearray, low: int, high: int) -> int:
    """How many bits are set from `low` on and before `high`."""
    total = 0
    for index in range(low >> 3, (high + 7) >> 3):
        byte = bits[index]
        if byte and index == low >> 3:
            byte &= 0xFF << (low & 7)
        if byte and index == high >> 3:
            byte &= (1 << (high & 7)) - 1
        total += ONES[byte]
    return total


class UseBook:
    """Bitmaps of persons, categories and UTC days, at most `room` of them.

    Bit i of a day stands in byte i // 8 as bit i % 8, the least significant first.
    """

    def __init__(self, room: int = limits.USE_ROWS) -> None:
        self._room = room
        self._rows: "dict[Key, bytearray]" = {}

    def mark(self, person: str, category: str, minute: int) -> bool:
        """Set one minute, counted since 1970 UTC. True when it was not set.

        What this device saw itself always finds room: in a full book the bitmap farthest from this day goes.
        """
        day, bit = divmod(minute, DAY_MINUTES)
        key = (person, category, day)
        bits = self._rows.get(key)
        if bits is None:
            if len(self._rows) >= self._room:
                del self._rows[max(self._rows, key=lambda row: (abs(row[2] - day), row))]
            bits = self._rows[key] = bytearray(BITMAP_BYTES)
        if bits[bit >> 3] >> (bit & 7) & 1:
            return False
        bits[bit >> 3] |= 1 << (bit & 7)
        return True

    def merge(self, person: str, category: str, day: int, bits: bytes) -> bool:
        """Set the minutes of a bitmap of a day (counted since 1970). True when one of them was not set.

        Raises ValueError for a bitmap of another size. A full book takes no further bitmap: what others say
        must not push out what was seen here. `concerns` tells which are worth taking.
        """
        if len(bits) != BITMAP_BYTES:
            raise ValueError(f"expected a bitmap of {BITMAP_BYTES} bytes, got {len(bits)}")
        key = (person, category, day)
        held = self._rows.get(key)
        if held is None:
            if len(self._rows) >= self._room or not any(bits):
                return False
            self._rows[key] = bytearray(bits)
            return True
        new = False
        for index in range(BITMAP_BYTES):
            both = held[index] | bits[index]
            if both != held[index]:
                held[index] = both
                new = True
        return new

    def minutes(self, person: str, category: str, begin: int, end: int) -> int:
        """How many minutes are set that begin at `begin` or later and before `end` (UTC seconds)."""
        first, last = -(-begin // 60), -(-end // 60)
        total = 0
        for (who, what, day), bits in self._rows.items():
            low = max(first - day * DAY_MINUTES, 0)
            high = min(last - day * DAY_MINUTES, DAY_MINUTES)
            if who == person and what == category and low < high:
                total += _count(bits, low, high)
        return total

    def rows(self, first_day: int) -> "list[tuple[str, str, int, bytes]]":
        """Person, category, day and bitmap of each row from that day on, sorted."""
        return [key + (bytes(self._rows[key]),) for key in sorted(self._rows) if key[2] >= first_day]

    def drop_before(self, day: int) -> None:
        """Forget all days before this one."""
        self._keep([key for key in self._rows if key[2] >= day])

    def keep_persons(self, ids: "Container[str]") -> None:
        """Forget everybody else."""
        self._keep([key for key in self._rows if key[0] in ids])

    def _keep(self, keys: "list[Key]") -> None:
        self._rows = {key: self._rows[key] for key in keys}


def concerns(policy: "Policy", now: int, person: str, category: str, day: int) -> bool:
    """True for a bitmap that can matter to the policy's budgets now: of its people, its categories, these days.

    Whoever merges what came from outside asks this first, so that a hostile sender cannot fill the book.
    """
    # No family day has more than 50 hours, and tomorrow is for a sender whose clock is ahead.
    if not now // DAY_SECONDS - 2 <= day <= now // DAY_SECONDS + 1:
        return False
    if category == "total":
        return any([one.id == person for one in policy.persons])
    return any([budget.person == person and budget.category == category for budget in policy.budgets])


def used_of(policy: "Policy", now: int, book: UseBook) -> "Used":
    """The minutes used by each person in the family day that holds `now`: {person: {category: minutes}}.

    One entry for each budget line, and `total` for everybody: without a line of its own it is counted over
    the day of the person's first line, else from midnight.
    """
    used: "Used" = {}
    for person in policy.persons:
        clock = clock_of(policy, person.id)
        budgets = [budget for budget in policy.budgets if budget.person == person.id]
        starts = {"total": budgets[0].day_start if budgets else 0}
        starts.update({budget.category: budget.day_start for budget in budgets})
        used[person.id] = {}
        for category, day_start in starts.items():
            _, begin, end = family_day(clock, now, day_start)
            used[person.id][category] = book.minutes(person.id, category, begin, end)
    return used
