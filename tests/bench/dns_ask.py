"""Questions put by the DNS comparison itself: few enough for Python, many enough to compare resolvers by.

It decides how a question is written and which part of an answer counts, its response code. How fast a resolver is
is asked by `dns_load`.
"""

import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable

TYPES = {"A": 1, "AAAA": 28, "HTTPS": 65}
NXDOMAIN = 3
NO_ANSWER = -1
WINDOW = 64
TIMEOUT_SECONDS = 2.0
TRIES = 3
PROBE_NAME = "serving.example"


def question(number: int, name: str, kind: str = "A") -> bytes:
    """A query with recursion desired and this id (RFC 1035, 4.1)."""
    header = struct.pack(">6H", number, 0x0100, 1, 0, 0, 0)
    labels = b"".join(bytes([len(label)]) + label for label in name.encode("ascii").split(b"."))
    return header + labels + b"\0" + struct.pack(">2H", TYPES[kind], 1)


def open_socket(server: str, port: int, source: str) -> socket.socket:
    """A UDP socket from one client's address to one resolver; never waits."""
    ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ours.bind((source, 0))
    ours.connect((server, port))
    ours.setblocking(False)
    return ours


def receive(ours: socket.socket) -> tuple[int, int] | None:
    """Id and response code of the next answer; None when none is there. A refusal by the kernel is no answer."""
    try:
        answer = ours.recv(4096)
    except (BlockingIOError, ConnectionRefusedError):
        return None
    return (answer[0] << 8 | answer[1], answer[3] & 15) if len(answer) >= 12 else None


def is_serving(server: str, port: int, source: str) -> bool:
    """Whether one question is answered without an error within a tenth of a second."""
    with open_socket(server, port, source) as ours, selectors.DefaultSelector() as selector:
        selector.register(ours, selectors.EVENT_READ)
        try:
            ours.send(question(1, PROBE_NAME))
        except ConnectionRefusedError:
            return False
        return bool(selector.select(0.1)) and receive(ours) == (1, 0)


def ask_all(server: str, port: int, source: str, names: Iterable[str]) -> dict[str, int]:
    """The response code for each name's A record, NO_ANSWER after three tries; at most `WINDOW` wait at a time."""
    todo = deque((name, TRIES) for name in names)
    codes: dict[str, int] = {}
    waiting: dict[int, tuple[str, int, float]] = {}
    number = 0
    with open_socket(server, port, source) as ours, selectors.DefaultSelector() as selector:
        selector.register(ours, selectors.EVENT_READ)
        while todo or waiting:
            while todo and len(waiting) < WINDOW:
                name, tries = todo.popleft()
                number = (number + 1) & 0xFFFF
                ours.send(question(number, name))
                waiting[number] = (name, tries - 1, time.monotonic() + TIMEOUT_SECONDS)
            selector.select(0.05)
            while came := receive(ours):
                known = waiting.pop(came[0], None)
                if known:
                    codes[known[0]] = came[1]
            now = time.monotonic()
            for late in [which for which, (_, _, until) in waiting.items() if until < now]:
                name, tries, _ = waiting.pop(late)
                if tries:
                    todo.append((name, tries))
                else:
                    codes[name] = NO_ANSWER
    return codes
