"""A clock whose wall time the lab can move while processes run; the product has no option for this.

The offset lives in an eight-byte file that every process maps. The monotonic clock stays the machine's own, as it does
when somebody sets a router's clock.
"""

import mmap
import os
import struct
from pathlib import Path

from stairgate.port.clock import SystemClock

OFFSET = struct.Struct("=d")
# How long hub and agent wait before they believe that a silent connection is dead; the lab has less time than a home.
KEEPALIVE = "STAIRGATE_LAB_KEEPALIVE"


def keepalive(usual: int) -> int:
    """The seconds that the lab asks for, else the usual ones."""
    return int(os.environ.get(KEEPALIVE, usual))


class LabClock(SystemClock):
    """The machine's clocks, with the wall clock ahead by the seconds that the file says."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(OFFSET.pack(0.0))
        with open(path, "r+b") as file:
            self._shared = mmap.mmap(file.fileno(), OFFSET.size)

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC, moved."""
        offset: float = OFFSET.unpack_from(self._shared)[0]
        return super().wall() + offset

    def move_to(self, wall: float) -> None:
        """Set the wall clock of every process that maps this file."""
        OFFSET.pack_into(self._shared, 0, wall - super().wall())
