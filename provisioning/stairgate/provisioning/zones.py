"""Offset changes of a time zone from the tz database, for the `zone` lines of a policy.

It decides which seconds a policy must name so that a device needs no tz database; what a device makes of them is
`stairgate.core.zone`'s part. The tz database is the system's, else that of the package `tzdata` (PEP 615).
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

STEP_SECONDS = 6 * 3600  # no zone of the tz database has two changes within six hours since 1970


def _offset_minutes(zone: ZoneInfo, utc: int) -> int:
    offset = datetime.fromtimestamp(utc, zone).utcoffset()
    if offset is None:
        raise ValueError(f"{zone.key} has no offset at {utc}")
    return offset // timedelta(minutes=1)


def zone_changes(name: str, from_utc: int, years: int = 10) -> tuple[tuple[int, int], ...]:
    """(UTC second, offset in minutes) at `from_utc` and at each change in the years after it.

    Raises zoneinfo.ZoneInfoNotFoundError or ValueError for a name that the tz database lacks. Seconds of historic
    offsets are cut: no zone has had any since 1972.
    """
    zone = ZoneInfo(name)
    changes = [(from_utc, _offset_minutes(zone, from_utc))]
    low = from_utc
    end = from_utc + years * 365 * 86400 + years // 4 * 86400
    while low < end:
        high = min(low + STEP_SECONDS, end)
        if _offset_minutes(zone, high) != changes[-1][1]:
            same, other = low, high
            while other - same > 1:
                middle = (same + other) // 2
                if _offset_minutes(zone, middle) == changes[-1][1]:
                    same = middle
                else:
                    other = middle
            changes.append((other, _offset_minutes(zone, other)))
        low = high
    return tuple(changes)
