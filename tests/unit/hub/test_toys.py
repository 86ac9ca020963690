"""A toy at the hub: pairing by its sticker, its own policy, consent and gates, ledger and receipts, and its going."""

import json

import pytest

from stairgate.core import limits as core_limits
from stairgate.core.envelope import open_signed
from stairgate.core.lines import split
from stairgate.core.pairing import new_toy_code, toy_qr_text
from stairgate.core.policy import Policy, Reach
from stairgate.core.policy_brief import read_toy_policy
from stairgate.hub import limits
from stairgate.hub.family import DateRule, write
from stairgate.hub.roles import COPARENT, role_needed
from stairgate.hub.store import StoreError, Transaction
from stairgate.hub.toy_provisions import PROVISIONS
from stairgate.provisioning.signing import SigningKey
from tests.portable.bear import declared
from tests.unit.hub.conftest import HOME, PASSWORD, ROUTER, Hub
from tests.unit.hub.toys import MAC, STICKER, Bear


@pytest.fixture
def mia(hub: Hub) -> str:
    return hub.add_child("Mia", "6-9")


@pytest.fixture
def bear(hub: Hub, mia: str) -> Bear:
    bear = Bear(hub)
    bear.pair(mia)
    bear.declare()
    return bear


def policy(hub: Hub, agent: str) -> Policy:
    return hub.broker.policy(agent)[0]


def post(bear: Bear, what: str, **fields: str) -> int:
    return bear.hub.post(f"/toys/{bear.agent}/{what}", **fields).status_code


def page(bear: Bear) -> str:
    return bear.hub.get(f"/toys/{bear.agent}").text


# Pairing


def test_a_toy_is_paired_by_its_sticker_and_becomes_a_device_of_its_child(hub: Hub, mia: str) -> None:
    hub.network.neighbours["192.0.2.77"] = MAC
    bear = Bear(hub)
    assert bear.ask() == 404, "nobody waits for it"
    bear.pair(mia)
    found = hub.parts.roster.find(bear.agent)
    assert found and (found.label, found.kind) == ("Bruno", "toy")
    toy = hub.family().toy(bear.agent)
    assert toy
    device = hub.family().device(toy.device)
    assert device and (device.persons, device.kind, device.macs) == ((mia,), "toy", (MAC,))
    assert "Bruno" in hub.get("/toys").text
    assert "Bruno" not in hub.get("/routers").text
    assert hub.get(f"/routers/{bear.agent}").status_code == 404
    assert hub.get(f"/toys/{ROUTER}").status_code == 404
    assert "A toy was paired with its code" in hub.get("/history").text


def test_the_text_of_the_qr_code_is_taken_too(hub: Hub, mia: str) -> None:
    hub.post("/toys/add", code=toy_qr_text(bytes(range(16))), whose=mia, password=PASSWORD)
    assert Bear(hub).ask() == 200


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"code": "ABCD"}, 422, "This is not the code of a toy"),
        ({"whose": ""}, 422, "Please say whose it is."),
        ({"password": "wrong password"}, 403, "That is not the password"),
    ],
)
def test_what_is_wrong_with_the_form_is_said(
    hub: Hub, mia: str, fields: dict[str, str], status: int, says: str
) -> None:
    answer = hub.post("/toys/add", **{"code": STICKER, "whose": mia, "password": PASSWORD, **fields})
    assert answer.status_code == status
    assert says in answer.text
    assert Bear(hub).ask() == 404


def test_another_toy_uses_up_no_try_of_a_router_and_is_told_of(hub: Hub, mia: str) -> None:
    hub.post("/routers/add", password=PASSWORD)
    hub.post("/toys/add", code=new_toy_code(b"another toy, 16b"), whose=mia, password=PASSWORD)
    assert Bear(hub).ask() == 403
    assert hub.parts.pairing.state().wrong == 0
    assert "A toy with another code is trying." in hub.get("/toys/add").text


def test_the_same_sticker_again_is_the_same_toy_with_nothing_agreed_to(hub: Hub, bear: Bear, mia: str) -> None:
    noah = hub.add_child("Noah", "13-15")
    before = bear.agent
    post(bear, "agree", row="answers")
    bear.tell(("collected", "answers", 40_000, ""))
    hub.clock.advance(5)
    bear.key = SigningKey.create()  # each pairing makes one
    assert bear.pair(noah) == before
    toy = hub.family().toy(before)
    assert toy and (toy.agreed_rows(), toy.document) == ((), "")
    device = hub.family().device(toy.device)
    assert device and device.persons == (noah,)
    assert hub.parts.toys.ledger.entries(before) == []
    assert [(each.id, each.is_again) for each in hub.parts.removal.recent()] == [(before, True)]
    assert [agent.id for agent in hub.parts.roster.of_kind("toy")] == [before]
    # A parent says which toy it was, and keeps whose it is.
    hub.clock.advance(5)
    hub.post("/toys/add", code=STICKER, again=before, password=PASSWORD)
    assert bear.ask() == 200
    device = hub.family().device(toy.device)
    assert (bear.agent, device and device.persons) == (before, (noah,))


def test_a_store_that_refuses_lets_no_toy_in(hub: Hub, mia: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.post("/toys/add", code=STICKER, whose=mia, password=PASSWORD)
    bear = Bear(hub)

    def refuse(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(hub.parts.acts, "change", refuse)
        assert bear.ask() == 503
    assert hub.parts.roster.of_kind("toy") == ()
    assert "could not be written down" in hub.get("/toys/add").text
    hub.clock.advance(5)
    assert bear.ask() == 200, "the window is still open"


def test_a_phone_that_asks_as_a_toy_stays_a_phone(hub: Hub, mia: str) -> None:
    phone = hub.add_device(mia, MAC, "phone")
    hub.network.neighbours["192.0.2.77"] = MAC
    bear = Bear(hub)
    bear.pair(mia)
    toy = hub.family().toy(bear.agent)
    assert toy
    device, kept = hub.family().device(toy.device), hub.family().device(phone)
    assert device and kept and (device.macs, kept.macs) == ((), (MAC,))


# Its policy


def test_a_toy_is_told_its_own_people_only_in_four_kilobytes(hub: Hub, bear: Bear, mia: str) -> None:
    noah = hub.add_child("Noah", "13-15")
    hub.add_device(noah)
    hub.post(f"/children/{mia}/bedtimes", days=["1", "2"], start="20:00", end="07:00")
    own = policy(hub, bear.agent)
    toy = hub.family().toy(bear.agent)
    assert toy
    assert [person.id for person in own.persons] == [mia]
    assert [(device.id, device.macs, device.persons) for device in own.devices] == [(toy.device, (), (mia,))]
    assert own.hub is None and not own.filters and not own.packs
    document = next(each for each in reversed(hub.broker.sent) if (each.agent, each.kind) == (bear.agent, "policy"))
    assert len(document.payload) <= core_limits.TOY_POLICY_BYTES
    read_toy_policy(split(document.payload.partition(b"\n")[2]))


def test_a_calendar_that_is_too_long_leaves_the_toy_closed_rather_than_open(hub: Hub, bear: Bear, mia: str) -> None:

    windows = tuple((minute, minute + 1, "open") for minute in range(0, 400, 50))

    def edit(rows: Transaction) -> None:
        for number in range(1, 31):
            write(rows, DateRule(f"t{number}", mia, f"2026-09-{number:02}", f"2026-09-{number:02}", windows))

    hub.parts.acts.change(edit)
    own = policy(hub, bear.agent)
    assert 0 < len(own.dates) < 30, "what is far ahead gives way"


def test_a_router_lets_it_reach_what_is_declared(hub: Hub, mia: str) -> None:
    hub.network.neighbours["192.0.2.77"] = MAC
    bear = Bear(hub)
    bear.pair(mia)
    bear.hub.broker.apply(ROUTER)
    assert [reach.names for reach in policy(hub, ROUTER).reaches] == [("stairgate.home.arpa",)], "nothing but the hub"
    bear.declare()
    toy = hub.family().toy(bear.agent)
    assert toy
    assert policy(hub, ROUTER).reaches == (Reach(toy.device, ("stats.example", "talk.honey.example")),)


def test_a_toy_in_a_box_makes_nothing_late(bear: Bear, mia: str) -> None:
    hub = bear.hub
    for agent in (ROUTER, bear.agent):
        hub.broker.apply(agent)
    assert "Applied on 2 of 2" in hub.get("/").text
    hub.post(f"/children/{mia}/pause", minutes="30")
    hub.broker.apply(ROUTER)
    assert "applied on 1 of 2" in hub.get("/").text
    hub.clock.advance(limits.TOY_ANSWER_SECONDS + 1)
    assert "Applied on 1 of 1" in hub.get("/").text
    hub.broker.apply(bear.agent, "refused", "bad_signature")
    assert "Not applied on Bruno" in hub.get("/").text


# The declaration


def test_a_declaration_of_another_maker_is_an_alarm_and_is_not_taken(bear: Bear) -> None:
    body = declared().replace(b'"bear1",3', b'"bear1",4')
    bear.declare(body, SigningKey.create())
    toy = bear.hub.family().toy(bear.agent)
    assert toy and toy.declaration and toy.declaration.version == 3
    assert "Another maker than before signed" in page(bear)
    bear.declare(body)
    assert "Another maker than before signed" not in page(bear)


def test_a_declaration_that_lacks_something_is_not_taken(hub: Hub, mia: str) -> None:
    bear = Bear(hub)
    bear.pair(mia)
    bear.declare(declared(b'["gesture","erase"'))
    assert "It has not said yet what it can do." in page(bear)
    assert "lacks what it must say" in page(bear)


def test_what_nobody_signed_is_dropped(bear: Bear) -> None:
    before = bear.hub.family().toy(bear.agent)
    for payload in (b"", b"x" * 9000, b"00" * 65 + b"\nstairgate-declaration 1 00 00\n"):
        bear.hub.broker.receive(bear.agent, "declaration", payload)
    bear.declare(declared() + b'["x-note","\xff"]\n')
    bear.hub.broker.receive(ROUTER, "declaration", b"x")
    assert bear.hub.family().toy(bear.agent) == before


# Consent and gates


def test_consent_is_for_one_row_and_taken_back_at_once(bear: Bear) -> None:
    assert post(bear, "agree", row="answers") == 303
    toy = bear.hub.family().toy(bear.agent)
    assert toy
    assert [(c.device, c.rows) for c in policy(bear.hub, bear.agent).consents] == [(toy.device, ("answers",))]
    assert "A parent agreed at 18:00." in page(bear)
    assert post(bear, "withdraw", row="answers") == 303
    assert policy(bear.hub, bear.agent).consents == ()
    assert json.loads(bear.sent("close")[-1]) == {"v": 1, "rows": ["answers"]}
    assert "A parent took it back at 18:00." in page(bear)
    assert post(bear, "agree", row="faces") == 409, "needed: nobody is asked"
    assert post(bear, "agree", row="nothing") == 409


def test_an_agreement_ends_where_the_maker_changes_what_it_means(bear: Bear) -> None:
    post(bear, "agree", row="diary")
    bear.declare(
        declared().replace(b'"toy","",30,["derived"]', b'"toy","",60,["derived"]').replace(b'"bear1",3', b'"bear1",4')
    )
    assert policy(bear.hub, bear.agent).consents == ()
    assert "but the maker has changed this since" in page(bear)


def test_opening_has_an_end_and_closing_is_said_twice(bear: Bear) -> None:
    assert post(bear, "open", gate="camera", minutes="10") == 303
    now = int(bear.hub.clock.wall())
    assert [(o.gate, o.until) for o in policy(bear.hub, bear.agent).openings] == [("camera", now + 600)]
    assert "A parent opened it at 18:00." in page(bear)
    assert "Close now" in page(bear)
    assert post(bear, "close", gate="camera") == 303
    assert json.loads(bear.sent("close")[-1]) == {"v": 1, "rows": []}
    assert policy(bear.hub, bear.agent).openings == ()
    assert post(bear, "open", gate="camera", minutes="7") == 400
    assert post(bear, "open", gate="location", minutes="10") == 409
    assert post(bear, "open", gate="play", minutes="10") == 409


def test_what_is_open_is_on_the_first_page_and_closed_there(bear: Bear) -> None:
    assert "open until" not in bear.hub.get("/").text
    post(bear, "open", gate="camera", minutes="10")
    assert "open until 18:10" in bear.hub.get("/").text
    answer = bear.hub.post(f"/toys/{bear.agent}/close", **{"gate": "camera", "from": "home"})
    assert answer.location == "/"
    assert "open until" not in bear.hub.get("/").text


def test_the_device_leads_to_the_toy_and_is_removed_there(bear: Bear) -> None:
    toy = bear.hub.family().toy(bear.agent)
    assert toy
    assert f'href="/toys/{bear.agent}"' in bear.hub.get(f"/devices/{toy.device}").text
    answer = bear.hub.post(f"/devices/{toy.device}/remove")
    assert answer.location == f"/toys/{bear.agent}#remove"
    assert bear.hub.family().device(toy.device)


def test_an_opening_is_over_by_itself(bear: Bear) -> None:
    post(bear, "open", gate="camera", minutes="10")
    bear.hub.clock.advance(601)
    assert "Close now" not in page(bear)


def test_a_sensor_that_is_switched_off_cannot_be_opened(bear: Bear) -> None:
    post(bear, "agree", row="answers")
    post(bear, "open", gate="microphone", minutes="30")
    assert post(bear, "switch-off", gate="microphone") == 303
    own = policy(bear.hub, bear.agent)
    assert (own.openings, own.consents) == ((), ())
    assert "A parent switched it off at 18:00." in page(bear)
    assert post(bear, "open", gate="microphone", minutes="10") == 409
    assert post(bear, "switch-on", gate="microphone") == 303
    own = policy(bear.hub, bear.agent)
    assert (own.openings, len(own.consents)) == ((), 1), "closed until somebody opens it; what was agreed to stays"


def test_a_microphone_is_not_offered_to_be_opened_before_anybody_agreed(bear: Bear) -> None:
    assert "First agree below to what it may be for." in page(bear)
    post(bear, "agree", row="answers")
    assert "First agree below to what it may be for." not in page(bear)


def test_who_is_no_parent_opens_nothing(bear: Bear) -> None:
    browser = bear.hub.new_browser()
    assert bear.hub.get(f"/toys/{bear.agent}", browser).location == "/login"
    assert bear.hub.post(f"/toys/{bear.agent}/open", browser, gate="camera", minutes="10").location == "/login"
    assert policy(bear.hub, bear.agent).openings == ()
    needed = {view: role_needed(bear.hub.app.view_functions[view], "toy") for view in ("toy.show", "toy.open_gate")}
    assert set(needed.values()) == {COPARENT}


# The ledger


def test_entries_are_kept_counted_and_acknowledged_once(bear: Bear) -> None:
    assert bear.tell(("collected", "answers", 40_000, ""), ("sent", "answers", 40_000, "talk.honey.example")) == 2
    assert bear.tell(("collected", "answers", 2_000, "")) == 3
    text = page(bear)
    assert "2 times in the last 24 hours, 42 kB; 40 kB of it sent." in text
    assert "Voice: 40 kB sent to talk.honey.example." in text
    bear.last = 1
    assert bear.tell(("collected", "answers", 5, "")) == 3, "told before: not taken twice"
    assert "42 kB" in page(bear)
    body = open_signed(bear.sent("ledger")[-1], "ledger", {bear.hub.key.key_id: bear.hub.key.point}, 512)
    assert json.loads(body) == ["ledger", HOME, bear.agent, 3]


def test_a_ledger_of_somebody_else_or_a_router_is_dropped(bear: Bear) -> None:
    sent = len(bear.hub.broker.sent)
    bear.hub.broker.receive(ROUTER, "ledger", b"{}")
    bear.hub.broker.receive(bear.agent, "ledger", b'{"v":1,"id":"m1","t":1,"agent":"rother","entries":[]}')
    assert len(bear.hub.broker.sent) == sent


def test_an_entry_that_is_not_declared_is_told(bear: Bear) -> None:
    bear.tell(("undeclared", "", 1200, "evil.example"))
    assert "Not declared by the maker: evil.example, 1 kB." in page(bear)


# Erasing, and going


def test_erasing_is_said_until_the_toy_s_own_receipt_is_there(bear: Bear) -> None:
    bear.hub.broker.apply(bear.agent)
    bear.tell(("collected", "answers", 40_000, ""))
    assert post(bear, "erase", sure="yes", password="wrong password") == 422
    assert post(bear, "erase", password=PASSWORD) == 422
    assert bear.sent("erase") == []
    assert post(bear, "erase", sure="yes", password=PASSWORD) == 303
    bear.hub.clock.advance(60)
    bear.hub.broker.apply(bear.agent)
    assert len(bear.sent("erase")) == 2, "again with the nonce of each hello"
    body = open_signed(bear.sent("erase")[-1], "erase", {bear.hub.key.key_id: bear.hub.key.point}, 512)
    assert json.loads(body)[:3] == ["erase", HOME, bear.agent]
    assert json.loads(body)[4] == "command"
    assert "Its receipt is not here yet." in page(bear)
    forged = SigningKey.create()
    bear.last += 2
    mine, bear.key = bear.key, forged
    document = bear.receipt("command", ("diary", 4))
    bear.key = mine
    bear.tell(("receipt", "", bear.last, "command"), receipt=document)
    assert "Its receipt is not here yet." in page(bear), "signed by another key"
    bear.tell(("receipt", "", bear.last, "command"), receipt=bear.receipt("command", ("diary", 4)))
    text = page(bear)
    assert "It was erased at 18:01, and the toy signed a receipt." in text
    assert "What is said, as text: 4 items." in text
    assert "40 kB" not in text, "what the toy has erased its hub does not tell either"
    bear.hub.broker.apply(bear.agent)
    assert len(bear.sent("erase")) == 2


def test_recipients_are_followed_until_they_answer(bear: Bear) -> None:
    post(bear, "erase", sure="yes", password=PASSWORD)
    assert "The toy asks it once it has erased its own." in page(bear)
    bear.hub.clock.advance(60)
    bear.tell(("asked", "", 0, "talk.honey.example"), ("asked", "", 0, "stats.example"))
    assert "It has 30 days to answer." in page(bear)
    bear.hub.clock.advance(3 * 86400)
    bear.tell(("confirmed", "", 0, "talk.honey.example"))
    assert "it says that it erased what it held." in page(bear)
    bear.hub.clock.advance(limits.ERASE_ANSWER_SECONDS)
    bear.hub.sign_in(bear.hub.browser)
    assert "Overdue: asked" in page(bear)


def test_giving_it_away_and_removing_it(bear: Bear, mia: str) -> None:
    bear.hub.broker.apply(bear.agent)
    assert post(bear, "give-away", sure="yes", password=PASSWORD) == 303
    assert json.loads(bear.sent("erase")[-1].partition(b"\n")[2])[4] == "handover"
    toy = bear.hub.family().toy(bear.agent)
    assert toy
    assert post(bear, "remove", password=PASSWORD) == 422
    assert post(bear, "remove", sure="yes", password=PASSWORD) == 303
    assert bear.hub.authority.revoked == [bear.agent]
    assert bear.hub.family().toy(bear.agent) is None
    assert bear.hub.family().device(toy.device) is None
    assert bear.hub.parts.toys.ledger.entries(bear.agent) == []
    assert "No toy yet" in bear.hub.get("/toys").text
    assert policy(bear.hub, ROUTER).reaches == ()


def test_removing_the_child_closes_the_toy_and_breaks_no_page(bear: Bear, mia: str) -> None:
    noah = bear.hub.add_child("Noah", "13-15")
    bear.hub.parts.acts.remove_child(mia)
    for path in ("/", "/devices", "/toys", f"/toys/{bear.agent}"):
        assert bear.hub.get(path).status_code == 200, path
    assert [device.persons for device in policy(bear.hub, bear.agent).devices] == [(noah,)], "the strictest child’s"


# What a child reads


def test_a_child_reads_of_its_own_toys_at_two_levels(bear: Bear, mia: str) -> None:
    hub = bear.hub
    hub.add_device(mia, "02:00:5e:10:00:01")
    noah = hub.add_child("Noah", "13-15")
    hub.add_device(noah, "02:00:5e:10:00:02", "phone")
    hub.network.neighbours["127.0.0.1"] = "02:00:5e:10:00:01"
    child = hub.new_browser()
    assert "/me/toys" in child.get("/me").text
    text = child.get("/me/toys").text
    assert "The microphone is on while you hold a paw." in text
    assert "Your parents have agreed to nothing here" in text
    assert "It is closed now." in text
    small = child.get("/me/toys?read=small").text
    assert "I listen when you hold my paw." in small
    assert "Now it is shut." in small
    post(bear, "agree", row="answers")
    post(bear, "open", gate="microphone", minutes="10")
    assert "It is open now, until 18:10. Then it closes by itself." in child.get("/me/toys").text
    assert "Voice. To give an answer." in child.get("/me/toys").text
    hub.network.neighbours["127.0.0.1"] = "02:00:5e:10:00:02"
    assert "Bruno" not in child.get("/me/toys").text, "a sibling’s device tells nothing of it"
    assert "/me/toys" not in child.get("/me").text


# Papers


def test_the_label_and_the_mud_file_are_made_from_the_declaration(bear: Bear) -> None:
    label = json.loads(bear.hub.get(f"/toys/{bear.agent}/label.json").text)
    assert label["toy"]["model"] == "Bruno the bear"
    assert {row["id"] for row in label["rows"]} == {"answers", "diary", "faces", "minutes", "research"}
    assert open_signed(label["signed"].encode(), "declaration", {bear.maker.key_id: bear.maker.point}, 8192)
    mud = json.loads(bear.hub.get(f"/toys/{bear.agent}/mud.json").text)
    lists = {each["name"]: each for each in mud["ietf-access-control-list:acls"]["acl"]}
    policies = [mud["ietf-mud:mud"][f"{way}-device-policy"]["access-lists"]["access-list"] for way in ("from", "to")]
    assert {entry["name"] for policy in policies for entry in policy} == set(lists)
    aces = lists["mud-bear1-v4fr"]["aces"]["ace"]
    hosts = [ace["matches"].get("ipv4", {}).get("ietf-acldns:dst-dnsname") for ace in aces]
    assert hosts == [None, "stats.example", "talk.honey.example"]


def test_the_tables_say_what_stock_micropython_does_not_do(bear: Bear) -> None:
    answer = bear.hub.get(f"/toys/{bear.agent}/tables.html")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert len(PROVISIONS) == len({each.number for each in PROVISIONS}) == 78
    states = {each.number: each.state for each in PROVISIONS}
    assert [states[number] for number in ("5.4-1", "5.7-1", "5.6-4A")] == ["not met"] * 3
    assert "No secure boot on this board. (Maker.)" in answer.text
    assert "complian" not in answer.text.lower()
    assert "What the child says while a paw is held." in answer.text


def test_the_account_is_taken_along_whole(bear: Bear) -> None:
    bear.tell(("collected", "answers", 40_000, ""))
    post(bear, "agree", row="answers")
    kept = json.loads(bear.hub.get(f"/toys/{bear.agent}/account.json").text)
    assert [entry[2] for entry in kept["ledger"]] == ["collected"]
    assert [(each["row"], each["word"]) for each in kept["consent"]] == [("answers", "agreed")]
    assert "Voice: taken in, 40 kB." in bear.hub.get(f"/toys/{bear.agent}/account.html").text
    everything = json.loads(bear.hub.post("/data/export", password=PASSWORD).text)
    assert [toy["id"] for toy in everything["toys"]] == list(everything["toy_ledgers"]) == [bear.agent]
    assert STICKER.replace("-", "") not in json.dumps(everything)
    bear.hub.post("/data/delete-history", sure="yes")
    assert bear.hub.parts.toys.ledger.entries(bear.agent) == []
    assert bear.tell(("collected", "answers", 5, "")) == 2, "what was told before is not asked for again"


# The time


def test_the_time_is_signed_for_whoever_asks_and_not_too_often(bear: Bear) -> None:
    browser = bear.hub.new_browser()

    def ask(nonce: bytes, kind: str = "application/vnd.stairgate.time") -> int:
        answer = browser.post("/time", data=nonce, content_type=kind)
        if answer.status_code == 200:
            body = open_signed(answer.data, "time", {bear.hub.key.key_id: bear.hub.key.point}, 512)
            assert json.loads(body) == ["time", int(bear.hub.clock.wall()), nonce.decode(), 0, ""]
        return answer.status_code

    assert ask(b"0a" * 16) == 200
    assert [ask(b"short"), ask(b"0a" * 40), ask(b"0a" * 16, "text/plain")] == [400, 413, 415]
    assert 429 in [ask(b"0a" * 16) for _ in range(limits.TIME_ASKS)]
