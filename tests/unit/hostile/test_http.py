"""Every route of the hub under hostile requests: no crash, no markup, nothing changed by a stranger.

The URL map is walked, so a new route is tried without anybody thinking of it. A stranger is a device on the LAN without
a login; the parent's own browser is tried as well, for what a child types into a name is later looked at by a parent.
"""

import json
import random
import re
from collections.abc import Iterator
from urllib.parse import quote_from_bytes, urlencode

import pytest
from werkzeug.test import TestResponse

from stairgate.hub import limits, passwords
from stairgate.hub.store import COLLECTIONS
from tests.unit.hostile.corpus import MARKUP, TEXTS
from tests.unit.hub.conftest import HOME, Hub

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
FIELDS = (
    *("name", "mac", "band", "zone", "kind", "person", "persons", "minutes", "until", "days", "start", "end", "week"),
    *("revision", "act", "from", "code", "password", "passphrase", "label", "choice", "whose", "next"),
)
# What a header may carry at all; the server in front refuses the rest.
HEADER_TEXTS = [text for text in TEXTS if text.isascii() and text.isprintable() and len(text) < 4000]
# What is kept of visits to the pages themselves, with or without anything hostile.
KEPT_OF_VISITS = {"settings"}


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real cost of a hash is not under test."""
    monkeypatch.setattr(passwords, "_METHOD", "scrypt:1024:8:1")


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    assert hub.claim().status_code == 303
    hub.add_device(hub.add_child("Mia"))
    yield hub
    hub.store.close()


def rules(hub: Hub, value: str) -> list[tuple[str, str]]:
    """(endpoint, path) of every route, with a value in each of its places."""
    found = [(rule.endpoint, re.sub(r"<[^>]+>", value, rule.rule)) for rule in hub.app.url_map.iter_rules()]
    assert len(found) > 25
    return found


def snapshot(hub: Hub) -> str:
    """Everything the store holds but what merely being visited changes."""
    with hub.store.transaction(HOME) as rows:
        held = {name: rows.page(name) for name in COLLECTIONS if name not in KEPT_OF_VISITS}
    return json.dumps(held, sort_keys=True, default=str)


def check(answer: TestResponse, path: str) -> None:
    """No answer is a crash, and none repeats markup."""
    assert answer.status_code < 500 or answer.status_code == 501, f"{path[:80]}: {answer.status_code}"
    if answer.content_type and answer.content_type.startswith("text/html"):
        body = re.sub(r'<script src="[^"<>]*" defer></script>', "", answer.text)
        body = re.sub(r"<svg [^<>]*>|<img src=\"/static/[^<>\"]*\"[^<>]*>", "", body)
        found = [piece for piece in MARKUP if piece in body.lower()]
        assert not found, f"{path[:80]}: {found}"


FORM = "application/x-www-form-urlencoded"


def hostile_form(chance: random.Random, **more: str) -> bytes:
    """A form with hostile values in most of its fields, some given twice; bytes, for some are no text at all."""
    chosen = chance.sample(FIELDS, chance.randrange(1, len(FIELDS)))
    short = [text.encode("utf-8", "surrogatepass") for text in TEXTS if len(text) < 2000]
    pairs = [(name, chance.choice(short)) for name in chosen for _ in range(chance.choice((1, 1, 2)))]
    return urlencode([*pairs, *more.items()]).encode()


def test_a_stranger_changes_nothing_on_any_route(hub: Hub) -> None:
    before = snapshot(hub)
    chance = random.Random(1)
    for value in ("p1", "..", "%2e%2e%2f", "%00", "a" * 300, "<script>"):
        for _, path in rules(hub, value):
            for method in METHODS:
                answer = hub.new_browser().open(path, method=method, data=hostile_form(chance), content_type=FORM)
                check(answer, path)
    assert snapshot(hub) == before


def test_a_stranger_gets_no_name_from_any_route(hub: Hub) -> None:
    child = hub.family().people[0].id
    for value in ("p1", child, hub.family().devices[0].id):
        for endpoint, path in rules(hub, value):
            answer = hub.new_browser().get(path)
            assert "Mia" not in answer.text, path
            assert answer.status_code in (200, 303, 400, 401, 404, 405), path
            if answer.status_code == 200:
                assert endpoint.startswith(("static", "public.", "account.login", "account.claim")), path


@pytest.mark.parametrize("seed", range(4))
def test_a_parent_s_browser_with_hostile_forms_never_crashes_the_hub(hub: Hub, seed: int) -> None:
    chance = random.Random(seed)
    child = hub.family().people[0].id
    device = hub.family().devices[0].id
    for value in (child, device, "p1", "%3Cscript%3E", "a" * 300):
        for endpoint, path in rules(hub, value):
            if endpoint.startswith(("account.logout", "account.revoke")):
                continue
            form = hostile_form(chance, csrf_token=hub.token(hub.browser, "/login"))
            check(hub.browser.post(path, data=form, content_type=FORM), path)
    for path in ("/", "/devices", "/more", "/sessions", "/traffic", f"/children/{child}", "/me", "/help"):
        check(hub.get(path), path)


@pytest.mark.parametrize("header", ["User-Agent", "Referer", "Accept-Language", "X-Forwarded-For", "Cookie", "Range"])
def test_hostile_headers(hub: Hub, header: str) -> None:
    for text in HEADER_TEXTS:
        for path in ("/", "/login", "/me", "/help", "/status", "/nothing"):
            for browser in (hub.browser, hub.new_browser()):
                check(browser.get(path, headers={header: text}), f"{header}: {text}")


@pytest.mark.parametrize("text", [text for text in TEXTS if text.strip() and len(text) < 5000])
def test_hostile_paths_and_queries(hub: Hub, text: str) -> None:
    for browser in (hub.browser, hub.new_browser()):
        raw = text.encode("utf-8", "surrogatepass")
        check(browser.get("/" + quote_from_bytes(raw)), text)
        for path in ("/", "/devices", "/login", "/me", "/help"):
            check(browser.get(path, query_string=urlencode([("from", raw), ("mac", raw), (raw[:20], b"x")])), text)


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "multipart/form-data", "", "application/xml"]
)
def test_bodies_that_are_no_forms(hub: Hub, content_type: str) -> None:
    before = snapshot(hub)
    for body in (b"{" * 5000, b"\0" * 5000, b"--x\r\n\r\n", b"%", b"a=%zz&b", b"\xff\xfe"):
        for _, path in rules(hub, "p1"):
            check(hub.new_browser().post(path, data=body, content_type=content_type), path)
            check(hub.browser.post(path, data=body, content_type=content_type), path)
    assert snapshot(hub) == before


def test_a_64_kb_text_is_refused_on_every_route(hub: Hub) -> None:
    before = snapshot(hub)
    for _, path in rules(hub, "p1"):
        for browser in (hub.browser, hub.new_browser()):
            answer = browser.post(path, data={"name": "a" * 65536})
            check(answer, path)
            assert answer.status_code not in (200, 201), path
    assert limits.REQUEST_BYTES_MAX < 65536
    assert snapshot(hub) == before
