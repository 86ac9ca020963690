"""The pack that the signed policy names, brought from the hub to this router's disk while everything else goes on.

It decides which pack the filter may use (the named one, else the last good one), whom to ask and when again, and how
much it listens to. Over plain HTTP: a pack holds hashes only, and is accepted only with the hash that the signed policy
names, so that nobody on the way can change it. Files are `pack_store`'s part, telling the filter `filter_feed`'s.
"""

import contextlib
import errno
import http.client
import itertools
import logging
import os
import threading
import time

from stairgate.agent.limits import (
    PACK_BYTES_MAX,
    PACK_CHUNK_BYTES,
    PACK_IDLE_SECONDS,
    PACK_RETRY_FIRST_SECONDS,
    PACK_RETRY_MAX_SECONDS,
    PACK_TRY_SECONDS,
)
from stairgate.agent.pack_store import PackStore, Part
from stairgate.agent.packs import NOTHING, Found, Wanted
from stairgate.core.refused import Refused

log = logging.getLogger("stairgate.agent")


class PackFetch:
    """See Packs. One thread of its own, from the first wish on."""

    def __init__(self, store: PackStore) -> None:
        self._store = store
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._changed = threading.Condition()
        self._wanted: Wanted | None = None
        self._is_over = False
        self._thread: threading.Thread | None = None
        self.found = NOTHING

    def fileno(self) -> int:
        """See Packs."""
        return self._wake_read

    def want(self, wanted: Wanted) -> None:
        """See Packs."""
        with self._changed:
            if wanted == self._wanted:
                return
            self._wanted = wanted
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pack-fetch", daemon=True)
            self._thread.start()

    def acknowledge(self) -> None:
        """See Packs."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)

    def keep_only(self, sha256: str) -> None:
        """See Packs."""
        with contextlib.suppress(OSError):
            self._store.keep_only(sha256)

    def close(self) -> None:
        """See Packs."""
        with self._changed:
            self._is_over = True
            self._changed.notify()
        if self._thread is not None:
            # It may hang in a connection; it is a daemon, and what it has written can be gone on with.
            self._thread.join(1.0)

    def _is_wanted(self, wanted: Wanted) -> bool:
        return not self._is_over and self._wanted == wanted

    def _run(self) -> None:
        done: Wanted | None = None
        while True:
            with self._changed:
                while not self._is_over and self._wanted == done:
                    self._changed.wait()
                done = self._wanted
            if self._is_over or done is None:
                return
            self._provide(done)

    def _provide(self, wanted: Wanted) -> None:
        """Until it is here, or something else is wanted."""
        if not wanted.sha256:
            self._tell(wanted, "", "")
            return
        try:
            usable = self._usable(wanted)
        except OSError as error:
            log.error("the packs are not readable: %s", error)
            usable = ""
        if not self._tell(wanted, usable, "") or usable == wanted.sha256:
            return
        failing = self._hopeless(wanted)
        if failing:
            self._tell(wanted, usable, failing)
            return
        pause = PACK_RETRY_FIRST_SECONDS
        for address, port in itertools.cycle(wanted.sources):
            before = self._have(wanted)
            try:
                self._fetch(wanted, address, port)
            except (OSError, http.client.HTTPException, Refused) as error:
                if failing == "":
                    log.warning("the pack could not be fetched, it is tried again: %s", error)
                failing = _word_for(error)
            else:
                self._tell(wanted, wanted.sha256, "")
                return
            if not self._tell(wanted, usable, failing):
                return
            if self._have(wanted) > before:
                pause = PACK_RETRY_FIRST_SECONDS
            with self._changed:
                if self._changed.wait_for(lambda: not self._is_wanted(wanted), pause):
                    return
            pause = min(2 * pause, PACK_RETRY_MAX_SECONDS)

    def _have(self, wanted: Wanted) -> int:
        try:
            return self._store.part(wanted.sha256).stat().st_size
        except OSError:
            return 0

    def _usable(self, wanted: Wanted) -> str:
        """The wanted pack when it is here, else the last good one: a disk is no more trusted than a network."""
        for sha256 in [wanted.sha256, *(one for one in self._store.kept() if one != wanted.sha256)]:
            if sha256 not in wanted.refused:
                if self._store.is_whole(sha256, lambda: self._is_wanted(wanted)):
                    return sha256
                if self._is_wanted(wanted):
                    self._store.remove(sha256)
        return ""

    @staticmethod
    def _hopeless(wanted: Wanted) -> str:
        """Why asking cannot help, "" when it can."""
        if wanted.sha256 in wanted.refused:
            return "bad_pack"
        if wanted.bytes > PACK_BYTES_MAX:
            return "too_large"
        return "" if wanted.sources else "no_source"

    def _tell(self, wanted: Wanted, usable: str, failing: str) -> bool:
        """False when something else is wanted by now."""
        found = Found(usable, str(self._store.path(usable)) if usable else "", failing)
        with self._changed:
            if not self._is_wanted(wanted):
                return False
            self.found = found
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"!")
        return True

    def _fetch(self, wanted: Wanted, address: str, port: int) -> None:
        """Bring the pack here from one address. Raises OSError, http.client.HTTPException, Refused."""
        with self._store.begin(wanted.sha256, wanted.bytes) as part:
            if part.have < wanted.bytes:
                connection = http.client.HTTPConnection(address, port, timeout=PACK_IDLE_SECONDS)
                with contextlib.closing(connection):
                    self._receive(wanted, connection, part)
            part.finish()

    def _receive(self, wanted: Wanted, connection: http.client.HTTPConnection, part: Part) -> None:
        give_up = time.monotonic() + PACK_TRY_SECONDS
        asked = {"Range": f"bytes={part.have}-"} if part.have else {}
        connection.request("GET", f"/packs/{wanted.sha256}", headers=asked)
        answer = connection.getresponse()
        if answer.status == 206 and _begins_at(answer.getheader("Content-Range", ""), part.have):
            pass
        elif answer.status == 200:
            part.restart()
        else:
            if answer.status in (206, 416):
                # What we have is not the beginning of what the hub has.
                part.restart()
            raise Refused(f"http_{answer.status}", f"from {connection.host}")
        while chunk := answer.read1(PACK_CHUNK_BYTES):
            part.write(chunk)
            if not self._is_wanted(wanted):
                raise Refused("not_wanted", "another one is")
            if part.have < wanted.bytes and time.monotonic() > give_up:
                raise Refused("slow", f"{part.have} of {wanted.bytes} bytes")
        if part.have < wanted.bytes:
            raise Refused("cut_off", f"{part.have} of {wanted.bytes} bytes")


def _word_for(error: Exception) -> str:
    if isinstance(error, Refused):
        return error.reason
    return "no_space" if isinstance(error, OSError) and error.errno == errno.ENOSPC else type(error).__name__.lower()


def _begins_at(content_range: str, first: int) -> bool:
    """True for `bytes 100-…` when 100 is the first byte that is missing."""
    return content_range.startswith(f"bytes {first}-")
