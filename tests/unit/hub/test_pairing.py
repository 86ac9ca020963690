"""The pairing code: its life, its tries, and `POST /pair` as a router and as a stranger meet it."""

import logging
import re

import pytest
from werkzeug.test import TestResponse

from stairgate.core.pairing import (
    PairAnswer,
    PairRequest,
    new_code,
    read_answer,
    read_code,
    write_request,
)
from stairgate.hub import limits
from stairgate.hub.clock import ManualClock
from stairgate.hub.pairing import Outcome, Pairing
from stairgate.hub.roster import Agent
from stairgate.provisioning.signing import SigningKey
from tests.unit.hub.conftest import HOME, PASSWORD, ROUTER, Hub

KEY = SigningKey.create()
REQUEST = PairRequest(KEY.point, "0a" * 16, "router", "OpenWrt")
WRONG = read_code("0000-0000-0000-0000")
TYPE = "application/vnd.stairgate.pair"


class Enrolment:
    """Lets everybody in, or fails."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.asked: list[tuple[PairRequest, str]] = []
        self.fault = ""

    def __call__(self, request: PairRequest, again: str) -> tuple[Agent, PairAnswer]:
        if self.fault:
            raise OSError(self.fault)
        self.asked.append((request, again))
        return self.hub.authority.enrol(request, request.label, again, self.hub.parts.pages(), 0.0)


@pytest.fixture
def enrolment(hub: Hub) -> Enrolment:
    return Enrolment(hub)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1000.0)


@pytest.fixture
def pairing(clock: ManualClock, enrolment: Enrolment) -> Pairing:
    pairing = Pairing(clock, enrolment)
    pairing.open()
    return pairing


def secret(pairing: Pairing) -> bytes:
    return read_code(pairing.state().code)


def test_a_code_is_shown_in_four_groups_and_is_never_the_same(pairing: Pairing) -> None:
    first = pairing.state()
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", first.code)
    assert (first.stage, first.seconds, first.wrong) == ("open", 600, 0)
    pairing.open()
    assert pairing.state().code != first.code


def test_the_right_code_pairs_and_the_answer_fits_the_request(pairing: Pairing, enrolment: Enrolment) -> None:
    code = secret(pairing)
    document = write_request(code, REQUEST)
    outcome = pairing.answer(document)
    assert outcome.word == "paired"
    told = read_answer(code, document, outcome.answer)
    assert (told.home, told.certificate) == (HOME, b"a certificate for " + KEY.point)
    assert enrolment.asked == [(REQUEST, "")]
    state = pairing.state()
    assert (state.stage, state.code) == ("paired", "")
    assert state.agent == (told.agent, "OpenWrt", "router")


def test_a_lost_answer_can_be_asked_for_again(pairing: Pairing, clock: ManualClock, enrolment: Enrolment) -> None:
    document = write_request(secret(pairing), REQUEST)
    first = pairing.answer(document)
    again = first._replace(is_repeat=True)
    assert pairing.answer(document) == again  # at once: it is no try
    clock.advance(599)
    assert pairing.answer(document) == again
    assert len(enrolment.asked) == 1
    clock.advance(2)
    assert pairing.answer(document) == Outcome("closed")
    assert pairing.state().stage == "closed"


def test_a_used_code_lets_nobody_else_in(pairing: Pairing, clock: ManualClock) -> None:
    code = secret(pairing)
    pairing.answer(write_request(code, REQUEST))
    clock.advance(5)
    again = write_request(code, REQUEST._replace(nonce="0b" * 16))
    assert pairing.answer(again) == Outcome("closed")


def test_five_wrong_tries_void_the_code(pairing: Pairing, clock: ManualClock) -> None:
    code = secret(pairing)
    for number in range(1, 6):
        clock.advance(1)
        assert pairing.answer(write_request(WRONG, REQUEST)) == Outcome("wrong")
        assert pairing.state().wrong == number
    assert (pairing.state().stage, pairing.state().code) == ("void", "")
    clock.advance(1)
    assert pairing.answer(write_request(code, REQUEST)) == Outcome("closed")


def test_the_fifth_try_may_be_the_right_one(pairing: Pairing, clock: ManualClock) -> None:
    for _ in range(4):
        pairing.answer(write_request(WRONG, REQUEST))
        clock.advance(1)
    assert pairing.answer(write_request(secret(pairing), REQUEST)).word == "paired"


def test_one_try_a_second(pairing: Pairing, clock: ManualClock) -> None:
    assert pairing.answer(write_request(WRONG, REQUEST)).word == "wrong"
    clock.advance(0.9)
    assert pairing.answer(write_request(secret(pairing), REQUEST)).word == "early"
    assert pairing.state().wrong == 1
    clock.advance(0.2)
    assert pairing.answer(write_request(secret(pairing), REQUEST)).word == "paired"


@pytest.mark.parametrize("document", [b"", b"stairgate-pair 1 ", b"\xff" * 1024, b"x" * 1025])
def test_what_is_no_request_is_no_guess(pairing: Pairing, clock: ManualClock, document: bytes) -> None:
    for _ in range(6):
        assert pairing.answer(document) == Outcome("malformed")
        clock.advance(1)
    assert (pairing.state().stage, pairing.state().wrong) == ("open", 0)


def test_who_sends_rubbish_without_end_keeps_no_router_waiting(pairing: Pairing) -> None:
    document = write_request(secret(pairing), REQUEST)
    for _ in range(100):
        assert pairing.answer(b"rubbish") == Outcome("malformed")

    assert pairing.answer(document).word == "paired"


def test_setting_the_wall_clock_buys_no_time(enrolment: Enrolment) -> None:
    class Stepped(ManualClock):
        def wall(self) -> float:
            return 0.0

    clock = Stepped(0.0)
    pairing = Pairing(clock, enrolment)
    pairing.open()
    code = secret(pairing)
    clock.advance(limits.PAIRING_SECONDS)
    assert pairing.state().stage == "expired"
    assert pairing.answer(write_request(code, REQUEST)) == Outcome("closed")


def test_a_cancelled_code_is_worth_nothing(pairing: Pairing) -> None:
    code = secret(pairing)
    pairing.cancel()
    assert pairing.state().stage == "closed"
    assert pairing.answer(write_request(code, REQUEST)) == Outcome("closed")


def test_the_secret_is_dropped_when_it_is_of_no_more_use(pairing: Pairing, clock: ManualClock) -> None:
    def is_held() -> bool:
        return pairing._code is not None and pairing._code.secret is not None

    assert is_held()
    pairing.answer(write_request(secret(pairing), REQUEST))
    assert not is_held()
    pairing.open()
    clock.advance(601)
    pairing.state()
    assert not is_held()


def test_a_full_disk_keeps_the_code_and_tells(pairing: Pairing, clock: ManualClock, enrolment: Enrolment) -> None:
    document = write_request(secret(pairing), REQUEST)
    enrolment.fault = "No space left on device"
    assert pairing.answer(document) == Outcome("failed")
    assert (pairing.state().stage, pairing.state().fault) == ("open", "No space left on device")
    enrolment.fault = ""
    clock.advance(1)
    assert pairing.answer(document).word == "paired"


# Over HTTP


def open_code(hub: Hub, **fields: str) -> bytes:
    assert hub.post("/routers/add", password=PASSWORD, **fields).status_code == 303
    return read_code(hub.parts.pairing.state().code)


def ask(hub: Hub, document: bytes, **options: str) -> TestResponse:
    headers = {"Origin": options.pop("origin")} if "origin" in options else {}
    return hub.new_browser().post("/pair", data=document, content_type=options.get("type", TYPE), headers=headers)


def test_a_router_is_paired_and_gets_its_policy_at_once(hub: Hub) -> None:
    child = hub.add_child()
    code = open_code(hub)
    document = write_request(code, REQUEST)
    answer = ask(hub, document)
    assert (answer.status_code, answer.mimetype) == (200, TYPE)
    assert "Set-Cookie" not in answer.headers
    told = read_answer(code, document, answer.data)
    assert (told.home, told.page_port) == (HOME, 8080)
    policy, _ = hub.broker.policy(told.agent)
    assert (policy.agent, policy.persons[0].id) == (told.agent, child)
    assert hub.authority.reloads == 1
    page = hub.get("/routers/add").text
    assert "Router paired" in page
    assert "OpenWrt" in page
    assert "Not heard yet" in page
    hub.broker.apply(told.agent)
    assert "Enforcing" in hub.get("/routers/add").text
    assert ask(hub, document).data == answer.data


def test_without_an_open_code_it_is_an_address_that_does_not_exist(hub: Hub) -> None:
    nothing = hub.get("/nothing")
    for document in (b"", write_request(WRONG, REQUEST)):
        answer = ask(hub, document)
        assert answer.status_code == nothing.status_code == 404
        assert "There is no such page here." in answer.text
    assert ask(hub, b"", type="text/plain").status_code == 404


def test_how_a_router_is_refused(hub: Hub) -> None:
    open_code(hub)
    assert ask(hub, write_request(WRONG, REQUEST)).status_code == 403
    assert ask(hub, write_request(WRONG, REQUEST)).status_code == 429
    hub.clock.advance(1)
    assert ask(hub, b"hello").status_code == 400
    assert ask(hub, b"x" * 1025).status_code == 413
    hub.clock.advance(1)
    hub.authority.disk_fault = "No space left on device"
    assert ask(hub, write_request(read_code(hub.parts.pairing.state().code), REQUEST)).status_code == 503


def test_a_request_that_is_sent_again_pairs_nobody_again(hub: Hub) -> None:
    document = write_request(open_code(hub), REQUEST)
    for _ in range(20):  # whoever saw it on the way can do this
        assert ask(hub, document).status_code == 200

    events = hub.parts.keeping.history.events()
    assert [event.kind for event in events].count("paired") == 1


def test_a_page_from_elsewhere_cannot_use_up_the_tries(hub: Hub) -> None:
    open_code(hub)
    wrong = write_request(WRONG, REQUEST)
    assert ask(hub, wrong, origin="http://evil.example").status_code == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert ask(hub, wrong, type=kind).status_code == 415
    assert hub.parts.pairing.state().wrong == 0


def test_a_child_who_guesses_voids_the_code_and_the_page_says_so(hub: Hub) -> None:
    code = open_code(hub)
    for _ in range(5):
        hub.clock.advance(1)
        assert ask(hub, write_request(WRONG, REQUEST)).status_code == 403
    hub.clock.advance(1)
    assert ask(hub, write_request(code, REQUEST)).status_code == 404
    page = hub.get("/routers/add").text
    assert "The code is void: 5 wrong answers came." in page
    assert "Make a new code" in page
    assert len(hub.parts.roster.agents()) == 1


def test_nothing_of_a_pairing_is_logged_or_printed(
    hub: Hub, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    code = open_code(hub)
    shown = hub.parts.pairing.state().code
    ask(hub, write_request(WRONG, REQUEST))
    hub.clock.advance(1)
    ask(hub, write_request(code, REQUEST))
    said = caplog.text + "".join(capsys.readouterr()) + "".join(hub.codes)
    for secret_text in (shown, shown.replace("-", ""), code.hex(), KEY.point.hex(), "OpenWrt"):
        assert secret_text not in said


def test_only_parents_see_the_code(hub: Hub) -> None:
    open_code(hub)
    stranger = hub.new_browser()
    for path in ("/routers", "/routers/add", f"/routers/{ROUTER}"):
        assert hub.get(path, stranger).location == "/login"


def test_before_the_claim_nobody_pairs(unclaimed: Hub) -> None:
    unclaimed.parts.pairing.open()
    code = read_code(unclaimed.parts.pairing.state().code)
    assert ask(unclaimed, write_request(code, REQUEST)).location == "/claim"
    assert len(unclaimed.parts.roster.agents()) == 1


def test_the_answer_is_bound_to_its_request(hub: Hub) -> None:
    code = open_code(hub)
    document = write_request(code, REQUEST)
    answer = ask(hub, document).data
    other = write_request(code, REQUEST._replace(nonce="0c" * 16))
    with pytest.raises(Exception, match="bad_proof"):
        read_answer(code, other, answer)


def test_codes_come_from_the_whole_range() -> None:
    assert new_code(b"\x00" * 10) == "0000-0000-0000-0000"
    assert new_code(b"\xff" * 10) == "ZZZZ-ZZZZ-ZZZZ-ZZZZ"
