"""What a parent does with routers: pages, renaming, pairing again, removing; trust, certificates, and what is said."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from stairgate.core.certificate import Certificate, read_certificate
from stairgate.core.envelope import open_signed, signer
from stairgate.core.fields import is_label
from stairgate.core.limits import CERTIFICATE_BYTES, LABEL_CHARACTERS
from stairgate.core.pairing import PairRequest, read_answer, read_code, write_request
from stairgate.core.policy import read_policy
from stairgate.hub import limits, wording
from stairgate.hub.credentials import fingerprint
from stairgate.hub.qr_picture import qr_code
from stairgate.hub.reports import Standing
from stairgate.hub.roster import Agent
from stairgate.hub.store import StoreError, Transaction
from stairgate.provisioning.signing import SigningKey
from tests.unit.hub.conftest import EVENING, HOME, PASSWORD, ROUTER, Hub

KEY = SigningKey.create()


def pair(hub: Hub, **fields: str) -> str:
    """Pair a router through the pages; its id."""
    assert hub.post("/routers/add", password=PASSWORD, **fields).status_code == 303
    code = read_code(hub.parts.pairing.state().code)
    document = write_request(code, PairRequest(KEY.point, "0a" * 16, "router", "OpenWrt"))
    answer = hub.new_browser().post("/pair", data=document, content_type="application/vnd.stairgate.pair")
    assert answer.status_code == 200, answer.text
    agent = read_answer(code, document, answer.data).agent
    assert isinstance(agent, str)
    return agent


def label(hub: Hub, agent: str) -> str:
    found = hub.parts.roster.find(agent)
    assert found
    return found.label


def remove(hub: Hub, agent: str, **fields: str) -> int:
    return hub.post(f"/routers/{agent}/remove", **{"sure": "yes", "password": PASSWORD, **fields}).status_code


# Pages


def test_the_list_and_a_router_s_page(hub: Hub) -> None:
    hub.broker.apply(ROUTER)
    hub.clock.advance(70)
    for path in ("/routers", f"/routers/{ROUTER}"):
        page = hub.get(path).text
        assert "the router" in page
        assert "Enforcing" in page
        assert "Heard a minute ago." in page
    assert 'href="/routers"' in hub.get("/more").text
    assert hub.get("/routers/rnobody").status_code == 404


def test_the_code_its_picture_and_the_command(hub: Hub) -> None:
    hub.network.own += ["192.0.2.5"]
    hub.post("/routers/add", password=PASSWORD)
    page = hub.get("/routers/add").text
    code = hub.parts.pairing.state().code
    assert code in page
    assert "stairgate pair" in page
    assert re.search(r'<svg class="qr" viewBox="0 0 \d+ \d+" role="img" aria-labelledby="qr-text"', page)
    assert '<a href="/routers' in page
    assert "Look again" in page
    assert " style=" not in page
    assert hub.post("/routers/add/cancel").status_code == 303
    assert code not in hub.get("/routers/add").text
    assert hub.parts.pairing.state().stage == "closed"


def test_the_picture_is_the_text(hub: Hub) -> None:
    import segno

    text = "stairgate:pair?hub=192.0.2.5:8080&code=0123456789ABCDEF"
    picture = qr_code(text)
    dark = set()
    for column, row, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", picture.path):
        dark |= {(int(row) - 4, int(column) - 4 + step) for step in range(int(length))}
    matrix = segno.make(text, micro=False, error="m").matrix
    assert dark == {(row, column) for row, line in enumerate(matrix) for column, dot in enumerate(line) if dot}
    assert picture.side == len(matrix) + 8


def test_a_code_that_ran_out_says_so(hub: Hub) -> None:
    hub.post("/routers/add", password=PASSWORD)
    hub.clock.advance(limits.PAIRING_SECONDS)
    page = hub.get("/routers/add").text
    assert "The code has run out." in page
    assert 'name="password"' in page
    assert 'id="live"' not in page


def test_a_broker_that_was_not_reached_is_told(hub: Hub) -> None:
    hub.authority.broker_fault = "The broker could not be told. Please restart it."
    pair(hub)
    assert "Please restart it." in hub.get("/routers/add").text
    assert "Please restart it." in hub.get("/routers").text

    # Connected again, and still out of reach: it stands. Then it was told, and nobody is asked for anything any more.
    hub.parts.exchange.connected()
    assert "Please restart it." in hub.get("/routers").text
    hub.authority.broker_fault = ""
    hub.parts.exchange.connected()
    assert "Please restart it." not in hub.get("/routers").text


# Names


def test_renaming(hub: Hub) -> None:
    assert hub.post(f"/routers/{ROUTER}/rename", name="  Upstairs\x07 ").status_code == 303
    assert label(hub, ROUTER) == "Upstairs"
    assert "Upstairs" in hub.get("/routers").text


def test_two_routers_are_never_called_the_same(hub: Hub) -> None:
    first, second = pair(hub), pair(hub)
    assert {label(hub, first), label(hub, second)} == {"OpenWrt", "OpenWrt 2"}
    answer = hub.post(f"/routers/{second}/rename", name="openwrt")
    assert answer.status_code == 422
    assert "Another router has this name already." in answer.text
    assert hub.post(f"/routers/{second}/rename", name=" ").status_code == 422
    assert hub.post("/routers/rnobody/rename", name="x").status_code == 404


@pytest.mark.parametrize("name", ["\U0001f468\u200d\U0001f469", "soft\u00adware", "x\u2060y"])
def test_what_nobody_sees_is_left_out_of_a_name(hub: Hub, name: str) -> None:
    hub.post(f"/routers/{ROUTER}/rename", name=name)
    assert is_label(label(hub, ROUTER))


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\u202eretuor", '" onload="x', "x" * 5000])
def test_a_hostile_name_is_only_a_name(hub: Hub, name: str) -> None:
    hub.post(f"/routers/{ROUTER}/rename", name=name)
    for path in ("/routers", f"/routers/{ROUTER}", "/more", "/"):
        page = hub.get(path).text
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert '" onload="' not in page
    assert len(label(hub, ROUTER)) <= limits.ROUTER_NAME_CHARACTERS_MAX == LABEL_CHARACTERS


def test_a_home_has_so_many_routers_and_no_more(hub: Hub) -> None:
    for number in range(limits.ROUTERS_MAX - 1):
        hub.authority.listed[f"r{number}x"] = f"router {number}"
    hub.authority.changes += 1
    hub.post("/routers/add", password=PASSWORD)
    code = read_code(hub.parts.pairing.state().code)
    document = write_request(code, PairRequest(KEY.point, "0a" * 16, "router", "OpenWrt"))
    answer = hub.new_browser().post("/pair", data=document, content_type="application/vnd.stairgate.pair")
    assert answer.status_code == 503
    assert f"{limits.ROUTERS_MAX} routers already" in hub.get("/routers/add").text


# Pairing again


def test_pairing_again_keeps_id_and_name_and_puts_the_old_key_out(hub: Hub) -> None:
    hub.add_child()
    hub.broker.apply(ROUTER)
    before = hub.broker.policy(ROUTER)[0].revision
    assert (
        "Pair <bdi>the router</bdi> again"
        in (hub.post("/routers/add", again=ROUTER, password=PASSWORD), hub.get("/routers/add"))[1].text
    )
    assert pair(hub, again=ROUTER) == ROUTER
    assert label(hub, ROUTER) == "the router"
    assert hub.broker.policy(ROUTER)[0].revision > before
    # What the old key said is not the new one's word.
    assert "Not heard yet" in hub.get(f"/routers/{ROUTER}").text
    hub.parts.removal.work()
    assert hub.authority.taken_over == [ROUTER]
    assert "its old key" in hub.get("/routers").text


def test_a_router_that_was_removed_meanwhile_is_not_paired_again(hub: Hub) -> None:
    hub.post("/routers/add", again=ROUTER, password=PASSWORD)
    code = read_code(hub.parts.pairing.state().code)
    remove(hub, ROUTER)
    document = write_request(code, PairRequest(KEY.point, "0a" * 16, "router", "OpenWrt"))
    answer = hub.new_browser().post("/pair", data=document, content_type="application/vnd.stairgate.pair")
    assert answer.status_code == 503
    assert hub.parts.roster.agents() == ()
    assert hub.post("/routers/add", again="rnobody").status_code == 404


def test_pairing_again_asks_for_the_password_as_removing_does(hub: Hub) -> None:
    answer = hub.post("/routers/add", again=ROUTER, password="wrong password")
    assert answer.status_code == 403
    assert "That is not the password you sign in with." in answer.text
    assert hub.post("/routers/add", again=ROUTER).status_code == 403
    assert hub.parts.pairing.state().stage == "closed"


def test_letting_a_router_in_asks_for_the_password(hub: Hub) -> None:
    assert 'name="password"' in hub.get("/routers/add").text
    for fields in ({}, {"password": ""}, {"password": "wrong password"}):
        answer = hub.post("/routers/add", **fields)
        assert answer.status_code == 403
        assert '<p class="fault" id="fault-password">That is not the password you sign in with.</p>' in answer.text
        assert hub.parts.pairing.state().stage == "closed"
    assert hub.post("/routers/add", password=PASSWORD).status_code == 303
    assert hub.parts.pairing.state().stage == "open"


def test_guessing_the_password_at_a_new_router_is_slowed(hub: Hub) -> None:
    codes = [hub.post("/routers/add", password="wrong password").status_code for _ in range(limits.GUESSES_FREE + 1)]
    assert codes == [403] * limits.GUESSES_FREE + [429]
    assert hub.post("/routers/add", password=PASSWORD).status_code == 429
    assert hub.parts.pairing.state().stage == "closed"
    hub.clock.advance(limits.GUESS_SECONDS_MAX)
    assert hub.post("/routers/add", password=PASSWORD).status_code == 303


def test_an_open_code_is_shown_and_kept_without_the_password(hub: Hub) -> None:
    hub.post("/routers/add", password=PASSWORD)
    code = hub.parts.pairing.state().code
    page = hub.get("/routers/add").text
    assert code in page
    assert 'name="password"' not in page
    assert hub.post("/routers/add").location == hub.get("/routers/add?new=1").location == "/routers/add"
    assert hub.parts.pairing.state().code == code
    # To put another in its place takes the password.
    assert hub.post("/routers/add", again=ROUTER).status_code == 403
    assert hub.parts.pairing.state().code == code


def test_what_became_of_the_last_code_is_not_in_the_way_of_a_new_one(hub: Hub) -> None:
    pair(hub)
    assert "Router paired" in hub.get("/routers/add").text
    (link,) = re.findall(r'href="(/routers/add[^"]*)"', hub.get("/routers").text)
    page = hub.get(link).text
    assert "Router paired" not in page
    assert 'name="password"' in page
    # Nothing is fetched anew under somebody's typing.
    assert 'id="live"' not in page


def test_beside_the_code_it_says_who_can_read_it(hub: Hub) -> None:
    told = "Others in your home network can read this page."
    hub.parts.https.port = 8443
    assert told not in hub.get("/routers/add").text
    hub.post("/routers/add", password=PASSWORD)
    page = hub.get("/routers/add").text
    assert f'{told} Better <a href="/secure">secure this phone</a> first.' in page
    assert "The code lasts 10 minutes and works once." in page
    assert page.count('href="/secure"') == 1

    secured, address = hub.new_browser(), "https://localhost:8443"
    token = re.search(r'name="csrf_token" value="([^"]+)"', secured.get("/login", base_url=address).text)
    assert token
    secured.post("/login", data={"csrf_token": token[1], "password": PASSWORD}, base_url=address)
    page = secured.get("/routers/add", base_url=address).text
    assert hub.parts.pairing.state().code in page
    assert told not in page


# Removing


def test_removing_says_what_happens_and_asks_for_box_and_password(hub: Hub) -> None:
    page = hub.get(f"/routers/{ROUTER}").text
    assert "at the latest in 6 hours" in page
    assert "stairgate off --remove" in page
    assert remove(hub, ROUTER, sure="") == 422
    assert remove(hub, ROUTER, password="wrong password") == 403
    assert hub.authority.revoked == []
    assert remove(hub, ROUTER) == 303
    assert hub.authority.revoked == [ROUTER]
    assert remove(hub, ROUTER) == 404


def test_guessing_the_password_is_slowed_as_at_the_login(hub: Hub) -> None:
    codes = [remove(hub, ROUTER, password="wrong password") for _ in range(limits.GUESSES_FREE + 1)]
    assert codes == [403] * limits.GUESSES_FREE + [429]
    assert remove(hub, ROUTER) == 429
    hub.clock.advance(limits.GUESS_SECONDS_MAX)
    assert remove(hub, ROUTER) == 303


def test_it_is_out_only_once_the_broker_has_refused_it(hub: Hub) -> None:
    hub.add_child()
    remove(hub, ROUTER)
    assert hub.authority.reloads == 1
    page = hub.get("/routers").text
    assert "Being put out" in page
    assert "It is out" not in page
    assert '<a href="/routers' in page
    assert "Look again" in page
    hub.parts.removal.work()
    assert hub.authority.taken_over == [ROUTER]
    page = hub.get("/routers").text
    assert "It is out: its old key was refused." in page
    with hub.store.transaction(HOME) as rows:
        assert rows.get("policies", ROUTER) is None
        assert rows.get("agents", ROUTER) is None


def test_a_broker_that_does_not_obey_is_told_and_asked_again(hub: Hub) -> None:
    hub.authority.take_over_fault = "it still accepts the old key"
    remove(hub, ROUTER)
    hub.parts.removal.work()
    page = hub.get("/routers").text
    assert "did not obey. Please restart it." in page
    assert "it still accepts the old key" in page
    hub.authority.take_over_fault = ""
    assert hub.post("/routers/put-out").status_code == 303
    hub.parts.removal.work()
    assert "It is out" in hub.get("/routers").text


def test_a_full_store_keeps_no_router_in(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.broker.apply(ROUTER)
    full = hub.store.transaction

    @contextmanager
    def refuse(home: str) -> Iterator[Transaction]:
        with full(home) as rows:
            before = repr([rows.page(name) for name in ("settings", "policies", "agents")])
            yield rows
            if repr([rows.page(name) for name in ("settings", "policies", "agents")]) != before:
                raise StoreError("No space left on device")

    monkeypatch.setattr(hub.store, "transaction", refuse)
    assert remove(hub, ROUTER) == 303
    hub.parts.removal.work()
    assert hub.authority.taken_over == [ROUTER]
    assert "It is out" in hub.get("/routers").text


def test_what_was_left_undone_is_done_after_the_next_start(hub: Hub) -> None:
    remove(hub, ROUTER)
    assert hub.authority.taken_over == []
    from stairgate.hub.removal import Removal

    again = Removal(hub.authority, hub.store, HOME, hub.clock)
    again.start()
    again.stop()  # after what waits
    assert hub.authority.taken_over == [ROUTER]
    assert [removed.stage for removed in again.recent()] == ["out"]


def test_only_the_last_removals_are_kept(hub: Hub) -> None:
    for number in range(limits.REMOVALS_SHOWN + 3):
        hub.authority.listed[f"r{number}x"] = f"router {number}"
        hub.authority.changes += 1
        assert remove(hub, f"r{number}x") == 303
    assert len(hub.parts.removal.recent()) == limits.REMOVALS_SHOWN


def test_a_disk_that_refuses_removes_nothing(hub: Hub) -> None:
    hub.parts.roster.agents()
    hub.authority.disk_fault = "No space left on device"
    assert remove(hub, ROUTER) == 409
    assert hub.parts.roster.ids() == (ROUTER,)


# Trust


def test_missing_trust_goes_out_in_order_and_what_is_held_is_written_down(hub: Hub) -> None:
    hub.authority.chain = ((2, b"two"), (3, b"three"), (4, b"four"))
    policy, digest = hub.broker.policy(ROUTER)
    hub.parts.exchange.due()

    def trust(held: int) -> list[bytes]:
        count = len(hub.broker.sent)
        hub.broker.hello(ROUTER, policy.revision, digest, trust=held)
        return [message.payload for message in hub.broker.sent[count:] if message.kind == "trust"]

    assert trust(2) == [b"three", b"four"]
    assert trust(2) == []  # no storm
    assert [message for message in hub.parts.exchange.due() if message.kind == "trust"] == []
    hub.clock.advance(limits.TRUST_REPEAT_SECONDS)
    # It may have connected after what was sent, and says hello again in a quarter of an hour only.
    again = [message.payload for message in hub.parts.exchange.due() if message.kind == "trust"]
    assert again == [b"three", b"four"]
    hub.clock.advance(limits.TRUST_REPEAT_SECONDS)
    assert [message for message in hub.parts.exchange.due() if message.kind == "trust"] == []
    assert trust(2) == [b"three", b"four"]
    assert trust(3) == [b"four"]
    assert trust(4) == []
    assert hub.authority.held == {ROUTER: 4}
    hub.authority.chain += ((5, b"five"),)
    assert [(message.agent, message.payload) for message in hub.parts.exchange.due() if message.kind == "trust"] == [
        (ROUTER, b"five")
    ]


def test_a_trust_that_follows_at_once_is_not_held_back(hub: Hub) -> None:
    policy, digest = hub.broker.policy(ROUTER)
    hub.authority.chain = ((2, b"two"),)
    hub.broker.hello(ROUTER, policy.revision, digest, trust=1)
    hub.parts.exchange.due()
    hub.authority.chain += ((3, b"three"),)
    sent = [message.payload for message in hub.parts.exchange.due() if message.kind == "trust"]
    assert sent == [b"two", b"three"]


def test_a_full_disk_costs_no_hello_and_no_connection(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.authority.due = (ROUTER,)
    policy, digest = hub.broker.policy(ROUTER)
    hub.broker.hello(ROUTER, policy.revision, digest)
    full = hub.store.transaction

    @contextmanager
    def refuse(home: str) -> Iterator[Transaction]:
        with full(home) as rows:
            yield rows
            raise StoreError("No space left on device")

    monkeypatch.setattr(hub.store, "transaction", refuse)
    monkeypatch.setattr(hub.authority, "note_trust", lambda agent, revision: (_ for _ in ()).throw(OSError("full")))
    assert [message.kind for message in hub.parts.exchange.due() if message.kind != "policy"] == ["certificate"]
    hub.parts.exchange.connected()
    hub.broker.hello(ROUTER, policy.revision, digest, trust=7, certificate=fingerprint(b"a new certificate"))
    monkeypatch.undo()
    hub.broker.hello(ROUTER, policy.revision, digest, trust=7)
    assert hub.authority.held == {ROUTER: 7}


def test_policies_are_signed_anew_when_the_key_changes(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add_child()
    before, _ = hub.broker.policy(ROUTER)
    other = SigningKey.create()
    monkeypatch.setattr(hub.key, "sign", other.sign)
    monkeypatch.setattr(hub.key, "key_id", other.key_id)
    hub.parts.exchange.due()
    document = next(m.payload for m in reversed(hub.broker.sent) if m.kind == "policy")
    assert signer(document) == other.key_id
    body = open_signed(document, "policy", {other.key_id: other.point}, 16384)
    after = read_policy(body)
    assert after.revision > before.revision
    assert after.persons == before.persons


# Certificates


def test_a_certificate_is_renewed_and_sent_until_the_router_uses_it(hub: Hub) -> None:
    hub.authority.due = (ROUTER,)

    def certificates(named: str) -> list[bytes]:
        hub.clock.advance(limits.TRUST_REPEAT_SECONDS)
        count = len(hub.broker.sent)
        hub.broker.hello(ROUTER, 0, "", certificate=named)
        return [body_of(message.payload) for message in hub.broker.sent[count:] if message.kind == "certificate"]

    sent = [message.payload for message in hub.parts.exchange.due() if message.kind == "certificate"]
    body = open_signed(sent[0], "certificate", {hub.key.key_id: hub.key.point}, CERTIFICATE_BYTES)
    assert read_certificate(body)[:2] == Certificate(HOME, ROUTER, 0, b"")[:2]
    assert hub.authority.due_for_renewal(EVENING) == ()
    sent = [body_of(document) for document in sent]
    assert certificates("") == sent  # an agent that does not say which it uses
    assert certificates("0a" * 8) == sent
    assert certificates(fingerprint(b"a new certificate")) == []
    assert certificates("0a" * 8) == []


def body_of(document: bytes) -> bytes:
    """What was signed; the signature is another one each time."""
    return document.partition(b"\n")[2]


def test_a_waiting_certificate_is_signed_by_the_key_that_signs_now(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that was off while the signing key was changed believes the new one only."""
    hub.authority.due = (ROUTER,)
    hub.parts.exchange.due()
    other = SigningKey.create()
    monkeypatch.setattr(hub.key, "sign", other.sign)
    monkeypatch.setattr(hub.key, "key_id", other.key_id)
    hub.clock.advance(limits.TRUST_REPEAT_SECONDS)

    hub.broker.hello(ROUTER, 0, "")

    document = next(message.payload for message in reversed(hub.broker.sent) if message.kind == "certificate")
    assert signer(document) == other.key_id


def test_a_certificate_for_the_old_key_is_not_sent_to_the_new_one(hub: Hub) -> None:
    hub.authority.due = (ROUTER,)
    hub.parts.exchange.due()
    pair(hub, again=ROUTER)
    hub.clock.advance(60)
    hub.broker.hello(ROUTER, 0, "")
    assert [message for message in hub.broker.sent if message.kind == "certificate"] == []


def test_a_renewed_certificate_outlives_a_restart(hub: Hub) -> None:
    from stairgate.hub.credentials import Credentials

    hub.authority.due = (ROUTER,)
    hub.parts.exchange.due()
    again = Credentials(hub.authority, hub.parts.roster, hub.store, HOME, hub.key, hub.clock)
    assert [*again._certificates] == [ROUTER]


def test_certificates_are_looked_at_once_a_day_and_servers_with_them(hub: Hub) -> None:
    hub.parts.exchange.due()
    hub.parts.exchange.due()
    assert hub.authority.servers_renewed == 1
    hub.clock.advance(limits.DAY_SECONDS)
    hub.parts.exchange.due()
    assert hub.authority.servers_renewed == 2


# Revisions that cannot be right


@pytest.mark.parametrize("revision", [2**53 - 1, 2**53 - 2, 2**40 + 1])
def test_a_store_with_a_number_that_cannot_be_right_is_told_and_healed(hub: Hub, revision: int) -> None:
    hub.add_child()
    with hub.store.transaction(HOME) as rows:
        row = rows.get("policies", ROUTER)
        assert row
        rows.put("policies", ROUTER, {**row.document, "revision": revision})
    assert hub.get("/").status_code == 200
    hub.clock.advance(60)
    hub.add_child("Noah")
    policy, _ = hub.broker.policy(ROUTER)
    assert policy.revision < EVENING + 86400
    assert len(policy.persons) == 2
    assert "numbers begin again from today" in hub.get("/routers").text
    hub.broker.apply(ROUTER)
    assert "Applied on 1 of 1" in hub.get("/more").text


def test_a_router_that_has_met_such_a_number_is_added_anew(hub: Hub) -> None:
    policy, digest = hub.broker.policy(ROUTER)
    hub.broker.hello(ROUTER, policy.revision, digest, highest=2**53 - 2)
    assert "remove it, then add it anew" in hub.get(f"/routers/{ROUTER}").text
    # Paired again it would keep its id, and with it what it has met.
    assert remove(hub, ROUTER) == 303
    added = pair(hub)
    hub.broker.apply(added)
    assert "Enforcing" in hub.get(f"/routers/{added}").text
    assert "Applied on 1 of 1" in hub.get("/more").text


# What is said: the truth table


def standing(state: str, reason: str = "", heard: float | None = EVENING, **more: int) -> Standing:
    return Standing(Agent(ROUTER, "Router"), state, reason, heard, **more)


@pytest.mark.parametrize(
    ("what", "tone", "counted", "sentence", "word"),
    [
        (standing("applied"), "good", 1, "", "Enforcing"),
        (
            standing("applied", "not_saved"),
            "bad",
            1,
            "Applied, but not saved on Router: its disk is full. After a restart it would begin with older rules.",
            "Applied, but not saved",
        ),
        (
            standing("applied", "no_dns"),
            "bad",
            1,
            "Applied, but the filter on Router does not answer: until it does, children’s devices find no sites.",
            "Applied, but the filter does not answer",
        ),
        (
            standing("applied", "no_pack"),
            "bad",
            1,
            "Applied, but the list of sites has not reached Router: it goes on with the last one, if it has any.",
            "Applied, but without the newest list of sites",
        ),
        (
            standing("applied", "clock_untrusted"),
            "good",
            1,
            "Router does not know the time for sure yet, so it keeps to the stricter rules.",
            "Enforcing",
        ),
        (standing("waiting"), "waiting", 0, "", "Sending …"),
        (
            standing("failed", "switched_off", until=int(EVENING) + 3600),
            "bad",
            0,
            "Router was switched off at its console until 19:00: no rules hold behind it.",
            "Switched off at its console",
        ),
        (
            standing("failed", "switched_off"),
            "bad",
            0,
            "Router was switched off at its console: no rules hold behind it.",
            "Switched off at its console",
        ),
        (
            standing("failed", "revision_out_of_range"),
            "bad",
            0,
            "Not applied on Router: it names rules that this hub cannot have made; remove it, then add it anew",
            "Not applied",
        ),
        (
            standing("failed", "device_open"),
            "bad",
            0,
            "Not applied on Router: a device is on that should be off",
            "Not applied",
        ),
        (
            standing("failed", "eperm"),
            "bad",
            0,
            "Not applied on Router: its firewall refused the rules (EPERM)",
            "Not applied",
        ),
        (standing("failed", ""), "bad", 0, "Not applied on Router: no reason given", "Not applied"),
        (
            standing("failed", "clock_differs", clock_difference=-7200),
            "bad",
            0,
            "The clock of Router is 2 hours behind, so bedtimes come late there.",
            "Its clock is 2 hours behind",
        ),
        (
            standing("silent", "", EVENING - 7200),
            "bad",
            0,
            "Router not heard since 16:00; its last rules still hold",
            "Not heard",
        ),
        (standing("silent", "", None), "bad", 0, "Router has not been heard yet", "Not heard yet"),
    ],
)
def test_what_each_state_says(what: Standing, tone: str, counted: int, sentence: str, word: str) -> None:
    said = wording.applied_of([what], "Europe/Berlin", EVENING)
    assert (said.tone, said.done, said.details) == (tone, counted, (sentence,) if sentence else ())
    assert wording.router_state(what, "Europe/Berlin", EVENING).word == word


def test_a_hello_becomes_its_standing(hub: Hub) -> None:
    policy, digest = hub.broker.policy(ROUTER)

    def said(state: str, reason: str, **more: object) -> str:
        hub.broker.hello(ROUTER, policy.revision, digest, state, reason, **more)  # type: ignore[arg-type]
        return hub.get(f"/routers/{ROUTER}").text

    assert "Enforcing" in said("applied", "")
    assert "Applied, but not saved" in said("applied", "not_saved")
    assert "stricter rules" in said("applied", "clock_untrusted")
    assert "the filter does not answer" in said("applied", "no_dns")
    assert "newest list of sites" in said("applied", "no_pack")
    assert "Enforcing" in said("applied", "something_new")
    page = said(
        "failed",
        "switched_off",
        devices=(("d1", "open", int(EVENING) + 3600), ("d2", "open", None), ("d3", "open", int(EVENING) + 9000)),
    )
    assert "Switched off at its console" in page
    assert "until 19:00" in page
    assert "Applied on 0 of 1" in hub.get("/").text or "Applied on 0 of 1" in hub.get("/more").text
