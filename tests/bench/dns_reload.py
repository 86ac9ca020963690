"""What a change of the pack costs those who ask meanwhile: queries lost, and the longest time without an answer.

It decides how a change is watched: the generator asks at a steady rate, a probe asks every two milliseconds for an
allowed name and for one that only the second pack lists. The same watch without a change says what the machine itself
lets wait.
"""

import operator
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from stairgate.agent.filter_channel import Serving
from stairgate.hub.pack_builder import Built
from tests.bench.dns_ask import NXDOMAIN, open_socket, question, receive
from tests.bench.dns_filter import OurFilter
from tests.bench.dns_list import CHILD
from tests.bench.dns_load import Broken, generator_words, result_of
from tests.bench.dns_peers import SERVER, Core, Resolver

ALLOWED_NAME, NEW_NAME = "serving.example", "new-in-the-list.example"
EVERY_SECONDS = 0.002
RATE = 5_000
SWAP_SECONDS = 1.0


class Watched(NamedTuple):
    """What the probe saw: questions asked and answered, the longest gap between two answers in milliseconds, and how
    long after the file was handed over the new name was refused."""

    asked: int
    answered: int
    worst_gap_ms: float
    in_force_ms: tuple[float, ...]


class Swapped(NamedTuple):
    """Changes under load, and as long without. lost: of the generator and of the probe together."""

    swaps: int
    lost: int
    answered: int
    worst_gap_ms: float
    quiet_gap_ms: float
    in_force_ms: tuple[float, ...]


class Probe:
    """Asks in turn for the allowed and the new name; ids from 1 on, the even ones for the new name."""

    def __init__(self, port: int) -> None:
        self._socket = open_socket(SERVER, port, CHILD.address)

    def close(self) -> None:
        """Free the socket."""
        self._socket.close()

    def watch(self, seconds: float, change: Callable[[], bool] | None = None) -> Watched:
        """Ask for so long. change: called every `SWAP_SECONDS`; true when the new name is listed from then on."""
        number, answered, worst = 0, 0, 0.0
        begun = last = due = time.monotonic()
        changes_at, changed_at = begun + SWAP_SECONDS, 0.0
        in_force: list[float] = []
        waiting: set[int] = set()
        while (now := time.monotonic()) < begun + seconds or (waiting and now < begun + seconds + 1):
            if change and changes_at <= now < begun + seconds:
                changed_at = now if change() else 0.0
                changes_at += SWAP_SECONDS
            if due <= now < begun + seconds:
                number += 1
                self._send(number)
                waiting.add(number & 0xFFFF)
                due = max(due + EVERY_SECONDS, now)
            select.select([self._socket], [], [], max(0.0, min(EVERY_SECONDS, due - time.monotonic())))
            while came := receive(self._socket):
                now = time.monotonic()
                if came[0] in waiting:
                    waiting.discard(came[0])
                    answered += 1
                    worst, last = max(worst, now - last), now
                    if came[1] == NXDOMAIN and changed_at:
                        in_force.append((now - changed_at) * 1000)
                        changed_at = 0.0
        return Watched(number, answered, worst * 1000, tuple(in_force))

    def _send(self, number: int) -> None:
        try:
            self._socket.send(question(number & 0xFFFF, NEW_NAME if number % 2 == 0 else ALLOWED_NAME))
        except (BlockingIOError, ConnectionRefusedError):
            return


def swap_under_load(
    core: Core,
    ours: OurFilter,
    resolver: Resolver,
    queries: Path,
    packs: tuple[tuple[Path, Built], tuple[Path, Built]],
    swaps: int,
) -> Swapped:
    """Change between two packs so often, once a second, under steady load; the second one lists the new name.

    Raises Broken when the filter does not say that it serves what it was given.
    """
    told: list[Serving] = []
    expected: list[Serving] = []

    def change() -> bool:
        path, built = packs[(len(expected) + 1) % 2]
        expected.append(Serving(ours.tell(path, built), built.sha256))
        return len(expected) % 2 == 1

    probe = Probe(resolver.ports[CHILD.name])
    seconds = (swaps + 1) * SWAP_SECONDS
    try:
        quiet, _ = _under_load(core, resolver, queries, seconds, lambda: probe.watch(seconds))
        seen, lost = _under_load(core, resolver, queries, seconds, lambda: probe.watch(seconds, change))
    finally:
        probe.close()
    while len(told) < len(expected):
        said = ours.said(5.0)
        if said is None:
            raise Broken(f"expected {len(expected)} words from the filter, got {len(told)}")
        told.append(said)
    # On a busy machine one change may overtake another; the overtaken one is answered with what held then.
    if told[-1] != expected[-1]:
        raise Broken(f"expected {expected[-1]}, got {told[-1]}")
    made = sum(map(operator.eq, told, expected))
    lost += seen.asked - seen.answered
    return Swapped(made, lost, seen.answered, seen.worst_gap_ms, quiet.worst_gap_ms, seen.in_force_ms)


def _under_load(
    core: Core, resolver: Resolver, queries: Path, seconds: float, watch: Callable[[], Watched]
) -> tuple[Watched, int]:
    """What was watched, and how many queries of the generator were lost."""
    words = generator_words(core, resolver.ports[CHILD.name], CHILD, queries, seconds, 1, RATE, False)
    load = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seen = watch()
    return seen, result_of(load.communicate()[0]).lost
