"""Accounts as they are stored: who may sign in, in which role, and how each is called.

Records and their rows; nothing here decides who may do what (`roles`) or checks a password (`parents`). The name is
chosen by whoever has the account. It is used at the login and shown to the family's children as whoever set a rule.
"""

import secrets
from typing import NamedTuple

from stairgate.hub import limits, roles
from stairgate.hub.language import _
from stairgate.hub.store import Row, Transaction

COLLECTION = "parents"
#: The id of the account that claimed the hub; its row may come from before there were roles and names.
FIRST = "owner"
_SETTINGS, _FORMER = "settings", "former_accounts"
DAY_SECONDS = 86400


class Account(NamedTuple):
    """Somebody who may sign in. name: as children read it, empty when none was chosen. created: wall seconds."""

    id: str
    role: str
    name: str
    created: float
    revision: int = 0


class AccountFault(Exception):
    """An account cannot be made or changed like this; the sentence says what to do."""


def read_account(row: Row) -> Account:
    """The account of a stored row."""
    held = row.document
    return Account(row.id, held.get("role", roles.OWNER), held.get("name", ""), held["created"], row.revision)


def read_accounts(rows: Transaction) -> list[Account]:
    """Every account: those that may most first, among equals the oldest."""
    found = [read_account(row) for row in rows.page(COLLECTION)]
    return sorted(found, key=lambda account: (roles.rank(account.role), account.created, account.id))


def new_account_id() -> str:
    """A random id; it begins otherwise than a child's."""
    return "u" + secrets.token_hex(8)


def folded(name: str) -> str:
    """A name as it is compared: who types “mum” means “Mum”."""
    return name.casefold()


def check_name(rows: Transaction, name: str, own_id: str = "") -> None:
    """Raise `AccountFault` where a name is empty or somebody else’s."""
    if not name:
        raise AccountFault(_("Please give a name, such as the one that your children call you."))
    if any(folded(other.name) == folded(name) for other in read_accounts(rows) if other.id != own_id):
        raise AccountFault(_("Somebody in this home has that name already. Please take another."))


def remember_former(rows: Transaction, account: Account, now: float) -> None:
    """Keep the name of an account that is removed, for the history, as long as that is kept."""
    row = rows.get(_SETTINGS, _FORMER)
    kept = {**(row.document if row else {}), account.id: {"name": account.name, "at": now}}
    newest = sorted(kept.items(), key=lambda entry: -entry[1]["at"])[: limits.ACCOUNTS_FORMER]
    rows.put(_SETTINGS, _FORMER, {key: held for key, held in newest if _is_needed(held["at"], now)})


def names_by_id(rows: Transaction, now: float) -> dict[str, str]:
    """How everybody who has or had an account is called, by id; those without a name are left out."""
    row = rows.get(_SETTINGS, _FORMER)
    held = row.document if row else {}
    former = {key: str(each["name"]) for key, each in held.items() if each["name"] and _is_needed(each["at"], now)}
    return former | {account.id: account.name for account in read_accounts(rows) if account.name}


def _is_needed(removed_at: float, now: float) -> bool:
    # By the distance: a clock set back must not hide who did what.
    return abs(now - removed_at) < limits.HISTORY_EVENT_DAYS * DAY_SECONDS
