"""Quiet hours of devices without our agent, as the hub keeps them, and the lines that a router's policy has of them.

Records and how they are stored. It decides which of them a router is told: those of devices that are in its policy and
under rules at all; a grown-up's device has none. Who may set them is `quiet_acts`' part, what happened in them
`alarms`'.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from stairgate.core import policy as core
from stairgate.hub.store import Row, Transaction

COLLECTION = "quiet"
TELL, CLOSE = "tell", "close"
ACTIONS = (TELL, CLOSE)
#: Days, begin and end, as a week's window: the mask has Monday 1; an end before the begin is on the next day.
Window = tuple[int, int, int]


@dataclass(frozen=True)
class QuietHours:
    """Of the device with this id. windows: none when they were taken away. action: of `ACTIONS`.

    act, at, before_windows, before_action: the last change, when (UTC seconds), and what it replaced, for undo; act is
    "" when there is nothing to undo.
    """

    id: str
    windows: tuple[Window, ...]
    action: str
    act: str = ""
    at: int = 0
    before_windows: tuple[Window, ...] = ()
    before_action: str = TELL
    revision: int = 0


def read_quiet(rows: Transaction) -> tuple[QuietHours, ...]:
    """The quiet hours of all devices."""
    return tuple(_from_row(row) for row in rows.page(COLLECTION))


def quiet_of(rows: Transaction, device: str) -> QuietHours | None:
    """Those of one device."""
    row = rows.get(COLLECTION, device)
    return _from_row(row) if row else None


def write_quiet(rows: Transaction, held: QuietHours) -> None:
    """Write them over the revision they were read at; 0: they must be new. Raises `Conflict`."""
    document: dict[str, Any] = asdict(held)
    del document["id"], document["revision"]
    for name in ("windows", "before_windows"):
        document[name] = [list(window) for window in document[name]]
    rows.put(COLLECTION, held.id, document, expected=held.revision)


def remove_gone(rows: Transaction, devices: Iterable[str]) -> None:
    """Forget those of devices that are no longer there."""
    kept = set(devices)
    for held in read_quiet(rows):
        if held.id not in kept:
            rows.delete(COLLECTION, held.id, expected=held.revision)


def quiet_lines(quiets: Iterable[QuietHours], devices: Iterable[core.Device]) -> tuple[core.Quiet, ...]:
    """What a router is told of them. devices: those of its policy."""
    ruled = {device.id for device in devices if not {"exempt", "assistive"} & set(device.flags)}
    return tuple(core.Quiet(held.id, held.windows, held.action) for held in quiets if held.windows and held.id in ruled)


def _from_row(row: Row) -> QuietHours:
    fields: dict[str, Any] = dict(row.document)
    for name in ("windows", "before_windows"):
        fields[name] = tuple((int(days), int(start), int(end)) for days, start, end in fields[name])
    return QuietHours(id=row.id, revision=row.revision, **fields)
