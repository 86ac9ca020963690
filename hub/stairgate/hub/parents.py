"""Parents and carers, and their passwords: there is none until the hub is claimed.

It decides which password opens which account, and that the last owner stays. Hashing is `passwords`' part, slowing
guesses `guessing`'s, what an account may do `roles`'.
"""

import secrets
from collections.abc import Callable

from stairgate.hub import limits, passwords, roles
from stairgate.hub.accounts import (
    COLLECTION,
    FIRST,
    Account,
    AccountFault,
    check_name,
    folded,
    names_by_id,
    new_account_id,
    read_account,
    read_accounts,
    remember_former,
)
from stairgate.hub.clock import Clock
from stairgate.hub.language import _
from stairgate.hub.local_time import system_zone, zone_names
from stairgate.hub.notices import PASSWORD_SET, put_notice
from stairgate.hub.store import Document, Store, Transaction

_SETTINGS = "hub"


class Parents:
    """Who may sign in, and the two settings of the home that come with the claim."""

    def __init__(self, store: Store, home: str, clock: Clock) -> None:
        self._store = store
        self._home = home
        self._clock = clock
        self._claimed = False

    # Accounts

    def is_claimed(self) -> bool:
        """True once an owner has set a password."""
        if not self._claimed:
            self._claimed = bool(self.accounts())
        return self._claimed

    def accounts(self) -> list[Account]:
        """Every account: those that may most first, among equals the oldest."""
        with self._store.transaction(self._home) as rows:
            return read_accounts(rows)

    def account(self, account_id: str) -> Account | None:
        """The account with this id, None when it was removed."""
        with self._store.transaction(self._home) as rows:
            row = rows.get(COLLECTION, account_id)
        return read_account(row) if row else None

    def names(self) -> dict[str, str]:
        """How everybody who has or had an account is called, by id."""
        with self._store.transaction(self._home) as rows:
            return names_by_id(rows, self._clock.wall())

    def claim(self, password: str, zone: str = "") -> bool:
        """Make the first owner; False when somebody else was first. Raises `passwords.Busy`."""
        kept = passwords.hash_password(password)
        with self._store.transaction(self._home) as rows:
            if rows.page(COLLECTION, limit=1):
                return False
            document = {"password": kept, "created": self._clock.wall(), "role": roles.OWNER, "name": ""}
            rows.put(COLLECTION, FIRST, document, expected=0)
            row = rows.get("settings", _SETTINGS)
            settings = {**(row.document if row else {}), "zone": zone if zone in zone_names() else system_zone()}
            rows.put("settings", _SETTINGS, settings)
        return True

    def add(self, role: str, name: str, password: str) -> Account:
        """A new account for somebody who was invited. Raises `AccountFault`, `passwords.Busy`."""
        kept = passwords.hash_password(password)
        now = self._clock.wall()
        with self._store.transaction(self._home) as rows:
            if len(read_accounts(rows)) >= limits.ACCOUNTS_MAX:
                raise AccountFault(_("There are {count} accounts already.").format(count=limits.ACCOUNTS_MAX))
            check_name(rows, name)
            account_id = new_account_id()
            document = {"password": kept, "created": now, "role": role, "name": name}
            revision = rows.put(COLLECTION, account_id, document, expected=0)
        return Account(account_id, role, name, now, revision)

    def rename(self, account_id: str, name: str) -> None:
        """Call an account otherwise. Raises `AccountFault`."""

        def edit(rows: Transaction, held: Document) -> Document:
            check_name(rows, name, account_id)
            return {**held, "name": name}

        self._change(account_id, edit)

    def change_role(self, account_id: str, role: str) -> None:
        """Let an account do more or less; its browsers sign in anew. Raises `AccountFault` for the last owner."""

        def edit(rows: Transaction, held: Document) -> Document:
            if role != roles.OWNER:
                _check_other_owner(rows, account_id)
            _end_sessions(rows, account_id)
            return {**held, "role": role}

        self._change(account_id, edit)

    def remove(self, account_id: str) -> None:
        """Take an account away, with its sessions. Raises `AccountFault` for the last owner."""
        with self._store.transaction(self._home) as rows:
            row = rows.get(COLLECTION, account_id)
            if not row:
                return
            _check_other_owner(rows, account_id)
            _end_sessions(rows, account_id)
            remember_former(rows, read_account(row), self._clock.wall())
            rows.delete(COLLECTION, account_id)

    def _change(self, account_id: str, edit: Callable[[Transaction, Document], Document]) -> None:
        with self._store.transaction(self._home) as rows:
            row = rows.get(COLLECTION, account_id)
            if not row:
                raise AccountFault(_("This account is no longer here."))
            rows.put(COLLECTION, account_id, edit(rows, row.document), expected=row.revision)

    # Passwords

    def find(self, name: str, password: str) -> Account | None:
        """The account that this name and password open. Raises `passwords.Busy`.

        Where there is one account only, the name does not matter. A name that nobody has takes as long as one that
        somebody has.
        """
        with self._store.transaction(self._home) as rows:
            held = {row.id: row for row in rows.page(COLLECTION)}
        if not held:
            # Hashing before the claim would tell a visitor nothing, so it is spared.
            return None
        accounts = [read_account(row) for row in held.values()]
        meant = [account for account in accounts if len(held) == 1 or folded(account.name) == folded(name)]
        account = meant[0] if len(meant) == 1 else None
        kept = held[account.id].document["password"] if account else None
        return (
            account if passwords.is_password(kept, password) and account and self._is_kept(account.id, kept) else None
        )

    def is_password_of(self, account_id: str, password: str) -> bool:
        """True when this is the account's password. Raises `passwords.Busy`."""
        with self._store.transaction(self._home) as rows:
            row = rows.get(COLLECTION, account_id)
        kept = row.document["password"] if row else None
        return passwords.is_password(kept, password) and self._is_kept(account_id, kept)

    def _is_kept(self, account_id: str, kept: str | None) -> bool:
        """False when another password was set while this one was checked, which takes a while."""
        with self._store.transaction(self._home) as rows:
            row = rows.get(COLLECTION, account_id)
        return row is not None and row.document["password"] == kept

    def change_password(self, account_id: str, password: str) -> None:
        """Replace an account's password; its sessions end. Raises `AccountFault`, `passwords.Busy`."""
        kept = passwords.hash_password(password)

        def edit(rows: Transaction, held: Document) -> Document:
            _end_sessions(rows, account_id)
            return {**held, "password": kept}

        self._change(account_id, edit)

    def set_password(self, password: str) -> Account:
        """Replace the oldest owner's password, by a code from the console.

        The old one and every session end, every parent is told for a week. Raises `passwords.Busy`.
        """
        kept = passwords.hash_password(password)
        now = self._clock.wall()
        with self._store.transaction(self._home) as rows:
            owner = read_accounts(rows)[0]
            row = rows.get(COLLECTION, owner.id)
            assert row
            rows.put(COLLECTION, owner.id, {**row.document, "password": kept}, expected=row.revision)
            for session in rows.page("sessions"):
                rows.delete("sessions", session.id)
            put_notice(rows, PASSWORD_SET, now)
        return owner

    # Settings of the home

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


def _check_other_owner(rows: Transaction, account_id: str) -> None:
    owners = {account.id for account in read_accounts(rows) if account.role == roles.OWNER}
    if owners <= {account_id}:
        raise AccountFault(_("This home needs an owner. Make somebody else an owner first."))


def _end_sessions(rows: Transaction, account_id: str) -> None:
    for session in rows.find("sessions", "parent", account_id):
        rows.delete("sessions", session.id)
