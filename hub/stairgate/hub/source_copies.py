"""The good copies of block lists on the disk: one file for each source, replaced whole.

It decides where they are, how much room they take together and which may go. What a good copy is, is `source_intake`'s
part.
"""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from stairgate.hub import limits

#: In the data directory: lists that somebody puts there, and what was taken of all sources.
LISTS_NAME, COPIES_NAME = "lists", "sources"


class Copies:
    """The good copies below a data directory, one file for each source."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.lists = data / LISTS_NAME
        self._directory = data / COPIES_NAME

    def path(self, source_id: str) -> Path:
        """Where the good copy is, or would be."""
        return self._directory / f"{source_id}.list"

    def has(self, source_id: str) -> bool:
        """True when there is a good copy."""
        return self.path(source_id).is_file()

    def candidate(self, source_id: str) -> Path:
        """Where the next one is looked through; there is no such file when this returns. Raises OSError."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._directory / f"{source_id}.new"
        path.unlink(missing_ok=True)
        return path

    def room(self, source_id: str) -> int:
        """Bytes that are left for a copy of this source beside all others."""
        used = 0
        with contextlib.suppress(OSError):
            own = self.path(source_id).name
            used = sum(path.stat().st_size for path in self._directory.iterdir() if path.name != own)
        return max(0, limits.SOURCE_COPIES_BYTES_MAX - used)

    def accept(self, source_id: str) -> None:
        """Put the candidate, which is synced, in the place of the copy from before. Raises OSError."""
        os.replace(self._directory / f"{source_id}.new", self.path(source_id))
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def keep_only(self, source_ids: Iterable[str]) -> None:
        """Remove the copies of sources that are gone or switched off, and what was left half taken."""
        wanted = {self.path(source_id).name for source_id in source_ids}
        with contextlib.suppress(OSError):
            for path in self._directory.iterdir():
                if path.name not in wanted:
                    path.unlink(missing_ok=True)
