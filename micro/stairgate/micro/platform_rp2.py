"""An RP2040 or RP2350 with MicroPython: one LittleFS for everything, the key in a file of the agent's folder.

It decides nothing. The board has no store for secrets that MicroPython reaches, so the key lies in plain flash: 5.4-1
of EN 303 645 is "not met", and the tables say so. Erasing fills the whole flash once, which takes its time.
"""

import os

from stairgate.micro.platform_board import BoardPlatform
from stairgate.port.atomic import read_bounded, write_atomic


class Rp2Platform(BoardPlatform):
    """As `BoardPlatform`."""

    def secret(self) -> "bytes | None":
        return self._file("/secret", 32)

    def label_secret(self) -> "bytes | None":
        return self._file(".label", 16)  # written in the factory, beside the folder that an erasure empties

    def _file(self, name: str, size: int) -> "bytes | None":
        try:
            held = read_bounded(self.root + name, size)
        except (OSError, ValueError):
            return None
        return held if len(held) == size else None

    def keep_secret(self, secret: "bytes | None") -> None:
        if secret is not None:
            write_atomic(self.root + "/secret", secret)
        elif self.secret() is not None:
            os.remove(self.root + "/secret")
