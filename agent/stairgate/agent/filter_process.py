"""The filter's process, a child of control: started, told what holds, killed when it hangs, started again.

It decides what travels over the channel and when: one frame at a time and the newest one next, so that nothing piles
up behind a child that does not read; how long it may take to answer; and how soon another one is started. Nothing here
waits, for a tap must not. What a frame says is `filter_feed`'s part, what the child makes of it that of the package
`dns`.
"""

import contextlib
import logging
import os
import select
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Protocol

from stairgate.agent.asked import AskedInbox
from stairgate.agent.filter_channel import ChannelEnded, FilterChannel, Serving, framed
from stairgate.agent.limits import (
    FILTER_ANSWER_MAX_SECONDS,
    FILTER_ANSWER_SECONDS,
    FILTER_CHECK_SECONDS,
    FILTER_DYING_SECONDS,
    FILTER_PAUSE_FIRST_SECONDS,
    FILTER_PAUSE_MAX_SECONDS,
    FILTER_STEADY_SECONDS,
    FILTER_STOP_SECONDS,
)
from stairgate.agent.settings import AgentSettings
from stairgate.agent.timed_addresses import TimedAddresses

# What the interpreter needs to find the same packages; nothing else of ours is the child's business.
ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "PYTHONUNBUFFERED")

log = logging.getLogger("stairgate.agent")


class NameFilter(Protocol):
    """What the control loop needs of the process that answers names.

    serving: what it said last, None while there is no process that has said anything. timed: addresses of timed
    categories, as it and those before it said. asked: what devices with `reach` lines asked for.
    """

    serving: Serving | None
    timed: TimedAddresses
    asked: AskedInbox

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


class FilterProcess:
    """See NameFilter. words: the command line, without the channel. Raises OSError."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = tuple(words)
        self._poll = select.epoll()
        self._child: subprocess.Popen[bytes] | None = None
        # None with a child: it was killed, and is not gone yet.
        self._channel: FilterChannel | None = None
        self.serving: Serving | None = None
        self.timed = TimedAddresses()
        self.asked = AskedInbox()
        self._newest = b""
        self._is_waiting = False
        # The newest frame has no answer yet. One that was sent again to see whether it answers changes nothing.
        self._is_news = False
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
        framed(frame)
        self._newest = frame
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
        if self._channel is not None:
            try:
                self._converse(self._channel, now)
            except ChannelEnded as ended:
                self._end(now, str(ended))
        if self._channel is None:
            self._bury(now)

    def _converse(self, channel: FilterChannel, now: float) -> None:
        said = channel.receive()
        if said is not None:
            self.serving = said
            if not channel.is_sending():
                self._is_news = self._is_waiting
                self._answer_by, self._check_at = float("inf"), now + FILTER_CHECK_SECONDS
                self._patience = FILTER_ANSWER_SECONDS
        if now >= self._answer_by:
            self._patience = min(2 * self._patience, FILTER_ANSWER_MAX_SECONDS)
            raise ChannelEnded("does not answer")
        if now >= self._check_at:
            self._is_waiting = True
        # One at a time: an answer is then the answer to what was asked.
        if self._is_waiting and self._answer_by == float("inf"):
            channel.begin(self._newest)
            self._is_waiting = False
            self._answer_by, self._check_at = now + self._patience, float("inf")
        channel.send()

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
        self._channel = FilterChannel(ours, self._poll, self.timed, self.asked)
        self._is_waiting = self._is_news = True

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
        if self._channel is not None:
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
