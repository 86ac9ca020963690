"""What devices with `reach` lines asked the filter for: counted where names are answered, told to control in rows.

It decides what is counted under its name and what only as one of many: rows that wait have a bound, and what is no
well-formed name is none that a page should show. In memory only; never logged. What becomes of the rows is `reached`'s
part.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from stairgate.agent.declared import covering
from stairgate.agent.limits import ASKED_ROWS, ASKED_WAITING
from stairgate.core.fields import is_id, is_integer, is_name
from stairgate.core.limits import COUNTER_MAX
from stairgate.core.observed import DECLARED, REFUSED


class AskedRow(NamedTuple):
    """How often a device asked for a name since that was told last. where, verdict: as in `core.observed.Reached`."""

    device: str
    where: str
    verdict: str
    times: int


class Asked:
    """The rows of the filter's process that wait to be told."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str, str], int] = {}

    def note(self, device: str, reach: frozenset[str], name: str) -> None:
        """The device asked for a name, in lower case without a dot at the end. reach: what it may resolve."""
        where = covering(reach, name)
        key = (device, where, DECLARED) if where else (device, name if is_name(name) else "", REFUSED)
        if key not in self._waiting and len(self._waiting) >= ASKED_WAITING:
            key = (device, "", REFUSED)
        self._waiting[key] = self._waiting.get(key, 0) + 1

    def waiting(self) -> tuple[AskedRow, ...]:
        """Rows to be told now, as many as one frame holds; they no longer wait."""
        taken = list(self._waiting)[:ASKED_ROWS]
        return tuple(AskedRow(*key, self._waiting.pop(key)) for key in taken)


class AskedInbox:
    """The rows that have come from the filter and wait for `reached`."""

    def __init__(self) -> None:
        self._rows: list[AskedRow] = []

    def take(self, rows: Iterable[AskedRow]) -> None:
        """The filter says so. Beyond the bound what comes is dropped: control has not looked for long."""
        self._rows = [*self._rows, *rows][:ASKED_WAITING]

    def drained(self) -> list[AskedRow]:
        """All that has come since the last call."""
        rows, self._rows = self._rows, []
        return rows


def asked_row(row: Any) -> AskedRow:
    """A row as the channel carries it. Raises ValueError or TypeError."""
    made = AskedRow(*row)
    is_sound = is_id(made.device) and (made.where == "" or is_name(made.where)) and made.verdict in (DECLARED, REFUSED)
    if not is_sound or not is_integer(made.times, 1, COUNTER_MAX):
        raise ValueError("expected a device, a name, a verdict and a count")
    return made
