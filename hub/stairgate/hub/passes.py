"""Sites that a parent opened for a child until the family's day ends: each with its end, taken back by itself.

It decides what a pass makes of a child's filter. Policies carry no end of a name, so `request_acts` has a new one made
when a pass is over; with the hub off until then, the name stays open until the hub is back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from stairgate.core.filtering import suffixes
from stairgate.hub.filters import ChildFilter
from stairgate.hub.store import Row, Transaction

COLLECTION = "passes"


@dataclass(frozen=True)
class SitePass:
    """One site (`name`, with all below it) or one app (its id) that is open to a child until `until` (UTC seconds).

    is_limited: in limited times too, as if it were on the homework list.
    """

    id: str
    person: str
    name: str
    app: str
    is_limited: bool
    until: int
    revision: int = 0


def with_passes(held: ChildFilter, passes: Sequence[SitePass], now: float) -> ChildFilter:
    """The filter as it holds now: this child's passes open what the filter blocks, whatever it is blocked by."""
    for one in passes:
        if one.person == held.id and one.until > now:
            held = opened(held, one.name, one.app, one.is_limited)
    return held


def opened(held: ChildFilter, name: str, app: str, is_limited: bool) -> ChildFilter:
    """The filter with this site or app always open; in limited times too, where it was asked for in one."""
    if app:
        return replace(
            held,
            apps_blocked=tuple(other for other in held.apps_blocked if other != app),
            apps_open=tuple(sorted({*held.apps_open, app})),
        )
    held = replace(
        held,
        deny=tuple(other for other in held.deny if other != name),
        allow=tuple(sorted({*held.allow, name})),
    )
    return replace(held, only=tuple(sorted({*held.only, name}))) if is_limited else held


def pass_for(passes: Sequence[SitePass], person: str, name: str, now: float) -> SitePass | None:
    """The running pass that this name of a site comes under, None when there is none."""
    mine = [one for one in passes if one.person == person and one.until > now and one.name]
    return next((one for one in mine if one.name in suffixes(name)), None)


def read_passes(rows: Transaction) -> tuple[SitePass, ...]:
    """All passes of the home, by id, also those that are over."""
    return tuple(_from_row(row) for row in rows.page(COLLECTION))


def write_pass(rows: Transaction, one: SitePass) -> None:
    """Write a new pass. Raises `Conflict`."""
    document = {"person": one.person, "name": one.name, "app": one.app, "is_limited": one.is_limited}
    rows.put(COLLECTION, one.id, {**document, "until": one.until}, expected=one.revision)


def _from_row(row: Row) -> SitePass:
    held: dict[str, Any] = row.document
    return SitePass(row.id, held["person"], held["name"], held["app"], held["is_limited"], held["until"], row.revision)
