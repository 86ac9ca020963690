"""The minutes in which the toy was played with: a bitmap of each child's day, merged with what other devices saw.

It decides which minutes the toy marks and keeps; what a budget makes of them is `core`'s part. `play` held open, or
`played` called, marks the minute for every person of the toy.
"""

from binascii import hexlify, unhexlify

from stairgate.core.usage import BITMAP_BYTES, UseBook, used_of
from stairgate.core.zone import DAY_SECONDS
from stairgate.micro.limits import STATE_BYTES, USE_ROWS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.records import Policy
    from stairgate.core.rules import Used
    from stairgate.micro.storage import Storage

FILE = "use"


class Minutes:
    """The use of this toy's people, of today and yesterday. `book`: the bitmaps, for `up/usage` and `down/usage`."""

    def __init__(self, storage: "Storage") -> None:
        self._storage = storage
        self._changed = False
        self.book = UseBook(USE_ROWS)
        for line in (storage.read(FILE, STATE_BYTES) or b"").split(b"\n")[:USE_ROWS]:
            words = line.split(b" ")
            if len(words) == 3 and len(words[2]) == 2 * BITMAP_BYTES:
                try:
                    self.book.merge(str(words[0], "ascii"), "total", int(words[1]), unhexlify(words[2]))
                except ValueError:
                    continue

    def mark(self, policy: "Policy", now: int) -> bool:
        """The minute that holds `now` was one of play, for every person of the toy. True when it is a new one."""
        new = False
        for person in policy.devices[0].persons:
            new = self.book.mark(person, "total", now // 60) or new
        self._changed = self._changed or new
        return new

    def used(self, policy: "Policy", now: int) -> "Used":
        """The minutes used, as `core.decide` wants them."""
        return used_of(policy, now, self.book)

    def save(self, now: int) -> None:
        """Put the bitmaps of today and yesterday on the flash if they changed. Raises OSError."""
        self.book.drop_before(now // DAY_SECONDS - 1)
        if self._changed:
            rows = [
                b"%s %d %s" % (person.encode(), day, hexlify(bits))
                for person, category, day, bits in self.book.rows(0)
                if category == "total"
            ]
            self._storage.write(FILE, b"\n".join(rows))
            self._changed = False

    def forget(self) -> None:
        """Nobody ever played."""
        self._storage.remove(FILE)
        self.book = UseBook(USE_ROWS)
        self._changed = False
