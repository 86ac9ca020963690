"""Parents and their passwords: there is none until the hub is claimed.

One owner for now. Hashing is `passwords`' part, slowing guesses `guessing`'s.
"""

import secrets

from stairgate.hub import passwords
from stairgate.hub.clock import Clock
from stairgate.hub.local_time import system_zone, zone_names
from stairgate.hub.notices import PASSWORD_SET, put_notice
from stairgate.hub.store import Conflict, Store

OWNER = "owner"
_SETTINGS = "hub"


class Parents:
    """Who may sign in, and the two settings of the home that come with the claim."""

    def __init__(self, store: Store, home: str, clock: Clock) -> None:
        self._store = store
        self._home = home
        self._clock = clock
        self._claimed = False

    def is_claimed(self) -> bool:
        """True once an owner has set a password."""
        if not self._claimed:
            with self._store.transaction(self._home) as rows:
                self._claimed = rows.get("parents", OWNER) is not None
        return self._claimed

    def claim(self, password: str, zone: str = "") -> bool:
        """Make the owner; False when somebody else was first. Raises `passwords.Busy`."""
        kept = passwords.hash_password(password)
        with self._store.transaction(self._home) as rows:
            try:
                rows.put("parents", OWNER, {"password": kept, "created": self._clock.wall()}, expected=0)
            except Conflict:
                return False
            row = rows.get("settings", _SETTINGS)
            settings = {**(row.document if row else {}), "zone": zone if zone in zone_names() else system_zone()}
            rows.put("settings", _SETTINGS, settings)
        return True

    def set_password(self, password: str) -> None:
        """Replace the owner's password: the old one and every session end, every parent is told for a week.

        Raises `passwords.Busy`.
        """
        kept = passwords.hash_password(password)
        now = self._clock.wall()
        with self._store.transaction(self._home) as rows:
            row = rows.get("parents", OWNER)
            rows.put("parents", OWNER, {**(row.document if row else {"created": now}), "password": kept})
            for session in rows.page("sessions"):
                rows.delete("sessions", session.id)
            put_notice(rows, PASSWORD_SET, now)

    def is_owner(self, password: str) -> bool:
        """True when this is the owner's password. Raises `passwords.Busy`."""
        with self._store.transaction(self._home) as rows:
            row = rows.get("parents", OWNER)
        # Hashing before the claim would tell a visitor nothing, so it is spared.
        return row is not None and passwords.is_password(row.document["password"], password)

    def zone(self) -> str:
        """The name of the home's time zone."""
        with self._store.transaction(self._home) as rows:
            row = rows.get("settings", _SETTINGS)
        return str(row.document.get("zone") or system_zone()) if row else system_zone()

    def secret(self) -> bytes:
        """The hub's own secret, 32 random bytes, made at the first call."""
        with self._store.transaction(self._home) as rows:
            row = rows.get("settings", _SETTINGS)
            settings = dict(row.document) if row else {}
            if "secret" not in settings:
                settings["secret"] = secrets.token_hex(32)
                rows.put("settings", _SETTINGS, settings)
        return bytes.fromhex(settings["secret"])
