"""The channel from control: which policy, levels and list hold, and the word back when they do.

It decides whether a frame is taken: a policy that cannot be read changes nothing, a list that is not whole leaves the
one before in use. Frames are `length, JSON line, policy body`; the control side is `stairgate.agent.filter_process`.
The policy's signature was verified there. When the channel ends, so does the process.
"""

import json
import logging
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any, NamedTuple

from stairgate.agent.dns.decisions import Rules
from stairgate.agent.dns.devices import profiles
from stairgate.agent.dns.loop import READ, WRITE, Loop
from stairgate.agent.dns.service import Service
from stairgate.agent.dns.table import Table
from stairgate.agent.limits import CHANNEL_BYTES, TIMED_ROWS
from stairgate.agent.timed_news import TimedNews
from stairgate.core.fields import is_level, is_list_of, is_word
from stairgate.core.policy import Policy, read_policy
from stairgate.core.refused import Refused

log = logging.getLogger("stairgate.agent")
_LENGTH = 4


class Frame(NamedTuple):
    """Levels by device, path of the list ("" for none), policy, and timed categories without minutes by person."""

    levels: dict[str, str]
    pack: str
    policy: Policy
    spent: dict[str, list[str]]


def read_frame(frame: bytes) -> Frame:
    """What control says. Raises Refused."""
    line, newline, body = frame.partition(b"\n")
    try:
        head = json.loads(line)
        levels, pack, spent = head["levels"], head["pack"], head.get("spent", {})
        is_sound = (
            newline
            and head["v"] == 1
            and isinstance(levels, dict)
            and all(is_level(level) for level in levels.values())
            and isinstance(pack, str)
            and isinstance(spent, dict)
            and all(is_list_of(categories, is_word) for categories in spent.values())
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        is_sound = False
    if not is_sound:
        raise Refused("bad_frame", "expected a line with v, levels and pack, then a policy")
    return Frame(levels, pack, read_policy(body), spent)


class Channel:
    """The end of the channel that dns holds. news: of addresses of timed categories, told control within a second.

    Raises OSError.
    """

    def __init__(self, loop: Loop, service: Service, descriptor: int, news: TimedNews) -> None:
        self._loop, self._service, self._news = loop, service, news
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self._received, self._unsent = bytearray(), bytearray()
        self._table: Table | None = None
        self._opening: Table | None = None
        self._steps: Iterator[None] | None = None
        self._next: Frame | None = None
        self._revision = 0
        loop.add(self._socket, self._ready)
        loop.at_times(self._tick)

    def _ready(self, events: int) -> None:
        if events & WRITE:
            self._flush()
        if not events & ~WRITE:
            return
        try:
            chunk = self._socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            self._loop.stop()
            return
        self._received += chunk
        while len(self._received) >= _LENGTH:
            size = _LENGTH + int.from_bytes(self._received[:_LENGTH], "big")
            if size > _LENGTH + CHANNEL_BYTES:
                log.error("the channel: expected a frame of at most %d bytes, got %d", CHANNEL_BYTES, size)
                self._loop.stop()
                return
            if len(self._received) < size:
                return
            frame = bytes(self._received[_LENGTH:size])
            del self._received[:size]
            self._take(frame)

    def _take(self, frame: bytes) -> None:
        if self._next is not None:  # it is overtaken; each frame has its answer
            self._say()
        self._drop_opening()
        try:
            self._next = read_frame(frame)
        except Refused as refused:
            log.error("the filter goes on with what it had: %s", refused)
            self._next = None
            self._say()
            return
        path = self._next.pack
        if path and (self._table is None or self._table.path != path):
            try:
                self._opening = Table(path)
                self._steps = self._opening.checking()
                self._loop.hurry(self._tick)
                return
            except (Refused, OSError) as error:
                log.error("the list is not taken: %s", error)
        self._apply(self._table if path or self._next.policy.packs else None)

    def _tick(self, now: float) -> float:
        self._tell_addresses()
        self._tell_asked()
        if self._steps is None:
            return now + 1.0
        try:
            next(self._steps)
            return now
        except StopIteration:
            table, self._opening, self._steps = self._opening, None, None
            self._apply(table)
        except Refused as refused:
            log.error("the list is not taken: %s", refused)
            self._drop_opening()
            self._apply(self._table)
        return now + 1.0

    def _drop_opening(self) -> None:
        if self._opening is not None:
            self._opening.close()
        self._opening, self._steps = None, None

    def _apply(self, table: Table | None) -> None:
        assert self._next is not None
        levels, _, policy, spent = self._next
        self._next = None
        self._news.take(policy)
        old, self._table = self._table, table
        rules = Rules(frozenset(policy.everyone), table is not None or not policy.packs)
        page = tuple(ip_address(address).packed for address in policy.hub.addresses) if policy.hub else ()
        self._service.take(profiles(policy, levels, spent), rules, table, page)
        if old is not None and old is not table:
            old.close()
        self._revision = policy.revision
        self._say()

    def _say(self) -> None:
        said: dict[str, Any] = {
            "v": 1,
            "state": "serving",
            "revision": self._revision,
            "pack": self._table.sha256 if self._table else "",
        }
        self._send(said)

    def _tell_addresses(self) -> None:
        # One frame after the other is read: what control has not taken yet waits in `news`, which has a bound.
        while not self._unsent and (rows := self._news.waiting(TIMED_ROWS)):
            told = [[row.address.hex(), row.categories] for row in rows]
            self._send({"v": 1, "state": "timed", "rows": told})

    def _tell_asked(self) -> None:
        # Likewise.
        while not self._unsent and (rows := self._service.asked.waiting()):
            self._send({"v": 1, "state": "asked", "rows": rows})

    def _send(self, said: dict[str, Any]) -> None:
        content = json.dumps(said).encode()
        self._unsent += len(content).to_bytes(_LENGTH, "big") + content
        self._flush()

    def _flush(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:
            self._loop.stop()
            return
        self._loop.change(self._socket, READ | (WRITE if self._unsent else 0))
