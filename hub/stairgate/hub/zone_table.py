"""The zone lines of a policy, remembered: finding ten years of changes takes tens of milliseconds, a tap must
not.

The table begins with the calendar year, so that the same rules make the same bytes all year long.
"""

from datetime import UTC, datetime
from functools import lru_cache

from stairgate.provisioning.zones import zone_changes


def zone_table(name: str, moment: int) -> tuple[tuple[int, int], ...]:
    """(UTC second, minutes east of UTC) from the beginning of the moment's year on.

    Raises as `zone_changes`.
    """
    year = datetime.fromtimestamp(moment, UTC).year
    return _of_year(name, year)


@lru_cache(maxsize=64)
def _of_year(name: str, year: int) -> tuple[tuple[int, int], ...]:
    return zone_changes(name, int(datetime(year, 1, 1, tzinfo=UTC).timestamp()))
