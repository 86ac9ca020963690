"""Overwrites what removed files have left on a LittleFS: nothing that was erased can be read from the chip.

It decides only how much to write. LittleFS writes elsewhere at each change, so the bytes of a removed file stay in free
blocks and in the logs of its folders. All free blocks are filled with one file, then each folder's log, which lives in
two blocks that take turns, is written round. A test scans the whole image afterwards.
"""

import os

from stairgate.micro.limits import SCRUB_CHUNK, SCRUB_COMMIT_BYTES, SCRUB_TURNS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FILL = "fill"
FILLER = b"\x00" * SCRUB_CHUNK


def remove_fill(root: str) -> None:
    """Remove what a power cut may have left of an earlier run."""
    if FILL in os.listdir(root):
        os.remove(root + "/" + FILL)


def fill(root: str) -> "Iterator[None]":
    """Write one file until the flash is full, and remove it. One that is left by a power cut is removed by the next."""
    path = root + "/" + FILL
    try:
        with open(path, "wb") as file:
            while True:
                file.write(FILLER)
                yield
    except OSError:
        pass
    os.remove(path)


def turn(folder: str) -> "Iterator[None]":
    """Write a folder's log round, so that no older entry is left in either of its blocks."""
    path = folder + "/" + FILL
    block = os.statvfs(folder)[0]
    for _ in range(SCRUB_TURNS * block // SCRUB_COMMIT_BYTES):
        with open(path, "wb") as file:
            file.write(FILLER[:SCRUB_COMMIT_BYTES])
        yield
    os.remove(path)


def scrub_littlefs(root: str) -> "Iterator[None]":
    """Everything free below `root`, which is a whole file system or a folder at its top. Yields after each write."""
    remove_fill(root)
    yield from fill(root)
    folders = [root] + [root + "/" + name for name in os.listdir(root) if os.stat(root + "/" + name)[0] & 0x4000]
    for folder in folders:
        yield from turn(folder)
    yield from fill(root)
