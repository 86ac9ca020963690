"""Who is who: from a policy and the levels of the moment to one profile for each MAC address.

It decides what the persons of a device mean together: any of them wants safe search, the stricter YouTube, the page
instead of a plain refusal. What a name is allowed is `decisions`'s part, which MAC address asks `clients`'s.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stairgate.agent.declared import RESOLVED_ONLY, reach_of
from stairgate.agent.grants import is_exempt, mac_key
from stairgate.core import filtering
from stairgate.core.policy import Policy

CLOSED, OPEN = "closed", "open"


class Profile(NamedTuple):
    """How one device is answered. persons: the filters of its persons; flags: the device's; page: a refused name leads
    to the hub's page; exempt: a grown-up's, which only the tags of `everyone` concern. spent: tags that are refused
    only because their minutes are used up. reach: the only names it resolves, each with all below; none: any."""

    device: str
    macs: tuple[bytes, ...]
    persons: tuple[filtering.Names, ...]
    level: str
    flags: tuple[str, ...]
    safesearch: bool
    youtube: str
    page: bool
    exempt: bool
    spent: frozenset[str] = frozenset()
    reach: frozenset[str] = frozenset()


# Somebody whose MAC address is in no policy, or not known: closed until a parent says who it is.
STRANGER = Profile("", (), (), CLOSED, (), False, "", False, False)


class Subject:
    """A profile in use. key: two bytes, and bit: one of a number, that no other one has; pending: its queries that wait
    for upstream."""

    __slots__ = ("bit", "key", "pending", "profile")

    def __init__(self, profile: Profile, number: int) -> None:
        self.profile = profile
        self.key = number.to_bytes(2, "big")
        self.bit = 1 << number
        self.pending = 0


def _youtube(persons: tuple[filtering.Names, ...]) -> str:
    for mode in ("strict", "moderate"):
        if any(f"youtube_{mode}" in person.flags for person in persons):
            return mode
    return ""


def profiles(
    policy: Policy, levels: Mapping[str, str], spent: Mapping[str, Sequence[str]] | None = None
) -> tuple[Profile, ...]:
    """A profile for each device of the policy; a device without a level is closed. The hub's machines are exempt.

    spent: by person, timed categories without minutes: refused like blocked ones.
    """
    filters = {each.person: filtering.prepared(each) for each in policy.filters}
    without: dict[str, frozenset[str]] = {}
    for person, categories in (spent or {}).items():
        names = filters.get(person, filtering.NO_FILTER)
        without[person] = frozenset(categories) - names.block
        filters[person] = names._replace(block=names.block | without[person])
    reach = reach_of(policy)
    made = []
    if policy.hub:
        hub = tuple(mac_key(mac) for mac in policy.hub.macs)
        made.append(Profile("", hub, (), OPEN, (), False, "", False, True))
    for device in policy.devices:
        # A person without a filter has a say all the same: nothing is on the list of the limited level.
        persons = tuple(filters.get(person, filtering.NO_FILTER) for person in device.persons)
        exempt = is_exempt(device.flags)
        wanted = {flag for person in persons for flag in person.flags}
        made.append(
            Profile(
                device.id,
                tuple(mac_key(mac) for mac in device.macs),
                () if exempt else persons,
                OPEN if exempt else levels.get(device.id, CLOSED),
                (*device.flags, RESOLVED_ONLY) if device.id in reach else tuple(device.flags),
                "safesearch" in wanted and not exempt,
                "" if exempt else _youtube(persons),
                "page" in wanted and not exempt,
                exempt,
                frozenset().union(*(without.get(person, frozenset()) for person in device.persons)),
                reach.get(device.id, frozenset()),
            )
        )
    return tuple(made)


def by_mac(everyone: tuple[Profile, ...]) -> dict[bytes, Subject]:
    """The subject of each MAC address. Of two profiles for one address the exempt one counts, as in the gate."""
    found: dict[bytes, Subject] = {}
    for number, profile in enumerate(everyone, 1):
        subject = Subject(profile, number)
        for mac in profile.macs:
            if mac not in found or profile.exempt:
                found[mac] = subject
    return found
