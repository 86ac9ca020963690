"""A whole router in memory: the agent's loop over a fake kernel and a fake broker, and a folder that outlives both."""

import shutil
from pathlib import Path

from stairgate.agent.broker_link_fake import FakeLink
from stairgate.agent.certificates import Certificates
from stairgate.agent.clock_trust_fake import FakeEvidence
from stairgate.agent.control import Control
from stairgate.agent.enforcement import Enforcement
from stairgate.agent.filter_feed import FilterFeed
from stairgate.agent.filter_process_fake import FakeFilter
from stairgate.agent.gate import GRANTED, GateSettings
from stairgate.agent.grants import mac_key
from stairgate.agent.kernel_fake import FakeKernel
from stairgate.agent.lookout_fake import FakeLookout
from stairgate.agent.pack_fetch_fake import FakePacks
from stairgate.agent.state import State
from stairgate.core.messages import Events, Hello, Usage, read_events, read_hello, read_usage
from stairgate.core.records import Policy
from tests.lab import network
from tests.lab.policies import family_policy, pause
from tests.unit.agent.rig import NOON, HandClock, identity, polled

PHONE, CONSOLE, LAPTOP, TABLET = (
    mac_key(each.mac) for each in (network.PHONE, network.CONSOLE, network.LAPTOP, network.TABLET)
)
EVERYBODY, BENS = {PHONE, CONSOLE, LAPTOP}, {LAPTOP}
AT = int(NOON)


class Router:
    """A router: a kernel that outlives the agent, a folder, and an agent that can be started again."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.evidence = FakeEvidence()
        self.kernel = FakeKernel(self.clock)
        self.folder = folder
        self.memory = folder.with_name(folder.name + ".memory")
        self.links: list[FakeLink] = []
        self.certificates: Certificates | None = None
        self.filter: FakeFilter | None = None
        self.packs: FakePacks | None = None
        self.restart()

    def filtered(self) -> "Router":
        """From now on with a filter."""
        self.filter, self.packs = FakeFilter(), FakePacks()
        self.restart()
        return self

    def restart(self) -> None:
        """A new process on the same machine."""
        self.link = FakeLink()
        self.lookout = FakeLookout()
        self.links.append(self.link)
        self.state = State(str(self.folder))
        self.control = Control(
            identity(),
            self.kernel,
            Enforcement(self.kernel, GateSettings(), ("br-lan",), self.clock),
            self.state,
            self.link,
            self.clock,
            self.lookout,
            self.certificates,
            self.evidence,
            feed=FilterFeed(self.filter, self.packs) if self.filter and self.packs else None,
            run=State(str(self.memory)),
        )
        self.control.start()

    def reboot(self, off_seconds: float = 0.0) -> None:
        """The machine was off for a while: the kernel has forgotten everything; a battery's clock went on."""
        self.kernel.flush_ruleset()
        shutil.rmtree(self.memory, ignore_errors=True)
        self.evidence.boots += 1
        self.clock.start_of_machine(off_seconds if self.evidence.has_battery else 0.0)
        self.restart()

    def receive(self, *documents: bytes) -> None:
        """Policies arrive together."""
        for document in documents:
            self.link.deliver("policy", document)
        self.control.turn()

    def wait(self, seconds: float) -> None:
        """Time passes and the loop turns."""
        polled(self.control.turn, self.clock, seconds)

    def open_now(self) -> set[bytes]:
        """Who has a grant."""
        return set(self.kernel.elements(GRANTED)) if self.kernel.loaded else set()

    def hello(self) -> Hello:
        """What the agent says to a broker that has just come."""
        self.link.connect()
        self.control.turn()
        return self.hellos()[-1]

    def hellos(self) -> list[Hello]:
        """Every hello of this process."""
        return [read_hello(one.payload) for one in self.link.published if one.kind == "hello"]

    def usages(self) -> list[Usage]:
        """Every usage of this process."""
        return [read_usage(one.payload) for one in self.link.published if one.kind == "usage"]

    def events(self) -> list[Events]:
        """Everything this process has told about who is there."""
        return [read_events(one.payload) for one in self.link.published if one.kind == "events"]


def paused(revision: int) -> Policy:
    """Mia's devices paused for an hour."""
    return family_policy(revision, overrides=[pause("pmia", AT - 60, AT + 3600)])
