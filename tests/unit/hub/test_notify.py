"""A word to an ntfy server: sent over real sockets, with the number and nothing else; failing servers delay nothing."""

import datetime
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stairgate.hub import language, limits
from stairgate.hub.notify import Notifier, Outcome, Target, fault_of, says
from stairgate.hub.public_http import PublicHttp
from tests.unit.hub.conftest import HOME, Hub
from tests.unit.hub.test_asking import MIAS, TABLET, send

TARGET = "https://ntfy.example"


class Server:
    """An ntfy server on loopback, over TLS; `status`: what it answers."""

    def __init__(self, folder: Path) -> None:
        self.posts: list[tuple[str, bytes, str]] = []
        self.status = 200
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.posts.append((self.path, body, str(self.headers)))
                self.send_response(server.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        certificate, key = _certificate(folder)
        self.trust = ssl.create_default_context(cafile=str(certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def internet(self, trust: ssl.SSLContext | None = None) -> PublicHttp:
        """Every name leads to this server, which counts as public."""
        return PublicHttp(lambda host, port: [(2, "127.0.0.1")], lambda address: True, trust or self.trust)

    @property
    def url(self) -> str:
        return f"{TARGET}:{self.port}"


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ntfy.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("ntfy.example")]), False)
        .sign(key, hashes.SHA256())
    )
    (folder / "crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return folder / "crt", folder / "key"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.close()


@pytest.fixture
def notifier(hub: Hub, server: Server) -> Notifier:
    """A notifier that is on, and a child's tablet that may ask."""
    mia = hub.add_child("Mia")
    hub.add_device(mia, TABLET)
    hub.parts.acts.set_bedtime(mia, 127, 20 * 60 + 30, 7 * 60)
    hub.network.neighbours[MIAS] = TABLET
    notifier = Notifier(hub.store, HOME, hub.clock, server.internet)
    notifier.choose(Target(server.url, "a-long-topic-of-ours"))
    return notifier


def turn(notifier: Notifier) -> None:
    notifier.turn()
    notifier.wait(20)


def test_a_word_holds_the_number_and_nothing_else(hub: Hub, server: Server, notifier: Notifier) -> None:
    turn(notifier)
    assert server.posts == []
    assert send(hub, "/me/ask", kind="time", minutes="15", words="a secret of mine")[0] == 303
    turn(notifier)
    ((path, body, headers),) = server.posts
    assert (path, body) == ("/a-long-topic-of-ours", b"1 question waits in Stairgate")
    for text in ("Mia", "secret", "tablet", "time"):
        assert text not in body.decode() + headers
    assert notifier.outcome == Outcome(hub.clock.wall(), "")


def test_each_question_is_told_once_and_not_more_often_than_once_a_minute(
    hub: Hub, server: Server, notifier: Notifier
) -> None:
    send(hub, "/me/ask", kind="time", minutes="15")
    turn(notifier)
    send(hub, "/me/ask", kind="time", minutes="30")
    turn(notifier)
    assert len(server.posts) == 1
    hub.clock.advance(limits.NOTIFY_SECONDS_BETWEEN)
    for _ in range(3):
        turn(notifier)
        hub.clock.advance(limits.NOTIFY_SECONDS_BETWEEN)
    assert [body for _, body, _ in server.posts] == [says(1).encode(), says(2).encode()]


def test_a_server_that_fails_is_tried_three_times(hub: Hub, server: Server, notifier: Notifier) -> None:
    server.status = 503
    send(hub, "/me/ask", kind="time", minutes="15")
    for _ in range(6):
        turn(notifier)
        hub.clock.advance(limits.NOTIFY_RETRY_SECONDS)
    assert len(server.posts) == limits.NOTIFY_TRIES
    assert notifier.outcome.said() == "The server answered 503."


def test_a_redirect_is_not_followed_and_a_certificate_is_verified(hub: Hub, server: Server, notifier: Notifier) -> None:
    server.status = 302
    send(hub, "/me/ask", kind="time", minutes="15")
    turn(notifier)
    assert notifier.outcome.said() == "The server answered 302."
    strict = Notifier(hub.store, HOME, hub.clock, lambda: server.internet(ssl.create_default_context()))
    turn(strict)
    assert "certificate" in strict.outcome.fault and len(server.posts) == 1


def test_nothing_inside_the_home_is_asked(hub: Hub, notifier: Notifier) -> None:
    inside = Notifier(hub.store, HOME, hub.clock, lambda: PublicHttp(lambda host, port: [(2, "192.168.77.1")]))
    send(hub, "/me/ask", kind="time", minutes="15")
    turn(inside)
    assert "public internet" in inside.outcome.fault


def test_a_server_that_never_answers_delays_no_page(hub: Hub, notifier: Notifier) -> None:
    began, may_end = threading.Event(), threading.Event()

    def stuck() -> PublicHttp:
        began.set()
        may_end.wait(20)
        raise OSError("never")

    slow = Notifier(hub.store, HOME, hub.clock, stuck)
    send(hub, "/me/ask", kind="time", minutes="15")
    slow.turn()
    assert began.wait(20)
    slow.turn()  # one at a time
    assert hub.get("/").status_code == 200 and send(hub, "/me/ask", kind="time", minutes="30")[0] == 303
    assert slow.outcome == Outcome()
    may_end.set()
    slow.wait(20)
    assert slow.outcome.fault == "It did not answer."


def test_a_word_speaks_the_language_of_whoever_switched_it_on(hub: Hub, server: Server, notifier: Notifier) -> None:
    hub.browser.set_cookie(language.COOKIE, "de")
    assert hub.post("/notify", url=server.url, topic="unsere").status_code == 303
    assert hub.parts.asking.notifier.target().speaks == notifier.target().speaks == "de"
    send(hub, "/me/ask", kind="time", minutes="15")
    server.status = 503
    turn(notifier)
    assert (server.posts[-1][0], server.posts[-1][1].decode()) == ("/unsere", "1 Frage wartet in Stairgate")
    assert "charset=utf-8" in server.posts[-1][2]
    # What came of it is said to whoever looks.
    assert notifier.outcome.said() == "The server answered 503."
    with language.speaking(language.LANGUAGES["de"]):
        assert notifier.outcome.said() == "Der Server hat mit 503 geantwortet."


@pytest.mark.parametrize("held", [{}, {"speaks": "xx"}])
def test_a_language_that_is_not_known_is_no_reason_to_be_silent(
    hub: Hub, server: Server, notifier: Notifier, held: dict[str, str]
) -> None:
    with hub.store.transaction(HOME) as rows:
        rows.put("settings", "notify", {"url": server.url, "topic": "ours", **held})
    notifier.try_now()
    notifier.wait(20)
    assert [body for _, body, _ in server.posts] == [b"This is a trial of Stairgate"]


def test_the_owner_switches_it_on_and_off(hub: Hub) -> None:
    assert not hub.parts.asking.notifier.target().is_on
    for url, topic in (("http://ntfy.example", "abc"), (TARGET, ""), (TARGET, "a/b"), ("", "abc"), ("https://", "a")):
        assert hub.post("/notify", url=url, topic=topic).status_code == 422, (url, topic)
    assert hub.post("/notify", url=TARGET, topic="ours").status_code == 303
    assert hub.parts.asking.notifier.target() == Target(TARGET, "ours")
    assert "Send a word for trial" in hub.get("/notify").text
    assert hub.post("/notify", url="", topic="").status_code == 303
    assert not hub.parts.asking.notifier.target().is_on
    assert fault_of(Target("x" * 600, "a")) and not fault_of(Target())


def test_only_the_owner_sees_it(hub: Hub) -> None:
    hub.parts.parents.add("coparent", "Ben", "correct horse battery")
    ben = hub.new_browser()
    assert hub.post("/login", ben, password="correct horse battery", name="Ben").status_code == 303
    assert hub.get("/notify", ben).status_code == 403
    assert hub.post("/notify", ben, url=TARGET, topic="ours").status_code == 403
