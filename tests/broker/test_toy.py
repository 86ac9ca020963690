"""A toy's life with a home: the real `micropython`, the real Mosquitto, the home's own keys, lists and pairing."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stairgate.core import toy_messages
from stairgate.core.certificate import Certificate, write_certificate
from stairgate.core.envelope import body_digest
from stairgate.core.ledger_message import read_ledger
from stairgate.core.messages import Usage, encode_usage, read_hello
from stairgate.provisioning.rotation import rotate
from stairgate.provisioning.settings import read_home
from stairgate.provisioning.signing import SigningKey
from tests.broker.rig import Rig
from tests.broker.toy_rig import Toy, ToyHome
from tests.lab.processes import wait_until
from tests.portable.bear import declared

MICROPHONE = ("microphone", "answers")


@pytest.fixture
def home(rig: Rig, tmp_path: Path) -> Iterator[ToyHome]:
    rig.start()
    home = ToyHome(rig, tmp_path)
    home.hub()
    yield home
    home.close()


@pytest.fixture
def toy(home: ToyHome) -> Iterator[Toy]:
    """A toy that has joined."""
    toy = home.toy()
    toy.pair()
    yield toy
    toy.stop()


def apply(home: ToyHome, toy: Toy, *lines: bytes) -> dict[str, Any]:
    """Send a policy; the hello that says that it is applied."""
    document = home.policy(toy, *lines)
    home.say(toy, "policy", document)
    hello = home.hello(lambda hello: hello["revision"] == home.revision)
    assert hello["state"] == "applied" and hello["digest"] == body_digest(document[document.find(b"\n") + 1 :])
    return hello


def figure(name: str, value: float, unit: str) -> None:
    print(json.dumps({"figure": name, "value": round(value), "unit": unit}))


def is_open(toy: Toy) -> bool:
    return bool(toy.state()["open"] == ["microphone"])


def opened(home: ToyHome, toy: Toy) -> dict[str, Any]:
    """A policy by which the microphone is open, and the toy's code holding it."""
    hello = apply(home, toy, *home.opening(toy, *MICROPHONE))
    assert toy.tries(*MICROPHONE) == ""
    assert is_open(toy)
    return hello


def test_it_joins_says_who_it_is_and_obeys(home: ToyHome, toy: Toy) -> None:
    first = home.hello()
    assert first == first | {"agent": toy.id, "revision": 0, "digest": "", "state": "applied", "trust": 1}
    assert first["declaration"] == body_digest(declared())
    read_hello(json.dumps(first).encode())
    point, document = toy_messages.read_declaration_message(home.heard("declaration"))
    assert point == home.maker.point and document == (toy.folder / "declaration").read_bytes()
    assert toy.tries(*MICROPHONE) == "new_owner"

    hello = opened(home, toy)

    assert hello["devices"] == [[toy.id, "open", None]] and hello["nonce"] != first["nonce"]
    # What was obeyed before a power cut is obeyed after it, whether the hub is there or not.
    toy.stop()
    assert home.rig.broker
    home.rig.broker.stop()
    again = home.toy()
    assert again.tries(*MICROPHONE) == ""
    again.stop()


# Why it is refused, what the hub says. A refused one changes nothing: what was open stays open, as before.
def stranger(home: ToyHome, toy: Toy) -> bytes:
    return home.policy(toy, key=SigningKey.create())


def another_toy(home: ToyHome, toy: Toy) -> bytes:
    own, toy.id = toy.id, "tother"
    document = home.policy(toy)
    toy.id = own
    return document


def flipped(home: ToyHome, toy: Toy) -> bytes:
    return home.policy(toy).replace(b'"open"]', b'"opem"]', 1)


def too_large(home: ToyHome, toy: Toy) -> bytes:
    return home.policy(toy, *[b'["x-padding","' + b"p" * 480 + b'"]'] * 9)


REFUSED: dict[str, Callable[[ToyHome, Toy], bytes]] = {
    "unknown_key": stranger,
    "wrong_agent": another_toy,
    "bad_signature": flipped,
    "too_large": too_large,
    "older": lambda home, toy: home.policy(toy, revision=7),
    "revision_reused": lambda home, toy: home.policy(toy, revision=home.revision),
    "wrong_type": lambda home, toy: home.key.sign("release", b"x\n"),
}


def test_what_is_not_genuine_and_newer_changes_nothing(home: ToyHome, toy: Toy) -> None:
    opened(home, toy)
    digest = toy.state()["revision"]
    for reason, make in REFUSED.items():
        highest = home.revision
        home.say(toy, "policy", make(home, toy))
        home.revision = highest
        hello = home.hello(lambda hello, reason=reason: hello["reason"] == reason)  # type: ignore[misc]
        assert hello["state"] == "refused" and hello["revision"] == highest
    assert toy.state()["revision"] == digest and is_open(toy)
    figure("toy_policies_refused", len(REFUSED), "1")


def test_an_unsigned_word_closes_and_never_opens(home: ToyHome, toy: Toy) -> None:
    opened(home, toy)
    home.say(toy, "close", b'{"v":1,"rows":[],"open":["camera","microphone"]}')
    toy.until("closing", lambda state: state["open"] == [])
    assert toy.tries(*MICROPHONE) == ""

    home.say(toy, "close", toy_messages.close_message(["answers"]))
    toy.until("closing", lambda state: state["open"] == [])
    assert toy.tries(*MICROPHONE) == "no_consent"

    # A policy that was on its way does not agree again in the parents' name.
    apply(home, toy, *home.opening(toy, *MICROPHONE))
    assert toy.tries(*MICROPHONE) == "no_consent"
    assert home.told(toy, "withdrawn", "toy").row == "answers"


def test_it_closes_while_it_verifies(home: ToyHome, toy: Toy) -> None:
    opened(home, toy)
    toy.program.say("slow")
    for _ in toy.program.events():
        pass
    home.say(toy, "policy", home.policy(toy, *home.opening(toy, *MICROPHONE)))
    began = time.monotonic()
    home.say(toy, "close", toy_messages.close_message([]))
    told = toy.program.wait_for("sign")
    closed = time.monotonic() - began
    assert told["sensor"] == "mic" and told["on"] is False
    home.hello(lambda hello: hello["revision"] == home.revision)
    applied = time.monotonic() - began
    # The word came after the policy, and was heard before it was verified.
    assert closed < applied
    figure("toy_close_ms_while_verifying", closed * 1000, "ms")
    figure("toy_verify_ms_meanwhile", applied * 1000, "ms")


def test_what_was_agreed_to_and_is_no_more_closes(home: ToyHome, toy: Toy) -> None:
    opened(home, toy)
    apply(home, toy)
    toy.until("closing", lambda state: state["open"] == [])
    assert toy.tries(*MICROPHONE) == "not_opened"


def test_the_ledger_is_sent_until_the_hub_says_that_it_has_it(home: ToyHome, toy: Toy) -> None:
    opened(home, toy)
    toy.program.say("note answers 4096")
    state = toy.until("note", lambda state: state["last"] > 1)
    batch = read_ledger(home.heard("ledger"))
    assert batch.agent == toy.id and [entry.seq for entry in batch.entries] == list(range(1, batch.last + 1))

    # Nobody else's word counts, and no number that is not reached yet.
    for document in (
        SigningKey.create().sign("ledger", toy_messages.ledger_body(home.rig.home.id, toy.id, batch.last)),
        home.key.sign("ledger", toy_messages.ledger_body("hother", toy.id, batch.last)),
        home.ledger(toy, state["last"] + 100),
    ):
        home.say(toy, "ledger", document)
    home.say(toy, "ledger", home.ledger(toy, batch.last))
    toy.until("word", lambda state: state["acknowledged"] == batch.last)
    toy.stop()

    # After a restart the rest is said, and nothing twice.
    again = home.toy()
    rest = read_ledger(home.heard("ledger", lambda data: b"4096" in data))
    assert rest.entries[0].seq == batch.last + 1
    again.stop()


def test_time_counts_when_it_answers_the_last_hello(home: ToyHome, toy: Toy) -> None:
    opened(home, toy)
    toy.stop()
    lost = home.toy("toy", "lost")
    hello = home.hello(lambda hello: hello["clock"] == "untrusted")
    assert lost.tries(*MICROPHONE) == "lost_time"

    now = int(home.clock.wall())
    for document in (
        home.time("0" * 32, now),
        SigningKey.create().sign("time", home.time(hello["nonce"], now).split(b"\n", 1)[1]),
    ):
        home.say(lost, "time", document)
    home.say(lost, "time", home.time(hello["nonce"], now))
    clock = lost.until("time", lambda state: state["trusted"])["clock"]
    assert [is_sure for _, is_sure in clock] == [False, True] and clock[1][0] == now
    assert lost.tries(*MICROPHONE) == ""
    lost.stop()


def test_a_time_that_was_held_back_is_not_believed(home: ToyHome, toy: Toy) -> None:
    opened(home, toy)
    toy.stop()
    late = home.toy("toy", "lost", "late")
    hello = home.hello(lambda hello: hello["clock"] == "untrusted")
    home.say(late, "time", home.time(hello["nonce"], int(home.clock.wall())))
    # What came after it has been acted on.
    document = home.policy(late, *home.opening(late, *MICROPHONE))
    home.say(late, "policy", document)
    assert home.hello(lambda hello: hello["revision"] == home.revision)["clock"] == "untrusted"
    late.stop()


def test_a_toy_without_a_clock_asks_the_page_before_it_connects(home: ToyHome, toy: Toy) -> None:
    toy.stop()
    home.tells_time = True
    lost = home.toy("toy", "lost")
    clock = lost.until("connection", lambda state: state["sync"] == "connected")["clock"]
    assert [is_sure for _, is_sure in clock] == [False, True]
    # It never said that it does not know the time.
    home.hello()
    assert home.hello()["clock"] == "trusted"
    lost.stop()


def test_another_signing_key_is_believed_when_the_one_before_names_it(home: ToyHome, toy: Toy) -> None:
    rotate(read_home(home.rig.home.directory), home.clock.wall())
    for _, document in home.authority.trust_chain():
        home.say(toy, "trust", document)
    assert home.hello(lambda hello: hello["trust"] == 2)
    assert toy.state()["trust"] == 2
    toy.stop()
    again = home.toy()
    again.until("start", lambda state: state["trust"] == 2)
    again.stop()


def test_a_renewed_certificate_is_used_from_the_next_connection_on(home: ToyHome, toy: Toy) -> None:
    first = home.hello()
    renewed = home.authority.renew(toy.id, home.clock.wall())
    body = write_certificate(Certificate(home.rig.home.id, toy.id, renewed.not_after, renewed.der))
    home.say(toy, "certificate", home.key.sign("certificate", body))
    assert home.hello(lambda hello: hello["certificate"] != first["certificate"])


def test_minutes_that_other_devices_saw_count_here(home: ToyHome, toy: Toy) -> None:
    apply(home, toy, b'["budget","pb","total",[1,1,1,1,1,1,1],0]')
    day = int(home.clock.wall()) // 86400
    usage = Usage("m1", 1, toy.id, (), tuple(("pb", "total", each, b"\xff" * 180) for each in (day - 1, day, day + 1)))
    home.say(toy, "usage", encode_usage(usage))
    toy.until("usage", lambda state: toy.tries("play", "minutes") != "")


def test_a_command_to_erase_counts_once_and_only_for_the_last_hello(home: ToyHome, toy: Toy) -> None:
    opened(home, toy)
    toy.program.say("note answers 77")
    home.say(toy, "erase", home.erase(toy, "0" * 32, "command"))
    nonce = apply(home, toy)["nonce"]
    home.say(toy, "erase", home.erase(toy, nonce, "command"))
    assert home.told(toy, "erased", "command")
    state = toy.state()
    assert state["home"] == home.rig.home.id and state["open"] == []
    toy.until("erasing", lambda state: "erasing" not in state["files"])


def test_it_is_given_away_from_the_phone(home: ToyHome, toy: Toy) -> None:
    nonce = opened(home, toy)["nonce"]
    key = (toy.folder / "flash.key").read_bytes()
    home.say(toy, "erase", home.erase(toy, nonce, "handover"))
    state = toy.until("leaving", lambda state: state["home"] == "" and "erasing" not in state["files"])
    assert state["sync"] == "unpaired" and state["revision"] == 0 and state["open"] == []
    assert state["trouble"] == "new_owner" and toy.tries(*MICROPHONE) == "new_owner"
    left = b"".join(path.read_bytes() for path in toy.folder.rglob("flash*/*") if path.is_file())
    assert key not in left and home.rig.home.id.encode() not in left
    # It can be taken home again by whoever holds it and has the sticker.
    assert toy.pair()["home"] == home.rig.home.id


def test_a_lost_broker_is_found_again_and_everything_is_said_anew(home: ToyHome, toy: Toy) -> None:
    first = home.hello()
    assert home.rig.broker
    home.rig.broker.stop()
    wait_until("loss", lambda: toy.state()["sync"] != "connected" or None)
    home.rig.start()
    home.reconnect()
    toy.until("coming back", lambda state: state["sync"] == "connected")
    second = home.hello(lambda hello: hello["nonce"] != first["nonce"])
    home.say(toy, "time", home.time(second["nonce"], int(home.clock.wall())))
    toy.until("time", lambda state: state["clock"])


def test_a_revoked_toy_is_out_and_stays_closed(home: ToyHome, toy: Toy) -> None:
    apply(home, toy)
    home.authority.revoke(toy.id, home.clock.wall())
    home.authority.reload_broker()
    home.authority.take_over(toy.id)
    toy.until("refusal", lambda state: state["sync"] not in ("connected", "closed"))
    assert toy.tries(*MICROPHONE) == "not_opened"
    # Somebody who knows the sticker and holds the gesture brings it back: as another agent, with another key.
    before = toy.id
    home.revision = 0
    state = toy.pair()
    assert state["agent"] != before
    assert len({request.point for request in home.requests}) == 2
    assert apply(home, toy)


def test_nobody_joins_without_the_sticker_and_the_gesture(home: ToyHome) -> None:
    toy = home.toy("other")
    home.is_open = False
    toy.program.say("pair")
    toy.until("asking", lambda state: state["enrol"] == "not_expected")
    assert toy.state()["home"] == ""
    home.is_open, home.label = True, os.urandom(16)
    toy.until("asking", lambda state: state["enrol"] == "another_code")
    assert toy.state()["home"] == "" and not home.requests
    toy.stop()
    unasked = home.toy("third")
    assert unasked.state()["enrol"] == "off"
    unasked.stop()


def test_another_family_gets_an_empty_toy_without_its_maker(home: ToyHome, toy: Toy, tmp_path: Path) -> None:
    opened(home, toy)
    toy.program.say("note answers 4242")
    toy.until("note", lambda state: state["last"] > 2)
    toy.stop()
    key = (toy.folder / "flash.key").read_bytes()

    (tmp_path / "second").mkdir()
    rig = Rig(tmp_path / "second").start()
    second = ToyHome(rig, tmp_path)
    second.hub()
    moved = second.toy()
    state = moved.pair()

    assert state["home"] == rig.home.id != home.rig.home.id
    assert state["revision"] == 0 and state["open"] == []
    assert moved.tries(*MICROPHONE) in ("no_hub", "new_owner")
    assert (toy.folder / "flash.key").read_bytes() != key
    assert home.requests[0].point != second.requests[0].point
    # Nothing of the first family is left: whom it belonged to, what was agreed to and counted.
    left = b"".join(path.read_bytes() for path in (toy.folder / "flash").rglob("*") if path.is_file())
    for trace in (home.rig.home.id.encode(), toy.id.encode(), b"4242", key, home.key.key_id.encode()):
        assert trace not in left
    assert second.hello()["agent"] == moved.id
    moved.stop()
    second.close()
    rig.close()
