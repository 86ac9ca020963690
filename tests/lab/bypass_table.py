"""The rows of the bypass table as values: what is tried, from which device, at which level, and what stops it.

It decides what a row is; the rows stand in modules by what they are about (`bypass_check.PARTS`), the verdict is
`bypass_judge`'s.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.lab import network

# A device whose names are filtered, one that reaches only what was resolved for it, and one without rules.
FILTERED, RESOLVED, UNMANAGED = network.PHONE.name, network.CONSOLE.name, network.TABLET.name
BOTH = (FILTERED, RESOLVED)
# An isolated device speaks to no other machine of the home; an assistive one is never closed.
ISOLATED, ASSISTIVE = network.LAPTOP.name, "aid"

EVASION, MUST_WORK, LIMIT = "evasion", "must work", "limit"
# In this order. open: the filter alone. expired: an address was looked up long ago. disguised: with a hardware address
# that nobody knows. borrowed: with a parent's IP address. blocked: an app and a name are blocked now. limited: only
# what is listed. closed: nothing.
PHASES = ("open", "expired", "disguised", "borrowed", "blocked", "limited", "closed")


class Step(NamedTuple):
    """One attempt of `bypass_device`: its name and its words."""

    do: str
    words: Mapping[str, Any]


class Tried(NamedTuple):
    """What came of one attempt. reached: None when the attempt itself is broken."""

    reached: bool | None
    saw: str


class Row(NamedTuple):
    """One row. what: the attempt in a few words; by: what stops it, or what makes it work. on: the devices that try it.

    before: steps that must succeed before the phase begins, on the same devices and on the unmanaged one.
    """

    name: str
    kind: str
    what: str
    by: str
    step: Step
    on: Sequence[str] = BOTH
    phase: str = "open"
    before: tuple[Step, ...] = ()


def step(do: str, **words: Any) -> Step:
    """A step."""
    return Step(do, words)


def evasion(name: str, what: str, by: str, tried: Step, on: Sequence[str] = BOTH, **more: Any) -> Row:
    """An attempt that the devices must not get through with, and the unmanaged one must."""
    return Row(name, EVASION, what, by, tried, on, **more)


def must_work(name: str, what: str, by: str, tried: Step, on: Sequence[str] = BOTH, **more: Any) -> Row:
    """What must go on working for the devices, too."""
    return Row(name, MUST_WORK, what, by, tried, on, **more)


def limit(name: str, what: str, by: str, tried: Step, on: Sequence[str] = BOTH, **more: Any) -> Row:
    """What gets through, and is said to: tried all the same, so that the page stays true."""
    return Row(name, LIMIT, what, by, tried, on, **more)
