"""A shared device that a parent’s answer makes the asking child’s for the minutes it is given.

It decides until when, and that nobody who uses it now loses it. What an answer gives is `answer_acts`' part, who may
say who uses a device `assignment`'s, which also ends it.
"""

from dataclasses import replace

from stairgate.hub import limits
from stairgate.hub.family import read_family, write
from stairgate.hub.store import Transaction


def hand_over(rows: Transaction, device_id: str, person: str, until: int, now: int) -> None:
    """A parent gave this child minutes on a shared device: it is the child's for them, at most two hours.

    Not where somebody else uses it now.
    """
    device = read_family(rows).device(device_id)
    if device and person in device.persons and len(device.persons) > 1 and device.user(now) in ("", person):
        until = min(until, now + limits.USING_SECONDS_MAX)
        write(rows, replace(device, using=person, using_since=now, using_until=max(until, device.using_until)))


def give_back(rows: Transaction, device_id: str, person: str, since: int) -> None:
    """The minutes that were given at `since` (UTC seconds) are taken back: so is the device, if it is still theirs."""
    device = read_family(rows).device(device_id)
    if device and device.using == person and device.using_since == since:
        write(rows, replace(device, using="", using_since=0, using_until=0))
