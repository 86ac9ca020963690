"""The agent's loop over a real kernel, in the test's own process and with the test in the broker's place.

It decides nothing; make it inside the router's namespace.
"""

from collections.abc import Callable
from pathlib import Path

from stairgate.agent.broker_link_fake import FakeLink
from stairgate.agent.clock_trust_fake import FakeEvidence
from stairgate.agent.control import Control
from stairgate.agent.enforcement import Enforcement
from stairgate.agent.filter_feed import FilterFeed
from stairgate.agent.gate import GateSettings, SetName
from stairgate.agent.kernel import LinuxKernel
from stairgate.agent.state import State
from stairgate.core.messages import Hello, read_hello
from stairgate.core.records import Policy
from stairgate.port.clock import SystemClock
from tests.lab.policies import family_policy, pause
from tests.lab.processes import wait_until
from tests.unit.agent.rig import identity, signed

SETTINGS = GateSettings()


class Agent:
    """The agent's loop over the router's real kernel, with this test in the broker's place; feed: with a filter."""

    def __init__(self, folder: Path, feed: FilterFeed | None = None) -> None:
        clock, self.link = SystemClock(), FakeLink()
        self.kernel = LinuxKernel(SETTINGS)
        enforcement = Enforcement(self.kernel, SETTINGS, ("br-lan",), clock)
        evidence = FakeEvidence()
        self.control = Control(
            identity(), self.kernel, enforcement, State(str(folder)), self.link, clock, None, None, evidence, feed=feed
        )
        self.control.start()

    def receive(self, policy: Policy) -> Hello:
        """A policy comes; the hello that answers it."""
        self.link.deliver("policy", signed(policy))
        self.control.turn()
        return self.hello()

    def hello(self) -> Hello:
        """The newest hello."""
        return [read_hello(one.payload) for one in self.link.published if one.kind == "hello"][-1]

    def turn_until(self, what: str, done: Callable[[], bool]) -> None:
        """Let the loop turn until something is so."""

        def turned() -> bool:
            self.control.turn()
            return done()

        wait_until(what, turned, seconds=20)

    def elements(self, name: SetName) -> set[bytes]:
        return set(self.kernel.elements(name))

    def close(self) -> None:
        self.kernel.close()
        self.link.close()


def paused(revision: int) -> Policy:
    """Mia's devices are paused for an hour."""
    now = int(SystemClock().wall())
    return family_policy(revision, overrides=[pause("pmia", now - 60, now + 3600)])
