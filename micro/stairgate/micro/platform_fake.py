"""A board for tests: a clock that a test moves, a folder, and a trace of what happened in which order.

It decides nothing.
"""

from stairgate.micro.platform import Platform
from stairgate.micro.storage import overwrite_and_unlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class FakeSensor:
    """A driver that tells the trace of its life. `broken`: its end fails."""

    def __init__(self, name: str, trace: "list[str]", broken: bool = False) -> None:
        self._name = name
        self._trace = trace
        self._broken = broken
        self.rate = 8000
        trace.append("driver " + name)

    def read(self, count: int) -> bytes:
        """A sample of so many bytes."""
        self._trace.append("sample " + self._name)
        return b"s" * count

    def deinit(self) -> None:
        """The end."""
        self._trace.append("end " + self._name)
        if self._broken:
            raise OSError(5)


class FakePlatform(Platform):
    """`wall`: what the board's clock says, or None; `millis`: since the start; `held`: the gesture made right now.

    trace: what happened, in order. dark: sensors whose light fails. missing: whose driver fails. broken: whose driver
    does not end.
    """

    def __init__(self, root: str, maker: bytes, wall: "int | None" = None) -> None:
        self.root = root
        self.maker = maker
        self.wall = wall
        self.millis = 0
        self.held = ""
        self.kept: "bytes | None" = None
        self.trace: "list[str]" = []
        self.dark: "list[str]" = []
        self.missing: "list[str]" = []
        self.broken: "list[str]" = []

    def now(self) -> "int | None":
        return self.wall

    def ticks(self) -> int:
        return self.millis

    def pass_seconds(self, seconds: int) -> None:
        """Time goes on."""
        self.millis += seconds * 1000

    def indicate(self, sensor: str, on: bool) -> None:
        if sensor in self.dark:
            raise OSError(5)
        self.trace.append(("on " if on else "off ") + sensor)

    def driver(self, sensor: str) -> "Callable[[], object]":
        def make() -> object:
            if sensor in self.missing:
                raise OSError(19)
            return FakeSensor(sensor, self.trace, sensor in self.broken)

        return make

    def gesture(self) -> str:
        return self.held

    def secret(self) -> "bytes | None":
        return self.kept

    def keep_secret(self, secret: "bytes | None") -> None:
        self.kept = secret

    def forget(self, path: str) -> None:
        overwrite_and_unlink(path)
