"""The judge of the bypass table: what came of a row, from what its devices and the unmanaged one saw.

It decides only over values, so that a planted attempt is enough to test it. An evasion counts as stopped only where the
unmanaged device got through with the very same: a lab in which nothing is reachable proves nothing.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.lab.bypass_table import EVASION, LIMIT, MUST_WORK, UNMANAGED, Row, Tried


class Verdict(NamedTuple):
    """failed: why the row does not hold, "" when it does. result: what the page says."""

    row: Row
    failed: str
    result: str


def judge(row: Row, before: Mapping[str, Sequence[Tried]], saw: Mapping[str, Tried]) -> Verdict:
    """before: what came of the steps before the phase, by device; saw: of the row's own step."""
    for device, steps in before.items():
        for tried in steps:
            if not tried.reached:
                return Verdict(row, f"{device} could not begin: {tried.saw}", "not tried")
    broken = [f"{device}: {tried.saw}" for device, tried in saw.items() if tried.reached is None]
    if broken:
        return Verdict(row, "; ".join(broken), "not tried")
    if not saw[UNMANAGED].reached:
        return Verdict(row, f"the unmanaged device does not reach it either: {saw[UNMANAGED].saw}", "not tried")
    through = [device for device in row.on if saw[device].reached]
    kept_out = [device for device in row.on if not saw[device].reached]
    if row.kind == EVASION:
        failed = "; ".join(f"{device} got through: {saw[device].saw}" for device in through)
        return Verdict(row, failed, "got through" if through else "stopped")
    if row.kind == MUST_WORK:
        failed = "; ".join(f"{device} did not: {saw[device].saw}" for device in kept_out)
        return Verdict(row, failed, "does not work" if kept_out else "works")
    assert row.kind == LIMIT
    return Verdict(row, "", "gets through" if through else "was stopped")
