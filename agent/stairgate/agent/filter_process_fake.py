"""A filter in memory for tests: it answers every frame at once, or not at all while it is silent or gone.

It decides nothing: what it was told is kept, what it says is in the test's hand.
"""

import json
import os
from typing import Any

from stairgate.agent.asked import AskedInbox
from stairgate.agent.filter_channel import Serving, framed
from stairgate.agent.timed_addresses import TimedAddresses


class FakeFilter:
    """See `filter_process.NameFilter`. frames: all it took, in order; silent: it takes none. refused_packs: hashes of
    packs that it cannot use.

    Close it after the test.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._waiting: bytes | None = None
        self._newest = b""
        self.frames: list[tuple[dict[str, Any], bytes]] = []
        self.serving: Serving | None = None
        self.timed = TimedAddresses()
        self.asked = AskedInbox()
        self.silent = False
        self.refused_packs: set[str] = set()
        self.is_running = False

    def fileno(self) -> int:
        """See NameFilter."""
        return self._read

    def tell(self, frame: bytes) -> None:
        """See NameFilter."""
        framed(frame)
        self._waiting = self._newest = frame

    def turn(self, now: float) -> None:
        """See NameFilter."""
        if self._waiting is None or self.silent:
            return
        self.is_running = True
        head, _, body = self._waiting.partition(b"\n")
        self.frames.append((json.loads(head), body))
        self._waiting = None
        pack = os.path.basename(self.frames[-1][0]["pack"]).removesuffix(".pack")
        kept = self.serving.pack if self.serving else ""
        self.serving = Serving(json.loads(body.split(b"\n")[0])[3], kept if pack in self.refused_packs else pack)

    def is_current(self) -> bool:
        """See NameFilter."""
        return self.serving is not None and self._waiting is None

    def is_asked(self) -> bool:
        """See NameFilter."""
        return self.is_running and self._waiting is not None

    def next_moment(self) -> float:
        """See NameFilter."""
        return float("inf")

    def end(self) -> None:
        """The process has ended; the next one is told the newest frame."""
        self.is_running, self.serving, self._waiting = False, None, self._newest

    def close(self) -> None:
        """See NameFilter."""
        os.close(self._read)
        os.close(self._write)
