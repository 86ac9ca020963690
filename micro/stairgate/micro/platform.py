"""What a board must offer to the agent, and nothing more: clocks, chance, a sign, sensors, a place for files and a key.

It decides nothing. `platform_unix`, `platform_esp32` and `platform_rp2` are boards, `platform_fake` is one for tests. A
maker writes a subclass with the pins and drivers of the toy; what is not overridden here is refused loudly.
"""

import os

from stairgate.micro.storage import unlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Platform:
    """A board. `root`: the folder of the agent's files, on a file system of its own where there is one.

    maker: the maker's public point (65 bytes), part of the firmware: whose declaration is believed.
    """

    root = "/stairgate"
    maker = b""

    def now(self) -> "int | None":
        """UTC seconds since 1970, or None when the board does not know the time."""
        return None

    def set_now(self, utc: int, is_sure: bool) -> None:
        """Set the board's own clock: its TLS library reads dates of certificates by it. Nothing where it is right.

        is_sure: False for the best guess after a start, which `now` must not give out as the time later.
        """

    def label_secret(self) -> "bytes | None":
        """The 16 bytes of the sticker with the QR code, put into each toy by its maker; None: it cannot be paired."""
        return None

    def ticks(self) -> int:
        """Milliseconds since the start; never goes back, never wraps."""
        raise NotImplementedError("a platform has ticks")

    def random(self, count: int) -> bytes:
        """So many bytes that nobody can guess."""
        return os.urandom(count)

    def indicate(self, sensor: str, on: bool) -> None:
        """Switch the declared light or sound of a sensor. Raises anything when that fails: the sensor stays closed."""
        raise NotImplementedError("a platform shows that a sensor is on")

    def driver(self, sensor: str) -> "Callable[[], object]":
        """What makes the driver of a declared sensor. The agent calls it, and nobody else may.

        The driver has `deinit` (or `close`, or `stop`), which returns within a second and ends every wait in it.
        """
        raise NotImplementedError("a platform makes the drivers")

    def gesture(self) -> str:
        """The code of the declared gesture that somebody makes right now, or ""."""
        return ""

    def secret(self) -> "bytes | None":
        """The 32 bytes of the toy's private key, or None before there are any."""
        raise NotImplementedError("a platform keeps a secret")

    def keep_secret(self, secret: "bytes | None") -> None:
        """Keep the private key, or forget it. In a store apart from the files where the board has one."""
        raise NotImplementedError("a platform keeps a secret")

    def forget(self, path: str) -> None:
        """Remove a file. Where bytes stay in place, zeros go over them first."""
        unlink(path)

    def scrub(self) -> "Iterator[None]":
        """Overwrite what removed files have left on the flash, a little at each step. Nothing where nothing is left."""
        return iter(())
