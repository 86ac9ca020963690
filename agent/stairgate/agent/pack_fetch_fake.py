"""Packs in memory for tests: what is found is in the test's hand, what was wanted is kept.

It decides nothing.
"""

import os

from stairgate.agent.packs import NOTHING, Found, Wanted


class FakePacks:
    """See `packs.Packs`. wishes: all that was wanted; kept: what `keep_only` was called with; folder: of the
    paths that it tells. Close it after the test.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self.found = NOTHING
        self.wishes: list[Wanted] = []
        self.kept: list[str] = []
        self.folder = "/packs"

    def fileno(self) -> int:
        """See Packs."""
        return self._read

    def arrive(self, sha256: str, failing: str = "") -> None:
        """This one can be used now."""
        self.found = Found(sha256, f"{self.folder}/{sha256}.pack" if sha256 else "", failing)

    def want(self, wanted: Wanted) -> None:
        """See Packs."""
        self.wishes.append(wanted)

    def acknowledge(self) -> None:
        """See Packs."""

    def keep_only(self, sha256: str) -> None:
        """See Packs."""
        self.kept.append(sha256)

    def close(self) -> None:
        """See Packs."""
        os.close(self._read)
        os.close(self._write)
