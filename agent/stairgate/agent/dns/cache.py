"""Answers from upstream, remembered for everybody: the decision about a person was made before anybody looks here.

It decides how long an answer is kept (its own TTL within bounds; RFC 2308 for what is not there) and what goes when
there are too many: the one remembered first. Times are monotonic seconds.
"""

from collections import deque

from stairgate.agent.dns.aliases import Chain
from stairgate.agent.dns.message import NOERROR, Reply
from stairgate.agent.limits import CACHE_BYTES, CACHE_ENTRIES, CACHED_SECONDS, NEGATIVE_SECONDS

OVERHEAD = 300  # of an entry, in memory, beside its bytes
ALIAS_OVERHEAD = 200  # of each alias likewise, its place in the chain included


class Entry:
    """A reply and when it came. chain: of its aliases, once somebody has looked them up."""

    __slots__ = ("born", "chain", "dies", "key", "reply", "size")

    def __init__(self, key: bytes, reply: Reply, born: float, dies: float, size: int) -> None:
        self.key, self.reply, self.born, self.dies, self.size = key, reply, born, dies, size
        self.chain: Chain | None = None


class Cache:
    """Bounded by entries and bytes. A key is the question in lower case with the bits that change its answer."""

    def __init__(self, entries: int = CACHE_ENTRIES, size: int = CACHE_BYTES) -> None:
        self._entries_max, self._size_max = entries, size
        self._held: dict[bytes, Entry] = {}
        # By age. A dictionary whose first keys were deleted walks over the gaps each time its first one is asked for.
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
        if entry is None or entry.dies > now:
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
        if seconds > 0:
            self._held[key] = entry
            self._row.append(entry)
            self._size += size
            while len(self._row) > self._entries_max or self._size > self._size_max:
                self._drop(self._row.popleft())
        return entry

    def _drop(self, entry: Entry) -> None:
        """Forget an entry, unless it is forgotten already; its place in the row it keeps until its turn."""
        if self._held.get(entry.key) is entry:
            del self._held[entry.key]
            self._size -= entry.size
