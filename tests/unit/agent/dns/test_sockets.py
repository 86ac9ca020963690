"""The process as a whole on loopback: UDP and TCP, connectivity checks, the channel, a change of the list."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairgate.agent.limits import ADDRESSES_ASKED, PROBE_BYTES, TCP_CONNECTIONS_A_CLIENT, TCP_QUERIES
from stairgate.core.policy import write_policy
from stairgate.core.records import Filter, Pack
from stairgate.hub.pack_builder import build
from tests.lab import network
from tests.lab.dns_process import DnsProcess
from tests.lab.policies import family_policy
from tests.lab.processes import Program, wait_until
from tests.unit.agent.dns.rig import AAAA, A, Server, query, record, response

V4 = bytes((203, 0, 113, 10))
CLIENTS = {"127.0.0.1": network.PHONE.mac, "::1": network.LAPTOP.mac, "127.0.0.3": network.CONSOLE.mac}
ODD_LEVEL = b'{"v":1,"levels":{"dphone":"opem"},"pack":""}\n'
LEVELS = {"dphone": "open", "dlaptop": "closed", "dconsole": "open"}


def free_port() -> int:
    """A port on which nobody listens, by TCP or UDP."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


def policy(revision: int = 1, *packs: Pack) -> bytes:
    """Mia has safe search and no ads."""
    mia = Filter("pmia", ("safesearch",), ("ads",), (), (), ())
    return write_policy(family_policy(revision)._replace(filters=(mia,), packs=packs))


class Place:
    """A running process with a pack, and its upstream server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = Server()
        self.built = build((("ads.example", ("ads",)),), (), folder / "one.pack")
        self.pack = Pack("names", "v1", self.built.sha256, self.built.bytes)
        address, port = self.server.address
        self.process = DnsProcess(folder, [f"{address}#{port}"], CLIENTS, port=free_port(), probe_port=free_port())
        self.said = self.process.tell(policy(1, self.pack), LEVELS, str(folder / "one.pack"))

    def close(self) -> None:
        """End it."""
        if self.process.program.is_running():
            assert self.process.stop() == 0, self.process.program.tail()
        self.server.close()

    def ask(self, data: bytes, source: str = "127.0.0.1", target: str = "127.0.0.1") -> bytes:
        """The answer by UDP."""
        family = socket.AF_INET6 if ":" in source else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as client:
            client.bind((source, 0))
            client.settimeout(5)
            client.sendto(data, (target, self.process.port))
            answer, origin = client.recvfrom(4096)
            assert origin[0] == target
            return answer

    def resolve(self, name: str, answer: bytes) -> None:
        """Let the upstream server answer the next question."""
        while True:  # what others asked before stays without an answer
            asked, source = self.server.take()
            if asked[12:].lower().startswith(query(name)[12:-4]):
                self.server.give(response(asked, answer), source)
                return

    def connect(self, source: str = "127.0.0.1", port: int = 0) -> socket.socket:
        """A TCP connection to it."""
        return socket.create_connection(("127.0.0.1", port or self.process.port), 5, (source, 0))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("filter"))
    yield made
    made.close()


def test_it_says_what_it_goes_by(place: Place) -> None:
    assert place.said == {"v": 1, "state": "serving", "revision": 1, "pack": place.built.sha256}


def test_each_client_has_its_own_answers_and_gets_them_from_the_address_it_asked(place: Place) -> None:
    blocked, other = query("ads.example"), query("www.example.org")
    for target in ("127.0.0.1", "127.0.0.2", "127.8.9.10"):
        assert place.ask(blocked, target=target)[3] & 15 == 3
    assert place.ask(other, "::1", "::1")[3] & 15 == 3  # closed
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect(("127.0.0.2", place.process.port))
        client.send(other)
        place.resolve("www.example.org", record(A, 60, V4))
        assert client.recv(4096).endswith(V4)
    assert place.ask(other).endswith(V4)
    assert place.ask(other, "127.0.0.9")[3] & 15 == 3  # nobody knows that one


def test_so_many_addresses_have_a_socket_and_others_are_answered_all_the_same(place: Place) -> None:
    # The first query to an address comes by the socket of all of them.
    for turn in range(3):
        for number in range(1, ADDRESSES_ASKED + 3):
            assert place.ask(query("ads.example", ident=turn), target=f"127.1.0.{number}")[:2] == bytes((0, turn))
    port = f":{place.process.port:04X} "
    bound = [line for line in Path("/proc/net/udp").read_text(encoding="ascii").splitlines() if port in line[:22]]
    assert len(bound) == ADDRESSES_ASKED + 1


def test_nothing_that_comes_stops_it(place: Place) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for data in (b"", b"\0", os.urandom(500), b"\xc0\x0c" * 200, bytes(4000), query("a.b") * 40):
            client.sendto(data, ("127.0.0.1", place.process.port))
    assert place.ask(query("ads.example"))[3] & 15 == 3


def framed(*messages: bytes) -> bytes:
    """Messages as they travel by TCP."""
    return b"".join(len(message).to_bytes(2, "big") + message for message in messages)


def received(connection: socket.socket) -> bytes:
    """The next message, b"" at the end."""
    head = connection.recv(2, socket.MSG_WAITALL)
    return connection.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL) if head else b""


def test_several_queries_on_one_connection(place: Place) -> None:
    with place.connect() as connection:
        connection.sendall(framed(query("ads.example", ident=1), query("tcp.example.org", ident=2))[:9])
        connection.sendall(framed(query("ads.example", ident=1), query("tcp.example.org", ident=2))[9:])
        assert received(connection)[:2] == b"\0\1"
        place.resolve("tcp.example.org", record(A, 60, V4))
        answer = received(connection)
        assert answer[:2] == b"\0\2" and answer.endswith(V4)
        # More of them than may wait at a time, all in one go: answered one after the other.
        many = [query("tcp.example.org", AAAA if number == 0 else A, ident=number) for number in range(3 * TCP_QUERIES)]
        connection.sendall(framed(*many))
        place.resolve("tcp.example.org", record(AAAA, 60, bytes(16)))
        assert {received(connection)[:2] for _ in many} == {number.to_bytes(2, "big") for number in range(len(many))}


def test_more_waiting_queries_than_may_wait_are_answered_all_the_same(place: Place) -> None:
    with place.connect() as connection:
        count = TCP_QUERIES + 8
        connection.sendall(framed(*[query(f"n{number}.tcp.example", ident=number) for number in range(count)]))
        for number in range(count):
            place.resolve(f"n{number}.tcp.example", record(A, 60, V4))
        assert {received(connection)[:2] for _ in range(count)} == {
            number.to_bytes(2, "big") for number in range(count)
        }


@pytest.mark.parametrize("data", [framed(b"\0" * 5), framed(b"\0\1\x81\0" + bytes(8)), framed(b"")])
def test_who_sends_what_is_no_query_is_hung_up_on(place: Place, data: bytes) -> None:
    with place.connect() as connection:
        connection.sendall(data)
        with contextlib.suppress(ConnectionResetError):
            assert received(connection) == b""


def test_a_client_has_so_many_connections_and_no_more(place: Place) -> None:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(place.connect("127.0.0.5")) for _ in range(TCP_CONNECTIONS_A_CLIENT)]
        for connection in held:
            connection.sendall(framed(query("ads.example")))
            assert received(connection)
        refused = stack.enter_context(place.connect("127.0.0.5"))
        with contextlib.suppress(ConnectionError):
            refused.sendall(framed(query("ads.example")))
            assert received(refused) == b""
        other = stack.enter_context(place.connect("127.0.0.6"))
        other.sendall(framed(query("ads.example")))
        assert received(other)


def test_who_does_not_read_is_hung_up_on(place: Place) -> None:
    with place.connect("127.0.0.7") as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        asked = framed(*[query("ads.example", 255)] * 400)

        def is_ended() -> bool:
            try:
                for _ in range(50):
                    connection.send(asked)
            except BlockingIOError:
                return False
            except ConnectionError:
                return True
            return False

        wait_until("the end of the connection", is_ended, 30)


def http(place: Place, request: bytes) -> bytes:
    """The whole response to a request."""
    with place.connect(port=place.process.probe_port) as connection:
        connection.sendall(request)
        chunks = []
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(4096):
                chunks.append(chunk)
        return b"".join(chunks)


def test_connectivity_checks_are_answered(place: Place) -> None:
    ask = b"GET %s HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\n\r\n"
    assert http(place, ask % b"/generate_204").startswith(b"HTTP/1.1 204 No Content\r\n")
    assert http(place, ask % b"/hotspot-detect.html").endswith(b"<BODY>Success</BODY></HTML>")
    assert http(place, ask % b"/else").startswith(b"HTTP/1.1 404 ")
    # Byte by byte is a request too.
    with place.connect(port=place.process.probe_port) as connection:
        for byte in ask % b"/ncsi.txt":
            connection.sendall(bytes((byte,)))
        assert connection.recv(4096).endswith(b"Microsoft NCSI")


@pytest.mark.parametrize("data", [b"\0" * 50 + b"\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n", b"GET /\r\n\r\n"])
def test_what_is_no_request_is_a_bad_one(place: Place, data: bytes) -> None:
    assert http(place, data).startswith(b"HTTP/1.1 400 ")


def test_a_request_without_end_is_hung_up_on(place: Place) -> None:
    assert http(place, b"GET /" + b"a" * (PROBE_BYTES + 1)) == b""


def told(place: Place, content: bytes) -> tuple[int, str]:
    """What it says after a frame: revision and pack."""
    said = place.process.tell_frame(content)
    return said["revision"], said["pack"]


def test_a_change_loses_no_query_and_holds_from_its_word_on(place: Place) -> None:
    second = build((("ads.example", ("ads",)), ("new.example", ("ads",))), (), place.folder / "two.pack")
    asked = query("new.example")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", place.process.port))
        for ident in range(200):
            client.send(query("ads.example", ident=ident))
        path = str(place.folder / "two.pack")
        said = place.process.tell(policy(2, Pack("names", "v2", second.sha256, second.bytes)), LEVELS, path)
        assert (said["revision"], said["pack"]) == (2, second.sha256)
        client.settimeout(5)
        assert {client.recv(512)[:2] for _ in range(200)} == {ident.to_bytes(2, "big") for ident in range(200)}
    assert place.ask(asked)[3] & 15 == 3
    assert place.process.tell(policy(3, place.pack), LEVELS | {"dphone": "closed"}, path)["revision"] == 3
    assert place.ask(query("www.example.org"))[3] & 15 == 3
    assert place.process.tell(policy(4, place.pack), LEVELS, path)["revision"] == 4
    assert place.ask(query("www.example.org")).endswith(V4)


def test_what_cannot_be_read_changes_nothing(place: Place) -> None:
    said = place.process.tell(policy(5, place.pack), LEVELS, str(place.folder / "one.pack"))
    before = (5, said["pack"])
    damaged = place.folder / "damaged.pack"
    damaged.write_bytes((place.folder / "one.pack").read_bytes()[:-1] + b"\0")
    for content in (
        b"",
        b"{}",
        b"\xff\n",
        b'{"v":1,"levels":{},"pack":""}\n[]',
        b'{"v":2,"levels":{},"pack":""}\n',
        ODD_LEVEL,
    ):
        assert told(place, content) == before
    for path in (str(damaged), "/nowhere", str(place.folder)):
        head = json.dumps({"v": 1, "levels": LEVELS, "pack": path}).encode()
        assert told(place, head + b"\n" + policy(6, place.pack)) == (6, before[1])
    assert place.ask(query("ads.example"))[3] & 15 == 3
    assert place.ask(query("www.example.org")).endswith(V4)


def test_without_any_list_the_policy_needs_one(place: Place) -> None:
    place.process.tell(policy(7), LEVELS)  # names none
    assert place.ask(query("www.example.org")).endswith(V4)
    place.process.tell(policy(8, place.pack), LEVELS)  # names one that is not here
    assert place.ask(query("www.example.org"))[3] & 15 == 2
    place.process.tell(policy(9, place.pack), LEVELS, str(place.folder / "one.pack"))
    assert place.ask(query("www.example.org")).endswith(V4)


def test_it_ends_with_its_channel(tmp_path: Path) -> None:
    made = Place(tmp_path)
    assert made.process.stop() == 0
    assert made.process.program.tail() == ""
    made.close()


# The filter, which hangs for good at SIGUSR1, and then writes the file that is its first word.
FILTER = """
import pathlib, signal, sys
from stairgate.agent.dns.__main__ import main
def hang(*_):
    pathlib.Path(sys.argv[1]).touch()
    while True:
        signal.pause()
signal.signal(signal.SIGUSR1, hang)
sys.exit(main(sys.argv[2:]))
"""
# A parent that tells it one policy and never ends by itself; it says the filter's process id once that serves.
PARENT = """
import json, select, sys, time
from stairgate.agent.filter_process import FilterProcess
process = FilterProcess([sys.executable, "-c", *json.loads(sys.argv[1])])
process.tell(bytes.fromhex(sys.argv[2]))
while not process.is_current():
    process.turn(time.monotonic())
    select.select([process], [], [], 0.01)
print(process._child.pid, flush=True)
select.select([], [], [])
"""


def state_of(pid: int) -> str:
    """The state of a process in one letter: T stopped, Z nobody has asked how it ended; "" once it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return ""


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGUSR1])
def test_stopped_or_hanging_it_ends_with_a_parent_that_was_killed(tmp_path: Path, how: signal.Signals) -> None:
    port = free_port()
    hangs = tmp_path / "hangs"
    (tmp_path / "clients.json").write_text("{}", encoding="ascii")
    words = ["--lan", "lo", "--resolver", "127.0.0.1", "--port", str(port), "--probe-port", str(free_port())]
    words += ["--clients", str(tmp_path / "clients.json")]
    frame = b'{"v":1,"levels":{},"pack":""}\n' + policy()
    command = [sys.executable, "-c", PARENT, json.dumps([FILTER, str(hangs), *words]), frame.hex()]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        try:
            os.kill(pid, how)
            wait_until("its hanging", lambda: state_of(pid) == "T" or hangs.exists())
            parent.kill()
            parent.wait()
            wait_until("its end", lambda: state_of(pid) in ("", "Z"))
        finally:
            parent.kill()
            if state_of(pid) not in ("", "Z"):
                os.kill(pid, signal.SIGKILL)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", port))


def test_without_any_interface_it_ends_and_says_so(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        words = [sys.executable, "-m", "stairgate.agent.dns", "--channel", str(theirs.fileno()), "--lan", "absent0"]
        words += ["--resolver", "127.0.0.1"]
        program = Program("filter", words, tmp_path, keep_descriptors=[theirs.fileno()])
        assert program.wait_end() == 1
    assert "no names are answered on absent0" in program.tail()
