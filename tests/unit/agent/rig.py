"""What the agent's tests start from: a clock that a test moves, a signing key, an identity and signed policies."""

import functools
from collections.abc import Callable

from stairgate.agent.sync import Identity
from stairgate.core.policy import write_policy
from stairgate.core.records import Policy
from stairgate.port.clock import SystemClock
from stairgate.provisioning.signing import SigningKey
from tests.lab.policies import AGENT_ID, HOME_ID, family_policy

NOON = 1_767_268_800.0  # Thursday 2026-01-01 12:00 UTC


class HandClock(SystemClock):
    """Both clocks stand until a test moves them; `step` moves only the wall's."""

    def __init__(self) -> None:
        self._wall, self._monotonic = NOON, 1000.0

    def wall(self) -> float:
        """UTC seconds."""
        return self._wall

    def monotonic(self) -> float:
        """Seconds that never step."""
        return self._monotonic

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self._wall += seconds
        self._monotonic += seconds

    def step(self, seconds: float) -> None:
        """Set the wall clock on or back."""
        self._wall += seconds

    def start_of_machine(self, wall_seconds: float) -> None:
        """The monotonic clock begins again; the wall's went on by this much while the machine was off."""
        self._wall += wall_seconds
        self._monotonic = 20.0


@functools.cache
def signing_key(name: str = "home") -> SigningKey:
    """One key for each name."""
    return SigningKey.create()


def identity() -> Identity:
    """The agent of `tests.lab.policies`, which believes the home's key."""
    key = signing_key()
    return Identity(HOME_ID, AGENT_ID, "000", {key.key_id: key.point})


def signed(policy: Policy | None = None, key: SigningKey | None = None) -> bytes:
    """A policy as the hub sends it."""
    return (key or signing_key()).sign("policy", write_policy(policy or family_policy()))


def polled(turn: Callable[[], None], clock: HandClock, seconds: float, step: float = 0.25) -> None:
    """Let a loop turn while time passes."""
    for _ in range(round(seconds / step)):
        clock.move(step)
        turn()
