"""Answers from upstream, remembered for everybody: the decision about a person was made before anybody looks here.

It decides how long an answer is kept (its own TTL within bounds; RFC 2308 for what is not there) and what goes when
there are too many: the one remembered first. Times are monotonic seconds.
"""

from stairgate.agent.dns.message import NOERROR, Reply
from stairgate.agent.limits import CACHE_BYTES, CACHE_ENTRIES, CACHED_SECONDS, NEGATIVE_SECONDS

OVERHEAD = 300  # of an entry, in memory, beside its bytes


class Entry:
    """A reply and when it came."""

    __slots__ = ("born", "dies", "reply", "size")

    def __init__(self, reply: Reply, born: float, dies: float, size: int) -> None:
        self.reply, self.born, self.dies, self.size = reply, born, dies, size


class Cache:
    """Bounded by entries and bytes. A key is the question in lower case with the bits that change its answer."""

    def __init__(self, entries: int = CACHE_ENTRIES, size: int = CACHE_BYTES) -> None:
        self._entries_max, self._size_max = entries, size
        self._held: dict[bytes, Entry] = {}
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
            return entry
        self._drop(key)
        return None

    def put(self, key: bytes, reply: Reply, now: float) -> None:
        """Remember a reply, if it may be kept."""
        positive = reply.rcode == NOERROR and reply.answers > 0
        seconds = min(reply.ttl, CACHED_SECONDS if positive else NEGATIVE_SECONDS)
        self._drop(key)
        if seconds <= 0:
            return
        size = OVERHEAD + len(key) + len(reply.records) + 64 * len(reply.ttls)
        self._held[key] = Entry(reply, now, now + seconds, size)
        self._size += size
        while len(self._held) > self._entries_max or self._size > self._size_max:
            self._drop(next(iter(self._held)))

    def _drop(self, key: bytes) -> None:
        entry = self._held.pop(key, None)
        if entry:
            self._size -= entry.size
