"""Who may do what: three roles, and which of them a route needs.

An owner may do everything; a co-parent everything but decide who else has an account; a carer sees the cards, gives
extra time and answers requests for time, nothing else. A role holds what the ones below it may. Each route of a parent
says which it needs (`needs`), or its blueprint does (`OF_BLUEPRINTS`); what says nothing is for parents, never for a
carer. Who has which role is `parents`' part, turning others away `guard`'s.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from stairgate.hub.language import N_, _

OWNER, COPARENT, CARER = "owner", "coparent", "carer"
#: From the one that may most to the one that may least.
ROLES = (OWNER, COPARENT, CARER)
_NAMES = {OWNER: N_("Owner"), COPARENT: N_("Co-parent"), CARER: N_("Carer")}
_SAYS = {
    OWNER: N_("May do everything, also decide who else has an account."),
    COPARENT: N_("May do everything but decide who else has an account."),
    CARER: N_("Sees how each child stands, gives extra time and answers requests for time. Nothing else."),
}

#: The role that the routes of a blueprint need where they do not say it themselves.
OF_BLUEPRINTS = {
    "home": COPARENT,
    "child": COPARENT,
    "schedule": COPARENT,
    "day": COPARENT,
    "filter": COPARENT,
    "requests": COPARENT,
    "notify": OWNER,
    "needs": COPARENT,
    "device": COPARENT,
    "quiet": COPARENT,
    "agreed": COPARENT,
    "traffic": COPARENT,
    "quarantine": COPARENT,
    "account": COPARENT,
    "secure": COPARENT,
    "keeping": COPARENT,
    "router": COPARENT,
    "toy": COPARENT,
    "toy_files": COPARENT,
    "toy_pairing": COPARENT,
    "source": COPARENT,
}

_ATTRIBUTE = "stairgate_role"
View = TypeVar("View", bound=Callable[..., Any])


def needs(role: str) -> Callable[[View], View]:
    """A decorator for a view: it opens for accounts of this role and of those that may more. Below the route's."""
    if role not in ROLES:
        raise ValueError(f"role: expected one of {', '.join(ROLES)}, got {role!r}")

    def mark(view: View) -> View:
        setattr(view, _ATTRIBUTE, role)
        return view

    return mark


def stated(view: Callable[..., Any] | None, blueprint: str | None) -> str | None:
    """The role that a route or its blueprint names, None when neither does."""
    return getattr(view, _ATTRIBUTE, None) or OF_BLUEPRINTS.get(blueprint or "")


def role_needed(view: Callable[..., Any] | None, blueprint: str | None) -> str:
    """The role that a route needs; a route that says nothing is for parents."""
    return stated(view, blueprint) or COPARENT


def suffices(role: str, needed: str) -> bool:
    """True when an account of `role` may do what needs `needed`; a role nobody knows may nothing."""
    return role in ROLES and ROLES.index(role) <= ROLES.index(needed)


def name_of(role: str) -> str:
    """What a role is called; one that nobody knows as it is stored."""
    return _(_NAMES[role]) if role in _NAMES else role


def says_of(role: str) -> str:
    """What an account of this role may do, in a sentence; nothing for a role that nobody knows."""
    return _(_SAYS.get(role, ""))


def rank(role: str) -> int:
    """The place of a role among `ROLES`, for sorting; one that nobody knows comes last."""
    return ROLES.index(role) if role in ROLES else len(ROLES)
