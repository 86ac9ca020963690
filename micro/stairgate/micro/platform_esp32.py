"""An ESP32 with MicroPython: the key in non-volatile storage, files on a partition of their own.

It decides nothing. Stock MicroPython encrypts neither: whoever opens the toy can read the key, so EN 303 645's 5.4-1 is
"not met" there, and the tables say so. With flash and NVS encryption in a maker's own build it is the maker's to show.
"""

import esp32  # type: ignore[import-not-found]
import vfs  # type: ignore[import-not-found]

from stairgate.micro.platform_board import BoardPlatform

SPACE, NAME, LABEL = "stairgate", "key", "label"


def mount_partition(label: str, path: str) -> None:
    """Mount a data partition, with a new LittleFS when it has none. Raises OSError where there is no such partition."""
    found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label=label)
    if not found:
        raise OSError(f"no data partition {label}")
    try:
        vfs.mount(vfs.VfsLfs2(found[0]), path)
    except OSError:
        vfs.VfsLfs2.mkfs(found[0])
        vfs.mount(vfs.VfsLfs2(found[0]), path)


class Esp32Platform(BoardPlatform):
    """As `BoardPlatform`. `root` is a partition of its own (`mount_partition`): an erasure leaves the program alone."""

    def secret(self) -> "bytes | None":
        return self._blob(NAME, 32)

    def label_secret(self) -> "bytes | None":
        return self._blob(LABEL, 16)  # written in the factory

    @staticmethod
    def _blob(name: str, size: int) -> "bytes | None":
        held = bytearray(size)
        try:
            length = esp32.NVS(SPACE).get_blob(name, held)
        except OSError:
            return None
        return bytes(held) if length == size else None

    def keep_secret(self, secret: "bytes | None") -> None:
        space = esp32.NVS(SPACE)
        if secret is not None:
            space.set_blob(NAME, secret)
        elif self.secret() is not None:
            space.set_blob(NAME, bytes(32))  # erasing an entry only marks it
            space.commit()
            space.erase_key(NAME)
        space.commit()
