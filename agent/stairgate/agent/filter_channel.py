"""The channel to the filter: frames with their length before them, sent and received without ever waiting.

It decides how bytes become frames and which state frames are understood, and that a frame which was begun is finished
before another one. When something is sent is `filter_process`'s part, what it says `filter_feed`'s.
"""

import contextlib
import json
import select
import socket
from typing import Any, NamedTuple

from stairgate.agent.asked import AskedInbox, AskedRow, asked_row
from stairgate.agent.limits import ASKED_ROWS, FRAME_BYTES, STATE_BYTES, TIMED_CATEGORIES, TIMED_ROWS
from stairgate.agent.timed_addresses import TimedAddresses, TimedRow
from stairgate.core.fields import is_word

LENGTH_BYTES = 4


class Serving(NamedTuple):
    """What the filter goes by: the policy's revision, and the SHA-256 of its pack, "" without one."""

    revision: int
    pack: str


class ChannelEnded(Exception):
    """There is nobody at the other end who could be understood; the text says why."""


def framed(content: bytes) -> bytes:
    """A frame on the wire: its length, big-endian, before it. Raises ValueError."""
    if len(content) > FRAME_BYTES:
        raise ValueError(f"frame: expected at most {FRAME_BYTES} bytes, got {len(content)}")
    return len(content).to_bytes(LENGTH_BYTES, "big") + content


def read_serving(content: bytes) -> Serving:
    """What a state frame says. Raises ValueError."""
    said = read_said(content)
    if not isinstance(said, Serving):
        raise ValueError("expected state serving, a revision and a pack")
    return said


def _timed_row(row: Any) -> TimedRow:
    address, categories = row
    made = TimedRow(bytes.fromhex(address), tuple(categories))
    if len(made.address) not in (4, 16) or len(made.categories) > TIMED_CATEGORIES:
        raise ValueError("expected an address")
    if not all(is_word(category) for category in made.categories):
        raise ValueError("expected categories")
    return made


def read_said(content: bytes) -> Serving | tuple[TimedRow, ...] | list[AskedRow]:
    """What a frame says: what the filter goes by, addresses of timed categories (a tuple), or what devices asked for.

    Raises ValueError.
    """
    try:
        said = json.loads(content)
        if said["v"] == 1 and said["state"] == "timed":
            return tuple(map(_timed_row, said["rows"][:TIMED_ROWS]))
        if said["v"] == 1 and said["state"] == "asked":
            return [asked_row(row) for row in said["rows"][:ASKED_ROWS]]
        revision, pack = said["revision"], said["pack"]
        is_serving = said["v"] == 1 and said["state"] == "serving"
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("expected an object with v, state, revision and pack") from error
    if not is_serving or type(revision) is not int or not isinstance(pack, str):
        raise ValueError("expected state serving, a revision and a pack")
    return Serving(revision, pack)


class FilterChannel:
    """Our end. watched: readable when `receive` has something, or when `send` can go on. timed: takes what is told of
    addresses, asked: what is told of names that were asked for."""

    def __init__(self, ours: socket.socket, watched: select.epoll, timed: TimedAddresses, asked: AskedInbox) -> None:
        self._socket, self._watched, self._timed, self._asked = ours, watched, timed, asked
        ours.setblocking(False)
        watched.register(ours.fileno(), select.EPOLLIN)
        self._unsent = memoryview(b"")
        self._received = bytearray()

    def close(self) -> None:
        """The sign to end for whoever is at the other end."""
        self._watched.unregister(self._socket.fileno())
        self._socket.close()

    def is_sending(self) -> bool:
        """True while a part of a frame is left."""
        return len(self._unsent) > 0

    def begin(self, frame: bytes) -> None:
        """This frame is next; the one before is sent."""
        assert not self._unsent
        self._unsent = memoryview(framed(frame))

    def send(self) -> None:
        """Send what can be sent now. Raises ChannelEnded."""
        try:
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            self._watched.modify(self._socket.fileno(), select.EPOLLIN | select.EPOLLOUT)
            return
        except OSError as error:
            raise ChannelEnded("ended") from error
        self._watched.modify(self._socket.fileno(), select.EPOLLIN)

    def receive(self) -> Serving | None:
        """The newest word that has come, None for none. Raises ChannelEnded."""
        newest = None
        with contextlib.suppress(BlockingIOError):
            while True:
                self._take()
                newest = self._understood() or newest
        return newest

    def _take(self) -> None:
        try:
            chunk = self._socket.recv(4096)
        except BlockingIOError:
            raise
        except OSError:
            chunk = b""
        if not chunk:
            raise ChannelEnded("ended")
        self._received += chunk

    def _understood(self) -> Serving | None:
        newest = None
        while len(self._received) >= LENGTH_BYTES:
            length = int.from_bytes(self._received[:LENGTH_BYTES], "big")
            if length > STATE_BYTES:
                raise ChannelEnded(f"said too much: {length} bytes")
            if len(self._received) < LENGTH_BYTES + length:
                break
            content = bytes(self._received[LENGTH_BYTES : LENGTH_BYTES + length])
            del self._received[: LENGTH_BYTES + length]
            try:
                said = read_said(content)
            except ValueError as error:
                raise ChannelEnded(f"is not understood: {error}") from error
            if isinstance(said, Serving):
                newest = said
            elif isinstance(said, list):
                self._asked.take(said)
            else:
                self._timed.take(said)
        return newest
