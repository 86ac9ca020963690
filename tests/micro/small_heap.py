"""Starts `resident` as a board's `main.py` would: the collector first, then the code, from files or from a ROMFS image.

    micropython -X heapsize=N -m tests.micro.small_heap IMAGE FOLDER [tell]

IMAGE is `-` for files. This machine has no flash: an image lies in the heap, so whoever asks for a heap adds its size.
"""

import gc
import os
import sys

COLLECT_BYTES = 16384  # allocated between two collections

# As docs/toy-makers.md tells makers to: else garbage fills the heap, and what stays is strewn all over it.
gc.threshold(COLLECT_BYTES)  # type: ignore[attr-defined]  # only MicroPython has it
IMAGE = sys.argv.pop(1)
if IMAGE != "-":
    import vfs  # type: ignore[import-not-found]

    with open(IMAGE, "rb") as file:
        image = bytearray(os.stat(IMAGE)[6])
        file.readinto(image)
    vfs.mount(vfs.VfsRom(image), "/rom")
    sys.path.insert(0, "/rom")
__import__("tests.micro.resident")
