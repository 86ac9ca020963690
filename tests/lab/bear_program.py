"""The talking bear in the lab: the example's code on the real MicroPython, with its connection to the hub.

It decides nothing: what it hears it sends to its maker, as declared, and now and then something in it asks for a place
that its maker did not declare. Everything it needs is in the folder that it is given: `declaration`, `maker` (a point),
`label` (the sticker's secret), and `clock`, by which the lab moves the time. What it does is told on its output.

    micropython tests/lab/bear_program.py FOLDER CLOCK HUB PORT
"""

import asyncio
import gc
import struct
import sys
import time

# As docs/toy-makers.md tells makers to; before the imports.
gc.threshold(16384)  # type: ignore[attr-defined]  # only MicroPython has it

from stairgate.core.refused import Refused  # noqa: E402
from stairgate.micro.agent import Agent  # noqa: E402
from stairgate.micro.enrol import Enrol  # noqa: E402
from stairgate.micro.examples import bear  # noqa: E402
from stairgate.micro.link import connected  # noqa: E402
from stairgate.micro.platform import Platform  # noqa: E402
from stairgate.micro.platform_unix import UnixPlatform  # noqa: E402
from stairgate.micro.sync import Sync  # noqa: E402

FOLDER, CLOCK, HUB, PORT = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
MAKER_HOST, MAKER_PORT = "talk.honey.example", 443
UNDECLARED_HOST = "metrics.example.net"
UNDECLARED_SECONDS = 2
TALK_SECONDS = 3


def read(name: str) -> bytes:
    """A file of the folder."""
    with open(FOLDER + "/" + name, "rb") as file:
        return file.read()


def tell(text: str) -> None:
    """A line for whoever watches."""
    print("bear: " + text)


def ahead() -> float:
    """Seconds by which the lab has moved the time."""
    with open(CLOCK, "rb") as file:
        seconds: float = struct.unpack("d", file.read(8))[0]
    return seconds


class Board(UnixPlatform):
    """A machine with a sticker, whose clocks the lab moves: both, as a toy goes by the one that never steps."""

    def now(self) -> "int | None":
        return int(time.time() + ahead())

    def ticks(self) -> int:
        return super().ticks() + int(ahead() * 1000)

    def label_secret(self) -> "bytes | None":
        return read("label")


async def send(board: Platform, host: str, port: int, data: bytes) -> bool:
    """Whether the bytes went out."""
    try:
        line = await connected(host, port, board.ticks)
    except OSError:
        return False
    sent = 0
    try:
        while sent < len(data):
            sent += line.write(data[sent:]) or 0
            await asyncio.sleep(0.01)
    except OSError:
        return False
    finally:
        line.close()
    return True


async def listen(agent: Agent) -> None:
    """In place of the example's: what is heard goes to the maker, and the ledger knows it first."""
    try:
        async with agent.gates.open("microphone", "answers") as microphone:
            voice = microphone.record()
            agent.ledger.note("answers", len(voice))
            agent.ledger.note("answers", len(voice), MAKER_HOST)
            is_out = await send(agent.platform, MAKER_HOST, MAKER_PORT, voice)
            tell(f"sent {len(voice)} bytes" if is_out else "cannot send")
            await asyncio.sleep(TALK_SECONDS)
    except Refused as refused:
        tell("deaf " + refused.reason)


async def stray(board: Platform) -> None:
    """A library in the bear that its maker did not look into."""
    while True:
        is_out = await send(board, UNDECLARED_HOST, 443, b"a child is playing")
        tell("undeclared " + ("sent" if is_out else "refused"))
        await asyncio.sleep(UNDECLARED_SECONDS)


async def watch(sync: Sync, enrol: Enrol) -> None:
    """Tell each change of the states."""
    said = ("", "")
    while True:
        if (sync.state, enrol.state) != said:
            said = (sync.state, enrol.state)
            tell(f"sync {said[0]}, pairing {said[1]}")
        await asyncio.sleep(0.1)


def shown(sensor: str, on: bool) -> None:
    """The light of a sensor."""
    switched = "on" if on else "off"
    tell(f"light of {sensor} {switched}")


def changed(gate: str, level: str, reason: str) -> None:
    """A gate was opened or closed."""
    tell(f"{gate} {level} {reason}")


async def main() -> None:
    """The whole bear."""
    board = Board(FOLDER + "/flash", read("maker"), {"mic": bear.Microphone}, shown)
    declaration = read("declaration")
    agent = Agent(declaration, board)
    agent.gates.on_change = changed
    bear.listen = listen
    sync = Sync(agent, declaration)
    enrol = Enrol(agent, sync.identity, (HUB,), PORT, "Bruno the bear")
    await asyncio.gather(agent.run(), sync.run(), enrol.run(), bear.play(agent), stray(board), watch(sync, enrol))


asyncio.run(main())
