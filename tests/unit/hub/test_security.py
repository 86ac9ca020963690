"""What a child on the same network may try: nothing of it works, on any route."""

import html
import re
from pathlib import Path

import pytest

from stairgate.hub import limits, passwords
from stairgate.hub.clock import ManualClock
from stairgate.hub.guard import PUBLIC, UNCLAIMED, host_name
from stairgate.hub.guessing import GuessFile, Guessing
from stairgate.hub.web_session import COOKIE
from tests.unit.hub.conftest import EVENING, HOME, PASSWORD, Hub

TABLET = "02:00:5e:10:00:01"
#: Posted without a session by routers and toys.
OF_AGENTS = ("pairing.pair", "toy_time.tell")


def paths(hub: Hub) -> list[tuple[str, str, str]]:
    """(endpoint, method, path) of everything in the URL map, with plausible values filled in."""
    found = []
    for rule in hub.app.url_map.iter_rules():
        path = re.sub(r"<path:\w+>", "app.css", rule.rule)
        path = re.sub(r"<[^>]+>", "p1", path)
        found += [(rule.endpoint, method, path) for method in sorted(rule.methods or set())]
    return found


def test_the_url_map_is_walked(hub: Hub) -> None:
    assert len(paths(hub)) > 40


def test_without_a_login_nothing_else_answers(hub: Hub) -> None:
    child = hub.add_child("Mia")
    for endpoint, method, path in [*paths(hub), ("", "GET", "/nothing"), ("", "GET", f"/children/{child}")]:
        answer = hub.new_browser().open(path, method=method)
        if endpoint == "packs.fetch":
            # Only who knows the digest gets a pack; there is none of this name.
            assert answer.status_code == (404 if method in ("GET", "HEAD") else 200), (method, path)
        elif endpoint in PUBLIC and not (endpoint == "account.claim" and answer.status_code == 303):
            # Without an open code, or a toy, what is for agents is an address that does not exist.
            refused = 404 if endpoint in OF_AGENTS else 400
            assert answer.status_code == (refused if method == "POST" else 200), (method, path)
        elif endpoint == "home.status":
            assert answer.status_code == 401
        else:
            assert (answer.status_code, answer.location) == (303, "/login"), (method, path)
        assert "Mia" not in answer.text


def test_before_the_claim_only_the_claim_answers(unclaimed: Hub) -> None:
    for endpoint, method, path in [*paths(unclaimed), ("", "GET", "/nothing")]:
        answer = unclaimed.new_browser().open(path, method=method)
        if endpoint == "packs.fetch":
            assert answer.status_code == (404 if method in ("GET", "HEAD") else 200), (method, path)
        elif endpoint in UNCLAIMED:
            assert answer.status_code == (400 if method == "POST" else 200), (method, path)
        elif endpoint == "home.status":
            assert answer.status_code == 401
        else:
            assert (answer.status_code, answer.location) == (303, "/claim"), (method, path)


def test_public_routes_are_few() -> None:
    assert sorted(PUBLIC) == [
        "account.claim",
        "account.login",
        "accounts.join",
        "agreed_here.accept",
        "agreed_here.end",
        "agreed_here.refuse",
        "asking.appeal",
        "asking.ask",
        "asking.asked",
        "asking.form",
        "asking.stop",
        "asking.take",
        "asking.withdraw",
        "languages.choose",
        "packs.fetch",
        "pairing.pair",
        "public.help_page",
        "public.me",
        "public.tell",
        "public.using",
        "static",
        "toy_child.mine",
        "toy_time.tell",
        "why.ask",
        "why.show",
    ]


# CSRF and Origin


def test_every_change_needs_the_token(hub: Hub) -> None:
    posts = [path for endpoint, method, path in paths(hub) if method == "POST" and endpoint not in OF_AGENTS]
    assert len(posts) >= 13
    for path in posts:
        answer = hub.browser.post(path, data={"minutes": "15", "password": PASSWORD, "code": "x"})
        assert answer.status_code == 400, path
        assert "This page was open for too long" in answer.text


def test_the_token_of_another_browser_is_refused(hub: Hub) -> None:
    stolen = hub.token(hub.new_browser(), "/login")
    answer = hub.browser.post("/children", data={"csrf_token": stolen, "name": "x", "band": "6-9"})
    assert answer.status_code == 400
    assert hub.family().people == ()


def test_the_token_from_before_the_login_is_worth_nothing_after_it(unclaimed: Hub) -> None:
    before = unclaimed.token(unclaimed.browser, "/claim")
    unclaimed.claim()
    assert unclaimed.browser.post("/logout", data={"csrf_token": before}).status_code == 400


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost", 303),
        (None, 303),
        ("http://evil.example", 403),
        ("http://localhost:81", 403),
        ("https://localhost", 403),
        ("null", 403),
        ("", 403),
    ],
)
def test_a_form_comes_from_our_own_pages(hub: Hub, origin: str | None, status: int) -> None:
    token = hub.token(hub.browser, "/children/new")
    headers = {} if origin is None else {"Origin": origin}
    fields = {"csrf_token": token, "name": "Mia", "band": "6-9"}
    assert hub.browser.post("/children", data=fields, headers=headers).status_code == status
    assert len(hub.family().people) == (status == 303)


# Host


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:8080", 200),
        ("127.0.0.1:8080", 200),
        ("[::1]:8080", 200),
        ("stairgate.lan", 200),
        ("STAIRGATE.LAN.:8080", 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("192.0.2.99", 400),
        ("stairgate.lan:8080@evil.example", 400),
        ("", 400),
    ],
)
def test_the_hub_answers_to_its_own_names_only(hub: Hub, host: str, status: int) -> None:
    hub.network.own += ["::1"]
    answer = hub.new_browser().get("/help", headers={"Host": host})
    assert answer.status_code == status


def test_a_foreign_host_gets_nothing_from_any_route(hub: Hub) -> None:
    for _, method, path in [*paths(hub), ("", "GET", "/nothing"), ("", "GET", "/static/nothing")]:
        answer = hub.browser.open(path, method=method, headers={"Host": "evil.example"})
        assert answer.status_code == 400, (method, path)
        assert "Set-Cookie" not in answer.headers


def test_own_addresses_may_change(hub: Hub) -> None:
    assert hub.get("/help", headers={"Host": "192.0.2.5"}).status_code == 400
    hub.network.own.append("192.0.2.5")
    assert hub.get("/help", headers={"Host": "192.0.2.5"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("A.B:80", "a.b"),
        ("[2001:DB8::1]:80", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("::1", "::1"),
        ("a:b", ""),
    ],
)
def test_the_name_in_a_host_header(host: str, name: str) -> None:
    assert host_name(host) == name


# Headers


def test_every_answer_carries_the_headers(hub: Hub) -> None:
    for path in ("/", "/login", "/me", "/nothing", "/status", "/static/app.css", "/static/nothing"):
        headers = hub.get(path).headers
        policy = headers["Content-Security-Policy"]
        for part in (
            "default-src 'none'",
            "script-src 'self';",
            "style-src 'self';",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ):
            assert part in policy, path
        assert "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        cache = "public, max-age=31536000, immutable" if path == "/static/app.css" else "no-store"
        assert headers["Cache-Control"] == cache, path


def test_no_page_has_inline_script_or_style(hub: Hub) -> None:
    child = hub.add_child()
    hub.add_device(child)
    for path in (
        "/",
        f"/children/{child}",
        "/children/new",
        "/devices",
        "/traffic",
        "/more",
        "/sessions",
        "/help",
        "/me",
        "/nothing",
    ):
        page = hub.get(path).text
        assert not re.search(r"<script(?![^>]* src=\"/static/)|\sstyle=|<style|\son\w+=|https?://", page), path


def test_the_cookie_is_for_this_site_only(unclaimed: Hub) -> None:
    cookie = unclaimed.claim().headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/" in cookie


def test_a_visitor_gets_no_cookie_but_that_of_a_form_until_the_browser_closes(hub: Hub) -> None:
    assert "Set-Cookie" not in hub.new_browser().get("/static/app.css").headers
    for path in ("/me", "/help"):
        (cookie,) = hub.new_browser().get(path).headers.getlist("Set-Cookie")
        assert cookie.startswith(f"{COOKIE}=") and "HttpOnly" in cookie and "SameSite=Strict" in cookie
        assert "Max-Age" not in cookie and "Expires" not in cookie


def test_head_changes_nothing(hub: Hub) -> None:
    for _ in range(limits.GUESSES_FREE + 1):
        assert hub.new_browser().head("/login", data={"password": "wrong password"}).status_code == 200
    assert hub.sign_in(hub.new_browser()).status_code == 303


# Claim


def test_claiming_makes_the_owner_and_signs_in(unclaimed: Hub) -> None:
    answer = unclaimed.claim()
    assert (answer.status_code, answer.location) == (303, "/")
    assert unclaimed.get("/").status_code == 200
    with unclaimed.store.transaction(HOME) as rows:
        row = rows.get("parents", "owner")
    assert row
    assert PASSWORD not in str(row.document)
    assert unclaimed.get("/claim").location == "/login"
    assert unclaimed.post("/claim", code=unclaimed.codes[-1], password="another password").location == "/login"
    assert unclaimed.sign_in(unclaimed.new_browser()).location == "/"


@pytest.mark.parametrize("spelling", ["{0}-{1}", "{0}{1}", " {0} {1} ", "lower"])
def test_the_code_in_any_spelling(unclaimed: Hub, spelling: str) -> None:
    first, second = unclaimed.codes[-1].split("-")
    typed = f"{first}{second}".lower() if spelling == "lower" else spelling.format(first, second)
    typed = typed.replace("0", "o").replace("1", "l")
    assert unclaimed.post("/claim", code=typed, password=PASSWORD).status_code == 303


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaaaaaa", "x1y2" * 60])
def test_a_weak_password_is_refused_and_costs_no_try(unclaimed: Hub, password: str) -> None:
    for _ in range(limits.CLAIM_TRIES + 1):
        assert unclaimed.post("/claim", code=unclaimed.codes[-1], password=password).status_code == 422
    assert len(unclaimed.codes) == 1
    assert unclaimed.claim().status_code == 303


def test_five_wrong_codes_make_a_new_one(unclaimed: Hub) -> None:
    old = unclaimed.codes[-1]
    for attempt in range(limits.CLAIM_TRIES):
        unclaimed.clock.advance(2)
        assert len(unclaimed.codes) == 1
        answer = unclaimed.post("/claim", code="ZZZZ-ZZZZ", password=PASSWORD)
        assert answer.status_code == 403, attempt
    assert len(unclaimed.codes) == 2
    unclaimed.clock.advance(limits.GUESS_SECONDS_MAX)
    unclaimed.parts.claim_code.renew()
    assert unclaimed.post("/claim", code=old, password=PASSWORD).status_code == 403
    unclaimed.clock.advance(60)
    assert unclaimed.claim().status_code == 303


def test_one_try_a_second(unclaimed: Hub) -> None:
    unclaimed.post("/claim", code="ZZZZ-ZZZZ", password=PASSWORD)
    answer = unclaimed.post("/claim", code=unclaimed.codes[-1], password=PASSWORD)
    assert answer.status_code == 403
    assert "Wait a second" in answer.text
    unclaimed.clock.advance(1)
    assert unclaimed.claim().status_code == 303


def test_a_code_is_valid_for_fifteen_minutes(unclaimed: Hub) -> None:
    unclaimed.clock.advance(15 * 60 + 1)
    answer = unclaimed.post("/claim", code=unclaimed.codes[-1], password=PASSWORD)
    assert answer.status_code == 403
    assert "run out" in answer.text
    unclaimed.parts.claim_code.renew()
    assert unclaimed.claim().status_code == 303


# Login


def test_guessing_slows_down_for_its_source_only(hub: Hub) -> None:
    for _ in range(limits.GUESSES_FREE):
        assert hub.post("/login", hub.new_browser(), password="wrong password").status_code == 403
    assert hub.post("/login", hub.new_browser(), password=PASSWORD).status_code == 429

    elsewhere = hub.new_browser()
    token = hub.token(elsewhere, "/login")
    address = {"REMOTE_ADDR": "192.0.2.50"}
    answer = elsewhere.post("/login", data={"csrf_token": token, "password": PASSWORD}, environ_overrides=address)
    assert answer.status_code == 303
    assert hub.get("/").status_code == 200  # whoever is signed in stays so

    hub.clock.advance(2)
    assert hub.sign_in(hub.new_browser()).status_code == 303


def test_a_source_is_a_device_whatever_address_it_takes(hub: Hub) -> None:
    hub.network.neighbours |= dict.fromkeys([f"2001:db8::{n}" for n in range(1, 10)], TABLET)
    statuses = []
    for number in range(1, 8):
        browser = hub.new_browser()
        token = hub.token(browser, "/login")
        address = {"REMOTE_ADDR": f"2001:db8::{number}"}
        fields = {"csrf_token": token, "password": "wrong password"}
        statuses.append(browser.post("/login", data=fields, environ_overrides=address).status_code)
    assert statuses == [403] * 5 + [429] * 2


def test_many_sources_together_get_one_guess_a_second() -> None:
    clock = ManualClock(EVENING)
    guessing = Guessing(clock)
    sources = (f"02:00:5e:20:{number >> 8:02x}:{number & 255:02x}" for number in range(10_000))

    assert [guessing.begin(next(sources)) for _ in range(limits.GUESSES_FREE_OF_HOME)] == [0] * 50
    assert guessing.begin(next(sources)) == 1
    clock.advance(0.5)
    assert guessing.begin(next(sources)) == 1
    begun = 0
    for _ in range(100):  # ten seconds
        clock.advance(0.1)
        begun += guessing.begin(next(sources)) == 0
    assert 9 <= begun <= 10

    clock.advance(1)
    parent = next(sources)
    assert guessing.begin(parent) == 0
    guessing.succeeded(parent)
    assert [guessing.begin(next(sources)) for _ in range(40)] == [0] * 40


def test_a_flood_of_sources_keeps_no_device_out_on_which_the_password_was_right(tmp_path: Path) -> None:
    clock, slot = ManualClock(EVENING), GuessFile(tmp_path)
    guessing = Guessing(clock, slot)
    phone = "02:00:5e:30:00:01"
    assert guessing.begin(phone) == 0
    guessing.succeeded(phone)
    sources = (f"02:00:5e:20:{number >> 8:02x}:{number & 255:02x}" for number in range(10_000))

    def flood(guessing: Guessing) -> None:
        while guessing.begin(next(sources)) == 0:
            pass

    for _ in range(3):
        flood(guessing)
        assert guessing.begin(phone) == 0  # more than one a second: signing in, then removing a router
        guessing.write()
        guessing = Guessing(clock, slot)  # the plug was pulled
        flood(guessing)
    # Its own wrong tries count as ever: an address can be borrowed.
    waits = [guessing.begin(phone) for _ in range(limits.GUESSES_FREE)]
    assert waits[-1] > 0


def test_hashing_has_one_slot_and_a_short_queue(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PASSWORD_WAIT_SECONDS", 0.01)
    with passwords._slot:
        answer = hub.sign_in(hub.new_browser())
    assert answer.status_code == 503
    assert "try again in a few seconds" in answer.text
    assert hub.sign_in(hub.new_browser()).status_code == 303


# Sessions


def test_a_token_is_not_in_the_store(hub: Hub) -> None:
    cookie = hub.browser.get_cookie(COOKIE)
    assert cookie
    with hub.store.transaction(HOME) as rows:
        held = str(rows.page("sessions"))
    assert cookie.value not in held


def test_signing_out_ends_the_session_on_the_server(hub: Hub) -> None:
    cookie = hub.browser.get_cookie(COOKIE)
    assert cookie
    assert hub.post("/logout").location == "/login"
    hub.browser.set_cookie(COOKIE, cookie.value)
    assert hub.get("/").location == "/login"


def test_a_session_can_be_revoked_from_another_one(hub: Hub) -> None:
    lost = hub.new_browser()
    hub.clock.advance(60)
    hub.sign_in(lost)
    assert hub.get("/", lost).status_code == 200
    own, other = sorted(hub.parts.sessions.live(), key=lambda session: session.created)

    assert hub.post(f"/sessions/{other.id}/revoke").status_code == 303

    assert hub.get("/", lost).location == "/login"
    assert [session.id for session in hub.parts.sessions.live()] == [own.id]


def test_all_others_can_be_revoked(hub: Hub) -> None:
    others = [hub.new_browser() for _ in range(3)]
    for other in others:
        hub.sign_in(other)
    hub.post("/sessions/revoke-others")
    assert [hub.get("/", other).location for other in others] == ["/login"] * 3
    assert hub.get("/").status_code == 200


@pytest.mark.parametrize(
    ("days", "used_every", "is_live"), [(29, 0, True), (31, 0, False), (89, 10, True), (91, 10, False)]
)
def test_sessions_end_by_age_and_by_idleness(hub: Hub, days: int, used_every: int, is_live: bool) -> None:
    for day in range(1, days + 1):
        hub.clock.advance(86400)
        if used_every and day % used_every == 0:
            hub.get("/")
    assert (hub.get("/").status_code == 200) is is_live


def test_sessions_are_bounded(hub: Hub) -> None:
    for _ in range(limits.SESSIONS_MAX + 5):
        hub.clock.advance(1)
        hub.parts.sessions.start("owner", "Chrome on Linux")
    assert len(hub.parts.sessions.live()) == limits.SESSIONS_MAX


def test_visitors_cost_no_storage(hub: Hub) -> None:
    with hub.store.transaction(HOME) as rows:
        before = len(rows.page("sessions"))
    for _ in range(20):
        hub.new_browser().get("/login")
    with hub.store.transaction(HOME) as rows:
        assert len(rows.page("sessions")) == before


# Hostile text

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE people; --",
    "{{ 7919 * 7919 }}",
    "\u202egnp.exe",
    "\u2066a\u2069\u200f",
    "a\u0000b\u001b[31mc\nd",
    "Z" + "\u0351" * 60,
    "אבא",
    "\U0001f469\u200d\U0001f467",
    "\ud800x",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_only_names(hub: Hub, name: str) -> None:
    child = hub.add_child()
    typed = name.encode("utf-8", "surrogatepass")
    answer = hub.post("/devices", name=typed, mac=TABLET, kind="tablet", person=child)
    assert answer.status_code == 303
    (device,) = hub.family().devices
    assert not re.search(r"[\x00-\x1f\u202a-\u202e\u2066-\u2069\u200e\u200f\ud800-\udfff]", device.name)

    for path in ("/", "/devices", "/traffic", f"/children/{child}"):
        page = hub.get(path).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert f"<bdi>{html.escape(device.name)}</bdi>".replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page
        assert "62710561" not in page


@pytest.mark.parametrize("path", ["/<script>alert(1)</script>", "/children/<script>", "/%22%3E%3Cimg%20src=x%3E"])
def test_error_pages_repeat_nothing(hub: Hub, path: str) -> None:
    answer = hub.get(path)
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text


def test_a_large_form_is_refused(hub: Hub) -> None:
    token = hub.token(hub.browser, "/children/new")
    answer = hub.browser.post("/children", data={"csrf_token": token, "name": "x" * limits.REQUEST_BYTES_MAX})
    assert answer.status_code == 413
