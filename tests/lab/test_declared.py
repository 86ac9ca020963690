"""A toy and a camera on a real kernel with the real filter: declared names only, what else it tries is counted and
told, and whoever streams up in quiet hours is noticed or closed.

Each thing that is stopped passes in the same way without the line of the policy: so the test could fail.
"""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent import gate
from stairgate.agent.enforcement import Enforcement
from stairgate.agent.gate_rules import render_removal
from stairgate.agent.grants import mac_key
from stairgate.agent.kernel import LinuxKernel
from stairgate.agent.streaming import STREAM_BYTES
from stairgate.core.observed import Reached, Streamed, read_observed
from stairgate.core.records import Hub, Policy, Quiet, Reach, Zone
from stairgate.port.clock import SystemClock
from tests.lab import bypass_queries, bypass_wire, network
from tests.lab.agent_rig import SETTINGS
from tests.lab.home import LabHome
from tests.lab.policies import family_policy, pause
from tests.lab.processes import wait_until
from tests.lab.test_filter_process import GAME, NOERROR, NXDOMAIN, PLAIN, Filtered
from tests.lab.wires import FAR, OTHER, Wires, second_site

PORT, CHUNK, AHEAD_SECONDS = 8806, 20_000, 6
PAGE, BROKER = 8807, 8893
TOY = mac_key(network.CONSOLE.mac)
DECLARED = (Reach("dconsole", (PLAIN,)),)
ALWAYS = ((127, 0, 0),)


class Watched(Filtered):
    """The console is a toy, or a camera."""

    def observed(self) -> list[Reached | Streamed]:
        """All that was told of devices under a watch."""
        said = [one.payload for one in self.agent.link.published if one.kind == "events"]
        return [row for payload in said for row in read_observed(payload)]

    def told(self) -> dict[tuple[str, str], int]:
        """The newest count of each place of the toy."""
        return {(row.where, row.verdict): row.times for row in self.observed() if isinstance(row, Reached)}

    def hold(self, revision: int, **lines: object) -> Policy:
        """A policy without a pack and without filters."""
        policy = self.policy(revision, filters=(), packs=())._replace(**lines)  # type: ignore[arg-type]
        self.receive(policy)
        self.serving(revision, pack="")
        return policy

    def answered(self, name: str, kind: int) -> int | None:
        """The response code for a name of one type."""
        with network.inside("console"), contextlib.suppress(OSError):
            answer = bypass_queries.by_datagram(bypass_wire.question(name, kind), network.ROUTER_V4)
            return answer[3] & 15
        return None


@pytest.fixture(scope="module")
def resolvers(home_network: None, folder: Path) -> Iterator[LabHome]:
    second_site()
    home = LabHome(folder)
    home.start_resolvers()
    yield home
    home.stop()


@pytest.fixture
def home(resolvers: LabHome, tmp_path: Path) -> Iterator[Watched]:
    with network.inside("router"):
        made = Watched(tmp_path)
        made.agent.link.connect()
        yield made
        made.close()
    network.nft("router", render_removal(SETTINGS))


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = Wires()
    yield made
    made.close()


@pytest.mark.parametrize("is_declared", [True, False], ids=["with the line", "without it"])
def test_a_toy_reaches_what_is_declared_and_what_else_it_tries_is_told(
    home: Watched, wires: Wires, is_declared: bool
) -> None:
    wires.listener("internet", PORT)
    wires.listener("home", home.hub.port + 1)
    receivers = {family: wires.datagrams("internet", OTHER[family], PORT) for family in OTHER}
    home.hold(5, reaches=DECLARED if is_declared else ())

    # The declared name, in both families.
    for kind, far in ((bypass_wire.A, FAR["v4"]), (bypass_wire.AAAA, FAR["v6"])):
        assert home.answered(PLAIN, kind) == NOERROR
        assert wires.connects("console", far, PORT)
    # Another name, and literal addresses that nobody looked up: TCP, UDP, QUIC.
    refused = [home.answered(GAME, kind) == NXDOMAIN for kind in (bypass_wire.A, bypass_wire.AAAA)]
    for other in OTHER.values():
        refused.append(not wires.connects("console", other, PORT))
    for family, receiver in receivers.items():
        refused.append(not wires.arrives(network.CONSOLE, receiver, OTHER[family], PORT))
    assert refused == [is_declared] * 6
    # The hub stays reachable, and nobody else is touched.
    assert wires.connects("console", network.HOME.v4, home.hub.port)
    assert home.asked(network.PHONE, GAME) == NOERROR
    assert wires.connects("phone", OTHER["v4"], PORT)

    if is_declared:
        places = {(GAME, "refused"), (OTHER["v4"], "refused"), (OTHER["v6"], "refused"), (PLAIN, "declared")}
        home.until("all of it told", lambda: places <= home.told().keys())
        told = home.told()
        assert told.keys() == places
        assert told[GAME, "refused"] == told[PLAIN, "declared"] == 2
        # A connection and a datagram at least.
        assert min(told[OTHER[family], "refused"] for family in OTHER) >= 2
    else:
        assert set(home.agent.kernel.counts(gate.TRIED4)) | set(home.agent.kernel.counts(gate.TRIED6)) == set()
        assert home.told() == {}


def test_a_name_that_is_taken_back_takes_its_address_and_its_running_flow(home: Watched, wires: Wires) -> None:
    listener = wires.listener("internet", PORT)
    home.hold(5, reaches=DECLARED)
    assert home.answered(PLAIN, bypass_wire.A) == NOERROR
    near = wires.connection("console", FAR["v4"], PORT)
    assert near
    far = wires.accepted(listener)
    near.sendall(b"hello")
    assert far.recv(9) == b"hello"

    home.hold(6, reaches=(Reach("dconsole", ("elsewhere.example",)),))

    home.until("the address gone", lambda: TOY not in {key[:6] for key in home.agent.elements(gate.RESOLVED4)})
    assert not wires.connects("console", FAR["v4"], PORT)
    home.until("its end", lambda: _is_reset(near))


def _is_reset(near: socket.socket) -> bool:
    near.setblocking(False)
    try:
        near.send(b"still there?")
        near.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return False


def test_the_hubs_name_leads_a_toy_to_it(home: Watched) -> None:
    home.hold(5, reaches=DECLARED)
    with network.inside("console"):
        answer = bypass_queries.by_datagram(
            bypass_wire.question("stairgate.home.arpa", bypass_wire.A), network.ROUTER_V4
        )
    assert answer.endswith(socket.inet_aton(network.HOME.v4))


@pytest.mark.parametrize("kind", ["toy", "console"])
def test_a_closed_toy_reaches_the_broker_of_a_hub_that_is_the_router(
    resolvers: LabHome, wires: Wires, kind: str
) -> None:
    now = int(SystemClock().wall())
    policy = family_policy(overrides=[pause("pmia", now - 1, now + 600)])._replace(reaches=DECLARED)
    devices = tuple(each._replace(kind=kind) if each.id == "dconsole" else each for each in policy.devices)
    hub = Hub((), (network.ROUTER_V4, network.ROUTER_V6), PAGE)
    for port in (PAGE, BROKER, BROKER + 1):
        wires.listener("router", port)
    with network.inside("router"):
        kernel = LinuxKernel(SETTINGS)
        enforcement = Enforcement(kernel, SETTINGS, ("br-lan",), SystemClock(), BROKER)
        enforcement.enforce(policy._replace(devices=devices, hub=hub), {})
    try:
        for address in (network.ROUTER_V4, network.ROUTER_V6):
            reached = wires.reached("console", address, (PAGE, BROKER, BROKER + 1))
            assert reached == ({PAGE, BROKER} if kind == "toy" else {PAGE})
    finally:
        kernel.close()
        network.nft("router", render_removal(SETTINGS))


# Quiet hours


class Camera:
    """The console sends to the internet, a connection for each stream."""

    def __init__(self, wires: Wires) -> None:
        self._listener = wires.listener("internet", PORT)
        self._near = wires.connection("console", FAR["v4"], PORT)
        assert self._near
        self._far = wires.accepted(self._listener)

    def streams(self, size: int) -> None:
        """So many bytes up, all of which arrive."""
        assert self._near
        for _ in range(size // CHUNK):
            self._near.sendall(bytes(CHUNK))
            got = 0
            while got < CHUNK:
                got += len(self._far.recv(CHUNK))

    def is_cut(self) -> bool:
        """Whether its connection was reset."""
        assert self._near
        return _is_reset(self._near)


@pytest.mark.parametrize("is_quiet", [True, False], ids=["in quiet hours", "without them"])
def test_a_camera_that_streams_up_in_quiet_hours_is_told_and_not_cut(
    home: Watched, wires: Wires, is_quiet: bool
) -> None:
    home.hold(5, quiets=(Quiet("dconsole", ALWAYS, "tell"),) if is_quiet else ())
    camera = Camera(wires)
    number = home.agent.control._enforcement.numbers["dconsole"]

    def counted() -> int:
        """Up, as the agent has read it."""
        return home.agent.control._tally._bytes._totals.get(number, (0, 0))[1]

    home.until("a first reading", lambda: counted() > 0)
    before = counted()
    camera.streams(2 * STREAM_BYTES)
    home.until("the bytes read", lambda: counted() - before >= 2 * STREAM_BYTES)
    if is_quiet:
        home.until("the alarm", lambda: bool(home.observed()))
        rows = [row for row in home.observed() if isinstance(row, Streamed)]
        assert {row.device for row in rows} == {"dconsole"}
        assert rows[-1].bytes >= STREAM_BYTES
    else:
        assert home.observed() == []
    assert not camera.is_cut()
    assert wires.connects("console", FAR["v4"], PORT)


@pytest.mark.parametrize("action", ["close", "tell"])
def test_quiet_hours_that_close_are_ended_by_the_kernel_in_both_directions(
    home: Watched, wires: Wires, action: str
) -> None:
    """The agent does not turn after the policy: as if it were dead."""
    wall = home.agent.control._clock.wall
    # At a second of our choice the clock on the wall is put forward into a window: nobody waits for a whole minute.
    begins = int(wall()) + AHEAD_SECONDS
    minute = (begins // 60 + 360) % 1440
    zones = (Zone("zutc", "Etc/UTC", ((0, 0), (begins, 360))),)
    home.hold(5, zones=zones, quiets=(Quiet("dconsole", ((127, minute, (minute + 5) % 1440),), action),))
    left = home.agent.kernel.elements(gate.GRANTED)[TOY] or 0
    ends_in = begins - wall()
    if action == "tell":
        assert left > 3_600_000
        return
    assert abs(left / 1000 - ends_in) < 1
    camera = Camera(wires)
    camera.streams(CHUNK)
    receiver = wires.datagrams("console", network.CONSOLE.v4, PORT)
    server = wires.datagrams("internet", FAR["v4"], PORT)
    receiver.sendto(b"hello", (FAR["v4"], PORT))
    source = wait_until("its datagram", lambda: _source(server))
    assert source
    server.sendto(b"down", source)
    assert wait_until("the answer", lambda: _got(receiver)) == b"down"

    wait_until("the end", lambda: TOY not in home.agent.elements(gate.GRANTED), seconds=ends_in + 10)

    wait_until("the reset", camera.is_cut)
    server.sendto(b"late", source)
    assert not wires.connects("console", FAR["v4"], PORT)
    assert _got(receiver) == b""
    assert wires.connects("phone", FAR["v4"], PORT)


def _source(server: socket.socket) -> tuple[str, int] | None:
    try:
        return server.recvfrom(99)[1]  # type: ignore[no-any-return]
    except BlockingIOError:
        return None


def _got(receiver: socket.socket) -> bytes:
    try:
        return receiver.recv(99)
    except OSError:
        return b""
