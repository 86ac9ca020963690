"""A toy as a program of its own, for real `micropython`: the bear with its agent, its connection and its pairing.

It decides nothing: it tells what happens as JSON lines and does what lines on its input say. Everything it needs is in
the folder that it is given: `declaration`, `maker` (a point) and `label` (the sticker's secret).

    micropython tests/broker/toy_program.py FOLDER HUB PORT [lost] [late]

lost: the board does not know the time; late: every answer to a hello comes too late.
"""

import asyncio
import json
import select
import sys
import time

from stairgate.core.refused import Refused
from stairgate.micro import limits
from stairgate.micro.agent import Agent
from stairgate.micro.enrol import Enrol
from stairgate.micro.platform_unix import UnixPlatform
from stairgate.micro.sync import Sync

# Nobody wants to wait for a home network that is as good as none.
limits.RETRY_MS = (40, 400)
limits.LEDGER_SECONDS = 1
if "late" in sys.argv:
    limits.TIME_ANSWER_MS = -1  # nobody answers as quickly
LOOK_SECONDS = 0.01
STEP_MS = 40  # a hundred times what it takes here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator


def tell(event: str, **more: object) -> None:
    """One line of what happened."""
    more["event"] = event
    print(json.dumps(more))


def read(name: str) -> bytes:
    """A file of the folder."""
    with open(sys.argv[1] + "/" + name, "rb") as file:
        return file.read()


class Microphone:
    """A driver that hears nothing."""

    def deinit(self) -> None:
        """The end."""


class Board(UnixPlatform):
    """A machine whose clock can be lost and which has a sticker.

    told: seconds that somebody wanted to set its clock to, and whether they were sure.
    """

    has_time = True
    told: "list[list[object]]" = []

    def now(self) -> "int | None":
        return super().now() if self.has_time else None

    def set_now(self, utc: int, is_sure: bool) -> None:
        self.told.append([utc, is_sure])

    def label_secret(self) -> "bytes | None":
        return read("label")


class Toy:
    """What the lines on the input are about."""

    def __init__(self) -> None:
        self.board = Board(sys.argv[1] + "/flash", read("maker"), {"mic": Microphone, "eye": Microphone}, self.sign)
        self.board.has_time = "lost" not in sys.argv
        declaration = read("declaration")
        self.agent = Agent(declaration, self.board)
        self.sync = Sync(self.agent, declaration)
        self.enrol = Enrol(self.agent, self.sync.identity, (sys.argv[2],), int(sys.argv[3]), "Bruno")
        self.opening: object = None

    def sign(self, sensor: str, on: bool) -> None:
        """The light of a sensor."""
        tell("sign", sensor=sensor, on=on, ticks=self.board.ticks())

    def slow(self) -> None:
        """From now on each step of a verification takes as long as on a small board."""
        steps = self.sync.steps

        def slow_steps(kind: str, data: bytes) -> "Generator[None, None, None]":
            for _ in steps(kind, data):
                time.sleep_ms(STEP_MS)  # type: ignore[attr-defined]
                yield

        self.sync.steps = slow_steps  # type: ignore[method-assign]

    def act(self, words: "list[str]") -> None:
        """What a line says."""
        agent = self.agent
        if words[0] == "pair":
            self.enrol.ask()
        elif words[0] == "open":
            try:
                self.opening = agent.gates.open(words[1], words[2])
                self.opening.__enter__()
                tell("opened")
            except Refused as refused:
                tell("closed", reason=refused.reason)
        elif words[0] == "slow":
            self.slow()
        elif words[0] == "note":
            agent.ledger.note(words[1], int(words[2]))
        elif words[0] == "state":
            held, identity = agent.policy_file, self.sync.identity
            tell(
                "state",
                sync=self.sync.state,
                enrol=self.enrol.state,
                home=identity.home,
                agent=identity.agent,
                trust=identity.trust,
                revision=held.policy.revision if held.policy else 0,
                trouble=agent.trouble(),
                trusted=agent.clock.trusted,
                clock=self.board.told,
                last=agent.ledger.last,
                acknowledged=agent.ledger.acknowledged,
                open=sorted(agent.gates.held()),
                files=agent.storage.names(),
            )

    async def listen(self) -> None:
        """Do what the input says, until it ends."""
        poll = select.poll()
        poll.register(sys.stdin, select.POLLIN)
        while True:
            if poll.poll(0):
                line = sys.stdin.readline()
                if not line.strip():
                    return
                self.act(line.split())
            await asyncio.sleep(LOOK_SECONDS)

    async def watch(self) -> None:
        """Tell each change of the states."""
        said = ("", "")
        while True:
            now = (self.sync.state, self.enrol.state)
            if now != said:
                said = now
                tell("now", sync=now[0], enrol=now[1])
            await asyncio.sleep(LOOK_SECONDS)


async def main() -> None:
    """Until the input ends."""
    toy = Toy()
    tell("ready")
    for task in (toy.agent.run(), toy.sync.run(), toy.enrol.run(), toy.watch()):
        asyncio.create_task(task)
    await toy.listen()


asyncio.run(main())
