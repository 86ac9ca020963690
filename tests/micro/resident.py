"""A toy with everything in memory at once, to find the smallest heap in which it still works.

It decides whether this heap was enough: the agent with a policy at the cap, the connection with the longest message
there is, the next policy verified while a gate is open, a batch of the ledger. The broker is a few lines here; bytes of
TLS live outside of MicroPython's heap on this machine. Prints `ok` at last; `tell`: and what the heap holds then.
`small_heap` starts it.
"""

import asyncio
import gc
import os
import sys
import time

from stairgate.micro import link
from stairgate.micro import sync as sync_module
from stairgate.micro.agent import Agent
from stairgate.micro.enrol import Enrol
from stairgate.micro.mqtt import Session, text
from stairgate.micro.platform_unix import UnixPlatform
from stairgate.micro.sync import Sync

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # noqa: TID251

FOLDER = sys.argv[1]
SECONDS = 60  # for each thing that is waited for: with a heap that is too small it may never come


def read(name: str) -> bytes:
    """A file of the folder."""
    with open(FOLDER + "/" + name, "rb") as file:
        return file.read()


class Microphone:
    """A sensor with a buffer of its own, as drivers have."""

    def __init__(self) -> None:
        self._samples = bytearray(1024)

    def read(self, count: int) -> bytes:
        """Silence."""
        return bytes(self._samples[:count])

    def deinit(self) -> None:
        """The end."""


class Broker:
    """Answers what a broker answers, and says what the test wants to say."""

    def __init__(self) -> None:
        self.out: "list[Any]" = []
        self.heard: "list[str]" = []

    def write(self, data: bytes) -> int:
        """One whole packet comes: the link writes packet by packet."""
        kind, at = data[0], 1
        while data[at] & 128:
            at += 1
        at += 1
        if kind & 0xF0 == 0x10:
            self.out.append(b"\x20\x02\x00\x00")
        elif kind & 0xF0 == 0x80:
            self.out.append(b"\x90\x03" + data[at : at + 2] + b"\x01")
        elif kind & 0xF0 == 0x30:
            end = at + 2 + (data[at] << 8 | data[at + 1])
            self.heard.append(str(data[at + 2 : end], "ascii").rsplit("/", 1)[1])
            if b'"failed"' in data:
                self.heard.append("failed")
            if kind & 6:
                self.out.append(b"\x40\x02" + data[end : end + 2])
        return len(data)

    def say(self, topic: str, name: str) -> None:
        """A message with the content of a file, with quality 1 as the hub's. Never whole in memory: it is not ours."""
        path = FOLDER + "/" + name
        head = text(topic.encode()) + b"\x00\x01"
        length = len(head) + os.stat(path)[6]
        self.out.append(bytes((0x32, length & 127 | 128, length >> 7)) + head)
        self.out.append(open(path, "rb"))  # noqa: SIM115

    def read(self, count: int) -> "bytes | None":
        """What is there, as a socket gives it: None when nothing is."""
        if not self.out:
            return None
        if isinstance(self.out[0], bytes):
            head: bytes = self.out.pop(0)
            return head
        data: bytes = self.out[0].read(count)
        if len(data) < count:
            self.out.pop(0).close()
        return data or self.read(count)

    def close(self) -> None:
        """The end."""


async def opened(
    host: str, port: int, trust: object, client: str, subscription: str, ticks: "Any", wait: int = 15_000
) -> link.Link:
    """In place of TCP and TLS."""
    return link.Link(BROKER, Session(client, subscription, ticks(), wait), ticks)


BROKER = Broker()
CHANGED: "Any" = sync_module
CHANGED.opened = opened
CHANGED.context = lambda authority, certificate, key: None


def failed(loop: object, found: "dict[str, Any]") -> None:
    """A task has ended by an error: too little memory."""
    sys.print_exception(found["exception"])  # type: ignore[attr-defined]  # only MicroPython has it
    sys.exit(1)


async def until(what: str, probe: "Any", sync: Sync) -> None:
    """Give turns to the others until it is so. Raises ValueError when it does not come."""
    end = time.time() + SECONDS
    while not probe():
        if time.time() > end or sync.state == "no_memory" or "failed" in BROKER.heard:
            raise ValueError(what)
        await asyncio.sleep(0.01)


async def life() -> None:
    """Everything at once: also the code that is imported when it is needed, and stays."""
    for name in str(read("modules"), "ascii").split():
        __import__(name)
    board = UnixPlatform(FOLDER + "/flash", read("maker"), {"mic": Microphone}, lambda sensor, on: None)
    declaration = read("declaration")
    agent = Agent(declaration, board)
    sync = Sync(agent, declaration)
    enrol = Enrol(agent, sync.identity)
    asyncio.get_event_loop().set_exception_handler(failed)
    for task in (agent.run(), sync.run(), enrol.run()):
        asyncio.create_task(task)
    await until("hello", lambda: "hello" in BROKER.heard, sync)
    policy = agent.policy_file
    BROKER.say(sync.identity.topic("down", "policy"), "policy-1")
    await until("the first policy", lambda: policy.policy is not None and policy.is_saved, sync)
    with agent.gates.open("microphone", "answers") as microphone:
        BROKER.say(sync.identity.topic("down", "usage"), "usage")
        BROKER.say(sync.identity.topic("down", "policy"), "policy-2")
        agent.ledger.note("answers", len(microphone.read(512)), "talk.honey.example")
        await until("the second policy", lambda: policy.policy is not None and policy.policy.revision == 2, sync)
        microphone.read(512)
    agent.kept.keep("diary", bytes(64))
    await until("the ledger", lambda: "ledger" in BROKER.heard, sync)
    del declaration
    if "tell" in sys.argv:
        gc.collect()
        print("used", gc.mem_alloc())  # type: ignore[attr-defined]  # only MicroPython has it
    print("ok")


asyncio.run(life())
