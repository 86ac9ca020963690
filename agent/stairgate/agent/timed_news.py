"""What the filter tells control about addresses of timed categories: rows that wait to be told, and which were.

It decides that an address is told only when a device whose person has a budget for that category was answered it, and
only while it serves that one app (as `app_addresses` judges); it is taken back as soon as it does not. Where the rows
travel is the channel's part. In memory only; no name is in it.
"""

from collections.abc import Sequence

from stairgate.agent.limits import TIMED_ADDRESSES, TIMED_CATEGORIES, TIMED_WAITING
from stairgate.agent.timed_addresses import TimedRow
from stairgate.core.policy import Policy

TOTAL = "total"


class TimedNews:
    """Call `take` at every change of the policy; `waiting` gives what is to be told. is_wanted: somebody has such a
    budget."""

    def __init__(self) -> None:
        self.is_wanted = False
        self._categories: dict[str, frozenset[str]] = {}
        self._told: dict[bytes, tuple[str, ...]] = {}
        self._waiting: dict[bytes, tuple[str, ...]] = {}

    def take(self, policy: Policy) -> None:
        """Whose categories are counted from now on."""
        timed: dict[str, set[str]] = {}
        for budget in policy.budgets:
            if budget.category != TOTAL:
                timed.setdefault(budget.person, set()).add(budget.category)
        self._categories = {
            device.id: found
            for device in policy.devices
            if (found := frozenset().union(*(timed.get(person, set()) for person in device.persons)))
        }
        self.is_wanted = bool(self._categories)

    def answered(self, device: str, tags: Sequence[str], addresses: Sequence[bytes]) -> None:
        """The device was told these addresses, which stand for one app with these tags."""
        wanted = self._categories.get(device)
        if not wanted:
            return
        categories = tuple(tag for tag in tags if tag in wanted)[:TIMED_CATEGORIES]
        for address in addresses if categories else ():
            # Several persons may count different categories of one app.
            both = tuple(dict.fromkeys((*self._told.get(address, ()), *categories)))[:TIMED_CATEGORIES]
            self._tell(address, both)

    def shared(self, addresses: Sequence[bytes]) -> None:
        """These addresses serve others, too."""
        for address in addresses if self._told else ():
            if address in self._told:
                self._tell(address, ())

    def _tell(self, address: bytes, categories: tuple[str, ...]) -> None:
        if self._told.get(address, ()) == categories:
            return
        self._told.pop(address, None)
        if categories:
            self._told[address] = categories
        while len(self._told) > TIMED_ADDRESSES:
            del self._told[next(iter(self._told))]
        self._waiting[address] = categories
        while len(self._waiting) > TIMED_WAITING:
            # It was not told, and is as if it had never been answered: the next answer tells it.
            lost = next(iter(self._waiting))
            del self._waiting[lost]
            self._told.pop(lost, None)

    def waiting(self, most: int) -> tuple[TimedRow, ...]:
        """Rows to be told now, at most so many; they no longer wait."""
        taken = list(self._waiting)[:most]
        return tuple(TimedRow(address, self._waiting.pop(address)) for address in taken)
