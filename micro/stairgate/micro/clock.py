"""What time it is for a toy that often has no battery for its clock: believed, resumed, or not known.

It decides which second counts and whether it is trusted: a signed time from the hub, a clock of the board that did not
go back, else the last second on the flash, going on from there. What an untrusted time closes is `core.gates`' part.
"""

from stairgate.micro.limits import EARLIEST, PERSIST_SECONDS, STATE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.micro.platform import Platform
    from stairgate.micro.storage import Storage

FILE = "clock"


class Clock:
    """The toy's clock. `trusted`: whether `now` is more than the last persisted second and what has passed since."""

    def __init__(self, platform: "Platform", storage: "Storage") -> None:
        self._platform = platform
        self._storage = storage
        saved = storage.words(FILE, STATE_BYTES)
        is_sound = len(saved) == 2 and not saved[0].strip("0123456789") and len(saved[0]) <= 12
        self._saved = int(saved[0]) if is_sound else 0
        self.level = "closed" if saved[-1:] == ["closed"] else "open"  # of play, when the clock was last persisted
        self._base = self._saved
        self._since = platform.ticks()
        wall = platform.now()
        self.trusted = wall is not None and wall >= max(EARLIEST, self._saved)
        if wall is not None and self.trusted:
            self._base = wall

    def now(self) -> int:
        """UTC seconds."""
        return self._base + (self._platform.ticks() - self._since) // 1000

    def set(self, utc: int) -> bool:
        """Believe this second from now on: it came signed. True when the clock was not trusted before."""
        was = self.trusted
        self._base = utc
        self._since = self._platform.ticks()
        self.trusted = True
        self.persist(self.level)
        return not was

    def not_before(self, utc: int) -> None:
        """A signed document says that this second is over: an untrusted clock goes on from there at the least."""
        if not self.trusted and self.now() < utc:
            self._base = utc
            self._since = self._platform.ticks()

    def lose(self) -> None:
        """The time is not known any more; it goes on, untrusted."""
        self._base = self.now()
        self._since = self._platform.ticks()
        self.trusted = False

    def persist(self, level: str) -> None:
        """Put the second and the level of play on the flash. Raises OSError."""
        self.level = level
        self._saved = self.now()
        self._storage.write(FILE, str(self._saved).encode() + b" " + level.encode())

    def is_due(self, level: str) -> bool:
        """Whether to persist again: ten minutes have passed, or play has opened or closed."""
        return level != self.level or abs(self.now() - self._saved) >= PERSIST_SECONDS
