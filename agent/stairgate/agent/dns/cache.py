"""Answers from upstream, remembered for everybody: the decision about a person was made before anybody looks here.

It decides how long an answer is kept (its own TTL within bounds; RFC 2308 for what is not there) and what goes when
there are too many: the one remembered first that nobody has asked for again since. Times are monotonic seconds.
"""

from collections import deque

from stairgate.agent.dns.aliases import Chain
from stairgate.agent.dns.message import NOERROR, Reply
from stairgate.agent.limits import CACHE_BYTES, CACHE_ENTRIES, CACHED_SECONDS, NEGATIVE_SECONDS

OVERHEAD = 300  # of an entry, in memory, beside its bytes
ALIAS_OVERHEAD = 200  # of each alias likewise, its place in the chain included


class Entry:
    """A reply and when it came. chain: of its aliases, once somebody has looked them up. is_wanted: it was asked for
    again since its turn to go came last."""

    __slots__ = ("born", "chain", "dies", "is_wanted", "key", "reply", "size")

    def __init__(self, key: bytes, reply: Reply, born: float, dies: float, size: int) -> None:
        self.key, self.reply, self.born, self.dies, self.size = key, reply, born, dies, size
        self.chain: Chain | None = None
        self.is_wanted = False


class Cache:
    """Bounded by entries and bytes. A key is the question in lower case with the bits that change its answer."""

    def __init__(self, entries: int = CACHE_ENTRIES, size: int = CACHE_BYTES) -> None:
        self._entries_max, self._size_max = entries, size
        self._held: dict[bytes, Entry] = {}
        # By age, but for second chances. A dictionary whose first keys were deleted walks over the gaps each time its
        # first one is asked for.
        self._row: deque[Entry] = deque()
        self._size = 0

    def __len__(self) -> int:
        return len(self._held)

    @property
    def held_bytes(self) -> int:
        """What is held, about."""
        return self._size

    def get(self, key: bytes, now: float) -> Entry | None:
        """What is remembered and still good."""
        entry = self._held.get(key)
        if entry is None:
            return None
        if entry.dies > now:
            entry.is_wanted = True
            return entry
        self._drop(entry)
        return None

    def put(self, key: bytes, reply: Reply, now: float) -> Entry:
        """The reply as an entry, which is remembered if it may be kept."""
        positive = reply.rcode == NOERROR and reply.answers > 0
        seconds = min(reply.ttl, CACHED_SECONDS if positive else NEGATIVE_SECONDS)
        size = OVERHEAD + len(key) + len(reply.records) + 64 * len(reply.ttls)
        for alias in reply.aliases:
            size += ALIAS_OVERHEAD + len(alias)
        entry = Entry(key, reply, now, now + seconds, size)
        before = self._held.get(key)
        if before is not None:
            self._drop(before)
        if seconds > 0 and size <= self._size_max:
            # Before it comes: among others that are all wanted, the newest would have to go.
            while self._row and (len(self._row) >= self._entries_max or self._size + size > self._size_max):
                self._make_room(now)
            self._held[key] = entry
            self._row.append(entry)
            self._size += size
        return entry

    def _make_room(self, now: float) -> None:
        # A second chance costs a mark; to keep a true order of use would cost a move at each look.
        first = self._row.popleft()
        if first.is_wanted and first.dies > now and self._held.get(first.key) is first:
            first.is_wanted = False
            self._row.append(first)
        else:
            self._drop(first)

    def _drop(self, entry: Entry) -> None:
        """Forget an entry, unless it is forgotten already; its place in the row it keeps until its turn."""
        if self._held.get(entry.key) is entry:
            del self._held[entry.key]
            self._size -= entry.size
