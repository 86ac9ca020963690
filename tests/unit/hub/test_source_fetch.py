"""Fetching a list: whole and within bounds or not at all, and never from inside a home."""

import gzip
import hashlib
import http.server
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stairgate.hub import limits
from stairgate.hub.public_http import NotPublic, PublicHttp, Resolved, is_public
from stairgate.hub.source_fetch import Fetcher, FetchFault, is_address

LIST = b"# a list\n" + b"".join(b"name%d.example\n" % number for number in range(2000))
DIGEST = hashlib.sha256(LIST).hexdigest()

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


def answer(status: int = 200, body: bytes = LIST, announced: int | None = None, **headers: str) -> Answer:
    """An answer with these headers (`_` for `-`); `announced`: the length that is told instead of the real one."""

    def send(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body) if announced is None else announced))
        request.end_headers()
        request.wfile.write(body)

    return send


class Server:
    """A web server on loopback whose answers a test sets by path; it remembers what was asked."""

    def __init__(self, trust: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                outer.answers[self.path](self)

            def log_message(self, format: str, *values: object) -> None:
                """Nothing."""

        class Http(http.server.ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """Whoever does not believe the certificate goes away in the middle; that is what is tried."""

        self._server = Http(("127.0.0.1", 0), Handler)
        if trust:
            self._server.socket = trust.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def serving(trust: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(trust)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def at_home(host: str, port: int) -> Resolved:
    """Every name is this machine."""
    return [(socket.AF_INET, "127.0.0.1")]


def fetcher(resolver: Callable[[str, int], Resolved] = at_home) -> Fetcher:
    """One that may fetch from this machine, where the tests' servers are."""
    return Fetcher(PublicHttp(resolver, allows=lambda address: True))


def url(server: Server, path: str = "/list") -> str:
    return f"http://lists.example:{server.port}{path}"


def fault(server: Server, target: Path, path: str = "/list") -> str:
    with pytest.raises(FetchFault) as raised:
        fetcher().fetch(url(server, path), target)
    assert not target.exists()
    return str(raised.value)


# What comes


def test_a_list_is_on_the_disk_with_what_to_ask_by_next_time(server: Server, tmp_path: Path) -> None:
    server.answers["/list?a=1"] = answer(ETag='"v1"', Last_Modified="Thu, 26 Nov 2026 10:00:00 GMT")

    fetched = fetcher().fetch(url(server, "/list?a=1"), tmp_path / "new")

    assert fetched == (False, '"v1"', "Thu, 26 Nov 2026 10:00:00 GMT", len(LIST), DIGEST)
    assert (tmp_path / "new").read_bytes() == LIST
    headers = server.asked[0][1]
    assert headers["host"] == f"lists.example:{server.port}"
    assert "if-none-match" not in headers and "cookie" not in headers


def test_what_has_not_changed_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    server.answers["/list"] = answer(304, b"")

    fetched = fetcher().fetch(url(server), tmp_path / "new", '"v1"', "Thu, 26 Nov 2026 10:00:00 GMT")

    assert fetched.unchanged and not (tmp_path / "new").exists()
    assert server.asked[0][1]["if-none-match"] == '"v1"'
    assert server.asked[0][1]["if-modified-since"] == "Thu, 26 Nov 2026 10:00:00 GMT"


def test_not_modified_to_nobody_who_asked_is_no_list(server: Server, tmp_path: Path) -> None:
    server.answers["/list"] = answer(304, b"")
    assert "304" in fault(server, tmp_path / "new")


@pytest.mark.parametrize(("header", "value"), [("Content_Encoding", "gzip"), ("Content_Type", "application/gzip")])
@pytest.mark.parametrize("parts", [1, 3])
def test_packed_lists_are_unpacked(server: Server, tmp_path: Path, header: str, value: str, parts: int) -> None:
    step = len(LIST) // parts + 1
    packed = b"".join(gzip.compress(LIST[at : at + step]) for at in range(0, len(LIST), step))
    server.answers["/list"] = answer(200, packed, None, **{header: value})
    assert fetcher().fetch(url(server), tmp_path / "new").sha256 == DIGEST


@pytest.mark.parametrize("size", [0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 1_000_000])
def test_of_every_size(server: Server, tmp_path: Path, size: int) -> None:
    for body in (b"x" * size, gzip.compress(b"x" * size)):
        server.answers["/list"] = answer(body=body)
        assert fetcher().fetch(url(server), tmp_path / f"new{len(body)}").bytes == size


def test_a_list_in_chunks(server: Server, tmp_path: Path) -> None:
    def send(request: http.server.BaseHTTPRequestHandler, cut: bool = False) -> None:
        request.protocol_version = "HTTP/1.1"
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        request.wfile.write(b"%x\r\n%s\r\n" % (len(LIST), LIST) + (b"" if cut else b"0\r\n\r\n"))

    server.answers.update({"/list": send, "/cut": lambda request: send(request, True)})
    assert fetcher().fetch(url(server), tmp_path / "new").sha256 == DIGEST
    assert fault(server, tmp_path / "other", "/cut") == "The connection to its server failed."


@pytest.mark.parametrize(
    ("sends", "why"),
    [
        (answer(404, b"no"), "answered 404"),
        (answer(500, b"no"), "answered 500"),
        (answer(206), "answered 206"),
        (answer(Content_Type="text/html; charset=utf-8"), "web page"),
        (answer(Content_Encoding="br"), "packed in a way"),
        (answer(announced=len(LIST) + 1), "cut short"),
        (answer(body=gzip.compress(LIST)[:-9]), "cut short"),
        (answer(body=gzip.compress(LIST) + b"rest"), "damaged"),
        (answer(body=b"\x1f\x8b" + b"x" * 100), "damaged"),
        (answer(302, b""), "sends us on and on"),
        (answer(302, b"", Location="/list"), "sends us on and on"),
        (answer(302, b"", Location="file:///etc/passwd"), "no address of a web server"),
        (answer(302, b"", Location="ftp://lists.example/x"), "no address of a web server"),
        (lambda request: None, "The connection to its server failed"),
        (lambda request: request.wfile.write(b"nonsense\r\n\r\n"), "The connection to its server failed"),
    ],
)
def test_what_is_no_list(server: Server, tmp_path: Path, sends: Answer, why: str) -> None:
    server.answers["/list"] = sends
    assert why in fault(server, tmp_path / "new")


# Certificates


def identity(folder: Path, name: str) -> ssl.SSLContext:
    """A server that says it is `name`, with a certificate of its own making in `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


def test_a_server_has_to_prove_who_it_is(tmp_path: Path) -> None:
    with serving(identity(tmp_path, "lists.example")) as secured, serving() as plain:
        secured.answers["/list"] = answer()
        secured.answers["/down"] = answer(302, b"", Location=f"http://lists.example:{plain.port}/list")
        plain.answers["/list"] = answer()
        secured_url = f"https://lists.example:{secured.port}/"
        trust = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
        ours = Fetcher(PublicHttp(at_home, lambda address: True, trust))

        assert ours.fetch(secured_url + "list", tmp_path / "good").sha256 == DIGEST
        with pytest.raises(FetchFault, match="not secured"):
            ours.fetch(secured_url + "down", tmp_path / "new")
        for stranger, address in (
            (ours, f"https://other.example:{secured.port}/list"),
            (fetcher(), secured_url + "list"),
        ):
            with pytest.raises(FetchFault, match="certificate is wrong"):
                stranger.fetch(address, tmp_path / "new")
        assert len(secured.asked) == 2 and plain.asked == []


# Bounds


def test_a_list_has_a_largest_size_packed_and_unpacked(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SOURCE_WIRE_BYTES_MAX", 10_000)
    monkeypatch.setattr(limits, "SOURCE_BYTES_MAX", 100_000)
    server.answers.update(
        {
            "/wire": answer(body=bytes(10_001)),
            "/bomb": answer(body=gzip.compress(bytes(8_000_000))),
            "/fits": answer(body=gzip.compress(bytes(100_000))),
        }
    )
    assert "larger than" in fault(server, tmp_path / "new", "/wire")
    assert "larger than" in fault(server, tmp_path / "new", "/bomb")
    assert fetcher().fetch(url(server, "/fits"), tmp_path / "new").bytes == 100_000
    with pytest.raises(FetchFault, match="larger than"):
        fetcher().fetch(url(server, "/fits"), tmp_path / "other", room=99_999)


def test_a_list_has_a_longest_time_and_can_be_broken_off(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, asked = threading.Event(), threading.Event()

    def drip(request: http.server.BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nname.example\n")
        asked.set()
        goes_on.wait(30)

    server.answers["/list"] = drip
    try:
        ours = fetcher()

        def stop() -> None:
            asked.wait(30)
            ours.stop()

        stopper = threading.Thread(target=stop)
        stopper.start()
        # Without an announced length the end of the connection is the end of the list, but for this.
        with pytest.raises(FetchFault, match="broken off"):
            ours.fetch(url(server), tmp_path / "new")
        stopper.join()
        assert not (tmp_path / "new").exists()
        monkeypatch.setattr(limits, "SOURCE_SECONDS_MAX", 0.05)
        assert fault(server, tmp_path / "new") == "It did not arrive in time."
        monkeypatch.setattr(limits, "SOURCE_SECONDS_MAX", 300)
        monkeypatch.setattr(limits, "SOURCE_SILENT_SECONDS", 0.05)
        assert fault(server, tmp_path / "new") == "Its server did not answer in time."
    finally:
        goes_on.set()


def test_what_a_server_says_of_its_list_is_kept_only_if_it_can_be_sent_back(server: Server, tmp_path: Path) -> None:
    server.answers["/list"] = answer(ETag='"' + "x" * 300 + '"', Last_Modified="\xe9t\xe9")
    fetched = fetcher().fetch(url(server), tmp_path / "new")
    assert (fetched.etag, fetched.modified) == ("", "")


# Where from


def test_redirects_are_followed_and_each_host_is_looked_up(server: Server, tmp_path: Path) -> None:
    looked_up: list[str] = []

    def resolver(host: str, port: int) -> Resolved:
        looked_up.append(host)
        return at_home(host, port)

    server.answers["/list"] = answer(301, b"", Location=f"http://other.example:{server.port}/there")
    server.answers["/there"] = answer(307, b"", Location="/here")
    server.answers["/here"] = answer()
    assert fetcher(resolver).fetch(url(server), tmp_path / "new").sha256 == DIGEST
    assert looked_up == ["lists.example", "other.example", "other.example"]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2a00:1450:4001:82a::2003", True),
        ("64:ff9b::5db8:d70e", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("198.18.0.53", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:192.168.1.1", False),
        ("64:ff9b::c0a8:101", False),
        ("2002:c0a8:101::1", False),
        ("hub", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) == public


def test_no_list_is_fetched_from_inside_a_home(server: Server, tmp_path: Path) -> None:
    server.answers["/list"] = answer()
    for host in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1", "2130706433"):
        with pytest.raises(FetchFault):
            Fetcher().fetch(f"http://{host}:{server.port}/list", tmp_path / "new")
    assert server.asked == []


def test_a_redirect_leads_no_list_inside_either(server: Server, tmp_path: Path) -> None:
    def resolver(host: str, port: int) -> Resolved:
        return [(socket.AF_INET, "127.0.0.2" if host == "inside.example" else "127.0.0.1")]

    server.answers["/list"] = answer(302, b"", Location=f"http://inside.example:{server.port}/secret")
    ours = Fetcher(PublicHttp(resolver, allows=lambda address: address == "127.0.0.1"))
    with pytest.raises(FetchFault, match="home network"):
        ours.fetch(url(server), tmp_path / "new")
    assert [path for path, _ in server.asked] == ["/list"]


def test_a_name_that_changes_its_mind_is_reached_by_the_address_that_was_judged(server: Server) -> None:
    """DNS rebinding: whatever a second look-up would say, there is none."""
    answers: list[Resolved] = [[(socket.AF_INET, "127.0.0.1")], [(socket.AF_INET, "127.0.0.2")]]
    judged: list[str] = []

    def judge(address: str) -> bool:
        judged.append(address)
        return True

    ours = PublicHttp(lambda host, port: answers.pop(0), judge)
    with ours.connect("http", "lists.example", server.port, 5) as joined:
        assert joined.getpeername()[0] == "127.0.0.1" and judged == ["127.0.0.1"]


def test_of_several_addresses_only_public_ones_are_tried(server: Server) -> None:
    both = [(socket.AF_INET, "127.0.0.9"), (socket.AF_INET, "127.0.0.1")]
    with PublicHttp(lambda host, port: both, lambda address: address == "127.0.0.1").connect(
        "http", "lists.example", server.port, 5
    ) as joined:
        assert joined.getpeername()[0] == "127.0.0.1"
    with pytest.raises(NotPublic):
        PublicHttp(lambda host, port: both).connect("http", "lists.example", server.port, 5)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("https://lists.example/a?b=c", True),
        ("http://lists.example:8080/", True),
        ("ftp://lists.example/", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("https://user:word@lists.example/", False),
        ("https://lists.example:99999/", False),
        ("https://lists.example:0/", False),
        ("https://lists.example/a b", False),
        ("https://lists.example/\r\nX: y", False),
        ("https://[::1/", False),
        ("https://lists.example/" + "a" * 500, False),
        ("//lists.example/", False),
    ],
)
def test_which_addresses_a_list_may_be_at(text: str, good: bool) -> None:
    assert is_address(text) == good
