"""Everything the hub holds about the family, as plain values for a file that a parent may take along.

It leaves out what opens something: password, sessions, secrets, signed policies.
"""

import base64
from typing import Any

from stairgate.hub import limits
from stairgate.hub.parts import Parts
from stairgate.hub.store import COLLECTIONS
from stairgate.hub.use_file import Row

_LEFT_OUT = ("parents", "sessions", "policies", "settings")


def _minutes(row: Row) -> dict[str, Any]:
    person, category, day, bits = row
    return {"person": person, "category": category, "day": day, "bits": base64.b64encode(bits).decode()}


def everything(parts: Parts) -> dict[str, Any]:
    """The family with names and rules, and the history that is kept. Times are UTC seconds, days count from 1970."""
    kept = parts.keeping.history
    with parts.store.transaction(parts.home) as rows:
        collections = {
            name: [{"id": row.id, **row.document} for row in rows.page(name)]
            for name in COLLECTIONS
            if name not in _LEFT_OUT
        }
    return {
        "format": 1,
        "home": parts.home,
        "made": int(parts.clock.wall()),
        "zone": parts.parents.zone(),
        "accounts": [
            {"id": each.id, "role": each.role, "name": each.name, "created": each.created}
            for each in parts.parents.accounts()
        ],
        **collections,
        "events": [event._asdict() for event in kept.all_events()],
        "usage": [day._asdict() for day in kept.all_days()],
        "minutes": [_minutes(row) for row in parts.keeping.use.rows()],
        "toy_ledgers": {
            agent: [list(entry) for entry in kept_entries]
            for agent in parts.roster.ids()
            if (kept_entries := parts.toys.ledger.entries(agent, limits.LEDGER_ENTRIES_MAX))
        },
    }
