"""Policies for tests: Mia with phone and console, Ben with a laptop, a parent's exempt tablet, the hub.

It decides nothing about the product; it spares tests the lines that are the same everywhere.
"""

from collections.abc import Sequence

from stairgate.core.records import Device, Hub, Override, Person, Policy, Week, Zone
from tests.lab import network

HOME_ID, AGENT_ID = "htest", "rtest"


def family_policy(
    revision: int = 1,
    overrides: Sequence[Override] = (),
    weeks: Sequence[Week] = (),
    default_level: str = "open",
    issued: int = 1_700_000_000,
) -> Policy:
    """A whole policy in UTC, everybody `default_level` but for the given overrides and weeks."""
    devices = (
        Device("dconsole", (network.CONSOLE.mac,), ("pmia",), "console", ()),
        Device("dlaptop", (network.LAPTOP.mac,), ("pben",), "computer", ()),
        Device("dphone", (network.PHONE.mac,), ("pmia",), "phone", ()),
        Device("dtablet", (network.TABLET.mac,), (), "tablet", ("exempt",)),
    )
    return Policy(
        home=HOME_ID,
        agent=AGENT_ID,
        revision=revision,
        issued=issued,
        zones=(Zone("zutc", "Etc/UTC", ((0, 0),)),),
        hub=Hub((network.HOME.mac,), (network.HOME.v4,), 8080),
        persons=(Person("pben", "6-9", "zutc", default_level), Person("pmia", "10-12", "zutc", default_level)),
        devices=devices,
        weeks=tuple(weeks),
        dates=(),
        travels=(),
        budgets=(),
        overrides=tuple(overrides),
        packs=(),
        everyone=(),
        filters=(),
        openings=(),
        consents=(),
        reaches=(),
        quiets=(),
    )


def pause(target: str, start: int, until: int) -> Override:
    """A pause from `start` to `until` (UTC seconds)."""
    return Override(f"o{target}", target, "pause", start, until, 0, "parent")
