"""Local times of a family: when the clock shows a minute, which minute of the day it is.

All arithmetic on durations is in UTC; local wall time is only for what people say. A moment that the clocks
skip is read as the first one after it.
"""

import os
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

DAY_SECONDS = 86400
_LONGEST_SKIP_MINUTES = 1440 + 1  # Samoa left out 30 December 2011


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Names people may choose from: Area/City, and UTC."""
    areas = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    return (*sorted(name for name in available_timezones() if name.startswith(areas)), "UTC")


def system_zone() -> str:
    """The zone this machine is set to, `UTC` where it says nothing."""
    target = os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    return target if target in zone_names() else "UTC"


def local(moment: float, zone: str) -> datetime:
    """The moment (UTC seconds) on the family's clock."""
    return datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone))


def at_minute(day: date, minute: int, zone: str) -> int:
    """UTC seconds of a minute of a local day, 0 (midnight) to 1440."""
    midnight = datetime(day.year, day.month, day.day)
    for later in range(_LONGEST_SKIP_MINUTES):
        wall = midnight + timedelta(minutes=minute + later)
        moment = wall.replace(tzinfo=ZoneInfo(zone)).timestamp()
        if local(moment, zone).replace(tzinfo=None) == wall:
            return int(moment)
    raise ValueError(f"{zone} skips a whole day at {day}")


def next_time(now: float, minute: int, zone: str) -> int:
    """The next moment after now at which the family's clock shows this minute of the day."""
    today = local(now, zone).date()
    candidates = (at_minute(today + timedelta(days=days), minute, zone) for days in range(3))
    return next(moment for moment in candidates if moment > now)
