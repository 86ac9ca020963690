"""A talking bear: all that its maker writes for gates, ledger, bedtime and erasing. On a board two lines change.

micropython bear.py SIGNED_DECLARATION MAKERS_POINT FOLDER
"""

import asyncio
import sys
from binascii import unhexlify

from stairgate.core.refused import Refused
from stairgate.micro.agent import Agent
from stairgate.micro.platform_unix import UnixPlatform


class Microphone:
    """Stands for the driver, e.g. of `machine.I2S`: made only while the gate is open, and ended when it closes."""

    def record(self) -> bytes:
        return b"\x00" * 8000

    def deinit(self) -> None:
        pass


async def listen(agent: Agent) -> None:
    """Hear the child and answer, if a parent has opened the microphone."""
    try:
        async with agent.gates.open("microphone", "answers") as microphone:
            voice = microphone.record()
            agent.ledger.note("answers", len(voice))
            print("answers %d bytes" % len(voice))
    except Refused as refused:
        print("deaf " + refused.reason)


async def play(agent: Agent) -> None:
    """Play until bedtime, and again in the morning."""
    while True:
        try:
            async with agent.gates.open("play"):
                while "play" in agent.gates.held():
                    await listen(agent)
                    await asyncio.sleep(1)
        except Refused as refused:
            print("sleeps " + refused.reason)
        await asyncio.sleep(1)


async def main(declaration: bytes, maker: bytes, folder: str) -> None:
    """The whole bear."""
    board = UnixPlatform(
        folder, maker, {"mic": Microphone}, lambda sensor, on: print("light on" if on else "light off")
    )
    agent = Agent(declaration, board)
    await asyncio.gather(agent.run(), play(agent))


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        asyncio.run(main(file.read(), unhexlify(sys.argv[2]), sys.argv[3]))
