"""A family for trying things out: written into an empty store before the hub starts, claimed or not.

The demo, the lab and the browser tests show the same one. It decides nothing the pages could not do.
"""

from collections.abc import Sequence
from typing import NamedTuple

from stairgate.hub.acts import new_id
from stairgate.hub.family import Device, Person, Week, write
from stairgate.hub.filters import from_preset, write_filter
from stairgate.hub.presets import BY_ID
from stairgate.hub.store import Store


class DemoDevice(NamedTuple):
    """A device of a demo child; `kind` as in `family.DEVICE_KINDS`."""

    name: str
    mac: str
    kind: str


class DemoChild(NamedTuple):
    """A child with devices, and a bedtime on the evenings of `days` (Monday 1 … Sunday 64), 0 for none.

    filtered: begins with the filter of its age, as a child does that is added on a page.
    """

    name: str
    band: str
    devices: Sequence[DemoDevice]
    days: int = 79
    start: int = 20 * 60 + 30
    end: int = 7 * 60
    filtered: bool = True


def seed(store: Store, home: str, zone: str, children: Sequence[DemoChild]) -> dict[str, str]:
    """Write the family; does nothing when there is one already.

    Returns child or device name -> id of what it wrote.
    """
    ids = {}
    with store.transaction(home) as rows:
        if rows.page("people") or rows.page("devices"):
            return {}
        for child in children:
            person = Person(new_id("p"), child.name, child.band, zone)
            write(rows, person)
            ids[child.name] = person.id
            if child.filtered:
                write_filter(rows, from_preset(person.id, BY_ID[child.band]))
            for device in child.devices:
                record = Device(new_id("d"), device.name, (device.mac,), (person.id,), device.kind)
                write(rows, record)
                ids[device.name] = record.id
            if child.days:
                write(rows, Week(new_id("w"), person.id, child.days, child.start, child.end))
    return ids
