"""Which addresses belong to which timed categories: told by the filter, asked by the meter, in memory only.

It decides what is kept of it: the addresses told last, up to a bound. Which addresses stand for a category is the
filter's to say (`timed_news`); what a minute of it is, `activity`'s.
"""

from collections.abc import Iterable
from typing import NamedTuple

from stairgate.agent.limits import TIMED_ADDRESSES


class TimedRow(NamedTuple):
    """An address, 4 or 16 bytes, and the timed categories that it belongs to now; none: no longer to any."""

    address: bytes
    categories: tuple[str, ...]


class TimedAddresses:
    """Never written anywhere, never logged."""

    def __init__(self) -> None:
        self._categories: dict[bytes, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._categories)

    def take(self, rows: Iterable[TimedRow]) -> None:
        """The filter says so. Of more than the bound the ones told longest ago are forgotten."""
        for row in rows:
            self._categories.pop(row.address, None)
            if row.categories:
                self._categories[row.address] = row.categories
        while len(self._categories) > TIMED_ADDRESSES:
            del self._categories[next(iter(self._categories))]

    def of(self, address: bytes) -> tuple[str, ...]:
        """The timed categories of an address, none for most."""
        return self._categories.get(address, ())
