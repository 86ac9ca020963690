"""What time it is as far as the agent can know, and how strict it has to be where it cannot.

It decides which clock is believed; what a time means for a device is `core.decide`'s, the file `state`'s. A time once
believed goes on with the monotonic clock, which nobody can set: a step of the wall clock alone opens nothing, shortens
no pause and is followed only where that is stricter. By what is known of the time:

| what is known of the time                                          | decided at                       | trusted |
|--------------------------------------------------------------------|----------------------------------|---------|
| the hub signed it for a hello of ours, since the machine started    | that, going on                   | yes     |
| else the kernel says "synchronised", and it is not before the last  | the wall clock                   | yes     |
| else a battery clock set it at the start, and it is not before      | that, going on                   | yes     |
| else nothing: the later of the wall clock and the last known time    | that; what was closed stays so   | no      |
| the wall clock was set on since, and neither hub nor kernel says so | both: the stricter wins          | no      |
| the wall clock was set back since, and neither says so              | as if it had not been            | no      |
| the hub signs another time than was trusted, and our clock denies it | both, for six hours: the stricter | no     |
| hub or policy say one time, the kernel "synchronised" and another   | both: the stricter wins          | no      |

"The last" is the last known time: of the policy's issue, or the last trusted time on the disk. So a mini-PC with a
battery works without NTP and hub. A router without one knows, after a power cut, the time of its last save (each change
of a level) or what the system restored, and goes on from there: until the hub or NTP tells the time, its rules run
late by the time it was off. That is the one case in which a device can be open for longer than it should; what was
closed before stays closed in it.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from stairgate.agent.conntrack import boot_id
from stairgate.agent.limits import (
    CLOCK_SLACK_SECONDS,
    CLOCKS_AGREE_SECONDS,
    DOUBT_SECONDS,
    EARLIEST_TIME,
    JUMP_SECONDS,
    TIMEX_BYTES,
)
from stairgate.core.decide import Decision
from stairgate.core.fields import is_id
from stairgate.port.clock import SystemClock

try:
    import ctypes
except ImportError:  # OpenWrt packages it apart; the hub's time is enough
    ctypes = None  # type: ignore[assignment]

NONE, BATTERY, KERNEL, HUB = "none", "battery", "kernel", "hub"
SOURCES = (NONE, BATTERY, KERNEL, HUB)
BATTERY_CLOCK = "/sys/class/rtc/rtc0"
TIME_ERROR = 5
LEVELS = ("open", "limited", "closed")  # the later is the stricter


class Evidence(Protocol):
    """What the machine says of its clock."""

    def synchronised(self) -> bool:
        """True while the kernel's clock is kept by NTP or the like; a step made by hand ends it."""

    def battery(self) -> bool:
        """True when a battery clock goes on while the machine is off."""

    def boot(self) -> str:
        """A word for this start of the machine, "" where there is none."""


class KernelEvidence:
    """See Evidence: adjtimex(2), which any user may ask, and /sys."""

    def synchronised(self) -> bool:
        """See Evidence."""
        if ctypes is None or not hasattr(ctypes.CDLL(None), "adjtimex"):
            return False
        # All zeros asks and sets nothing; the answer is the clock's state.
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
        return 0 <= state < TIME_ERROR

    def battery(self) -> bool:
        """See Evidence."""
        return os.path.exists(BATTERY_CLOCK)

    def boot(self) -> str:
        """See Evidence."""
        return boot_id()


class Belief(NamedTuple):
    """What to decide by. times: UTC seconds, the strictest decision counts; held: devices that stay closed."""

    times: tuple[float, ...]
    trusted: bool
    held: frozenset[str] = frozenset()


class Record(NamedTuple):
    """What outlives the process. All times in seconds.

    boot: in which start of the machine; offset and wall_offset: UTC, believed and the wall clock's, less the monotonic
    clock's; known: the last trusted UTC time; closed: devices that were closed under the policy `revision`.
    """

    boot: str
    source: str
    offset: float
    wall_offset: float
    known: float
    revision: int
    closed: tuple[str, ...]


def write_record(record: Record) -> bytes:
    """The record as JSON."""
    return json.dumps(record, separators=(",", ":")).encode()


def read_record(content: bytes) -> Record | None:
    """What `write_record` made; None when it is anything else."""
    try:
        record = Record(*json.loads(content))
        numbers = (record.offset, record.wall_offset, record.known)
        closed = tuple(record.closed)
    except (TypeError, ValueError, RecursionError):
        return None
    good = (
        isinstance(record.boot, str)
        and record.source in SOURCES
        and all(type(number) in (int, float) and abs(number) < 1e12 for number in numbers)
        and type(record.revision) is int
        and all(is_id(device) for device in closed)
    )
    return record._replace(closed=closed) if good else None


class ClockTrust(SystemClock):
    """The agent's clocks: `wall` is the time it believes. `believe` says how far.

    record: what an earlier process left, None when there is nothing usable. trusted: as believed last.
    """

    def __init__(self, clock: SystemClock, evidence: Evidence, record: Record | None = None) -> None:
        self._clock, self._evidence = clock, evidence
        self._boot = evidence.boot()
        self._revision, self._closed = (record.revision, record.closed) if record else (0, ())
        self._known = max(record.known if record else 0.0, EARLIEST_TIME)
        self.trusted = False
        if record and record.boot and record.boot == self._boot:
            self._source, self._offset, self._wall_offset = record.source, record.offset, record.wall_offset
        else:
            # The monotonic clock counts from the start of the machine.
            monotonic = clock.monotonic()
            self._source, self._wall_offset = NONE, clock.wall() - monotonic
            self._offset = max(self._wall_offset, self._known)
        # What the hub says against all that was believed, less the monotonic clock's time, and since when.
        self._doubted: float | None = None
        self._doubted_since = 0.0

    def monotonic(self) -> float:
        """Seconds that never step."""
        return self._clock.monotonic()

    def wall(self) -> float:
        """UTC seconds as believed."""
        return self._offset + self._clock.monotonic()

    def offset(self) -> float:
        """UTC seconds as believed, less those of the monotonic clock."""
        return self._offset

    def hub_says(self, utc: float, monotonic: float) -> bool:
        """The hub signed `utc` as the time for the newest hello; its answer came at `monotonic`. True when believed,
        and not denied by a kernel that is synchronised.

        A hub without a battery clock may start in another year. What it then signs is doubted while nothing bears it
        out, neither the time that was trusted nor the wall clock. A hub that stays with it is right in the end.
        """
        now = self._clock.monotonic()
        told, wall_offset = utc - monotonic, self._clock.wall() - now
        # The hub tells whole seconds: a clock that agrees with it is the finer one.
        finer = [each for each in (wall_offset, self._offset) if abs(each - told) <= CLOCKS_AGREE_SECONDS]
        jumps = self._source != NONE and not finer and abs(told - self._offset) > JUMP_SECONDS
        if jumps and not self._is_long_doubted(told, now):
            return False
        told = finer[0] if finer else told
        self._doubted = None
        self._source, self._offset, self._wall_offset, self._known = HUB, told, wall_offset, told + now
        return not self._is_denied(wall_offset + now, told + now)

    def _is_denied(self, wall: float, believed: float) -> bool:
        """The kernel says "synchronised", and quite another time.

        A child at home can forge the time that a hub gets, and turn it bit by bit; hardly the one that a router gets.
        """
        return abs(wall - believed) > JUMP_SECONDS and wall >= EARLIEST_TIME and self._evidence.synchronised()

    def _is_long_doubted(self, told: float, now: float) -> bool:
        if self._doubted is None or abs(told - self._doubted) > CLOCK_SLACK_SECONDS:
            self._doubted, self._doubted_since = told, now
        return now - self._doubted_since >= DOUBT_SECONDS

    def issued(self, utc: float) -> None:
        """A policy of the hub's was issued then: it is later now."""
        if self._source == HUB:
            return
        self._known = max(self._known, utc)
        if self.wall() < utc - CLOCK_SLACK_SECONDS:
            self._source, self._offset = NONE, utc - self._clock.monotonic()

    def believe(self, revision: int = 0) -> Belief:
        """What to decide by now; revision: of the policy to decide, for what was closed under another is not held."""
        now, wall = self._clock.monotonic(), self._clock.wall()
        wall_offset = wall - now
        stepped = abs(wall_offset - self._wall_offset) > CLOCKS_AGREE_SECONDS
        not_before = wall >= self._known - CLOCK_SLACK_SECONDS
        if self._source != HUB and not_before and self._evidence.synchronised():
            self._source, self._offset, self._wall_offset, stepped = KERNEL, wall_offset, wall_offset, False
        elif self._source == NONE and not_before and not stepped and self._evidence.battery():
            self._source, self._offset = BATTERY, wall_offset
        believed = self._offset + now
        denied = self._is_denied(wall, believed)
        times: tuple[float, ...] = (believed, wall) if denied or (stepped and wall > believed) else (believed,)
        if self._doubted is not None:
            times += (self._doubted + now,)
        holds = self._source == NONE and revision == self._revision
        self.trusted = self._source != NONE and not stepped and not denied and self._doubted is None
        return Belief(times, self.trusted, frozenset(self._closed if holds else ()))

    def record(self, revision: int, closed: Iterable[str]) -> Record:
        """What to keep on the disk, after a look at the policy `revision` that left these devices closed."""
        self._revision, self._closed = revision, tuple(sorted(closed))
        known = self._known if self._source == NONE else self.wall()
        return Record(self._boot, self._source, self._offset, self._wall_offset, known, self._revision, self._closed)


def is_news(record: Record, saved: Record | None) -> bool:
    """True when a record is worth writing: the last known time alone is not, for flash wears."""
    if saved is None:
        return True
    moved = max(abs(record.offset - saved.offset), abs(record.wall_offset - saved.wall_offset))
    return (
        moved > CLOCKS_AGREE_SECONDS
        or record._replace(offset=saved.offset, wall_offset=saved.wall_offset, known=saved.known) != saved
    )


def _second(time: float) -> int:
    """The whole second; rounding errors of fractions do not make two of one, which would be told as news."""
    return int(time + 0.001)


def strictest(
    decided: Sequence[Mapping[str, Decision]], times: Sequence[float], held: frozenset[str]
) -> dict[str, Decision]:
    """One decision a device from those at several times, with `until` by the first of the times.

    Open ends with the first that ends; closed with the last, and never for a held device.
    """
    if len(decided) == 1 and not held:
        return dict(decided[0])
    joined = {}
    for device, first in decided[0].items():
        level = max((each[device].level for each in decided), key=LEVELS.index)
        if device in held and level == "open":
            joined[device] = first._replace(level="closed", until=None, next_level=None)
            continue
        same = [(each[device], time) for each, time in zip(decided, times, strict=True) if each[device].level == level]
        left = [None if one.until is None else one.until - time for one, time in same]
        known = [seconds for seconds in left if seconds is not None]
        if len(decided) == 1:
            joined[device] = first
        elif level == "open":
            joined[device] = same[0][0]._replace(until=_second(times[0] + min(known)) if known else None)
        else:
            joined[device] = same[0][0]._replace(
                level=level, until=_second(times[0] + max(known)) if len(known) == len(left) else None
            )
    return joined
