"""The toy's files below one folder: whole or not at all, added to at the end, and gone without a trace.

It decides how bytes come to the flash and nothing about what they mean. Names are paths of at most one folder. After a
power cut a file is the old or the new one, and an addition is there or not; a torn end is left to the reader to notice.
"""

import os

from stairgate.port.atomic import write_atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ZEROS = bytes(256)


def unlink(path: str) -> None:
    """Remove a file of a flash that writes elsewhere each time: what it held is overwritten later (`scrub`)."""
    os.remove(path)


def overwrite_and_unlink(path: str) -> None:
    """Remove a file whose bytes stay where they are: zeros go over them first."""
    with open(path, "r+b") as file:
        size = file.seek(0, 2)
        file.seek(0)
        for start in range(0, size, len(ZEROS)):
            file.write(ZEROS[: size - start])
        file.flush()
        if hasattr(os, "fsync"):
            os.fsync(file.fileno())
    os.remove(path)


class Storage:
    """The files below `root`. forget: how a file is removed so that its bytes do not stay."""

    def __init__(self, root: str, forget: "Callable[[str], None]") -> None:
        self.root = root
        self._forget = forget
        self._make(root)

    def path(self, name: str) -> str:
        """Where a file is."""
        return self.root + "/" + name

    def _make(self, path: str) -> None:
        try:
            os.mkdir(path)
        except OSError:
            os.listdir(path)  # it is there already, else this says what is wrong

    def folder(self, name: str) -> None:
        """Make sure that a folder exists. Raises OSError."""
        self._make(self.path(name))

    def read(self, name: str, cap: int) -> "bytes | None":
        """The file's bytes; None when there is none, when it cannot be read, and when it has more than `cap`."""
        try:
            with open(self.path(name), "rb") as file:
                data = file.read(cap + 1)
        except OSError:
            return None
        return data if len(data) <= cap else None

    def words(self, name: str, cap: int) -> "list[str]":
        """The words of a small file of ours, none where it is not there or holds anything but visible ASCII."""
        data = self.read(name, cap) or b""
        if [byte for byte in data if not 32 <= byte < 127 and byte != 10]:
            return []
        return str(data, "ascii").split()

    def number(self, name: str, cap: int) -> int:
        """The whole number in a small file of ours, 0 where there is none."""
        data = self.read(name, cap) or b""
        return int(data) if 0 < len(data) <= 20 and not data.strip(b"0123456789") else 0

    def write(self, name: str, data: bytes) -> None:
        """Replace the file: on the flash when this returns. Raises OSError; the old content is there then."""
        write_atomic(self.path(name), data)

    def append(self, name: str, data: bytes) -> None:
        """Add to the end of a file: on the flash when this returns. Raises OSError."""
        with open(self.path(name), "ab") as file:
            file.write(data)
            file.flush()
            if hasattr(os, "fsync"):
                os.fsync(file.fileno())

    def names(self, folder: str = "") -> "list[str]":
        """The names in a folder, sorted; none when it is not there."""
        try:
            return sorted(os.listdir(self.path(folder) if folder else self.root))
        except OSError:
            return []

    def size(self, name: str) -> int:
        """Bytes of a file; 0 when there is none."""
        try:
            return os.stat(self.path(name))[6]
        except OSError:
            return 0

    def remove(self, name: str) -> None:
        """Remove a file if it is there. Raises OSError when it cannot be removed."""
        if self.exists(name):
            self._forget(self.path(name))

    def remove_folder(self, name: str) -> None:
        """Remove a folder with its files and, below it, one more level. Raises OSError."""
        for entry in self.names(name):
            path = name + "/" + entry
            if self.is_folder(path):
                self.remove_folder(path)
            else:
                self._forget(self.path(path))
        try:
            os.rmdir(self.path(name))
        except OSError:
            if self.is_folder(name):
                raise

    def exists(self, name: str) -> bool:
        """True for a file or folder that is there."""
        try:
            os.stat(self.path(name))
        except OSError:
            return False
        return True

    def is_folder(self, name: str) -> bool:
        """True for a folder."""
        try:
            return os.stat(self.path(name))[0] & 0x4000 != 0
        except OSError:
            return False
