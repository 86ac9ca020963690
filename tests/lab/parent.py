"""A parent's browser in the lab: the hub's pages by plain HTTP from a namespace, with cookies and CSRF tokens.

It decides nothing: it fills the same forms as a thumb on a phone and fails loudly when a page answers otherwise.
"""

import http.client
import http.cookies
import json
import re
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.lab import network

PASSWORD = "correct horse battery staple"
TIMEOUT_SECONDS = 10.0
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class Answer(NamedTuple):
    """One HTTP answer."""

    status: int
    location: str
    body: str


class Parent:
    """A browser with one session, in the namespace of one device."""

    def __init__(self, namespace: str, address: str, port: int) -> None:
        self._namespace, self._address, self._port = namespace, address, port
        self._cookies: dict[str, str] = {}
        self._token = ""
        self._connection: http.client.HTTPConnection | None = None

    def _request(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._address, self._port, timeout=TIMEOUT_SECONDS)
            with network.inside(self._namespace):
                self._connection.connect()
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        try:
            self._connection.request(method, path, body, {**headers, "Cookie": cookie})
            response = self._connection.getresponse()
            text = response.read().decode()
        except (http.client.HTTPException, OSError):
            self._connection.close()
            self._connection = None
            raise
        for line in response.headers.get_all("Set-Cookie") or []:
            for name, morsel in http.cookies.SimpleCookie(line).items():
                self._cookies[name] = morsel.value
        if response.will_close:
            self._connection.close()
            self._connection = None
        found = TOKEN.search(text)
        if found:
            self._token = found[1]
        return Answer(response.status, response.headers.get("Location", ""), text)

    def close(self) -> None:
        """Close the connection; the session lives on."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def get(self, path: str) -> Answer:
        """Open a page."""
        reused = self._connection is not None
        try:
            return self._request("GET", path, None, {})
        except (http.client.HTTPException, OSError):
            # As a browser does: an idle connection may have ended with a restart of the hub.
            if not reused:
                raise
            return self._request("GET", path, None, {})

    def try_post(self, path: str, **fields: str) -> Answer:
        """Send a form, whatever the page answers."""
        body = urlencode({"csrf_token": self._token, **fields})
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"http://{self._address}:{self._port}",
        }
        return self._request("POST", path, body, headers)

    def post(self, path: str, **fields: str) -> Answer:
        """Send a form. Raises AssertionError unless the page answers with a redirect, as every done act does."""
        answer = self.try_post(path, **fields)
        assert answer.status == 303, f"POST {path}: {answer.status}\n{answer.body[-2000:]}"
        return answer

    def tap(self, path: str, **fields: str) -> int:
        """As `post`; the monotonic nanoseconds of the tap."""
        tapped = time.monotonic_ns()
        self.post(path, **fields)
        return tapped

    def claim(self, code: str) -> None:
        """Become the owner of a fresh hub."""
        self.get("/claim")
        answer = self._request(
            "POST",
            "/claim",
            urlencode({"csrf_token": self._token, "code": code, "password": PASSWORD, "zone": "Etc/UTC"}),
            {
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": f"http://{self._address}:{self._port}",
            },
        )
        assert answer.status in (200, 303), f"claim: {answer.status}\n{answer.body[-2000:]}"
        # A new session has a new token, which any page with a form shows.
        assert self.get("/children/new").status == 200

    def login(self) -> None:
        """Sign in with the family's password, on a browser that is not signed in."""
        self.get("/login")
        self.post("/login", password=PASSWORD)
        assert self.get("/children/new").status == 200

    def another_window(self) -> "Parent":
        """A second window of the same browser: the same session over a connection of its own."""
        window = Parent(self._namespace, self._address, self._port)
        window._cookies, window._token = dict(self._cookies), self._token
        return window

    def add_child(self, name: str, band: str, zone: str = "") -> str:
        """The new child's id."""
        return self.post("/children", name=name, band=band, zone=zone).location.rsplit("/", 1)[-1]

    def add_device(self, name: str, mac: str, kind: str, person: str) -> None:
        """Give a child a device."""
        self.post("/devices", name=name, mac=mac, kind=kind, person=person)

    def status(self) -> dict[str, Any]:
        """How things stand."""
        answer = self.get("/status")
        assert answer.status == 200, answer
        found: dict[str, Any] = json.loads(answer.body)
        return found
