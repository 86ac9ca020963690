"""The seam to the packs: which one a policy wants, which one may be used, and what the control loop asks of them.

It decides what a policy wants, and nothing else. `pack_fetch.PackFetch` is the real one, `pack_fetch_fake.FakePacks`
stands in for it in tests.
"""

from typing import NamedTuple, Protocol

from stairgate.core.records import Policy

NAMES = "names"  # the one category of packs


class Wanted(NamedTuple):
    """A pack: its hash and size as the policy names them, "" and 0 for none; and where it may be asked for.

    refused: hashes of packs that the filter could not use; another good one is looked for, and this one not fetched.
    """

    sha256: str
    bytes: int
    sources: tuple[tuple[str, int], ...]
    refused: frozenset[str] = frozenset()


class Found(NamedTuple):
    """sha256: of the pack to use, "" for none; path: its file. failing: a word for why the wanted one is not here yet
    though it was tried, "" while all is well."""

    sha256: str
    path: str
    failing: str


NOTHING = Found("", "", "")


def wanted_by(policy: Policy, refused: frozenset[str] = frozenset()) -> Wanted:
    """What a policy wants: its pack of names, from the addresses of its hub."""
    hub = policy.hub
    sources = tuple((address, hub.port) for address in hub.addresses) if hub else ()
    for pack in policy.packs:
        if pack.category == NAMES:
            return Wanted(pack.sha256, pack.bytes, sources, refused)
    return Wanted("", 0, sources, refused)


class Packs(Protocol):
    """What the control loop needs of the packs. found: the newest answer to what is wanted."""

    found: Found

    def fileno(self) -> int:
        """A descriptor that becomes readable when `found` has changed."""

    def want(self, wanted: Wanted) -> None:
        """Bring this pack here, and leave whatever else is being brought."""

    def acknowledge(self) -> None:
        """`found` was looked at: the descriptor is no longer readable."""

    def keep_only(self, sha256: str) -> None:
        """The filter uses this pack: the others may go."""

    def close(self) -> None:
        """Leave off. What has come so far stays for the next time."""
