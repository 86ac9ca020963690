"""Files and directories that only their owner can read, from the moment they exist.

It decides modes (0700, 0600), owners and that a file is whole or absent; what is written is the caller's. The mode
is given when the file is created: a mode changed afterwards would leave a moment in which another user can
open a key.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stairgate.port.atomic import read_bounded, write_atomic

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600
# Keys, certificates and settings of one home are a few kilobytes each; a larger file is not ours.
READ_CAP_BYTES = 262_144


def make_directory(path: Path) -> None:
    """Create the directory `path`, readable by its owner only. Raises FileExistsError."""
    os.mkdir(path, DIRECTORY_MODE)
    give_to_owner(path)


def write_new(path: Path, data: bytes) -> None:
    """Create `path` with `data`, on the disk when this returns. Raises FileExistsError, for a link too."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, FILE_MODE), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    give_to_owner(path)


def replace(path: Path, data: bytes) -> None:
    """Write `path`, new or not: a reader or a power cut finds the old file or the new one, never a part."""
    write_atomic(str(path), data, FILE_MODE)
    give_to_owner(path)


def give_to_owner(path: Path) -> None:
    """Let `path` belong to whom its directory belongs to: what root writes, hub and broker must still read."""
    if os.geteuid() == 0 and (status := os.stat(path.parent)).st_uid != 0:
        os.chown(path, status.st_uid, status.st_gid, follow_symlinks=False)


def read(path: Path) -> bytes:
    """The bytes of `path`. Raises OSError, and ValueError when it is larger than any file of a home."""
    return read_bounded(str(path), READ_CAP_BYTES)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that the file `path` stands for, against other processes and threads alike. Waits for it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    try:
        give_to_owner(path)
        # Ends with the descriptor, also when the process dies.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Make the names in `path` last through a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
