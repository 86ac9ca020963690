"""Hostile bytes to the running hub, over HTTP and HTTPS: no crash, no hang, no answer to what was not asked.

What is in front of Flask is waitress and the front that ends TLS; here they are the real ones. Each case is followed by
one honest request that closes the connection, so that reading ends with it and shows whether the two were mixed up.
"""

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from stairgate.port.clock import SystemClock
from stairgate.provisioning.home import create_home
from tests.unit.hub import test_process
from tests.unit.hub.conftest import Hub
from tests.unit.hub.test_https import Secured

SECONDS = 20.0
LAST = b"GET /help?last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

Connect = Callable[[], socket.socket]


class Heard(NamedTuple):
    """All that came back on one connection. statuses: of the answers, in order."""

    data: bytes
    statuses: tuple[int, ...]


def say(connect: Connect, *parts: bytes) -> Heard:
    """Send everything, whether the hub wants it or not, and read until it closes; it has to, in time."""
    with connect() as connection:
        connection.settimeout(SECONDS)
        try:
            for part in parts:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass  # it has refused before everything was said
        data = b""
        try:
            while chunk := connection.recv(65536):
                data += chunk
        except (ConnectionResetError, ssl.SSLError):
            pass
    return Heard(data, tuple(int(found) for found in re.findall(rb"HTTP/1\.[01] (\d{3}) [A-Z]", data)))


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[test_process.Hub]:
    """The hub as it is installed, in a process of its own; without its broker, which no page needs."""
    folder = tmp_path_factory.mktemp("server")
    names, addresses = ["hub.lan"], ["127.0.0.1"]
    port = test_process.free_port()
    home = create_home(folder / "home", addresses, names, port, ["router"], SystemClock(), addresses)
    started = test_process.Hub(home, folder / "data")
    started.claim()
    yield started
    assert started.process.poll() is None, "".join(started.lines)
    started.stop()


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A hub whose pages come over TLS as well, one for all that is said to it."""
    hub = Hub()
    assert hub.claim().status_code == 303
    started = Secured(hub, tmp_path_factory.mktemp("secured"))
    yield started
    started.stop()
    hub.store.close()


@pytest.fixture
def plain(process: test_process.Hub) -> Connect:
    port = int(process.address.rpartition(":")[2])
    return lambda: socket.create_connection(("127.0.0.1", port), SECONDS)


@pytest.fixture(params=["http", "https"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """The plain pages of the process, and those behind TLS."""
    if request.param == "http":
        found: Connect = request.getfixturevalue("plain")
        return found
    front: Secured = request.getfixturevalue("secured")
    return front.connect


def get(host: bytes, target: bytes = b"/help") -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"


OWN = (b"127.0.0.1", b"127.0.0.1:8080", b"localhost", b"LOCALHOST.", b"localhost:1")
FOREIGN = (
    *(b"evil.example", b"evil.example:8080", b"127.0.0.1.evil.example", b"localhost.evil.example", b"evil-localhost"),
    *(b"127.1", b"2130706433", b"0x7f000001", b"0177.0.0.1", b"127.0.0.1@evil.example", b"localhost@evil.example"),
    *(b"evil.example#localhost", b"localhost/evil.example", b"localhost, evil.example", b"evil.example localhost"),
    *(
        b"localhost:80:80",
        b"localhost:evil",
        b"[::ffff:8.8.8.8]",
        b"[localhost",
        b"8.8.8.8",
        b"*",
        b"%00",
        b"\xff",
        b"",
    ),
    *(b"<script>", b"a" * 5000),
)


@pytest.mark.parametrize("host", OWN)
def test_the_hub_answers_to_its_own_names(connect: Connect, host: bytes) -> None:
    assert say(connect, get(host), LAST).statuses == (200, 200)


def test_a_page_of_another_name_gets_nothing(connect: Connect) -> None:
    """DNS rebinding: the browser believes the address to be the attacker's site, and says its name."""
    for host in FOREIGN:
        for target in (b"/help", b"/login", b"/status", b"/me"):
            heard = say(connect, get(host, target), LAST)
            assert heard.statuses[:1] == (400,), (host, target, heard.data[:300])
            refusal = b"HTTP/1.1 ".join(heard.data.split(b"HTTP/1.1 ")[:2])  # without the honest request's answer
            assert b"</html>" in refusal
            assert b"csrf_token" not in refusal and b"Set-Cookie" not in refusal


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /help HTTP/1.1\r\n\r\n", 400),
        (b"GET /help HTTP/1.0\r\n\r\n", 400),
        (b"GET /help HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET /help HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /help HTTP/1.1\r\nHost: localhost\r\nhost: localhost\r\n\r\n", 400),
        (b"GET http://localhost/help HTTP/1.1\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET http://evil.example/help HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
        (b"GET /help HTTP/1.1\r\nX-Forwarded-Host: localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET /help HTTP/1.1\r\nForwarded: host=localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET //evil.example/help HTTP/1.1\r\nHost: localhost\r\n\r\n", 303),
    ],
)
def test_whose_name_counts(connect: Connect, request_bytes: bytes, status: int) -> None:
    heard = say(connect, request_bytes, LAST)
    assert heard.statuses[:1] == (status,), heard.data[:400]
    # No link or redirect ever leads to the name that somebody else put there.
    assert b"//evil.example" not in heard.data.replace(b"\\/", b"/")


POST = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
HIDDEN = b"GET /status?hidden HTTP/1.1\r\nHost: localhost\r\nX: "
BAD_FRAMING = {
    "a size that is none": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + HIDDEN,
    "a negative size": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + HIDDEN,
    "a size with a sign": POST + b"Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n" + HIDDEN,
    "a size in hex notation": POST + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n" + HIDDEN,
    "a size with underscores": POST
    + b"Transfer-Encoding: chunked\r\n\r\n1_0\r\n"
    + b"a" * 16
    + b"\r\n0\r\n\r\n"
    + HIDDEN,
    "more than its size": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nABCDEF\r\n0\r\n\r\n" + HIDDEN,
    "another coding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunked, then another": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "nearly chunked": POST + b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\na=b" + HIDDEN,
    "two lengths in one": POST + b"Content-Length: 3, 5\r\n\r\na=b" + HIDDEN,
    "a length with a sign": POST + b"Content-Length: +3\r\n\r\na=b" + HIDDEN,
    "a negative length": POST + b"Content-Length: -3\r\n\r\na=b" + HIDDEN,
    "a length in hex": POST + b"Content-Length: 0x3\r\n\r\na=b" + HIDDEN,
    "a length in other digits": POST + "Content-Length: ٣\r\n\r\na=b".encode() + HIDDEN,
    "a length beyond all bounds": POST + b"Content-Length: 9" + b"9" * 30 + b"\r\n\r\na=b" + HIDDEN,
    "more than a form": POST + b"Content-Length: 65536\r\n\r\n" + b"a" * 65536,
    "a space before the colon": POST + b"Content-Length : 3\r\n\r\na=b" + HIDDEN,
    "a bare CR in a header": POST + b"X: a\rContent-Length: 30\r\n\r\n" + HIDDEN,
    "a bare LF in a header": POST + b"X: a\nContent-Length: 3\r\n\r\na=b" + HIDDEN,
    "NUL in a header": POST + b"X: a\0b\r\nContent-Length: 3\r\n\r\na=b" + HIDDEN,
    "a name that is none": POST + b"X(): a\r\nContent-Length: 3\r\n\r\na=b" + HIDDEN,
    "no colon": POST + b"nothing\r\nContent-Length: 3\r\n\r\na=b" + HIDDEN,
}


@pytest.mark.parametrize("name", BAD_FRAMING)
def test_a_request_whose_end_can_be_read_two_ways_ends_the_connection(connect: Connect, name: str) -> None:
    heard = say(connect, BAD_FRAMING[name], LAST)
    # Whoever still sends when the connection ends may see its end before the answer.
    unheard = name == "more than a form" and not heard.data
    assert unheard or heard.statuses in ((400,), (413,), (501,)), (name, heard.data[:500])
    assert say(connect, LAST).statuses == (200,)


def test_a_length_beside_chunks_is_not_believed(connect: Connect) -> None:
    """The chunks count, so that what follows them is a request of its own, judged by itself."""
    hidden = b"GET /status HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    for length in (b"0", b"5", b"60"):
        framing = b"Transfer-Encoding: chunked\r\nContent-Length: " + length + b"\r\n\r\n0\r\n\r\n"
        heard = say(connect, POST + framing + hidden, LAST)
        assert heard.statuses[0] in (400, 501), heard.data[:300]
        assert 401 not in heard.statuses and 200 not in heard.statuses[:1]


READ_ONE_WAY = {
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a folded header": b"X: a\r\n Content-Length: 3\r\n\r\n",
}


@pytest.mark.parametrize("name", READ_ONE_WAY)
def test_what_old_clients_may_say_is_read_one_way(connect: Connect, name: str) -> None:
    """A form without its token, then a request with two hosts: each is refused for itself."""
    assert say(connect, POST + READ_ONE_WAY[name] + HIDDEN, LAST).statuses == (400, 400)


NO_REQUESTS = {
    "nothing but zeros": bytes(65536),
    "a client's hello of TLS": bytes.fromhex("160301020001000 1fc0303".replace(" ", "")) + bytes(500),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100),
    "HTTP/0.9": b"GET /help\r\n\r\n",
    "a version that is none": b"GET /help HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "a version of letters": b"GET /help HTTX/1.1\r\nHost: localhost\r\n\r\n",
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    "all of it": b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a method in small letters": b"get /help HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a long address": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a broken address": b"GET http://[::1/help HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "percent signs": b"GET /%zz%%%00%ff%2e%2e/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bytes that are no text": b"GET /\xff\xfe\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a header of 64 KB": b"GET /help HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 65536 + b"\r\n\r\n",
    "a cookie of 64 KB": b"GET /help HTTP/1.1\r\nHost: localhost\r\nCookie: sg=" + b"a;" * 32768 + b"\r\n\r\n",
    "10,000 headers": b"GET /help HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 10_000 + b"\r\n",
    "headers without end": b"GET /help HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 60_000,
    "a line without end": b"GET /" + b"a" * 500_000,
    "a shell": b"() { :;}; reboot\r\n\r\n",
    "empty lines": b"\r\n" * 1000,
}


@pytest.mark.parametrize("name", NO_REQUESTS)
def test_what_is_no_request_is_answered_or_hung_up_on(connect: Connect, name: str) -> None:
    heard = say(connect, NO_REQUESTS[name], LAST)
    assert not set(heard.statuses) & {500, 502, 504}, heard.data[:300]
    assert b"Traceback" not in heard.data
    assert len(heard.statuses) <= 2
    assert say(connect, LAST).statuses == (200,)


def test_pipelined_requests_are_answered_in_their_order(connect: Connect) -> None:
    paths = [(b"/help", 200), (b"/status", 401), (b"/nothing", 303), (b"/login", 200)] * 12
    heard = say(connect, *(get(b"localhost", path) for path, _ in paths), LAST)
    assert heard.statuses == (*(status for _, status in paths), 200)


def test_a_request_that_is_refused_takes_nothing_of_the_next_one(connect: Connect) -> None:
    """The body of a refused form is read as a body, never as a request."""
    inside = b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for head in (POST, POST.replace(b"localhost", b"evil.example"), POST.replace(b"/login", b"/nothing")):
        heard = say(connect, head + b"Content-Length: %d\r\n\r\n" % len(inside) + inside, LAST)
        assert 401 not in heard.statuses, heard.data[:300]
        assert heard.statuses[-1] == 200 and len(heard.statuses) == 2


def test_the_process_has_told_no_traceback(process: test_process.Hub, plain: Connect) -> None:
    assert say(plain, LAST).statuses == (200,)
    assert "Traceback" not in "".join(process.lines)
