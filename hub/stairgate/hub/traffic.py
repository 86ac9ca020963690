"""Bytes of each device, for the picture: RAM only, the last two minutes.

Agents send cumulative counts; differences are put into short buckets. Whose traffic may be shown at all is
the caller's decision (never that of exempt devices). Nothing here is ever written to disk.
"""

import threading
from collections import OrderedDict
from collections.abc import Collection
from typing import NamedTuple

from stairgate.core.messages import Usage
from stairgate.hub import limits
from stairgate.hub.clock import Clock


class Flow(NamedTuple):
    """One device: bytes in each bucket, oldest first, and their sums since the hub started."""

    to_device: tuple[int, ...]
    from_device: tuple[int, ...]
    total_to: int
    total_from: int


NOTHING = Flow((0,) * limits.TRAFFIC_BUCKETS, (0,) * limits.TRAFFIC_BUCKETS, 0, 0)


class _Ring:
    def __init__(self) -> None:
        self.counted: dict[str, tuple[int, int]] = {}  # agent -> its last cumulative counts
        self.buckets: OrderedDict[int, tuple[int, int]] = OrderedDict()
        self.total = (0, 0)

    def add(self, agent: str, bucket: int, to_device: int, from_device: int) -> None:
        before = self.counted.get(agent)
        self.counted[agent] = (to_device, from_device)
        if before is None:
            return  # the agent has counted since before we listened
        # A smaller count means that the agent began again at zero.
        moved_to = to_device - before[0] if to_device >= before[0] else to_device
        moved_from = from_device - before[1] if from_device >= before[1] else from_device
        held = self.buckets.get(bucket, (0, 0))
        self.buckets[bucket] = (held[0] + moved_to, held[1] + moved_from)
        self.total = (self.total[0] + moved_to, self.total[1] + moved_from)
        while len(self.buckets) > limits.TRAFFIC_BUCKETS + 1:
            self.buckets.popitem(last=False)


class Traffic:
    """The last two minutes of each device. Safe for threads; bounded."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rings: OrderedDict[str, _Ring] = OrderedDict()

    def take(self, usage: Usage, shown: Collection[str]) -> None:
        """Count an agent's message, for the devices in `shown` only; what is known of others is forgotten."""
        bucket = self._bucket()
        with self._lock:
            for device, to_device, from_device in usage.bytes:
                if device in shown:
                    self._rings.setdefault(device, _Ring()).add(usage.agent, bucket, to_device, from_device)
            for device in [device for device in self._rings if device not in shown]:
                del self._rings[device]
            while len(self._rings) > limits.TRAFFIC_DEVICES:
                self._rings.popitem(last=False)

    def of(self, device: str) -> Flow:
        """The device's last two minutes; the last bucket is the one still filling."""
        last = self._bucket()
        with self._lock:
            ring = self._rings.get(device)
            if ring is None:
                return NOTHING
            buckets = dict(ring.buckets)
            total = ring.total
        window = [buckets.get(bucket, (0, 0)) for bucket in range(last - limits.TRAFFIC_BUCKETS + 1, last + 1)]
        return Flow(tuple(to for to, _ in window), tuple(sent for _, sent in window), *total)

    def marker(self) -> int:
        """A number that changes whenever some picture does."""
        bucket = self._bucket()
        with self._lock:
            last = max((max(ring.buckets, default=0) for ring in self._rings.values()), default=0)
        return bucket if bucket - last <= limits.TRAFFIC_BUCKETS + 1 else 0

    def _bucket(self) -> int:
        return int(self._clock.monotonic() // limits.TRAFFIC_BUCKET_SECONDS)
