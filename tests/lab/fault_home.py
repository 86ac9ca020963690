"""A home that things happen to: a family, its streams under watch, and what it was promised.

It decides how a row of the fault table taps, waits, looks into the router's kernel and says when a child must be
closed; which fault is done is the rows' (`faults_…`), the verdict `fault_check`'s. Everything is real but the wall
clocks, which can be moved, hub's and router's apart, and the keepalive, which is seconds instead of half a minute.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stairgate.agent.gate import BRIDGE_GRANTED, GRANTED, LAN, GateSettings, SetName
from stairgate.agent.grants import mac_key
from stairgate.agent.netlink import KernelRefused, NetlinkSocket
from stairgate.agent.set_elements import read_elements
from tests.lab import broken_path, network
from tests.lab.capture import ROW, Seen
from tests.lab.fault_judge import Closed, Passed, passed
from tests.lab.home import BROKER_PORT, HUB_PORT, LabHome
from tests.lab.network import Device
from tests.lab.packets import FAMILIES, Flow
from tests.lab.parent import Parent
from tests.lab.processes import DEADLINE_SECONDS, Deadline, Program, python_module, wait_until
from tests.lab.scene import Footage, Scene

MILLISECOND = 1_000_000
KEEPALIVE_SECONDS = 3
PACE = 4.0
HEAL_SECONDS = 45.0
TAIL_BYTES = 1200
STALE_SECONDS = 300.0
# Small, so that filling them is a matter of milliseconds.
DATA_BYTES, STATE_BYTES = "8m", "256k"
DOWN_KINDS = ("udp_down", "tcp_down", "ping")
# Ben lives by a clock that is changed twice a year.
CHILDREN = (
    ("Mia", "10-12", "", (network.PHONE, network.CONSOLE)),
    ("Ben", "6-9", "Europe/Berlin", (network.LAPTOP,)),
)


class Broken(AssertionError):
    """The family's promise did not hold, or the fault did not take place."""


def demand(holds: object, sentence: str) -> None:
    """Raise Broken with what should have been unless it is so."""
    if not holds:
        raise Broken(sentence)


def clock_text(minute: int) -> str:
    """`20:30` for 1230, also a day later."""
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


class Child(NamedTuple):
    """A child of the family and the devices it has in the lab."""

    id: str
    name: str
    zone: str
    devices: tuple[Device, ...]

    @property
    def macs(self) -> tuple[str, ...]:
        """The addresses of its devices."""
        return tuple(device.mac for device in self.devices)


def tails(folder: Path) -> str:
    """The ends of all logs of a home."""
    logs = sorted(folder.glob("*.log"))
    texts = [(log.name, log.read_bytes()[-TAIL_BYTES:].decode(errors="replace")) for log in logs]
    return "\n".join(f"--- {name}\n{text}" for name, text in texts if text.strip())


class Film:
    """What the captures have seen, read as it is written."""

    def __init__(self, scene: Scene, devices: Sequence[str]) -> None:
        self._reels = {name: scene.reel(name) for name in (*devices, "internet")}
        self._read = dict.fromkeys(self._reels, 0)
        self.rows: dict[str, list[Seen]] = {name: [] for name in self._reels}
        self.seen = 0

    def look(self) -> None:
        """Take in what has been captured since."""
        for name, reel in self._reels.items():
            with open(reel, "rb") as file:
                file.seek(self._read[name])
                data = file.read()
            whole = len(data) - len(data) % ROW.size
            self._read[name] += whole
            self.seen += whole // ROW.size
            self.rows[name] += [Seen(t, bool(out), *rest) for t, out, *rest in ROW.iter_unpack(data[:whole])]

    def device_rows(self) -> list[Seen]:
        """Everything that was seen in the devices' namespaces."""
        return [row for name, rows in self.rows.items() if name != "internet" for row in rows]

    def forget(self) -> None:
        """Let go of what was judged."""
        for rows in self.rows.values():
            rows.clear()


class Promises:
    """What the family was told is kept: children, devices, bedtimes, and the exception of each child.

    A child's name, its devices' names, its bedtimes as `20:30–07:00`; its exception is `pause`, `bonus` or "".
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.devices: dict[str, set[str]] = {}
        self.bedtimes: dict[str, set[str]] = {}
        self.exception: dict[str, str] = {}

    def child(self, child: Child) -> None:
        """A child was added."""
        self.names[child.id] = child.name
        self.devices[child.id], self.bedtimes[child.id], self.exception[child.id] = set(), set(), ""

    def missing(self, parent: Parent) -> list[str]:
        """What the hub's pages do not show of it."""
        children = parent.status()["children"]
        missing = []
        for child, name in self.names.items():
            if child not in children:
                missing.append(name)
                continue
            page = parent.get(f"/children/{child}")
            for text in (name, *sorted(self.devices[child]), *sorted(self.bedtimes[child])):
                if page.status != 200 or text not in page.body:
                    missing.append(f"{name}: {text}")
            wanted = self.exception[child]
            if wanted and children[child]["reason"] != wanted:
                missing.append(f"{name}: {wanted}, but the page says {children[child]['reason']}")
        return missing


class FaultHome:
    """A claimed home with Mia and Ben, everything streaming. `network.build` before, `close` after."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mounted: list[Path] = []
        try:
            self._build()
        except BaseException:
            self._unmount()
            raise

    def _build(self) -> None:
        folder = self.folder
        network.add_device(network.NOTEBOOK)
        self.home = LabHome(folder, router_has_clock=True, keepalive=KEEPALIVE_SECONDS)
        self.state = self.home.agent_folder / "state"
        self._mount(self.home.data, DATA_BYTES)
        self._mount(self.state, STATE_BYTES)
        with network.inside("router"):
            self._kernel = NetlinkSocket()
        self.home.start_resolvers()
        self.home.start_broker()
        self.home.start_hub()
        self.agent: Program = self.home.start_agent()
        self.parent = Parent("tablet", network.HOME.v4, HUB_PORT)
        self.second = Parent("notebook", network.HOME.v4, HUB_PORT)
        self.promises = Promises()
        self.closed: list[Closed] = []
        self._shut: dict[str, int] = {}
        # Seconds of the monotonic clock until which the agent may not have saved what it goes by.
        self.unsaved_until = 0.0
        self._settle_in()
        self._watched = [device.name for child in self.children for device in child.devices]
        self.scene = Scene(folder, self._watched, PACE)
        self.film = Film(self.scene, self._watched)

    def _mount(self, place: Path, size: str) -> None:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "lab", str(place)], check=True)
        self._mounted.append(place)

    def _settle_in(self) -> None:
        self.parent.claim(self.home.claim_code())
        children = []
        for name, band, zone, devices in CHILDREN:
            child = Child(self.parent.add_child(name, band, zone), name, zone or "Etc/UTC", devices)
            children.append(child)
            self.promises.child(child)
            for device in devices:
                self.parent.add_device(device.name, device.mac, "phone", child.id)
                self.promises.devices[child.id].add(device.name)
        self.parent.add_device("Notebook", network.NOTEBOOK.mac, "computer", "adult")
        self.children = tuple(children)
        self.mia, self.ben = self.children
        # At the other end of the day, for the pages to show; no row comes near it unless it moves the clocks.
        minute = int(self.home.clock.wall()) // 60 % 1440 + 600
        self.bedtime(self.ben, clock_text(minute), clock_text(minute + 60))
        self.second.login()
        self.wait_applied()

    def close(self) -> Footage | None:
        """End everything, and let go of the mounts; what was filmed."""
        footage = None
        with contextlib.suppress(Deadline, OSError):
            footage = self.scene.cut()
        self.home.stop()
        self.parent.close()
        self.second.close()
        self._kernel.close()
        self._unmount()
        return footage

    def _unmount(self) -> None:
        for place in self._mounted:
            subprocess.run(["umount", "-l", str(place)], check=False)

    # What a parent does

    def bedtime(self, child: Child, start: str, end: str, days: str = "127") -> None:
        """Add a bedtime."""
        self.parent.post(f"/children/{child.id}/bedtime", days=days, start=start, end=end)
        self.promises.bedtimes[child.id].add(f"{start}–{end}")

    def remove_bedtimes(self, child: Child) -> None:
        """Take all of a child's bedtimes away."""
        self.may_open(child)
        prefix = f"/children/{child.id}/bedtime/"
        page = self.parent.get(f"/children/{child.id}/schedule").body
        for week in {part.split("/", 1)[0] for part in page.split(prefix)[1:]}:
            self.parent.post(f"{prefix}{week}/remove")
        self.promises.bedtimes[child.id].clear()

    def sign_in(self) -> None:
        """Both parents sign in where a clock has ended their sessions."""
        for browser in (self.parent, self.second):
            if browser.get("/status").status != 200:
                browser.login()

    def tap_pause(self, child: Child) -> None:
        """Tap pause; the hub has promised to keep it."""
        list(self.agent.events())
        self.parent.post(f"/children/{child.id}/pause", minutes="60")
        self.promises.exception[child.id] = "pause"

    def pause(self, child: Child) -> None:
        """Pause a child whose devices stream; closed from the router's read-back on."""
        self.stream(child)
        self.tap_pause(child)
        self.must_be_closed(child, self.enforced(child, "closed"))

    def end_exceptions(self, child: Child) -> None:
        """Back to the rules, which are open by day."""
        self.may_open(child)
        list(self.agent.events())
        for _each in ("a pause", "extra time before it"):
            self.parent.post(f"/children/{child.id}/end")
        self.promises.exception[child.id] = ""

    def shows(self, text: str) -> bool:
        """True when the parents' page says this, in whatever case."""
        return text.lower() in self.parent.get("/").body.lower()

    def wait_applied(self, seconds: float = HEAL_SECONDS) -> None:
        """Until the hub says that the router applies what it should."""
        wait_until("applied on 1 of 1", self.is_applied, seconds)

    def is_applied(self) -> bool:
        """True when the page says so; False also while the hub does not answer."""
        try:
            return bool(self.parent.status()["applied"] == 1)
        except (OSError, AssertionError):
            return False

    # What must be so

    def must_be_closed(self, child: Child, since_ns: int | None = None) -> None:
        """From then on (now, unless told) no packet may pass, until `may_open`."""
        self._shut.setdefault(child.id, time.monotonic_ns() if since_ns is None else since_ns)

    def may_open(self, child: Child) -> None:
        """Something opens the gate now, or may."""
        since = self._shut.pop(child.id, None)
        if since is not None:
            now = time.monotonic_ns()
            self.closed += [Closed(device.name, since, now) for device in child.devices]

    def is_watched(self, child: Child) -> bool:
        """True between `must_be_closed` and `may_open`."""
        return child.id in self._shut

    def watch(self, seconds: float) -> None:
        """Let time pass for the captures to see what there is."""
        end = time.monotonic() + seconds
        wait_until("the end of a watch", lambda: time.monotonic() >= end, seconds + 5)

    def enforced(self, child: Child, level: str, seconds: float = HEAL_SECONDS) -> int:
        """When the agent's next read-back with all of the child's devices at this level was finished."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            told = self.agent.wait_for("enforced", left)
            if {told["levels"].get(mac) for mac in child.macs} == {level}:
                return int(told["done_ns"])
        raise Deadline(f"{child.name} did not come to {level!r}:\n{self.agent.tail()}")

    def looked(self, at: float | None = None, seconds: float = HEAL_SECONDS) -> None:
        """Wait for the agent's next finished look; at: for one that went by about this time of day."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            told = self.agent.wait_for("enforced", left)
            if at is None or abs(told["wall"] - at) < STALE_SECONDS:
                return
        raise Deadline(f"the agent has not looked:\n{self.agent.tail()}")

    def elements(self, name: SetName) -> set[bytes]:
        """The elements of one of the gate's sets, none when it is gone."""
        try:
            return set(read_elements(self._kernel, GateSettings().table, name))
        except KernelRefused:
            return set()

    def is_open(self, child: Child) -> bool:
        """True when the kernel lets all of the child's devices through, in both directions."""
        keys = {mac_key(mac) for mac in child.macs}
        return keys <= self.elements(GRANTED) and keys <= self.elements(BRIDGE_GRANTED)

    def is_shut(self, child: Child) -> bool:
        """True when the gate stands and the kernel has no grant for any of the child's devices."""
        keys = {mac_key(mac) for mac in child.macs}
        if keys & self.elements(GRANTED) or keys & self.elements(BRIDGE_GRANTED):
            return False
        # No sets, no grants, but no gate either; and without an interface its rules do nothing.
        return bool(self.elements(LAN))

    def rules(self) -> str:
        """The gate's rules as the kernel has them, without elements; "" for a table that is gone."""
        words = [*network.enter_words("router"), "nft", "--stateless", "--terse", "list", "table"]
        tables = [[*words, family, GateSettings().table] for family in ("inet", "bridge")]
        return "".join(subprocess.run(t, capture_output=True, check=False, text=True).stdout for t in tables)

    def wait_for_gate(self, rules: str) -> None:
        """Until the gate stands again with these rules; what the agent told of a look says less: when did it begin?"""
        wait_until("the gate again", lambda: self.elements(LAN) and self.rules() == rules, HEAL_SECONDS)

    def stream(self, child: Child) -> None:
        """Wait until everything flows to the child's devices: what does not flow cannot be seen to stop."""
        since = time.monotonic_ns()
        wanted = {Flow(d.name, kind, f).number for d in child.devices for kind in DOWN_KINDS for f in FAMILIES}
        asked = [0.0]

        def missing() -> set[str]:
            if time.monotonic() > asked[0] + 0.5:
                asked[0] = time.monotonic()
                self.scene.ask()
            self.film.look()
            rows = [row for device in child.devices for row in self.film.rows[device.name]]
            seen = {row.flow for row in rows if row.t_ns > since and not row.outgoing and row.length}
            return {f"{number}" for number in wanted - seen}

        wait_until(f"{child.name}'s streams", lambda: not missing())

    def reaches_web(self, namespace: str) -> bool:
        """True when a device gets an answer of the internet."""
        words = [*network.enter_words(namespace), "ping", "-c1", "-W1", network.WEB_V6]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    # What happens to the home

    def start_agent(self) -> None:
        """Start the agent again."""
        self.agent = self.home.start_agent()

    def start_hub(self, seconds: float = DEADLINE_SECONDS) -> None:
        """Start the hub again; the browsers' connections to the one before are of no use."""
        self.parent.close()
        self.second.close()
        self.home.start_hub(seconds=seconds)

    def kill(self, name: str) -> None:
        """SIGKILL one of the programs."""
        self.home.end(name, kill=True)

    @contextlib.contextmanager
    def read_only(self, place: Path) -> Iterator[None]:
        """One of the two small disks read-only, for everything that is opened from now on."""
        subprocess.run(["mount", "--bind", str(place), str(place)], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", str(place)], check=True)
            demand(not os.access(place, os.W_OK), f"{place.name} is not read-only: no fault")
            yield
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True)

    @contextlib.contextmanager
    def full(self, place: Path) -> Iterator[int]:
        """One of the two small disks without a free byte; gives the bytes that the filling took."""
        filler = place / "filler"
        taken = 0
        with open(filler, "wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        taken += file.write(b"x" * size)
        try:
            found = os.statvfs(place)
            demand(found.f_bavail == 0, f"{place.name} is not full: {found.f_bavail} blocks are free")
            yield taken
        finally:
            filler.unlink()

    @contextlib.contextmanager
    def broken_path(self, namespace: str) -> Iterator["BrokenPath"]:
        """All connections of a namespace to the broker go through a bad way; afterwards they do not."""
        path = BrokenPath(self.folder, namespace)
        try:
            # Whoever is connected comes back this way.
            self.home.end("broker")
            self.home.start_broker()
            wait_until("a connection on the bad way", lambda: path.counts()["open"])
            yield path
        finally:
            subprocess.run(
                [*network.enter_words(namespace), "nft", "delete", "table", "inet", broken_path.TABLE], check=False
            )
            path.program.stop()

    def set_clocks(self, wall: float) -> None:
        """Hub and router go to this time of day."""
        self.home.clock.move_to(wall)
        self.home.router_clock.move_to(wall)

    # Before and after a row

    def begin(self) -> None:
        """A row begins: what was filmed before is of no interest."""
        self.film.look()
        self.film.forget()
        self.closed = []

    def judge(self) -> list[Passed]:
        """The packets that passed since the last time while they must not; what was filmed is then let go."""
        now = time.monotonic_ns()
        self.film.look()
        devices = {child.id: child.devices for child in self.children}
        shut = [Closed(device.name, since, now) for who, since in self._shut.items() for device in devices[who]]
        found = passed(self.film.device_rows(), self.film.rows["internet"], [*self.closed, *shut])
        self.film.forget()
        self.closed = []
        return found

    def calm(self) -> None:
        """End all exceptions and wait until everything is as on a quiet afternoon. Raises Deadline, Broken."""
        for child in self.children:
            self.end_exceptions(child)
        self.wait_applied()
        for child in self.children:
            wait_until(f"{child.name} open again", lambda c=child: self.is_open(c))  # type: ignore[misc]
            self.stream(child)
        demand(self.reaches_web("tablet"), "a parent's device does not reach the internet")


class BrokenPath:
    """The far end of `broken_path`, as the one who runs it sees it."""

    def __init__(self, folder: Path, namespace: str) -> None:
        self.program = Program(
            f"path-{namespace}",
            python_module("tests.lab.broken_path", network.HOME.v4, str(BROKER_PORT)),
            folder,
            namespace,
            speaks=True,
        )
        self.program.wait_for("ready")
        network.nft(namespace, broken_path.REDIRECT)

    def do(self, command: str) -> dict[str, Any]:
        """Behave like this from now on; returns the counts."""
        self.program.say(command)
        return self.program.wait_for("counts")

    def counts(self) -> dict[str, Any]:
        """What was done so far."""
        return self.do("count")
