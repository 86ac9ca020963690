"""A whole Stairgate home in the lab: keys, broker, hub, agent, resolvers, each a real process in its namespace.

It decides where each program runs and with which files; the network is `network`'s, the traffic `scene`'s. Every
part can be ended and started again on its own, as parts of a home do.
"""

import re
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

from stairgate.provisioning.home import create_home
from tests.lab import network
from tests.lab.lab_clock import KEEPALIVE, LabClock
from tests.lab.processes import DEADLINE_SECONDS, Program, python_module, wait_until

HUB_PORT, BROKER_PORT = 8080, 8883
CLAIM_CODE = re.compile(r"Claim code: ([0-9A-Z]{4}-[0-9A-Z]{4})")
WEB = (network.WEB_V4, network.WEB_V6)
NAMES: dict[str, tuple[str, ...]] = {
    "www.example.org": WEB,
    "video.example.net": WEB,
    # Where the lab's bear sends what it hears, and where something in it should not send anything.
    "talk.honey.example": WEB,
    "metrics.example.net": (network.METRICS_V4,),
}


def is_listening(namespace: str, address: str, port: int) -> bool:
    """True when something in the namespace accepts TCP connections there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with network.inside(namespace), socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((address, port)) == 0


class LabHome:
    """One home. `build` the network first; call the `start_…` methods in any order, `stop` once.

    router_has_clock: the router's wall clock can then be moved apart from the hub's; else both go by `clock`.
    keepalive: seconds after which hub and agent notice a dead connection, None for the product's own.
    """

    def __init__(self, folder: Path, router_has_clock: bool = False, keepalive: int | None = None) -> None:
        self.folder = folder
        self.clock_file = folder / "clock"
        self.clock = LabClock(self.clock_file)
        self._router_clock_file = folder / ("clock-router" if router_has_clock else "clock")
        self.router_clock = LabClock(self._router_clock_file)
        self._environment = {} if keepalive is None else {KEEPALIVE: str(keepalive)}
        self.home = create_home(
            folder / "home",
            addresses=[network.HOME.v4, network.HOME.v6[0]],
            names=["stairgate.lan"],
            broker_port=BROKER_PORT,
            agents=["router"],
            clock=self.clock,
            # In a user namespace there is no other account to become.
            user="root",
        )
        self.data = folder / "data"
        self.agent_folder = self.home.agent_directory("router")
        # The router's dnsmasq is bound to the LAN's bridge.
        chosen = f'[agent]\nresolvers = ["{network.ROUTER_V4}"]\n'
        (self.agent_folder / "stairgate.toml").write_text(chosen, encoding="utf-8")
        self._programs: dict[str, Program] = {}

    def _start(
        self, name: str, words: Sequence[str], namespace: str, speaks: bool = False, keep: Sequence[int] = ()
    ) -> Program:
        program = Program(name, words, self.folder, namespace, speaks, keep, self._environment)
        self._programs[name] = program
        return program

    def program(self, name: str) -> Program:
        """One of the running programs: `broker`, `hub`, `agent`, `resolver` or `dns`."""
        return self._programs[name]

    def start_resolvers(self) -> None:
        """The internet's name server and the router's dnsmasq."""
        dnsmasq = shutil.which("dnsmasq") or "/usr/sbin/dnsmasq"
        alone = [
            dnsmasq,
            "--no-daemon",
            "--conf-file=/dev/null",
            "--no-hosts",
            "--no-resolv",
            "--user=",
            "--group=",
            "--bind-interfaces",
        ]
        records = [f"--host-record={name},{','.join(addresses)}" for name, addresses in NAMES.items()]
        self._start("dns", [*alone, f"--listen-address={network.DNS_V4}", "--interface=lo", *records], "internet")
        leases = self.folder / "leases"
        router = [
            f"--server={network.DNS_V4}",
            "--interface=br-lan",
            "--dhcp-range=192.168.77.100,192.168.77.200,1h",
            f"--dhcp-leasefile={leases}",
        ]
        self._start("resolver", [*alone, *router], "router")
        for namespace, address in (("internet", network.DNS_V4), ("router", network.ROUTER_V4)):
            wait_until("a resolver", lambda n=namespace, a=address: is_listening(n, a, 53))  # type: ignore[misc]

    def start_broker(self) -> None:
        """Mosquitto on the home server, with the configuration that the product wrote."""
        mosquitto = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self._start("broker", [mosquitto, "-c", str(self.home.directory / "broker" / "mosquitto.conf")], "home")
        wait_until("the broker", lambda: is_listening("home", network.HOME.v4, BROKER_PORT))

    def start_agent(self, module: str = "tests.lab.agent_process", *arguments: str) -> Program:
        """The router's agent; module: another program that runs it, with more arguments."""
        words = python_module(module, str(self.agent_folder), str(self._router_clock_file), *arguments)
        return self._start("agent", words, "router", speaks=True)

    def start_hub(self, host_socket: socket.socket | None = None, seconds: float = DEADLINE_SECONDS) -> None:
        """The hub on the home server; host_socket: a listening socket of another namespace to answer on as well."""
        keep = [host_socket.fileno()] if host_socket else []
        words = python_module(
            "tests.lab.hub_process",
            str(self.home.directory / "hub"),
            str(self.data),
            str(self.folder / "clock"),
            *map(str, keep),
        )
        self._start("hub", words, "home", keep=keep)
        wait_until("the hub", lambda: is_listening("home", network.HOME.v4, HUB_PORT), seconds)

    def claim_code(self) -> str:
        """The one-time code that the hub shows on its console."""

        def shown() -> str:
            codes = CLAIM_CODE.findall((self.folder / "hub.log").read_text(errors="replace"))
            return codes[-1] if codes else ""

        return wait_until("a claim code", shown)

    def has_ended(self, name: str) -> None:
        """A program has ended by itself, or was ended otherwise."""
        self._programs.pop(name)

    def end(self, name: str, kill: bool = False) -> None:
        """End one program: asked to, or by SIGKILL."""
        program = self._programs.pop(name)
        if kill:
            program.kill()
        else:
            program.stop()

    def stop(self) -> None:
        """End everything that runs, the hub before the broker, so that nothing is said into the void."""
        for name in ("hub", "agent", "broker", "resolver", "dns"):
            if name in self._programs:
                self.end(name)
