"""The packs on this router's disk: whole ones under the name of their hash, and what has come of one so far.

It decides what counts as whole: only bytes whose SHA-256 is the name they were asked for, on the disk before they get
that name, so that a power cut at any byte leaves the old pack or the new one. What is fetched, and when an old one may
go, is `pack_fetch`'s part; what is in a pack `stairgate.core.pack`'s.
"""

import contextlib
import errno
import hashlib
import io
import os
import re
from collections.abc import Callable
from pathlib import Path

from stairgate.agent.limits import PACK_BYTES_MAX, PACK_CHUNK_BYTES, PACK_HEADROOM_BYTES, PACKS_ON_DISK
from stairgate.core.refused import Refused

_PACK = re.compile(r"([0-9a-f]{64})\.pack")


def _always() -> bool:
    return True


class PackStore:
    """The folder, which need not exist yet. Every method that reads or writes raises OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Where the pack with this hash is, or would be."""
        return self._folder / f"{sha256}.pack"

    def part(self, sha256: str) -> Path:
        """Where what has come of it is kept."""
        return self._folder / f"{sha256}.part"

    def kept(self) -> list[str]:
        """The hashes of the packs that are here, the newest first; whether they are whole `is_whole` tells."""
        found = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            for entry in entries:
                match = _PACK.fullmatch(entry.name)
                if match and entry.is_file(follow_symlinks=False):
                    found.append((entry.stat().st_mtime_ns, match[1]))
        return [sha256 for _, sha256 in sorted(found, reverse=True)[:PACKS_ON_DISK]]

    def is_whole(self, sha256: str, goes_on: Callable[[], bool] = _always) -> bool:
        """True when the file's bytes have that hash; read in pieces, and given up when `goes_on` says no."""
        digest, count = hashlib.sha256(), 0
        try:
            with open(self.path(sha256), "rb") as file:
                while chunk := file.read(PACK_CHUNK_BYTES):
                    digest.update(chunk)
                    count += len(chunk)
                    if count > PACK_BYTES_MAX or not goes_on():
                        return False
        except FileNotFoundError:
            return False
        return digest.hexdigest() == sha256

    def remove(self, sha256: str) -> None:
        """Remove a pack that is of no use."""
        self.path(sha256).unlink(missing_ok=True)

    def keep_only(self, *kept: str) -> None:
        """Remove every pack, and every part of one, but these."""
        names = {path.name for sha256 in kept for path in (self.path(sha256), self.part(sha256))}
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(self._folder):
                if name.endswith((".pack", ".part")) and name not in names:
                    (self._folder / name).unlink(missing_ok=True)

    def begin(self, sha256: str, size: int) -> "Part":
        """Go on with what has come of a pack. Raises OSError, ENOSPC too when the rest would fill the disk."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Part(self, sha256, size)


class Part:
    """A pack while it comes; a context that closes it. size: its bytes in the signed policy; have: those here."""

    def __init__(self, store: PackStore, sha256: str, size: int) -> None:
        self._store, self._sha256, self._size = store, sha256, size
        self._path = store.part(sha256)
        # No link is followed: where the folder lies in /tmp, others may write there.
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = io.FileIO(os.open(self._path, flags, 0o600), "r+")
        self.have = 0
        self._digest = hashlib.sha256()
        try:
            self._read_what_is_here()
            self._check_room()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "Part":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _read_what_is_here(self) -> None:
        while chunk := self._file.read(PACK_CHUNK_BYTES):
            self._digest.update(chunk)
            self.have += len(chunk)
            if self.have > self._size:
                self.restart()
                return

    def _check_room(self) -> None:
        disk = os.statvfs(self._path)
        if disk.f_bavail * disk.f_frsize < self._size - self.have + PACK_HEADROOM_BYTES:
            # What has come takes room that a policy may need.
            self.drop()
            raise OSError(errno.ENOSPC, "too little room for the pack")

    def restart(self) -> None:
        """Begin again from the first byte."""
        self._file.seek(0)
        self._file.truncate()
        self.have, self._digest = 0, hashlib.sha256()

    def drop(self) -> None:
        """Nothing of it is of use."""
        self._path.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> None:
        """The next bytes. Raises Refused when they are more than the policy says, OSError when the disk is full."""
        if self.have + len(chunk) > self._size:
            self.drop()
            raise Refused("too_large", f"expected {self._size} bytes, got more")
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self.drop()
            raise
        self._digest.update(chunk)
        self.have += len(chunk)

    def finish(self) -> None:
        """All bytes are here: keep them as a pack. Raises Refused `wrong_hash`, OSError."""
        if self._digest.hexdigest() != self._sha256:
            self.drop()
            raise Refused("wrong_hash", "expected the hash that the signed policy names")
        os.fsync(self._file.fileno())
        os.rename(self._path, self._store.path(self._sha256))
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
