"""A toy as a process of a Unix machine, with MicroPython or CPython: for the lab and for a maker's first evening.

It decides nothing. The key and what stands for a gesture lie beside the folder of the agent's files: `<root>.key` and
`<root>.gesture`, a file with the gesture's code while it is made.
"""

import time

from stairgate.micro.platform import Platform
from stairgate.micro.storage import overwrite_and_unlink
from stairgate.micro.ticks import Ticks
from stairgate.port.atomic import read_bounded, write_atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class UnixPlatform(Platform):
    """drivers: sensor → what makes its driver. sign: called with the sensor and whether its light is on."""

    def __init__(
        self,
        root: str,
        maker: bytes,
        drivers: "dict[str, Callable[[], object]]",
        sign: "Callable[[str, bool], None]",
    ) -> None:
        self.root = root
        self.maker = maker
        self._drivers = drivers
        self._sign = sign
        self._ticks = Ticks()

    def now(self) -> "int | None":
        return int(time.time())

    def ticks(self) -> int:
        return self._ticks.now()

    def indicate(self, sensor: str, on: bool) -> None:
        self._sign(sensor, on)

    def driver(self, sensor: str) -> "Callable[[], object]":
        return self._drivers[sensor]

    def gesture(self) -> str:
        try:
            return str(read_bounded(self.root + ".gesture", 40), "ascii").strip()
        except (OSError, ValueError):
            return ""

    def secret(self) -> "bytes | None":
        try:
            return read_bounded(self.root + ".key", 32)
        except (OSError, ValueError):
            return None

    def keep_secret(self, secret: "bytes | None") -> None:
        if secret is not None:
            write_atomic(self.root + ".key", secret)
        elif self.secret() is not None:
            overwrite_and_unlink(self.root + ".key")

    def forget(self, path: str) -> None:
        overwrite_and_unlink(path)
