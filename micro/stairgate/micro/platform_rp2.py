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
        try:
            return read_bounded(self.root + "/secret", 32)
        except (OSError, ValueError):
            return None

    def keep_secret(self, secret: "bytes | None") -> None:
        if secret is not None:
            write_atomic(self.root + "/secret", secret)
        elif self.secret() is not None:
            os.remove(self.root + "/secret")
