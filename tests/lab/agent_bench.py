"""How long the agent takes from a received policy to the finished read-back, with 100 devices.

It runs the product's own control loop in a namespace of its own and alternates between everybody open and everybody
paused, so that every element changes each time. It measures; nothing is asserted.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from stairgate.agent.broker_link import Arrival
from stairgate.agent.control import Control
from stairgate.agent.enforcement import Enforcement, Outcome, Used
from stairgate.agent.gate import GateSettings
from stairgate.agent.kernel import LinuxKernel
from stairgate.agent.spending import Spending
from stairgate.agent.state import State
from stairgate.agent.sync import Identity
from stairgate.core.policy import write_policy
from stairgate.core.records import Device, Policy, Week
from stairgate.port.clock import SystemClock
from stairgate.provisioning.signing import SigningKey
from tests.lab import network
from tests.lab.policies import AGENT_ID, HOME_ID, family_policy, pause

DEVICES, ROUNDS, WARM_UP = 100, 60, 10


class TimedEnforcement(Enforcement):
    """Notes when each look was done: its elements are read back by then."""

    done = 0.0

    def enforce(
        self, policy: Policy, used: Used, everything: bool = True, spending: Mapping[str, Spending] | None = None
    ) -> Outcome:
        """See Enforcement."""
        outcome = super().enforce(policy, used, everything, spending)
        self.done = time.perf_counter()
        return outcome


class InboxLink:
    """A link whose other end is this process."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._inbox: list[Arrival] = []
        self.sent: list[tuple[str, bytes]] = []

    def fileno(self) -> int:
        """See Link."""
        return self._read

    def put(self, document: bytes) -> None:
        """A policy arrives."""
        self._inbox.append(Arrival("policy", document))
        os.write(self._write, b"!")

    def arrivals(self) -> list[Arrival]:
        """See Link."""
        if self._inbox:
            os.read(self._read, 64)
        taken, self._inbox = self._inbox, []
        return taken

    def publish(self, kind: str, payload: bytes, qos: int) -> None:
        """See Link."""
        self.sent.append((kind, payload))

    def use_certificate(self, file: Path) -> None:
        """See Link."""

    def close(self) -> None:
        """Free the descriptors."""
        os.close(self._read)
        os.close(self._write)


def documents(key: SigningKey) -> list[bytes]:
    """Signed policies for 100 devices of two children, open and paused in turn."""
    now = int(time.time())
    signed = []
    for revision in range(1, ROUNDS + 1):
        paused = [pause("pben", now - 60, now + 3600), pause("pmia", now - 60, now + 3600)] if revision % 2 == 0 else []
        # A bedtime on each night that has nothing to say now, whenever this runs.
        night = (now % 86400 // 60 + 720) % 1440
        weeks = [Week(who, days, night, (night + 60) % 1440, "closed") for who in ("pben", "pmia") for days in (48, 79)]
        devices = tuple(
            Device(f"d{index:03}", (f"02:00:00:01:00:{index:02x}",), ("pmia" if index % 2 else "pben",), "phone", ())
            for index in range(DEVICES)
        )
        policy = family_policy(revision, paused, weeks)._replace(devices=devices)
        signed.append(key.sign("policy", write_policy(policy)))
    return signed


def apply_times_ms(folder: Path) -> list[float]:
    """Milliseconds from a received document to the finished read-back of its elements, for each round."""
    key = SigningKey.create()
    network.ip("netns", "add", "bench")
    link, clock, settings = InboxLink(), SystemClock(), GateSettings()
    identity = Identity(HOME_ID, AGENT_ID, "000", {key.key_id: key.point})
    times = []
    with network.inside("bench"):
        kernel = LinuxKernel(settings)
        enforcement = TimedEnforcement(kernel, settings, ("br-lan",), clock)
        control = Control(identity, kernel, enforcement, State(str(folder / "bench-state")), link, clock)
        control.start()
        for document in documents(key):
            link.put(document)
            link.sent.clear()
            begun = time.perf_counter()
            while not any(kind == "hello" and b'"applied"' in payload for kind, payload in link.sent):
                control.turn()
            times.append((enforcement.done - begun) * 1000)
        kernel.close()
    link.close()
    network.ip("netns", "delete", "bench")
    return times[WARM_UP:]
