"""The lab in motion: an internet that serves, devices that stream, captures that watch.

It decides what runs where and gathers what came out of it; the verdict is `gate_check`'s. Captures start before the
traffic, so that nothing is missed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.lab import packets
from tests.lab.capture import Seen, read_capture
from tests.lab.packets import FAMILIES, PACE, Flow
from tests.lab.processes import Program, python_module

CLOCK_DRIFT_NS = 1_000_000


class Footage(NamedTuple):
    """Everything a scene has recorded. events: what the devices told about their TCP connections."""

    device: list[Seen]
    internet: list[Seen]
    sent: dict[Flow, list[tuple[int, int]]]
    events: list[dict[str, Any]]
    dropped: int
    clock_drift_ns: int


class Scene:
    """Streams of the named devices, watched in each device's namespace and in the internet's.

    pace: how much slower than usual all senders are, for long scenes.
    """

    def __init__(self, folder: Path, devices: Sequence[str], pace: float = 1.0) -> None:
        self._folder, self._devices = folder, list(devices)
        environment = {PACE: str(pace)}
        self.internet = Program(
            "internet",
            python_module("tests.lab.internet", str(folder)),
            folder,
            "internet",
            speaks=True,
            environment=environment,
        )
        self.internet.wait_for("ready")
        self._captures = {name: self._capture(name, "eth0", name) for name in self._devices}
        self._captures["internet"] = self._capture("internet", "home0", "anyone")
        for capture in self._captures.values():
            capture.wait_for("ready")
        self._traffic = {
            name: Program(
                f"traffic-{name}",
                python_module("tests.lab.traffic", str(folder), name),
                folder,
                name,
                speaks=True,
                environment=environment,
            )
            for name in self._devices
        }
        for traffic in self._traffic.values():
            traffic.wait_for("ready")
        self._events: list[dict[str, Any]] = []

    def _capture(self, namespace: str, interface: str, device: str) -> Program:
        words = python_module("tests.lab.capture", interface, str(self.reel(namespace)), device)
        return Program(f"capture-{namespace}", words, self._folder, namespace, speaks=True)

    def reel(self, name: str) -> Path:
        """The file that the capture in this namespace writes."""
        return self._folder / f"{name}.rows"

    def ask(self) -> None:
        """Each device asks for its UDP stream: one datagram a family."""
        for traffic in self._traffic.values():
            traffic.say("ask")

    def events(self) -> list[dict[str, Any]]:
        """All events of the devices so far."""
        for traffic in self._traffic.values():
            self._events += traffic.events()
        return self._events

    def all_connected(self) -> bool:
        """True when every TCP flow of every device is connected, as far as its client knows."""
        alive = {event["flow"]: event["event"] == "connected" for event in self.events()}
        kinds = ("tcp_up", "tcp_down")
        names = [Flow(name, kind, f).name for name in self._devices for kind in kinds for f in FAMILIES]
        return all(alive.get(name, False) for name in names)

    def rows_now(self, name: str) -> list[Seen]:
        """What a capture has written so far."""
        return read_capture(self.reel(name))

    def cut(self) -> Footage:
        """End everything and gather what was recorded."""
        for traffic in self._traffic.values():
            traffic.stop()
        dropped, drift = 0, 0
        for capture in self._captures.values():
            capture.say("")
            done = capture.wait_for("done")
            dropped += done["dropped"]
            drift = max(drift, done["clock_drift_ns"])
            capture.stop()
        self.internet.stop()
        kinds = ("udp_up", "udp_down", "ping")
        flows = [Flow(name, kind, family) for name in self._devices for kind in kinds for family in FAMILIES]
        return Footage(
            device=[row for name in self._devices for row in read_capture(self.reel(name))],
            internet=read_capture(self.reel("internet")),
            sent={flow: packets.read_sent(self._folder, flow) for flow in flows},
            events=self.events(),
            dropped=dropped,
            clock_drift_ns=drift,
        )
