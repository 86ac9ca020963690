"""Joining a home: a grown-up holds the gesture, and for ten minutes the toy asks the hub whether it knows the sticker.

It decides when the toy asks, that each pairing has a new key made here, and that whoever takes the toy over gets an
empty one: another home than the one held erases everything first. What is said and proved is `core.pairing`'s part,
whether the sticker's code was entered the hub's. What only a pairing needs, 20 KB of heap, is let go of afterwards.
docs/adr/0015 says why it is like this.
"""

import asyncio
import gc
import sys
from binascii import hexlify

from stairgate.core import limits as core_limits
from stairgate.core.refused import Refused
from stairgate.micro.limits import PAIR_PAUSE_MS, PAIR_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from stairgate.micro.agent import Agent
    from stairgate.micro.identity import Identity

HUB = ("stairgate.home.arpa",)
PORT = 8080
# What each answer of the hub means, for a light or a sound; everything else but 200 is `strange`.
STATES = {403: "another_code", 404: "not_expected", 429: "asked_too_often", 503: "not_written"}
# Another toy's code is open there: each try costs that toy one of its five.
PATIENCE = {403: 10}


class Enrol:
    """One pairing at a time. state: `off`, `asking`, one of `STATES`, `silent`, `no_secret`, `failed` or `paired`."""

    def __init__(
        self, agent: "Agent", identity: "Identity", hosts: "Sequence[str]" = HUB, port: int = PORT, label: str = ""
    ) -> None:
        """hosts: where the hub may be, tried in turn. label: what parents see first; the model when it is empty."""
        self.agent = agent
        self.identity = identity
        self.hosts = hosts
        self.port = port
        toy = agent.declaration.toy
        self.label = label or (toy.model if toy else "toy")
        self.state = "off"
        self._is_asked = False
        agent.on_pair = self.ask

    def ask(self) -> None:
        """The gesture was made: begin, or begin the ten minutes anew."""
        self._is_asked = True

    async def run(self) -> None:
        """Pair whenever the gesture is made, beside the agent's own task."""
        while True:
            if self._is_asked:
                self._is_asked = False
                before = list(sys.modules)
                await self.pair()
                unload(before)
            await asyncio.sleep(0.2)

    async def pair(self) -> bool:
        """Ask until the hub knows this toy, for ten minutes; True when the toy belongs to a home then."""
        agent, secret = self.agent, self.agent.platform.label_secret()
        if secret is None or len(secret) != 16:
            self.state = "no_secret"
            return False
        from stairgate.core.pairing import PairRequest, read_answer, write_request

        self.state = "asking"
        number, point = await self._new_key()
        nonce = str(hexlify(agent.platform.random(16)), "ascii")
        # The same request each time: an answer that got lost is given again.
        request = write_request(secret, PairRequest(point, nonce, "toy", self.label))
        until = agent.platform.ticks() + PAIR_SECONDS * 1000
        turn = 0
        while agent.platform.ticks() < until and not self._is_asked:
            status, data = await self._answer(self.hosts[turn % len(self.hosts)], request)
            turn += 1
            if status == 200:
                try:
                    answer = read_answer(secret, request, data)
                    await self._join(answer.home, data[data.find(b"\n") + 1 :], number, point)
                    self.state = "paired"
                    return True
                except (Refused, OSError):
                    self.state = "failed"
            await asyncio.sleep(PAIR_PAUSE_MS * PATIENCE.get(status, 1) / 1000)
        if self.state != "failed":
            self.state = "off"
        return False

    async def _new_key(self) -> "tuple[int, bytes]":
        """A private number and its point, which takes a second or two on a board: gates close meanwhile."""
        from stairgate.core.p256 import N, ladder_steps

        number = 0
        while not 0 < number < N:
            number = int.from_bytes(self.agent.platform.random(32), "big")
        steps = ladder_steps(number)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                x, y = end.value
                return number, b"\x04" + int(x).to_bytes(32, "big") + int(y).to_bytes(32, "big")
            await asyncio.sleep(0)

    async def _answer(self, host: str, request: bytes) -> "tuple[int, bytes]":
        from stairgate.micro.http import post

        try:
            status, data = await post(
                host, self.port, "pair", request, core_limits.PAIR_ANSWER_BYTES, self.agent.platform.ticks
            )
        except OSError:
            status, data = 0, b""
        if status != 200:
            self.state = STATES.get(status, "strange") if status else "silent"
        return status, data

    async def _join(self, home: str, body: bytes, number: int, point: bytes) -> None:
        """Belong to this home. What another family left on the toy goes first."""
        from stairgate.micro import erase

        agent = self.agent
        if home != self.identity.home:
            steps = erase.erase_steps(agent, erase.HANDOVER)
            while True:
                try:
                    next(steps)
                except StopIteration:
                    break
                await asyncio.sleep(0)
        agent.key.replace(number, point)
        self.identity.keep(body)


def unload(before: "list[str]") -> None:
    """Let go of our modules that were not loaded before; who needs one again loads it again."""
    for name in [name for name in sys.modules if name.startswith("stairgate.") and name not in before]:
        del sys.modules[name]
        package, _, own = name.rpartition(".")
        if hasattr(sys.modules.get(package), own):
            delattr(sys.modules[package], own)
    gc.collect()
