"""HTTPS: who gets in and how long, what a request is known by, the two sessions, and a certificate that is renewed."""

import http.client
import plistlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import request

from stairgate.hub import https_front, limits
from stairgate.hub.https_front import HttpsFront
from stairgate.hub.https_offer import Certificate
from stairgate.hub.https_start import open_https
from stairgate.hub.listening import bind
from stairgate.hub.serve import serve_pages
from stairgate.hub.web_session import COOKIE, SECURED_COOKIE
from stairgate.provisioning.web_authority import LEAF_LIFETIME, WebAuthority
from tests.unit.hub.conftest import PASSWORD, Hub

SECONDS = 20.0


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {SECONDS} s for {what}"
        threading.Event().wait(0.01)


class Secured:
    """A hub that serves both ways, and a browser that trusts its certificate."""

    def __init__(self, hub: Hub, directory: Path) -> None:
        self.hub = hub
        self.lines: list[str] = []
        self.directory = directory / "web"
        plain, https = bind("127.0.0.1:0"), bind("127.0.0.1:0")
        self.plain_port, self.port = plain.getsockname()[1], https.getsockname()[1]
        front = open_https(hub.parts, self.directory, [https], self.lines.append)
        assert front, self.lines
        self.front: HttpsFront = front
        plain.listen()
        self._stop = threading.Event()
        self._server = threading.Thread(target=serve_pages, args=(hub.parts, [plain], self._stop, front))
        self._server.start()

    def stop(self) -> None:
        self._stop.set()
        self._server.join(SECONDS)
        assert not self._server.is_alive()
        assert threading.active_count() == 1 or not any(each.name == "https" for each in threading.enumerate())

    def context(self) -> ssl.SSLContext:
        # The hub's clock stands still in a year that this machine may not have reached.
        context = ssl.create_default_context(cafile=str(self.directory / "ca.crt"))
        context.verify_flags |= 0x200000  # X509_V_FLAG_NO_CHECK_TIME
        return context

    def connect(self, source: str = "127.0.0.1") -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), SECONDS, (source, 0))
        return self.context().wrap_socket(plain, server_hostname="127.0.0.1")

    def ask(self, path: str, source: str = "127.0.0.1", **headers: str) -> tuple[int, dict[str, str], str]:
        """One GET over TLS: status, headers, text."""
        with self.connect(source) as secured:
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            connection.sock = secured
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()


@pytest.fixture
def secured(hub: Hub, tmp_path: Path) -> Iterator[Secured]:
    hub.app.config["TESTING"] = True
    secured = Secured(hub, tmp_path)
    yield secured
    secured.stop()


def seen(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str | None, str]]:
    """What the pages are told of each request from now on: address and scheme."""
    told: list[tuple[str | None, str]] = []

    def own_addresses() -> list[str]:  # asked by the guard of every request
        told.append((request.remote_addr, request.scheme))
        return ["127.0.0.1"]

    monkeypatch.setattr(hub.network, "own_addresses", own_addresses)
    return told


def test_a_page_over_tls(secured: Secured) -> None:
    status, headers, text = secured.ask("/help")

    assert status == 200
    assert "What Stairgate does" in text
    assert "Strict-Transport-Security" not in headers
    with secured.connect() as connection:
        assert connection.version() == "TLSv1.3"
    assert re.fullmatch(r"Certificate for phones, SHA-256: ([0-9A-F]{4} ?){16}", secured.lines[0])


def test_the_plain_page_goes_on(secured: Secured) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", secured.plain_port)
    connection.request("GET", "/help")
    answer = connection.getresponse()

    assert (answer.status, answer.getheader("Location")) == (200, None)
    connection.close()


def test_no_tls_older_than_1_2(secured: Secured) -> None:
    context = secured.context()
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    plain = socket.create_connection(("127.0.0.1", secured.port), SECONDS)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
        assert connection.version() == "TLSv1.2"
    assert secured.front.context.minimum_version == ssl.TLSVersion.TLSv1_2


# Who is asking


def test_the_pages_know_the_client_and_the_scheme(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    told = seen(secured.hub, monkeypatch)

    secured.ask("/help", source="127.0.0.7")
    connection = http.client.HTTPConnection("127.0.0.1", secured.plain_port, source_address=("127.0.0.8", 0))
    connection.request("GET", "/help")
    connection.getresponse().read()
    connection.close()

    assert told == [("127.0.0.7", "https"), ("127.0.0.8", "http")]


FORGED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "127.0.0.9",
    "X-Forwarded-Host": "localhost",
    "Forwarded": "for=127.0.0.9;proto=https",
    "X-Url-Scheme": "https",
    "Wsgi.Url_Scheme": "https",
    "Front-End-Https": "on",
    "Remote-Addr": "127.0.0.9",
}


def test_no_header_makes_a_plain_request_a_secured_one(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    told = seen(secured.hub, monkeypatch)
    connection = http.client.HTTPConnection("127.0.0.1", secured.plain_port)
    connection.request("GET", "/login", headers=FORGED)
    cookies = connection.getresponse().getheader("Set-Cookie") or ""
    connection.close()
    with socket.create_connection(("127.0.0.1", secured.plain_port), SECONDS) as plain:
        plain.sendall(b"GET https://127.0.0.1/help HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        while plain.recv(65536):
            pass

    assert told == [("127.0.0.1", "http")] * 2
    assert cookies.startswith(f"{COOKIE}=")


def test_no_header_changes_whose_secured_request_it_is(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    told = seen(secured.hub, monkeypatch)

    secured.ask("/help", source="127.0.0.7", **FORGED)

    assert told == [("127.0.0.7", "https")]


def test_the_inner_socket_refuses_everybody_but_the_front(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    told = seen(secured.hub, monkeypatch)
    with secured.connect() as held:  # the front has a connection of its own: its port is known
        held.sendall(b"GET /help HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert held.recv(1)
        with socket.create_connection(secured.front.upstream.getsockname(), SECONDS) as inner:
            try:
                inner.sendall(b"GET /help HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                assert inner.recv(1) == b""
            except ConnectionError:
                pass

    assert told == [("127.0.0.1", "https")]


# How much and how long


def test_silent_and_half_open_sockets_keep_nobody_out(secured: Secured) -> None:
    silent = [
        socket.create_connection(("127.0.0.1", secured.port), SECONDS, (f"127.0.0.{10 + number}", 0))
        for number in range(20)
    ]
    hello = secured.context().wrap_bio(
        incoming := ssl.MemoryBIO(), outgoing := ssl.MemoryBIO(), server_hostname="127.0.0.1"
    )
    with pytest.raises(ssl.SSLWantReadError):
        hello.do_handshake()
    assert incoming.pending == 0
    half = outgoing.read()[:-10]
    try:
        for each in silent[::2]:
            each.sendall(half)
        wait_for(lambda: secured.front.open_count() == 20, "twenty held connections")
        assert secured.ask("/help")[0] == 200
    finally:
        for each in silent:
            each.close()
    wait_for(lambda: secured.front.open_count() == 0, "their end")


def test_a_silent_client_is_let_go(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HTTPS_HANDSHAKE_SECONDS", 0.3)
    secured = Secured(hub, tmp_path)
    try:
        with socket.create_connection(("127.0.0.1", secured.port), SECONDS) as silent:
            assert silent.recv(1) == b""
    finally:
        secured.stop()


def test_a_client_that_asks_nothing_is_let_go(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.3)
    secured = Secured(hub, tmp_path)
    try:
        with secured.connect() as silent, secured.connect() as trickling:
            trickling.sendall(b"GET /help HT")
            assert (silent.recv(1), trickling.recv(1)) == (b"", b"")
    finally:
        secured.stop()


def test_a_client_that_takes_nothing_is_let_go(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HTTPS_STALLED_SECONDS", 0.3)
    secured = Secured(hub, tmp_path)
    try:
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.settimeout(SECONDS)
        plain.connect(("127.0.0.1", secured.port))
        with secured.context().wrap_socket(plain, server_hostname="127.0.0.1") as greedy:
            # More than all buffers on the way hold.
            greedy.sendall(b"GET /static/app.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 1000)
            wait_for(lambda: secured.front.open_count() == 0, "its end")
    finally:
        secured.stop()


def test_each_source_has_its_bound_and_no_other_source_feels_it(secured: Secured) -> None:
    bound = limits.HTTPS_CONNECTIONS_OF_ONE_SOURCE
    held = [secured.connect("127.0.0.2") for _ in range(bound)]
    try:
        with pytest.raises(OSError):
            secured.connect("127.0.0.2")
        assert secured.ask("/help", source="127.0.0.3")[0] == 200
        held.pop().close()
        wait_for(lambda: secured.front.open_count() == bound - 1, "room")
        assert secured.ask("/help", source="127.0.0.2")[0] == 200
    finally:
        for each in held:
            each.close()


def test_a_device_with_many_addresses_leaves_places_to_others(secured: Secured) -> None:
    bound, each_bound = limits.HTTPS_CONNECTIONS_OF_ONE_DEVICE, limits.HTTPS_CONNECTIONS_OF_ONE_SOURCE
    addresses = [f"127.0.1.{number}" for number in range(1, bound // each_bound + 2)]
    secured.hub.network.neighbours |= dict.fromkeys(addresses, "02:00:5e:10:00:01")
    held: list[socket.socket] = []
    try:
        held += [secured.connect(address) for address in addresses[:-1] for _ in range(each_bound)]
        with pytest.raises(OSError):
            secured.connect(addresses[-1])
        assert secured.ask("/help", source="127.0.2.1")[0] == 200
    finally:
        for each in held:
            each.close()


def test_handshakes_that_never_end_make_room_when_all_places_are_taken(secured: Secured) -> None:
    silent = [
        socket.create_connection(("127.0.0.1", secured.port), SECONDS, (f"127.0.2.{number}", 0))
        for number in range(1, limits.HTTPS_CONNECTIONS_MAX + 1)
    ]
    try:
        wait_for(lambda: secured.front.open_count() == limits.HTTPS_CONNECTIONS_MAX, "every place taken")
        for number in range(5):
            assert secured.ask("/help", source=f"127.0.3.{number + 1}")[0] == 200
        assert secured.front.open_count() <= limits.HTTPS_CONNECTIONS_MAX
        assert silent[0].recv(1) == b""
    finally:
        for each in silent:
            each.close()


def test_a_laptop_that_is_several_devices_loses_places_to_a_phone(secured: Secured) -> None:
    devices = limits.HTTPS_CONNECTIONS_MAX // limits.HTTPS_CONNECTIONS_OF_ONE_DEVICE
    of_one = limits.HTTPS_CONNECTIONS_OF_ONE_DEVICE // limits.HTTPS_CONNECTIONS_OF_ONE_SOURCE
    held: list[socket.socket] = []
    try:
        for device in range(1, devices + 1):
            addresses = [f"127.0.{device}.{number}" for number in range(1, of_one + 1)]
            secured.hub.network.neighbours |= dict.fromkeys(addresses, f"02:00:5e:10:00:{device:02x}")
            for address in addresses:
                held += [secured.connect(address) for _ in range(limits.HTTPS_CONNECTIONS_OF_ONE_SOURCE)]
        wait_for(lambda: secured.front.open_count() == limits.HTTPS_CONNECTIONS_MAX, "every place taken")
        phone = []
        for _ in range(3):
            phone.append(http.client.HTTPConnection("127.0.0.1", secured.port))
            phone[-1].sock = secured.connect("127.0.9.1")
            held.append(phone[-1].sock)
            for kept in phone:
                kept.request("GET", "/help")
                assert kept.getresponse().read()
        assert secured.front.open_count() <= limits.HTTPS_CONNECTIONS_MAX
    finally:
        for each in held:
            each.close()


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 65536, b"\0" * 20, b"\x80"]
)
def test_noise_is_no_client(secured: Secured, noise: bytes) -> None:
    with socket.create_connection(("127.0.0.1", secured.port), SECONDS) as noisy:
        noisy.sendall(noise)
        noisy.shutdown(socket.SHUT_WR)
        try:
            while noisy.recv(65536):
                pass
        except ConnectionError:
            pass
    assert secured.ask("/help")[0] == 200


def test_a_connection_is_used_again(secured: Secured) -> None:
    with secured.connect() as held:
        connection = http.client.HTTPConnection("127.0.0.1", secured.port)
        connection.sock = held
        for _ in range(20):
            connection.request("GET", "/static/app.css")
            answer = connection.getresponse()
            assert (answer.status, len(answer.read()) > 1000) == (200, True)


def test_nothing_waits_for_an_acknowledgement(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    set_on: list[socket.socket] = []
    send_at_once = https_front._send_at_once

    def note(connection: socket.socket) -> None:
        set_on.append(connection)
        send_at_once(connection)

    monkeypatch.setattr(https_front, "_send_at_once", note)
    with secured.connect() as held:
        held.sendall(b"GET /help HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert held.recv(1)
        assert len(set_on) == 2  # towards the client, and towards the pages
        assert all(each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in set_on)


def test_a_running_request_is_answered_when_the_hub_stops(hub: Hub, tmp_path: Path) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slow() -> list[str]:
        began.set()
        go_on.wait(SECONDS)
        return ["127.0.0.1"]

    secured = Secured(hub, tmp_path)
    hub.network.own_addresses = slow  # type: ignore[method-assign]
    with secured.connect() as held:
        held.sendall(b"GET /help HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert began.wait(SECONDS)
        ending = threading.Thread(target=secured.stop)
        ending.start()
        wait_for(lambda: not hub.parts.https.port, "the end to begin")
        go_on.set()
        received = b"".join(iter(lambda: held.recv(65536), b""))
        ending.join(SECONDS)
    assert received.startswith(b"HTTP/1.1 200")
    assert received.endswith(b"</html>") or b"</html>" in received


# Certificates


def test_a_new_address_brings_a_new_certificate_without_a_restart(secured: Secured) -> None:
    with secured.connect() as before:
        secured.hub.network.own.append("192.168.77.2")
        secured.front.tick()
        assert "192.168.77.2" in secured.hub.parts.https.hosts
        with secured.connect() as after:
            assert "192.168.77.2" in str(after.getpeercert())
        before.sendall(b"GET /help HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert before.recv(12) == b"HTTP/1.1 200"


def test_a_certificate_that_ends_is_renewed_without_a_restart(secured: Secured) -> None:
    def serial() -> Any:
        with secured.connect() as asking:
            return asking.getpeercert()["serialNumber"]  # type: ignore[index]

    first = serial()
    secured.front.tick()
    assert serial() == first
    secured.hub.clock.advance((LEAF_LIFETIME - timedelta(days=29)).total_seconds())
    secured.front.tick()
    assert serial() != first


def test_the_authority_stays_the_same_after_a_restart(hub: Hub, tmp_path: Path) -> None:
    first = Secured(hub, tmp_path)
    first.stop()
    again = Secured(hub, tmp_path)
    again.stop()

    assert first.lines == again.lines


def test_nothing_is_made_before_it_is_needed_and_a_failure_leaves_the_plain_pages(hub: Hub, tmp_path: Path) -> None:
    lines: list[str] = []
    assert open_https(hub.parts, tmp_path / "web", [], lines.append) is None
    assert list(tmp_path.iterdir()) == []

    (tmp_path / "file").touch()
    listener = bind("127.0.0.1:0")
    assert open_https(hub.parts, tmp_path / "file" / "web", [listener], lines.append) is None
    assert lines[0].startswith("No HTTPS: ")
    assert listener.fileno() == -1
    assert hub.parts.https.port == 0


# Sessions, forms, pages

HTTPS = {"base_url": "https://localhost:8443"}


def sign_in_over_https(hub: Hub) -> Any:
    browser = hub.new_browser()
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/login", **HTTPS).text)
    assert token
    return browser.post("/login", data={"csrf_token": token[1], "password": PASSWORD}, **HTTPS), browser


def test_the_secured_cookie(hub: Hub) -> None:
    answer, browser = sign_in_over_https(hub)

    assert (answer.status_code, answer.location) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{SECURED_COOKIE}=")
    for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert part in cookie.split("; ")
    assert "Domain" not in cookie
    assert browser.get("/", **HTTPS).status_code == 200
    assert "Secure" in browser.post("/logout", data={"csrf_token": csrf(browser)}, **HTTPS).headers["Set-Cookie"]
    assert browser.get("/", **HTTPS).location == "/login"


def csrf(browser: Any) -> str:
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/children/new", **HTTPS).text)
    assert token
    return token[1]


def test_a_token_that_was_read_on_the_plain_connection_opens_nothing_here(hub: Hub) -> None:
    cookie = hub.browser.get_cookie(COOKIE)
    assert cookie
    for name in (COOKIE, SECURED_COOKIE):
        thief = hub.new_browser()
        thief.set_cookie(name, cookie.value, secure=True)
        assert thief.get("/", **HTTPS).location == "/login"
    assert hub.get("/").status_code == 200


def test_a_secured_token_opens_nothing_on_the_plain_connection(hub: Hub) -> None:
    _, browser = sign_in_over_https(hub)
    cookie = browser.get_cookie(SECURED_COOKIE)
    assert cookie
    assert not browser.get_cookie(COOKIE)
    thief = hub.new_browser()
    thief.set_cookie(COOKIE, cookie.value)
    assert thief.get("/").location == "/login"
    assert browser.get("/", **HTTPS).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://localhost:8443", 303),
        (None, 303),
        ("http://localhost:8443", 403),
        ("http://localhost:8080", 403),
        ("https://localhost", 403),
        ("https://evil.example:8443", 403),
        ("null", 403),
    ],
)
def test_a_form_over_https_comes_from_the_pages_over_https(hub: Hub, origin: str | None, status: int) -> None:
    _, browser = sign_in_over_https(hub)
    fields = {"csrf_token": csrf(browser), "name": "Mia", "band": "6-9"}
    headers = {} if origin is None else {"Origin": origin}

    assert browser.post("/children", data=fields, headers=headers, **HTTPS).status_code == status
    assert len(hub.family().people) == (status == 303)


def test_a_form_over_https_needs_the_token_of_its_own_session(hub: Hub) -> None:
    _, browser = sign_in_over_https(hub)
    plain = hub.token(hub.browser, "/children/new")

    for token in ("", plain):
        answer = browser.post("/children", data={"csrf_token": token, "name": "Mia", "band": "6-9"}, **HTTPS)
        assert answer.status_code == 400


def test_a_foreign_host_is_refused_over_https_too(hub: Hub) -> None:
    assert hub.new_browser().get("/help", base_url="https://evil.example:8443").status_code == 400


def test_the_list_says_which_sessions_are_secured(hub: Hub) -> None:
    _, browser = sign_in_over_https(hub)

    text = browser.get("/sessions", **HTTPS).text
    assert text.count("Secured connection") == 1
    assert text.count("Plain connection") == 1


@pytest.fixture
def offering(hub: Hub, tmp_path: Path) -> Hub:
    authority = WebAuthority.open(tmp_path / "web", "hhome", [], hub.clock.wall())
    hosts = ("127.0.0.1", "192.168.77.2", "fd00::2")
    hub.parts.https.open(8443, hosts, Certificate(authority.der, authority.fingerprint))
    return hub


@pytest.mark.parametrize(
    ("agent", "first"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "iphone"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/142.0 Mobile", "android"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0", "windows"),
        ("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", "firefox"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605", "mac"),
        ("<script>", "linux"),
        ("", "linux"),
    ],
)
def test_the_guide_that_fits_comes_first_and_all_are_there(offering: Hub, agent: str, first: str) -> None:
    text = offering.get("/secure", headers={"User-Agent": agent}).text

    shown = re.findall(r'<details id="(\w+)" (open)?', text)
    assert shown[0] == (first, "open")
    assert {name for name, _ in shown} == {"iphone", "android", "windows", "mac", "firefox", "linux"}
    assert [is_open for _, is_open in shown[1:]] == [""] * 5
    assert offering.parts.https.certificate.fingerprint in text


@pytest.mark.parametrize(
    ("base", "check"),
    [
        ("http://192.168.77.2:8080", "https://192.168.77.2:8443/secure/check"),
        ("http://[fd00::2]:8080", "https://[fd00::2]:8443/secure/check"),
        ("http://localhost:8080", "https://127.0.0.1:8443/secure/check"),
    ],
)
def test_the_check_goes_where_the_certificate_is_good(offering: Hub, base: str, check: str) -> None:
    offering.network.own += ["192.168.77.2", "fd00::2"]
    cookie = offering.browser.get_cookie(COOKIE)
    assert cookie
    headers = {"Cookie": f"{COOKIE}={cookie.value}"}

    browser = offering.app.test_client(use_cookies=False)
    assert f'href="{check}"' in browser.get("/secure", base_url=base, headers=headers).text


def test_what_a_phone_downloads(offering: Hub) -> None:
    answer = offering.get("/secure/stairgate.crt")
    assert (answer.mimetype, answer.data) == ("application/x-x509-ca-cert", offering.parts.https.certificate.der)
    assert "attachment" in answer.headers["Content-Disposition"]
    profile = offering.get("/secure/stairgate.mobileconfig")
    assert profile.mimetype == "application/x-apple-aspen-config"
    content = plistlib.loads(profile.data)
    assert content["PayloadContent"][0]["PayloadContent"] == offering.parts.https.certificate.der
    assert content["PayloadContent"][0]["PayloadType"] == "com.apple.security.root"
    assert content == plistlib.loads(offering.get("/secure/stairgate.mobileconfig").data)


def test_the_hint_is_on_plain_pages_only(offering: Hub) -> None:
    hint = "This connection can be read by others at home"
    assert hint in offering.get("/").text
    assert hint not in offering.get("/secure").text
    _, browser = sign_in_over_https(offering)
    assert hint not in browser.get("/", **HTTPS).text
    assert hint not in offering.new_browser().get("/login").text


def test_the_check_tells_how_the_request_came(offering: Hub) -> None:
    assert "Not secured" in offering.get("/secure/check", headers=FORGED).text
    _, browser = sign_in_over_https(offering)
    assert "This phone is secured" in browser.get("/secure/check", **HTTPS).text
    stranger = offering.new_browser()
    assert stranger.get("/secure/check", **HTTPS).location == "/login"
    assert "This phone is secured" in stranger.get("/login", **HTTPS).text
    assert "secured" not in stranger.get("/login").text


def test_without_https_nothing_is_offered(hub: Hub) -> None:
    text = hub.get("/secure").text
    assert "no secured connection" in text
    assert "https://" not in text
    assert hub.get("/secure/stairgate.crt").status_code == 404
    assert hub.get("/secure/stairgate.mobileconfig").status_code == 404
    assert "secure this phone" not in hub.get("/").text
