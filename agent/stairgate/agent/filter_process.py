"""The filter's process, a child of control: started, told what holds, killed when it hangs, started again.

It decides what travels over the channel and when: one frame at a time and the newest one next, so that nothing piles
up behind a child that does not read; how long it may take to answer; and how soon another one is started. Nothing here
waits, for a tap must not. What a frame says is `filter_feed`'s part, what the child makes of it that of the package
`dns`.
"""

import contextlib
import json
import logging
import os
import select
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from stairgate.agent.limits import (
    FILTER_ANSWER_MAX_SECONDS,
    FILTER_ANSWER_SECONDS,
    FILTER_CHECK_SECONDS,
    FILTER_DYING_SECONDS,
    FILTER_PAUSE_FIRST_SECONDS,
    FILTER_PAUSE_MAX_SECONDS,
    FILTER_STEADY_SECONDS,
    FILTER_STOP_SECONDS,
    FRAME_BYTES,
    STATE_BYTES,
)
from stairgate.agent.settings import AgentSettings

# What the interpreter needs to find the same packages; nothing else of ours is the child's business.
ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "PYTHONUNBUFFERED")
LENGTH_BYTES = 4

log = logging.getLogger("stairgate.agent")


class Serving(NamedTuple):
    """What the filter goes by: the policy's revision, and the SHA-256 of its pack, "" without one."""

    revision: int
    pack: str


class NameFilter(Protocol):
    """What the control loop needs of the process that answers names.

    serving: what it said last, None while there is no process that has said anything.
    """

    serving: Serving | None

    def fileno(self) -> int:
        """A descriptor that becomes readable when `turn` has something to do; always the same one."""

    def tell(self, frame: bytes) -> None:
        """This holds now, whatever was told before. Raises ValueError when it is too long."""

    def turn(self, now: float) -> None:
        """Start, send, receive, give up: whatever can be done without waiting. now: monotonic seconds."""

    def is_current(self) -> bool:
        """True when the newest frame was taken and the process is there."""

    def is_asked(self) -> bool:
        """True while there is a process that has not yet answered the newest frame."""

    def next_moment(self) -> float:
        """When `turn` has something to do though no descriptor is readable; monotonic seconds."""

    def close(self) -> None:
        """End the process."""


def dns_words(settings: AgentSettings) -> tuple[str, ...]:
    """The command line of the DNS process, without the channel."""
    words = [sys.executable, "-m", "stairgate.agent.dns", "--table", settings.gate.table]
    return (*words, "--lan", *settings.lan_interfaces, "--resolver", *settings.resolvers)


def framed(content: bytes) -> bytes:
    """A frame on the wire: its length, big-endian, before it. Raises ValueError."""
    if len(content) > FRAME_BYTES:
        raise ValueError(f"frame: expected at most {FRAME_BYTES} bytes, got {len(content)}")
    return len(content).to_bytes(LENGTH_BYTES, "big") + content


def read_serving(content: bytes) -> Serving:
    """What a state frame says. Raises ValueError."""
    try:
        said = json.loads(content)
        revision, pack = said["revision"], said["pack"]
        is_serving = said["v"] == 1 and said["state"] == "serving"
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("expected an object with v, state, revision and pack") from error
    if not is_serving or type(revision) is not int or not isinstance(pack, str):
        raise ValueError("expected state serving, a revision and a pack")
    return Serving(revision, pack)


class FilterProcess:
    """See NameFilter. words: the command line, without the channel. Raises OSError."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = tuple(words)
        self._poll = select.epoll()
        self._child: subprocess.Popen[bytes] | None = None
        # None with a child: it was killed, and is not gone yet.
        self._channel: socket.socket | None = None
        self.serving: Serving | None = None
        self._newest = b""
        self._is_waiting = False
        # The newest frame has no answer yet. One that was sent again to see whether it answers changes nothing.
        self._is_news = False
        # What is left of the frame under way.
        self._sending = memoryview(b"")
        self._received = bytearray()
        self._answer_by = self._check_at = float("inf")
        self._patience = FILTER_ANSWER_SECONDS
        self._start_at = self._started_at = self._bury_at = float("-inf")
        self._pause = FILTER_PAUSE_FIRST_SECONDS
        self._has_told_end = False

    def fileno(self) -> int:
        """See NameFilter."""
        return self._poll.fileno()

    def tell(self, frame: bytes) -> None:
        """See NameFilter."""
        self._newest = framed(frame)
        self._is_waiting = self._is_news = True

    def is_current(self) -> bool:
        """See NameFilter."""
        return self.serving is not None and not self._is_news

    def is_asked(self) -> bool:
        """See NameFilter."""
        return self._channel is not None and self._is_news

    def next_moment(self) -> float:
        """See NameFilter."""
        if self._channel is not None:
            return min(self._answer_by, self._check_at)
        if self._child is not None:
            return self._bury_at
        return self._start_at if self._newest else float("inf")

    def turn(self, now: float) -> None:
        """See NameFilter."""
        if self._child is None and self._newest and now >= self._start_at:
            self._start(now)
        self._receive(now)
        if self._channel is not None and now >= self._answer_by:
            self._patience = min(2 * self._patience, FILTER_ANSWER_MAX_SECONDS)
            self._end(now, "does not answer")
        if self._channel is None:
            self._bury(now)
            return
        if now >= self._check_at:
            self._is_waiting = True
        # One at a time: an answer is then the answer to what was asked.
        if self._is_waiting and self._answer_by == float("inf"):
            self._sending, self._is_waiting = memoryview(self._newest), False
            self._answer_by, self._check_at = now + self._patience, float("inf")
        self._send(now)

    def close(self) -> None:
        """See NameFilter."""
        self._newest = b""
        if self._channel is not None:
            # The end of the channel is the sign to end.
            self._channel.close()
            self._channel = None
        if self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(FILTER_STOP_SECONDS)
            self._child.kill()
            self._child.wait()
            self._child = None
        self._poll.close()

    def _start(self, now: float) -> None:
        self._started_at = now
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._child = subprocess.Popen(
                [*self._words, "--channel", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
                # A Ctrl-C at the console is the agent's to understand.
                process_group=0,
            )
        except OSError as error:
            ours.close()
            self._end(now, f"cannot be started: {error}")
            return
        finally:
            theirs.close()
        ours.setblocking(False)
        self._channel = ours
        self._is_waiting = self._is_news = True
        self._poll.register(ours.fileno(), select.EPOLLIN)

    def _receive(self, now: float) -> None:
        while self._channel is not None:
            try:
                chunk = self._channel.recv(4096)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            if not chunk:
                self._end(now, "ended")
                return
            self._received += chunk
            self._take_frames(now)

    def _take_frames(self, now: float) -> None:
        while self._channel is not None and len(self._received) >= LENGTH_BYTES:
            length = int.from_bytes(self._received[:LENGTH_BYTES], "big")
            if length > STATE_BYTES:
                self._end(now, f"said too much: {length} bytes")
                return
            if len(self._received) < LENGTH_BYTES + length:
                return
            content = bytes(self._received[LENGTH_BYTES : LENGTH_BYTES + length])
            del self._received[: LENGTH_BYTES + length]
            try:
                self.serving = read_serving(content)
            except ValueError as error:
                self._end(now, f"is not understood: {error}")
                return
            if not self._sending:
                self._is_news = self._is_waiting
                self._answer_by, self._check_at = float("inf"), now + FILTER_CHECK_SECONDS
                self._patience = FILTER_ANSWER_SECONDS

    def _send(self, now: float) -> None:
        assert self._channel is not None
        try:
            while self._sending:
                self._sending = self._sending[self._channel.send(self._sending) :]
        except BlockingIOError:
            self._poll.modify(self._channel.fileno(), select.EPOLLIN | select.EPOLLOUT)
            return
        except OSError:
            self._end(now, "ended")
            return
        self._poll.modify(self._channel.fileno(), select.EPOLLIN)

    def _end(self, now: float, what: str) -> None:
        """It is of no more use; another one is started after a pause, once it is gone."""
        if now - self._started_at >= FILTER_STEADY_SECONDS:
            self._pause, self._has_told_end = FILTER_PAUSE_FIRST_SECONDS, False
        # Once for each row of ends, and again when a row is long.
        if not self._has_told_end:
            log.error("the filter %s: it is started again; until then the family's devices resolve no names", what)
            self._has_told_end = True
        self._start_at = now + self._pause
        self._pause = min(2 * self._pause, FILTER_PAUSE_MAX_SECONDS)
        self.serving = None
        self._answer_by = self._check_at = float("inf")
        self._sending = memoryview(b"")
        self._received.clear()
        if self._channel is not None:
            self._poll.unregister(self._channel.fileno())
            self._channel.close()
            self._channel = None
        if self._child is not None:
            self._child.kill()

    def _bury(self, now: float) -> None:
        """Its port is free once it is gone, and not before."""
        if self._child is None:
            return
        if self._child.poll() is None:
            self._bury_at = now + FILTER_DYING_SECONDS
        else:
            self._child = None
