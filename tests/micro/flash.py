"""A flash chip in memory for LittleFS on MicroPython, whose power can be cut at any operation.

It decides nothing about what is stored. An operation is a write or an erasure of a block; the one at the cut is done
half, as a chip that loses its power may leave it, and all later ones fail.
"""

import vfs  # type: ignore[import-not-found]

ENDLESS = 1 << 40
COUNT, SIZE, ERASE = 4, 5, 6  # ioctl: number of blocks, bytes of a block, erase one


class Flash:
    """`blocks` blocks of `size` bytes. budget: how many operations there is power for; without end by default."""

    def __init__(self, blocks: int, size: int, data: "bytes | None" = None, budget: int = ENDLESS) -> None:
        self.size = size
        self.blocks = blocks
        self.data = bytearray(data) if data is not None else bytearray(b"\xff" * (blocks * size))
        self.budget = budget
        self.operations = 0
        self.is_dead = False  # nobody is there any more, and no error is one

    def _put(self, start: int, content: "bytes | bytearray") -> None:
        if self.is_dead:
            return
        if self.budget < 0:
            raise OSError(5)
        length = len(content) if self.budget else len(content) // 2
        self.data[start : start + length] = content[:length]
        self.operations += 1
        self.budget -= 1
        if self.budget < 0:
            raise OSError(5)

    def readblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
        """Read."""
        if self.is_dead:
            return
        start = block * self.size + offset
        buffer[:] = self.data[start : start + len(buffer)]

    def writeblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
        """Program bytes that were erased before."""
        self._put(block * self.size + offset, buffer)

    def ioctl(self, operation: int, argument: int) -> "int | None":
        """What LittleFS asks."""
        if self.is_dead:
            return 0
        if operation == COUNT:
            return self.blocks
        if operation == SIZE:
            return self.size
        if operation == ERASE:
            self._put(argument * self.size, b"\xff" * self.size)
            return 0
        return None


def mounted(flash: Flash, path: str) -> object:
    """Mount the LittleFS of a flash; one is made where there is none.

    The file system is returned, to be held until files that a cut left open are collected: their end needs it.
    """
    try:
        system = vfs.VfsLfs2(flash)
    except OSError:
        vfs.VfsLfs2.mkfs(flash)
        system = vfs.VfsLfs2(flash)
    vfs.mount(system, path)
    return system


def unmounted(path: str) -> None:
    """Unmount, whatever state it is in."""
    try:
        vfs.umount(path)
    except OSError:
        pass
