"""Our own filter in the DNS comparison: the product's process over a pack that the product's builder wrote.

It decides which home it serves: four people, each with a filter of categories, safe search and YouTube where a child
has them, names allowed and denied besides. It takes control's place at the channel; the kernel's neighbour table,
which loopback has not, is a file.
"""

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from stairgate.agent.filter_channel import LENGTH_BYTES, Serving, framed, read_serving
from stairgate.agent.filter_feed import frame_of
from stairgate.agent.gate import RESOLVED4, RESOLVED6, GateSettings
from stairgate.agent.gate_rules import render_gate
from stairgate.agent.netlink import NetlinkSocket
from stairgate.agent.set_elements import read_elements
from stairgate.core.policy import write_policy
from stairgate.core.records import Device, Filter, Pack, Person, Policy, Zone
from stairgate.hub.pack_builder import Built, build
from tests.bench.dns_list import CLIENTS
from tests.bench.dns_peers import START_SECONDS, UPSTREAM, Core, Listed, Missing, Resolver, wait_serving
from tests.lab.processes import Program

ROOT = Path(__file__).resolve().parents[2]
DEBIAN_PYTHON = "/usr/bin/python3"
PYTHON_IS_NEW = "import sys; sys.exit(sys.version_info < (3, 11))"

BANDS = {"child": "6-9", "teen": "13-15", "adult": "adult", "toys": "0-5"}
FLAGS = {"child": ("safesearch", "youtube_strict"), "teen": ("safesearch", "youtube_moderate")}
DEVICE_FLAGS = {"toys": ("resolved_only",)}
# A family's own words beside the lists, each with all below it. None of them is asked for by the generator.
ALLOWED = tuple(sorted(f"school{number}.example" for number in range(20)))
DENIED = tuple(sorted(f"quarrel{number}.example" for number in range(20)))
FEATURES = (
    "four people with filters of their own, categories, allow and deny lists, safe search, YouTube moderate and "
    "strict, canaries, connectivity checks, extended errors, random ids, ports and letter case upstream, addresses "
    "recorded in the kernel's sets for the toys"
)
# The product's tables with all their sets, and none of their hooks: packets of all resolvers go the same way.
GATE = GateSettings()
ASLEEP = "".join(f"add table {family} {GATE.table} {{ flags dormant; }}\n" for family in ("inet", "bridge"))


def interpreter() -> str:
    """The distribution's own interpreter where it is new enough, like the resolvers beside it; else this one.

    A Python that somebody has built without profile-guided optimisation takes half as long again for everything.
    """
    if not Path(DEBIAN_PYTHON).exists():
        return sys.executable
    told = subprocess.run([DEBIAN_PYTHON, "-c", PYTHON_IS_NEW], capture_output=True, check=False)
    return sys.executable if told.returncode else DEBIAN_PYTHON


def mac_of(client_name: str) -> str:
    """The MAC address of this client's device."""
    place = next(place for place, client in enumerate(CLIENTS) if client.name == client_name)
    return f"02:00:5e:10:00:{place + 1:02x}"


def home_policy(revision: int, pack: Built) -> Policy:
    """The home of the comparison. It blocks what `dns_list.CLIENTS` says, with the real policy's lines."""
    clients = sorted(CLIENTS, key=lambda client: client.name)
    return Policy(
        home="hbench",
        agent="rbench",
        revision=revision,
        issued=1_700_000_000,
        zones=(Zone("zutc", "Etc/UTC", ((0, 0),)),),
        hub=None,
        persons=tuple(Person(f"p{one.name}", BANDS[one.name], "zutc", "open") for one in clients),
        devices=tuple(
            Device(f"d{one.name}", (mac_of(one.name),), (f"p{one.name}",), "phone", DEVICE_FLAGS.get(one.name, ()))
            for one in clients
        ),
        weeks=(),
        dates=(),
        travels=(),
        budgets=(),
        overrides=(),
        packs=(Pack("names", f"v{revision}", pack.sha256, pack.bytes),),
        everyone=(),
        filters=tuple(
            Filter(f"p{one.name}", FLAGS.get(one.name, ()), tuple(sorted(one.blocked)), DENIED, ALLOWED, ())
            for one in clients
        ),
        openings=(),
        consents=(),
        reaches=(),
        quiets=(),
    )


def build_pack(listed: Listed, target: Path, also: Iterable[str] = ()) -> Built:
    """The pack of the list; `also` are names listed besides, under a category that the child has blocked."""
    entries = [(name, (category,)) for name, category in listed.items()]
    entries += [(name, ("other",)) for name in also]
    return build(entries, (), target)


def load_sets() -> None:
    """Have the kernel hold the sets of addresses that the filter writes to. Raises Missing."""
    text = render_gate(GATE) + ASLEEP
    loaded = subprocess.run(["nft", "-f", "-"], input=text, capture_output=True, text=True, check=False)
    if loaded.returncode:
        raise Missing(f"the kernel does not take the gate's sets: {loaded.stderr.strip()[-300:]}")


def recorded() -> int:
    """How many pairs of device and address the kernel holds."""
    netlink = NetlinkSocket()
    try:
        return sum(len(read_elements(netlink, GATE.table, name)) for name in (RESOLVED4, RESOLVED6))
    finally:
        netlink.close()


class OurFilter:
    """The running process, and the other end of its channel. Raises Missing."""

    def __init__(self, folder: Path, core: Core, port: int, python: str) -> None:
        load_sets()
        self._channel, theirs = socket.socketpair()
        neighbours = folder / "neighbours.json"
        addresses: Mapping[str, str] = {client.address: mac_of(client.name) for client in CLIENTS}
        neighbours.write_text(json.dumps(addresses), encoding="ascii")
        words = ["--channel", str(theirs.fileno()), "--lan", "lo", "--resolver", UPSTREAM, "--table", GATE.table]
        words += ["--port", str(port), "--clients", str(neighbours), "--record"]
        command = core.words([python, "-m", "stairgate.agent.dns", *words])
        # The distribution's interpreter has none of our packages; the process needs these two and nothing else.
        paths = {"PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("agent", "micro"))}
        with theirs:
            self.program = Program("filter", command, folder, None, False, (theirs.fileno(),), paths)
        self._revision = 0
        self._port = port
        self._received = b""

    def tell(self, pack: Path, built: Built) -> int:
        """The next revision, with this pack; returns at once with its number."""
        self._revision += 1
        body = write_policy(home_policy(self._revision, built))
        levels = {f"d{client.name}": "open" for client in CLIENTS}
        self._channel.sendall(framed(frame_of(levels, str(pack), body)))
        return self._revision

    def said(self, seconds: float) -> Serving | None:
        """What it says next, None when it says nothing for so long. Raises Missing when it has ended."""
        while True:
            size = LENGTH_BYTES + int.from_bytes(self._received[:LENGTH_BYTES], "big")
            if len(self._received) >= max(size, LENGTH_BYTES + 1):
                content, self._received = self._received[LENGTH_BYTES:size], self._received[size:]
                return read_serving(content)
            if not select.select([self._channel], [], [], seconds)[0]:
                return None
            chunk = self._channel.recv(4096)
            if not chunk:
                raise Missing(f"the filter ended: {self.program.tail().strip()[-1000:]}")
            self._received += chunk

    def start(self, pack: Path, built: Built) -> Resolver:
        """Give it the home, and wait until it serves with this pack. Raises Missing."""
        revision = self.tell(pack, built)
        serving = self.said(START_SECONDS)
        if serving != Serving(revision, built.sha256):
            raise Missing(f"expected revision {revision} with {built.sha256}, got {serving}: {self.program.tail()}")
        ports = {client.name: self._port for client in CLIENTS}
        wait_serving("the filter", [self.program], ports)
        return Resolver("stairgate", ports, [self.program])
