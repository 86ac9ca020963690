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

from stairgate.core import pairing
from stairgate.hub import language, limits, passwords, web_session
from stairgate.hub.guard import PUBLIC
from stairgate.hub.store import COLLECTIONS
from tests.portable.test_pairing import REQUEST
from tests.unit.hostile.corpus import MARKUP, TEXTS, mutations, noise
from tests.unit.hub.conftest import HOME, PASSWORD, Hub

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
FIELDS = (
    *("name", "mac", "band", "zone", "kind", "person", "persons", "minutes", "until", "days", "start", "end", "week"),
    *("revision", "act", "from", "code", "password", "passphrase", "label", "choice", "whose", "next"),
    *("again", "sure", "asks_who", "agent", "session", "file", "minute", "undo", "words", "url", "topic", "back"),
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
            # Every method with one value; with the others, which are refused by what reads paths, some of them.
            for method in METHODS if value == "p1" else chance.sample(METHODS, 3):
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
                sign_in = ("account.login", "account.claim", "accounts.join")
                assert endpoint.startswith(("static", "public.", "why.", "asking.", "toy_child.", *sign_in)), path


@pytest.mark.parametrize("seed", range(2))
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
        for path in ("/", "/login", "/me", "/nothing"):
            # A browser of the tests that keeps cookies sends them instead of the header.
            for browser in (hub.browser, hub.app.test_client(use_cookies=False)):
                check(browser.get(path, headers={header: text}), f"{header}: {text}")
        if header == "Cookie":
            for name in (web_session.COOKIE, language.COOKIE):
                answer = hub.app.test_client(use_cookies=False).get("/login", headers={header: f"{name}={text}"})
                check(answer, f"{name}={text}")


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
    chance = random.Random(content_type)
    paths = [path for _, path in rules(hub, "p1")]
    for body in (b"{" * 5000, b"\0" * 5000, b"--x\r\n\r\n", b"%", b"a=%zz&b", b"\xff\xfe"):
        # A third of the routes each: with six bodies and five types each route meets ten of them.
        for path in chance.sample(paths, len(paths) // 3):
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


# What a stranger may do: the pages of the device in a child's hand

NEW, CHILDS, SHARED = "02:00:5e:20:00:01", "02:00:5e:10:00:01", "02:00:5e:10:00:07"
ADDRESSES = {"192.0.2.21": NEW, "192.0.2.22": CHILDS, "192.0.2.23": SHARED}
#: All that anybody without a login can change: who is using a shared device, what its child asks, or that it wants to
#: stop; and with it the routers' policies.
CHANGED_FROM_ME = {"devices", "policies", "requests", "overrides", "notes"}
#: Rows that a child may add: three open questions and one wish each.
ADDED_FROM_ME = {"requests": limits.REQUESTS_OPEN_MAX, "overrides": 1, "notes": 1}
ME_FORMS = ("/me/tell", "/me/using", "/me/ask", "/me/ask/q1/withdraw", "/me/ask/q1/object", "/me/stop", "/me/take")


def at(address: str) -> dict[str, str]:
    """A request that comes from this address."""
    return {"REMOTE_ADDR": address}


@pytest.fixture
def shared(hub: Hub) -> Hub:
    """The same home with a second child, a device that both share, and one that nobody has assigned."""
    mia, ben = hub.family().people[0].id, hub.add_child("Ben")
    device = hub.add_device(mia, SHARED, "shared tablet")
    fields = {"name": "shared tablet", "kind": "tablet", "asks_who": "1"}
    form = [("whose", mia), ("whose", ben), ("revision", str(hub.family().devices[-1].revision)), *fields.items()]
    token = hub.token(hub.browser, "/login")
    data = urlencode([*form, ("csrf_token", token)])
    assert hub.browser.post(f"/devices/{device}", data=data, content_type=FORM).status_code == 303
    hub.network.neighbours = dict(ADDRESSES)
    hub.clock.advance(limits.LISTING_SECONDS)
    hub.parts.devices.discovery.look()
    assert hub.family().device_with(NEW)
    return hub


def collections(hub: Hub) -> dict[str, list[str]]:
    """Every document of each collection."""
    with hub.store.transaction(HOME) as rows:
        return {name: [repr(row) for row in rows.page(name)] for name in COLLECTIONS}


def test_500_hostile_posts_to_me_fill_nothing(shared: Hub) -> None:
    before = collections(shared)
    chance = random.Random(5)
    children = [person.id for person in shared.family().people]
    browsers = {address: shared.new_browser() for address in ADDRESSES}
    tokens = {}
    for address, browser in browsers.items():
        page = "".join(browser.get(path, environ_overrides=at(address)).text for path in ("/me", "/me/ask"))
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        tokens[address] = found[1] if found else ""
    assert all(tokens.values())
    statuses = set()
    for number in range(500):
        address = chance.choice(list(ADDRESSES))
        path = chance.choice(ME_FORMS)
        person = {"person": chance.choice(children)} if number % 3 == 0 else {}
        body = hostile_form(chance, csrf_token=tokens[address], **person)
        if number % 4 == 0:
            body = urlencode({"csrf_token": tokens[address], "until": "19:30", **person}).encode()
        shared.clock.advance(0.1)
        answer = browsers[address].post(path, data=body, content_type=FORM, environ_overrides=at(address))
        check(answer, path)
        statuses.add(answer.status_code)
    after = collections(shared)
    assert statuses <= {303, 400, 409, 422, 429}
    assert {name for name in COLLECTIONS if after[name] != before[name]} <= CHANGED_FROM_ME
    for name, rows in after.items():
        assert 0 <= len(rows) - len(before[name]) <= ADDED_FROM_ME.get(name, 0) * len(children), name
    added = [row for name in ADDED_FROM_ME for row in after[name]]
    assert added and max(map(len, added)) < 2000
    assert sum(len(row) for rows in after.values() for row in rows) < 2 * sum(
        len(row) for rows in before.values() for row in rows
    ) + sum(map(len, added))
    for path in ("/", "/devices", "/me"):
        check(shared.get(path), path)


# Every changing route: the token and the origin


FOREIGN_ORIGINS = ("http://evil.example", "null", "http://localhost:81", "https://localhost", "http://LOCALHOST.evil")


def test_no_form_of_another_site_is_taken_on_any_route(shared: Hub) -> None:
    chance = random.Random(7)
    before = collections(shared)
    token = shared.token(shared.browser, "/login")
    tried = 0
    for value in (shared.family().people[0].id, shared.family().devices[0].id):
        for _, path in rules(shared, value):
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                # The origin is looked at before the method.
                for origin in FOREIGN_ORIGINS if method == "POST" else chance.sample(FOREIGN_ORIGINS, 1):
                    answer = shared.browser.open(
                        path, method=method, data={"csrf_token": token, "minutes": "15"}, headers={"Origin": origin}
                    )
                    assert answer.status_code == 403, (path, method, origin)
                    tried += 1
    assert tried > 1000
    assert collections(shared) == before


# A parent's cookie in a child's hand


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_stolen_cookie_opens_nothing_on_a_child_s_device(shared: Hub, scheme: str) -> None:
    base = f"{scheme}://localhost"
    stolen = shared.new_browser()
    page = stolen.get("/login", base_url=base).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    data = {"csrf_token": found[1], "password": PASSWORD}
    assert stolen.post("/login", base_url=base, data=data, headers={"Origin": base}).status_code == 303
    parents_phone = "02:00:5e:10:00:99"
    answer = shared.post("/devices", name="phone", mac=parents_phone, kind="phone", person="adult")
    assert answer.status_code == 303
    shared.network.neighbours["192.0.2.50"] = parents_phone
    shared.clock.advance(limits.LISTING_SECONDS)
    shared.parts.devices.discovery.look()
    assert stolen.get("/", base_url=base, environ_overrides=at("192.0.2.50")).status_code == 200

    before = collections(shared)
    for value in (shared.family().people[0].id, shared.family().devices[0].id, "p1"):
        for endpoint, path in rules(shared, value):
            for method in ("GET", "POST"):
                answer = stolen.open(
                    path, method=method, base_url=base, environ_overrides=at("192.0.2.22"), data={"minutes": "15"}
                )
                assert answer.status_code in (303, 400, 401, 403, 404, 405) or endpoint in PUBLIC, (path, method)
                if endpoint not in PUBLIC:
                    assert "Mia" not in answer.text and "Ben" not in answer.text, (path, method)
                    assert answer.status_code != 303 or answer.location == "/login", (path, method)
    assert {name for name, rows in collections(shared).items() if rows != before[name]} <= {"sessions"}
    # The parent whose cookie it was goes on, on a device of their own.
    assert stolen.get("/", base_url=base, environ_overrides=at("192.0.2.50")).status_code == 200


# Guessing from many sources


def test_guessing_the_password_from_200_devices_is_one_try_a_second(hub: Hub) -> None:
    checked = 0
    for number in range(200):
        browser = hub.new_browser()
        fields = {"csrf_token": hub.token(browser, "/login"), "password": f"wrong password {number}"}
        answer = browser.post("/login", data=fields, environ_overrides=at(f"192.0.2.{number}"))
        assert answer.status_code in (403, 429)
        checked += answer.status_code == 403
        hub.clock.advance(0.1)
    assert checked <= limits.GUESSES_FREE_OF_HOME + 200 * 0.1 + 1
    assert hub.get("/").status_code == 200  # who is signed in notices nothing


MEDIA = "application/vnd.stairgate.pair"


def test_guessing_the_pairing_code_from_100_devices_ends_it_after_five(hub: Hub) -> None:
    assert hub.post("/routers/add", password=PASSWORD).status_code == 303
    shown = hub.parts.pairing.state().code
    statuses = []
    for number in range(100):
        wrong = pairing.write_request(bytes([number]) * 10, REQUEST)
        answer = hub.new_browser().post(
            "/pair", data=wrong, content_type=MEDIA, environ_overrides=at(f"192.0.2.{number}")
        )
        statuses.append(answer.status_code)
        hub.clock.advance(0.4)
    assert statuses.count(403) == limits.PAIRING_TRIES
    assert set(statuses) == {403, 429, 404}
    right = pairing.write_request(pairing.read_code(shown), REQUEST)
    assert hub.new_browser().post("/pair", data=right, content_type=MEDIA).status_code == 404
    assert [agent.label for agent in hub.parts.roster.agents()] == ["the router"]


@pytest.mark.parametrize("is_open", [True, False])
def test_hostile_requests_to_be_paired(hub: Hub, is_open: bool) -> None:
    if is_open:
        assert hub.post("/routers/add", password=PASSWORD).status_code == 303
    before = snapshot(hub)
    good = pairing.write_request(b"0123456789", REQUEST)
    for body in [*mutations(good, seed=3, count=120), *noise(seed=3, count=20)]:
        for content_type in (MEDIA, f"{MEDIA}; charset=x", "text/plain", FORM, ""):
            hub.clock.advance(1.1)
            answer = hub.new_browser().post("/pair", data=body, content_type=content_type)
            check(answer, "/pair")
            assert answer.status_code in (400, 403, 404, 413, 415), answer.status_code
            assert is_open or answer.status_code in (404, 413)
    assert snapshot(hub) == before
    assert len(hub.parts.roster.agents()) == 1


@pytest.mark.parametrize("path", ["/login", "/me/using", "/me/tell", "/children", "/backup", "/pair"])
@pytest.mark.parametrize("disposition", ["form-data", 'form-data; filename="a"', 'form-data; name=""', "", "\xff"])
def test_a_part_without_a_name_is_no_crash(hub: Hub, path: str, disposition: str) -> None:
    body = f"--x\r\nContent-Disposition: {disposition}\r\n\r\nvalue\r\n--x--\r\n".encode("latin-1")
    for browser in (hub.browser, hub.new_browser()):
        answer = browser.post(path, data=body, content_type="multipart/form-data; boundary=x")
        check(answer, path)
        assert answer.status_code in (303, 400, 404)


# Before the claim


@pytest.fixture
def unclaimed() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.store.close()


def test_before_the_claim_a_stranger_changes_nothing_on_any_route(unclaimed: Hub) -> None:
    before = snapshot(unclaimed)
    chance = random.Random(2)
    token = unclaimed.token(unclaimed.browser, "/claim")
    for value in ("p1", "%2e%2e%2f", "<script>"):
        for _, path in rules(unclaimed, value):
            for method in METHODS if value == "p1" else chance.sample(METHODS, 2):
                body = hostile_form(chance, csrf_token=token)
                check(unclaimed.browser.open(path, method=method, data=body, content_type=FORM), path)
                check(unclaimed.new_browser().open(path, method=method, data=body, content_type=FORM), path)
    assert snapshot(unclaimed) == before
    assert not unclaimed.parts.parents.is_claimed()


# What a form that breaks off has sent of a file, werkzeug leaves to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_hostile_uploads_to_a_hub_without_an_owner(unclaimed: Hub) -> None:
    before = snapshot(unclaimed)
    token = unclaimed.token(unclaimed.browser, "/claim")
    good = (
        f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'
        '--x\r\nContent-Disposition: form-data; name="code"\r\n\r\n0000-0000\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.stairgate"\r\n'
        "Content-Type: application/octet-stream\r\n\r\nstairgate-backup 1 scrypt\r\n--x--\r\n"
    ).encode()
    many = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="f%d"; filename="f"\r\n\r\n\r\n' % n for n in range(5000)
    )
    names = [text.encode("utf-8", "surrogatepass") for text in TEXTS if len(text) < 5000]
    named = [good.replace(b"a.stairgate", name) for name in names]
    answers = set()
    for body in [good, many + b"--x--\r\n", *named, *mutations(good, seed=4, count=150), *noise(seed=4, count=10)]:
        for boundary in ("x", "", "x" * 5000, '"x"'):
            unclaimed.clock.advance(1.1)
            content_type = f"multipart/form-data; boundary={boundary}"
            answer = unclaimed.browser.post("/claim/restore", data=body, content_type=content_type)
            check(answer, "/claim/restore")
            answers.add(answer.status_code)
    assert {400, 403} <= answers <= {400, 403, 413, 422, 429}, answers
    assert snapshot(unclaimed) == before
    assert not unclaimed.parts.parents.is_claimed()
